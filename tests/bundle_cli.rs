//! `blobferry-bundle` as an operator meets it: packing, losing, mending, restoring, signing; disks that are too small; ^C;
//! and checking a bundle with nothing but coreutils and OpenSSH.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::ChildStdin;

use blobferry_harness::skip::or_skip;
use blobferry_harness::{Finished, Run, Running, pattern, sha256_hex};
use insta::assert_snapshot;
use serde_json::Value;
use tempfile::TempDir;

const BUNDLE: &str = env!("CARGO_BIN_EXE_blobferry-bundle");
const MIB: usize = 1 << 20;

/// A folder with a blob of five and a half parts of 1 MiB.
struct Place {
    folder: TempDir,
    blob: Vec<u8>,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
            blob: pattern(7, 5 * MIB + MIB / 2),
        };
        fs_err::write(place.path("blob.tar"), &place.blob).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, words: &str) -> Run {
        Run::new(BUNDLE)
            .args(words.split(' '))
            .env_remove("COLUMNS")
            .folder(self.folder.path())
    }

    fn run(&self, words: &str, code: i32) -> Finished {
        self.command(words).run().unwrap().expect_code(code)
    }

    /// Packs the blob into `b`, with two parts of parity.
    fn packed(&self) -> &Self {
        let _ = self.run(
            "pack blob.tar --out b --part-size 1MiB --parity 2 --quiet",
            0,
        );
        self
    }

    fn lose(&self, names: &[&str]) {
        for name in names {
            fs_err::remove_file(self.path("b").join(name)).unwrap();
        }
    }

    /// Changes one byte of a file in the bundle.
    fn spoil(&self, name: &str) {
        let path = self.path("b").join(name);
        let mut file = fs_err::OpenOptions::new().write(true).open(path).unwrap();
        file.seek(SeekFrom::Start(1000)).unwrap();
        file.write_all(b"\0spoiled\0").unwrap();
    }

    /// Makes a key pair; the private key's file has this name.
    fn key(&self, name: &str, passphrase: &str) {
        let words = [
            "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", name,
        ];
        tool(self.folder.path(), "ssh-keygen", &words, b"");
    }

    /// Lets these keys sign, in the file `allowed`.
    fn allow(&self, keys: &[&str]) {
        let line = |key: &&str| {
            let public = fs_err::read_to_string(self.path(&format!("{key}.pub"))).unwrap();
            format!("{key}@low {public}")
        };
        let lines: String = keys.iter().map(line).collect();
        fs_err::write(self.path("allowed"), lines).unwrap();
    }

    /// Names in a directory that no bundle may show while it is not whole.
    fn final_names(&self, dir: &str) -> Vec<String> {
        let names = fs_err::read_dir(self.path(dir)).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'))
            .collect()
    }
}

/// Runs somebody else's program, which must succeed.
fn tool(folder: &Path, program: &str, words: &[&str], stdin: &[u8]) -> Finished {
    let run = Run::new(program).args(words).stdin(stdin).folder(folder);
    run.run().unwrap().expect_code(0)
}

fn last(finished: &Finished) -> Value {
    finished.json_lines().unwrap().pop().unwrap()
}

#[test]
fn help_is_short_and_ends_with_the_exit_status() {
    let place = Place::new();
    let mut all = String::new();
    for words in [
        "--help",
        "pack --help",
        "verify --help",
        "repair --help",
        "restore --help",
        "inspect --help",
        "missing --help",
        "sign --help",
    ] {
        let help = place.run(words, 0).stdout_text();
        let end = help.trim_end();
        assert!(
            end.ends_with("run the same command again to resume"),
            "{help}"
        );
        let (before, _) = help.split_once("Exit status:").unwrap();
        all.extend(["$ blobferry-bundle ", words, "\n", before]);
    }
    assert_snapshot!(all);
}

