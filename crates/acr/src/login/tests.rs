//! Every way to log in that needs no tool, against a server on this machine that plays Entra ID and IMDS.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use blobferry_integrity::Sha256Digest;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};
use rustls::SignatureScheme;
use rustls::crypto::aws_lc_rs::default_provider;
use serde_json::{Value, json};

use super::*;
use crate::http::NetworkOptions;
use crate::loopback_tests::{Loopback, Reply, Seen};

const AUDIENCE: &str = "https://management.core.windows.net/";

fn token(text: &str) -> Reply {
    Reply::new(
        200,
        json!({ "access_token": text, "expires_in": 3600, "token_type": "Bearer" }),
    )
}

fn credential(server: &Loopback, login: &Login) -> Result<Credential, LoginError> {
    let network = Network::new(NetworkOptions {
        ca_certs: vec![server.ca.clone()],
        imds: Some(server.url()),
        ..NetworkOptions::default()
    });
    let mut cloud = Cloud::by_name("public").unwrap();
    cloud.login = server.url();
    Credential::new(login, &cloud, &network.unwrap())
}

fn by_secret() -> Login {
    Login::ClientSecret {
        tenant: "my-tenant".to_owned(),
        client: "my-client".to_owned(),
        secret: Secret::new("S3CRET"),
    }
}

/// A field of a posted form.
fn field(seen: &Seen, name: &str) -> String {
    let pairs = url::form_urlencoded::parse(seen.body.as_bytes());
    let found = pairs.into_owned().find(|(key, _)| key == name);
    found.unwrap().1
}

#[tokio::test]
async fn a_token_is_kept_until_it_is_to_be_forgotten() {
    let server = Loopback::start_tls([token("one"), token("two")]).await;
    let credential = credential(&server, &by_secret()).unwrap();
    assert!(server.seen().is_empty(), "nothing is asked yet");
    for _ in 0..2 {
        assert_eq!(credential.token(AUDIENCE).await.unwrap().expose(), "one");
    }
    credential.forget();
    let inner = credential.inner();
    assert_eq!(credential.token(AUDIENCE).await.unwrap().expose(), "two");
    let shared = inner
        .get_token(&["https://management.core.windows.net//.default"], None)
        .await;
    assert_eq!(shared.unwrap().token.secret(), "two");
    let [first, _] = server.seen().try_into().unwrap();
    assert_eq!(first.target, "/my-tenant/oauth2/v2.0/token");
    assert_eq!(field(&first, "client_id"), "my-client");
    assert_eq!(field(&first, "client_secret"), "S3CRET");
    assert_eq!(
        field(&first, "scope"),
        "https://management.core.windows.net//.default"
    );
    assert!(!format!("{credential:?}").contains("one"));
}

#[tokio::test]
async fn a_refusal_is_one_line_without_secrets() {
    let said = "AADSTS7000215: Invalid client secret S3CRET of eyJhbGciOi.eyJzdWIi.c2ln provided.\r\nTrace ID: 1";
    let body =
        json!({ "error": "invalid_client", "error_description": said, "error_codes": [7_000_215] });
    let server = Loopback::start_tls([Reply::new(401, body)]).await;
    let credential = credential(&server, &by_secret()).unwrap();
    let error = credential.token(AUDIENCE).await.unwrap_err();
    assert_eq!(error.way, "client secret");
    assert_eq!(
        error.reason,
        "AADSTS7000215: Invalid client secret REDACTED of REDACTED provided."
    );
    assert!(error.hint.contains("AZURE_CLIENT_SECRET"));
    let shown = format!("{error} {error:?} {:?} {credential:?}", by_secret());
    assert!(!shown.contains("S3CRET"), "{shown}");
}

