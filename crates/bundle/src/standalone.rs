//! A bundle made of nothing but the format's own pieces is checked and restored without this crate:
//! by FORMAT.md's commands and by `verify.py`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};

use blobferry_integrity::{Crc64, Md5Digest, Sha256Digest};
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

use crate::geometry::{Geometry, Parity, Piece};
use crate::manifest::Manifest;
use crate::manifest::tests::{example, hostile::texts};
use crate::stripe::Stripe;
use crate::sums::sums;
use crate::table::BlockTable;

fn len(of: u64) -> usize {
    usize::try_from(of).unwrap()
}

/// Every piece's bytes for a blob.
fn pieces(cut: &Geometry, blob: &[u8]) -> BTreeMap<Piece, Vec<u8>> {
    let parts = blob.chunks(len(cut.part_size())).map(<[u8]>::to_vec);
    let mut parts: Vec<Vec<u8>> = parts.collect();
    parts.resize(len(cut.parts().into()), Vec::new());
    let mut all: BTreeMap<Piece, Vec<u8>> = (0..).map(Piece::Part).zip(parts).collect();
    all.extend((0..cut.parity()).map(|number| (Piece::Parity(number), Vec::new())));
    for group in 0..cut.groups() {
        let members: Vec<Piece> = cut.members(group).collect();
        let data = u32::try_from(members.len()).unwrap() - cut.per_group();
        let mut stripe = Stripe::new(data, cut.per_group(), len(cut.block_size()));
        for block in 0..cut.stripes(group) {
            stripe.begin(len(cut.shard_len(group, block)));
            for (shard, piece) in (0..data).zip(&members) {
                let range = cut.block(*piece, block);
                let bytes = &all[piece][len(range.start)..len(range.end)];
                let to = stripe.shard_mut(shard);
                to.fill(0);
                to[..bytes.len()].copy_from_slice(bytes);
            }
            stripe.encode();
            for (shard, piece) in (0..).zip(&members).skip(len(data.into())) {
                all.get_mut(piece).unwrap().extend(stripe.shard(shard));
            }
        }
    }
    all
}

/// Writes a bundle of `size` bytes.
fn bundle(directory: &Path, size: usize, parity: Parity) -> Manifest {
    let mut blob = vec![0; size];
    StdRng::seed_from_u64(u64::try_from(size).unwrap()).fill_bytes(&mut blob);
    let cut = Geometry::plan(u64::try_from(size).unwrap(), 8192, 4096, parity).unwrap();
    let mut table = BlockTable::blank(cut).unwrap();
    let mut manifest = example();
    let pieces = pieces(&cut, &blob);
    for (piece, bytes) in &pieces {
        fs_err::write(directory.join(piece.to_string()), bytes).unwrap();
        for (number, block) in (0..).zip(bytes.chunks(4096)) {
            assert!(table.set(*piece, number, &Sha256Digest::of(block)));
        }
    }
    let digests = |piece: fn(u32) -> Piece, count| {
        let digest = |number| Sha256Digest::of(&pieces[&piece(number)]);
        (0..count).map(digest).collect()
    };
    manifest.parts = digests(Piece::Part, cut.parts());
    manifest.parity = digests(Piece::Parity, cut.parity());
    manifest.geometry = cut;
    manifest.table = Sha256Digest::of(table.as_bytes());
    manifest.blob.sha256 = Sha256Digest::of(&blob);
    manifest.blob.md5 = Md5Digest::of(&blob);
    manifest.blob.crc64 = Crc64::of(&blob);
    manifest.check().unwrap();
    let sha256 = Sha256Digest::of(&manifest.to_bytes());
    fs_err::write(directory.join("blocks.sha256"), table.as_bytes()).unwrap();
    fs_err::write(directory.join("manifest.json"), manifest.to_bytes()).unwrap();
    fs_err::write(directory.join("SHA256SUMS"), sums(&manifest, &sha256)).unwrap();
    manifest
}

fn python(directory: &Path) -> (Option<i32>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("verify.py");
    let mut python = Command::new("python3");
    let output = python.arg(script).arg(directory).output().unwrap();
    let said = |Output { stdout, stderr, .. }| [stdout, stderr].concat();
    let code = output.status.code();
    (code, String::from_utf8(said(output)).unwrap())
}

