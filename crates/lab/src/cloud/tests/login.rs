//! Entra ID, IMDS and metadata discovery.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::*;
use crate::auth::jwt_payload;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A well-formed assertion that nobody signed.
fn assertion(payload: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!(
        "{}.{}.c2lnbmF0dXJl",
        part(&json!({ "alg": "PS256", "typ": "JWT" })),
        part(payload)
    )
}

#[tokio::test]
async fn a_secret_gives_a_token_for_the_audience_of_the_scope() {
    let site = Site::new(Behaviour::default());
    let endpoint = site.cloud().endpoint().to_owned();
    // Audiences end in a slash in some clouds' metadata; clients add `/.default` to that as it is.
    for (scope, audience) in [
        (format!("{endpoint}/.default"), endpoint.as_str()),
        (format!("{endpoint}//.default"), endpoint.as_str()),
        (
            "https://storage.azure.com/.default".into(),
            "https://storage.azure.com",
        ),
    ] {
        let answer = site.login(&with_secret(&scope)).await;
        assert_eq!(answer.status, 200, "{scope}: {answer:?}");
        assert_eq!(answer.at("/token_type"), "Bearer");
        assert_eq!(answer.at("/expires_in"), 3600);
        let claims = jwt_payload(answer.at("/access_token").as_str().unwrap()).unwrap();
        assert_eq!(claims["aud"], audience);
        assert_eq!(claims["appid"], CLIENT);
        assert_eq!(claims["tid"], TENANT);
        let valid = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
        assert_eq!(valid, 3600);
    }
}

/// A field of the form, what it says instead, and how that is refused.
const REFUSED: [(&str, &str, u16, &str, &str); 7] = [
    (
        "client_secret",
        "wrong",
        401,
        "invalid_client",
        "AADSTS7000215:",
    ),
    ("client_secret", "", 401, "invalid_client", "AADSTS7000218:"),
    (
        "client_id",
        "nobody",
        400,
        "unauthorized_client",
        "AADSTS700016:",
    ),
    (
        "scope",
        "https://storage.azure.com",
        400,
        "invalid_scope",
        "AADSTS1002012:",
    ),
    (
        "scope",
        "https://elsewhere/.default",
        400,
        "invalid_resource",
        "AADSTS500011:",
    ),
    ("scope", "", 400, "invalid_request", "AADSTS900144:"),
    (
        "grant_type",
        "password",
        400,
        "unsupported_grant_type",
        "AADSTS70003:",
    ),
];

#[tokio::test]
async fn what_entra_id_refuses() {
    let site = Site::new(Behaviour::default());
    let scope = format!("{}/.default", site.cloud().endpoint());
    for (name, value, status, error, code) in REFUSED {
        let mut form = with_secret(&scope);
        form.retain(|(other, _)| *other != name);
        form.push((name, value));
        let answer = site.login(&form).await;
        let text = answer.at("/error_description").as_str().unwrap();
        assert_eq!(
            (answer.status, answer.at("/error")),
            (status, &json!(error)),
            "{text}"
        );
        assert!(text.starts_with(code), "{text}");
        assert!(!text.contains("wrong") && !text.contains(SECRET), "{text}");
    }
    let url = "/another-tenant/oauth2/v2.0/token";
    let request = site
        .request(&Method::POST, url)
        .body(form_body(&with_secret(&scope)));
    let answer = site.send(request).await;
    let text = answer.at("/error_description").as_str().unwrap();
    assert!(
        answer.status == 400 && text.starts_with("AADSTS90002:"),
        "{text}"
    );
}

