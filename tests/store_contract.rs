//! One contract for every store: the same suite runs against memory, a local file, the lab and Azurite.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;

use blobferry_azure_blob::{
    AzureBlob, Plaintext, Role, SasSource, SasUrl, Service, ServiceOptions,
};
use blobferry_harness::{DESTINATION, Scene, pattern};
use blobferry_integrity::{Coverage, Crc64, Expect, Verified};
use blobferry_lab::store::{Metadata, NewBlob};
use blobferry_lab::{Address, Content, Lab, Options};
use blobferry_transfer::store::file::FileSource;
use blobferry_transfer::store::memory::MemoryBlob;
use blobferry_transfer::store::{
    BlobSource, BlockSink, Commit, Condition, Existing, Pin, Properties,
};
use blobferry_transfer::{
    BlockId, BlockIndex, ByteRange, ErrorClass, Meter, Payload, PlanTag, Rope, StoreError,
};

const LEN: usize = 300_000;

fn payload(bytes: &[u8]) -> Arc<Payload> {
    let mut rope = Rope::new(Meter::default());
    for chunk in bytes.chunks(70_000) {
        rope.push(chunk.to_vec().into());
    }
    rope.finish(None)
}

/// A proof over these bytes, made as everybody must make it.
fn proof(bytes: &[u8]) -> Verified {
    let mut coverage = Coverage::new();
    let len = u64::try_from(bytes.len()).unwrap();
    coverage.add(len, Crc64::of(bytes));
    Expect::default()
        .prove(coverage.finish(len).unwrap(), Vec::new())
        .unwrap()
}

async fn source_contract(source: &dyn BlobSource, content: &[u8]) {
    let info = source.open().await.unwrap();
    let len = u64::try_from(content.len()).unwrap();
    assert_eq!(info.length, Some(len));
    let pin = info.pin.unwrap();
    for (start, part) in [(0, len), (0, 1), (len - 1, 1), (1000, 100_000)] {
        let mut rope = Rope::new(Meter::default());
        source
            .read(ByteRange::new(start, part), &pin, &mut rope)
            .await
            .unwrap();
        let got = rope.finish(None);
        let from = usize::try_from(start).unwrap();
        let to = usize::try_from(start + part).unwrap();
        assert_eq!(got.chunks().concat(), content[from..to], "{start}+{part}");
        assert_eq!(got.crc64(), Crc64::of(&content[from..to]));
    }
    let mut rope = Rope::new(Meter::default());
    let stale = Pin("\"0xSTALE\"".to_owned());
    let error = source
        .read(ByteRange::new(0, 10), &stale, &mut rope)
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Changed, "{error}");
}

async fn sink_contract(sink: &dyn BlockSink) {
    let blocks = [pattern(1, 1000), pattern(2, 150_000), pattern(3, 1)];
    let ids = staging_contract(sink, &blocks).await;
    commit_contract(sink, &ids, &blocks.concat()).await;
    condition_contract(sink, &ids[0], &blocks[0]).await;
}

/// Any order, twice the same, and nothing visible. Returns the ids in order.
async fn staging_contract(sink: &dyn BlockSink, blocks: &[Vec<u8>; 3]) -> Vec<BlockId> {
    let tag = PlanTag::derive(&["contract"]);
    assert!(sink.existing().await.unwrap().is_none());
    assert!(sink.staged().await.unwrap().is_empty());
    let sent = Meter::default();
    let mut ids = std::collections::BTreeMap::new();
    for number in [2_u32, 0, 1, 0] {
        let payload = payload(&blocks[usize::try_from(number).unwrap()]);
        let crc = Some(payload.crc64());
        let id = BlockId::new(tag, BlockIndex(number), crc, BlockId::MIN_LEN);
        sink.stage(&id, &payload, &sent).await.unwrap();
        ids.insert(number, id);
    }
    assert_eq!(sent.get(), 152_001);
    assert!(
        sink.existing().await.unwrap().is_none(),
        "staged is not visible"
    );
    let listed = sink.staged().await.unwrap();
    let listed = listed
        .iter()
        .map(|block| (block.id.parse(tag).unwrap().0.0, block.len));
    let mut lens: Vec<_> = listed.collect();
    lens.sort_unstable();
    assert_eq!(lens, [(0, 1000), (1, 150_000), (2, 1)]);
    ids.into_values().collect()
}

async fn commit(
    sink: &dyn BlockSink,
    blocks: &[BlockId],
    condition: Condition,
    verified: &Verified,
) -> Result<Existing, StoreError> {
    let metadata = [("category".to_owned(), "acr-transfer-blob".to_owned())].into();
    let properties = Properties {
        content_type: Some("a/b".to_owned()),
        metadata,
        ..Properties::default()
    };
    let commit = Commit {
        blocks,
        properties: &properties,
        condition: &condition,
        verified,
    };
    sink.commit(commit).await
}

