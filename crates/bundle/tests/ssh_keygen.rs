//! Signatures against the real `ssh-keygen`: it takes ours, we take its, and allowed-signers files
//! mean the same to both. Keys are made anew in a temporary directory.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says where by panicking"
)]

use blobferry_bundle::{NAMESPACE, Signer};

#[path = "ssh_keygen/desk.rs"]
mod desk;
#[path = "ssh_keygen/fido2.rs"]
mod fido2;

use desk::{Desk, MANIFEST, NOW, check, signer};

#[test]
fn both_take_each_others_signatures() {
    let desk = Desk::new();
    for (name, options) in [
        ("ed25519", ["-t", "ed25519", "-N", ""].as_slice()),
        ("p256", &["-t", "ecdsa", "-b", "256", "-N", ""]),
        ("p384", &["-t", "ecdsa", "-b", "384", "-N", ""]),
    ] {
        let (private, public) = desk.key(name, options);
        let allowed = format!("alice@example.org namespaces=\"{NAMESPACE}\" {public}\n");
        let ours = signer(&private).unwrap().sign(MANIFEST).unwrap();
        let theirs = desk.sign(name, NAMESPACE);
        let tampered = [MANIFEST, b" "].concat();
        for text in [&ours, &theirs] {
            assert!(desk.verifies(&allowed, "alice@example.org", MANIFEST, text, NOW));
            assert!(!desk.verifies(&allowed, "alice@example.org", &tampered, text, NOW));
            let by = check(&allowed, MANIFEST, text, NOW).unwrap();
            assert_eq!(by.principals.as_deref(), Some("alice@example.org"));
            assert_eq!(Some(by.algorithm.as_str()), public.split(' ').next());
            let error = check(&allowed, &tampered, text, NOW).unwrap_err();
            assert!(
                error.starts_with("no signature of this manifest's bytes"),
                "{error}"
            );
        }
        // The armor is the same to the byte: a deterministic algorithm shows it.
        assert!(name != "ed25519" || ours == theirs);
        let error = check(&allowed, MANIFEST, &desk.sign(name, "file"), NOW).unwrap_err();
        assert!(
            error.starts_with("signed in the namespace \"file\""),
            "{error}"
        );
    }
}

#[test]
fn an_encrypted_key_asks_once() {
    let desk = Desk::new();
    for (name, cipher) in [
        ("ctr", "aes256-ctr"),
        ("gcm", "aes256-gcm@openssh.com"),
        ("chacha", "chacha20-poly1305@openssh.com"),
    ] {
        let options = [
            "-t",
            "ed25519",
            "-N",
            "correct horse",
            "-a",
            "4",
            "-Z",
            cipher,
        ];
        let (private, public) = desk.key(name, &options);
        let mut asked = 0;
        let mut read = |answer: Option<&str>| {
            Signer::read(&private, &mut || {
                asked += 1;
                answer.map(str::to_owned)
            })
            .map_err(|error| error.to_string())
        };
        let ours = read(Some("correct horse")).unwrap().sign(MANIFEST).unwrap();
        assert!(desk.verifies(&format!("a {public}"), "a", MANIFEST, &ours, NOW));
        assert_eq!(
            read(Some("battery staple")).unwrap_err(),
            "the key is encrypted: the passphrase is wrong"
        );
        assert_eq!(
            read(None).unwrap_err(),
            "the key is encrypted: a passphrase is needed"
        );
        assert_eq!(asked, 3);
    }
}

/// A line, the time of checking, and whether a signature by `a` with `KEY` is taken.
const LINES: [(&str, &str, bool); 23] = [
    ("a KEY a comment", NOW, true),
    ("\t a\t \tKEY", NOW, true),
    ("# a KEY", NOW, false),
    ("a OTHER", NOW, false),
    ("a OTHER\r\n\r\na KEY\r", NOW, true),
    ("\"b,a\" KEY", NOW, true),
    ("?,!b KEY", NOW, true),
    ("!b KEY", NOW, false),
    ("a namespaces=\"x,blobferry-*\" KEY", NOW, true),
    ("a NameSpaces=\"*,!blobferry-*\" KEY", NOW, false),
    ("a namespaces=\"file\" KEY\na KEY", NOW, true),
    (
        "a namespaces=\"x y\",valid-before=\"20270101\" KEY",
        NOW,
        false,
    ),
    ("a valid-after=\"20260601\" KEY", "20260531235959Z", false),
    ("a valid-after=\"20260601\" KEY", "20260601Z", true),
    ("a valid-before=\"202606011200\" KEY", "202606011200Z", true),
    (
        "a valid-before=\"202606011200Z\" KEY",
        "20260601120001Z",
        false,
    ),
    (
        "a VALID-AFTER=\"20260601120001z\" KEY",
        "202606011200Z",
        false,
    ),
    (
        "a valid-after=\"20260602\",valid-before=\"20260601\" KEY",
        NOW,
        false,
    ),
    ("a valid-after=\"20260132\" KEY", NOW, false),
    ("a nonsense KEY", NOW, false),
    ("a namespaces=\"*\", KEY", NOW, false),
    ("a namespaces=\"*\",namespaces=\"*\" KEY", NOW, false),
    ("a cert-authority KEY", NOW, false),
];