#[tokio::test]
async fn what_is_no_answer_of_entra_id_is_said() {
    for (reply, wanted) in [
        (
            Reply::new(403, "<html>\n\"blocked\""),
            "Entra ID did not answer, but HTTP 403: <html> 'blocked'",
        ),
        (
            Reply::new(400, json!({ "error": "unauthorized_client" })),
            "unauthorized_client",
        ),
        (
            Reply::new(302, ""),
            "Entra ID did not answer, but HTTP 302: ",
        ),
    ] {
        let server = Loopback::start_tls([reply]).await;
        let credential = credential(&server, &by_secret()).unwrap();
        let error = credential.token(AUDIENCE).await.unwrap_err();
        assert_eq!(error.reason, wanted.trim());
    }
}

#[tokio::test]
async fn a_token_that_nears_its_end_is_used_while_nobody_gives_another() {
    let short = json!({ "access_token": "short", "expires_in": 200, "token_type": "Bearer" });
    let refused = json!({ "error_description": "AADSTS90033: later" });
    let replies = [
        Reply::new(200, short),
        Reply::new(400, refused),
        token("next"),
    ];
    let server = Loopback::start_tls(replies).await;
    let credential = credential(&server, &by_secret()).unwrap();
    for wanted in ["short", "short", "next"] {
        assert_eq!(credential.token(AUDIENCE).await.unwrap().expose(), wanted);
    }
}

#[tokio::test]
async fn a_certificate_signs_what_entra_id_wants() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("client.pem");
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let own = CertificateParams::default().self_signed(&key).unwrap();
    let other = KeyPair::generate().unwrap();
    let issuer = CertificateParams::default().self_signed(&other).unwrap();
    // The chain may stand in any order.
    fs_err::write(
        &pem,
        format!("{}{}{}", issuer.pem(), key.serialize_pem(), own.pem()),
    )
    .unwrap();
    let server = Loopback::start_tls([token("one")]).await;
    let login = Login::ClientCertificate {
        tenant: "my-tenant".to_owned(),
        client: "my-client".to_owned(),
        pem,
    };
    let credential = credential(&server, &login).unwrap();
    assert_eq!(credential.token(AUDIENCE).await.unwrap().expose(), "one");
    let [seen] = server.seen().try_into().unwrap();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(field(&seen, "client_assertion_type"), kind);
    let assertion = field(&seen, "client_assertion");
    let (message, signature) = assertion.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let decode = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).unwrap();
    let [header, claims] =
        [header, claims].map(|part| serde_json::from_slice::<Value>(&decode(part)).unwrap());
    let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha256Digest::of(own.der()).as_bytes());
    assert_eq!(
        header,
        json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint })
    );
    let endpoint = server.url().join("/my-tenant/oauth2/v2.0/token").unwrap();
    assert_eq!(claims["aud"], endpoint.as_str());
    assert_eq!(
        (&claims["iss"], &claims["sub"]),
        (&json!("my-client"), &json!("my-client"))
    );
    let lasts = claims["exp"].as_i64().unwrap() - claims["nbf"].as_i64().unwrap();
    assert_eq!(lasts, 600);
    let known = default_provider().signature_verification_algorithms;
    let found = known
        .mapping
        .iter()
        .find(|(scheme, _)| *scheme == SignatureScheme::RSA_PSS_SHA256);
    let verified = found.unwrap().1[0].verify_signature(
        key.public_key_raw(),
        message.as_bytes(),
        &decode(signature),
    );
    assert!(verified.is_ok());
}

