//! Debian's docker-registry, filled by skopeo.

use blobferry_acr::preflight::{Many, Report, Severity, preflight};
use blobferry_acr::registry::{ManifestKind, RegistryClass, RegistryLogin};
use blobferry_harness::image::{FOREIGN_LAYER, Image, Layer, Layout};
use blobferry_harness::registry::{Registry, USER};
use oci_client::client::{ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use serde_json::Value;
use tempfile::TempDir;

use crate::{anonymous, artifact, connect, expanded, password, selections};

/// A registry, and a layout to fill it from.
struct Filled {
    registry: Registry,
    layout: Layout,
    _folder: TempDir,
}

impl Filled {
    fn or_skip() -> Option<Self> {
        Registry::or_skip().map(Self::of)
    }

    fn of(registry: Registry) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            registry,
            layout: Layout::create(folder.path()).unwrap(),
            _folder: folder,
        }
    }

    /// Pushes an image; its descriptor.
    fn push(&self, name: &str, image: &Image) -> Value {
        let descriptor = self.layout.image(image).unwrap();
        self.registry.push(&self.layout, name, &descriptor).unwrap();
        descriptor
    }

    fn push_index(&self, name: &str, manifests: &[Value]) -> Value {
        let descriptor = self.layout.index(manifests).unwrap();
        self.registry.push(&self.layout, name, &descriptor).unwrap();
        descriptor
    }

    async fn preflight(&self, texts: &[&str]) -> Report {
        let registry = anonymous(self.registry.host()).await;
        preflight(&registry, &selections(texts), Many::Split)
            .await
            .unwrap()
    }
}

fn digest(descriptor: &Value) -> &str {
    descriptor["digest"].as_str().unwrap()
}

fn codes(report: &Report) -> Vec<(&str, Option<&str>)> {
    let findings = report.findings.iter();
    findings
        .map(|one| (one.code, one.subject.as_deref()))
        .collect()
}

#[tokio::test]
async fn patterns_mean_what_was_pushed() {
    let Some(filled) = Filled::or_skip() else {
        return;
    };
    for name in ["app:1.0", "app:1.1", "app:2.0", "team/a/web:x", "team/b:y"] {
        filled.push(name, &Image::oci(&[name]));
    }
    let registry = anonymous(filled.registry.host()).await;
    let texts = [
        "team/*", "app:1.*", "none/*", "none:1", "nobody:*", "*b:y", "a?p:2.0",
    ];
    let expected: [&[&str]; 7] = [
        &["team/a/web:x", "team/b:y"],
        &["app:1.0", "app:1.1"],
        &[],
        &["none:1"],
        &[],
        &["team/b:y"],
        &["app:2.0"],
    ];
    assert_eq!(expanded(&registry, &texts).await, expected);
    assert_eq!(expanded(&registry, &["*"]).await[0].len(), 5);
}

#[tokio::test]
async fn manifests_of_all_forms_are_read() {
    let Some(filled) = Filled::or_skip() else {
        return;
    };
    let oci = filled.push("app:oci", &Image::oci(&["one", "two"]));
    filled.push("app:docker", &Image::docker(&["one"]));
    let mut chart = Image::oci(&["chart"]);
    chart.config_type = "application/vnd.cncf.helm.config.v1+json".to_owned();
    filled.push("app:chart", &chart);
    let other = filled.layout.image(&Image::oci(&["arm"])).unwrap();
    let index = filled.push_index("app:index", &[oci.clone(), other.clone()]);

    let registry = anonymous(filled.registry.host()).await;
    let read = async |text: &str| registry.manifest(&artifact(text)).await.unwrap().unwrap();
    let image = read("app:oci").await;
    assert_eq!((image.kind, image.layers.len()), (ManifestKind::Image, 3));
    assert_eq!(image.digest, digest(&oci));
    assert_eq!(Some(image.size), oci["size"].as_u64());
    assert_eq!(read("app:docker").await.kind, ManifestKind::Image);
    assert_eq!(read("app:chart").await.kind, ManifestKind::Artifact);
    let all = read("app:index").await;
    assert_eq!(
        (all.kind, all.digest.as_str()),
        (ManifestKind::Index, digest(&index))
    );
    let children: Vec<_> = all
        .children
        .iter()
        .map(|child| child.digest.as_str())
        .collect();
    assert_eq!(children, [digest(&oci), digest(&other)]);
    let by_digest = read(&format!("app@{}", digest(&other))).await;
    assert_eq!(by_digest.layers.len(), 2);
}

/// Another client's opinion of every digest.
#[tokio::test]
async fn digests_are_those_that_oci_client_finds() {
    let Some(filled) = Filled::or_skip() else {
        return;
    };
    let image = filled.push("team/app:1", &Image::docker(&["one"]));
    filled.push_index("team/app:all", std::slice::from_ref(&image));
    let registry = anonymous(filled.registry.host()).await;
    let other = oci_client::Client::new(ClientConfig {
        protocol: ClientProtocol::Http,
        ..ClientConfig::default()
    });
    for tag in ["1", "all"] {
        let ours = registry.digest(&artifact(&format!("team/app:{tag}"))).await;
        let host = filled.registry.host().to_owned();
        let there = oci_client::Reference::with_tag(host, "team/app".into(), tag.into());
        let theirs = other
            .fetch_manifest_digest(&there, &RegistryAuth::Anonymous)
            .await;
        assert_eq!(ours.unwrap(), Some(theirs.unwrap()));
    }
}