#[test]
fn the_commands_of_the_format_check_and_restore() {
    let directory = tempfile::tempdir().unwrap();
    let keys = tempfile::tempdir().unwrap();
    let manifest = bundle(directory.path(), 300_000, Parity::Lost(3));
    let page = include_str!("../FORMAT.md");
    let by_hand = page.split_once("## By hand").unwrap().1;
    let commands = by_hand
        .split("```")
        .nth(1)
        .unwrap()
        .trim_start_matches("text");
    let elsewhere = keys.path().to_str().unwrap();
    let script = format!(
        "set -eu; key={elsewhere}/key; ssh-keygen -q -t ed25519 -N '' -f $key\n\
         echo \"alice@example.org $(cat $key.pub)\" > {elsewhere}/allowed_signers\n\
         ssh-keygen -q -Y sign -n blobferry-bundle@v1 -f $key manifest.json\n{}",
        commands.replace("/elsewhere", elsewhere).replace(
            "-f allowed_signers",
            &format!("-f {elsewhere}/allowed_signers")
        )
    );
    let mut shell = Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(&directory).output();
    let output = output.unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    assert!(
        said.starts_with("Good \"blobferry-bundle@v1\" signature"),
        "{said}"
    );
    let digest = manifest.blob.sha256;
    let end = format!("{digest}  -\n\"sha256\":\"{digest}\",\"size\":300000}},\"blocks\"\n");
    assert!(said.ends_with(&end), "{said}");
    assert_eq!(python(directory.path()), (Some(0), "whole\n".to_owned()));
}

#[test]
fn the_second_verifier_reads_every_cut() {
    for (size, parity) in [
        (0, Parity::None),
        (0, Parity::Lost(2)),
        (1, Parity::Lost(1)),
        (8192 * 40 + 77, Parity::Percent(10)),
        (8192 * 3, Parity::None),
    ] {
        let directory = tempfile::tempdir().unwrap();
        bundle(directory.path(), size, parity);
        let said = python(directory.path());
        assert_eq!(said, (Some(0), "whole\n".to_owned()), "{size} bytes");
    }
}

#[test]
fn the_second_verifier_finds_damage() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    bundle(directory.path(), 30_000, Parity::Lost(2));
    let mut part = fs_err::read(path("part-0001")).unwrap();
    part[5000] ^= 1;
    fs_err::write(path("part-0001"), part).unwrap();
    fs_err::remove_file(path("parity-001")).unwrap();
    fs_err::write(path("PART-0000"), "").unwrap();
    fs_err::write(path(".k.part-0009.partial"), "").unwrap();
    let (code, said) = python(directory.path());
    assert_eq!(code, Some(3));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert_eq!(lines[0], "part-0001: damaged in 1 blocks, the first is 1");
    assert!(lines[1].starts_with("parity-001: "), "{said}");
    assert_eq!(lines[2], "the blob has another SHA-256");
    assert_eq!(lines[3], "'PART-0000' does not belong to the bundle");
}

/// Manifests of which some bytes were replaced, removed or doubled, now and then one by another that
/// stands in the same manifest.
fn spoiled_manifests(seed: u64, count: usize) -> Vec<Vec<u8>> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut spoil = || {
        let mut bytes = example().to_bytes();
        for _ in 0..rng.random_range(1..4) {
            let place = rng.random_range(0..bytes.len());
            let end = bytes.len().min(place + rng.random_range(1..9));
            let other = bytes[rng.random_range(0..bytes.len())];
            match rng.random_range(0..5) {
                0 => bytes[place] = rng.random(),
                1 => bytes[place] = other,
                2 => bytes[place] ^= 1,
                3 => drop(bytes.drain(place..end)),
                _ => bytes.extend_from_within(place..end),
            }
        }
        bytes
    };
    (0..count).map(|_| spoil()).collect()
}

#[test]
fn the_second_verifier_takes_and_refuses_the_same_manifests() {
    let seed = 42;
    let mut manifests = spoiled_manifests(seed, 3000);
    manifests.extend(texts().into_iter().map(String::into_bytes));
    let directory = tempfile::tempdir().unwrap();
    for (number, bytes) in manifests.iter().enumerate() {
        fs_err::write(directory.path().join(format!("{number}")), bytes).unwrap();
    }
    let script = "import sys, verify\n\
        for number in range(int(sys.argv[2])):\n\
        \x20   raw = open(f'{sys.argv[1]}/{number}', 'rb').read()\n\
        \x20   try:\n\
        \x20       manifest = verify.canonical(raw)\n\
        \x20       verify.check_words(manifest)\n\
        \x20       verify.cut(manifest)\n\
        \x20       verify.hexadecimal(manifest['blob'], 'sha256')\n\
        \x20       verify.hexadecimal(manifest['blocks'], 'sha256')\n\
        \x20       print('taken')\n\
        \x20   except verify.Refused as error:\n\
        \x20       print('refused', str(error)[:80].encode())\n";
    let mut python = Command::new("python3");
    python.args(["-B", "-c", script]).arg(directory.path());
    python.arg(manifests.len().to_string());
    python.env("PYTHONPATH", env!("CARGO_MANIFEST_DIR"));
    let output = python.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.lines().count(), manifests.len(), "{output:?}");
    let mut taken = 0;
    for ((number, bytes), verdict) in manifests.iter().enumerate().zip(said.lines()) {
        let ours = Manifest::parse(bytes);
        taken += usize::from(ours.is_ok());
        assert_eq!(
            ours.is_ok(),
            verdict == "taken",
            "seed {seed}, number {number}: {verdict}, but {ours:?}: {}",
            String::from_utf8_lossy(bytes)
        );
    }
    assert!(
        taken > 100,
        "only {taken} were taken: the comparison says little"
    );
}
