//! `acr-transfer secret` and `sas mint` against a lab's cloud: what is minted opens just its purpose, what is kept in the
//! vault is the SAS with its own end, and no signature is said that was not asked for.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "acr_secrets/ground.rs"]
mod ground;
#[path = "acr_secrets/mint.rs"]
mod mint;
#[path = "acr_secrets/vault.rs"]
mod vault;
