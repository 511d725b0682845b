//! Pages, throttling, and answers that are not what they should be.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use blobferry_acr::http::{Network, NetworkOptions};
use blobferry_acr::preflight::{Many, preflight};
use blobferry_acr::registry::{Registry, RegistryClass, RegistryLogin};
use blobferry_harness::image::{Image, OCI_INDEX, OCI_MANIFEST, descriptor, digest};
use serde_json::json;

use crate::judged::{holding, index};
use crate::served::{Response, Served};
use crate::{anonymous, artifact, expanded, selections};

#[tokio::test]
async fn all_pages_are_read() {
    let served = Served::new(|host, request| {
        let page = |body: &str, next: &str| {
            let link = format!("<{next}>; rel=\"next\"");
            Response::new(200, body).with("Link", link)
        };
        match request.target.as_str() {
            "/v2/_catalog?n=100" => {
                page(r#"{"repositories":["c","b"]}"#, "/v2/_catalog?last=b&n=100")
            }
            "/v2/_catalog?last=b&n=100" => page(
                r#"{"repositories":[]}"#,
                &format!("http://{host}/v2/_catalog?last=z"),
            ),
            "/v2/_catalog?last=z" => Response::new(200, r#"{"repositories":["a","b"]}"#),
            "/v2/a/tags/list?n=100" => page(r#"{"name":"a","tags":["2"]}"#, "list?last=2"),
            "/v2/a/tags/list?last=2" => Response::new(200, r#"{"name":"a","tags":["1","2"]}"#),
            "/v2/b/tags/list?n=100" => Response::new(200, r#"{"name":"b","tags":null}"#),
            "/v2/c/tags/list?n=100" => Response::new(200, r#"{"tags":["x"]}"#),
            _ => Response::new(404, ""),
        }
    });
    let registry = anonymous(served.host()).await;
    let found = expanded(&registry, &["*", "?:2"]).await;
    assert_eq!(found, [vec!["a:1", "a:2", "c:x"], vec!["a:2"]]);
    let catalogs = served
        .paths()
        .iter()
        .filter(|path| *path == "/v2/_catalog")
        .count();
    assert_eq!(catalogs, 3, "the catalog is read once for all patterns");
}

#[tokio::test]
async fn pages_that_go_in_circles_or_away_are_refused() {
    for next in [
        "/v2/_catalog?n=100",
        "http://example.invalid/v2/_catalog",
        "/other",
        "//[",
        "?a=b",
    ] {
        let link = format!("<{next}>; rel=\"next\"");
        let served = Served::new(move |_, _| {
            Response::new(200, r#"{"repositories":["a"]}"#).with("Link", link.clone())
        });
        let registry = anonymous(served.host()).await;
        let error = registry.expand(&selections(&["*"])).await.unwrap_err();
        assert_eq!(error.class, RegistryClass::Nonsense, "{next}: {error}");
        assert!(served.seen().len() <= 2, "{next}");
    }
}

#[tokio::test]
async fn names_that_are_none_are_refused() {
    let served = Served::new(|_, request| {
        let catalog = r#"{"repositories":["../../admin"]}"#;
        let tags = r#"{"tags":["a\u001b[2J"]}"#;
        let is_catalog = request.target.contains("_catalog");
        Response::new(200, if is_catalog { catalog } else { tags })
    });
    let registry = anonymous(served.host()).await;
    for text in ["*", "app:*"] {
        let error = registry.expand(&selections(&[text])).await.unwrap_err();
        assert_eq!(error.class, RegistryClass::Nonsense, "{error}");
        assert!(!error.to_string().contains('\u{1b}'), "{error}");
    }
    assert!(!served.paths().iter().any(|path| path.contains("admin")));
}

#[tokio::test]
async fn throttling_is_waited_out_and_ends() {
    let asked = AtomicU32::new(0);
    let image = Image::oci(&["one"]).manifest();
    let served = Served::new(move |_, request| {
        let busy = match request.target.as_str() {
            "/v2/app/manifests/1" => asked.fetch_add(1, Ordering::SeqCst) < 3,
            _ => true,
        };
        if busy {
            return Response::new(429, "{}").with("Retry-After", "0");
        }
        Response::new(200, image.clone())
    });
    let registry = anonymous(served.host()).await;
    assert!(
        registry
            .manifest(&artifact("app:1"))
            .await
            .unwrap()
            .is_some()
    );
    assert_eq!(served.seen().len(), 4);
    let error = registry.manifest(&artifact("app:2")).await.unwrap_err();
    assert_eq!(error.class, RegistryClass::Unavailable);
    assert!(error.to_string().contains("429"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let host = Served::new(|_, _| Response::new(404, "")).host().to_owned();
    let registry = anonymous(&host).await;
    let error = registry.digest(&artifact("app:1")).await.unwrap_err();
    assert_eq!(error.class, RegistryClass::Unavailable);
    assert!(error.to_string().contains(&host), "{error}");
}

#[tokio::test]
async fn silence_is_waited_for_so_long_only() {
    // The kernel takes the connections, and nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("http://{}", silent.local_addr().unwrap());
    let options = NetworkOptions {
        timeout: Duration::from_millis(50),
        ..NetworkOptions::default()
    };
    let network = Network::new(options).unwrap();
    let registry = Registry::connect(&host, &RegistryLogin::Anonymous, &network, false);
    let found = registry.await.unwrap().digest(&artifact("app:1")).await;
    assert_eq!(found.unwrap_err().class, RegistryClass::Unavailable);
}

/// Eight artifacts are read at a time, and all want the same list and the same token.
#[tokio::test]
async fn tags_are_listed_once_also_by_many_at_a_time() {
    let image = Image::oci(&["one"]).manifest();
    let manifests: Vec<_> = (0..8)
        .map(|tag| (format!("manifests/{tag}"), image.clone()))
        .collect();
    let served = holding(manifests);
    let registry = anonymous(served.host()).await;
    let texts: Vec<_> = (0..8).map(|tag| format!("app:{tag}")).collect();
    let texts: Vec<_> = texts.iter().map(String::as_str).collect();
    let report = preflight(&registry, &selections(&texts), Many::Refused)
        .await
        .unwrap();
    assert_eq!(report.artifacts.len(), 8);
    let lists = served
        .paths()
        .iter()
        .filter(|path| path.ends_with("/tags/list"))
        .count();
    assert_eq!(lists, 1);
}

#[tokio::test]
async fn bytes_that_are_not_what_the_digest_says_are_refused() {
    let image = Image::oci(&["one"]).manifest();
    let other = digest(b"other");
    let (sent, said) = (image.clone(), other.clone());
    let served = Served::new(move |_, request| {
        let answer = Response::new(200, sent.clone());
        if request.target.ends_with("/lie") {
            answer.with("Docker-Content-Digest", said.clone())
        } else {
            answer
        }
    });
    let registry = anonymous(served.host()).await;
    for text in ["app:lie".to_owned(), format!("app@{other}")] {
        let error = registry.manifest(&artifact(&text)).await.unwrap_err();
        assert_eq!(error.class, RegistryClass::Nonsense, "{error}");
        assert!(error.to_string().contains(&other), "{error}");
    }
    // Without the header the bytes themselves are asked.
    let found = registry.digest(&artifact("app:1")).await.unwrap();
    assert_eq!(found, Some(digest(&image)));
}

#[tokio::test]
async fn answers_without_end_are_cut_off() {
    let served = holding(vec![("manifests/1".to_owned(), vec![b' '; (4 << 20) + 1])]);
    let registry = anonymous(served.host()).await;
    let error = registry.manifest(&artifact("app:1")).await.unwrap_err();
    assert_eq!(error.class, RegistryClass::Nonsense);
    assert_eq!(served.seen().len(), 1, "it is not asked again");
}

#[tokio::test]
async fn indexes_are_bounded_in_depth_and_number() {
    let image = Image::oci(&["one"]).manifest();
    let mut deep = vec![(String::from("image"), image.clone())];
    for level in 1..5 {
        let below = &deep.last().unwrap().1;
        let kind = if level == 1 { OCI_MANIFEST } else { OCI_INDEX };
        let made = index(&[descriptor(kind, below)]);
        deep.push((format!("manifests/level{level}"), made));
    }
    let many: Vec<_> = (0..1001)
        .map(|number| descriptor(OCI_MANIFEST, format!("{number}").as_bytes()))
        .collect();
    deep.push(("manifests/many".to_owned(), index(&many)));
    let odd = json!({"mediaType": OCI_MANIFEST, "digest": "sha512:ab", "size": 1});
    deep.push(("manifests/odd".to_owned(), index(&[odd])));
    let served = holding(deep);
    let registry = anonymous(served.host()).await;
    let fits = registry.manifest(&artifact("app:level3")).await.unwrap();
    assert_eq!(
        fits.unwrap().children[0].children[0].children[0]
            .layers
            .len(),
        2
    );
    for text in ["app:level4", "app:many", "app:odd"] {
        let error = registry.manifest(&artifact(text)).await.unwrap_err();
        assert_eq!(error.class, RegistryClass::Nonsense, "{text}: {error}");
    }
}

#[tokio::test]
async fn referrers_come_by_the_api_with_all_pages() {
    let subject = digest(b"subject");
    let (one, two) = (
        descriptor(OCI_MANIFEST, b"1"),
        descriptor(OCI_MANIFEST, b"2"),
    );
    let path = format!("/v2/app/referrers/{subject}");
    let pages = [index(std::slice::from_ref(&one)), index(&[two, one])];
    let served = Served::new(move |_, request| {
        if !request.target.starts_with(&path) {
            return Response::new(404, "");
        }
        if request.target.contains("page=2") {
            Response::new(200, pages[1].clone())
        } else {
            Response::new(200, pages[0].clone()).with("Link", "<?page=2>; rel=next")
        }
    });
    let registry = anonymous(served.host()).await;
    let found = registry.referrers("app", &subject).await.unwrap();
    assert_eq!(found.len(), 2);
    registry.referrers("app", &subject).await.unwrap();
    let lists = served
        .paths()
        .iter()
        .filter(|path| path.ends_with("/tags/list"))
        .count();
    assert_eq!(lists, 1, "tags are listed once a repository");
}
