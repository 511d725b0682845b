//! What can be wrong with a digest's text, and with a stream that was to be proven.

use crate::Algorithm;

/// Why a text is not a digest; every message says what would be accepted.
///
/// The text itself is never quoted whole: a user who pastes a SAS URL into the wrong flag must not
/// find it in a log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestParseError {
    /// The text names an algorithm that this place does not take.
    #[error("digest algorithm {found} is not accepted here: write {accepted}")]
    UnknownAlgorithm {
        /// What stood before the colon: in quotes when it looks like a name, described otherwise.
        found: String,
        /// The forms that are accepted.
        accepted: &'static str,
    },
    /// The digest is too short or too long.
    #[error("a digest of {found} characters: wanted {wanted}")]
    WrongLength {
        /// Characters found, after the prefix.
        found: usize,
        /// The forms that are accepted, with their lengths.
        wanted: &'static str,
    },
    /// A character that is no hexadecimal digit.
    #[error(
        "character {position} of the digest is {found:?}: only hexadecimal digits (0-9, a-f, A-F) are accepted"
    )]
    NotHex {
        /// The character.
        found: char,
        /// Where it stands in the digest after the prefix, counted in characters from 1.
        position: usize,
    },
    /// The right length for base64, but not the base64 of a digest.
    #[error(
        "not base64: wanted {wanted} in the standard alphabet (A-Z, a-z, 0-9, +, /), padded with ="
    )]
    NotBase64 {
        /// The form that is accepted, with its length.
        wanted: &'static str,
    },
}

/// Why a text is not a saved hash state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MidStateParseError {
    /// Not `algorithm:position:hex`, or longer than any saved state can be.
    #[error("a saved hash state is <sha256 or md5>:<position>:<hex>, at most {limit} characters")]
    Shape {
        /// The longest text that can be one, in bytes.
        limit: usize,
    },
    /// The state's hexadecimal part cannot be read.
    #[error("a saved hash state with unreadable hex")]
    State {
        /// What is wrong with it.
        source: DigestParseError,
    },
    /// The state's length does not fit its position.
    #[error(
        "a saved {algorithm} state at byte {position} has {found} hex characters: wanted {wanted}"
    )]
    WrongLength {
        /// The algorithm named.
        algorithm: Algorithm,
        /// The position named, in bytes.
        position: u64,
        /// Hex characters found.
        found: usize,
        /// Hex characters that this algorithm has at this position.
        wanted: usize,
    },
    /// Readable, but not as this crate writes it (upper case, leading zeros, a sign), or a state which
    /// no stream of that length can have.
    #[error("a saved {algorithm} state at byte {position} which this program cannot have written")]
    NotCanonical {
        /// The algorithm named.
        algorithm: Algorithm,
        /// The position named, in bytes.
        position: u64,
    },
}

/// Why bytes are not proven to be what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntegrityError {
    /// A stream was said to be over at another byte than the last one taken.
    #[error("{taken} bytes were checked ({by}), but the stream has {total}")]
    WrongTotal {
        /// Who counted: `SHA-256`, `MD5` or `CRC-64`.
        by: &'static str,
        /// Bytes taken.
        taken: u64,
        /// Bytes that the stream was said to have.
        total: u64,
    },
    /// More bytes than the algorithm is defined for (2^61 - 1: the length in bits fills 64 bits).
    #[error("{algorithm} is not defined for a stream of {position} bytes")]
    TooLong {
        /// The algorithm.
        algorithm: Algorithm,
        /// The position, in bytes.
        position: u64,
    },
    /// Two streams of different lengths were offered as one.
    #[error("{algorithm} saw {hashed} bytes, but the blocks cover {covered}")]
    TotalsDiffer {
        /// The algorithm whose stream differs.
        algorithm: Algorithm,
        /// Bytes covered by blocks.
        covered: u64,
        /// Bytes hashed.
        hashed: u64,
    },
    /// The same algorithm was offered twice, so it is not clear which result counts.
    #[error("{algorithm} was computed twice for one stream")]
    Repeated {
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// A digest is expected which nobody computed.
    #[error("no {algorithm} was computed, though one is expected")]
    Unproven {
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The bytes are not those expected.
    #[error("{algorithm} mismatch over {total} bytes: expected {expected}, found {actual}")]
    Mismatch {
        /// The algorithm.
        algorithm: Algorithm,
        /// The digest expected, lower-case hex.
        expected: String,
        /// The digest of the bytes, lower-case hex.
        actual: String,
        /// Length of the stream in bytes.
        total: u64,
    },
    /// Two different digests of one algorithm are expected of the same bytes.
    #[error("two {algorithm} digests are expected of the same bytes: {first} and {second}")]
    Conflict {
        /// The algorithm.
        algorithm: Algorithm,
        /// The digest named first, lower-case hex.
        first: String,
        /// The digest named second, lower-case hex.
        second: String,
    },
}
