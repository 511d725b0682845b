//! Benches: side-by-side runs with peers over the lab's null mode, and the lab's own numbers.

pub mod lab_numbers;
pub mod measure;
pub mod server;
pub mod side_by_side;
pub mod size;
