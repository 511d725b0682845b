//! What the integration tests and benches stand on: a real Azurite with two accounts, SAS minted independently of the
//! code under test, generated data, and child processes that cannot outlive their test.

pub mod azcopy;
pub mod azurite;
pub mod command;
pub mod debian;
pub mod image;
pub mod node;
pub mod pattern;
pub mod python;
pub mod rclone;
pub mod registry;
pub mod sas;
pub mod scene;
pub mod service;
pub mod skip;
pub mod target;

pub use azcopy::Azcopy;
pub use azurite::{Azurite, DESTINATION, SOURCE};
pub use command::{Finished, Run, Running};
pub use pattern::{md5_base64, pattern, sha256_hex, write_pattern_file};
pub use python::Python;
pub use rclone::Rclone;
pub use sas::{Account, Sas, Terms};
pub use scene::Scene;
pub use service::{Answer, Block};
pub use target::{Service, Target};
