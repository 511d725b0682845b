//! The code mends everything that it promises to mend, and nothing more.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, RngCore, SeedableRng};

use super::*;

/// A stripe of random data with its parity.
fn coded(rng: &mut StdRng, data: u32, parity: u32, len: usize, column: usize) -> Stripe {
    let mut stripe = Stripe::with_column(data, parity, len + 64, column);
    stripe.begin(len);
    (0..data).for_each(|shard| rng.fill_bytes(stripe.shard_mut(shard)));
    stripe.encode();
    stripe
}

fn all(stripe: &Stripe, shards: u32) -> Vec<Vec<u8>> {
    (0..shards).map(|at| stripe.shard(at).to_vec()).collect()
}

/// Spoils the lost shards, mends them and compares all.
fn survives(stripe: &mut Stripe, shards: u32, lost: &[u32]) -> bool {
    let whole = all(stripe, shards);
    for shard in lost {
        stripe.shard_mut(*shard).fill(0x5a);
    }
    stripe.mend(lost) && all(stripe, shards) == whole
}

#[test]
fn every_loss_within_the_parity_is_mended() {
    let mut rng = StdRng::seed_from_u64(1);
    for (data, parity) in [
        (1, 1),
        (1, 3),
        (2, 1),
        (2, 2),
        (3, 2),
        (5, 3),
        (4, 4),
        (6, 5),
    ] {
        let mut stripe = coded(&mut rng, data, parity, 192, 64);
        let shards = data + parity;
        for pattern in 0_u32..1 << shards {
            let lost: Vec<u32> = (0..shards).filter(|at| pattern >> at & 1 == 1).collect();
            if pattern.count_ones() <= parity {
                assert!(
                    survives(&mut stripe, shards, &lost),
                    "{data}+{parity}: {lost:?}"
                );
            } else {
                let before = all(&stripe, shards);
                assert!(!stripe.mend(&lost), "{data}+{parity}: {lost:?}");
                assert_eq!(all(&stripe, shards), before, "refused, but touched");
            }
        }
    }
}

#[test]
fn random_losses_of_large_stripes_are_mended() {
    for seed in 0..40 {
        let mut rng = StdRng::seed_from_u64(seed);
        for (data, parity) in [(16, 4), (32, 32), (32, 1), (1, 32), (17, 9)] {
            let len = 64 * rng.random_range(1..40);
            let mut stripe = coded(&mut rng, data, parity, len, 256);
            let mut lost: Vec<u32> = (0..data + parity).collect();
            lost.shuffle(&mut rng);
            lost.truncate(usize::try_from(rng.random_range(1..=parity)).unwrap());
            assert!(
                survives(&mut stripe, data + parity, &lost),
                "seed {seed}, {data}+{parity}, {len} bytes: {lost:?}"
            );
        }
    }
}

#[test]
fn the_column_changes_nothing() {
    for (data, parity, len) in [(16, 4, 4096), (3, 2, 64), (7, 5, 1344)] {
        let parity_of = |column| {
            let stripe = coded(&mut StdRng::seed_from_u64(7), data, parity, len, column);
            all(&stripe, data + parity)
        };
        let whole = parity_of(1 << 20);
        for column in [64, 128, 512, 1024, 4096] {
            assert_eq!(
                parity_of(column),
                whole,
                "{data}+{parity} in columns of {column}"
            );
        }
    }
}

#[test]
fn a_stripe_is_used_again_for_shorter_and_longer_ones() {
    let mut rng = StdRng::seed_from_u64(3);
    let mut reused = Stripe::with_column(5, 3, 1024, 256);
    for len in [1024, 64, 512, 0, 1024, 320] {
        reused.begin(len);
        (0..5).for_each(|shard| rng.fill_bytes(reused.shard_mut(shard)));
        reused.encode();
        let mut fresh = Stripe::new(5, 3, 1024);
        fresh.begin(len);
        (0..5).for_each(|at| fresh.shard_mut(at).copy_from_slice(reused.shard(at)));
        fresh.encode();
        assert_eq!(all(&fresh, 8), all(&reused, 8));
        assert!(survives(&mut reused, 8, &[0, 4, 6]));
    }
}

#[test]
fn without_parity_nothing_is_mended() {
    let mut stripe = coded(&mut StdRng::seed_from_u64(5), 4, 0, 128, 64);
    assert!(stripe.mend(&[]));
    assert!(!stripe.mend(&[2]));
}

#[test]
fn shards_that_do_not_exist() {
    let mut stripe = coded(&mut StdRng::seed_from_u64(6), 4, 2, 128, 64);
    assert!(stripe.shard(6).is_empty() && stripe.shard_mut(u32::MAX).is_empty());
    assert!(!stripe.mend(&[6]));
    assert!(stripe.mend(&[1, 1, 1]), "said thrice, lost once");
}