#[test]
fn usage_errors_say_what_is_wanted_and_end_in_2() {
    let place = Place::new();
    fs_err::create_dir(place.path("dir")).unwrap();
    let mut all = String::new();
    for words in [
        "pack - --out b",
        "pack dir --out b",
        "pack blob.tar --out .",
        "pack blob.tar --out b --name a/b",
        "pack blob.tar --out b --part-size 4GB",
        "pack blob.tar --out b --part-size 1MiB-2MiB",
        "pack blob.tar --out b --parity 33",
        "pack blob.tar --out b --channel Weekly",
        "pack blob.tar --out b --expect-digest sha256:00",
        "pack blob.tar --out b --metadata-from blob.tar",
        "pack blob.tar --out b --resend 1234",
        "verify b --require-signatures 2",
    ] {
        let finished = place.run(words, 2);
        assert!(finished.stdout.is_empty(), "{}", finished.stdout_text());
        all.extend(["$ ", words, "\n", &finished.stderr_text(), "\n"]);
    }
    assert!(!place.path("b").exists());
    assert_snapshot!(all);
    let json = place.run("pack --output json", 2);
    assert_eq!(last(&json)["exit"], 2);
}

#[test]
fn a_blob_is_packed_verified_and_restored() {
    let place = Place::new();
    let sum = sha256_hex(&place.blob);
    let words = format!(
        "pack blob.tar --out b --part-size 2MiB-1MiB --parity 30% --expect-digest sha256:{sum} --output json"
    );
    let packed = last(&place.run(&words, 0));
    assert_eq!(packed["type"], "summary");
    assert_eq!(packed["parts"], 6);
    assert_eq!(packed["parity"], 2);
    assert_eq!(packed["sha256"], sum.as_str());
    assert_eq!(packed["safe_to_unplug"], true);
    let verified = place.run("verify b --after-remount", 0).stdout_text();
    assert!(verified.starts_with("verified"), "{verified}");
    fs_err::create_dir(place.path("there")).unwrap();
    let _ = place.run("restore b --out there", 0);
    assert!(fs_err::read(place.path("there/blob.tar")).unwrap() == place.blob);
    let piped = place.run("restore b --out -", 0);
    assert!(piped.stdout == place.blob, "nothing but the blob");
    assert!(piped.stderr_text().contains("restored"));
    let again = place.run("restore b --out there", 1).stderr_text();
    assert!(
        again.contains("exists") && again.contains("hint:"),
        "{again}"
    );
}

#[test]
fn a_bundle_is_checked_and_joined_without_this_tool() {
    let place = Place::new();
    place.key("alice", "");
    place.allow(&["alice"]);
    let _ = place.run(
        "pack blob.tar --out b --part-size 1MiB --parity 1 --sign alice",
        0,
    );
    let b = place.path("b");
    tool(&b, "sha256sum", &["--strict", "-c", "SHA256SUMS"], b"");
    let joined = tool(&b, "sh", &["-c", "cat part-*"], b"");
    assert!(joined.stdout == place.blob);
    let words = "-Y verify -f ../allowed -I alice@low -n blobferry-bundle@v1 -s manifest.json.sig";
    let manifest = fs_err::read(b.join("manifest.json")).unwrap();
    tool(
        &b,
        "ssh-keygen",
        &words.split(' ').collect::<Vec<_>>(),
        &manifest,
    );
}

#[test]
fn what_is_lost_is_named_and_mended() {
    let place = Place::new();
    place.packed().lose(&["part-0001"]);
    place.spoil("part-0003");
    let verified = place.run("verify b", 3);
    assert_eq!(
        verified.stdout_text(),
        "part-0001 is missing\npart-0003 is damaged in block 0\n"
    );
    assert!(
        verified
            .stderr_text()
            .contains("`blobferry-bundle repair b`")
    );
    let lines = place.run("verify b --output json", 3).json_lines().unwrap();
    assert_eq!(lines[0]["type"], "problem");
    assert_eq!(lines[0]["problem"], "missing");
    assert_eq!(lines.last().unwrap()["exit"], 3);
    // A restore mends as it goes; a repair elsewhere leaves the damaged one as it is.
    let restored = last(&place.run("restore b --out whole.tar --output json", 0));
    assert!(restored["bytes_mended"].as_u64().unwrap() >= MIB.try_into().unwrap());
    assert!(fs_err::read(place.path("whole.tar")).unwrap() == place.blob);
    let elsewhere = place.run("repair b --out c", 0).stdout_text();
    assert!(
        elsewhere.ends_with("c is complete and safe to unplug\n"),
        "{elsewhere}"
    );
    let _ = place.run("verify c", 0);
    let _ = place.run("verify b", 3);
    let here = last(&place.run("repair b --output json", 0));
    assert_eq!(
        here["mended"],
        serde_json::json!(["part-0001", "part-0003"])
    );
    let _ = place.run("verify b", 0);
    assert_eq!(
        last(&place.run("repair b --output json", 0))["mended"],
        serde_json::json!([])
    );
}

