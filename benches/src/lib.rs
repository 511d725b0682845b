//! Benches: side-by-side runs with peers over the lab's null mode, the lab's own numbers, and bundles beside split,
//! openssl and par2.

pub mod bundle_numbers;
pub mod lab_numbers;
pub mod measure;
pub mod server;
pub mod side_by_side;
pub mod size;
