//! Archives that mean harm.

use std::io::{self, Read};

use blobferry_bundle::{BlobKind, Finding, inspect};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tar::EntryType;

use crate::archives::{INDEX, Layout, digest, gzip, header, look, one_image, said, tar_of, text};

fn members(members: &[(tar::Header, &[u8])]) -> Vec<u8> {
    let mut to = tar::Builder::new(Vec::new());
    for (header, bytes) in members {
        to.append(header, *bytes).unwrap();
    }
    to.into_inner().unwrap()
}

fn pax(key: &str, value: &str) -> Vec<u8> {
    let body = key.len() + value.len() + 3;
    let length = (1..9).find(|digits| (body + digits).to_string().len() == *digits);
    format!("{} {key}={value}\n", body + length.unwrap()).into_bytes()
}

fn extended(kind: EntryType, extension: &[u8], member: &tar::Header, bytes: &[u8]) -> Vec<u8> {
    let size = u64::try_from(extension.len()).unwrap();
    members(&[
        (header("extension", kind, size), extension),
        (member.clone(), bytes),
    ])
}

/// Gives a header, then zeros without end.
struct Endless(io::Cursor<Vec<u8>>, u64);

impl Read for Endless {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(to)?;
        if read > 0 {
            return Ok(read);
        }
        self.1 += u64::try_from(to.len()).unwrap();
        assert!(self.1 < 16 << 20, "it reads on and on");
        to.fill(b'a');
        Ok(to.len())
    }
}

#[test]
fn a_huge_pax_header_or_long_name_is_not_read() {
    for kind in [
        EntryType::XHeader,
        EntryType::GNULongName,
        EntryType::GNULongLink,
    ] {
        let header = header("huge", kind, 8 << 30);
        let mut blob = Endless(io::Cursor::new(header.as_bytes().to_vec()), 0);
        let contents = inspect(&mut blob).unwrap();
        assert!(said(&contents)[0].contains("too long"), "{contents:?}");
    }
}

#[test]
fn long_names_and_pax_names_are_those_that_count() {
    let layout = one_image();
    let file = header("other", EntryType::Regular, 4);
    for blob in [
        extended(
            EntryType::XHeader,
            &pax("path", "index.json"),
            &file,
            b"{\"a\"",
        ),
        extended(EntryType::GNULongName, b"index.json\0", &file, b"{\"a\""),
    ] {
        let mut whole = layout.tar();
        whole.truncate(whole.len() - 1024);
        let contents = look(&[whole, blob].concat());
        let duplicate = Finding::Duplicate {
            path: "index.json".to_owned(),
        };
        assert!(contents.findings.contains(&duplicate), "{contents:?}");
        assert_eq!(contents.artifacts, [], "the last index counts");
    }
}