#[test]
fn what_is_beyond_the_parity_is_asked_for_by_a_code() {
    let place = Place::new();
    place
        .packed()
        .lose(&["part-0000", "part-0002", "parity-001"]);
    let said = place.run("repair b", 3).stderr_text();
    assert!(
        said.contains("beyond its parity") && said.contains("--code"),
        "{said}"
    );
    let said = place.run("restore b --out out.tar", 3).stderr_text();
    assert!(
        said.contains("--code") && !place.path("out.tar").exists(),
        "{said}"
    );
    let missing = place.run("missing b", 3).stdout_text();
    assert_eq!(missing, "part-0000\npart-0002\nparity-001\n");
    let code = place.run("missing b --code", 3).stdout_text();
    let code = code.trim();
    let json = last(&place.run("missing b --output json", 3));
    assert_eq!(
        (json["code"].as_str(), &json["mendable"]),
        (Some(code), &Value::Bool(false))
    );
    // On the sending side, typed by a human: only these parts, for the same cut only.
    let wrong = format!("pack blob.tar --out r --part-size 2MiB --parity 2 --resend {code}");
    let said = place.command(&wrong).run().unwrap();
    assert!(matches!(said.code(), Some(2 | 3)), "{}", said.stderr_text());
    assert_eq!(place.final_names("r"), Vec::<String>::new());
    let typed = code.to_lowercase().replace('-', "");
    let words = format!("pack blob.tar --out r --part-size 1MiB --parity 2 --resend {typed}");
    let _ = place.run(&words, 0);
    let mut sent = place.final_names("r");
    sent.sort();
    assert_eq!(sent, ["parity-001", "part-0000", "part-0002"]);
    for name in sent {
        fs_err::copy(place.path("r").join(&name), place.path("b").join(&name)).unwrap();
    }
    let _ = place.run("verify b", 0);
    assert_eq!(place.run("missing b", 0).stdout_text(), "");
}

#[test]
fn missing_helps_where_there_is_hardly_a_bundle() {
    let place = Place::new();
    place.packed().lose(&["blocks.sha256", "part-0001"]);
    place.spoil("part-0004");
    let missing = place.run("missing b", 3).stdout_text();
    assert_eq!(missing, "part-0001\npart-0004\nblocks.sha256\n");
    let _ = place.run("missing b --code", 3);
    place.lose(&["manifest.json"]);
    let said = place.run("missing b", 3).stderr_text();
    assert!(
        said.contains("part-0005") && said.contains("manifest.json"),
        "{said}"
    );
}

#[test]
fn signatures_count_only_from_those_who_are_allowed() {
    let place = Place::new();
    for name in ["alice", "bob", "mallory"] {
        place.key(name, "");
    }
    let _ = place.run("pack blob.tar --out b --part-size 1MiB --sign alice", 0);
    place.allow(&["alice", "bob"]);
    let _ = place.run("verify b --allowed-signers allowed", 0);
    let _ = place.run("sign b --key mallory", 0);
    let two = "verify b --allowed-signers allowed --require-signatures 2";
    let said = place.run(two, 3).stderr_text();
    assert!(said.contains("1 of 2 required signers"), "{said}");
    let signed = last(&place.run("sign b --key bob --output json", 0));
    assert_eq!(signed["signature"], "manifest.json.3.sig");
    let _ = place.run("sign b --key bob", 1);
    place.allow(&["mallory"]);
    let _ = place.run(
        "restore b --out o.tar --allowed-signers allowed --require-signatures 2",
        3,
    );
    assert!(!place.path("o.tar").exists());
    let said = place.run("sign b --key bob.pub", 5).stderr_text();
    assert!(said.contains("private key"), "{said}");
}

