//! Azure Blob Storage by SAS, behind the transfer engine's seam.
//!
//! | to | use |
//! |---|---|
//! | read a URL or a SAS, look at it, check it, make one | [`sas`] |
//! | set up what both ends share | [`Service`] |
//! | read or write one blob | [`AzureBlob`], a [`BlobSource`] and a [`BlockSink`] |
//! | get a key for user delegation SAS | [`user_delegation_key`] |
//!
//! Requests are the SDK's (`azure_storage_blob`), but for ranged reads; what carries them is our own
//! transport, which alone knows the signature. Repeating, resuming and proving are the engine's.
//!
//! [`BlobSource`]: blobferry_transfer::store::BlobSource
//! [`BlockSink`]: blobferry_transfer::store::BlockSink

mod blob;
mod classify;
mod delegation;
mod failure;
mod operation;
pub mod sas;
mod service;
mod transport;

pub use blob::{AzureBlob, Changed, Role};
pub use delegation::{LONGEST_DELEGATION, user_delegation_key};
pub use sas::{Plaintext, SasSource, SasToken, SasUrl};
pub use service::{DEFAULT_STALL_TIMEOUT, DEFAULT_VERSION, Service, ServiceError, ServiceOptions};
