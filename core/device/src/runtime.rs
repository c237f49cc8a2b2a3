//! Where the real world comes in: the clock, the dice and the network. Nothing else in the device knows them.
//!
//! A [`Runtime`] owns a device and its session, sends what the session hands out and brings back what comes. Whatever it does
//! not know how to read leaves the queue as it is.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fieldline_model::{DeviceId, SysId, Timestamp, hex};
use fieldline_sync::caps::MAX_RESPONSE_BYTES;
use fieldline_sync::frame::MEDIA_TYPE;
use fieldline_sync::live::Mark;
use fieldline_sync::relay::RelayKey;
use fieldline_sync::session::{Action, Event, Reply, Session};
use rand_core::{Infallible, TryRng};
use reqwest::StatusCode;
use ring::rand::SecureRandom;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::{Notify, mpsc};

use crate::device::Device;
use crate::enrol::{Enrolment, SigningKey};
use crate::error::DeviceError;
use crate::http::Reqwest;
use crate::live;
use crate::transport::{Ask, NoAnswer, Transport};

/// The actor epoch of a fresh enrolment: every enrolment makes a new device id.
const FIRST_EPOCH: u32 = 1;

/// The system's entropy.
#[derive(Debug, Clone)]
#[expect(clippy::disallowed_types, reason = "the runtime is where entropy comes in")]
pub struct Entropy(ring::rand::SystemRandom);

#[expect(clippy::disallowed_types, reason = "the runtime is where entropy comes in")]
impl Default for Entropy {
    fn default() -> Self {
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
        self.0.fill(bytes).expect("a system without entropy cannot run anything safely");
        Ok(())
    }
}

/// What tells the time.
pub trait Clock: Send + Sync {
    /// The moment it is.
    fn now(&self) -> Timestamp;
}

/// The system's own.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        now()
    }
}

/// The system's clock, in UTC.
#[expect(clippy::disallowed_methods, reason = "the runtime is where time comes in")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// How long it is until a moment, nothing when it is over.
pub fn time_until(moment: Timestamp) -> Duration {
    duration_between(now(), moment)
}

fn duration_between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_millis(to.milliseconds_since(from).max(0).unsigned_abs())
}

/// Why signing in or enrolling did not work.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The server could not be reached or did not answer.
    #[error("{server} cannot be reached ({problem}); check the address and the network, then try again")]
    Unreachable {
        /// The address.
        server: String,
        /// What happened.
        problem: String,
    },
    /// The server refused.
    #[error("{server} refused with {status}: {detail}")]
    Refused {
        /// The address.
        server: String,
        /// The HTTP status.
        status: u16,
        /// What the server said.
        detail: String,
    },
    /// Somebody else answered.
    #[error(
        "{server} is not a Fieldline server, or something between answers for it; check the address and the network"
    )]
    NotOurs {
        /// The address.
        server: String,
    },
    /// The device failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// A device with a clock, dice and a network.
#[derive(Clone)]
pub struct Runtime {
    device: Arc<Mutex<Device>>,
    session: Arc<Mutex<Session>>,
    /// Held for the length of an exchange, so that two never run at once.
    pub(crate) turn: Arc<tokio::sync::Mutex<()>>,
    pub(crate) transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    poked: Arc<Notify>,
    pub(crate) resumed: Arc<Notify>,
}

#[derive(Deserialize)]
struct SignedIn {
    token: String,
}

#[derive(Deserialize)]
struct Enrolled {
    device: DeviceId,
    token: String,
    user: SysId,
    epoch: Option<u32>,
    relay_key: Option<String>,
}

impl Runtime {
    /// Puts a device into the world as this system knows it.
    ///
    /// # Errors
    /// When the system's TLS cannot be set up.
    pub fn new(device: Device) -> Result<Self, RuntimeError> {
        let unreachable = |NoAnswer(problem)| RuntimeError::Unreachable { server: "any server".into(), problem };
        let transport = Reqwest::new().map_err(unreachable)?;
        Ok(Self::within(device, Arc::new(transport), Arc::new(SystemClock)))
    }

    /// Puts a device into the world as a platform knows it.
    pub fn within(device: Device, transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self {
            device: Arc::new(Mutex::new(device)),
            session: Arc::default(),
            turn: Arc::default(),
            transport,
            clock,
            poked: Arc::default(),
            resumed: Arc::default(),
        }
    }

    /// The moment it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How long it is until a moment, nothing when it is over.
    pub(crate) fn time_until(&self, moment: Timestamp) -> Duration {
        duration_between(self.now(), moment)
    }