#[test]
fn a_passphrase_is_asked_for_on_the_terminal_and_never_shown() {
    let place = Place::new();
    place.key("locked", "correct horse");
    let on_terminal = |passphrase: &str| {
        let pack = format!(
            "{BUNDLE} pack blob.tar --out b-{} --sign locked",
            passphrase.len()
        );
        let run = Run::new("script")
            .args(["-qec", &pack, "/dev/null"])
            .env("TERM", "dumb")
            .keep_stdin()
            .folder(place.folder.path());
        let mut running = run.spawn()?;
        running.wait_until("question", |so_far| {
            String::from_utf8_lossy(&so_far.stdout_so_far()).contains("Passphrase for locked")
        })?;
        let mut keys = running.stdin().unwrap();
        keys.write_all(format!("{passphrase}\r").as_bytes())?;
        let finished = running.wait();
        drop(keys);
        finished
    };
    let Some(right) = or_skip("script(1)", on_terminal("correct horse")) else {
        return;
    };
    let said = right.expect_code(0).stdout_text();
    assert!(
        said.contains("signed by") && !said.contains("horse"),
        "{said}"
    );
    let said = on_terminal("wrong horses")
        .unwrap()
        .expect_code(5)
        .stdout_text();
    assert!(
        said.contains("passphrase is wrong") && !said.contains("horse"),
        "{said}"
    );
    assert!(
        !place.path("b-12").exists(),
        "nothing is begun without the key"
    );
}

#[test]
fn a_channel_shows_gaps_and_replays() {
    let place = Place::new();
    let pack = "pack blob.tar --part-size 1MiB --quiet --out";
    let _ = place.run(&format!("{pack} one --channel weekly"), 0);
    let _ = place.run(&format!("{pack} two --previous one"), 0);
    let three = format!("{pack} three --channel weekly --previous two/manifest.json --output json");
    assert_eq!(last(&place.run(&three, 0))["sequence"], 3);
    let _ = place.run("verify two --previous one", 0);
    let said = place.run("verify three --previous one", 3).stderr_text();
    assert!(
        said.contains("number 2 of the channel is missing"),
        "{said}"
    );
    let lines = place.run("verify one --previous two --output json", 3);
    let lines = lines.json_lines().unwrap();
    assert_eq!(lines[0]["problem"], "chain");
    assert!(
        lines[0]["text"].as_str().unwrap().contains("replay"),
        "{lines:?}"
    );
    let _ = place.run(&format!("{pack} four --channel daily --previous two"), 2);
}

#[test]
fn a_receipt_is_enforced_and_kept() {
    let place = Place::new();
    let receipt = |sha256: &str| {
        let receipt = serde_json::json!({"tool": "another", "blob": {
            "sha256": sha256, "content_type": "application/x-tar",
            "metadata": {"category": "acr-transfer-blob"}, "etag": "ignored"}});
        fs_err::write(place.path("receipt.json"), receipt.to_string()).unwrap();
    };
    let pack = "pack blob.tar --out b --part-size 1MiB --metadata-from receipt.json";
    receipt(&sha256_hex(b"another blob"));
    let said = place.run(pack, 3).stderr_text();
    assert!(said.contains("was expected"), "{said}");
    assert_eq!(place.final_names("b"), Vec::<String>::new());
    receipt(&sha256_hex(&place.blob));
    let _ = place.run(pack, 0);
    let inspected = last(&place.run("inspect b --output json", 0));
    assert_eq!(inspected["content_type"], "application/x-tar");
    assert_eq!(inspected["metadata"]["category"], "acr-transfer-blob");
    let said = place.run("inspect b --no-contents", 0).stdout_text();
    assert!(said.contains("category=acr-transfer-blob"), "{said}");
}

#[test]
fn a_wrong_digest_leaves_nothing_under_a_final_name() {
    let place = Place::new();
    let typo = format!(
        "pack blob.tar --out b --part-size 1MiB --parity 1 --expect-digest sha256:{}",
        sha256_hex(b"typo")
    );
    let said = place.run(&typo, 3).stderr_text();
    assert!(
        said.contains(&sha256_hex(&place.blob)) && said.contains("hint:"),
        "{said}"
    );
    assert_eq!(place.final_names("b"), Vec::<String>::new());
    // The same bytes under the right digest go on.
    let _ = place.packed().run("verify b", 0);
    // And once more: what stands is not replaced.
    let said = place
        .run("pack blob.tar --out b --part-size 1MiB", 1)
        .stderr_text();
    assert!(said.contains("exists") && said.contains("hint:"), "{said}");
    let _ = place.run("verify b", 0);
}