#[tokio::test]
async fn files_that_give_no_certificate_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("client.pem");
    let rsa = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let ec = KeyPair::generate().unwrap();
    let certificate = |key: &KeyPair| CertificateParams::default().self_signed(key).unwrap().pem();
    let server = Loopback::start_tls([]).await;
    let login = Login::ClientCertificate {
        tenant: "t".to_owned(),
        client: "c".to_owned(),
        pem: pem.clone(),
    };
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    for (text, word) in [
        (String::new(), "no private key"),
        (certificate(&rsa), "no private key"),
        (encrypted.to_owned(), "encrypted"),
        (rsa.serialize_pem(), "no certificate"),
        (rsa.serialize_pem() + &certificate(&ec), "no certificate"),
        (ec.serialize_pem() + &certificate(&ec), "not RSA"),
    ] {
        fs_err::write(&pem, text).unwrap();
        let error = credential(&server, &login).unwrap_err();
        assert!(error.reason.contains(word), "{error}");
        assert!(error.hint.contains("AZURE_CLIENT_CERTIFICATE_PATH"));
    }
    fs_err::remove_file(&pem).unwrap();
    let error = credential(&server, &login).unwrap_err();
    assert!(error.reason.contains("client.pem"), "{error}");
}

#[tokio::test]
async fn the_token_file_of_a_workload_is_read_each_time() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    fs_err::write(&token_file, "first\n").unwrap();
    let server = Loopback::start_tls([token("one"), token("two")]).await;
    let login = Login::WorkloadIdentity {
        tenant: "t".to_owned(),
        client: "c".to_owned(),
        token_file: token_file.clone(),
    };
    let workload = credential(&server, &login).unwrap();
    workload.token(AUDIENCE).await.unwrap();
    fs_err::write(&token_file, "second").unwrap();
    workload.forget();
    workload.token(AUDIENCE).await.unwrap();
    let seen = server.seen();
    let sent: Vec<String> = seen
        .iter()
        .map(|seen| field(seen, "client_assertion"))
        .collect();
    assert_eq!(sent, ["first", "second"]);
    fs_err::remove_file(&token_file).unwrap();
    assert!(credential(&server, &login).is_err());
}

/// `azure_identity` reads `IDENTITY_ENDPOINT` and its kind from the environment; the machine that tests has none.
#[tokio::test]
async fn a_managed_identity_asks_imds() {
    let body = json!({
        "access_token": "one", "expires_on": "4102444800", "token_type": "Bearer", "resource": AUDIENCE,
    });
    let server = Loopback::start([Reply::new(200, body)]).await;
    let network = Network::new(NetworkOptions {
        imds: Some(server.url()),
        ..NetworkOptions::default()
    });
    let client = Some("my-client".to_owned());
    let cloud = Cloud::by_name("public").unwrap();
    let login = Login::ManagedIdentity { client };
    let credential = Credential::new(&login, &cloud, &network.unwrap()).unwrap();
    assert_eq!(credential.token(AUDIENCE).await.unwrap().expose(), "one");
    let [seen] = server.seen().try_into().unwrap();
    assert!(
        seen.target.starts_with("/metadata/identity/oauth2/token?"),
        "{seen:?}"
    );
    assert!(seen.target.contains("client_id=my-client"), "{seen:?}");
    assert!(
        seen.target
            .contains("resource=https%3A%2F%2Fmanagement.core.windows.net%2F"),
        "{seen:?}"
    );
    assert_eq!(seen.header("metadata"), Some("true"));
}

#[tokio::test]
async fn a_token_in_hand_is_used_until_it_expires() {
    let server = Loopback::start_tls([]).await;
    let with = |text: String| credential(&server, &Login::Token(Secret::new(text)));
    let jwt = |exp: i64| {
        let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({ "exp": exp }).to_string());
        format!("eyJhbGciOiJub25lIn0.{claims}.c2ln")
    };
    let valid = jwt(4_102_444_800);
    for text in [valid.clone(), "opaque".to_owned()] {
        let credential = with(format!("{text}\n")).unwrap();
        credential.forget();
        assert_eq!(credential.token(AUDIENCE).await.unwrap().expose(), text);
    }
    let error = with(jwt(1)).unwrap().token(AUDIENCE).await.unwrap_err();
    assert_eq!(error.reason, "the token has expired");
    assert!(error.hint.contains("az account get-access-token"));
    for bad in ["", " ", "two words", "tøken"] {
        let error = with(bad.to_owned()).unwrap_err();
        assert_eq!(error.way, "access token");
    }
}
