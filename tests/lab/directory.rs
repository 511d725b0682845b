//! A lab that keeps its data in a folder: ended and begun again, it is the same.

use std::path::Path;

use blobferry_lab::{Fill, Lab, Options};

use crate::ground::{GIB, Ground};
use crate::wire::elements;

const ID: &str = "MDAwMQ==";

fn options(folder: &Path) -> Options {
    Options {
        data: Some(folder.to_owned()),
        ..Options::default()
    }
}

#[test]
fn what_was_there_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|number| number.to_le_bytes()[1])
        .collect();
    let ground = Ground::with(options(folder.path()));
    let put = ground
        .ask("PUT", "source/box/blob")
        .header("x-ms-blob-type", "BlockBlob")
        .body(&bytes);
    let etag = put
        .header("x-ms-meta-run", "42")
        .send()
        .expect(201)
        .told("etag")
        .to_owned();
    ground.stage("target/box/staged", ID, &bytes).expect(201);
    ground.synthetic("source/box/big", 100 * GIB, Fill::Pattern);
    let keys = ground.lab.store().accounts();
    drop(ground);

    let ground = Ground::with(options(folder.path()));
    assert!(ground.lab.store().accounts() == keys, "keys stay");
    let got = ground.get("source/box/blob").expect(200);
    assert!(got.body == bytes, "bytes stay");
    assert_eq!(
        (got.told("etag"), got.told("x-ms-meta-run")),
        (etag.as_str(), "42")
    );
    let listed = ground
        .get("target/box/staged?comp=blocklist&blocklisttype=all")
        .expect(200);
    assert_eq!(elements(&listed.text(), "Name"), [ID]);
    ground.commit("target/box/staged", &[ID]).expect(201);
    assert!(ground.get("target/box/staged").body == bytes);
    let head = ground.ask("HEAD", "source/box/big").send().expect(200);
    assert_eq!(head.told("content-length"), (100 * GIB).to_string());
}

#[test]
fn a_folder_is_one_labs() {
    let folder = tempfile::tempdir().unwrap();
    let first = Ground::with(options(folder.path()));
    let error = Lab::start(options(folder.path())).unwrap_err().to_string();
    assert!(
        error.contains(&folder.path().display().to_string()),
        "{error}"
    );
    first.put("source/box/blob", "x");
    drop(first);
    Ground::with(options(folder.path()))
        .get("source/box/blob")
        .expect(200);
}

#[test]
fn a_large_body_does_not_keep_others_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let ground = Ground::with(Options {
        threads: 1,
        ..options(folder.path())
    });
    let bytes: Vec<u8> = (0..16_000_000_u32)
        .map(|number| number.to_le_bytes()[0])
        .collect();
    std::thread::scope(|scope| {
        let putting = scope.spawn(|| ground.put("source/box/large", &bytes));
        while !putting.is_finished() {
            ground.bare("GET", "_lab/status").send().expect(200);
        }
    });
    assert!(ground.get("source/box/large").body == bytes);
}
