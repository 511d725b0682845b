//! `SHA256SUMS`: the same digests for `sha256sum -c`, so that a bundle can be checked without this
//! tool: parts, parity, block table and manifest.

use std::fmt::Write as _;

use blobferry_integrity::Sha256Digest;

use crate::manifest::{MANIFEST, Manifest};
use crate::table::TABLE;

/// The file's name.
pub const SUMS: &str = "SHA256SUMS";

/// The file's content for a manifest whose file has the digest `manifest_sha256`.
#[must_use]
pub(crate) fn sums(manifest: &Manifest, manifest_sha256: &Sha256Digest) -> String {
    let mut sums = String::new();
    let mut line = |digest: &Sha256Digest, name: &dyn std::fmt::Display| {
        // Writing to a String cannot fail.
        let _ = writeln!(sums, "{digest}  {name}");
    };
    for piece in manifest.geometry.pieces() {
        if let Some(digest) = manifest.digest(piece) {
            line(&digest, &piece);
        }
    }
    line(&manifest.table, &TABLE);
    line(manifest_sha256, &MANIFEST);
    sums
}

/// Says what the file's `text` says else than the manifest; `None` when it says the same.
pub(crate) fn check(
    text: &[u8],
    manifest: &Manifest,
    manifest_sha256: &Sha256Digest,
) -> Option<String> {
    let wanted = sums(manifest, manifest_sha256);
    if text == wanted.as_bytes() {
        return None;
    }
    let mut found = text.split(|byte| *byte == b'\n');
    for (number, line) in (1..).zip(wanted.lines()) {
        if found.next() != Some(line.as_bytes()) {
            let name = line.rsplit(' ').next().unwrap_or_default();
            return Some(format!(
                "line {number} is not the one for {name} that the manifest makes"
            ));
        }
    }
    Some("it does not end where the manifest's files end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::tests::example;

    #[test]
    fn lines_as_sha256sum_reads_them() {
        let manifest = example();
        let sha256 = Sha256Digest::of(b"manifest");
        let text = sums(&manifest, &sha256);
        let pieces = manifest.parts.len() + manifest.parity.len();
        assert_eq!(text.lines().count(), pieces + 2);
        assert!(text.starts_with(&format!("{}  part-0000\n", manifest.parts[0])));
        assert!(text.contains(&format!("\n{}  parity-000\n", manifest.parity[0])));
        assert!(text.ends_with(&format!(
            "\n{}  blocks.sha256\n{sha256}  manifest.json\n",
            manifest.table
        )));
        assert_eq!(check(text.as_bytes(), &manifest, &sha256), None);
    }

    #[test]
    fn what_says_something_else_is_named() {
        let manifest = example();
        let sha256 = Sha256Digest::of(b"manifest");
        let text = sums(&manifest, &sha256);
        let says = |text: &str| check(text.as_bytes(), &manifest, &sha256).unwrap_or_default();
        let other = sums(&manifest, &Sha256Digest::of(b"another"));
        assert!(says(&other).contains("manifest.json"), "{}", says(&other));
        let swapped = text.replacen("part-0001", "../../evil", 1);
        assert_eq!(
            says(&swapped),
            "line 2 is not the one for part-0001 that the manifest makes"
        );
        assert!(says("").contains("line 1"));
        assert!(says(text.trim_end()).contains("does not end"));
        assert!(says(&format!("{text}00  more\n")).contains("does not end"));
        let noise = vec![0xff; 1 << 20];
        assert!(check(&noise, &manifest, &sha256).unwrap().len() < 200);
    }
}
