//! Azure Container Registry *Transfer*, as a client sees it: what a registry holds, whether it will pass, the pipelines
//! and runs that carry it, the secrets they need, and the receipt that says what was carried.
//!
//! Read downwards; nothing here prints, exits or reads the environment.
//!
//! | to | use |
//! |---|---|
//! | know a cloud's addresses | [`cloud`] |
//! | hold a token | [`login`] |
//! | speak HTTP with a cloud's own CA and proxy | [`http`] |
//! | name things | [`resource`] |
//! | ask Azure Resource Manager | [`arm`] |
//! | describe pipelines and runs | [`pipeline`], [`run`], [`parameters`] |
//! | wait for a run | [`wait`] |
//! | keep a SAS in Key Vault | [`vault`] |
//! | say which artifacts | [`artifact`] |
//! | read a registry and judge what is there | [`registry`], [`preflight`] |
//! | write down what was carried | [`receipt`] |

pub mod arm;
pub mod artifact;
mod blank;
pub mod cloud;
pub mod http;
pub mod login;
#[cfg(test)]
mod loopback_tests;
pub mod parameters;
pub mod pipeline;
pub mod preflight;
pub mod receipt;
pub mod registry;
pub mod resource;
pub mod run;
pub mod vault;
pub mod wait;
