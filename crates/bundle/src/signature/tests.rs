//! What signatures, keys and allowed-signers files are taken, and what is said of the others.

use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};

use super::*;

const MANIFEST: &[u8] = b"{\"blob\":{}}\n";

pub(crate) fn signer(seed: u8) -> (Signer, String) {
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
    let public = key.public_key().to_openssh().unwrap();
    let text = key.to_openssh(LineEnding::LF).unwrap();
    (Signer::read(&text, &mut || None).unwrap(), public)
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

/// What is said of `signer(1)`'s signature with an allowed-signers file.
fn verdict(allowed: &str, time: &str) -> Result<Option<String>, String> {
    let (signer, public) = signer(1);
    let allowed = AllowedSigners::parse(&allowed.replace("KEY", &public)).unwrap();
    let text = signer.sign(MANIFEST).unwrap();
    check(
        MANIFEST,
        "manifest.json.sig",
        &text,
        Some(&allowed),
        at(time),
    )
    .map(|by| by.principals)
    .map_err(|error| error.to_string())
}

const NOW: &str = "2026-06-01T00:00:00Z";

#[test]
fn without_allowed_signers_it_is_only_said_whose_key_it_was() {
    let (signer, _) = signer(1);
    let text = signer.sign(MANIFEST).unwrap();
    let by = check(MANIFEST, "manifest.json.2.sig", &text, None, at(NOW)).unwrap();
    assert_eq!(by.file, "manifest.json.2.sig");
    assert_eq!(by.fingerprint, signer.fingerprint());
    assert!(by.fingerprint.starts_with("SHA256:"));
    assert_eq!(by.algorithm, "ssh-ed25519");
    assert_eq!(by.principals, None);
}

#[test]
fn the_principals_of_the_line_that_permits_it_are_returned() {
    let file = "# who signs\n\n  \t\r\nbob@x NAMESPACES=\"file\" KEY\n\
                \"alice@x,ops *\"\tvalid-after=\"20260101\",namespaces=\"git,blobferry-*\"  KEY  her key\n";
    let principals = verdict(file, NOW).unwrap();
    assert_eq!(principals.as_deref(), Some("alice@x,ops *"));
}

#[test]
fn each_reason_not_to_count_it_is_another() {
    let fingerprint = signer(1).0.fingerprint();
    let (_, other) = signer(2);
    for (allowed, reason) in [
        (
            format!("bob@x {other}"),
            "who is not among the allowed signers",
        ),
        (
            "alice@x valid-before=\"20260501\" KEY".to_owned(),
            "allowed as alice@x, but only until 2026-05-01T00:00:00Z: expired",
        ),
        (
            "alice@x valid-after=\"202607011530Z\" KEY".to_owned(),
            "allowed as alice@x, but not before 2026-07-01T15:30:00Z",
        ),
        (
            "alice@x namespaces=\"*,!blobferry-bundle*\" KEY".to_owned(),
            "allowed as alice@x, but not in the namespace blobferry-bundle@v1",
        ),
    ] {
        assert_eq!(
            verdict(&allowed, NOW).unwrap_err(),
            format!("signed by {fingerprint}, {reason}")
        );
    }
}

#[test]
fn a_key_is_valid_at_both_ends_of_its_time() {
    let file = "a valid-after=20260101120000,valid-before=20260101120010Z KEY";
    for (time, valid) in [
        ("2026-01-01T11:59:59.9Z", false),
        ("2026-01-01T12:00:00Z", true),
        ("2026-01-01T12:00:10.9Z", true),
        ("2026-01-01T12:00:11Z", false),
    ] {
        assert_eq!(verdict(file, time).is_ok(), valid, "{time}");
    }
}

#[test]
fn a_signature_of_other_bytes_or_another_purpose_does_not_count() {
    let (signer, _) = signer(1);
    let text = signer.sign(MANIFEST).unwrap();
    let error = check(b"{}\n", "s", &text, None, at(NOW)).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("no signature of this manifest's bytes")
    );
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[1; 32]));
    let other = key.sign("file\u{1b}", HashAlg::Sha512, MANIFEST).unwrap();
    let text = other.to_pem(LineEnding::LF).unwrap();
    assert_eq!(
        check(MANIFEST, "s", &text, None, at(NOW))
            .unwrap_err()
            .to_string(),
        "signed in the namespace \"file\\u{1b}\", and not \"blobferry-bundle@v1\""
    );
}

