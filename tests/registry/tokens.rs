//! Token services: what is sent to them, and what never leaves.

use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use blobferry_acr::cloud::Cloud;
use blobferry_acr::login::{Credential, Login, Secret};
use blobferry_acr::registry::{Registry, RegistryClass, RegistryLogin};
use blobferry_harness::image::{Image, digest};

use crate::served::{Request, Response, Served};
use crate::{artifact, connect, expanded, network, password};

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// Asks for a bearer token of the scope that the path wants, as ACR does; the token is the scope itself.
fn guarded(host: &str, request: &Request, credentials: &str) -> Response {
    let path = request.target.split('?').next().unwrap();
    if path == "/oauth2/token" {
        return token(request, credentials);
    }
    let scope = match path {
        "/v2/_catalog" => "registry:catalog:*",
        path if path.ends_with("/tags/list") => "repository:app:metadata_read",
        _ => "repository:app:pull",
    };
    if request.authorization != format!("Bearer {scope}") {
        let realm = format!("http://{host}/oauth2/token");
        let challenge = format!("Bearer realm=\"{realm}\",service=\"{host}\",scope=\"{scope}\"");
        return Response::new(401, "{}").with("WWW-Authenticate", challenge);
    }
    match path {
        "/v2/_catalog" => Response::new(200, r#"{"repositories":["app"]}"#),
        "/v2/app/tags/list" => Response::new(200, r#"{"tags":["1"]}"#),
        "/v2/app/manifests/1" => Response::new(200, Image::oci(&["one"]).manifest()),
        _ => Response::new(404, ""),
    }
}

fn token(request: &Request, credentials: &str) -> Response {
    if request.authorization != credentials {
        return Response::new(401, format!("no: {}", request.authorization));
    }
    let url = format!("http://x{}", request.target);
    let url: url::Url = url.parse().unwrap();
    let scope = url
        .query_pairs()
        .find(|(name, _)| name == "scope")
        .unwrap()
        .1;
    Response::new(200, format!(r#"{{"access_token":"{scope}"}}"#))
}

#[tokio::test]
async fn each_scope_has_a_token_of_its_own_which_is_kept() {
    let served = Served::new(|host, request| guarded(host, request, &basic("me", "pass:word")));
    let registry = connect(served.host(), &password("me", "pass:word"))
        .await
        .unwrap();
    for _ in 0..2 {
        assert_eq!(expanded(&registry, &["*"]).await, [["app:1"]]);
        let found = registry.digest(&artifact("app:1")).await.unwrap();
        assert_eq!(found, Some(digest(&Image::oci(&["one"]).manifest())));
    }
    let tokens = served
        .paths()
        .iter()
        .filter(|path| *path == "/oauth2/token")
        .count();
    assert_eq!(tokens, 3);
}

#[tokio::test]
async fn a_wrong_password_is_denied_and_not_repeated() {
    let served = Served::new(|host, request| guarded(host, request, &basic("me", "right")));
    let login = password("me", "wrong-SECRET");
    let registry = connect(served.host(), &login).await.unwrap();
    let error = registry.manifest(&artifact("app:1")).await.unwrap_err();
    assert_eq!(error.class, RegistryClass::Denied);
    let encoded = STANDARD.encode("me:wrong-SECRET");
    for shown in [
        format!("{error}"),
        format!("{error:?}"),
        format!("{registry:?}"),
    ] {
        assert!(
            !shown.contains("SECRET") && !shown.contains(&encoded),
            "{shown}"
        );
    }
}

fn entra(token: &str) -> RegistryLogin {
    let cloud = Cloud::by_name("public").unwrap();
    let login = Login::Token(Secret::new(token));
    RegistryLogin::Entra {
        credential: Credential::new(&login, &cloud, &network()).unwrap(),
        audience: cloud.arm_audience.trim_end_matches('/').to_owned(),
        tenant: Some("a tenant".to_owned()),
    }
}

/// ACR's way: the Entra token buys a refresh token, which is the password of the null GUID.
#[tokio::test]
async fn an_entra_token_is_exchanged_once() {
    const NULL_GUID: &str = "00000000-0000-0000-0000-000000000000";
    let served = Served::new(|host, request| match request.target.as_str() {
        "/oauth2/exchange" => Response::new(200, r#"{"refresh_token":"refresh"}"#),
        _ => guarded(host, request, &basic(NULL_GUID, "refresh")),
    });
    let registry = connect(served.host(), &entra("ENTRA+TOKEN")).await.unwrap();
    assert_eq!(expanded(&registry, &["*"]).await, [["app:1"]]);
    let seen = served.seen();
    let exchanges: Vec<_> = seen.iter().filter(|one| one.method == "POST").collect();
    assert_eq!(exchanges.len(), 1);
    let expected = format!(
        "grant_type=access_token&service={}&tenant=a+tenant&access_token=ENTRA%2BTOKEN",
        served.host().replace(':', "%3A")
    );
    assert_eq!(exchanges[0].body, expected);
}

/// A run may last longer than a refresh token.
#[tokio::test]
async fn an_expired_refresh_token_is_exchanged_again() {
    let number = AtomicU32::new(0);
    let served =
        Served::new(
            move |host, request| match request.target.split('?').next().unwrap() {
                "/oauth2/exchange" => {
                    let fresh = number.fetch_add(1, Ordering::SeqCst);
                    Response::new(200, format!(r#"{{"refresh_token":"refresh{fresh}"}}"#))
                }
                _ => guarded(
                    host,
                    request,
                    &basic("00000000-0000-0000-0000-000000000000", "refresh1"),
                ),
            },
        );
    let registry = connect(served.host(), &entra("ENTRA")).await.unwrap();
    assert!(registry.digest(&artifact("app:1")).await.unwrap().is_some());
    let exchanges = served
        .paths()
        .iter()
        .filter(|path| *path == "/oauth2/exchange")
        .count();
    assert_eq!(exchanges, 2);
}

#[tokio::test]
async fn a_refused_exchange_is_denied_without_the_token() {
    for (status, class) in [(401, RegistryClass::Denied), (404, RegistryClass::Denied)] {
        let served = Served::new(move |host, request| match request.target.as_str() {
            "/oauth2/exchange" => Response::new(status, request.body.clone()),
            _ => guarded(host, request, "nothing"),
        });
        let registry = connect(served.host(), &entra("ENTRA-SECRET"))
            .await
            .unwrap();
        let error = registry.digest(&artifact("app:1")).await.unwrap_err();
        assert_eq!(error.class, class);
        let shown = format!("{error} {error:?}");
        assert!(
            !shown.contains("SECRET") && shown.contains("exchange"),
            "{shown}"
        );
    }
}

/// Only the registry itself may be asked without TLS.
#[tokio::test]
async fn a_password_goes_to_no_other_host_in_the_clear() {
    let served = Served::new(|_, _| {
        let challenge = "Bearer realm=\"http://example.invalid/token\",service=\"x\"";
        Response::new(401, "").with("WWW-Authenticate", challenge)
    });
    let registry = connect(served.host(), &password("me", "SECRET"))
        .await
        .unwrap();
    let error = registry.manifest(&artifact("app:1")).await.unwrap_err();
    assert_eq!(error.class, RegistryClass::Nonsense, "{error}");
    assert!(error.to_string().contains("not https"), "{error}");
    assert_eq!(served.seen().len(), 1);
}

#[tokio::test]
async fn what_is_no_token_is_nonsense_and_not_shown() {
    for body in ["SECRET", "{}", r#"{"token":""}"#, r#"{"token":"SECRET\n"}"#] {
        let served = Served::new(move |host, request| {
            if request.target.starts_with("/token") {
                return Response::new(200, body);
            }
            let challenge = format!("Bearer realm=\"http://{host}/token\"");
            Response::new(401, "").with("WWW-Authenticate", challenge)
        });
        let registry = connect(served.host(), &RegistryLogin::Anonymous)
            .await
            .unwrap();
        let error = registry.manifest(&artifact("app:1")).await.unwrap_err();
        assert_eq!(error.class, RegistryClass::Nonsense, "{error}");
        assert!(!error.to_string().contains("SECRET"), "{error}");
    }
}

#[tokio::test]
async fn plain_http_is_refused_elsewhere() {
    let refused = |host: &'static str| async move {
        let anonymous = RegistryLogin::Anonymous;
        Registry::connect(host, &anonymous, &network(), false)
            .await
            .err()
    };
    let error = refused("http://registry.example").await.unwrap();
    assert!(error.to_string().contains("loopback"), "{error}");
    assert!(
        refused("registry.example").await.is_none(),
        "nothing is asked yet"
    );
    assert!(refused("registry.example/app").await.is_some());
}
