//! Who gets in: SAS that expire, hosts, TLS.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use blobferry_lab::Options;
use blobferry_lab::auth::SasTerms;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;

use crate::ground::{Ground, at};
use crate::wire::{Answer, element, read_to_end};

#[test]
fn a_sas_expires_when_the_clock_says_so() {
    let ground = Ground::new();
    let blob = ground.name();
    ground.put(&blob, "x");
    let month = 30 * 24 * 3600;
    let moved = |seconds: i64| {
        ground
            .control("POST", "clock", &json!({ "advance_seconds": seconds }))
            .expect(200)
    };
    moved(month - 60);
    ground.get(&blob).expect(200);
    moved(3600);
    let refused = ground.get(&blob).refused(403, "AuthenticationFailed");
    let detail = element(&refused.text(), "AuthenticationErrorDetail")
        .unwrap_or_default()
        .to_owned();
    assert!(detail.contains("time frame"), "{detail}");
    moved(-month);
    ground.get(&blob).expect(200);
}

#[test]
fn a_sas_covers_what_it_names_and_no_more() {
    let ground = Ground::new();
    ground.put("source/box/mine", "x");
    ground.put("source/box/other", "x");
    let read = ground.sas(&at("source", "box", "mine"), "r");
    let ask = |method: &str, what: &str, sas: &str| {
        ground.bare(method, &format!("source/box{what}{sas}"))
    };
    ask("GET", "/mine?", &read).send().expect(200);
    ask("GET", "/other?", &read)
        .send()
        .refused(403, "AuthenticationFailed");
    ask("GET", "?restype=container&comp=list&", &read)
        .send()
        .expect(403);
    let write = ask("PUT", "/mine?", &read)
        .header("x-ms-blob-type", "BlockBlob")
        .body("y")
        .send();
    write.refused(403, "AuthorizationPermissionMismatch");
    let list = ground.sas(&at("source", "box", ""), "rl");
    ask("GET", "?restype=container&comp=list&", &list)
        .send()
        .expect(200);
    ask("GET", "/other?", &list).send().expect(200);
    // Without any credentials, there is nothing to be known.
    ask("GET", "/mine", "").send().expect(401);
    let broken = read.replace("sig=", "sig=A");
    ask("GET", "/mine?", &broken)
        .send()
        .refused(403, "AuthenticationFailed");
}

#[test]
fn no_refusal_repeats_a_signature() {
    let ground = Ground::new();
    let sas = ground.sas(&at("source", "box", "mine"), "r");
    let signature = sas.split("sig=").nth(1).unwrap().to_owned();
    for what in [
        "source/box/none",
        "source/box/mine",
        "target/box/mine",
        "nobody/box/mine",
    ] {
        let answer = ground.bare("GET", &format!("{what}?{sas}")).send();
        assert!(answer.status >= 400);
        assert!(
            !format!("{:?}{}", answer.headers, answer.text()).contains(&signature),
            "{answer:?}"
        );
    }
}

#[test]
fn an_account_is_named_by_the_path_or_by_the_host() {
    let ground = Ground::new();
    ground.put("source/box/dir/a%20b", "x");
    let sas = ground.account_sas("source");
    let port = ground.authority().rsplit_once(':').unwrap().1.to_owned();
    for host in [
        "source.blob.localhost",
        "source.blob.core.windows.net",
        "SOURCE.BLOB.LOCALHOST",
    ] {
        let ask = ground.bare("GET", &format!("box/dir/a%20b?{sas}"));
        ask.header("host", format!("{host}:{port}"))
            .send()
            .expect(200);
    }
    let list = ground.bare("GET", &format!("box?restype=container&comp=list&{sas}"));
    let list = list
        .header("host", format!("source.blob.localhost:{port}"))
        .send()
        .expect(200)
        .text();
    assert!(
        list.contains(&format!(
            "ServiceEndpoint=\"http://source.blob.localhost:{port}/\""
        )),
        "{list}"
    );
    let list = ground.get("source/box?restype=container&comp=list").text();
    assert!(
        list.contains(&format!(
            "ServiceEndpoint=\"{}/source/\"",
            ground.lab.endpoint()
        )),
        "{list}"
    );
}

#[test]
fn an_account_that_is_not_there_is_not_found() {
    let ground = Ground::new();
    ground
        .bare("GET", "nobody/box/b")
        .send()
        .refused(404, "ResourceNotFound");
    ground.bare("GET", "").send().refused(501, "NotImplemented");
}

/// A GET over TLS, trusting nothing but this authority.
fn over_tls(ground: &Ground, ca: &str, target: &str) -> Result<Answer, std::io::Error> {
    let endpoint = ground.lab.tls_endpoint().unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(ca.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let session = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(endpoint.trim_start_matches("https://")).unwrap();
    let mut stream = StreamOwned::new(session, stream);
    let mut ask = ground.ask("GET", target);
    "localhost".clone_into(&mut ask.authority);
    std::io::Write::write_all(&mut stream, &ask.bytes())?;
    let (end, came) = read_to_end(&mut stream);
    Ok(Answer::parse(&came, end, Duration::ZERO, false))
}

#[test]
fn https_is_trusted_through_the_labs_own_authority() {
    let listen_tls = Some(SocketAddr::from(([127, 0, 0, 1], 0)));
    let ground = Ground::with(Options {
        listen_tls,
        ..Options::default()
    });
    ground.put("source/box/blob", "over TLS");
    let ca = ground.lab.ca_certificate().unwrap().to_owned();
    let answer = over_tls(&ground, &ca, "source/box/blob")
        .unwrap()
        .expect(200);
    assert_eq!(answer.text(), "over TLS");
    // Another lab's authority is another.
    let other = Ground::with(Options {
        listen_tls,
        ..Options::default()
    });
    let other = other.lab.ca_certificate().unwrap().to_owned();
    assert!(over_tls(&ground, &other, "source/box/blob").is_err());
    assert_eq!(Ground::new().lab.tls_endpoint(), None);
}

#[test]
fn a_sas_for_https_only_is_refused_over_http() {
    let ground = Ground::new();
    ground.put("source/box/blob", "x");
    let blob = at("source", "box", "blob");
    let terms = |protocol: &str, ip: &str| SasTerms {
        permissions: "r".to_owned(),
        expiry: Some(crate::ground::soon()),
        protocol: protocol.to_owned(),
        ip: ip.to_owned(),
        ..SasTerms::default()
    };
    let ask = |terms: SasTerms| {
        let sas = terms.sign(&blob, &ground.lab.store().key("source").unwrap());
        ground.bare("GET", &format!("source/box/blob?{sas}")).send()
    };
    ask(terms("https", "")).expect(403);
    ask(terms("https,http", "")).expect(200);
    ask(terms("", "127.0.0.1")).expect(200);
    ask(terms("", "10.0.0.1-10.0.0.9")).expect(403);
}
