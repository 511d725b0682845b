//! Clients that people use already, unchanged, against a blob service: azcopy, Microsoft's Python SDK, rclone. Each suite
//! takes a [`Target`], so that Azurite and the lab are held to the same.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use blobferry_harness::{
    Account, Answer, Azcopy, Azurite, Python, Rclone, Service, Target, pattern, write_pattern_file,
};
use blobferry_lab::{Lab, Options};

/// Checks that tests/python/client.py makes of every service, and those that only the lab passes.
const PYTHON_CHECKS: usize = 20;
const PYTHON_CHECKS_OF_LAB: usize = 2;

const MIB: u64 = 1 << 20;

/// Nothing to check against where there is no Azurite.
fn azurite() -> Option<Target> {
    Azurite::shared().map(Target::from)
}

/// The lab, over http; and its handle, which ends it.
fn lab() -> (Target, Lab) {
    let options = Options {
        listen_tls: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..Options::default()
    };
    let lab = Lab::start(options).unwrap();
    let accounts = lab.store().accounts().into_iter();
    let target = Target {
        endpoint: lab.endpoint(),
        accounts: accounts
            .map(|(name, key)| Account {
                name,
                key: key.to_base64(),
            })
            .collect(),
        ca_file: None,
        service: Service::Lab,
    };
    (target, lab)
}

#[test]
fn azcopy_carries_a_file_up_across_and_down() {
    azurite().iter().for_each(azcopy_file);
    let running = lab();
    azcopy_file(&running.0);
}

#[test]
fn azcopy_keeps_folders_in_step() {
    azurite().iter().for_each(azcopy_folders);
    let running = lab();
    azcopy_folders(&running.0);
}

#[test]
fn the_python_sdk_finds_what_it_expects() {
    azurite().iter().for_each(python_sdk);
    let running = lab();
    python_sdk(&running.0);
}

#[test]
fn the_python_sdk_trusts_the_labs_certificate() {
    let (mut target, lab) = lab();
    let ca_file = tempfile::NamedTempFile::new().unwrap();
    fs_err::write(ca_file.path(), lab.ca_certificate().unwrap()).unwrap();
    target.endpoint = lab.tls_endpoint().unwrap();
    target.ca_file = Some(ca_file.path().to_owned());
    python_sdk(&target);
}

#[test]
fn rclone_keeps_folders_in_step() {
    azurite().iter().for_each(rclone_folders);
    let running = lab();
    rclone_folders(&running.0);
}

/// A call past the client: `path` in the first (0) or the second account (1).
fn ask(target: &Target, method: &str, account: usize, path: &str, query: &str) -> Answer {
    let account = &target.accounts[account];
    target.ask(method, account, path, query).unwrap()
}

/// A container of this name in both accounts.
fn make(target: &Target, container: &str) {
    for account in [0, 1] {
        let made = ask(target, "PUT", account, container, "restype=container");
        assert_eq!(made.status, 201, "{made:?}");
    }
}

/// URL with a SAS for everything in its container.
fn url(target: &Target, account: usize, path: &str) -> String {
    let account = &target.accounts[account];
    target.container_url(account, path, "racwdlt").unwrap()
}

fn azcopy(azcopy: &Azcopy, words: &[&str]) -> String {
    let done = azcopy.run(words).unwrap().expect_code(0);
    done.stdout_text()
}

/// What travels along with a blob: content type, metadata, tier, tags. Names of metadata ignore case (azcopy changes it).
fn travelling(target: &Target, account: usize, path: &str) -> BTreeMap<String, String> {
    let head = ask(target, "HEAD", account, path, "");
    assert_eq!(head.status, 200, "{path}");
    let names = [
        "content-type",
        "content-length",
        "content-md5",
        "x-ms-meta-category",
        "x-ms-meta-run",
        "x-ms-access-tier",
    ];
    let mut found: BTreeMap<String, String> = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), head.header(name)?.to_owned())))
        .collect();
    let tags = ask(target, "GET", account, path, "comp=tags").body;
    let tags = String::from_utf8(tags).unwrap();
    for (key, value) in [("stage", "export"), ("note", "v 1")] {
        let tag = format!("<Tag><Key>{key}</Key><Value>{value}</Value></Tag>");
        assert!(tags.contains(&tag), "{tag} is not in {tags}");
    }
    found.insert("tags".to_owned(), tags.matches("<Tag>").count().to_string());
    found
}

