//! Digests as types, hashers that take a stream in order and can be put to sleep at any byte, and the
//! one value — [`Verified`] — that says "these bytes are what was expected". No I/O, no async.
//!
//! | to | use |
//! |---|---|
//! | name a digest | [`Sha256Digest`], [`Md5Digest`], [`Crc64`] |
//! | hash a stream in order, save and resume half-way | [`OrderedHasher`], [`MidState`] |
//! | join the CRCs of blocks into that of the whole | [`Coverage`] |
//! | compare with what the user expects | [`Expect`], giving [`Verified`] |
//!
//! A proof is built from values that cannot be forged outside this crate: [`Hashed`] comes only from
//! [`OrderedHasher::finish`], [`Covered`] only from [`Coverage::finish`], [`Verified`] only from
//! [`Expect::prove`]. None of them can be had without saying how long the stream is.

mod coverage;
mod crc64;
mod digest;
mod error;
mod expect;
mod hasher;
mod hex;
mod lanes;
mod proof;

pub use coverage::{Coverage, Covered};
pub use crc64::{Crc64, Crc64Hasher};
pub use digest::{Md5Digest, Sha256Digest};
pub use error::{DigestParseError, IntegrityError, MidStateParseError};
pub use expect::Expect;
pub use hasher::{Algorithm, Hashed, MidState, OrderedHasher};
pub use lanes::{Sha256Lanes, sha256_each};
pub use proof::Verified;
