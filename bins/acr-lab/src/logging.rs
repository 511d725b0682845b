//! The log of refused requests, without signatures.

use std::io;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Begins to log on standard error. The lab's events carry paths and codes, never a query or a header.
pub(crate) fn start() {
    let layer = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_target(false)
        .with_writer(io::stderr);
    let ours = Targets::new().with_target("blobferry_lab", LevelFilter::DEBUG);
    tracing_subscriber::registry().with(layer).with(ours).init();
}
