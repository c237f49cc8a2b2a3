//! A phone's radio: on, off, or there now and then.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use fieldline_device::http::Reqwest;
use fieldline_device::transport::{Answer, Ask, NoAnswer, Pending, Transport};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// HTTP that does not always come through.
pub struct Radio {
    http: Reqwest,
    is_on: AtomicBool,
    percent_lost: AtomicU8,
    dice: Mutex<ChaCha8Rng>,
}

impl Radio {
    /// A radio that is on.
    ///
    /// # Errors
    /// When the system's TLS cannot be set up.
    pub fn new(seed: u64) -> Result<Self, NoAnswer> {
        Ok(Self {
            http: Reqwest::new()?,
            is_on: AtomicBool::new(true),
            percent_lost: AtomicU8::new(0),
            dice: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
        })
    }

    /// Switches it.
    pub fn switch(&self, on: bool) {
        self.is_on.store(on, Ordering::SeqCst);
    }

    /// Whether it is on.
    pub fn is_on(&self) -> bool {
        self.is_on.load(Ordering::SeqCst)
    }

    /// Loses so many of a hundred questions, half of them after the server has heard them.
    pub fn loses(&self, percent: u8) {
        self.percent_lost.store(percent, Ordering::SeqCst);
    }

    fn is_lost(&self) -> bool {
        let dice = self.dice.lock().map(|mut dice| dice.next_u32() % 100).unwrap_or_default();
        dice < u32::from(self.percent_lost.load(Ordering::SeqCst))
    }
}

impl Transport for Radio {
    fn ask(&self, ask: Ask) -> Pending<'_, Answer> {
        Box::pin(async move {
            let (lost, too_late) = (self.is_lost(), self.is_lost());
            if !self.is_on() || lost {
                return Err(NoAnswer("the radio is off".into()));
            }
            let answer = self.http.ask(ask).await?;
            if too_late || !self.is_on() {
                return Err(NoAnswer("the radio went away before the answer".into()));
            }
            Ok(answer)
        })
    }
}
