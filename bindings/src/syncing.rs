//! Exchanges with the server, and what is told of them.
//!
//! Whoever stops waiting, in whatever way their language has for it, stops the exchange; what came until then is kept, and the
//! next exchange goes on from there.

use std::sync::Arc;
use std::time::Duration;

use fieldline_device::Visit;
use fieldline_device::runtime::Runtime;
use fieldline_sync::session::{Absorbed, Event};
use fieldline_sync::wire::Progress;
use tokio::sync::mpsc;

use crate::error::FieldlineError;
use crate::fieldline::Fieldline;
use crate::guard::guarded_async;
use crate::value::{Moment, moment_out};

/// Events a slow listener may be behind by.
const MOST_UNTOLD: usize = 64;

/// Something that happened between this device and its server.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Enum)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SyncEvent {
    /// Everything there was is exchanged.
    Synced {
        /// The server's clock.
        server_now: Moment,
    },
    /// An answer came.
    Absorbed {
        /// Edits the server took.
        accepted: u64,
        /// Edits of these that others' work was merged with.
        merged: u64,
        /// Records that came, changed or left.
        changed: u64,
    },
    /// How far an initial sync has come.
    Progress {
        /// Records here.
        done: u64,
        /// Records in scope.
        total: u64,
    },
    /// The server keeps edits aside; each has a way out.
    Held {
        /// Their numbers.
        counters: Vec<u64>,
    },
    /// Somebody has to sign in; everything is kept.
    NeedsSignIn,
    /// The device was revoked; everything is kept.
    Revoked,
    /// The app must be updated; everything is kept.
    UpdateNeeded,
    /// An exchange came to nothing.
    Failed {
        /// When it is tried again.
        retry_at: Moment,
    },
}

impl From<Event> for SyncEvent {
    fn from(event: Event) -> Self {
        match event {
            Event::Synced { server_now } => Self::Synced { server_now: moment_out(server_now) },
            Event::Absorbed(Absorbed { accepted, merged, changed, .. }) => Self::Absorbed { accepted, merged, changed },
            Event::Progress(Progress { done, total }) => Self::Progress { done, total },
            Event::Held { counters } => Self::Held { counters },
            Event::NeedsSignIn => Self::NeedsSignIn,
            Event::Revoked => Self::Revoked,
            Event::UpdateNeeded => Self::UpdateNeeded,
            Event::Failed { retry_at, .. } => Self::Failed { retry_at: moment_out(retry_at) },
        }
    }
}

/// Hears what happens. It is called on a thread of the core: a screen goes to its own thread first.
#[uniffi::export(foreign)]
pub trait SyncListener: Send + Sync {
    /// Something happened.
    fn on_event(&self, event: SyncEvent);
}

/// What a sync did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct SyncOutcome {
    /// Whether everything there was is exchanged; else the time was up, and the next sync goes on.
    pub is_finished: bool,
    /// Edits the server took.
    pub accepted: u64,
    /// Edits of these that others' work was merged with.
    pub merged: u64,
    /// Records that came, changed or left.
    pub changed: u64,
    /// Numbers of edits the server keeps aside.
    pub held: Vec<u64>,
}

impl SyncOutcome {
    fn count(&mut self, event: &Event) {
        match event {
            Event::Absorbed(Absorbed { accepted, merged, changed, .. }) => {
                self.accepted += accepted;
                self.merged += merged;
                self.changed += changed;
            }
            Event::Held { counters } => self.held.extend(counters),
            _ => {}
        }
    }
}

/// How a visit to a depot's kiosk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, uniffi::Enum)]
#[serde(rename_all = "snake_case")]
pub enum KioskVisit {
    /// The kiosk had a line, and everything there was is exchanged.
    InStep,
    /// The kiosk keeps what is unsent until it has a line. It is kept here, too.
    Held,
    /// Nobody answered as a kiosk does, or it has no room.
    NoKiosk,
}

#[uniffi::export(async_runtime = "tokio")]
impl Fieldline {
    /// Signs a person in and binds this device to them. Work made under an earlier enrolment stays and is sent.
    pub async fn sign_in(
        &self,
        server: String,
        user_name: String,
        password: String,
        device_name: String,
    ) -> Result<(), FieldlineError> {
        guarded_async(&self.platform, "sign_in", async {
            let runtime = self.runtime()?;
            Ok(runtime.enrol(&server, &user_name, &password, &device_name).await?)
        })
        .await
    }

