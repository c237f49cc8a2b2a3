//! Password hashes (Argon2id, RFC 9106) and the count of failed attempts.
//!
//! An unknown name costs as much as a wrong password and is counted like one, so neither time nor words tell which names
//! exist. The count lives in memory: it slows guessing down and may be forgotten at a restart.

use std::collections::BTreeMap;

use argon2::password_hash::{CustomizedPasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use fieldline_model::Timestamp;
use rand_core::Rng;

/// Failed attempts after which a name is locked: generous for a person with cold fingers.
const ATTEMPTS: u32 = 10;
/// How long a locked name stays locked, and how long failures are remembered: 15 minutes make 960 guesses a day.
const LOCK_MILLISECONDS: i64 = 15 * 60_000;
/// Names remembered at once, so that guessing names does not fill the memory.
const NAMES: usize = 10_000;

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

/// Failed sign-ins by name.
#[derive(Debug, Default)]
pub(crate) struct Attempts(BTreeMap<String, Failures>);

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    latest: Timestamp,
}

impl Attempts {
    /// Until when a name is locked, if it is.
    pub fn locked_until(&self, name: &str, now: Timestamp) -> Option<Timestamp> {
        let failures = self.0.get(name).filter(|failures| failures.count >= ATTEMPTS)?;
        let until = failures.latest.plus_milliseconds(LOCK_MILLISECONDS);
        (now < until).then_some(until)
    }

    /// Remembers a failure.
    pub fn failed(&mut self, name: &str, now: Timestamp) {
        self.0.retain(|_, failures| now < failures.latest.plus_milliseconds(LOCK_MILLISECONDS));
        if self.0.len() >= NAMES && !self.0.contains_key(name) {
            self.0.pop_first();
        }
        let failures = self.0.entry(name.to_owned()).or_insert(Failures { count: 0, latest: now });
        *failures = Failures { count: failures.count + 1, latest: now };
    }

    /// Forgets the failures of a name.
    pub fn succeeded(&mut self, name: &str) {
        self.0.remove(name);
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
        let mut attempts = Attempts::default();
        for _ in 0..ATTEMPTS {
            assert_eq!(attempts.locked_until("mia", Timestamp(0)), None);
            attempts.failed("mia", Timestamp(0));
        }
        assert_eq!(attempts.locked_until("mia", Timestamp(1)), Some(Timestamp(LOCK_MILLISECONDS)));
        assert_eq!(attempts.locked_until("mia", Timestamp(LOCK_MILLISECONDS)), None);
        assert_eq!(attempts.locked_until("leo", Timestamp(1)), None);
    }

    #[test]
    fn guessing_names_does_not_fill_the_memory() {
        let mut attempts = Attempts::default();
        (0..2 * NAMES).for_each(|guess| attempts.failed(&guess.to_string(), Timestamp(0)));
        assert_eq!(attempts.0.len(), NAMES);
    }
}
