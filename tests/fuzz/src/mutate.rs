//! Small and large damage to bytes: flips, cuts, copies, splices, and numbers at the end of their range.

use rand_core::Rng;

/// Longest input a mutation makes; borders have caps of their own, this one keeps a run from copying megabytes all day.
const MOST_BYTES: usize = 1 << 20;
/// CBOR heads and integers that parsers trip over: endless items, four billion items, the ends of number ranges.
const TOKENS: [&[u8]; 12] = [
    &[0x9f],
    &[0xbf],
    &[0xff],
    &[0x81],
    &[0xf6],
    &[0x9a, 0xff, 0xff, 0xff, 0xff],
    &[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x1b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0x3b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    &[0xff; 8],
    &[0; 8],
    &[0x7f, 0x80, 0x00, 0x01],
];

/// An input that differs from `honest` in one to eight places; `other` lends parts.
pub fn mutated(honest: &[u8], other: &[u8], rng: &mut dyn Rng) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    for _ in 0..=below(rng, 8) {
        once(&mut bytes, other, rng);
    }
    bytes.truncate(MOST_BYTES);
    bytes
}

fn below(rng: &mut dyn Rng, end: usize) -> usize {
    rng.next_u32() as usize % end.max(1)
}

fn once(bytes: &mut Vec<u8>, other: &[u8], rng: &mut dyn Rng) {
    let at = below(rng, bytes.len() + 1);
    let length = 1 + below(rng, 16);
    let end = (at + length).min(bytes.len());
    match below(rng, 9) {
        0 | 1 if at < bytes.len() => bytes[at] ^= 1 << below(rng, 8),
        2 if at < bytes.len() => bytes[at] = rng.next_u32() as u8,
        3 => drop(bytes.splice(at..end, TOKENS[below(rng, TOKENS.len())].iter().copied())),
        4 => drop(bytes.drain(at..end)),
        5 => {
            let copy = bytes[at..end].to_vec();
            let times = 1 + below(rng, 40);
            drop(bytes.splice(at..at, copy.repeat(times)));
        }
        6 => {
            let from = below(rng, other.len() + 1);
            let part = other[from..(from + below(rng, 200)).min(other.len())].to_vec();
            drop(bytes.splice(at..end, part));
        }
        7 if below(rng, 8) == 0 => bytes.truncate(at),
        _ => {
            let noise: Vec<u8> = (0..length).map(|_| rng.next_u32() as u8).collect();
            drop(bytes.splice(at..at, noise));
        }
    }
}
