//! Manifests are read back as they were written, and nothing else is read.

use proptest::prelude::*;

use super::json::LARGEST;
use super::*;
use crate::geometry::Parity;

pub(crate) mod hostile;

/// The manifest of a blob of 20 000 bytes in three parts of 8 KiB, one group, two parity parts.
pub(crate) fn example() -> Manifest {
    let geometry = Geometry::plan(20_000, 8192, 4096, Parity::Lost(2)).unwrap();
    let digests = |count: u32, name: &str| {
        let digest = |number| Sha256Digest::of(format!("{name} {number}").as_bytes());
        (0..count).map(digest).collect()
    };
    Manifest {
        blob: BlobFacts {
            name: "run42.tar".to_owned(),
            sha256: Sha256Digest::of(b"blob"),
            md5: Md5Digest::of(b"blob"),
            crc64: Crc64::from_value(0x00ab),
            properties: BlobProperties {
                content_type: Some("application/x-tar".to_owned()),
                metadata: BTreeMap::from([("category".to_owned(), "Images \"a\"".to_owned())]),
                ..BlobProperties::default()
            },
        },
        geometry,
        parts: digests(geometry.parts(), "part"),
        parity: digests(geometry.parity(), "parity"),
        table: Sha256Digest::of(b"table"),
        chain: Some(Chain {
            channel: "east-1".to_owned(),
            sequence: 2,
            previous: Some(Sha256Digest::of(b"previous")),
        }),
        created: "2026-11-21T08:00:00Z".to_owned(),
        tool: "blobferry-bundle 0.1.0".to_owned(),
    }
}

pub(crate) fn text(manifest: &Manifest) -> String {
    String::from_utf8(manifest.to_bytes()).unwrap()
}

