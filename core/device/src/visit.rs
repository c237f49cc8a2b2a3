//! A visit to a depot's kiosk: what it has for this phone is taken, then what is unsent is handed over, until nothing more comes.
//!
//! While the kiosk has a line this is a whole sync. Without one the kiosk keeps the request, and the answer is there at the
//! next visit, or never: the phone goes on as if nothing had been handed over until its server has said so.

use fieldline_model::DeviceId;
use fieldline_sync::relay::{Envelope, MEDIA_TYPE};
use fieldline_sync::session::Event;
use rand_core::Rng;
use reqwest::StatusCode;

use crate::error::DeviceError;
use crate::runtime::{Entropy, Runtime};
use crate::transport::Ask;

/// How a visit ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visit {
    /// The kiosk had a line, and everything there was is exchanged.
    InStep,
    /// The kiosk keeps what is unsent until it has a line. It is kept here, too.
    Held,
    /// The server said that a person must do something first.
    Stopped(Event),
    /// Nobody answered as a kiosk does, or it has no room.
    NoKiosk,
}

/// What a kiosk did with an envelope.
enum Handed {
    Answered(Envelope),
    Held,
    NotTaken,
}

impl Runtime {
    /// Visits the kiosk at an address, such as `http://kiosk.depot.example`.
    ///
    /// # Errors
    /// When the device is not enrolled or has no key for kiosks, or its disk fails.
    pub async fn visit(&self, kiosk: &str) -> Result<Visit, DeviceError> {
        let _turn = self.turn.lock().await;
        let kiosk = format!("{}/api/v1/relay", kiosk.trim_end_matches('/'));
        let device = self.blocking(|_, device| device.who().map(|who| who.device)).await?;
        if let Some(waiting) = self.collect(&kiosk, device).await {
            self.take(waiting).await?;
        }
        loop {
            let nonce = u64::from(Entropy::default().next_u32());
            let now = self.now();
            let request = self.blocking(move |_, device| device.hand_over(nonce, now)).await?;
            let answer = match self.hand_in(&kiosk, &request).await {
                Handed::Answered(answer) => answer,
                Handed::Held => return Ok(Visit::Held),
                Handed::NotTaken => return Ok(Visit::NoKiosk),
            };
            match self.take(answer).await? {
                Some(Event::Absorbed(absorbed)) if absorbed.progressed => {}
                Some(Event::Absorbed(_)) => return Ok(Visit::InStep),
                Some(stopped) => return Ok(Visit::Stopped(stopped)),
                None => return Ok(Visit::NoKiosk),
            }
        }
    }

    async fn take(&self, envelope: Envelope) -> Result<Option<Event>, DeviceError> {
        self.blocking(move |_, device| device.take_relayed(&envelope)).await
    }

    /// What waits at a kiosk for this phone.
    async fn collect(&self, kiosk: &str, device: DeviceId) -> Option<Envelope> {
        self.transport.ask(Ask::get(format!("{kiosk}/{device}"))).await.ok()?.envelope().await
    }

    async fn hand_in(&self, kiosk: &str, request: &Envelope) -> Handed {
        match self.transport.ask(Ask::post(kiosk.to_owned(), MEDIA_TYPE, request.encode())).await {
            Ok(answer) if answer.status == StatusCode::ACCEPTED && answer.has_type(MEDIA_TYPE) => Handed::Held,
            Ok(answer) => answer.envelope().await.map_or(Handed::NotTaken, Handed::Answered),
            Err(error) => {
                tracing::debug!(%error, "no answer from a kiosk");
                Handed::NotTaken
            }
        }
    }
}
