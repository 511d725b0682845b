//! An emulated Azure Blob service: what it stores, who may ask, what can be made to go wrong, and the HTTP around it; and,
//! where that is wanted, the rest of a [`cloud`].
//!
//! Read downwards: [`Lab`] starts listeners; each request becomes an [`Operation`] on an [`Address`]; [`fault`] may
//! bend it, [`auth`] may refuse it, [`store`] performs it on [`content`] that is kept by reference.

pub mod address;
pub mod auth;
pub mod clock;
pub mod cloud;
pub mod content;
pub mod fault;
mod lab;
pub mod line;
pub mod refusal;
mod service;
pub mod store;
pub mod tls;

pub use address::{Address, Operation};
pub use clock::Clock;
pub use content::Content;
pub use lab::{Lab, Options};
pub use refusal::Refusal;
pub use service::{CopySources, Counted, Fill};