/// One large file: up in blocks, listed, to the other account, and down from there, the MD5 checked.
fn azcopy_file(target: &Target) {
    let Some(tool) = Azcopy::or_skip(target) else {
        return;
    };
    make(target, "azcopy-file");
    let folder = tempfile::tempdir().unwrap();
    let (from, back) = (folder.path().join("from"), folder.path().join("back"));
    write_pattern_file(&from, 20, 20 * MIB).unwrap();
    let (from, back) = (from.to_str().unwrap(), back.to_str().unwrap());
    let blob = "azcopy-file/in%20a/big%20%C3%BC.tar";
    let (source, destination) = (url(target, 0, blob), url(target, 1, blob));
    let mut words = vec!["copy", from, &source, "--from-to", "LocalBlob"];
    words.extend([
        "--block-size-mb",
        "4",
        "--put-md5",
        "--block-blob-tier",
        "Cool",
    ]);
    words.extend(["--metadata", "category=acr-transfer-blob;run=7"]);
    words.extend(["--blob-tags", "stage=export&note=v%201"]);
    words.extend(["--content-type", "application/x-tar"]);
    azcopy(&tool, &words);
    let sent = travelling(target, 0, blob);
    assert_eq!(sent["content-length"], (20 * MIB).to_string());
    assert_eq!(sent["content-type"], "application/x-tar");
    assert_eq!(sent["x-ms-meta-category"], "acr-transfer-blob");
    assert_eq!((&*sent["x-ms-access-tier"], &*sent["tags"]), ("Cool", "2"));
    assert!(sent.contains_key("content-md5"), "{sent:?}");

    let container = url(target, 0, "azcopy-file");
    let listed = azcopy(&tool, &["list", &container, "--location", "Blob"]);
    assert!(
        listed.contains("in a/big ü.tar; Content Length: 20.00 MiB"),
        "{listed}"
    );

    let across = ["copy", &source, &destination, "--from-to", "BlobBlob"];
    let with = ["--s2s-preserve-blob-tags", "--block-size-mb", "4"];
    azcopy(&tool, &[&across[..], &with].concat());
    assert_eq!(travelling(target, 1, blob), sent);

    let down = ["copy", &destination, back, "--from-to", "BlobLocal"];
    let checked = ["--check-md5", "FailIfDifferentOrMissing"];
    azcopy(&tool, &[&down[..], &checked].concat());
    assert!(fs_err::read(back).unwrap() == fs_err::read(from).unwrap());

    azcopy(&tool, &["remove", &source, "--from-to", "BlobTrash"]);
    assert_eq!(ask(target, "HEAD", 0, blob, "").status, 404);
}

/// Some twenty small files in folders, with names that must be quoted; all of an hour ago, so that sync sees what changes.
fn plant(root: &Path) {
    fs_err::create_dir_all(root.join("sub/deep")).unwrap();
    for number in 0..18 {
        let bytes = pattern(number, 100 + usize::try_from(number).unwrap());
        write(&root.join(format!("sub/f {number}.bin")), &bytes, 3600);
    }
    write(&root.join("empty"), b"", 3600);
    write(&root.join("sub/deep/ü%20+#.bin"), b"odd name", 3600);
}

fn write(path: &Path, bytes: &[u8], seconds_ago: u64) {
    fs_err::write(path, bytes).unwrap();
    let file = fs_err::OpenOptions::new().write(true).open(path).unwrap();
    let at = SystemTime::now() - Duration::from_secs(seconds_ago);
    file.file().set_modified(at).unwrap();
}

/// Every file below `root`, by its path from there.
fn tree(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                found.insert(name, fs_err::read(&path).unwrap());
            }
        }
    }
    found
}

/// The folder changes: one file is rewritten, newer than anything uploaded, and one is gone.
fn disturb(root: &Path) {
    let changed = root.join("sub/f 3.bin");
    write(&changed, b"changed", 0);
    let file = fs_err::OpenOptions::new()
        .write(true)
        .open(&changed)
        .unwrap();
    // The service's times are whole seconds: newer than an upload of this very second.
    let soon = SystemTime::now() + Duration::from_secs(60);
    file.file().set_modified(soon).unwrap();
    fs_err::remove_file(root.join("sub/f 4.bin")).unwrap();
}

