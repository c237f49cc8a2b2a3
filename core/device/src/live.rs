//! Wake-ups: the device keeps a line to its server open and hears when an exchange would bring something.
//!
//! What comes on that line is never data and never an acknowledgement, so the worst a portal or a proxy can do with it is to
//! cost an exchange. Only a stream that began with a hello of ours makes the device ask less often by itself; as soon as it
//! ends or falls silent, asking every few minutes is all there is again. Streams are opened again with growing pauses, so a
//! server that starts again is not run over.

use std::convert::Infallible;
use std::time::Duration;

use fieldline_sync::backoff::Backoff;
use fieldline_sync::live::{Heard, MEDIA_TYPE, Mark, Reader, SILENCE_MILLISECONDS};
use rand_core::Rng;
use reqwest::StatusCode;

use crate::runtime::{Entropy, Runtime};
use crate::transport::{Answer, Ask};

/// A stream that says nothing for so long is dead.
const SILENCE: Duration = Duration::from_millis(SILENCE_MILLISECONDS);
/// Even a healthy stream is opened anew after a day.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);
/// Bytes of a stream before its hello; somebody else's endless stream must not cost a phone its data plan.
const HELLO_BYTES: usize = 1_024;
/// Phones woken by the same change ask within this time, not all at once.
const SPREAD_MILLISECONDS: u64 = 250;

/// Listens for as long as it is polled.
pub(crate) async fn listen(runtime: &Runtime) -> Infallible {
    let mut backoff = Backoff::default();
    loop {
        if let Some(stream) = open(runtime).await
            && follow(runtime, stream).await
        {
            backoff.reset();
        }
        let again_at = backoff.failed(runtime.now(), &mut Entropy::default());
        tokio::select! {
            () = tokio::time::sleep(runtime.time_until(again_at)) => {}
            () = runtime.resumed.notified() => {}
        }
    }
}

/// A stream, or something that looks like one.
async fn open(runtime: &Runtime) -> Option<Answer> {
    let enrolment = runtime.blocking(|_, device| device.enrolment().cloned()).await?;
    let ask = Ask::get(format!("{}/api/v1/sync/events", enrolment.server)).by(Some(&enrolment.token));
    let ask = Ask { accept: Some(MEDIA_TYPE), timeout: LONGEST, ..ask };
    let stream = tokio::time::timeout(SILENCE, runtime.transport.ask(ask)).await.ok()?.ok()?;
    (stream.status == StatusCode::OK && stream.has_type(MEDIA_TYPE)).then_some(stream)
}

/// Follows a stream to its end; whether it was one of ours.
async fn follow(runtime: &Runtime, mut stream: Answer) -> bool {
    let (mut reader, mut unknown_bytes, mut is_ours) = (Reader::default(), 0, false);
    while let Ok(Ok(Some(piece))) = tokio::time::timeout(SILENCE, stream.body.piece()).await {
        let Ok(heard) = reader.read(&piece) else { break };
        for heard in heard {
            match heard {
                Heard::Hello(_) if !is_ours => {
                    is_ours = true;
                    runtime.listens(true);
                    // The line is there, and something may have happened before it was.
                    runtime.poke_at_once();
                }
                Heard::News(news) if is_ours => wake(runtime, news).await,
                Heard::Hello(_) | Heard::News(_) => {}
            }
        }
        unknown_bytes += piece.len();
        if !is_ours && unknown_bytes > HELLO_BYTES {
            break;
        }
    }
    if is_ours {
        runtime.listens(false);
    }
    is_ours
}

/// Lets an exchange under way end first: what is new may be this device's own work, or come with the answer.
async fn wake(runtime: &Runtime, news: Mark) {
    let spread = Entropy::default().next_u64() % SPREAD_MILLISECONDS;
    tokio::time::sleep(Duration::from_millis(spread)).await;
    let _turn = runtime.turn.lock().await;
    runtime.hears(news);
}
