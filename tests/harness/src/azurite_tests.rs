//! The harness against the real Azurite: SAS are accepted, what is put comes back, and nothing is left running.

use super::*;
use crate::pattern::md5_base64;

#[test]
fn what_is_put_comes_back() {
    let Some(azurite) = Azurite::shared() else {
        return;
    };
    let container = azurite.fresh_container(SOURCE).unwrap();
    let bytes = pattern(1, 100_000);
    let md5 = md5_base64(&bytes);
    let headers = [
        ("content-type", "application/x-tar"),
        ("content-md5", md5.as_str()),
        ("x-ms-meta-category", "acr-transfer-blob"),
    ];
    azurite
        .put_blob(SOURCE, &container, "dir/my blob.tar", &bytes, &headers)
        .unwrap();

    let got = azurite
        .get_blob(SOURCE, &container, "dir/my blob.tar")
        .unwrap();
    assert_eq!(got.body, bytes);
    assert_eq!(got.header("content-md5"), Some(md5.as_str()));
    assert_eq!(got.header("x-ms-meta-category"), Some("acr-transfer-blob"));
    assert_eq!(
        azurite.list(SOURCE, &container).unwrap(),
        ["dir/my blob.tar"]
    );
    assert!(azurite.head(SOURCE, &container, "other").unwrap().is_none());

    azurite
        .put_block(SOURCE, &container, "staged", "AAAA", b"12345")
        .unwrap();
    let staged = azurite
        .uncommitted_blocks(SOURCE, &container, "staged")
        .unwrap();
    assert_eq!(
        staged,
        [crate::Block {
            id: "AAAA".to_owned(),
            size: 5
        }]
    );
    assert_eq!(
        azurite
            .uncommitted_blocks(SOURCE, &container, "nothing")
            .unwrap(),
        []
    );

    azurite
        .delete(SOURCE, &container, "dir/my blob.tar")
        .unwrap();
    assert!(
        azurite
            .head(SOURCE, &container, "dir/my blob.tar")
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_service_sas_opens_its_container_only() {
    let Some(azurite) = Azurite::shared() else {
        return;
    };
    let (mine, other) = (
        azurite.fresh_container(DESTINATION).unwrap(),
        azurite.fresh_container(DESTINATION).unwrap(),
    );
    for container in [&mine, &other] {
        azurite
            .put_blob(DESTINATION, container, "a b", b"x", &[])
            .unwrap();
    }
    let status = |sas: &Sas, container: &str| {
        let url = sas.on(&azurite.blob_url(DESTINATION, container, "a b"));
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        agent.get(&url).call().unwrap().status().as_u16()
    };
    let sas = azurite.sas(DESTINATION, &mine, None, "r").unwrap();
    assert_eq!((status(&sas, &mine), status(&sas, &other)), (200, 403));
    assert_eq!(
        status(
            &azurite.sas(DESTINATION, &mine, Some("a b"), "r").unwrap(),
            &mine
        ),
        200
    );
    assert_eq!(
        status(&azurite.sas(DESTINATION, &mine, None, "w").unwrap(), &mine),
        403
    );
    let expired = azurite
        .sas_with(&Terms::new("r").expires_in(-60), DESTINATION, &mine, None)
        .unwrap();
    assert_eq!(status(&expired, &mine), 403);
    let early = azurite
        .sas_with(&Terms::new("r").starts_in(600), DESTINATION, &mine, None)
        .unwrap();
    assert_eq!(status(&early, &mine), 403);
}

#[test]
fn dropping_it_ends_the_process() {
    let Some(azurite) = Azurite::start_or_skip() else {
        return;
    };
    let proc = std::path::PathBuf::from(format!("/proc/{}", azurite.pid()));
    assert!(proc.exists());
    drop(azurite);
    assert!(!proc.exists());
}
