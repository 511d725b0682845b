//! What the integration tests and benches stand on: a real Azurite with two accounts, SAS minted independently of the
//! code under test, generated data, and child processes that cannot outlive their test.

pub mod azurite;
pub mod command;
pub mod node;
pub mod pattern;
pub mod sas;
pub mod scene;
pub mod service;

pub use azurite::{Azurite, DESTINATION, SOURCE};
pub use command::{Finished, Run, Running};
pub use pattern::{md5_base64, pattern, sha256_hex, write_pattern_file};
pub use sas::{Account, Sas, Terms};
pub use scene::Scene;
pub use service::{Answer, Block};
