//! The compatibility fixture: a signed bundle of format 1.0 that every later version must still read, mend and restore.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use blobferry_bundle::{
    AllowedSigners, BlobProperties, Bundle, Chain, Input, OsDir, Output, PackOptions, Parity,
    Piece, Signer, Trust, Unwatched, pack, repair, restore,
};
use blobferry_integrity::{Expect, Sha256Digest};

/// SHA-256 of the fixture's manifest: the fixture itself must not change.
const MANIFEST: &str = "ae9eb707c5acbb14da8d657dc05ec03077aa8592f22a7b82bc08923b1a4ff7b2";
/// SHA-256 of its blob.
const BLOB: &str = "1616d2cccc1f7f05a0809377ff2e23c4ae988cf09d9bc5e838174b0e81a4f4b4";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/bundle-v1")
}

/// 20,000 bytes that repeat nowhere near.
fn blob() -> Vec<u8> {
    let numbers = (0_u32..5000).map(|number| number.wrapping_mul(2_654_435_761));
    numbers.flat_map(u32::to_le_bytes).collect()
}

fn open(folder: &Path) -> Bundle {
    let allowed =
        fs_err::read_to_string(fixture().with_file_name("bundle-v1.allowed_signers")).unwrap();
    let trust = Trust {
        allowed: Some(AllowedSigners::parse(&allowed).unwrap()),
        required: 1,
        at: "2026-11-21T12:00:00Z".parse().unwrap(),
        previous: None,
    };
    Bundle::open(Arc::new(OsDir::open(folder).unwrap()), &trust).unwrap()
}

fn copied() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs_err::read_dir(fixture()).unwrap() {
        let entry = entry.unwrap();
        fs_err::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    folder
}

fn restored(bundle: &Bundle) -> Sha256Digest {
    let mut bytes = Vec::new();
    restore(bundle, Output::Stream(&mut bytes), &Unwatched).unwrap();
    Sha256Digest::of(&bytes)
}

#[test]
fn the_first_formats_bundle_is_read_mended_and_restored() {
    let bundle = open(&fixture());
    assert_eq!(bundle.manifest_sha256().to_string(), MANIFEST);
    assert_eq!(bundle.unknown_fields(), [""; 0]);
    let chain = bundle.manifest().chain.as_ref().unwrap();
    assert_eq!((chain.channel.as_str(), chain.sequence), ("fixture", 1));
    let category = bundle.manifest().blob.properties.metadata.get("category");
    assert_eq!(category.unwrap(), "acr-transfer-blob");
    let signers: Vec<_> = bundle
        .signed_by()
        .iter()
        .map(|by| by.principals.as_deref())
        .collect();
    assert_eq!(signers, [Some("fixture@blobferry")]);
    let report = bundle.verify(true, &Unwatched).unwrap();
    assert_eq!(report.problems, []);
    assert_eq!(restored(&bundle).to_string(), BLOB);

    let copy = copied();
    fs_err::remove_file(copy.path().join("part-0001")).unwrap();
    let bundle = open(copy.path());
    assert_eq!(restored(&bundle).to_string(), BLOB);
    let repaired = repair(&bundle, None, &Unwatched).unwrap();
    assert_eq!(repaired.pieces, [Piece::Part(1)]);
    let part = |folder: &Path| fs_err::read(folder.join("part-0001")).unwrap();
    assert!(part(copy.path()) == part(&fixture()));
}

/// What makes the fixture. `BLOBFERRY_KEY` names an ed25519 key without passphrase.
#[test]
#[ignore = "writes the fixture anew: only for a new major version"]
fn make_the_fixture() {
    let key = fs_err::read_to_string(std::env::var_os("BLOBFERRY_KEY").unwrap()).unwrap();
    let signer = Signer::read(&key, &mut || None).unwrap();
    let options = PackOptions {
        name: "run42.tar".to_owned(),
        part_size: 8192,
        block_size: 4096,
        parity: Parity::Lost(1),
        chain: Some(Chain {
            channel: "fixture".to_owned(),
            sequence: 1,
            previous: None,
        }),
        created: "2026-11-21T10:00:00Z".to_owned(),
        tool: "blobferry-bundle 0.1.0".to_owned(),
        properties: BlobProperties {
            content_type: Some("application/x-tar".to_owned()),
            metadata: [("category".to_owned(), "acr-transfer-blob".to_owned())].into(),
            ..BlobProperties::default()
        },
        only: None,
    };
    fs_err::create_dir(fixture()).unwrap();
    let dir = Arc::new(OsDir::open(&fixture()).unwrap());
    let input = Input::Stream(Box::new(std::io::Cursor::new(blob())));
    pack(
        input,
        dir,
        "fixture",
        options,
        &Expect::default(),
        &[signer],
        &Unwatched,
    )
    .unwrap();
}