#[tokio::test]
async fn assertions_are_held_to_audience_expiry_and_subject() {
    let site = Site::new(Behaviour::default());
    let scope = format!("{}/.default", site.cloud().endpoint());
    let aud = format!("{}/{TENANT}/oauth2/v2.0/token", site.cloud().endpoint());
    let then = site.lab.clock().now().as_second() + 600;
    let good = json!({ "aud": aud, "exp": then, "iss": CLIENT, "sub": CLIENT });
    let federated = json!({
        "aud": "api://AzureADTokenExchange", "exp": then, "iss": "https://oidc.example", "sub": "system:serviceaccount:a:b",
    });
    let mut late = good.clone();
    late["exp"] = json!(then - 1200);
    let mut other = good.clone();
    other["sub"] = json!("someone");
    let mut elsewhere = good.clone();
    elsewhere["aud"] = json!("https://login.microsoftonline.com/x");
    let cases = [
        (assertion(&good), 200),
        (assertion(&federated), 200),
        (assertion(&late), 401),
        (assertion(&other), 401),
        (assertion(&elsewhere), 401),
        ("neither.this".to_owned(), 401),
    ];
    for (assertion, status) in cases {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_assertion_type", ASSERTION),
            ("client_assertion", &assertion),
            ("scope", &scope),
        ];
        let answer = site.login(&form).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

#[tokio::test]
async fn the_machine_s_identity_is_had_by_plain_http_with_the_header_only() {
    let site = Site::new(Behaviour::default());
    let plain = site.cloud().identity_endpoint().to_owned();
    assert!(plain.starts_with("http://127.0.0.1:"));
    let url = |endpoint: &str, query: &str| {
        format!("{endpoint}/metadata/identity/oauth2/token?api-version=2019-08-01{query}")
    };
    let resource = "&resource=https://storage.azure.com/";
    let with = |url: &str, header: &'static str, value: &'static str| {
        site.send(site.request(&Method::GET, url).header(header, value))
    };
    for endpoint in [plain.as_str(), site.cloud().endpoint()] {
        for (header, value) in [("metadata", "true"), ("x-identity-header", "abc")] {
            let answer = with(&url(endpoint, resource), header, value).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let claims = jwt_payload(answer.at("/access_token").as_str().unwrap()).unwrap();
            assert_eq!(claims["aud"], "https://storage.azure.com");
            assert_eq!(answer.at("/expires_on"), &json!(claims["exp"].to_string()));
        }
    }
    let own = format!("{resource}&client_id={CLIENT}");
    assert_eq!(
        with(&url(&plain, &own), "metadata", "true").await.status,
        200
    );
    let other = format!("{resource}&client_id=nobody");
    assert_eq!(
        with(&url(&plain, &other), "metadata", "true").await.status,
        400
    );
    assert_eq!(
        with(&url(&plain, resource), "accept", "*/*").await.status,
        400
    );
    assert_eq!(with(&url(&plain, ""), "metadata", "true").await.status, 400);
    // Nothing else is to be had without TLS.
    let answer = with(&format!("{plain}/_lab/status"), "metadata", "true").await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn the_cloud_tells_its_endpoints_in_both_shapes() {
    let site = Site::new(Behaviour::default());
    let endpoint = site.cloud().endpoint();
    let ask = |version: &str| {
        let url = format!("/metadata/endpoints?api-version={version}");
        site.send(site.request(&Method::GET, &url))
    };
    let object = ask("2022-09-01").await;
    let array = ask("2019-05-01").await;
    assert_eq!(array.body, json!([object.body]));
    assert_eq!(object.at("/name"), "AzureLabEast");
    assert_eq!(
        object.at("/resourceManager"),
        &json!(format!("{endpoint}/"))
    );
    assert_eq!(object.at("/authentication/loginEndpoint"), endpoint);
    assert_eq!(
        object.at("/authentication/audiences"),
        &json!([format!("{endpoint}/")])
    );
    let port = endpoint.rsplit(':').next().unwrap();
    assert_eq!(
        object.at("/suffixes/keyVaultDns"),
        &json!(format!("vault.localhost:{port}"))
    );
    assert!(
        object
            .at("/suffixes/storage")
            .as_str()
            .unwrap()
            .starts_with("localhost:")
    );
    assert!(object.at("/suffixes/acrLoginServer").is_string());
    assert_eq!(
        ask("2001-01-01").await.error().1,
        "InvalidApiVersionParameter"
    );
}

#[tokio::test]
async fn login_tells_where_it_is() {
    let site = Site::new(Behaviour::default());
    let url = format!("/{TENANT}/v2.0/.well-known/openid-configuration");
    let answer = site.send(site.request(&Method::GET, &url)).await;
    let token = format!("{}/{TENANT}/oauth2/v2.0/token", site.cloud().endpoint());
    assert_eq!(answer.at("/token_endpoint"), &json!(token));
    let answer = site
        .send(site.request(&Method::GET, "/common/discovery/instance?api-version=1.1"))
        .await;
    let configuration = answer
        .at("/tenant_discovery_endpoint")
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(
        site.send(site.request(&Method::GET, &configuration))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn tokens_for_storage_open_the_accounts_and_others_do_not() {
    let site = Site::new(Behaviour::default());
    let endpoint = site.cloud().endpoint().to_owned();
    let url = format!("{}/source/box?restype=container", site.lab.endpoint());
    let create = |token: String| {
        let request = site.request(&Method::PUT, &url).bearer_auth(token);
        site.send(
            request
                .header("x-ms-version", "2024-08-04")
                .header("content-length", "0"),
        )
    };
    assert_eq!(create(site.token(&endpoint).await).await.status, 401);
    let token = site.token("https://storage.azure.com").await;
    assert_eq!(create(token.clone()).await.status, 201);
    let other = Site::new(Behaviour::default());
    assert_eq!(
        create(other.token("https://storage.azure.com").await)
            .await
            .status,
        401
    );
    site.lab.clock().advance(3601);
    let late = create(token).await;
    assert_eq!(late.status, 401);
    assert!(
        late.body
            .as_str()
            .unwrap()
            .contains("Lifetime validation failed"),
        "{late:?}"
    );
}
