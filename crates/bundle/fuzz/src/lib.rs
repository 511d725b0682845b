//! What must hold for any bytes at all: a panic is a finding. The fuzz targets run these, and so does
//! `tests/fuzz_smoke.rs` on stable.

use std::io::{self, Read};

use blobferry_bundle::{AllowedSigners, Manifest, ResendCode, SignatureError, check_signature};
use jiff::Timestamp;

/// A manifest that is accepted has one text, and another field in it is the only reason for another.
pub fn manifest(data: &[u8]) {
    let Ok((manifest, unknown)) = Manifest::parse(data) else {
        return;
    };
    let bytes = manifest.to_bytes();
    assert_eq!(Manifest::parse(&bytes), Ok((manifest, Vec::new())));
    // A later minor version is read, and written as ours.
    let ours = br#","version":"1.0"}"#;
    if unknown.is_empty() && data.trim_ascii_end().ends_with(ours) {
        assert_eq!(bytes, data);
    }
}

/// What the signature in `corpus/signature` signs.
pub const SIGNED: &[u8] = b"{\"blob\":{\"name\":\"a.tar\"}}\n";

/// Who made it.
const ALLOWED: &str = "a ssh-ed25519 \
     AAAAC3NzaC1lZDI1NTE5AAAAIIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c\n";

/// Nothing but the key's own signature is ever taken, for these bytes and for no others.
pub fn signature(data: &[u8]) {
    let Ok(allowed) = AllowedSigners::parse(ALLOWED) else {
        panic!("the allowed signers are refused");
    };
    let at = Timestamp::UNIX_EPOCH;
    for text in signature_text(data) {
        let anyone = check_signature(SIGNED, "s", &text, None, at);
        if let Ok(by) = check_signature(SIGNED, "s", &text, Some(&allowed), at) {
            assert_eq!(by.principals.as_deref(), Some("a"));
            assert!(anyone.is_ok());
        }
        assert!(check_signature(b"{}\n", "s", &text, Some(&allowed), at).is_err());
    }
}

/// A signature file with this text, and one with this inside: the armor hides the fields from a fuzzer.
pub fn signature_text(data: &[u8]) -> [String; 2] {
    [String::from_utf8_lossy(data).into_owned(), armored(data)]
}

fn armored(data: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::from("-----BEGIN SSH SIGNATURE-----\n");
    for three in data.chunks(3) {
        let bits = (0..3).fold(0, |bits, place| {
            bits << 8 | usize::from(three.get(place).copied().unwrap_or(0))
        });
        for place in 0..4 {
            let digit = DIGITS.get(bits >> (18 - 6 * place) & 63).copied();
            text.push(
                digit
                    .filter(|_| place <= three.len())
                    .map_or('=', char::from),
            );
        }
    }
    text + "\n-----END SSH SIGNATURE-----\n"
}

/// An error names a line that is there, and what one line means does not hang on a comment behind it.
pub fn allowed_signers(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match AllowedSigners::parse(&text) {
        Ok(_) => assert!(AllowedSigners::parse(&format!("{text}\n# end\n")).is_ok()),
        Err(SignatureError::AllowedSigners { line, .. }) => {
            assert!((1..=text.lines().count().max(1)).contains(&line));
        }
        Err(other) => panic!("{other}"),
    }
}

/// A code that is accepted prints as one that means the same.
pub fn resend_code(data: &[u8]) {
    if let Ok(code) = ResendCode::parse(&String::from_utf8_lossy(data)) {
        assert_eq!(ResendCode::parse(&code.to_string()), Ok(code));
    }
}

/// Whatever a blob holds is no error, and its end is believed.
pub fn inspect(data: &[u8]) {
    let mut blob = Counted {
        rest: data,
        ends: 0,
    };
    assert!(blobferry_bundle::inspect(&mut blob).is_ok());
}

/// Counts how often it is asked at its end: by unpacking for each piece of what it has still in store,
/// and by a reader that never believes it without end.
struct Counted<'a> {
    rest: &'a [u8],
    ends: u32,
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.ends += u32::from(self.rest.is_empty());
        assert!(self.ends <= 1_000_000, "the end is not believed");
        self.rest.read(to)
    }
}