/// Starts packing from a pipe that stays open, up to the moment at which a first part is on the disk.
fn stuck(place: &Place, pack: &str) -> (Running, ChildStdin) {
    let mut running = place.command(pack).keep_stdin().spawn().unwrap();
    let mut pipe = running.stdin().unwrap();
    let (first, _) = place.blob.split_at(3 * MIB);
    pipe.write_all(first).unwrap();
    let has_part = |_: &_| {
        let parts = fs_err::read_dir(place.path("b"));
        parts
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.metadata().ok())
            .any(|facts| facts.len() >= MIB.try_into().unwrap())
    };
    running.wait_until("a first part", has_part).unwrap();
    (running, pipe)
}

#[test]
fn an_interrupted_pipe_goes_on_where_it_was() {
    let place = Place::new();
    let pack = "pack - --name blob.tar --out b --part-size 1MiB --parity 1 --output json";
    let (running, mut pipe) = stuck(&place, pack);
    running.interrupt().unwrap();
    // It notices when the next bytes come; a reader that is gone is its right.
    let _ = pipe.write_all(&place.blob);
    drop(pipe);
    let stopped = running.wait().unwrap().expect_code(130);
    assert!(!last(&stopped)["hints"].as_array().unwrap().is_empty());
    assert_eq!(place.final_names("b"), Vec::<String>::new());
    let done = place.command(pack).stdin(place.blob.clone()).run().unwrap();
    assert!(
        last(&done.expect_code(0))["bytes_resumed"]
            .as_u64()
            .unwrap()
            >= MIB.try_into().unwrap()
    );
    let _ = place.run("verify b", 0);
    assert!(place.run("restore b --out -", 0).stdout == place.blob);
}

#[test]
fn the_second_signal_does_not_wait_for_a_stuck_pipe() {
    let place = Place::new();
    let pack = "pack - --name blob.tar --out b --part-size 1MiB";
    let (mut running, pipe) = stuck(&place, pack);
    let again_and_again = |running: &Running| running.interrupt().is_err();
    assert!(running.wait_until("never", again_and_again).is_err());
    let _ = running.wait().unwrap().expect_code(130);
    drop(pipe);
    assert_eq!(place.final_names("b"), Vec::<String>::new());
}

/// `RLIMIT_FSIZE` of one byte less than a part: what FAT32 does to a part of 4 GiB.
#[test]
fn a_file_system_with_a_limit_is_named_as_such() {
    let place = Place::new();
    let within = |limit: u64, words: &str| {
        let run = Run::new("prlimit")
            .arg(format!("--fsize={limit}"))
            .arg(BUNDLE);
        run.args(words.split(' '))
            .folder(place.folder.path())
            .run()
            .unwrap()
    };
    let limit = 2 * 1_048_576 - 1;
    let said = within(limit, "pack blob.tar --out b --part-size 2MiB")
        .expect_code(4)
        .stderr_text();
    assert!(
        said.contains("FAT32") && said.contains("--part-size"),
        "{said}"
    );
    assert_eq!(place.final_names("b"), Vec::<String>::new());
    let _ = within(limit, "pack blob.tar --out b --part-size 2MiB-1MiB").expect_code(0);
    let _ = place.run("verify b", 0);
}

#[test]
#[ignore = "writes 9 GiB: minutes on a small machine"]
fn parts_of_the_default_size_fit_on_fat32() {
    let place = Place::new();
    let sparse = fs_err::File::create(place.path("sparse")).unwrap();
    sparse.set_len(5 << 30).unwrap();
    let on_fat32 = |words: &str| {
        let run = Run::new("prlimit").arg("--fsize=4294967295").arg(BUNDLE);
        let run = run.timeout(std::time::Duration::from_secs(1200));
        run.args(words.split(' '))
            .folder(place.folder.path())
            .run()
            .unwrap()
    };
    let said = on_fat32("pack sparse --out b --part-size 5GiB")
        .expect_code(4)
        .stderr_text();
    assert!(said.contains("FAT32"), "{said}");
    let _ = on_fat32("pack sparse --out c").expect_code(0);
}

