//! Benches: a null blob service to measure against, and side-by-side runs with peers.

pub mod measure;
pub mod null_service;
pub mod side_by_side;
pub mod size;
