//! Archives that were cut off, changed, or are none.

use std::io::{self, Read};

use blobferry_bundle::{BlobKind, Finding, inspect};
use serde_json::json;

use crate::archives::{LAYER, Layout, digest, gzip, look, one_image, said, tar_of, text};

#[test]
fn what_is_no_tar_is_opaque_and_said_to_be() {
    let cases: [(&[u8], bool, &str); 7] = [
        (b"", false, "empty"),
        (b"short", false, "shorter"),
        (&[7; 4096], false, "no tar header"),
        (&[0; 4096], false, "zeros"),
        (b"\x28\xb5\x2f\xfd and more", false, "zstd"),
        (&gzip(&[7; 4096]), true, "gzip"),
        (b"\x1f\x8bno gzip after all", true, "gzip"),
    ];
    for (blob, compressed, word) in cases {
        let contents = look(blob);
        let BlobKind::Opaque { reason } = &contents.kind else {
            panic!("{contents:?}");
        };
        assert!(reason.contains(word), "{reason}");
        assert_eq!((contents.compressed, contents.entries), (compressed, 0));
        assert_eq!(contents.artifacts, []);
    }
}

#[test]
fn a_tar_of_something_else_has_no_artifacts() {
    let contents = look(&tar_of([("dir/file", &b"text"[..]), ("index.html", b"{}")]));
    assert_eq!(contents.kind, BlobKind::Tar);
    assert_eq!((contents.artifacts.len(), contents.findings.len()), (0, 0));
}

#[test]
fn a_changed_blob_is_named_with_the_digest_it_has() {
    let mut layout = one_image();
    layout.files[1].1[0] ^= 1;
    let wanted = Finding::DigestMismatch {
        digest: layout.files[1].0.replace("blobs/sha256/", "sha256:"),
        actual: digest(&layout.files[1].1),
    };
    assert_eq!(layout.look().findings, [wanted]);
}

#[test]
fn a_changed_manifest_is_not_believed() {
    let mut layout = one_image();
    let manifest = layout.files.last_mut().unwrap();
    let changed = String::from_utf8(manifest.1.clone())
        .unwrap()
        .replace("\"size\":11", "\"size\":99");
    manifest.1 = changed.into_bytes();
    let contents = layout.look();
    assert_eq!(contents.artifacts[0].layers, []);
    let said = said(&contents);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("cannot be read") && said[1].contains("is damaged"),
        "{said:?}"
    );
}

#[test]
fn a_missing_blob_and_a_wrong_size_are_told() {
    let mut layout = Layout::default();
    let missing = layout.layer("missing");
    layout.remove(&missing);
    let mut wrong = layout.blob(LAYER, b"four");
    wrong["size"] = json!(5);
    let image = layout.image("amd64", &[missing.clone(), wrong.clone()]);
    layout.top(image.clone(), "app:1");
    let contents = layout.look();
    let wanted = [
        Finding::SizeMismatch {
            digest: text(&wrong),
            size: 4,
            wanted: 5,
        },
        Finding::MissingBlob {
            blob: text(&missing),
            artifact: text(&image),
        },
    ];
    assert_eq!(contents.findings, wanted);
    assert!(!contents.artifacts[0].layers[0].present);
}

#[test]
fn an_archive_cut_off_anywhere_says_so() {
    let whole = one_image().tar();
    let zipped = gzip(&whole);
    let end = whole.len() - 1024;
    for blob in [&whole[..end], &zipped] {
        for cut in (0..blob.len()).step_by(97).skip(6) {
            let contents = look(&blob[..cut]);
            let truncated = |finding: &Finding| matches!(finding, Finding::Truncated { .. });
            let opaque = matches!(contents.kind, BlobKind::Opaque { .. });
            assert!(
                opaque || contents.findings.iter().any(truncated),
                "{cut}: {contents:?}"
            );
        }
    }
}

#[test]
fn what_was_read_before_the_end_is_listed() {
    let layout = one_image();
    let mut files = layout.all();
    files.reverse();
    let whole = tar_of(files.iter().map(|(path, bytes)| (&**path, &**bytes)));
    let contents = look(&whole[..whole.len() - 1024 - 300]);
    assert_eq!(contents.artifacts.len(), 1);
    assert!(said(&contents)[0].contains("cut off after"), "{contents:?}");
    assert!(
        said(&contents)[0].contains("in blobs/sha256/"),
        "{contents:?}"
    );
}

#[test]
fn a_gzip_whose_checksum_is_wrong_and_bytes_after_the_end_are_told() {
    let whole = one_image().tar();
    let mut zipped = gzip(&whole);
    let place = zipped.len() - 6;
    zipped[place] ^= 0xff;
    let contents = look(&zipped);
    assert!(said(&contents)[0].contains("gzip"), "{contents:?}");
    assert_eq!(contents.artifacts.len(), 1);
    let longer = [&whole[..], &[0; 100], b"tail"].concat();
    assert_eq!(
        look(&longer).findings,
        [Finding::TrailingBytes { count: 4 }]
    );
}

#[test]
fn the_readers_own_error_comes_back_and_an_interruption_does_not() {
    struct Failing<'a>(&'a [u8], io::ErrorKind, bool);
    impl Read for Failing<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let interrupted = self.2;
            self.2 = !interrupted;
            match (interrupted, self.0.is_empty()) {
                (true, _) => Err(io::ErrorKind::Interrupted.into()),
                (false, true) => Err(self.1.into()),
                (false, false) => self.0.read(to.split_at_mut(to.len().min(100)).0),
            }
        }
    }
    let whole = one_image().tar();
    for blob in [&whole, &gzip(&whole)] {
        for length in [0, 4, 600, blob.len()] {
            for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::Other] {
                let error = inspect(&mut Failing(&blob[..length], kind, true)).unwrap_err();
                assert_eq!(error.kind(), kind);
            }
        }
    }
}

#[test]
fn broken_documents_at_the_top_are_told() {
    for (index, words) in [
        ("{", "no JSON"),
        (
            r#"{"manifests":[{"digest":"sha256:abc","size":1}]}"#,
            "valid digest",
        ),
        (r#"{"manifests":[],"layers":[]}"#, "at once"),
        (r#"{"manifests":{}}"#, "no index"),
    ] {
        let version: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
        let files = [("oci-layout", version), ("index.json", index.as_bytes())];
        let contents = look(&tar_of(files));
        assert_eq!(contents.kind, BlobKind::OciLayout);
        assert!(said(&contents)[0].contains(words), "{contents:?}");
    }
    let contents = look(&tar_of([("index.json", &br#"{"manifests":[]}"#[..])]));
    assert!(said(&contents)[0].contains("oci-layout"), "{contents:?}");
}
