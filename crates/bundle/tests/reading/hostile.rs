//! What an adversary puts into a directory: errors, bounded memory, nothing written outside.

use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use blobferry_bundle::dir::EntryKind;
use blobferry_bundle::dir::faulty::FaultyDir;
use blobferry_bundle::{
    Bundle, BundleError, Dir, Geometry, Manifest, OsDir, Output, Parity, Unwatched, repair, restore,
};

use crate::ground::{BLOCK, PART, bundle, noise, open, restored, trust, verified};

fn on_disk(dir: &FaultyDir, path: &Path) {
    fs_err::create_dir(path).unwrap();
    for name in dir.names() {
        let mut file = fs_err::File::create(path.join(&name)).unwrap();
        file.write_all(&dir.bytes(&name).unwrap()).unwrap();
    }
}

#[test]
fn links_pipes_directories_and_huge_files_are_not_followed_read_or_waited_for() {
    let temp = tempfile::tempdir().unwrap();
    let blob = noise(1, 9 * PART);
    on_disk(&bundle(&blob, Parity::Lost(4)), &temp.path().join("b"));
    let secret = temp.path().join("secret");
    fs_err::write(&secret, noise(1, PART)).unwrap();
    let at = |name: &str| temp.path().join("b").join(name);
    for name in [
        "part-0000",
        "part-0001",
        "part-0002",
        "part-0003",
        "SHA256SUMS",
    ] {
        fs_err::remove_file(at(name)).unwrap();
    }
    symlink("../secret", at("part-0000")).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(
        rustix::fs::CWD,
        at("part-0001"),
        rustix::fs::FileType::Fifo,
        mode,
        0,
    )
    .unwrap();
    fs_err::create_dir(at("part-0002")).unwrap();
    symlink("/dev/zero", at("part-0003")).unwrap();
    symlink("../secret", at("SHA256SUMS")).unwrap();
    let huge = fs_err::OpenOptions::new()
        .write(true)
        .open(at("part-0004"))
        .unwrap();
    huge.set_len(1 << 40).unwrap();
    let dir: Arc<dyn Dir> = Arc::new(OsDir::open(&temp.path().join("b")).unwrap());
    let opened = Bundle::open(Arc::clone(&dir), &trust()).unwrap();
    let report = opened.verify(true, &Unwatched).unwrap();
    assert!(report.mendable, "{:?}", report.problems);
    let mut bytes = Vec::new();
    restore(&opened, Output::Stream(&mut bytes), &Unwatched).unwrap();
    assert!(bytes == blob);
    repair(&opened, None, &Unwatched).unwrap();
    let opened = Bundle::open(dir, &trust()).unwrap();
    assert_eq!(opened.verify(true, &Unwatched).unwrap().problems, []);
    assert_eq!(fs_err::read(&secret).unwrap(), noise(1, PART));
    assert!(
        fs_err::symlink_metadata(at("damaged-part-0003-1"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_manifest_that_is_none_is_refused() {
    let empty = FaultyDir::default();
    let said = |dir: &FaultyDir| open(dir).unwrap_err().to_string();
    assert!(said(&empty).contains("holds no manifest.json"));
    for kind in [EntryKind::Directory, EntryKind::Symlink, EntryKind::Other] {
        empty.plant("manifest.json", kind);
        assert!(said(&empty).contains("no regular file"), "{}", said(&empty));
    }
    empty.put("manifest.json", vec![b' '; (4 << 20) + 1]);
    assert!(said(&empty).contains("longer than 4 MiB"));
    for bytes in [
        b"".to_vec(),
        b"{}\n".to_vec(),
        vec![b'['; 1 << 20],
        noise(1, 5000),
    ] {
        empty.put("manifest.json", bytes);
        let error = open(&empty).unwrap_err();
        assert!(matches!(error, BundleError::Manifest { .. }), "{error}");
    }
}

#[test]
fn lies_about_sizes_and_names_are_errors() {
    let blob = noise(2, 3 * PART);
    let whole = bundle(&blob, Parity::Lost(1));
    let (manifest, _) = Manifest::parse(&whole.bytes("manifest.json").unwrap()).unwrap();
    let lie = |change: &dyn Fn(&mut Manifest)| {
        let dir = whole.with(blobferry_bundle::dir::faulty::Faults::default());
        let mut manifest = manifest.clone();
        change(&mut manifest);
        dir.put("manifest.json", manifest.to_bytes());
        dir
    };
    let huge = lie(&|manifest| {
        manifest.geometry = Geometry::of(3 << 40, 1 << 40, BLOCK, 1, 1).unwrap();
    });
    let longer = lie(&|manifest| {
        manifest.geometry = Geometry::of(3 * PART - BLOCK, PART, BLOCK, 1, 1).unwrap();
    });
    let name = lie(&|manifest| manifest.blob.name = "../../etc/passwd".to_owned());
    for dir in [huge, longer, name] {
        let error = open(&dir).unwrap_err();
        let refused = matches!(
            error,
            BundleError::Manifest { .. } | BundleError::Damaged { .. }
        );
        assert!(refused, "{error}");
    }
    let other = lie(&|manifest| manifest.blob.sha256 = blobferry_integrity::Sha256Digest::of(b""));
    assert!(verified(&other).1);
    let error = restored(&other).unwrap_err();
    assert!(matches!(error, BundleError::Mismatch { .. }), "{error}");
    let target = FaultyDir::default();
    let to = Output::File(Arc::new(target.clone()), "blob");
    restore(&open(&other).unwrap(), to, &Unwatched).unwrap_err();
    assert!(target.names().is_empty(), "{:?}", target.names());
}

#[test]
fn nothing_is_written_outside_the_directory() {
    let temp = tempfile::tempdir().unwrap();
    let dir = bundle(&noise(3, PART), Parity::None);
    fs_err::create_dir(temp.path().join("out")).unwrap();
    for name in ["../blob", "/tmp/blobferry-outside", "a/b", "..", ""] {
        let out = Arc::new(OsDir::open(&temp.path().join("out")).unwrap());
        restore(&open(&dir).unwrap(), Output::File(out, name), &Unwatched).unwrap_err();
    }
    let left = |path: &Path| fs_err::read_dir(path).unwrap().count();
    assert_eq!((left(temp.path()), left(&temp.path().join("out"))), (1, 0));
}