#[test]
fn a_pax_size_outweighs_the_headers() {
    let inner = tar_of([("index.json", &br#"{"manifests":[]}"#[..])]);
    let size = (inner.len()).to_string();
    let file = header("outer", EntryType::Regular, 0);
    let mut blob = extended(EntryType::XHeader, &pax("size", &size), &file, b"");
    blob.truncate(blob.len() - 1024);
    let contents = look(&[blob, inner, vec![0; 1024]].concat());
    assert_eq!(
        contents.kind,
        BlobKind::Tar,
        "what a file holds is no member"
    );
    assert_eq!(contents.findings, []);
}

#[test]
fn sizes_that_overflow_end_the_archive() {
    let mut huge = header("huge", EntryType::Regular, 0);
    huge.as_old_mut().size = [0xff; 12];
    huge.set_cksum();
    let mut wide = huge.clone();
    wide.as_old_mut().size = [0x80, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    wide.set_cksum();
    for header in [huge, wide] {
        let contents = look(&members(&[(header, b"")]));
        assert!(said(&contents)[0].contains("size"), "{contents:?}");
    }
    let mut most = header("most", EntryType::Regular, 0);
    most.set_size(u64::MAX);
    most.set_cksum();
    let contents = look(&members(&[(most, b"")]));
    assert!(said(&contents)[0].contains("cut off"), "{contents:?}");
    let records = pax("size", "18446744073709551615");
    let file = header("f", EntryType::Regular, 0);
    let contents = look(&extended(EntryType::XHeader, &records, &file, b""));
    assert!(said(&contents)[0].contains("cut off"), "{contents:?}");
}

#[test]
fn paths_and_links_that_lead_out_are_notes_and_count_for_nothing() {
    let link = |kind, target| {
        let mut link = header("dir/link", kind, 0);
        link.set_link_name_literal(target).unwrap();
        link.set_cksum();
        (link, &b""[..])
    };
    let file = |path| (header(path, EntryType::Regular, 2), &b"{}"[..]);
    let blob = members(&[
        file("/index.json"),
        file("../oci-layout"),
        file("a/../manifest.json"),
        link(EntryType::Symlink, "/etc/passwd"),
        link(EntryType::Symlink, "../../x"),
        link(EntryType::Link, "../x"),
        (header("plain", EntryType::Directory, 0), b""),
    ]);
    let contents = look(&blob);
    assert_eq!(contents.kind, BlobKind::Tar);
    assert_eq!(contents.findings.len(), 6, "{contents:?}");
    for finding in &contents.findings {
        assert!(matches!(finding, Finding::UnsafePath { .. }) && finding.is_note());
    }
}

#[test]
fn a_link_is_no_document_and_a_circle_of_links_ends() {
    let mut there = header("index.json", EntryType::Symlink, 0);
    there.set_link_name("manifest.json").unwrap();
    there.set_cksum();
    let mut back = header("manifest.json", EntryType::Symlink, 0);
    back.set_link_name("index.json").unwrap();
    back.set_cksum();
    let version = br#"{"imageLayoutVersion":"1.0.0"}"#;
    let layout = header("oci-layout", EntryType::Regular, 30);
    let contents = look(&members(&[(there, b""), (back, b""), (layout, version)]));
    assert!(
        said(&contents)[0].contains("missing or no index"),
        "{contents:?}"
    );
}

#[test]
fn sparse_files_are_passed_over_with_their_maps() {
    let mut sparse = header("blobs/sparse", EntryType::GNUSparse, 512);
    sparse.as_gnu_mut().unwrap().set_is_extended(true);
    sparse.set_cksum();
    let mut map = [0; 512];
    map[504] = 1;
    let body = [&map[..], &[0; 512], &[b'x'; 512]].concat();
    let mut blob = sparse.as_bytes().to_vec();
    blob.extend(body);
    blob.extend(tar_of([("file", &b"text"[..])]));
    let contents = look(&blob);
    assert_eq!((contents.entries, contents.findings.len()), (2, 1));
    assert!(said(&contents)[0].contains("sparse"));
    let file = header("f", EntryType::Regular, 4);
    let blob = extended(
        EntryType::XHeader,
        &pax("GNU.sparse.major", "1"),
        &file,
        b"text",
    );
    assert!(said(&look(&blob))[0].contains("sparse"));
}

#[test]
fn a_directory_that_claims_bytes_hides_no_member() {
    let mut blob = header("dir/", EntryType::Directory, 1024)
        .as_bytes()
        .to_vec();
    blob.extend(tar_of([("hidden", &b"text"[..])]));
    let contents = look(&blob);
    assert_eq!((contents.entries, contents.findings.len()), (2, 1));
    assert!(said(&contents)[0].contains("claims bytes"));
}

#[test]
fn deep_json_and_heavy_json_are_refused() {
    let deep = format!(
        "{{\"manifests\":{}1{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let heavy = format!("{{\"manifests\":[{}0]}}", "{\"a\":0},".repeat(500_000));
    for (index, words) in [(deep, "nested too deeply"), (heavy, "too many values")] {
        let version: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
        let contents = look(&tar_of([
            ("oci-layout", version),
            ("index.json", index.as_bytes()),
        ]));
        assert!(said(&contents)[0].contains(words), "{contents:?}");
    }
}

#[test]
fn circles_of_indexes_end() {
    // Only SHA-256 is checked, so such a circle can be made of others.
    let name = |letter: &str| format!("other:{}", letter.repeat(64));
    let index = |letter| {
        json!({"manifests": [
        {"mediaType": INDEX, "digest": name(letter), "size": 266}]})
    };
    let mut layout = Layout::default();
    for (letter, other) in [("a", "b"), ("b", "a")] {
        let path = format!("blobs/{}", name(letter).replace(':', "/"));
        layout
            .files
            .push((path, index(other).to_string().into_bytes()));
    }
    let size = layout.files[0].1.len();
    layout.top(
        json!({"mediaType": INDEX, "digest": name("a"), "size": size}),
        "round:1",
    );
    let contents = layout.look();
    assert_eq!(contents.artifacts.len(), 1);
    let unchecked = contents.findings.iter();
    let unchecked = unchecked.filter(|finding| matches!(finding, Finding::NotHashed { .. }));
    assert_eq!(unchecked.count(), 2, "{contents:?}");
}

#[test]
fn indexes_nested_too_deeply_are_left() {
    let mut layout = Layout::default();
    let mut inner = layout.image("amd64", &[]);
    for _ in 0..8 {
        inner = layout.json(INDEX, &json!({"manifests": [inner]}));
    }
    layout.top(inner.clone(), "deep:8");
    assert_eq!(layout.look().findings, []);
    let deeper = layout.json(INDEX, &json!({"manifests": [inner]}));
    layout.tops.clear();
    layout.top(deeper, "deep:9");
    let contents = layout.look();
    assert!(
        said(&contents)[0].contains("too many indexes"),
        "{contents:?}"
    );
}

#[test]
fn control_characters_never_reach_a_terminal() {
    let mut layout = one_image();
    let image = layout.tops[0].clone();
    layout.top(image, "evil\u{1b}[2J\u{202e}tag");
    layout.files.push(("../\u{1b}]0;x".to_owned(), Vec::new()));
    let contents = layout.look();
    let names = &contents.artifacts[0].names;
    assert_eq!(names[1], "evil\\u{1b}[2J\\u{202e}tag");
    assert!(said(&contents).iter().all(|said| !said.contains('\u{1b}')));
}

#[test]
fn findings_are_counted_when_there_are_too_many() {
    let paths: Vec<_> = (0..1200).map(|number| format!("../{number}")).collect();
    let contents = look(&tar_of(paths.iter().map(|path| (path.as_str(), &b""[..]))));
    assert_eq!((contents.findings.len(), contents.omitted), (1000, 200));
}

#[test]
fn mutated_archives_never_panic() {
    let mut layout = one_image();
    let image = layout.tops[0].clone();
    let signature = layout.json(INDEX, &json!({"manifests": [image], "subject": image}));
    layout.top(signature, &digest(b"x").replace(':', "-"));
    assert_eq!(
        layout.look().artifacts[0].referrers[0].subject,
        text(&image)
    );
    let whole = layout.tar();
    let zipped = gzip(&whole);
    for seed in 0..3000 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut blob = if seed % 3 == 0 {
            zipped.clone()
        } else {
            whole.clone()
        };
        for _ in 0..rng.random_range(1..6) {
            let place = rng.random_range(0..blob.len());
            blob[place] = rng.random();
        }
        if seed % 2 == 0 {
            mend_checksums(&mut blob);
        }
        if seed % 5 == 0 {
            blob.truncate(rng.random_range(0..blob.len()));
        }
        let looked = std::panic::catch_unwind(|| look(&blob));
        assert!(looked.is_ok(), "seed {seed}");
    }
}

/// Makes the headers valid again, so that mutations reach what lies behind the checksum.
fn mend_checksums(blob: &mut [u8]) {
    for block in blob
        .chunks_exact_mut(512)
        .filter(|block| block[257..262] == *b"ustar")
    {
        let mut header = tar::Header::from_byte_slice(block).clone();
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
    }
}
