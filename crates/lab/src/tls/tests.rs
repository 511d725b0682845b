//! Handshakes, and what is kept.

use std::os::unix::fs::PermissionsExt;

use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

/// A handshake over a pipe and one byte; the protocol that both agreed upon.
async fn handshake(trusted: &str, authority: &Authority, name: &str) -> io::Result<Vec<u8>> {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap())
        .unwrap();
    let mut client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    client.alpn_protocols = vec![b"http/1.1".to_vec()];
    let (near, far) = tokio::io::duplex(16_384);
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let serve = async {
        let mut stream = TlsAcceptor::from(authority.server()).accept(far).await?;
        stream.write_u8(1).await?;
        stream.flush().await
    };
    let ask = async {
        let mut stream = TlsConnector::from(Arc::new(client))
            .connect(name, near)
            .await?;
        stream.read_u8().await?;
        Ok::<_, io::Error>(stream.get_ref().1.alpn_protocol().unwrap().to_vec())
    };
    let (_, asked) = tokio::join!(serve, ask);
    asked
}

fn accounts(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[tokio::test]
async fn whoever_trusts_the_authority_gets_through_and_nobody_else() {
    let authority = Authority::new(None, &accounts(&["source"])).unwrap();
    for name in [
        "127.0.0.1",
        "::1",
        "localhost",
        "source.blob.localhost",
        "other.blob.localhost",
    ] {
        let agreed = handshake(authority.certificate(), &authority, name).await;
        assert_eq!(agreed.unwrap(), b"http/1.1", "{name}");
    }
    assert!(
        handshake(authority.certificate(), &authority, "example.org")
            .await
            .is_err()
    );
    let other = Authority::new(None, &[]).unwrap();
    assert!(
        handshake(other.certificate(), &authority, "localhost")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_folder_keeps_the_authority_and_its_keys_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let read = |file: &str| fs::read_to_string(folder.path().join(file)).unwrap();
    let first = Authority::new(Some(folder.path()), &accounts(&["source"])).unwrap();
    let leaf = read("server.pem");
    for (file, mode) in [("ca-key.pem", 0o600), ("server-key.pem", 0o600)] {
        let is = fs::metadata(folder.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(is & 0o777, mode, "{file}");
    }
    let second = Authority::new(Some(folder.path()), &accounts(&["source"])).unwrap();
    assert_eq!(
        (second.certificate(), read("server.pem")),
        (first.certificate(), leaf.clone())
    );
    handshake(first.certificate(), &second, "source.blob.localhost")
        .await
        .unwrap();

    // The wildcard does not reach two levels down: this name is new.
    let third = Authority::new(Some(folder.path()), &accounts(&["a.b"])).unwrap();
    assert_eq!(third.certificate(), first.certificate());
    assert_ne!(read("server.pem"), leaf);
    handshake(first.certificate(), &third, "a.b.blob.localhost")
        .await
        .unwrap();
}

#[test]
fn an_old_leaf_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let new = || Authority::new(Some(folder.path()), &[]).unwrap();
    new();
    let at = |file: &str| folder.path().join(file);
    // As the lab would have made it 800 days ago: 25 are left.
    let ca_key = KeyPair::from_pem(&fs::read_to_string(at("ca-key.pem")).unwrap()).unwrap();
    let key = KeyPair::from_pem(&fs::read_to_string(at("server-key.pem")).unwrap()).unwrap();
    let issuer = Issuer::new(ca_params(&ca_key).unwrap(), ca_key);
    for (days, kept) in [(25, false), (35, true)] {
        let old = dated(&names(&[]), days)
            .unwrap()
            .signed_by(&key, &issuer)
            .unwrap()
            .pem();
        fs::write(at("server.pem"), &old).unwrap();
        fs::write(at("server-key.pem"), key.serialize_pem()).unwrap();
        new();
        assert_eq!(
            fs::read_to_string(at("server.pem")).unwrap() == old,
            kept,
            "{days}"
        );
    }
}

#[test]
fn something_else_in_the_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let other = Authority::new(None, &[]).unwrap();
    fs::write(folder.path().join("ca.pem"), other.certificate()).unwrap();
    let error = Authority::new(Some(folder.path()), &[])
        .unwrap_err()
        .to_string();
    assert!(error.contains("remove ca.pem and ca-key.pem"), "{error}");
    fs::write(folder.path().join("ca-key.pem"), "nonsense").unwrap();
    assert!(Authority::new(Some(folder.path()), &[]).is_err());
}
