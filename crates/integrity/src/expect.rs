//! What a user says the bytes must be, and the comparison that alone makes a [`Verified`].

use std::{fmt, str::FromStr};

use crate::{
    Algorithm, Covered, DigestParseError, Hashed, IntegrityError, Md5Digest, Sha256Digest,
    Verified,
    digest::{describe, named},
};

const ACCEPTED: &str =
    "sha256:<64 hexadecimal characters> or md5:<32 hexadecimal or 24 base64 characters>";
const BARE: &str =
    "64 hexadecimal characters of a SHA-256, or a digest behind the prefix sha256: or md5:";

/// The digests that a stream is expected to have; by default none.
///
/// Parsed from one flag's value: `sha256:<64 hex>`, `md5:<32 hex or 24 base64>`, or a bare SHA-256 in hex.
/// Several flags are joined by [`merge`](Self::merge).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expect {
    /// The SHA-256 expected.
    pub sha256: Option<Sha256Digest>,
    /// The MD5 expected.
    pub md5: Option<Md5Digest>,
}

impl Expect {
    /// Whether nothing is expected.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.sha256.is_none() && self.md5.is_none()
    }

    /// Both expectations at once; the same digest named twice is one.
    ///
    /// # Errors
    /// [`IntegrityError::Conflict`] when they name different digests of one algorithm.
    pub fn merge(self, other: Self) -> Result<Self, IntegrityError> {
        Ok(Self {
            sha256: either(Algorithm::Sha256, self.sha256, other.sha256)?,
            md5: either(Algorithm::Md5, self.md5, other.md5)?,
        })
    }

    /// Compares what was computed over one stream with what is expected of it.
    ///
    /// With nothing expected this still proves that blocks and hashes cover the same number of bytes;
    /// [`Verified::proven`] is then false.
    ///
    /// # Errors
    /// [`IntegrityError::TotalsDiffer`] when a hash covers another number of bytes than the blocks,
    /// [`IntegrityError::Repeated`] when an algorithm comes twice, [`IntegrityError::Unproven`] when an
    /// expected digest was not computed, [`IntegrityError::Mismatch`] when it is another one.
    pub fn prove(&self, covered: Covered, hashed: Vec<Hashed>) -> Result<Verified, IntegrityError> {
        let (mut sha256, mut md5) = (None, None);
        for one in hashed {
            let algorithm = one.algorithm();
            if one.total() != covered.total() {
                return Err(IntegrityError::TotalsDiffer {
                    algorithm,
                    covered: covered.total(),
                    hashed: one.total(),
                });
            }
            let seen = match algorithm {
                Algorithm::Sha256 => sha256.replace(one).is_some(),
                Algorithm::Md5 => md5.replace(one).is_some(),
            };
            if seen {
                return Err(IntegrityError::Repeated { algorithm });
            }
        }
        let sha256 = sha256.and_then(|hashed| hashed.sha256());
        let md5 = md5.and_then(|hashed| hashed.md5());
        compare(Algorithm::Sha256, self.sha256, sha256, covered)?;
        compare(Algorithm::Md5, self.md5, md5, covered)?;
        Ok(Verified::new(covered, sha256, md5, !self.is_empty()))
    }
}

impl FromStr for Expect {
    type Err = DigestParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut expect = Self::default();
        let parts = named(text);
        if parts.is("md5") {
            expect.md5 = Some(text.parse()?);
        } else if parts.is("sha256") {
            expect.sha256 = Some(text.parse()?);
        } else if let Some(other) = parts.algorithm {
            return Err(DigestParseError::UnknownAlgorithm {
                found: describe(other),
                accepted: ACCEPTED,
            });
        } else {
            expect.sha256 = Some(text.parse().map_err(bare)?);
        }
        Ok(expect)
    }
}

/// A bare digest of another length may be a good MD5: the error says how to write it.
fn bare(error: DigestParseError) -> DigestParseError {
    match error {
        DigestParseError::WrongLength { found, .. } => DigestParseError::WrongLength {
            found,
            wanted: BARE,
        },
        other => other,
    }
}

fn either<D: Copy + PartialEq + fmt::Display>(
    algorithm: Algorithm,
    first: Option<D>,
    second: Option<D>,
) -> Result<Option<D>, IntegrityError> {
    match (first, second) {
        (Some(first), Some(second)) if first != second => Err(IntegrityError::Conflict {
            algorithm,
            first: first.to_string(),
            second: second.to_string(),
        }),
        _ => Ok(first.or(second)),
    }
}

fn compare<D: PartialEq + fmt::Display>(
    algorithm: Algorithm,
    expected: Option<D>,
    actual: Option<D>,
    covered: Covered,
) -> Result<(), IntegrityError> {
    let Some(expected) = expected else {
        return Ok(());
    };
    let actual = actual.ok_or(IntegrityError::Unproven { algorithm })?;
    if expected == actual {
        return Ok(());
    }
    Err(IntegrityError::Mismatch {
        algorithm,
        expected: expected.to_string(),
        actual: actual.to_string(),
        total: covered.total(),
    })
}

#[cfg(test)]
mod tests;