#[test]
fn allowed_signers_mean_the_same_to_both() {
    let desk = Desk::new();
    let (private, public) = desk.key("key", &["-t", "ed25519", "-N", ""]);
    let (_, other) = desk.key("other", &["-t", "ecdsa", "-N", ""]);
    let text = signer(&private).unwrap().sign(MANIFEST).unwrap();
    for (line, at, taken) in LINES {
        let allowed = line.replace("KEY", &public).replace("OTHER", &other);
        let theirs = desk.verifies(&allowed, "a", MANIFEST, &text, at);
        assert_eq!(theirs, taken, "ssh-keygen: {line}");
        let ours = check(&allowed, MANIFEST, &text, at);
        assert_eq!(ours.is_ok(), taken, "{line}: {ours:?}");
    }
}

#[test]
fn what_is_not_supported_says_what_is_wanted() {
    let desk = Desk::new();
    for (kind, bits, wanted) in [
        ("rsa", "2048", "RUSTSEC-2023-0071"),
        ("ecdsa", "521", "ecdsa-sha2-nistp521 is not supported"),
    ] {
        // An encrypted key is refused before its passphrase is asked for.
        let locked = format!("{kind}-locked");
        let (locked, _) = desk.key(&locked, &["-t", kind, "-b", bits, "-N", "secret"]);
        let (_, public) = desk.key(kind, &["-t", kind, "-b", bits, "-N", ""]);
        let theirs = desk.sign(kind, NAMESPACE);
        // The line is no error, for others in the file may sign. The signature is one.
        let signed = check(&format!("a {public}"), MANIFEST, &theirs, NOW);
        for error in [signer(&locked).unwrap_err(), signed.unwrap_err()] {
            assert!(
                error.contains(wanted) && error.contains("ed25519"),
                "{error}"
            );
        }
    }
}

/// Its secret number begins with a zero byte, so that it is written with 31.
const SHORT_KEY: &str = "\
-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS
1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQSfEoPKpGvBEnNwAFul1BHCOfdoJ0PP
yo+U9mnSRWjbyRuOqXUOeV+8wqrVncP0nqhxJYiPM29ls76u1mAu+O9uAAAAmMHYxzvB2M
c7AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBJ8Sg8qka8ESc3AA
W6XUEcI592gnQ8/Kj5T2adJFaNvJG46pdQ55X7zCqtWdw/SeqHEliI8zb2Wzvq7WYC7472
4AAAAfXCR73PJfUkQJfhjARQynKE0COXxlpHAJIg1MmB3j3QAAAAAB
-----END OPENSSH PRIVATE KEY-----
";

#[test]
fn an_ecdsa_key_with_a_short_secret_is_sent_to_ssh_keygen() {
    let desk = Desk::new();
    let error = signer(SHORT_KEY).unwrap_err();
    assert!(
        error.contains("one in 256") && error.contains("ssh-keygen -Y sign"),
        "{error}"
    );
    let public = desk.write_key("short", SHORT_KEY);
    check(
        &format!("a {public}"),
        MANIFEST,
        &desk.sign("short", NAMESPACE),
        NOW,
    )
    .unwrap();
}

#[test]
fn a_file_of_the_wrong_kind_is_named() {
    let desk = Desk::new();
    let (private, _) = desk.key("key", &["-t", "ed25519", "-N", ""]);
    desk.key("pem", &["-t", "ecdsa", "-m", "PEM", "-N", ""]);
    desk.key("pkcs8", &["-t", "ecdsa", "-m", "PKCS8", "-N", ""]);
    desk.sign("key", NAMESPACE);
    for (text, said) in [
        (desk.read("key.pub"), "it is a public key"),
        (desk.read("pem"), "it is a PEM key"),
        (desk.read("pkcs8"), "it is a PEM key"),
        (desk.read("manifest.json.sig"), "it is a signature"),
        (
            "PuTTY-User-Key-File-3: ssh-ed25519\n".to_owned(),
            "it is a PuTTY key",
        ),
        (desk.read("manifest.json"), "it is no OpenSSH private key"),
        (private.get(..200).unwrap().to_owned(), "it is damaged"),
    ] {
        let error = signer(&text).unwrap_err();
        assert!(
            error.starts_with(&format!("the key cannot be used: {said}")),
            "{error}"
        );
    }
    assert!(signer(&private.replace('\n', "\r\n")).is_ok());
}
