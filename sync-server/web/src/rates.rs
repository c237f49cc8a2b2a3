//! How many requests an account may send in an hour, and the headers that say so; and how often an address may begin what
//! nobody has to sign in for.
//!
//! Hours are those of the clock, so all that is kept is one count each, dropped when the hour is over. Phones are not
//! counted: they have caps of their own, and work done offline must not wait for an hour to pass.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use fieldline_model::{SysId, Timestamp};
use fieldline_service::{Caller, Server};

use crate::App;
use crate::edge::Visitor;
use crate::refusal::Refusal;

const HOUR_MILLISECONDS: i64 = 3_600_000;
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const RULE: HeaderName = HeaderName::from_static("x-ratelimit-rule");
/// The one rule there is.
const EVERY_ACCOUNT: HeaderValue = HeaderValue::from_static("every account");

/// Counts of a span of time that begins anew when it is over.
pub struct Rates<K> {
    lasts_milliseconds: i64,
    span: Mutex<(i64, BTreeMap<K, u32>)>,
}

/// Counts kept at once; beyond them whoever is new waits for the next span.
const COUNTED: usize = 100_000;

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rate {
    limit: u32,
    resets_at: Timestamp,
    exceeded: bool,
}

impl<K: Ord> Rates<K> {
    /// Counts per hour.
    pub fn hourly() -> Self {
        Self { lasts_milliseconds: HOUR_MILLISECONDS, span: Mutex::default() }
    }

    /// Counts per minute.
    pub fn by_the_minute() -> Self {
        Self { lasts_milliseconds: HOUR_MILLISECONDS / 60, span: Mutex::default() }
    }

    fn count(&self, key: K, limit: u32, now: Timestamp) -> Rate {
        let number = now.0.div_euclid(self.lasts_milliseconds);
        let mut span = self.span.lock().unwrap_or_else(PoisonError::into_inner);
        if span.0 != number {
            *span = (number, BTreeMap::new());
        }
        let resets_at = Timestamp((number + 1) * self.lasts_milliseconds);
        if span.1.len() >= COUNTED && !span.1.contains_key(&key) {
            return Rate { limit, resets_at, exceeded: true };
        }
        let count = span.1.entry(key).or_default();
        *count = count.saturating_add(1);
        Rate { limit, resets_at, exceeded: *count > limit }
    }
}

impl Rates<IpAddr> {
    /// Counts what nobody has to sign in for; whoever has no address is not slowed down.
    pub fn lets(&self, visitor: Visitor, limit: u32, now: Timestamp) -> bool {
        visitor.0.is_none_or(|address| !self.count(address, limit, now).exceeded)
    }
}

/// Where a request's handler leaves how its account stands.
#[derive(Clone, Default)]
struct Told(Arc<OnceLock<Rate>>);

/// One request of an account, to be counted once it is known whose.
pub struct Uncounted {
    rates: Arc<Rates<SysId>>,
    told: Told,
}

impl Uncounted {
    /// The request that is being read.
    pub fn of(app: &App, parts: &Parts) -> Self {
        Self { rates: app.rates.clone(), told: parts.extensions.get().cloned().unwrap_or_default() }
    }

    /// Counts it as somebody's.
    ///
    /// # Errors
    /// [`Refusal::RateLimited`] when it is one too many.
    pub fn count(&self, server: &Server, caller: &Caller, now: Timestamp) -> Result<(), Refusal> {
        let Some(limit) = server.requests_per_hour().filter(|_| caller.device.is_none()) else { return Ok(()) };
        let rate = self.rates.count(caller.user, limit, now);
        let _ = self.told.0.set(rate);
        let seconds = u32::try_from(rate.resets_at.milliseconds_since(now).div_euclid(1_000) + 1).unwrap_or(1);
        if rate.exceeded { Err(Refusal::RateLimited { limit, seconds }) } else { Ok(()) }
    }
}

/// Tells a client how its account stands.
pub async fn tell(mut request: Request, next: Next) -> Response {
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let mut response = next.run(request).await;
    if let Some(rate) = told.0.get() {
        let headers = response.headers_mut();
        headers.insert(LIMIT, rate.limit.into());
        headers.insert(RESET, (rate.resets_at.0 / 1_000).into());
        headers.insert(RULE, EVERY_ACCOUNT);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_account_has_its_own_count_and_a_new_one_every_hour() {
        let (rates, mia, leo) = (Rates::hourly(), SysId([1; 16]), SysId([2; 16]));
        let exceeded = |user, now| rates.count(user, 2, Timestamp(now)).exceeded;
        assert_eq!([exceeded(mia, 0), exceeded(mia, 1), exceeded(mia, 2)], [false, false, true]);
        assert!(!exceeded(leo, 3));
        assert_eq!(rates.count(mia, 2, Timestamp(4)).resets_at, Timestamp(HOUR_MILLISECONDS));
        assert!(!exceeded(mia, HOUR_MILLISECONDS));
    }
}
