//! `acr-transfer`'s pipelines and runs as a user meets them: help, usage errors, requests that are only shown, and whole
//! lives of pipelines and runs in a lab's cloud.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "acr_cli/desk.rs"]
mod desk;
#[path = "acr_cli/offline.rs"]
mod offline;
#[path = "acr_cli/parameters.rs"]
mod parameters;
#[path = "acr_cli/pipelines.rs"]
mod pipelines;
#[path = "acr_cli/runs.rs"]
mod runs;
#[path = "acr_cli/site.rs"]
mod site;
