//! The one place where time and chance come in. Handlers hand them down as arguments, so no rule takes them from the air
//! and a test can turn the clock.

use std::convert::Infallible;

use fieldline_model::Timestamp;
use rand_core::{TryCryptoRng, TryRng};

/// Something that tells the time.
pub trait Clock: Send + Sync {
    /// This moment.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the edge of the server is where its time comes from")]
    fn now(&self) -> Timestamp {
        let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The machine's entropy.
#[expect(clippy::disallowed_types, reason = "the edge of the server is where its chance comes from")]
#[derive(Debug, Clone)]
pub struct Entropy(ring::rand::SystemRandom);

impl Entropy {
    /// Opens the machine's entropy.
    #[expect(clippy::disallowed_types, reason = "the edge of the server is where its chance comes from")]
    pub fn open() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl TryRng for Entropy {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        use ring::rand::SecureRandom;
        self.0.fill(bytes).expect("the operating system always has random bytes; a server without them must not go on");
        Ok(())
    }
}

impl TryCryptoRng for Entropy {}
