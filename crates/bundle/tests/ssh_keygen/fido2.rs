//! Signatures of FIDO2 devices, without one: what a device answers is an ordinary signature over these
//! bytes (OpenSSH's PROTOCOL.u2f), so a key in a file can stand in for it.

use std::io::Write;
use std::process::{Command, Stdio};

use blobferry_bundle::NAMESPACE;
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::public::{EcdsaPublicKey, KeyData, SkEcdsaSha2NistP256, SkEd25519};
use ssh_key::sha2::{Digest, Sha256};
use ssh_key::{HashAlg, PrivateKey, PublicKey, SigningKey, SshSig};

use crate::desk::{Desk, MANIFEST, NOW, check, signer};

/// User present, and a counter.
const FLAGS_AND_COUNTER: [u8; 5] = [1, 0, 0, 0, 9];

/// A string of the SSH protocol.
fn string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&len, bytes].concat()
}

/// The armored file that a device with `key` inside would give.
fn signed(key: &impl SigningKey, public: &PublicKey) -> String {
    let hashed = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, MANIFEST).unwrap();
    let digest = |bytes: &[u8]| Sha256::digest(bytes).to_vec();
    let signed = [digest(b"ssh:"), FLAGS_AND_COUNTER.to_vec(), digest(&hashed)].concat();
    let inner = key.try_sign(&signed).unwrap();
    let (algorithm, inner) = (
        string(public.algorithm().as_str()),
        string(inner.as_bytes()),
    );
    let file = [
        b"SSHSIG\0\0\0\x01".to_vec(),
        string(public.to_bytes().unwrap()),
        string(NAMESPACE),
        string(""),
        string("sha512"),
        string([algorithm, inner, FLAGS_AND_COUNTER.to_vec()].concat()),
    ];
    let base64 = base64(&file.concat());
    format!("-----BEGIN SSH SIGNATURE-----\n{base64}-----END SSH SIGNATURE-----\n")
}

fn base64(bytes: &[u8]) -> String {
    let mut command = Command::new("base64");
    command
        .args(["-w", "70"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn signatures_of_both_kinds_of_device_are_taken() {
    let desk = Desk::new();
    let ed25519 = Ed25519Keypair::from_seed(&[7; 32]);
    let sk_ed25519 = KeyData::SkEd25519(SkEd25519::new(ed25519.public, "ssh:"));
    let (p256, _) = desk.key("p256", &["-t", "ecdsa", "-b", "256", "-N", ""]);
    let p256 = PrivateKey::from_openssh(p256).unwrap();
    let Some(EcdsaPublicKey::NistP256(point)) = p256.public_key().key_data().ecdsa() else {
        panic!("no P-256 key: {p256:?}");
    };
    let sk_p256 = KeyData::SkEcdsaSha2NistP256(SkEcdsaSha2NistP256::new(*point, "ssh:"));
    for (key, sk) in [
        (KeypairData::from(ed25519), sk_ed25519),
        (p256.key_data().clone(), sk_p256),
    ] {
        let key = PrivateKey::try_from(key).unwrap();
        let public = PublicKey::from(sk);
        let text = signed(&key, &public);
        let allowed = format!("a {}", public.to_openssh().unwrap());
        assert!(desk.verifies(&allowed, "a", MANIFEST, &text, NOW));
        let by = check(&allowed, MANIFEST, &text, NOW).unwrap();
        assert_eq!(by.algorithm, public.algorithm().as_str());
        check(&allowed, b"{}\n", &text, NOW).unwrap_err();
    }
}

#[test]
fn signing_with_a_device_is_left_to_ssh_keygen() {
    // The file that `ssh-keygen -t ed25519-sk` writes: a handle, and no secret.
    let public = Ed25519Keypair::from_seed(&[7; 32]).public;
    let kind = string("sk-ssh-ed25519@openssh.com");
    let public = [kind, string(public.0), string("ssh:")].concat();
    let handle = [b"\x01".to_vec(), string([9; 64]), string("")].concat();
    let mut secret = [
        b"\0\0\0\x07\0\0\0\x07".to_vec(),
        public.clone(),
        handle,
        string(""),
    ]
    .concat();
    secret.extend((1..=8).take((8 - secret.len() % 8) % 8));
    let none = [string("none"), string("none"), string(""), vec![0, 0, 0, 1]].concat();
    let file = [
        b"openssh-key-v1\0".to_vec(),
        none,
        string(public),
        string(secret),
    ];
    let base64 = base64(&file.concat());
    let text =
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{base64}-----END OPENSSH PRIVATE KEY-----\n");
    let error = signer(&text).unwrap_err();
    let hint = "`ssh-keygen -Y sign -n blobferry-bundle@v1 -f KEY manifest.json`";
    assert!(error.contains("FIDO2") && error.contains(hint), "{error}");
}
