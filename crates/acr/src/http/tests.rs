//! Trust, proxies, tokens and IMDS, against servers on this machine.

use reqwest::Method;
use reqwest::header::HeaderValue;

use super::*;
use crate::loopback_tests::{Loopback, Reply};

fn network(change: impl FnOnce(&mut NetworkOptions)) -> Network {
    let mut options = NetworkOptions::default();
    change(&mut options);
    Network::new(options).unwrap()
}

fn get(url: &str) -> reqwest::Request {
    reqwest::Request::new(Method::GET, Url::parse(url).unwrap())
}

fn with_token(mut request: reqwest::Request) -> reqwest::Request {
    let value = HeaderValue::from_static("Bearer secret");
    request.headers_mut().insert(AUTHORIZATION, value);
    request
}

#[tokio::test]
async fn a_cloud_brings_its_own_authority() {
    let server = Loopback::start_tls([Reply::new(200, "hello")]).await;
    let other = Loopback::start_tls([]).await;
    let error = network(|_| ())
        .send(get(server.url().as_str()))
        .await
        .unwrap_err();
    assert!(error.connect && error.refused, "{error:?}");
    // Several in one file: the second one counts as well.
    let bundle = [other.ca.clone(), server.ca.clone()].concat();
    let network = network(|options| options.ca_certs = vec![bundle]);
    let answer = network.send(get(server.url().as_str())).await.unwrap();
    assert_eq!(body(answer, 5).await.unwrap(), b"hello");
}

#[test]
fn options_that_cannot_be_used_are_refused() {
    for pem in [
        &b""[..],
        b"not PEM",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let options = NetworkOptions {
            ca_certs: vec![pem.to_vec()],
            ..NetworkOptions::default()
        };
        assert!(Network::new(options).is_err(), "{pem:?}");
    }
    for url in ["ftp://me:PASSWORD@proxy.example", "data:PASSWORD"] {
        let options = NetworkOptions {
            proxy: Some(Url::parse(url).unwrap()),
            ..NetworkOptions::default()
        };
        let error = Network::new(options).unwrap_err();
        assert!(error.reason.contains("a proxy is"), "{error}");
        assert!(!error.reason.contains("PASSWORD"), "{error}");
    }
}

#[tokio::test]
async fn a_token_goes_over_plain_http_to_this_machine_only() {
    let server = Loopback::start([Reply::new(200, "")]).await;
    let network = network(|_| ());
    network
        .send(with_token(get(server.url().as_str())))
        .await
        .unwrap();
    for url in [
        "http://example.invalid/",
        "http://169.254.169.254/",
        "http://192.0.2.1/",
    ] {
        let error = network.send(with_token(get(url))).await.unwrap_err();
        assert!(error.refused && error.reason.contains("https"), "{error}");
    }
}

#[tokio::test]
async fn redirects_are_answers() {
    let server = Loopback::start([Reply::new(302, "").with("location", "{base}/x")]).await;
    let answer = network(|_| ())
        .send(get(server.url().as_str()))
        .await
        .unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn imds_is_asked_directly_and_where_the_options_say() {
    let (imds, proxy) = (
        Loopback::start([Reply::new(200, "")]).await,
        Loopback::start([]).await,
    );
    let network = network(|options| {
        options.imds = Some(imds.url().join("/prefix/").unwrap());
        options.proxy = Some(proxy.url());
    });
    network
        .send(get("http://169.254.169.254/metadata/x?y=1"))
        .await
        .unwrap();
    assert_eq!(imds.seen()[0].target, "/prefix/metadata/x?y=1");
    assert!(proxy.seen().is_empty());
}

#[tokio::test]
async fn everything_else_goes_through_the_proxy() {
    let proxy = Loopback::start([Reply::new(200, "from the proxy")]).await;
    let mut url = proxy.url();
    url.set_username("me").unwrap();
    url.set_password(Some("PASSWORD")).unwrap();
    let network = network(|options| {
        options.proxy = Some(url);
        options.user_agent = "acr-transfer/1".to_owned();
    });
    let answer = network.send(get("http://service.invalid/x")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let [seen] = proxy.seen().try_into().unwrap();
    assert_eq!(seen.target, "http://service.invalid/x");
    assert_eq!(seen.header("user-agent"), Some("acr-transfer/1"));
    assert!(seen.header("proxy-authorization").is_some());
    assert!(!format!("{network:?}").contains("PASSWORD"));
}

#[tokio::test]
async fn bodies_are_bounded_and_patience_ends() {
    let server = Loopback::start([Reply::new(200, "123456")]).await;
    let network = network(|options| options.timeout = Duration::from_millis(50));
    let answer = network.send(get(server.url().as_str())).await.unwrap();
    assert!(body(answer, 5).await.unwrap_err().refused);
    // It accepts connections, in its backlog, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/?sig=SECRET", silent.local_addr().unwrap());
    let error = network.send(get(&url)).await.unwrap_err();
    assert!(error.reason.starts_with("no answer within"), "{error}");
    drop(silent);
    let error = network.send(get(&url)).await.unwrap_err();
    assert!(error.connect && !error.refused, "{error:?}");
    assert!(!error.reason.contains("SECRET"), "{error}");
}
