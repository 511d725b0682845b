//! The armored form of a signature file.

use ssh_key::SshSig;

use super::LONGEST_SIGNATURE;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// Columns that `ssh-keygen` wraps at, and the only ones that the `ssh-key` crate reads.
const COLUMNS: usize = 70;

/// Reads an armored signature, wrapped at any column, with either kind of line end.
pub(super) fn read(text: &str) -> Result<SshSig, String> {
    if u64::try_from(text.len()).is_ok_and(|len| len > LONGEST_SIGNATURE) {
        return Err(format!("longer than {LONGEST_SIGNATURE} bytes"));
    }
    let body = text
        .trim_ascii()
        .strip_prefix(BEGIN)
        .ok_or(format!("it does not begin with {BEGIN}"))?
        .strip_suffix(END)
        .ok_or(format!("it does not end with {END}, it may be cut off"))?;
    let packed: Vec<u8> = body
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    let mut lines = vec![BEGIN.as_bytes()];
    lines.extend(packed.chunks(COLUMNS));
    lines.push(END.as_bytes());
    SshSig::from_pem(lines.join(&b'\n')).map_err(|error| error.to_string())
}
