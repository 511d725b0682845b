//! Scratch, to be removed.
#![allow(
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::print_stdout,
    missing_docs
)]
use blobferry_azure_blob::sas::*;
use blobferry_azure_blob::*;
use blobferry_integrity::*;
use blobferry_transfer::store::*;
use blobferry_transfer::*;
use bytes::Bytes;
use std::sync::Arc;

fn pl(bytes: Vec<u8>) -> Arc<Payload> {
    let mut r = Rope::new(Meter::default());
    r.push(Bytes::from(bytes));
    r.finish(None)
}

#[tokio::main]
async fn main() {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(std::io::stderr)
        .init();
    let port = std::env::args().nth(1).unwrap();
    let version = std::env::args().nth(2).unwrap_or(DEFAULT_VERSION.into());
    let key = AccountKey::from_base64("a2V5MWtleTFrZXkxa2V5MQ==").unwrap();
    let exp = Some(SasTime::from(
        jiff::Timestamp::now() + jiff::SignedDuration::from_hours(3),
    ));
    let http = reqwest::Client::new();
    let service = Service::new(ServiceOptions {
        version,
        tags: true,
        ..Default::default()
    })
    .unwrap();
    let open = |acct: &str, blob: &str, sp: &str, role| {
        let sas = ServiceSas {
            account: acct.into(),
            container: "transfer".into(),
            blob: Some(blob.into()),
            permissions: sp.into(),
            expiry: exp.clone(),
            version: "2022-11-02".into(),
            ..Default::default()
        }
        .sign(&key)
        .unwrap();
        let url = SasUrl::parse(
            &format!(
                "http://127.0.0.1:{port}/{acct}/transfer/{}?{}",
                blob.replace(' ', "%20"),
                sas.expose()
            ),
            Plaintext::LoopbackOnly,
        )
        .unwrap();
        let s = SasSource::fixed(url.sas().cloned());
        AzureBlob::connect(url, s, role, &service).unwrap()
    };
    for acct in ["acct1", "acct2"] {
        let sas = AccountSas {
            account: acct.into(),
            services: "b".into(),
            resource_types: "sco".into(),
            permissions: "rwdlac".into(),
            expiry: exp.clone(),
            version: "2022-11-02".into(),
            ..Default::default()
        }
        .sign(&key)
        .unwrap();
        let r = http
            .put(format!(
                "http://127.0.0.1:{port}/{acct}/transfer?restype=container&{}",
                sas.expose()
            ))
            .header("x-ms-version", "2021-12-02")
            .header("content-length", "0")
            .send()
            .await
            .unwrap();
        println!("create container {acct}: {}", r.status());
    }
    let missing = open("acct1", "no such", "rw", Role::Source);
    println!("open missing: {:?}", missing.open().await.unwrap_err());
    let a = open("acct1", "dir/my blob.tar", "rwt", Role::Destination);
    println!(
        "existing: {:?} staged {:?} committed {:?}",
        a.existing().await,
        a.staged().await,
        a.committed().await
    );
    let data: Vec<Vec<u8>> = (0..3).map(|i| vec![i as u8 + 65; 1 << 20]).collect();
    let tag = PlanTag::derive(&["x"]);
    let mut ids = vec![];
    let mut cov = Coverage::new();
    let mut hash = OrderedHasher::new(Algorithm::Sha256);
    for (i, d) in data.iter().enumerate() {
        let p = pl(d.clone());
        let id = BlockId::new(tag, BlockIndex(i as u32), Some(p.crc64()), 16);
        let m = Meter::default();
        println!(
            "stage {i}: {:?} sent {}",
            a.stage(&id, &p, &m).await,
            m.get()
        );
        cov.add(p.len(), p.crc64());
        hash.update(d);
        ids.push(id);
    }
    println!(
        "staged equal: {:?}",
        a.staged()
            .await
            .unwrap()
            .iter()
            .map(|b| (ids.contains(&b.id), b.len))
            .collect::<Vec<_>>()
    );
    let short = BlockId::from_raw(vec![1; 8]);
    println!(
        "foreign length: {:?}",
        a.stage(&short, &pl(vec![1; 10]), &Meter::default()).await
    );
    let verified = Expect::default()
        .prove(
            cov.finish(3 << 20).unwrap(),
            vec![hash.finish(3 << 20).unwrap()],
        )
        .unwrap();
    let mut props = Properties {
        content_type: Some("application/x-tar".into()),
        content_language: Some("de".into()),
        content_encoding: Some("gzip".into()),
        cache_control: Some("no-cache".into()),
        content_disposition: Some("attachment; filename=\"x\"".into()),
        content_md5: Some(Md5Digest::of(b"x")),
        ..Default::default()
    };
    props
        .metadata
        .insert("category".into(), "acr-transfer-blob".into());
    props.tags = Some([("k y".to_string(), "v=1".to_string())].into());
    props.tier = Some("Cool".into());
    println!(
        "commit: {:?}",
        a.commit(Commit {
            blocks: &ids,
            properties: &props,
            condition: &Condition::Absent,
            verified: &verified
        })
        .await
    );
    println!(
        "commit again absent: {:?}",
        a.commit(Commit {
            blocks: &ids,
            properties: &props,
            condition: &Condition::Absent,
            verified: &verified
        })
        .await
    );
    println!(
        "commit version wrong: {:?}",
        a.commit(Commit {
            blocks: &ids,
            properties: &props,
            condition: &Condition::Version("\"0x123\"".into()),
            verified: &verified
        })
        .await
    );
    println!(
        "committed {:?}",
        a.committed()
            .await
            .unwrap()
            .iter()
            .map(|b| (ids.contains(&b.id), b.len))
            .collect::<Vec<_>>()
    );
    let lost = BlockId::from_raw(vec![9; 16]);
    println!(
        "blocks lost: {:?}",
        a.commit(Commit {
            blocks: &[lost],
            properties: &props,
            condition: &Condition::Any,
            verified: &verified
        })
        .await
    );
    let s = open("acct1", "dir/my blob.tar", "rt", Role::Source);
    let info = s.open().await.unwrap();
    println!("open: {info:#?}");
    let pin = info.pin.unwrap();
    let mut rope = Rope::new(Meter::default());
    println!(
        "read {:?}",
        s.read(ByteRange::new(1 << 20, 1 << 20), &pin, &mut rope)
            .await
    );
    let chunks = rope.finish(None);
    println!(
        "  chunks {} crc ok {}",
        chunks.chunks().len(),
        chunks.crc64() == Crc64::of(&data[1])
    );
    let mut rope = Rope::new(Meter::default());
    println!(
        "read whole {:?}",
        s.read(ByteRange::new(0, 3 << 20), &pin, &mut rope).await
    );
    println!(
        "read wrong pin {:?}",
        s.read(ByteRange::new(0, 1), &Pin("\"0x99\"".into()), &mut rope)
            .await
    );
    println!(
        "read behind end {:?}",
        s.read(ByteRange::new(9 << 20, 1), &pin, &mut rope).await
    );
    println!(
        "write with r only: {:?}",
        open("acct1", "dir/my blob.tar", "r", Role::Destination)
            .stage(&ids[0], &pl(vec![1]), &Meter::default())
            .await
    );
    println!(
        "write with c only: {:?}",
        open("acct1", "new", "c", Role::Destination)
            .stage(&ids[0], &pl(vec![1]), &Meter::default())
            .await
    );
    // from url
    let b = open("acct2", "copy", "rw", Role::Destination);
    let src = s.copy_source().unwrap();
    println!(
        "stage_from: {:?} (want {:?})",
        b.stage_from(&ids[0], &src, ByteRange::new(0, 1 << 20), &pin, None)
            .await,
        Crc64::of(&data[0])
    );
    println!(
        "stage_from with crc: {:?}",
        b.stage_from(
            &ids[1],
            &src,
            ByteRange::new(1 << 20, 1 << 20),
            &pin,
            Some(Crc64::of(&data[1]))
        )
        .await
    );
    println!(
        "stage_from wrong crc: {:?}",
        b.stage_from(
            &ids[1],
            &src,
            ByteRange::new(1 << 20, 1 << 20),
            &pin,
            Some(Crc64::of(b"z"))
        )
        .await
    );
    println!(
        "stage_from wrong pin: {:?}",
        b.stage_from(
            &ids[2],
            &src,
            ByteRange::new(0, 1 << 20),
            &Pin("\"0x99\"".into()),
            None
        )
        .await
    );
    let denied = open("acct1", "dir/my blob.tar", "w", Role::Source)
        .copy_source()
        .unwrap();
    println!(
        "stage_from denied source: {:?}",
        b.stage_from(&ids[2], &denied, ByteRange::new(0, 1 << 20), &pin, None)
            .await
    );
    let gone = open("acct1", "nope", "r", Role::Source)
        .copy_source()
        .unwrap();
    println!(
        "stage_from missing source: {:?}",
        b.stage_from(&ids[2], &gone, ByteRange::new(0, 1 << 20), &pin, None)
            .await
    );
    let off = CopySource {
        url: "https://nowhere.example/c/b".into(),
        display: "x".into(),
    };
    println!(
        "stage_from foreign source: {:?}",
        b.stage_from(&ids[2], &off, ByteRange::new(0, 1 << 20), &pin, None)
            .await
    );
    // empty
    let e = open("acct2", "empty", "rw", Role::Destination);
    let v = Expect::default()
        .prove(Coverage::new().finish(0).unwrap(), vec![])
        .unwrap();
    println!(
        "empty commit: {:?}",
        e.commit(Commit {
            blocks: &[],
            properties: &Properties::default(),
            condition: &Condition::Any,
            verified: &v
        })
        .await
    );
    println!(
        "empty existing: {:?} open {:?}",
        e.existing().await,
        e.open().await.err()
    );
    // whole engine
    for (via, name) in [(Via::Only(Way::Relay), "r"), (Via::Only(Way::Server), "s")] {
        let opts = CopyOptions {
            via,
            block_size: Some(1 << 20),
            ..Default::default()
        };
        let p = plan(
            Source::Ranged(Arc::new(open(
                "acct1",
                "dir/my blob.tar",
                "rt",
                Role::Source,
            ))),
            Destination::Blocks(Arc::new(open("acct2", name, "rwt", Role::Destination))),
            opts,
        )
        .await;
        match p {
            Ok(p) => {
                let r = p
                    .run(
                        Arc::new(Silent),
                        Arc::new(Stats::default()),
                        Cancel::never(),
                    )
                    .await;
                println!("engine {name}: {r:?}")
            }
            Err(e) => println!("engine plan {name}: {e:?}"),
        }
    }
}
