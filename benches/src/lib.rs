//! Benches: a null blob service to measure against, and side-by-side runs with peers.

pub mod null_service;
pub mod size;
