//! What every crate below us logs at trace level: the signature is in the requests, and in no log.
//!
//! A process of its own, because a log that is only one thread's misses what others register.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test: helpers of integration tests are not covered by allow-unwrap-in-tests"
)]

use std::io::{self, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use blobferry_azure_blob::{
    AzureBlob, Plaintext, Role, SasSource, SasUrl, Service, ServiceOptions,
};
use blobferry_transfer::store::{BlobSource as _, BlockSink as _, CopySource, Pin};
use blobferry_transfer::{BlockId, ByteRange, Meter, Rope};
use bytes::Bytes;

const SECRET: &str = "TOPSECRETsignatureTOPSECRETsignature0123456";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Refuses every request; returns the port and what came.
fn refusing_server() -> (u16, Log) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Log::default();
    let log = seen.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            refuse(&mut stream.unwrap(), log.clone());
        }
    });
    (port, seen)
}

fn refuse(stream: &mut TcpStream, mut log: Log) {
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let mut buffer = [0; 4096];
    while let Ok(len @ 1..) = stream.read(&mut buffer) {
        log.write_all(&buffer[..len]).unwrap();
    }
    let head =
        "HTTP/1.1 403 No\r\nx-ms-error-code: AuthenticationFailed\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
}

#[tokio::test]
async fn logs_at_trace_level_of_every_crate_hide_the_signature() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let (port, seen) = refusing_server();
    let url =
        format!("http://127.0.0.1:{port}/a/c/b?sv=1&sr=b&sp=rw&se=2099-01-01&sig={SECRET}%3D");
    let url = SasUrl::parse(&url, Plaintext::LoopbackOnly).unwrap();
    let own = SasSource::fixed(url.sas().cloned());
    let service = Service::new(ServiceOptions::default()).unwrap();
    let blob = AzureBlob::connect(url, own, Role::Destination, &service).unwrap();
    let (id, pin) = (BlockId::from_raw(vec![7; 16]), Pin("\"0x1\"".to_owned()));
    let from = CopySource {
        url: format!("https://src.example/c/b?sv=1&sig={SECRET}"),
        display: "https://src.example/c/b".to_owned(),
    };
    let mut rope = Rope::new(Meter::default());
    rope.push(Bytes::from_static(b"x"));
    let payload = rope.finish(None);

    assert!(blob.open().await.is_err());
    assert!(blob.stage(&id, &payload, &Meter::default()).await.is_err());
    assert!(
        blob.stage_from(&id, &from, ByteRange::new(0, 1), &pin, None)
            .await
            .is_err()
    );
    let mut rope = Rope::new(Meter::default());
    assert!(
        blob.read(ByteRange::new(0, 1), &pin, &mut rope)
            .await
            .is_err()
    );

    let (sent, said) = (seen.text(), log.text());
    assert_eq!(sent.matches(SECRET).count(), 5, "{sent}");
    assert!(
        said.contains("typespec_client_core") && said.contains("hyper_util"),
        "{said}"
    );
    assert!(
        said.contains("AuthenticationFailed") && !said.contains("TOPSECRET"),
        "{said}"
    );
}
