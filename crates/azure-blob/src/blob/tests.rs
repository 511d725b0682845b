//! Against a server that misbehaves on purpose: what the engine is told, and what nobody is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use blobferry_transfer::store::{BlobSource as _, BlockSink as _, CopySource, Pin};
use blobferry_transfer::{BlockId, ByteRange, Meter, Payload, Rope};
use bytes::Bytes;

use super::*;
use crate::sas::{Plaintext, SasToken};
use crate::service::ServiceOptions;
use server::{Reply, Server};

mod server;

/// The marked signature that must show up nowhere.
const SECRET: &str = "TOPSECRETsignatureTOPSECRETsignature0123456";

fn sas(expiry: &str) -> SasToken {
    SasToken::parse(&format!(
        "sv=2022-11-02&sr=b&sp=rw&se={expiry}&sig={SECRET}%3D"
    ))
    .unwrap()
}

fn service() -> Service {
    let stall_timeout = Duration::from_millis(300);
    Service::new(ServiceOptions {
        stall_timeout,
        ..ServiceOptions::default()
    })
    .unwrap()
}

fn blob(server: &Server, sas: SasSource, role: Role) -> AzureBlob {
    let url = format!(
        "http://127.0.0.1:{}/acct/transfer/my%20blob.tar",
        server.port
    );
    let url = SasUrl::parse(&url, Plaintext::LoopbackOnly).unwrap();
    AzureBlob::connect(url, sas, role, &service()).unwrap()
}

fn source(server: &Server) -> AzureBlob {
    blob(
        server,
        SasSource::fixed(Some(sas("2099-01-01"))),
        Role::Source,
    )
}

fn sink(server: &Server) -> AzureBlob {
    blob(
        server,
        SasSource::fixed(Some(sas("2099-01-01"))),
        Role::Destination,
    )
}

fn payload(bytes: &'static [u8]) -> Arc<Payload> {
    let mut rope = Rope::new(Meter::default());
    rope.push(Bytes::from_static(bytes));
    rope.finish(None)
}

fn hides_the_secret(error: &StoreError) {
    let mut said = format!("{error} {error:?} {:?}", error.hint);
    let mut cause: Option<&dyn std::error::Error> = std::error::Error::source(error);
    while let Some(error) = cause {
        said = format!("{said} {error} {error:?}");
        cause = error.source();
    }
    assert!(
        !said.contains("TOPSECRET") && !said.contains("sig="),
        "{said}"
    );
}

async fn read(blob: &AzureBlob, len: u64) -> (Rope, Result<(), StoreError>) {
    let mut rope = Rope::new(Meter::default());
    let pin = Pin("\"0x1\"".to_owned());
    let result = blob.read(ByteRange::new(0, len), &pin, &mut rope).await;
    if let Err(error) = &result {
        hides_the_secret(error);
    }
    (rope, result)
}

fn part(etag: &str, range: &str, len: usize, body: &str) -> Reply {
    Reply::text(format!(
        "HTTP/1.1 206 Partial Content\r\nETag: {etag}\r\nContent-Range: {range}\r\nContent-Length: {len}\r\n\r\n{body}"
    ))
}

#[tokio::test]
async fn a_read_asks_for_the_range_of_the_pinned_version_and_takes_it() {
    let server = Server::start(|_, _| part("\"0x1\"", "bytes 0-4/9", 5, "hello")).await;
    let (rope, result) = read(&source(&server), 5).await;
    result.unwrap();
    assert_eq!(rope.finish(None).chunks().concat(), b"hello");
    let seen = server.seen();
    assert!(
        seen[0].contains("range: bytes=0-4\r\n") && seen[0].contains("if-match: \"0x1\""),
        "{seen:?}"
    );
    assert!(
        seen[0].contains(&format!("sig={SECRET}")) && seen[0].contains("user-agent: blobferry/")
    );
}

#[tokio::test]
async fn a_reset_in_the_middle_is_transient_and_keeps_what_came() {
    let server = Server::start(|_, _| part("\"0x1\"", "bytes 0-9/10", 10, "hello")).await;
    let (rope, result) = read(&source(&server), 10).await;
    assert_eq!(result.unwrap_err().class, ErrorClass::Transient);
    assert_eq!(rope.len(), 5);
}