    /// The device, for commands and views; hold it briefly, a sync waits for it.
    pub fn device(&self) -> MutexGuard<'_, Device> {
        lock(&self.device)
    }

    /// Signs a person in and binds the device to them. Work made under an earlier enrolment stays in the outbox.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses; the device is as it was then.
    pub async fn enrol(
        &self,
        server: &str,
        user_name: &str,
        password: &str,
        device_name: &str,
    ) -> Result<(), RuntimeError> {
        let server = server.trim_end_matches('/');
        let credentials = json!({ "user_name": user_name, "password": password });
        let session: SignedIn = self.post(server, "/api/v1/session", None, &credentials).await?;
        self.enrol_with_token(server, &session.token, device_name).await
    }

    /// Binds the device to the person a session token or an invitation belongs to.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses; the device is as it was then.
    pub async fn enrol_with_token(&self, server: &str, token: &str, device_name: &str) -> Result<(), RuntimeError> {
        let server = server.trim_end_matches('/');
        let key = SigningKey::random(&mut Entropy::default());
        let wish = json!({ "name": device_name, "public_key": hex::encode(&key.public_key()) });
        let enrolled: Enrolled = self.post(server, "/api/v1/devices", Some(token), &wish).await?;
        let Enrolled { device, token, user, epoch, relay_key } = enrolled;
        let epoch = epoch.unwrap_or(FIRST_EPOCH);
        let relay_key = relay_key.and_then(|digits| hex::decode(&digits)).map(RelayKey);
        self.device().enrol(Enrolment { device, epoch, user, token, server: server.to_owned(), key, relay_key })?;
        lock(&self.session).resume();
        Ok(())
    }

    async fn post<T: DeserializeOwned>(
        &self,
        server: &str,
        path: &str,
        token: Option<&str>,
        body: &serde_json::Value,
    ) -> Result<T, RuntimeError> {
        let unreachable = |NoAnswer(problem): NoAnswer| RuntimeError::Unreachable { server: server.into(), problem };
        let ask = Ask::post(format!("{server}{path}"), "application/json", body.to_string().into_bytes()).by(token);
        let answer = self.transport.ask(ask).await.map_err(unreachable)?;
        let status = answer.status;
        let text = answer.read_capped(MAX_RESPONSE_BYTES).await.unwrap_or_default();
        let not_ours = || RuntimeError::NotOurs { server: server.into() };
        if status.is_success() {
            return serde_json::from_slice(&text).map_err(|_| not_ours());
        }
        let problem: serde_json::Value = serde_json::from_slice(&text).map_err(|_| not_ours())?;
        let detail = problem["detail"].as_str().or(problem["error"]["message"].as_str()).unwrap_or_default();
        Err(RuntimeError::Refused { server: server.into(), status: status.as_u16(), detail: detail.into() })
    }

    /// Says that there is something to send.
    pub fn poke(&self) {
        lock(&self.session).poke();
        self.poked.notify_one();
    }

    /// Says that the network is back or that somebody signed in again.
    pub fn resume(&self) {
        self.poke_at_once();
        self.resumed.notify_waiters();
    }

    pub(crate) fn poke_at_once(&self) {
        lock(&self.session).resume();
        self.poked.notify_one();
    }

    /// Takes in that something new happened on the server.
    pub(crate) fn hears(&self, news: Mark) {
        lock(&self.session).hears(news);
        self.poked.notify_one();
    }

    /// Takes in whether the server wakes this device by itself.
    pub(crate) fn listens(&self, live: bool) {
        lock(&self.session).listens(live, self.now());
        self.poked.notify_one();
    }

    /// Exchanges until there is nothing left to exchange, or until a try fails; says what happened.
    ///
    /// # Errors
    /// When the device is not enrolled or its disk fails.
    pub async fn sync_until_idle(&self) -> Result<Vec<Event>, DeviceError> {
        lock(&self.session).resume();
        let mut events = Vec::new();
        while let Some(happened) = self.sync_once().await? {
            let failed = happened.iter().any(|event| matches!(event, Event::Failed { .. }));
            events.extend(happened);
            if failed {
                break;
            }
        }
        Ok(events)
    }

    /// Exchanges once, if an exchange is due, and says what happened: for whoever wants to look between two of them.
    ///
    /// # Errors
    /// When the device is not enrolled or its disk fails.
    pub async fn sync_once(&self) -> Result<Option<Vec<Event>>, DeviceError> {
        Ok(self.exchange().await?.0)
    }

    /// Keeps the device in step for as long as somebody listens to the events: exchanges when there is something to send,
    /// when the server says that there is something to fetch, and now and then in any case.
    ///
    /// # Errors
    /// When the device is not enrolled or its disk fails; whoever started the loop decides what then.
    pub async fn run(&self, events: mpsc::Sender<Event>) -> Result<(), DeviceError> {
        tokio::select! {
            done = self.keep_in_step(&events) => done,
            never = live::listen(self) => match never {},
        }
    }

    async fn keep_in_step(&self, events: &mpsc::Sender<Event>) -> Result<(), DeviceError> {
        loop {
            let (happened, until) = self.exchange().await?;
            for event in happened.into_iter().flatten() {
                if events.send(event).await.is_err() {
                    return Ok(());
                }
            }
            let pause = until.map(|until| self.time_until(until));
            tokio::select! {
                () = sleep(pause) => {}
                () = self.poked.notified() => {}
                () = events.closed() => return Ok(()),
            }
        }
    }

    /// One exchange if one is due: what happened, and when the next one is (`None`: when somebody says so).
    async fn exchange(&self) -> Result<(Option<Vec<Event>>, Option<Timestamp>), DeviceError> {
        let _turn = self.turn.lock().await;
        let clock = self.clock.clone();
        let poll = move |session: &mut Session, device: &mut Device| {
            if session.in_flight() {
                // Whoever asked gave up waiting; nothing of it will come.
                session.handle(clock.now(), &mut Entropy::default(), Reply::Failed, device)?;
                session.resume();
            }
            let action = session.poll(clock.now(), &mut Entropy::default(), device)?;
            Ok::<_, DeviceError>((action, device.enrolment().cloned()))
        };
        let (frame, enrolment) = match self.blocking(poll).await? {
            (Action::Wait { until }, _) => return Ok((None, Some(until))),
            (Action::Idle, _) => return Ok((None, None)),
            (Action::Send { frame, .. }, enrolment) => (frame, enrolment),
        };
        let asked_at = self.now();
        let reply = match enrolment {
            Some(enrolment) => self.carry(&enrolment, frame).await,
            None => Reply::NeedsSignIn,
        };
        let took = self.now().milliseconds_since(asked_at).max(0).unsigned_abs();
        let clock = self.clock.clone();
        let handle = move |session: &mut Session, device: &mut Device| {
            device.line_carried(if let Reply::Body(body) = &reply { Some((body.len(), took)) } else { None });
            let happened = session.handle(clock.now(), &mut Entropy::default(), reply, device)?;
            // HTTP pairs answers with questions: what answers another one (a caching proxy's) was all that will come.
            if session.in_flight() {
                return session.handle(clock.now(), &mut Entropy::default(), Reply::Failed, device);
            }
            Ok(happened)
        };
        Ok((Some(self.blocking(handle).await?), Some(self.now())))
    }

    /// Works with the disk where that keeps nobody waiting.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Session, &mut Device) -> T + Send + 'static,
    ) -> T {
        let (session, device) = (self.session.clone(), self.device.clone());
        let work = move || work(&mut lock(&session), &mut lock(&device));
        tokio::task::spawn_blocking(work).await.expect("the session and the device do not panic")
    }

    /// Sends a frame and brings back what came, or why nothing did.
    async fn carry(&self, enrolment: &Enrolment, frame: Vec<u8>) -> Reply {
        let ask = Ask::post(format!("{}/api/v1/sync", enrolment.server), MEDIA_TYPE, frame);
        let answer = match self.transport.ask(ask.by(Some(&enrolment.token))).await {
            Ok(answer) => answer,
            Err(NoAnswer(problem)) => {
                tracing::debug!(problem, "no answer to a sync request");
                return Reply::Failed;
            }
        };
        let status = answer.status;
        match status {
            StatusCode::OK if answer.has_type(MEDIA_TYPE) => {
                answer.read_capped(MAX_RESPONSE_BYTES).await.map_or(Reply::Failed, Reply::Body)
            }
            status if answer.tells_our_problem().await => refused(status),
            status => {
                tracing::debug!(%status, "an answer to a sync request that is no sync answer");
                Reply::Failed
            }
        }
    }
}

/// What a server of ours means by refusing.
fn refused(status: StatusCode) -> Reply {
    match status {
        StatusCode::UNAUTHORIZED => Reply::NeedsSignIn,
        StatusCode::FORBIDDEN => Reply::Revoked,
        StatusCode::UPGRADE_REQUIRED => Reply::OtherVersion,
        _ => Reply::Failed,
    }
}

/// A panic elsewhere rolled its transaction back; neither device nor session keeps anything half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn sleep(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}
