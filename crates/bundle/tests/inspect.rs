//! Looking into blobs: archives made here with the `tar` crate, whole, damaged and hostile.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails says so by panicking"
)]

#[path = "inspect/archives.rs"]
mod archives;
#[path = "inspect/damage.rs"]
mod damage;
#[path = "inspect/docker.rs"]
mod docker;
#[path = "inspect/hostile.rs"]
mod hostile;
#[path = "inspect/layouts.rs"]
mod layouts;