#[tokio::test]
async fn what_is_not_there_is_none() {
    let Some(filled) = Filled::or_skip() else {
        return;
    };
    filled.push("app:1", &Image::oci(&["one"]));
    let registry = anonymous(filled.registry.host()).await;
    let nowhere = format!("app@sha256:{}", "0".repeat(64));
    for text in ["app:2", "none:1", &nowhere] {
        let artifact = artifact(text);
        assert!(
            registry.manifest(&artifact).await.unwrap().is_none(),
            "{text}"
        );
        assert_eq!(registry.digest(&artifact).await.unwrap(), None, "{text}");
    }
    let report = filled.preflight(&["app:1", "app:2", "none/*"]).await;
    let expected = [
        ("nothing-matched", Some("none/*:*")),
        ("missing", Some("app:2")),
    ];
    assert_eq!(codes(&report), expected);
    assert_eq!(report.unmatched, ["none/*:*"]);
    assert_eq!(report.artifacts[1].digest, None);
}

/// docker-registry 2.8 has no referrers API: they are found by their tags.
#[tokio::test]
async fn signatures_are_found_by_tag_and_missed_in_the_list() {
    let Some(filled) = Filled::or_skip() else {
        return;
    };
    let image = filled.push("app:1", &Image::oci(&["one"]));
    let tag = digest(&image).replace(':', "-");
    let sbom = Image::referring("application/spdx+json", &image, "packages");
    let sbom = filled.layout.image(&sbom).unwrap();
    filled.push_index(&format!("app:{tag}"), std::slice::from_ref(&sbom));
    let signature = filled.push(&format!("app:{tag}.sig"), &Image::oci(&["signature"]));

    let registry = anonymous(filled.registry.host()).await;
    let found = registry.referrers("app", digest(&image)).await.unwrap();
    let mut expected = [
        (digest(&sbom), "application/spdx+json"),
        (
            digest(&signature),
            "application/vnd.dev.cosign.artifact.sig.v1+json",
        ),
    ];
    expected.sort_unstable();
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.digest.as_str(), one.artifact_type.as_deref().unwrap()))
        .collect();
    assert_eq!(found, expected);

    let report = filled.preflight(&["app:1"]).await;
    assert_eq!(codes(&report), [("referrers-left-behind", Some("app:1"))]);
    for (digest, kind) in expected {
        let message = &report.findings[0].message;
        assert!(
            message.contains(digest) && message.contains(kind),
            "{message}"
        );
    }
    let by_digest = format!("app@{}", digest(&sbom));
    let report = filled.preflight(&["app:1", &by_digest]).await;
    assert!(!report.findings[0].message.contains(digest(&sbom)));
    assert_eq!(codes(&filled.preflight(&["app:*"]).await), []);
}

#[tokio::test]
async fn strange_layers_are_told_and_bytes_counted_once() {
    let Some(filled) = Filled::or_skip() else {
        return;
    };
    let plain = Image::oci(&["shared layer", "own"]);
    let mut zstd = plain.clone();
    zstd.layers[1] =
        Layer::new("own, but smaller").of("application/vnd.oci.image.layer.v1.tar+zstd");
    let mut foreign = Image::docker(&["shared layer"]);
    let mut base = Layer::new("a base of Windows").of(FOREIGN_LAYER);
    base.urls = vec!["https://mcr.microsoft.com/v2/windows/base".to_owned()];
    foreign.layers.insert(0, base);
    filled.push("app:plain", &plain);
    filled.push("app:same", &plain);
    filled.push("app:zstd", &zstd);
    filled.push("win:1", &foreign);

    let report = filled.preflight(&["app:*", "win:1", "app:plain"]).await;
    let expected = [
        ("duplicate", Some("app:same")),
        ("zstd", Some("app:zstd")),
        ("foreign-layer", Some("win:1")),
    ];
    assert_eq!(codes(&report), expected);
    assert_eq!(report.findings[2].severity, Severity::Warning);
    assert!(report.findings[2].message.contains("mcr.microsoft.com"));
    let size = |image: &Image| image.manifest().len() + image.config().len();
    let shared = "shared layer".len();
    let all = size(&plain) + size(&zstd) + size(&foreign) + shared + 3 + "own, but smaller".len();
    assert_eq!(report.bytes, u64::try_from(all).unwrap());
    let own = u64::try_from(size(&foreign) + shared).unwrap();
    assert_eq!(
        (report.artifacts[3].bytes, report.artifacts[3].layers),
        (own, 3)
    );
    assert_eq!((report.runs, report.selected.len()), (1, 4));
}

#[tokio::test]
async fn a_basic_challenge_is_met_by_the_right_password_only() {
    let Some(filled) = Registry::with_password().map(Filled::of) else {
        return;
    };
    filled.push("app:1", &Image::oci(&["one"]));
    let host = filled.registry.host();
    let right = connect(host, &password(USER.0, USER.1)).await.unwrap();
    assert!(right.digest(&artifact("app:1")).await.unwrap().is_some());
    assert_eq!(expanded(&right, &["*"]).await, [["app:1"]]);
    for login in [
        RegistryLogin::Anonymous,
        password(USER.0, "not-the-PASSWORD"),
    ] {
        let registry = connect(host, &login).await.unwrap();
        let error = registry.manifest(&artifact("app:1")).await.unwrap_err();
        assert_eq!(error.class, RegistryClass::Denied);
        assert!(!error.to_string().contains("PASSWORD"), "{error}");
    }
}
