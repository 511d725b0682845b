//! Registries by URL. A layout's distribution API plays the one that runs elsewhere.

use std::sync::Arc;

use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::super::super::RegistryContent;
use super::super::super::registry::Registry;
use super::super::super::registry::api::{answer, tests::token};
use super::super::super::registry::name::Name;
use super::super::super::scene::{Scene, image, index, noise};
use super::Digest;
use crate::service::AnswerBody;

/// Serves a registry to whoever gives the user and password `me:secret`.
async fn serve(registry: Arc<Registry>, listener: TcpListener) {
    let token = token(&registry);
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (registry, token) = (Arc::clone(&registry), token.clone());
        connections.spawn(async move {
            let answer = service_fn(|mut request| {
                let (registry, token) = (Arc::clone(&registry), token.clone());
                async move {
                    let given = request.headers().get(AUTHORIZATION);
                    if given != Some(&HeaderValue::from_static("Basic bWU6c2VjcmV0")) {
                        let mut denied = hyper::Response::new(AnswerBody::Length(0));
                        *denied.status_mut() = hyper::StatusCode::UNAUTHORIZED;
                        return Ok(denied);
                    }
                    let bearer = HeaderValue::from_str(&format!("Bearer {token}")).unwrap();
                    request.headers_mut().insert(AUTHORIZATION, bearer);
                    answer(&registry, request, &|_| false).await
                }
            });
            let stream = TokioIo::new(stream);
            let _ = http1::Builder::new().serve_connection(stream, answer).await;
        });
    }
}

#[test]
fn a_registry_by_url_is_read_and_written() {
    let scene = Scene::new();
    let from = scene.layout("from");
    let large = noise(3, 3 << 20);
    let child = image(&from, "team/app@", &[&large]);
    index(&from, "team/app:1", &[child]);
    image(&from, "tool:1", &[b"tool"]);
    let listener = scene
        .runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let mut serving = JoinSet::new();
    let served = scene.registry("far");
    serving.spawn_on(serve(served, listener), scene.runtime.handle());
    let remote = |user: &str| {
        Arc::new(Registry {
            name: "remote".to_owned(),
            content: RegistryContent::Remote(format!("http://{user}127.0.0.1:{}", address.port())),
        })
    };
    let job = scene.export("from", &["team/app:1", "tool:1"]);
    let exported = scene.run(&job).unwrap();
    scene.carry(&job);
    let mut job = scene.import("", &[]);
    job.registry = remote("");
    let failure = scene.failure(&job);
    assert!(failure.contains("the registry answered 401"), "{failure}");
    job.registry = remote("me:secret@");
    let imported = scene.run(&job).unwrap().imported;
    assert_eq!(imported, ["team/app:1", "tool:1"]);
    assert!(
        scene
            .layout("far")
            .blob(Digest::of(&large))
            .unwrap()
            .is_some()
    );

    let mut back = scene.export("", &["team/app:1", "tool:1"]);
    back.registry = remote("me:secret@");
    back.options = vec!["OverwriteBlobs".to_owned()];
    assert_eq!(
        scene.run(&back).unwrap().catalog_digest,
        exported.catalog_digest
    );
    back.artifacts.push("tool:2".to_owned());
    assert!(
        scene
            .failure(&back)
            .contains("'tool:2' was not found in registry 'remote'")
    );
    let name = Name::parse("team/app:1").unwrap();
    let there = scene
        .runtime
        .block_on(back.registry.manifest(&scene.client, &name));
    assert_eq!(
        there.unwrap().unwrap().digest,
        from.find(&name).unwrap().unwrap().digest
    );
}