#[tokio::test]
async fn another_version_or_range_is_never_believed() {
    for (reply, class) in [
        (
            part("\"0x2\"", "bytes 0-4/5", 5, "hello"),
            ErrorClass::Changed,
        ),
        (
            part("\"0x1\"", "bytes 1-5/6", 5, "hello"),
            ErrorClass::Rejected,
        ),
        (
            Reply::text("HTTP/1.1 200 OK\r\nETag: \"0x1\"\r\nContent-Length: 9\r\n\r\n123456789"),
            ErrorClass::Rejected,
        ),
        (Reply::status(412, "ConditionNotMet"), ErrorClass::Changed),
        (Reply::status(416, "InvalidRange"), ErrorClass::Changed),
        (Reply::status(404, "BlobNotFound"), ErrorClass::NotFound),
        (Reply::status(503, "ServerBusy"), ErrorClass::Throttled),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let (rope, result) = read(&source(&server), 5).await;
        assert_eq!(result.unwrap_err().class, class);
        assert!(rope.is_empty());
    }
}

#[tokio::test]
async fn silence_is_transient_within_the_stall_time_out() {
    for reply in [
        Reply::Silence,
        part("\"0x1\"", "bytes 0-9/10", 10, "hello").then_silence(),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let started = Instant::now();
        let (_, result) = read(&source(&server), 10).await;
        let error = result.unwrap_err();
        assert_eq!(error.class, ErrorClass::Transient);
        assert!(error.message.contains("no bytes for 0.3 s"), "{error}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_rotated_file_carries_on_after_one_refusal() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("sas");
    fs_err::write(&path, sas("2098-01-01").expose()).unwrap();
    let from_file = SasSource::file(&path).unwrap();
    let server = Server::start(|head, _| {
        if head.contains("se=2099") {
            part("\"0x1\"", "bytes 0-4/5", 5, "hello")
        } else {
            Reply::status(403, "AuthenticationFailed")
        }
    })
    .await;
    let blob = blob(&server, from_file, Role::Source);
    let (_, refused) = read(&blob, 5).await;
    assert_eq!(refused.unwrap_err().class, ErrorClass::Denied);
    fs_err::write(&path, sas("2099-01-01").expose()).unwrap();
    let (rope, result) = read(&blob, 5).await;
    result.unwrap();
    assert_eq!((rope.len(), server.seen().len()), (5, 3));
}

#[tokio::test]
async fn a_refusal_says_what_a_look_at_the_sas_shows() {
    let server = Server::start(|_, _| Reply::status(403, "AuthenticationFailed")).await;
    let expired = blob(
        &server,
        SasSource::fixed(Some(sas("2020-01-01"))),
        Role::Source,
    );
    let (_, result) = read(&expired, 5).await;
    assert!(
        result
            .unwrap_err()
            .hint
            .unwrap()
            .contains("expired at 2020-01-01")
    );
    let without = blob(&server, SasSource::fixed(None), Role::Source);
    let (_, result) = read(&without, 5).await;
    assert!(
        result
            .unwrap_err()
            .hint
            .unwrap()
            .contains("--source-sas-file")
    );
}

#[tokio::test]
async fn the_services_own_words_are_not_repeated() {
    let body =
        format!("<Error><Code>AuthenticationFailed</Code><AuthenticationErrorDetail>{SECRET}");
    let reply = Reply::text(format!(
        "HTTP/1.1 403 No {SECRET}\r\nx-ms-request-id: {SECRET}=\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let server = Server::start(move |_, _| reply.clone()).await;
    let (_, result) = read(&source(&server), 5).await;
    assert!(
        result
            .unwrap_err()
            .message
            .contains("403 AuthenticationFailed")
    );
}

#[tokio::test]
async fn a_block_goes_out_with_its_crc_and_its_length() {
    let server =
        Server::start(|_, _| Reply::text("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"))
            .await;
    let (block, sent) = (payload(b"123456789"), Meter::default());
    sink(&server)
        .stage(&BlockId::from_raw(vec![7; 16]), &block, &sent)
        .await
        .unwrap();
    let seen = server.seen().remove(0);
    // CRC-64/NVME's check value 0xae8b14860a799888, little-endian, in base64.
    assert!(seen.contains("x-ms-content-crc64: iJh5CoYUi64="), "{seen}");
    assert!(
        seen.contains("content-length: 9\r\n") && !seen.contains("content-length: 0"),
        "{seen}"
    );
    assert!(seen.ends_with("\r\n\r\n123456789"), "{seen}");
    assert_eq!(sent.get(), 9);
}

#[tokio::test]
async fn a_foreign_crc_echo_is_damage() {
    let reply =
        "HTTP/1.1 201 Created\r\nx-ms-content-crc64: AAAAAAAAAAA=\r\nContent-Length: 0\r\n\r\n";
    let server = Server::start(move |_, _| Reply::text(reply)).await;
    let id = BlockId::from_raw(vec![7; 16]);
    let error = sink(&server)
        .stage(&id, &payload(b"x"), &Meter::default())
        .await
        .unwrap_err();
    assert_eq!(error.class, ErrorClass::Damaged);
}

#[tokio::test]
async fn a_server_side_copy_is_pinned_and_its_failure_hides_the_source() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let server = Server::start(move |_, _| match count.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::text(
            "HTTP/1.1 201 Created\r\nx-ms-content-crc64: AAAAAAAAAAA=\r\nContent-Length: 0\r\n\r\n",
        ),
        1 => Reply::status(412, "SourceConditionNotMet"),
        _ => Reply::status(403, "CannotVerifyCopySource"),
    })
    .await;
    let url = format!("https://src.example/c/b?sv=1&sig={SECRET}");
    let from = CopySource {
        url,
        display: "https://src.example/c/b".to_owned(),
    };
    let (id, pin) = (BlockId::from_raw(vec![7; 16]), Pin("\"0x1\"".to_owned()));
    let sink = sink(&server);
    let range = ByteRange::new(8, 8);
    let said = sink
        .stage_from(&id, &from, range, &pin, None)
        .await
        .unwrap();
    assert_eq!(said.unwrap().value(), 0);
    for class in [ErrorClass::Changed, ErrorClass::Unsupported] {
        let error = sink
            .stage_from(&id, &from, range, &pin, None)
            .await
            .unwrap_err();
        hides_the_secret(&error);
        assert_eq!(error.class, class);
    }
    let seen = server.seen().remove(0);
    for header in [
        "x-ms-source-if-match: \"0x1\"",
        "x-ms-source-range: bytes=8-15",
        &format!("sig={SECRET}"),
    ] {
        assert!(seen.contains(header), "{seen}");
    }
    let long = CopySource {
        url: format!("https://src.example/{}", "x".repeat(3000)),
        ..from
    };
    let error = sink
        .stage_from(&id, &long, range, &pin, None)
        .await
        .unwrap_err();
    assert_eq!(
        (error.class, calls.load(Ordering::SeqCst)),
        (ErrorClass::Unsupported, 3)
    );
}

#[tokio::test]
async fn absence_is_an_answer_and_a_missing_container_an_error() {
    for (code, wanted) in [
        ("BlobNotFound", None),
        ("ContainerNotFound", Some(ErrorClass::NotFound)),
    ] {
        let server = Server::start(move |_, _| Reply::status(404, code)).await;
        let sink = sink(&server);
        assert_eq!(sink.existing().await.err().map(|error| error.class), wanted);
        assert_eq!(sink.staged().await.err().map(|error| error.class), wanted);
        assert_eq!(
            sink.committed().await.err().map(|error| error.class),
            wanted
        );
    }
}

#[tokio::test]
async fn a_sas_that_may_only_write_sees_nothing() {
    let server = Server::start(|_, _| Reply::status(403, "AuthorizationPermissionMismatch")).await;
    let writer = SasToken::parse("sv=1&sr=b&sp=cw&se=2099-01-01&sig=x").unwrap();
    let sink = blob(&server, SasSource::fixed(Some(writer)), Role::Destination);
    assert!(sink.existing().await.unwrap().is_none());
    assert!(sink.staged().await.unwrap().is_empty());
    assert_eq!(
        sink.committed().await.unwrap_err().class,
        ErrorClass::Denied
    );
}

#[tokio::test]
async fn an_unknown_host_is_unreachable_and_a_closed_port_transient() {
    let connect = |url: &str| {
        let url = SasUrl::parse(url, Plaintext::Anywhere).unwrap();
        AzureBlob::connect(
            url,
            SasSource::fixed(Some(sas("2099-01-01"))),
            Role::Source,
            &service(),
        )
        .unwrap()
    };
    let error = connect("http://no-such-host.invalid/c/b")
        .open()
        .await
        .unwrap_err();
    hides_the_secret(&error);
    assert_eq!(error.class, ErrorClass::Unreachable);
    let closed = Server::start(|_, _| Reply::Silence).await.port;
    let error = connect(&format!("http://127.0.0.1:{closed}/a/c/b"))
        .open()
        .await
        .unwrap_err();
    hides_the_secret(&error);
    assert_eq!(error.class, ErrorClass::Transient);
}

#[test]
fn nothing_about_a_blob_shows_the_secret() {
    let url = format!("https://acct.example/c/b?sv=1&sr=b&sp=r&se=2099-01-01&sig={SECRET}%3D");
    let url = SasUrl::parse(&url, Plaintext::LoopbackOnly).unwrap();
    let own = SasSource::fixed(url.sas().cloned());
    let blob = AzureBlob::connect(url, own, Role::Source, &service()).unwrap();
    let said = format!(
        "{blob:?} {:?} {}",
        blob.copy_source(),
        blob.copy_source().unwrap().display
    );
    assert!(!said.contains("TOPSECRET"), "{said}");
    assert!(blob.copy_source().unwrap().url.contains(SECRET));
}
