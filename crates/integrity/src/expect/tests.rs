//! What proves, and every way in which a proof is refused.

use super::*;
use crate::{Coverage, Crc64, OrderedHasher};

const TEXT: &[u8] = b"abc";

fn covered(bytes: &[u8]) -> Covered {
    let total = u64::try_from(bytes.len()).unwrap();
    let mut coverage = Coverage::new();
    coverage.add(total, Crc64::of(bytes));
    coverage.finish(total).unwrap()
}

fn hashed(algorithm: Algorithm, bytes: &[u8]) -> Hashed {
    let mut hasher = OrderedHasher::new(algorithm);
    hasher.update(bytes);
    hasher.finish(u64::try_from(bytes.len()).unwrap()).unwrap()
}

fn both(bytes: &[u8]) -> Vec<Hashed> {
    vec![
        hashed(Algorithm::Sha256, bytes),
        hashed(Algorithm::Md5, bytes),
    ]
}

fn expect(bytes: &[u8]) -> Expect {
    Expect {
        sha256: Some(Sha256Digest::of(bytes)),
        md5: Some(Md5Digest::of(bytes)),
    }
}

#[test]
fn what_is_expected_and_computed_is_proven() {
    let verified = expect(TEXT).prove(covered(TEXT), both(TEXT)).unwrap();
    assert!(verified.proven());
    assert_eq!(verified.total(), 3);
    assert_eq!(verified.crc64(), Crc64::of(TEXT));
    assert_eq!(verified.sha256(), Some(Sha256Digest::of(TEXT)));
    assert_eq!(verified.md5(), Some(Md5Digest::of(TEXT)));
}

#[test]
fn without_an_expectation_nothing_is_proven_but_all_is_reported() {
    let expect = Expect::default();
    assert!(expect.is_empty());
    let hashes = vec![hashed(Algorithm::Sha256, TEXT)];
    let verified = expect.prove(covered(TEXT), hashes).unwrap();
    assert!(!verified.proven());
    assert_eq!(verified.sha256(), Some(Sha256Digest::of(TEXT)));
    assert_eq!(verified.md5(), None);
}

#[test]
fn other_bytes_are_a_mismatch_that_names_both_digests() {
    let expect: Expect = "md5:900150983cd24fb0d6963f7d28e17f72".parse().unwrap();
    let error = expect.prove(covered(b"abd"), both(b"abd")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "MD5 mismatch over 3 bytes: expected 900150983cd24fb0d6963f7d28e17f72, \
         found 4911e516e5aa21d327512e0c8b197616"
    );
    let sha256 = Expect {
        md5: None,
        ..super::tests::expect(TEXT)
    };
    assert!(matches!(
        sha256.prove(covered(b"abd"), both(b"abd")),
        Err(IntegrityError::Mismatch {
            algorithm: Algorithm::Sha256,
            total: 3,
            ..
        })
    ));
}

#[test]
fn an_expected_digest_that_nobody_computed_is_no_proof() {
    let hashes = vec![hashed(Algorithm::Sha256, TEXT)];
    let error = expect(TEXT).prove(covered(TEXT), hashes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no MD5 was computed, though one is expected"
    );
    let algorithm = Algorithm::Sha256;
    assert_eq!(
        expect(TEXT).prove(covered(TEXT), Vec::new()),
        Err(IntegrityError::Unproven { algorithm })
    );
}

#[test]
fn hashes_of_another_length_are_refused_even_when_nothing_is_expected() {
    let error = Expect::default()
        .prove(covered(b"abcd"), both(TEXT))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "SHA-256 saw 3 bytes, but the blocks cover 4"
    );
}

#[test]
fn one_algorithm_twice_is_refused() {
    let hashes = [both(TEXT), both(TEXT)].concat();
    let algorithm = Algorithm::Sha256;
    assert_eq!(
        expect(TEXT).prove(covered(TEXT), hashes),
        Err(IntegrityError::Repeated { algorithm })
    );
}

#[test]
fn every_accepted_flag() {
    let sha256 = Sha256Digest::of(TEXT);
    let md5 = Md5Digest::of(TEXT);
    for text in [
        format!("sha256:{sha256}"),
        sha256.to_string(),
        sha256.to_string().to_uppercase(),
    ] {
        let wanted = Expect {
            md5: None,
            ..expect(TEXT)
        };
        assert_eq!(text.parse(), Ok(wanted), "{text}");
    }
    for text in [format!("md5:{md5}"), format!("md5:{}", md5.to_base64())] {
        let wanted = Expect {
            sha256: None,
            ..expect(TEXT)
        };
        assert_eq!(text.parse(), Ok(wanted), "{text}");
    }
}

#[test]
fn a_flag_that_is_no_digest_says_what_would_be() {
    let error = |text: &str| text.parse::<Expect>().unwrap_err().to_string();
    assert_eq!(
        error("sha512:00"),
        "digest algorithm `sha512` is not accepted here: write sha256:<64 hexadecimal characters> \
         or md5:<32 hexadecimal or 24 base64 characters>"
    );
    assert_eq!(
        error("900150983cd24fb0d6963f7d28e17f72"),
        "a digest of 32 characters: wanted 64 hexadecimal characters of a SHA-256, \
         or a digest behind the prefix sha256: or md5:"
    );
    assert_eq!(
        error(&"x".repeat(64)),
        "character 1 of the digest is 'x': only hexadecimal digits (0-9, a-f, A-F) are accepted"
    );
    assert!(error("https://a.example/c?sig=x").contains("`https`"));
}

#[test]
fn repeated_flags_join_and_conflicts_are_named() {
    let one = Expect {
        md5: None,
        ..expect(TEXT)
    };
    let other = Expect {
        sha256: None,
        ..expect(TEXT)
    };
    assert_eq!(one.merge(other), Ok(expect(TEXT)));
    assert_eq!(one.merge(one), Ok(one));
    let error = expect(TEXT).merge(Expect {
        sha256: None,
        ..expect(b"")
    });
    assert_eq!(
        error.unwrap_err().to_string(),
        "two MD5 digests are expected of the same bytes: 900150983cd24fb0d6963f7d28e17f72 \
         and d41d8cd98f00b204e9800998ecf8427e"
    );
}
