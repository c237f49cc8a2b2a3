//! Sends what phones have queued, many at a time, and says what it took.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldline_service::Server;
use fieldline_sync::frame;
use fieldline_sync::wire::WIRE_VERSION;
use fieldline_web::Admission;
use tokio::sync::Semaphore;

use super::Result;
use super::phone::Phone;
use crate::measure::processor_seconds;

/// What a run took.
pub struct Run {
    pub edits: usize,
    pub requests: usize,
    pub wall_seconds: f64,
    pub processor_seconds: f64,
    latencies: Vec<Duration>,
}

impl Run {
    pub fn edits_per_second(&self) -> f64 {
        self.edits as f64 / self.wall_seconds
    }

    pub fn edits_per_processor_second(&self) -> f64 {
        self.edits as f64 / self.processor_seconds
    }

    /// The time to the receipt that so many hundredths of the requests did not exceed, in milliseconds.
    pub fn receipt_milliseconds(&self, hundredths: usize) -> f64 {
        let index = (self.latencies.len() * hundredths / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1e3)
    }
}

/// Sends everything that is queued as fast as the server answers, so many requests at a time.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark is for")]
pub async fn saturate(
    server: &Arc<Server>,
    admission: &Arc<Admission>,
    phones: Vec<Phone>,
    at_once: usize,
) -> Result<(Run, Vec<Phone>)> {
    let slots = Arc::new(Semaphore::new(at_once));
    let (processor, begun) = (processor_seconds(), Instant::now());
    let sending =
        phones.into_iter().map(|phone| tokio::spawn(send_all(server.clone(), admission.clone(), phone, slots.clone())));
    let sending: Vec<_> = sending.collect();
    let mut run = Run { edits: 0, requests: 0, wall_seconds: 0.0, processor_seconds: 0.0, latencies: Vec::new() };
    let mut phones = Vec::new();
    for one in sending {
        let (phone, edits, latencies) = one.await??;
        run.edits += edits;
        run.requests += latencies.len();
        run.latencies.extend(latencies);
        phones.push(phone);
    }
    run.wall_seconds = begun.elapsed().as_secs_f64();
    run.processor_seconds = processor_seconds() - processor;
    run.latencies.sort_unstable();
    Ok((run, phones))
}

/// One phone: the next batch follows the receipt of the one before.
#[expect(clippy::disallowed_methods, reason = "measuring time is what a benchmark is for")]
async fn send_all(
    server: Arc<Server>,
    admission: Arc<Admission>,
    mut phone: Phone,
    slots: Arc<Semaphore>,
) -> Result<(Phone, usize, Vec<Duration>), Box<dyn std::error::Error + Send + Sync>> {
    let (mut edits, mut latencies) = (0, Vec::new());
    while let Some((batch, count)) = phone.queue.pop_front() {
        let _slot = slots.acquire().await?;
        let begun = Instant::now();
        let (server, caller) = (server.clone(), phone.caller.clone());
        let bytes = frame::encode_request(&phone.request(Some(batch)), WIRE_VERSION);
        let checked = tokio::task::spawn_blocking(move || server.check(&caller, &bytes)).await??;
        let response = admission.answer(checked).await.map_err(|refusal| refusal.to_string())?;
        phone.take(&response)?;
        latencies.push(begun.elapsed());
        edits += count;
    }
    Ok((phone, edits, latencies))
}