#[test]
fn a_damaged_signature_file_is_named_as_one() {
    let (signer, _) = signer(1);
    let text = signer.sign(MANIFEST).unwrap();
    let cut_off = &text[..text.len() - 40];
    let flipped = text.replacen('U', "V", 1);
    let long = format!("{text}{}", "\n".repeat(16 << 10));
    for text in ["", "{}", cut_off, &flipped, &long] {
        let error = check(MANIFEST, "s", text, None, at(NOW)).unwrap_err();
        assert!(
            error.to_string().starts_with("no SSH signature: "),
            "{error}"
        );
    }
}

#[test]
fn a_signature_may_be_wrapped_at_any_column_and_have_any_line_ends() {
    let (signer, _) = signer(1);
    let text = signer.sign(MANIFEST).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let [begin, body @ .., end] = lines.as_slice() else {
        panic!("{text}");
    };
    let one_line = format!("{begin}\r\n{}\r\n{end}\r\n", body.concat());
    for text in [text.replace('\n', "\r\n"), one_line] {
        check(MANIFEST, "s", &text, None, at(NOW)).unwrap();
    }
}

#[test]
fn a_line_that_is_not_understood_is_an_error_with_its_number() {
    let (_, public) = signer(1);
    for (line, reason) in [
        ("alice@x", "principals without a key"),
        ("alice@x ssh-ed25519", "no key: wanted are"),
        ("alice@x valid-after=\"20260101\"", "no key: wanted are"),
        ("alice@x ssh-ed25519 AAAA", "the key is damaged: "),
        ("alice@x ssh-rsa", "no key: wanted are"),
        ("KEY", "is neither an option nor a key type"),
        (
            "alice@x shh-ed25519 AAAA",
            "is neither an option nor a key type",
        ),
        (
            "alice@x valid-after KEY",
            "is neither an option nor a key type",
        ),
        (
            "alice@x namespaces=\"a\",, KEY",
            "is neither an option nor a key type",
        ),
        (
            "alice@x namespaces=\"a\" namespaces=\"b\" KEY",
            "is no key type",
        ),
        (
            "alice@x namespaces=\"a\",Namespaces=\"b\" KEY",
            "Namespaces twice",
        ),
        ("alice@x namespaces=\"a KEY", "a quote without an end"),
        ("\"alice@x KEY", "a quote without an end"),
        ("alice@x,, KEY", "an empty pattern"),
        ("!alice@x KEY", "only say who it is not"),
        (
            "alice@x cert-authority KEY",
            "cert-authority is not supported",
        ),
        (
            "alice@x ssh-ed25519-cert-v01@openssh.com AAAA",
            "a certificate",
        ),
        ("alice@x valid-after=\"2026\" KEY", "is no time like"),
        ("alice@x valid-after=\"20261301\" KEY", "is no time like"),
        ("alice@x valid-after=\"2026010124\" KEY", "is no time like"),
        ("alice@x valid-after=\"2026-01-01\" KEY", "is no time like"),
        (
            "a valid-after=\"20260201\",valid-before=\"20260101\" KEY",
            "is not later",
        ),
        ("alice@x\u{7} KEY", "a control character"),
    ] {
        let text = format!("# one\nbob@x KEY\n{line}\n").replace("KEY", &public);
        let error = AllowedSigners::parse(&text).unwrap_err().to_string();
        assert!(
            error.starts_with("allowed signers, line 3: "),
            "{line}: {error}"
        );
        assert!(error.contains(reason), "{line}: {error}");
    }
}

#[test]
fn an_allowed_signers_file_is_bounded() {
    let refused = |text: &str| match AllowedSigners::parse(text).unwrap_err() {
        SignatureError::AllowedSigners { line, .. } => line,
        other => panic!("{other}"),
    };
    AllowedSigners::parse(&"#\n".repeat(10_000)).unwrap();
    assert_eq!(refused(&"#\n".repeat(10_001)), 10_001);
    assert_eq!(refused(&format!("#\n{}", "#".repeat(1 << 20))), 2);
}

#[test]
fn the_secret_is_not_in_debug_or_errors() {
    let (signer, _) = signer(1);
    let shown = format!("{signer:?}");
    assert_eq!(shown, format!("Signer({:?})", signer.fingerprint()));
}
