//! Lines over real sockets: what passes, how fast, and how they end.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream as Peer;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::{JoinSet, spawn_blocking};

use super::*;

const MIB: usize = 1 << 20;

async fn connect(trunk: &Trunk) -> (Line, Cut, Peer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = spawn_blocking(move || Peer::connect(address).unwrap());
    let (line, cut) = trunk.carry(listener.accept().await.unwrap().0);
    (line, cut, peer.await.unwrap())
}

fn trunk(per_connection: Option<u64>, in_total: Option<u64>) -> Trunk {
    let trunk = Trunk::default();
    trunk.limit(&LineLimits {
        per_connection,
        in_total,
        ..LineLimits::default()
    });
    trunk
}

/// Bytes that betray a piece out of place.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

#[tokio::test]
async fn what_passes_is_what_was_sent_with_limits_and_without() {
    for trunk in [
        Trunk::default(),
        trunk(Some(40 << 20), Some(80 << 20)),
        trunk(Some(2 << 20), None),
    ] {
        let (mut line, _, mut peer) = connect(&trunk).await;
        assert!(line.is_write_vectored());
        let echo = spawn_blocking(move || {
            let mut all = vec![0; MIB];
            peer.read_exact(&mut all).unwrap();
            peer.write_all(&all).unwrap();
        });
        let sent = pattern(MIB);
        let mut at = 0;
        while at < sent.len() {
            let (one, rest) = sent[at..].split_at((sent.len() - at).min(1000));
            at += line
                .write_vectored(&[IoSlice::new(one), IoSlice::new(rest)])
                .await
                .unwrap();
        }
        let mut received = Vec::with_capacity(MIB);
        while received.len() < MIB {
            assert!(line.read_buf(&mut received).await.unwrap() > 0);
        }
        assert!(received == sent);
        echo.await.unwrap();
    }
}

/// Sends `bytes` over each line of one trunk; gives the seconds it took, and when each line ended.
async fn race(lines: usize, rate: u64, bytes: usize) -> (f64, Vec<f64>) {
    let trunk = trunk(None, Some(rate));
    let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
    let mut open = Vec::new();
    for _ in 0..lines {
        open.push(connect(&trunk).await);
    }
    let start = Instant::now();
    for (mut line, _, mut peer) in open {
        readers.spawn_blocking(move || std::io::copy(&mut peer, &mut std::io::sink()).unwrap());
        writers.spawn(async move {
            line.write_all(&vec![1; bytes]).await.unwrap();
            start.elapsed().as_secs_f64()
        });
    }
    let ends = writers.join_all().await;
    assert!(
        readers
            .join_all()
            .await
            .iter()
            .all(|read| *read == u64::try_from(bytes).unwrap())
    );
    (ends.iter().copied().fold(0.0, f64::max), ends)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trunk_is_shared_and_its_limit_holds() {
    // 25 MB/s, 10 MB in all: 0.4 s, less the burst (0.02 s) and the last pieces (8 x 5 ms), which are paid afterwards.
    let (seconds, ends) = race(8, 25_000_000, 1_250_000).await;
    assert!(seconds >= 0.33, "{seconds}");
    // They end together: at 0.33 s on average. One after the other it would be 0.2 s. (Single lines may be early: they
    // have the burst, or the turns of those whose reader's thread has not begun.)
    let mean = ends.iter().sum::<f64>() / 8.0;
    assert!(mean >= 0.27, "{ends:?}");
}

/// By hand, on a quiet machine: `cargo test -p blobferry-lab --lib -- --ignored --nocapture gigabit`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: needs a machine that does nothing else"]
async fn sixteen_lines_share_a_gigabit_to_two_percent() {
    let (seconds, ends) = race(16, 125_000_000, 125_000_000 / 16 * 4).await;
    println!("4 s at 1 Gbit/s took {seconds}: {ends:?}");
    assert!((3.92..=4.08).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn reads_are_limited_too() {
    let (mut line, _, mut peer) = connect(&trunk(Some(5_000_000), None)).await;
    let start = Instant::now();
    let sender = spawn_blocking(move || peer.write_all(&vec![1; 2_000_000]).unwrap());
    let mut all = Vec::new();
    line.read_to_end(&mut all).await.unwrap();
    sender.await.unwrap();
    assert_eq!(all.len(), 2_000_000);
    assert!(start.elapsed() >= Duration::from_millis(360));
}

#[tokio::test]
async fn new_limits_are_for_open_lines_too() {
    // At 10 bytes a second this would take a day.
    let trunk = trunk(Some(10), None);
    let (mut line, _, mut peer) = connect(&trunk).await;
    let reader = spawn_blocking(move || std::io::copy(&mut peer, &mut std::io::sink()).unwrap());
    let mut writer = JoinSet::new();
    writer.spawn(async move { line.write_all(&vec![1; MIB]).await.unwrap() });
    assert!(
        tokio::time::timeout(Duration::from_millis(50), writer.join_next())
            .await
            .is_err(),
        "it must wait"
    );
    trunk.limit(&LineLimits::default());
    writer.join_all().await;
    assert_eq!(reader.await.unwrap(), 1 << 20);
}

#[tokio::test]
async fn a_cut_wakes_who_waits_and_the_peer_sees_a_reset() {
    let (line, cut, mut peer) = connect(&Trunk::default()).await;
    let (mut reader, mut writer) = tokio::io::split(line);
    let mut both = JoinSet::new();
    both.spawn(async move {
        let error = reader.read_u8().await.unwrap_err();
        // Its half of the line lives until both are done.
        (error.kind(), reader.read_u8().await.unwrap_err().kind())
    });
    both.spawn(async move {
        // Waits as soon as the kernel's buffers are full: nobody reads.
        let error = writer.write_all(&vec![1; 64 * MIB]).await.unwrap_err();
        assert!(writer.flush().await.is_err() && writer.shutdown().await.is_err());
        (error.kind(), writer.write_u8(1).await.unwrap_err().kind())
    });
    // The peer has something, so both halves have been polled at least once or will find the cut.
    peer = spawn_blocking(move || {
        peer.read_exact(&mut [0; 1000]).unwrap();
        peer
    })
    .await
    .unwrap();
    cut.reset();
    for kinds in both.join_all().await {
        assert_eq!(
            kinds,
            (ErrorKind::ConnectionReset, ErrorKind::ConnectionReset)
        );
    }
    let end = spawn_blocking(move || std::io::copy(&mut peer, &mut std::io::sink()));
    assert_eq!(
        end.await.unwrap().unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );
}

#[tokio::test]
async fn a_cut_ends_a_wait_for_the_limit() {
    let (mut line, cut, _peer) = connect(&trunk(Some(10), None)).await;
    let mut writer = JoinSet::new();
    writer.spawn(async move { line.write_all(&vec![1; MIB]).await.unwrap_err().kind() });
    cut.reset();
    assert_eq!(writer.join_all().await, [ErrorKind::ConnectionReset]);
}

#[tokio::test]
async fn without_a_cut_the_peer_sees_an_end() {
    let (mut line, _, mut peer) = connect(&Trunk::default()).await;
    line.write_all(b"bye").await.unwrap();
    drop(line);
    let mut all = String::new();
    let read = spawn_blocking(move || peer.read_to_string(&mut all).map(|_| all));
    assert_eq!(read.await.unwrap().unwrap(), "bye");
}