/// A commit takes all blocks or none, and says what stands there.
async fn commit_contract(sink: &dyn BlockSink, ids: &[BlockId], whole: &[u8]) {
    let verified = proof(whole);
    let tag = PlanTag::derive(&["contract"]);
    let unknown = BlockId::new(tag, BlockIndex(9), None, BlockId::MIN_LEN);
    let with_unknown = [ids, &[unknown]].concat();
    let lost = commit(sink, &with_unknown, Condition::Any, &verified).await;
    assert_eq!(lost.unwrap_err().class, ErrorClass::BlocksLost);
    assert!(
        sink.existing().await.unwrap().is_none(),
        "a refused commit changes nothing"
    );
    let first = commit(sink, ids, Condition::Absent, &verified)
        .await
        .unwrap();
    let existing = sink.existing().await.unwrap().unwrap();
    assert_eq!((existing.etag, existing.length), (first.etag, 151_001));
    let committed = sink.committed().await.unwrap().into_iter();
    assert!(committed.map(|block| block.id).eq(ids.iter().cloned()));
}

/// A condition that does not hold changes nothing.
async fn condition_contract(sink: &dyn BlockSink, id: &BlockId, bytes: &[u8]) {
    let (block, verified) = ([id.clone()], proof(bytes));
    let stands = sink.existing().await.unwrap().unwrap();
    sink.stage(id, &payload(bytes), &Meter::default())
        .await
        .unwrap();
    for wrong in [
        Condition::Absent,
        Condition::Version("\"0xOTHER\"".to_owned()),
    ] {
        let refused = commit(sink, &block, wrong, &verified).await.unwrap_err();
        assert_eq!(refused.class, ErrorClass::Exists, "{refused}");
    }
    assert_eq!(sink.existing().await.unwrap().unwrap().etag, stands.etag);
    let right = Condition::Version(stands.etag);
    commit(sink, &block, right, &verified).await.unwrap();
    assert_eq!(sink.existing().await.unwrap().unwrap().length, 1000);
    commit(sink, &[], Condition::Any, &proof(&[]))
        .await
        .unwrap();
    let empty = sink.existing().await.unwrap().unwrap();
    assert_eq!(empty.length, 0, "no block makes an empty blob");
}

#[tokio::test]
async fn memory_keeps_the_contract() {
    let content = pattern(5, LEN);
    source_contract(&MemoryBlob::holding(content.clone()), &content).await;
    sink_contract(&MemoryBlob::default()).await;
}

#[tokio::test]
async fn a_file_keeps_the_contract_of_a_source() {
    let content = pattern(6, LEN);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("blob");
    fs_err::write(&path, &content).unwrap();
    source_contract(&FileSource::new(&path).unwrap(), &content).await;
}

fn open(url: &str, role: Role) -> AzureBlob {
    let url = SasUrl::parse(url, Plaintext::LoopbackOnly).unwrap();
    let service = Service::new(ServiceOptions::default()).unwrap();
    let sas = SasSource::fixed(url.sas().cloned());
    AzureBlob::connect(url, sas, role, &service).unwrap()
}

#[tokio::test]
async fn azurite_keeps_the_contract() {
    let Some(scene) = Scene::set("unused") else {
        return;
    };
    let content = scene.export("source", LEN);
    source_contract(&open(&scene.source("source"), Role::Source), &content).await;
    sink_contract(&open(&scene.destination("sink"), Role::Destination)).await;
    assert!(scene.arrived("sink").unwrap().is_empty());
    assert_eq!(
        scene.azurite.list(DESTINATION, &scene.to).unwrap(),
        ["sink"]
    );
}

#[tokio::test]
async fn the_lab_keeps_the_contract() {
    let lab = Lab::start(Options::default()).unwrap();
    let content = pattern(7, LEN);
    let [source, sink] = ["source", "target"].map(|account| Address {
        account: account.to_owned(),
        container: "contract".to_owned(),
        blob: "blob".to_owned(),
    });
    let bytes = Content::memory(content.clone().into());
    lab.store()
        .put_synthetic(&source, bytes, NewBlob::default())
        .unwrap();
    let container = Address {
        blob: String::new(),
        ..sink.clone()
    };
    lab.store()
        .create_container(&container, Metadata::new())
        .unwrap();
    let expiry = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    source_contract(&open(&lab.url(&source, expiry), Role::Source), &content).await;
    sink_contract(&open(&lab.url(&sink, expiry), Role::Destination)).await;
    assert!(lab.store().blob(&sink).unwrap().content.is_empty());
}
