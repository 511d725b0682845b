//! Reading bundles that a disk in a bag or a one-way line has brought: verified, mended, restored and
//! asked for again, on simulated disks and against what an adversary puts there.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says where by panicking"
)]

#[path = "reading/channel.rs"]
mod channel;
#[path = "reading/crash.rs"]
mod crash;
#[path = "reading/ground.rs"]
mod ground;
#[path = "reading/hostile.rs"]
mod hostile;
#[path = "reading/mending.rs"]
mod mending;
#[path = "reading/trusting.rs"]
mod trusting;
#[path = "reading/verifying.rs"]
mod verifying;