#[test]
fn the_text_is_this_one() {
    let manifest = example();
    let sha256 = |name: &str| Sha256Digest::of(name.as_bytes()).to_string();
    let previous = sha256("previous");
    let piece = |name: &str, size: u64| format!(r#"{{"sha256":"{}","size":{size}}}"#, sha256(name));
    let wanted = [
        r#"{"blob":{"content_type":"application/x-tar","crc64":"00000000000000ab","#.to_owned(),
        format!(r#""md5":"{}","#, Md5Digest::of(b"blob")),
        r#""metadata":{"category":"Images \"a\""},"name":"run42.tar","#.to_owned(),
        format!(r#""sha256":"{}","size":20000}},"#, sha256("blob")),
        format!(
            r#""blocks":{{"sha256":"{}","size":4096}},"#,
            sha256("table")
        ),
        format!(r#""chain":{{"channel":"east-1","previous":"{previous}","sequence":2}},"#),
        r#""created":"2026-11-21T08:00:00Z","format":"blobferry-bundle","#.to_owned(),
        r#""parity":{"code":"leopard-gf16-high","groups":1,"parts":["#.to_owned(),
        [piece("parity 0", 8192), piece("parity 1", 8192)].join(","),
        r#"],"per_group":2},"part_size":8192,"parts":["#.to_owned(),
        [
            piece("part 0", 8192),
            piece("part 1", 8192),
            piece("part 2", 3616),
        ]
        .join(","),
        "],\"tool\":\"blobferry-bundle 0.1.0\",\"version\":\"1.0\"}\n".to_owned(),
    ];
    assert_eq!(text(&manifest), wanted.concat());
    assert_eq!(
        Manifest::parse(text(&manifest).as_bytes()),
        Ok((manifest, vec![]))
    );
}

#[test]
fn what_a_later_minor_version_added_is_reported() {
    let newer = text(&example())
        .replace(r#""version":"1.0""#, r#""version":"1.7""#)
        .replace(
            r#"{"blob":{"#,
            r#"{"aa":[{"b":null},true],"blob":{"Colour\n":{"x":1},"#,
        )
        .replace(r#"","size":8192"#, r#"","shape":0,"size":8192"#);
    let (manifest, unknown) = Manifest::parse(newer.as_bytes()).unwrap();
    assert_eq!(manifest, example());
    let names = [
        "aa",
        "blob.Colour\\n",
        "parity.parts[].shape",
        "parts[].shape",
    ];
    assert_eq!(unknown, names);
}

#[test]
fn another_major_version_is_asked_for_by_its_number() {
    for version in [
        "2.0", "0.9", "1", "1.", "1.01", "1.x", "10.0", "1.12345", "",
    ] {
        let other = text(&example()).replace(r#""1.0""#, &format!("{version:?}"));
        let error = Manifest::parse(other.as_bytes()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains(&format!("reads version {version:?}")),
            "{version}: {error}"
        );
    }
    let other = text(&example()).replace("\"blobferry-bundle\"", "\"zarf\"");
    let error = Manifest::parse(other.as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"format is "zarf" where a bundle has "blobferry-bundle""#
    );
}

fn name() -> impl Strategy<Value = String> {
    "[^\\p{Cc}/\\\\]{1,40}".prop_filter("a name", |name| crate::BlobName::new(name).is_ok())
}

fn value() -> impl Strategy<Value = Option<String>> {
    prop::option::of("[^\\p{Cc}]{0,40}")
}

prop_compose! {
    fn properties()(
        headers in (value(), value(), value(), value(), value()),
        content_md5 in prop::option::of(any::<[u8; 16]>()),
        metadata in prop::collection::btree_map("[a-z0-9_!~-]{1,9}", "[^\\p{Cc}]{0,40}", 0..9),
    ) -> BlobProperties {
        let (content_type, content_encoding, content_language, content_disposition, cache_control) =
            headers;
        BlobProperties {
            content_type,
            content_encoding,
            content_language,
            content_disposition,
            cache_control,
            content_md5: content_md5.map(Md5Digest::from_bytes),
            metadata,
        }
    }
}

fn geometry() -> impl Strategy<Value = Geometry> {
    let cut = (0..400_000_u64, 1..9_u64, 0..33_u32);
    cut.prop_filter_map("a cut", |(blob, blocks, lost)| {
        let parity = if lost == 0 {
            Parity::None
        } else {
            Parity::Lost(lost)
        };
        Geometry::plan(blob, blocks * 4096, 4096, parity).ok()
    })
}

prop_compose! {
    fn any_manifest()(
        geometry in geometry(),
        name in name(),
        properties in properties(),
        crc64 in any::<u64>(),
        seed in any::<[u8; 32]>(),
        chain in prop::option::of(("[a-z0-9.-]{1,48}", 1..=LARGEST)),
        second in 0..4_000_000_000_i64,
        tool in "[^\\p{Cc}]{1,30}",
    ) -> Manifest {
        let sha256 = Sha256Digest::from_bytes(seed);
        let digests = |count: u32| (0..count).map(|at| Sha256Digest::of(&at.to_be_bytes()));
        let previous = |sequence| (sequence > 1).then_some(sha256);
        let time = jiff::Timestamp::from_second(second).unwrap();
        Manifest {
            blob: BlobFacts {
                name,
                sha256,
                md5: Md5Digest::of(&seed),
                crc64: Crc64::from_value(crc64),
                properties,
            },
            geometry,
            parts: digests(geometry.parts()).collect(),
            parity: digests(geometry.parity()).collect(),
            table: Sha256Digest::of(&seed),
            chain: chain.map(|(channel, sequence)| Chain {
                channel,
                sequence,
                previous: previous(sequence),
            }),
            created: time.to_string(),
            tool,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read(manifest in any_manifest()) {
        prop_assert_eq!(manifest.check(), Ok(()));
        let bytes = manifest.to_bytes();
        prop_assert_eq!(Manifest::parse(&bytes), Ok((manifest, Vec::new())));
        // The same JSON in the eyes of another reader.
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let mut again = serde_json::to_vec(&value).unwrap();
        again.push(b'\n');
        prop_assert_eq!(again, bytes);
    }

    #[test]
    fn whatever_is_read_has_no_other_text(
        manifest in any_manifest(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = manifest.to_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        if let Ok(value) = json::parse(&bytes) {
            let mut text = String::new();
            value.write(&mut text);
            text.push('\n');
            prop_assert_eq!(text.as_bytes(), bytes);
        }
    }
}
