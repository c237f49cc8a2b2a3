//! The box with a line that comes and goes.
//!
//! A request that is handed in is on disk before anything else is done with it. While there is a line, whoever handed it in
//! waits for the answer; otherwise they are told that it is held, and the kiosk goes on trying without them.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fieldline_device::http::Reqwest;
use fieldline_device::runtime::{Entropy, now, time_until};
use fieldline_device::transport::{Answer, Ask, NoAnswer, Transport};
use fieldline_model::DeviceId;
use fieldline_sync::backoff::Backoff;
use fieldline_sync::relay::{Envelope, MEDIA_TYPE};
use reqwest::StatusCode;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout_at};

use crate::depot::{Depot, DepotError};

/// How long whoever hands something in waits for the server's answer; less than a phone waits for the kiosk's.
const WAIT: Duration = Duration::from_secs(20);

/// What became of a request that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandedIn {
    /// The server answered.
    Answered(Envelope),
    /// The kiosk keeps it until there is a line.
    Held,
    /// The server says that it is worth nothing, or a newer one of the same device has come meanwhile.
    Dropped,
}

/// A kiosk at work.
pub struct Kiosk {
    depot: Mutex<Depot>,
    line_out: Reqwest,
    server: String,
    token: String,
    handed_in: Notify,
    /// Whether the last try reached the server; marked anew at every try.
    line: watch::Sender<bool>,
}

/// What the server did with a request.
enum Carried {
    Answered(Envelope),
    /// It is worth nothing to the server, now and later.
    Refused,
    NoLine,
}

impl Kiosk {
    /// Puts a box to work for a server that lets this kiosk in by a device's token.
    ///
    /// # Errors
    /// When the system's TLS cannot be set up.
    pub fn new(depot: Depot, server: &str, token: &str) -> Result<Arc<Self>, NoAnswer> {
        Ok(Arc::new(Self {
            depot: Mutex::new(depot),
            line_out: Reqwest::new()?,
            server: server.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            handed_in: Notify::new(),
            line: watch::Sender::new(true),
        }))
    }

    /// Takes a phone's request, and waits for the server's answer while there is a line.
    ///
    /// # Errors
    /// When there is no room or the disk fails; the request is not kept then.
    pub async fn hand_in(self: &Arc<Self>, request: Envelope) -> Result<HandedIn, DepotError> {
        let (device, nonce) = (request.device, request.nonce);
        let mut line = self.line.subscribe();
        self.on_disk(move |depot| depot.keep(&request, now())).await?;
        self.handed_in.notify_one();
        let deadline = Instant::now() + WAIT;
        while timeout_at(deadline, line.changed()).await.is_ok_and(|changed| changed.is_ok()) {
            if let Some(answer) = self.answer(device).await?.filter(|answer| answer.nonce == nonce) {
                return Ok(HandedIn::Answered(answer));
            }
            if !self.on_disk(move |depot| depot.is_waiting(device, nonce)).await? {
                return Ok(HandedIn::Dropped);
            }
            if !*line.borrow_and_update() {
                break;
            }
        }
        Ok(HandedIn::Held)
    }

    /// What the server last said to a phone.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn answer(self: &Arc<Self>, device: DeviceId) -> Result<Option<Envelope>, DepotError> {
        self.on_disk(move |depot| depot.answer(device)).await
    }

    /// Carries what is handed in for as long as it is polled: at once while there is a line, now and then while there is none.
    ///
    /// # Errors
    /// When the disk fails.
    pub async fn carry(self: &Arc<Self>) -> Result<Infallible, DepotError> {
        let mut backoff = Backoff::default();
        loop {
            let Some(request) = self.on_disk(|depot| depot.next()).await? else {
                self.handed_in.notified().await;
                continue;
            };
            if self.carry_one(request).await? {
                backoff.reset();
                continue;
            }
            let again_at = backoff.failed(now(), &mut Entropy::default());
            // Somebody who stands before the kiosk is worth another try.
            tokio::select! {
                () = tokio::time::sleep(time_until(again_at)) => {}
                () = self.handed_in.notified() => {}
            }
        }
    }

    /// Carries a request; whether there was a line.
    async fn carry_one(self: &Arc<Self>, request: Envelope) -> Result<bool, DepotError> {
        let answer = match self.ask(&request).await {
            Carried::NoLine => {
                self.on_disk(move |depot| depot.postpone(&request, now())).await?;
                self.line.send_replace(false);
                return Ok(false);
            }
            Carried::Answered(answer) => Some(answer),
            Carried::Refused => None,
        };
        self.on_disk(move |depot| depot.settle(&request, answer.as_ref(), now())).await?;
        self.line.send_replace(true);
        Ok(true)
    }

    async fn ask(&self, request: &Envelope) -> Carried {
        let ask = Ask::post(format!("{}/api/v1/relay", self.server), MEDIA_TYPE, request.encode());
        match self.line_out.ask(ask.by(Some(&self.token))).await {
            Ok(answer) => carried(request, answer).await,
            Err(NoAnswer(problem)) => {
                tracing::debug!(problem, "no line to the server");
                Carried::NoLine
            }
        }
    }

    async fn on_disk<T: Send + 'static>(self: &Arc<Self>, work: impl FnOnce(&mut Depot) -> T + Send + 'static) -> T {
        let kiosk = self.clone();
        let work = move || work(&mut kiosk.depot.lock().unwrap_or_else(PoisonError::into_inner));
        tokio::task::spawn_blocking(work).await.expect("the box does not panic")
    }
}

/// What an answer means. Whatever does not come from our server is no line: portals answer, too.
async fn carried(request: &Envelope, answer: Answer) -> Carried {
    let status = answer.status;
    match status {
        StatusCode::OK if answer.has_type(MEDIA_TYPE) => {
            let is_its = |answer: &Envelope| (answer.device, answer.nonce) == (request.device, request.nonce);
            answer.envelope().await.filter(is_its).map_or(Carried::NoLine, Carried::Answered)
        }
        status if answer.tells_our_problem().await => refused(status),
        status => {
            tracing::debug!(%status, "an answer that is no envelope");
            Carried::NoLine
        }
    }
}

/// What our server means by refusing.
fn refused(status: StatusCode) -> Carried {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE => Carried::Refused,
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            tracing::error!("the server does not let this kiosk in (any more); enrol it again");
            Carried::NoLine
        }
        _ => Carried::NoLine,
    }
}
