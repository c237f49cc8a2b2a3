//! Where chance comes from. Everything that happens has dice of its own, named by what it is, so that leaving one thing out
//! of a plan changes the fate of others no more than it must; that is what lets a failing shift shrink.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use ring::digest::{Context, SHA256};

/// The dice of one thing: the same seed and name always give the same.
pub fn dice(seed: u64, what: &str, numbers: &[u64]) -> ChaCha8Rng {
    let mut context = Context::new(&SHA256);
    context.update(&seed.to_be_bytes());
    context.update(what.as_bytes());
    numbers.iter().for_each(|number| context.update(&number.to_be_bytes()));
    ChaCha8Rng::from_seed(context.finish().as_ref().try_into().expect("a SHA-256 has 32 bytes"))
}

/// Whether something that happens `thousandths` times in a thousand happens now.
pub fn happens(rng: &mut dyn Rng, thousandths: u32) -> bool {
    rng.next_u32() % 1000 < thousandths
}

/// A number in `low..=high`.
pub fn between(rng: &mut dyn Rng, low: i64, high: i64) -> i64 {
    low + (rng.next_u64() % (high - low + 1) as u64) as i64
}

/// One thing out of several.
pub fn one_of<'a, T>(rng: &mut dyn Rng, things: &'a [T]) -> Option<&'a T> {
    (!things.is_empty()).then(|| &things[rng.next_u32() as usize % things.len()])
}