/// A folder: synced up, changed and synced again, down, across, and removed.
fn azcopy_folders(target: &Target) {
    let Some(tool) = Azcopy::or_skip(target) else {
        return;
    };
    make(target, "azcopy-folders");
    let folder = tempfile::tempdir().unwrap();
    let (here, back) = (folder.path().join("here"), folder.path().join("back"));
    plant(&here);
    let (from, to) = (here.to_str().unwrap(), back.to_str().unwrap());
    let (source, destination) = (
        url(target, 0, "azcopy-folders/tree"),
        url(target, 1, "azcopy-folders/tree"),
    );
    let sync = |from: &str, to: &str, way: &str| {
        let words = [
            "sync",
            from,
            to,
            "--from-to",
            way,
            "--delete-destination=true",
        ];
        azcopy(&tool, &words)
    };
    sync(from, &source, "LocalBlob");
    disturb(&here);
    let told = sync(from, &source, "LocalBlob");
    let sent = "Number of Copy Transfers Completed: 1\n";
    assert!(
        told.contains(sent),
        "only the changed file goes again: {told}"
    );
    assert!(
        told.contains("Number of Deletions at Destination: 1\n"),
        "{told}"
    );
    fs_err::create_dir(&back).unwrap();
    write(&back.join("stray"), b"goes away", 3600);
    sync(&source, to, "BlobLocal");
    assert_eq!(tree(&here), tree(&back));

    // Small blobs go by Put Blob From URL, which Azurite does not have.
    if target.service == Service::Lab {
        sync(&source, &destination, "BlobBlob");
        fs_err::remove_dir_all(&back).unwrap();
        fs_err::create_dir(&back).unwrap();
        sync(&destination, to, "BlobLocal");
        assert_eq!(tree(&here), tree(&back));
    }

    let sub = url(target, 0, "azcopy-folders/tree/sub");
    azcopy(
        &tool,
        &["remove", &sub, "--from-to", "BlobTrash", "--recursive"],
    );
    let container = url(target, 0, "azcopy-folders");
    let listed = azcopy(&tool, &["list", &container, "--location", "Blob"]);
    let left: Vec<&str> = listed
        .lines()
        .filter(|line| line.contains("Content Length"))
        .collect();
    assert_eq!(left, ["tree/empty; Content Length: 0.00 B"]);
}

/// Every check of client.py, by name.
fn python_sdk(target: &Target) {
    let Some(python) = Python::or_skip() else {
        return;
    };
    let done = python.client(target).unwrap().expect_code(0);
    let passed = done
        .stdout_text()
        .lines()
        .filter(|line| line.starts_with("ok "))
        .count();
    let wanted = match target.service {
        Service::Azurite => PYTHON_CHECKS,
        Service::Lab => PYTHON_CHECKS + PYTHON_CHECKS_OF_LAB,
    };
    assert_eq!(passed, wanted, "{}", done.stdout_text());
}

/// A folder with a file of several blocks: up, compared, listed, down, in step again after a change, and all of it gone.
fn rclone_folders(target: &Target) {
    let Some(tool) = Rclone::or_skip(target) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (here, back) = (folder.path().join("here"), folder.path().join("back"));
    plant(&here);
    write(&here.join("big.bin"), &pattern(9, 9_000_001), 3600);
    let (from, to) = (here.to_str().unwrap(), back.to_str().unwrap());
    let run = |words: &[&str]| tool.run(words).unwrap().expect_code(0).stdout_text();
    let remote = "lab:rclone-folders/tree";
    run(&["copy", from, remote, "--azureblob-chunk-size", "4Mi"]);
    run(&["check", from, remote]);
    let listed = run(&["lsf", "-R", "--files-only", remote]);
    let mut listed: Vec<&str> = listed.lines().collect();
    listed.sort_unstable();
    assert_eq!(listed, tree(&here).keys().collect::<Vec<_>>());
    assert!(run(&["lsd", "lab:"]).contains("rclone-folders"));
    run(&["copy", remote, to]);
    assert_eq!(tree(&here), tree(&back));

    disturb(&here);
    run(&["sync", from, remote]);
    run(&["check", from, remote]);
    run(&["sync", remote, to]);
    assert_eq!(tree(&here), tree(&back));

    run(&[
        "copyto",
        "lab:rclone-folders/tree/big.bin",
        "lab:rclone-folders/copied.bin",
    ]);
    let size = run(&["lsf", "--format", "ps", "lab:rclone-folders/copied.bin"]);
    assert_eq!(size.trim(), "copied.bin;9000001");
    run(&["settier", "Cool", "lab:rclone-folders/copied.bin"]);
    run(&["purge", "lab:rclone-folders"]);
    assert!(!run(&["lsd", "lab:"]).contains("rclone-folders"));
}
