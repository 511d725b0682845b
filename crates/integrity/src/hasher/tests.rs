//! Published vectors, any split, any point of rest, and every refusal.

use md5::Digest as _;
use proptest::prelude::*;

use super::*;
use crate::MidStateParseError;

const BOTH: [Algorithm; 2] = [Algorithm::Sha256, Algorithm::Md5];

fn hash(algorithm: Algorithm, pieces: &[&[u8]]) -> Hashed {
    let mut hasher = OrderedHasher::new(algorithm);
    for piece in pieces {
        hasher.update(piece);
    }
    let total = hasher.position();
    hasher.finish(total).unwrap()
}

fn sha256(pieces: &[&[u8]]) -> String {
    let digest = hash(Algorithm::Sha256, pieces).sha256();
    digest.unwrap().to_string()
}

fn md5(pieces: &[&[u8]]) -> String {
    hash(Algorithm::Md5, pieces).md5().unwrap().to_string()
}

/// Through the text of a saved state and on.
fn slept(hasher: &OrderedHasher) -> OrderedHasher {
    let saved = hasher.mid_state();
    let text = saved.to_text();
    assert!(text.len() <= 218 && !text.contains(char::is_whitespace));
    let read: MidState = text.parse().unwrap();
    assert_eq!(read, saved);
    assert_eq!(read.position(), hasher.position());
    OrderedHasher::resume(&read).unwrap()
}

/// FIPS 180-4 examples (NIST) and RFC 1321 §A.5.
#[test]
fn published_vectors() {
    let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    assert_eq!(
        sha256(&[]),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        sha256(&[two_blocks]),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    );
    assert_eq!(
        sha256(&[&vec![b'a'; 1_000_000]]),
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
    );
    assert_eq!(md5(&[]), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(
        md5(&[b"message", b" ", b"digest"]),
        "f96b697d7cb7938d525a2f31aaf161d0"
    );
    assert_eq!(
        md5(&[&b"1234567890".repeat(8)]),
        "57edf4a22be3c955ac49da2e2107b67a"
    );
}

#[test]
fn every_length_around_a_block_boundary() {
    let bytes: Vec<u8> = (0..=255).collect();
    for length in 0..=bytes.len() {
        let head = &bytes[..length];
        let whole = sha2::Sha256::digest(head);
        assert_eq!(Sha256Digest::of(head).as_bytes(), whole.as_slice());
        assert_eq!(sha256(&[head]), Sha256Digest::of(head).to_string());
        let whole = md5::Md5::digest(head);
        assert_eq!(Md5Digest::of(head).as_bytes(), whole.as_slice());
        assert_eq!(md5(&[head]), Md5Digest::of(head).to_string());
    }
}

#[test]
fn a_stream_ends_by_its_total_only() {
    for algorithm in BOTH {
        let mut hasher = OrderedHasher::new(algorithm);
        hasher.update(b"abc");
        for total in [2, 4] {
            let error = hasher.clone().finish(total).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("3 bytes were checked ({algorithm}), but the stream has {total}")
            );
        }
        let done = hasher.finish(3).unwrap();
        assert_eq!((done.algorithm(), done.total()), (algorithm, 3));
        assert_eq!(done.sha256().is_some(), algorithm == Algorithm::Sha256);
        assert_eq!(done.md5().is_some(), algorithm == Algorithm::Md5);
    }
}

#[test]
fn past_the_length_an_algorithm_is_defined_for() {
    let position = (1_u64 << 61) - 64;
    let words = "00".repeat(32);
    let saved: MidState = format!("sha256:{position}:{words}").parse().unwrap();
    let mut hasher = OrderedHasher::resume(&saved).unwrap();
    hasher.update(&[0; 64]);
    let too_long = |position| IntegrityError::TooLong {
        algorithm: Algorithm::Sha256,
        position,
    };
    let error = OrderedHasher::resume(&hasher.mid_state()).unwrap_err();
    assert_eq!(error, too_long(1 << 61));
    assert_eq!(hasher.finish(1 << 61), Err(too_long(1 << 61)));
}

#[test]
fn a_saved_state_is_one_line_of_a_known_form() {
    let mut hasher = OrderedHasher::new(Algorithm::Md5);
    let text = hasher.mid_state().to_text();
    assert_eq!(text, "md5:0:0123456789abcdeffedcba9876543210");
    hasher.update(b"abc");
    let text = hasher.mid_state().to_text();
    assert_eq!(text, "md5:3:0123456789abcdeffedcba9876543210616263");
    // The blob's own bytes stay out of debug output.
    let debug = format!("{:?} {hasher:?}", hasher.mid_state());
    assert!(!debug.contains("97") && !debug.contains("6162"), "{debug}");
}

#[test]
fn a_damaged_saved_state_is_refused() {
    let error = |text: &str| text.parse::<MidState>().unwrap_err().to_string();
    let shape = "a saved hash state is <sha256 or md5>:<position>:<hex>, at most 218 characters";
    let endless = format!("md5:0:{}", "0".repeat(1 << 20));
    for text in [
        "",
        "md5",
        "md5:0",
        "sha1:0:00",
        "md5:-1:00",
        "md5:99999999999999999999:00",
        &endless,
    ] {
        assert_eq!(error(text), shape);
    }
    assert_eq!(
        error("md5:3:0123456789abcdeffedcba98765432106162"),
        "a saved MD5 state at byte 3 has 36 hex characters: wanted 38"
    );
    let not_ours = "a saved MD5 state at byte 3 which this program cannot have written";
    for text in [
        "md5:+3:0123456789abcdeffedcba9876543210616263",
        "md5:03:0123456789abcdeffedcba9876543210616263",
        "md5:3:0123456789ABCDEFfedcba9876543210616263",
        // Words that no stream shorter than a block can have.
        "md5:3:0123456789abcdeffedcba9876543211616263",
    ] {
        assert_eq!(error(text), not_ours, "{text}");
    }
    let text = "md5:3:0123456789abcdeffedcba987654321061626x";
    assert_eq!(error(text), "a saved hash state with unreadable hex");
    assert!(matches!(
        text.parse::<MidState>(),
        Err(MidStateParseError::State { .. })
    ));
}

proptest! {
    #[test]
    fn any_split_with_any_sleep_is_the_whole(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
        sleeps in any::<bool>(),
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        for algorithm in BOTH {
            let mut hasher = OrderedHasher::new(algorithm);
            for pair in cuts.windows(2) {
                hasher.update(&bytes[pair[0]..pair[1]]);
                if sleeps {
                    hasher = slept(&hasher);
                }
            }
            let done = hasher.finish(u64::try_from(bytes.len()).unwrap()).unwrap();
            if let Some(digest) = done.sha256() {
                let whole = sha2::Sha256::digest(&bytes);
                prop_assert_eq!(digest.as_bytes().as_slice(), whole.as_slice());
            }
            if let Some(digest) = done.md5() {
                let whole = md5::Md5::digest(&bytes);
                prop_assert_eq!(digest.as_bytes().as_slice(), whole.as_slice());
            }
        }
    }

    #[test]
    fn no_text_panics_and_every_accepted_text_is_the_only_one(text in "(sha256|md5):[0-9]{1,3}:[0-9a-f]{30,130}") {
        if let Ok(state) = text.parse::<MidState>() {
            prop_assert_eq!(state.to_text(), text);
        }
    }
}
