//! FORMAT.md's "Parity" taken at its word: the code by multiplying polynomials and by Lagrange's
//! formula, with nothing of the library. The same bytes must come out.

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use super::*;

const BASIS: [u16; 16] = [
    0x0001, 0xacca, 0x3c0e, 0x163e, 0xc582, 0xed2e, 0x914c, 0x4012, 0x6c98, 0x10d8, 0x6a72, 0xb900,
    0xfdb8, 0xfb34, 0xff38, 0x991e,
];

/// The field element whose coordinates in the basis are the bits of `number`.
fn phi(number: usize) -> u16 {
    let chosen = (0..16).filter(|bit| number >> bit & 1 == 1);
    chosen.fold(0, |sum, bit| sum ^ BASIS[bit])
}

fn times(left: u16, right: u16) -> u16 {
    (0..16).rev().fold(0_u16, |product, bit| {
        let doubled = (product << 1) ^ if product >> 15 == 1 { 0x002d } else { 0 };
        doubled ^ if right >> bit & 1 == 1 { left } else { 0 }
    })
}

fn inverse(of: u16) -> u16 {
    // a^(2^16 - 2)
    (1..16)
        .fold((1, of), |(product, power), _| {
            let power = times(power, power);
            (times(product, power), power)
        })
        .0
}

/// What data shard `i` counts in parity shard `j` of `parity`.
#[expect(clippy::many_single_char_names, reason = "FORMAT.md's letters")]
fn coefficient(parity: usize, j: usize, i: usize) -> u16 {
    let m = parity.next_power_of_two();
    let (c, t) = (i / m, i % m);
    (0..m).filter(|u| *u != t).fold(1, |product, u| {
        let ratio = times(phi(j ^ (m * (c + 1) + u)), inverse(phi(t ^ u)));
        times(product, ratio)
    })
}

/// Symbol `s` of a shard: byte `s % 32` of the first and of the second half of 64 bytes.
fn symbol(shard: &[u8], s: usize) -> usize {
    let low = s / 32 * 64 + s % 32;
    usize::from(shard[low]) | usize::from(shard[low + 32]) << 8
}

#[test]
fn the_field_is_one() {
    let mut coordinates: Vec<u16> = (0..1 << 16).map(phi).collect();
    coordinates.sort_unstable();
    coordinates.dedup();
    assert_eq!(coordinates.len(), 1 << 16, "the basis is none");
    for element in [1, 2, 0x1234, 0xffff] {
        assert_eq!(times(element, inverse(element)), 1);
    }
}

#[test]
fn the_library_computes_what_the_format_says() {
    let mut rng = StdRng::seed_from_u64(11);
    for (data, parity) in [
        (1, 1),
        (5, 1),
        (1, 3),
        (3, 2),
        (4, 4),
        (16, 4),
        (7, 3),
        (32, 5),
        (9, 32),
        (32, 32),
    ] {
        let mut stripe = Stripe::new(data, parity, 128);
        stripe.begin(128);
        (0..data).for_each(|shard| rng.fill_bytes(stripe.shard_mut(shard)));
        stripe.encode();
        for j in 0..parity {
            let row: Vec<u16> = (0..data)
                .map(|i| coefficient(index(parity), index(j), index(i)))
                .collect();
            for s in 0..64 {
                let sum = row.iter().zip(0..).fold(0, |sum, (factor, i)| {
                    sum ^ times(*factor, phi(symbol(stripe.shard(i), s)))
                });
                let found = phi(symbol(stripe.shard(data + j), s));
                assert_eq!(found, sum, "{data}+{parity}, parity {j}, symbol {s}");
            }
        }
    }
}

/// The numbers that FORMAT.md prints.
#[test]
fn the_published_vectors() {
    let row = |j| [0, 1, 2].map(|i| coefficient(2, j, i));
    assert_eq!(
        [row(0), row(1)].map(|row| row.map(phi_inverse)),
        [[3, 2, 5], [2, 3, 4]]
    );
    let mut stripe = Stripe::new(16, 4, 128);
    stripe.begin(128);
    for shard in 0..16 {
        for (byte, place) in stripe.shard_mut(shard).iter_mut().zip(0..) {
            *byte = u8::try_from((67 * shard + 29 * place + 5) % 256).unwrap();
        }
    }
    stripe.encode();
    let parity: Vec<u8> = (16..20)
        .flat_map(|shard| stripe.shard(shard).to_vec())
        .collect();
    assert_eq!(
        blobferry_integrity::Sha256Digest::of(&parity).to_string(),
        "19ba810e5ff073b78cb98e21458dbf3770c5c3094848a3e47aedebc1dcf6f279",
    );
}

fn phi_inverse(element: u16) -> usize {
    (0..1 << 16).find(|number| phi(*number) == element).unwrap()
}
