//! The lab over real HTTP, asked by a client that shows everything: heads as they were sent, and whether a connection
//! ended in order or by a reset. One test a rule; and the command line of `acr-lab`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "lab/access.rs"]
mod access;
#[path = "lab/blocks.rs"]
mod blocks;
#[path = "lab/checksums.rs"]
mod checksums;
#[path = "lab/command.rs"]
mod command;
#[path = "lab/conditions.rs"]
mod conditions;
#[path = "lab/containers.rs"]
mod containers;
#[path = "lab/control.rs"]
mod control;
#[path = "lab/copies.rs"]
mod copies;
#[path = "lab/directory.rs"]
mod directory;
#[path = "lab/ground.rs"]
mod ground;
#[path = "lab/hostile.rs"]
mod hostile;
#[path = "lab/identity.rs"]
mod identity;
#[path = "lab/reads.rs"]
mod reads;
#[path = "lab/wire.rs"]
mod wire;
#[path = "lab/wire_faults.rs"]
mod wire_faults;
#[path = "lab/wire_times.rs"]
mod wire_times;
