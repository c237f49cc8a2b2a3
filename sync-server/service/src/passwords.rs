//! Password hashes (Argon2id, RFC 9106) and the count of failed attempts.
//!
//! An unknown name costs as much as a wrong password and is counted like one, so neither time nor words tell which names
//! exist. Counts live in memory: they slow guessing down and may be forgotten at a restart.

use std::collections::BTreeMap;

use argon2::password_hash::{CustomizedPasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use fieldline_model::Timestamp;
use rand_core::Rng;

/// How long a locked name stays locked, and how long failures are remembered: 15 minutes make 960 guesses a day.
const LOCK_MILLISECONDS: i64 = 15 * 60_000;
/// Names or addresses remembered at once, so that guessing does not fill the memory.
const REMEMBERED: usize = 10_000;

/// What a password hash costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
}

impl Default for PasswordCost {
    /// 19 MiB, two passes, one lane: OWASP Password Storage Cheat Sheet, first choice for Argon2id.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, passes: 2 }
    }
}

impl PasswordCost {
    /// The cheapest hash there is, for tests and simulations.
    pub fn cheapest() -> Self {
        Self { memory_kib: 8, passes: 1 }
    }

    /// The hash of a password under a fresh salt, in PHC string form.
    pub(crate) fn hash(self, password: &str, rng: &mut dyn Rng) -> String {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let params = Params::new(self.memory_kib, self.passes, 1, None).expect("every cost offered is valid");
        let hashed = Argon2::default().hash_password_customized(
            password.as_bytes(),
            &salt,
            Some(Algorithm::Argon2id.as_str()),
            Some(Version::V0x13.into()),
            params,
        );
        hashed.map(|hash: PasswordHash| hash.to_string()).expect("Argon2id takes any password")
    }
}

/// Whether a password has this hash.
pub(crate) fn matches(password: &str, hash: &str) -> bool {
    let parsed = PasswordHash::new(hash);
    parsed.is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// Failed attempts by what is attacked or by where they come from.
#[derive(Debug)]
pub(crate) struct Attempts<K> {
    allowed: u32,
    failures: BTreeMap<K, Failures>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    latest: Timestamp,
}

impl<K: Ord> Attempts<K> {
    /// Locks after this many failures.
    pub fn new(allowed: u32) -> Self {
        Self { allowed, failures: BTreeMap::new() }
    }

    /// Until when something is locked, if it is.
    pub fn locked_until(&self, key: &K, now: Timestamp) -> Option<Timestamp> {
        let failures = self.failures.get(key).filter(|failures| failures.count >= self.allowed)?;
        let until = failures.latest.plus_milliseconds(LOCK_MILLISECONDS);
        (now < until).then_some(until)
    }

    /// Remembers a failure; of too many, the oldest is forgotten.
    pub fn failed(&mut self, key: K, now: Timestamp) {
        self.failures.retain(|_, failures| now < failures.latest.plus_milliseconds(LOCK_MILLISECONDS));
        if self.failures.len() >= REMEMBERED && !self.failures.contains_key(&key) {
            let oldest = self.failures.values().map(|failures| failures.latest).min();
            let mut one = true;
            self.failures.retain(|_, failures| Some(failures.latest) != oldest || !std::mem::take(&mut one));
        }
        let failures = self.failures.entry(key).or_insert(Failures { count: 0, latest: now });
        *failures = Failures { count: failures.count + 1, latest: now };
    }

    /// Forgets failures.
    pub fn succeeded(&mut self, key: &K) {
        self.failures.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_password_matches_its_hash_and_no_other_whatever_the_cost() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for cost in [PasswordCost::cheapest(), PasswordCost::default()] {
            let hash = cost.hash("correct horse", &mut rng);
            assert!(hash.starts_with("$argon2id$v=19$m="), "{hash}");
            assert!(matches("correct horse", &hash));
            assert!(!matches("correct  horse", &hash));
        }
        assert!(!matches("anything", "not a hash"));
    }

    #[test]
    fn a_name_is_locked_after_ten_failures_and_free_again_a_quarter_of_an_hour_later() {
        let mut attempts = Attempts::new(10);
        for _ in 0..10 {
            assert_eq!(attempts.locked_until(&"mia", Timestamp(0)), None);
            attempts.failed("mia", Timestamp(0));
        }
        assert_eq!(attempts.locked_until(&"mia", Timestamp(1)), Some(Timestamp(LOCK_MILLISECONDS)));
        assert_eq!(attempts.locked_until(&"mia", Timestamp(LOCK_MILLISECONDS)), None);
        assert_eq!(attempts.locked_until(&"leo", Timestamp(1)), None);
    }

    #[test]
    fn guessing_names_does_not_fill_the_memory_and_pushes_out_the_oldest() {
        let mut attempts = Attempts::new(1);
        attempts.failed(usize::MAX, Timestamp(1));
        (0..2 * REMEMBERED).for_each(|guess| attempts.failed(guess, Timestamp(if guess == 7 { 0 } else { 2 })));
        assert_eq!(attempts.failures.len(), REMEMBERED);
        assert_eq!(attempts.locked_until(&7, Timestamp(3)), None);
        assert!(attempts.locked_until(&(2 * REMEMBERED - 1), Timestamp(3)).is_some());
    }
}