/// A tmpfs of a few MiB, unmounted when this is dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(options: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let words = ["-t", "tmpfs", "-o", options, "blobferry-test"];
        let mount = Run::new("mount").args(words).arg(folder.path()).run();
        let mounted = match mount {
            Ok(mount) if mount.code() == Some(0) => Ok(Self(folder)),
            _ => Err(anyhow::anyhow!("mounting a tmpfs takes root")),
        };
        or_skip("a small tmpfs", mounted)
    }

    fn remount(&self, options: &str) {
        let words = ["-o", &format!("remount,{options}")];
        tool(
            Path::new("/"),
            "mount",
            &[words[0], words[1], &self.0.path().display().to_string()],
            b"",
        );
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Run::new("umount").arg(self.0.path()).run();
    }
}

#[test]
fn a_full_disk_is_incomplete_and_goes_on_when_there_is_room() {
    let Some(disk) = SmallDisk::mount("size=4m") else {
        return;
    };
    let place = Place::new();
    let out = disk.0.path().join("b").display().to_string();
    // Of a file it is known beforehand what it takes.
    let pack = format!("pack blob.tar --out {out} --part-size 1MiB --parity 1");
    let full = place.run(&pack, 4).stderr_text();
    assert!(
        full.contains("are needed") && full.contains("make room"),
        "{full}"
    );
    let pack = format!("pack - --name blob.tar --out {out} --part-size 1MiB --output json");
    let piped = || {
        place
            .command(&pack)
            .stdin(place.blob.clone())
            .run()
            .unwrap()
    };
    let full = last(&piped().expect_code(4));
    assert!(
        full.to_string().contains("No space left on device"),
        "{full}"
    );
    assert_eq!(place.final_names(&out), Vec::<String>::new());
    disk.remount("size=32m");
    let done = last(&piped().expect_code(0));
    assert!(done["bytes_resumed"].as_u64().unwrap() > 0, "{done}");
    let _ = place.run(&format!("verify {out}"), 0);
    disk.remount("ro");
    let _ = place.run(&format!("verify {out} --after-remount"), 0);
    let said = place
        .run(&format!("pack blob.tar --out {out}2"), 5)
        .stderr_text();
    assert!(said.contains("read-only"), "{said}");
    disk.remount("rw");
}

#[test]
fn a_look_into_the_blob_lists_what_a_registry_will_meet() {
    let place = Place::new();
    let config =
        br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;
    let layer = pattern(3, 4096);
    let (config_sha, layer_sha) = (sha256_hex(config), sha256_hex(&layer));
    let manifest = serde_json::json!({"schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": format!("sha256:{config_sha}"), "size": config.len()},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": format!("sha256:{layer_sha}"), "size": layer.len()}]})
    .to_string();
    let manifest_sha = sha256_hex(manifest.as_bytes());
    let index = serde_json::json!({"schemaVersion": 2, "manifests": [{
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": format!("sha256:{manifest_sha}"), "size": manifest.len(),
        "annotations": {"org.opencontainers.image.ref.name": "app:1"}}]});
    let layout = place.path("layout");
    fs_err::create_dir_all(layout.join("blobs/sha256")).unwrap();
    let put = |name: &str, bytes: &[u8]| fs_err::write(layout.join(name), bytes).unwrap();
    put("oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
    put("index.json", index.to_string().as_bytes());
    put(&format!("blobs/sha256/{config_sha}"), config);
    put(&format!("blobs/sha256/{manifest_sha}"), manifest.as_bytes());
    // The layer is left out.
    tool(
        place.folder.path(),
        "tar",
        &["-czf", "image.tgz", "-C", "layout", "."],
        b"",
    );
    let _ = place.run("pack image.tgz --out b", 0);
    let text = place.run("inspect b", 0).stdout_text();
    assert!(
        text.contains("app:1") && text.contains("linux/amd64"),
        "{text}"
    );
    let lines = place
        .run("inspect b --output json", 0)
        .json_lines()
        .unwrap();
    assert_eq!(lines[0]["type"], "artifact");
    assert_eq!(lines[0]["layers"][0]["present"], false);
    assert!(
        lines.iter().any(|line| line["type"] == "finding"),
        "{lines:?}"
    );
    assert_eq!(lines.last().unwrap()["kind"], "oci_layout");
}
