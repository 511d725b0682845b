//! Azure Blob Storage by SAS, behind the transfer engine's seam.

pub mod sas;
mod transport;
