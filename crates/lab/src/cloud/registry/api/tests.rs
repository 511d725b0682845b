//! The distribution API by plain requests.

mod pushing;

use std::future::poll_fn;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::http::request::Builder;
use serde_json::Value;

use super::super::super::scene::{Scene, image, index};
use super::*;
use crate::cloud::registry::name::Name;

/// An access token for a registry.
pub(in super::super::super) fn token(registry: &Registry) -> String {
    token::token(registry, "access")
}

struct Answered {
    status: u16,
    headers: hyper::HeaderMap,
    body: Vec<u8>,
}

impl Answered {
    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of the first error.
    fn code(&self) -> String {
        self.json()["errors"][0]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn send(scene: &Scene, request: Builder, body: &[u8]) -> Answered {
    let registry = scene.registry("reg");
    let body = AnswerBody::Text(Bytes::copy_from_slice(body));
    let request = request.header("host", "reg.lab").body(body).unwrap();
    scene.runtime.block_on(async {
        let answered = answer(&registry, request, &|given| given == "entra").await;
        let (parts, mut body) = answered.unwrap().into_parts();
        let mut bytes = Vec::new();
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            bytes.extend_from_slice(&frame.unwrap().into_data().unwrap());
        }
        Answered {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: bytes,
        }
    })
}

/// With an access token.
fn ask(scene: &Scene, method: &str, path: &str, body: &[u8]) -> Answered {
    let token = token(&scene.registry("reg"));
    let bearer = format!("Bearer {token}");
    let request = Request::builder().method(method).uri(path);
    send(scene, request.header("authorization", bearer), body)
}

#[test]
fn an_entra_token_buys_a_refresh_token_and_that_an_access_token() {
    let scene = Scene::new();
    let refused = send(&scene, Request::get("/v2/"), b"");
    assert_eq!(
        (refused.status, refused.code()),
        (401, "UNAUTHORIZED".to_owned())
    );
    let challenge = "Bearer realm=\"https://reg.lab/oauth2/token\",service=\"reg.lab\"";
    assert_eq!(refused.header("www-authenticate"), challenge);
    let form = |path: &str, form: &str| send(&scene, Request::post(path), form.as_bytes());
    let exchange = |token: &str| {
        let text = format!("grant_type=access_token&service=reg.lab&access_token={token}");
        form("/oauth2/exchange", &text)
    };
    assert_eq!(exchange("other").status, 401);
    let refresh = exchange("entra").json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let posted = form(
        "/oauth2/token",
        &format!("grant_type=refresh_token&refresh_token={refresh}"),
    );
    let basic = |user: &str, password: &str| {
        let basic = STANDARD.encode(format!("{user}:{password}"));
        let request = Request::get("/oauth2/token?service=reg.lab&scope=repository%3Aa%3Apull");
        send(
            &scene,
            request.header("authorization", format!("Basic {basic}")),
            b"",
        )
    };
    let nobody = "00000000-0000-0000-0000-000000000000";
    let got = basic(nobody, &refresh);
    for access in [&posted, &got] {
        let token = access.json()["access_token"].as_str().unwrap().to_owned();
        let request = Request::get("/v2/").header("authorization", format!("Bearer {token}"));
        assert_eq!(send(&scene, request, b"").status, 200);
        // One is not the other.
        assert_eq!(basic(nobody, &token).status, 401);
    }
    assert_eq!(basic("me", &refresh).status, 401);
    assert_eq!(basic(nobody, "").status, 401);
    assert_eq!(send(&scene, Request::get("/oauth2/token"), b"").status, 401);
    let request = Request::get("/v2/").header("authorization", format!("Bearer {refresh}"));
    assert_eq!(send(&scene, request, b"").status, 401);
}

#[test]
fn lists_come_in_pages() {
    let scene = Scene::new();
    let layout = scene.layout("reg");
    for name in ["b:2", "b:1", "b:3", "a/x:1", "c@"] {
        image(&layout, name, &[b"layer"]);
    }
    let all = ask(&scene, "GET", "/v2/_catalog", b"");
    assert_eq!(
        all.json()["repositories"],
        serde_json::json!(["a/x", "b", "c"])
    );
    assert_eq!(all.header("link"), "");
    let page = ask(&scene, "GET", "/v2/_catalog?n=1", b"");
    assert_eq!(page.json()["repositories"], serde_json::json!(["a/x"]));
    assert_eq!(
        page.header("link"),
        "</v2/_catalog?last=a/x&n=1>; rel=\"next\""
    );
    let page = ask(&scene, "GET", "/v2/_catalog?last=a/x&n=2", b"");
    assert_eq!(page.json()["repositories"], serde_json::json!(["b", "c"]));
    assert_eq!(page.header("link"), "");
    let tags = ask(&scene, "GET", "/v2/b/tags/list?n=2", b"").json();
    assert_eq!(tags, serde_json::json!({ "name": "b", "tags": ["1", "2"] }));
    let none = ask(&scene, "GET", "/v2/c/tags/list", b"").json();
    assert_eq!(none["tags"], serde_json::json!([]));
    assert_eq!(
        ask(&scene, "GET", "/v2/d/tags/list", b"").code(),
        "NAME_UNKNOWN"
    );
}

#[test]
fn manifests_and_blobs_are_read_by_tag_digest_and_range() {
    let scene = Scene::new();
    let layout = scene.layout("reg");
    let child = image(&layout, "other@", &[b"0123456789"]);
    let top = index(&layout, "team/app:1", std::slice::from_ref(&child));
    for which in ["1", &top.digest.to_string(), &child.digest.to_string()] {
        let path = format!("/v2/team/app/manifests/{which}");
        let (got, head) = (
            ask(&scene, "GET", &path, b""),
            ask(&scene, "HEAD", &path, b""),
        );
        assert_eq!((got.status, head.status), (200, 200), "{which}");
        assert_eq!(
            got.header("docker-content-digest"),
            Digest::of(&got.body).to_string()
        );
        assert_eq!(
            head.header("docker-content-digest"),
            got.header("docker-content-digest")
        );
        assert_eq!(head.body.len(), 0);
        assert!(
            got.header("content-type")
                .starts_with("application/vnd.oci.image.")
        );
    }
    for path in ["/v2/team/app/manifests/2", "/v2/app/manifests/1"] {
        assert_eq!(ask(&scene, "GET", path, b"").code(), "MANIFEST_UNKNOWN");
    }
    let path = format!("/v2/team/app/blobs/{}", Digest::of(b"0123456789"));
    assert_eq!(ask(&scene, "GET", &path, b"").body, b"0123456789");
    let ranged = |range: &str| {
        let bearer = format!("Bearer {}", token(&scene.registry("reg")));
        let request = Request::get(&path).header("authorization", bearer);
        send(&scene, request.header("range", range), b"")
    };
    let part = ranged("bytes=2-4");
    assert_eq!((part.status, part.body.as_slice()), (206, &b"234"[..]));
    assert_eq!(part.header("content-range"), "bytes 2-4/10");
    assert_eq!(ranged("bytes=8-").body, b"89");
    assert_eq!(ranged("bytes=10-").status, 416);
    assert_eq!(ranged("bytes=junk").status, 200);
    let missing = format!("/v2/app/blobs/{}", Digest::of(b"?"));
    assert_eq!(ask(&scene, "GET", &missing, b"").code(), "BLOB_UNKNOWN");
    assert_eq!(
        ask(&scene, "GET", "/v2/app/blobs/md5:12", b"").code(),
        "DIGEST_INVALID"
    );
    assert_eq!(
        ask(&scene, "GET", "/v2/App/tags/list", b"").code(),
        "NAME_INVALID"
    );
    assert_eq!(
        ask(&scene, "DELETE", "/v2/app/manifests/1", b"").code(),
        "UNSUPPORTED"
    );
    assert_eq!(ask(&scene, "GET", "/v3/", b"").status, 404);
}
