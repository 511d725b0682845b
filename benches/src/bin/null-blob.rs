//! The null blob service as a process of its own, so that its CPU seconds are not the client's.
#![expect(
    clippy::print_stdout,
    reason = "the address and the digest are what it is run for"
)]

use std::io::Read as _;
use std::thread;

use anyhow::Result;
use blobferry_benches::null_service;
use blobferry_benches::size::Size;
use clap::Parser;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A blob service on loopback that discards what is put and serves a pattern. Source blobs are called by their length:
/// `http://127.0.0.1:PORT/account/src/4294967296`.
#[derive(Debug, Parser)]
struct Arguments {
    /// Port to listen on; 0: any free one, which is printed
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Print the SHA-256 of a source blob of this length and end
    #[arg(long, value_name = "SIZE")]
    digest: Option<Size>,
    /// End when standard input closes, and so with the process that started this one
    #[arg(long)]
    end_with_stdin: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(size) = arguments.digest {
        println!("{}", null_service::digest(size.bytes()));
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", arguments.port)).await?;
        println!("http://{}", listener.local_addr()?);
        let (_unless_asked, closed) = if arguments.end_with_stdin {
            (None, stdin_closes())
        } else {
            let (sender, receiver) = oneshot::channel();
            (Some(sender), receiver)
        };
        tokio::select! {
            ended = null_service::serve(listener) => match ended? {},
            _ = closed => Ok(()),
        }
    })
}

/// Answers when standard input has come to its end. A thread, because that read cannot be cancelled.
fn stdin_closes() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let mut nothing = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut nothing);
        let _ = sender.send(());
    });
    receiver
}
