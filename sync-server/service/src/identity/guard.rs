//! Slows guessing down: failures are counted per name and per address, at every door that takes a guessable secret.

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use fieldline_model::Timestamp;

use crate::accounts::{AccountError, USER_NAME_CHARACTERS};
use crate::passwords::Attempts;

/// Failures after which a name is locked: generous for a person with cold fingers.
const ATTEMPTS_PER_NAME: u32 = 10;
/// Failures after which an address is locked: generous for an office behind one address.
const ATTEMPTS_PER_ADDRESS: u32 = 50;

/// The failures of all doors together.
#[derive(Debug)]
pub(crate) struct Guard {
    names: Mutex<Attempts<String>>,
    addresses: Mutex<Attempts<IpAddr>>,
}

impl Default for Guard {
    fn default() -> Self {
        let (names, addresses) = (Attempts::new(ATTEMPTS_PER_NAME), Attempts::new(ATTEMPTS_PER_ADDRESS));
        Self { names: Mutex::new(names), addresses: Mutex::new(addresses) }
    }
}

impl Guard {
    /// Lets an attempt through unless its name or address is locked.
    ///
    /// # Errors
    /// [`AccountError::Locked`], the same for a name that does not exist.
    pub fn check(&self, name: &str, address: Option<IpAddr>, now: Timestamp) -> Result<(), AccountError> {
        let of_name = open(&self.names).locked_until(&folded(name), now);
        let of_address = address.and_then(|address| open(&self.addresses).locked_until(&network(address), now));
        let until = of_name.max(of_address);
        until.map_or(Ok(()), |until| Err(AccountError::Locked { until }))
    }

    /// Remembers a failure.
    pub fn failed(&self, name: &str, address: Option<IpAddr>, now: Timestamp) {
        open(&self.names).failed(folded(name), now);
        if let Some(address) = address {
            open(&self.addresses).failed(network(address), now);
        }
    }

    /// Forgets the failures of a name; those of the address stay, or one account would unlock guessing at all others.
    pub fn succeeded(&self, name: &str) {
        open(&self.names).succeeded(&folded(name));
    }
}

fn open<T>(attempts: &Mutex<T>) -> MutexGuard<'_, T> {
    attempts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn folded(name: &str) -> String {
    name.to_lowercase().chars().take(USER_NAME_CHARACTERS).collect()
}

/// What one subscriber commands: a version 6 address stands for its /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures_until_locked(name: impl Fn(u32) -> String, address: impl Fn(u32) -> Option<IpAddr>) -> Option<u32> {
        let guard = Guard::default();
        (0..200).find(|guess| {
            let refused = guard.check(&name(*guess), address(*guess), Timestamp(0)).is_err();
            guard.failed(&name(*guess), address(*guess), Timestamp(0));
            refused
        })
    }

    #[test]
    fn one_name_is_locked_from_anywhere_and_one_address_whatever_the_name() {
        let far = |guess: u32| Some(IpAddr::from((0x0a00_0000 + guess).to_be_bytes()));
        assert_eq!(failures_until_locked(|_| "Mia".into(), far), Some(10));
        assert_eq!(failures_until_locked(|guess| format!("user {guess}"), |_| far(1)), Some(50));
        assert_eq!(failures_until_locked(|guess| format!("user {guess}"), far), None);
        let one_subscriber = |guess: u32| Some(IpAddr::from(Ipv6Addr::from_bits((7 << 64) + u128::from(guess))));
        assert_eq!(failures_until_locked(|guess| format!("user {guess}"), one_subscriber), Some(50));
    }

    #[test]
    fn a_success_frees_the_name_and_not_the_address() {
        let (guard, address) = (Guard::default(), Some(IpAddr::from([10, 0, 0, 1])));
        (0..50).for_each(|_| guard.failed("mia", address, Timestamp(0)));
        guard.succeeded("MIA");
        assert!(guard.check("mia", None, Timestamp(1)).is_ok());
        assert!(guard.check("mia", address, Timestamp(1)).is_err());
        assert!(guard.check("mia", address, Timestamp(15 * 60_000)).is_ok());
    }
}
