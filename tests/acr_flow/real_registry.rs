//! Debian's docker-registry on both sides, filled by skopeo and asked by skopeo: what the lab's runs carry between them is
//! what was pushed, byte for byte.

use blobferry_harness::Run;
use blobferry_harness::image::{Image, Layout, digest};
use blobferry_harness::registry::{Registry, USER};
use serde_json::Value;

use crate::ground::{Ground, of_type};
use crate::results;

/// Pushes images of all forms; their names.
fn fill(registry: &Registry) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let push = |name: &str, descriptor: &Value| registry.push(&layout, name, descriptor).unwrap();
    let oci = layout.image(&Image::oci(&["one", "two"])).unwrap();
    let docker = layout.image(&Image::docker(&["one", "three"])).unwrap();
    let index = layout.index(&[oci.clone(), docker.clone()]).unwrap();
    let mut chart = Image::oci(&["chart"]);
    "application/vnd.cncf.helm.config.v1+json".clone_into(&mut chart.config_type);
    let sbom = Image::referring("application/spdx+json", &oci, "packages");
    let sbom = layout.image(&sbom).unwrap();
    let by_digest = format!("team/app@{}", sbom["digest"].as_str().unwrap());
    push("team/app:oci", &oci);
    push("team/app:docker", &docker);
    push("team/app:all", &index);
    push("charts/hello:1", &layout.image(&chart).unwrap());
    push(&by_digest, &sbom);
    push(
        "other:1",
        &layout.image(&Image::oci(&["not asked for"])).unwrap(),
    );
    let tagged = [
        "team/app:oci",
        "team/app:docker",
        "team/app:all",
        "charts/hello:1",
    ];
    let tagged = tagged.into_iter().map(str::to_owned);
    tagged.chain([by_digest]).collect()
}

fn skopeo(words: &[&str]) -> Run {
    Run::new("skopeo").arg("--insecure-policy").args(words)
}

/// A manifest's bytes, as skopeo gets them; `None`: there is none.
fn raw(registry: &Registry, name: &str) -> Option<Vec<u8>> {
    let at = format!("docker://{}/{name}", registry.host());
    let done = skopeo(&["inspect", "--raw", "--tls-verify=false", &at]).run();
    let done = done.unwrap();
    (done.code() == Some(0)).then_some(done.stdout)
}

/// Every manifest, those of an index too, and every config and layer by a pull, whose digests skopeo checks.
fn same(source: &Registry, target: &Registry, name: &str) -> usize {
    let there = raw(source, name).unwrap();
    let arrived = raw(target, name);
    assert_eq!(
        arrived.as_deref().map(digest),
        Some(digest(&there)),
        "{name} in the target"
    );
    let manifest: Value = serde_json::from_slice(&there).unwrap();
    let Some(children) = manifest["manifests"].as_array() else {
        let folder = tempfile::tempdir().unwrap();
        let from = format!("docker://{}/{name}", target.host());
        let to = format!("dir:{}", folder.path().display());
        let pull = skopeo(&["copy", "--preserve-digests", "--src-tls-verify=false"]);
        drop(pull.args([from, to]).run().unwrap().expect_code(0));
        return 1;
    };
    let repository = name.split([':', '@']).next().unwrap();
    let below = children.iter().map(|child| {
        let child = child["digest"].as_str().unwrap();
        same(source, target, &format!("{repository}@{child}"))
    });
    1 + below.sum::<usize>()
}

#[test]
fn what_skopeo_pushed_arrives_in_another_real_registry() {
    let (Some(source), Some(target)) = (Registry::or_skip(), Registry::or_skip()) else {
        return;
    };
    let names = fill(&source);
    let ground = Ground::with_registries(source.url(), target.url(), &[]);
    let by_digest = names.last().unwrap().as_str();
    let wanted = ["-a", "team/*", "charts/hello:1", by_digest];

    let words = [&["preflight", "-r", "registry1", "-o", "json"][..], &wanted];
    let lines = ground.run(&words.concat(), 0).json_lines().unwrap();
    assert_eq!(of_type(&lines, "artifact").len(), names.len());
    assert_eq!(results(&ground.export(&wanted, 0)), ["exported"]);
    let receipt = ground.receipt();
    let sent = receipt["runs"][0]["artifacts"].as_array().unwrap();
    assert_eq!(sent.len(), names.len());
    for one in sent {
        let bytes = raw(&source, one["artifact"].as_str().unwrap()).unwrap();
        assert_eq!(one["digest"], digest(&bytes), "{one}");
    }

    ground.carry("week.tar", |_, _| {});
    let lines = ground.import(&["--receipt", "receipt.json"], 0);
    assert_eq!(lines.last().unwrap()["proven"], names.len());
    let manifests: usize = names.iter().map(|name| same(&source, &target, name)).sum();
    assert_eq!(manifests, names.len() + 2, "the index has two more");
    assert!(raw(&target, "other:1").is_none());

    // The tag is another's meanwhile: refused without OverwriteTags, and moved with it.
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::create(folder.path()).unwrap();
    let other = layout.image(&Image::oci(&["somebody else's"])).unwrap();
    target.push(&layout, "team/app:oci", &other).unwrap();
    let again = ["--receipt", "receipt.json", "--force-redeploy"];
    let failed = ground.import(&again, 8).last().unwrap().to_string();
    assert!(failed.contains("OverwriteTags"), "{failed}");
    let overwrites = ["-e", "false", "-z", "OverwriteTags"];
    ground.pipeline("import", "registry2", "pipe2", "target", &overwrites);
    ground.import(&again, 0);
    assert_eq!(same(&source, &target, "team/app:oci"), 1);
}

#[test]
fn a_real_registry_with_a_password_is_asked_by_those_who_have_it() {
    let Some(source) = Registry::with_password() else {
        return;
    };
    let names = fill(&source);
    let (user, password) = USER;
    let url = format!(
        "http://{user}:{}@{}",
        password.replace(' ', "%20"),
        source.host()
    );
    let secrets = [password, &password.replace(' ', "%20")];
    let ground = Ground::with_registries(url, "http://127.0.0.1:9".to_owned(), &secrets);
    let words = ["preflight", "-r", "registry1", "-a", &names[0]];
    ground.run(&words, 5);
    let login = ["--registry-user", user];
    let run = ground.command(&[&words[..], &login].concat());
    let run = run.env("ACR_TRANSFER_REGISTRY_PASSWORD", password);
    let done = run.run().unwrap().expect_code(0);
    assert!(!done.stdout_text().contains(password));
    // The run itself has them from the lab's own URL.
    let lines = ground.export(&["-a", &names[0], "--skip-preflight"], 0);
    assert_eq!(results(&lines), ["exported"]);
}