    /// Binds this device to the person an invitation is for.
    pub async fn enrol(&self, server: String, invitation: String, device_name: String) -> Result<(), FieldlineError> {
        guarded_async(&self.platform, "enrol", async {
            Ok(self.runtime()?.enrol_with_token(&server, &invitation, &device_name).await?)
        })
        .await
    }

    /// Exchanges everything there is, for at most so many seconds: for a pull to refresh, and for the time a system gives an
    /// app in the background.
    pub async fn sync(
        &self,
        listener: Option<Arc<dyn SyncListener>>,
        most_seconds: Option<u32>,
    ) -> Result<SyncOutcome, FieldlineError> {
        guarded_async(&self.platform, "sync", async {
            let runtime = self.runtime()?;
            let mut outcome = SyncOutcome::default();
            let time = Duration::from_secs(most_seconds.map_or(u64::from(u32::MAX), u64::from));
            tokio::select! {
                done = exchange(&runtime, listener.as_deref(), &mut outcome) => done?,
                () = tokio::time::sleep(time) => return Ok(outcome),
                () = self.stopped.notified() => return Err(FieldlineError::Stopped),
            }
            Ok(SyncOutcome { is_finished: true, ..outcome })
        })
        .await
    }

    /// Keeps this device in step for as long as somebody waits for it: sends what there is to send, and fetches as soon as
    /// the server says that there is something. It ends with [`FieldlineError::Stopped`], or when the disk fails.
    pub async fn keep_in_step(&self, listener: Arc<dyn SyncListener>) -> Result<(), FieldlineError> {
        guarded_async(&self.platform, "keep_in_step", async {
            let runtime = self.runtime()?;
            let (tells, mut hears) = mpsc::channel::<Event>(MOST_UNTOLD);
            let tell = async {
                while let Some(event) = hears.recv().await {
                    listener.on_event(event.into());
                }
            };
            tokio::select! {
                done = async { tokio::join!(runtime.run(tells), tell).0 } => Ok(done?),
                () = self.stopped.notified() => Err(FieldlineError::Stopped),
            }
        })
        .await
    }

    /// Visits a depot's kiosk at an address such as `http://kiosk.depot.example`, for a phone that has no line there.
    pub async fn visit_kiosk(&self, address: String) -> Result<KioskVisit, FieldlineError> {
        guarded_async(&self.platform, "visit_kiosk", async {
            match self.runtime()?.visit(&address).await? {
                Visit::InStep => Ok(KioskVisit::InStep),
                Visit::Held => Ok(KioskVisit::Held),
                Visit::NoKiosk => Ok(KioskVisit::NoKiosk),
                Visit::Stopped(event) => Err(stopped_by(&event).unwrap_or(FieldlineError::Stopped)),
            }
        })
        .await
    }
}

/// Exchanges until there is nothing left, and tells of each exchange when it is over.
async fn exchange(
    runtime: &Runtime,
    listener: Option<&dyn SyncListener>,
    outcome: &mut SyncOutcome,
) -> Result<(), FieldlineError> {
    runtime.resume();
    while let Some(events) = runtime.sync_once().await? {
        let mut stopped = None;
        for event in events {
            outcome.count(&event);
            stopped = stopped.or(stopped_by(&event));
            if let Some(listener) = listener {
                listener.on_event(event.into());
            }
        }
        if let Some(stopped) = stopped {
            return Err(stopped);
        }
    }
    Ok(())
}

/// What a person has to do before an exchange can work again.
fn stopped_by(event: &Event) -> Option<FieldlineError> {
    let message = match event {
        Event::Failed { .. } => {
            let message = "the server cannot be reached; everything is kept here and sent when it can be".into();
            return Some(FieldlineError::NoConnection { message });
        }
        Event::NeedsSignIn => {
            let message =
                "the server does not know this device's sign-in any more; sign in again, everything is kept".into();
            return Some(FieldlineError::SignInAgain { message });
        }
        Event::UpdateNeeded => {
            let message = "the server is newer than this app can talk to; update the app, everything is kept".into();
            return Some(FieldlineError::UpdateNeeded { message });
        }
        Event::Revoked => "this device was revoked; ask an administrator, everything on it is kept".into(),
        Event::Synced { .. } | Event::Absorbed(_) | Event::Progress(_) | Event::Held { .. } => return None,
    };
    Some(FieldlineError::NotAllowed { message, record: None, subject: None })
}
