//! One device's conversation with its server, as a state machine that owns no clock, socket or dice.
//!
//! [`Session::poll`] says what to do next; whoever owns the network sends the frame and brings what came back to
//! [`Session::handle`]. One exchange is in flight at a time. An answer counts only when it is a frame of ours and carries the
//! nonce in flight; everything else (a portal's page, a late answer, silence) is a failure or nothing, never an
//! acknowledgement. What an answer means is the [`Replica`]'s business, in one durable transaction together with the cursor,
//! so a crash or a lost answer at any point leads to the same exchange again, and repeating one is harmless.

use fieldline_model::Timestamp;
use fieldline_model::plant::{self, Plant};
use rand_core::Rng;

use crate::backoff::Backoff;
use crate::caps::{
    ANSWER_TIMEOUT_MILLISECONDS, LIVE_POLL_PERIOD_MILLISECONDS, MAX_BACKOFF_MILLISECONDS, POLL_PERIOD_MILLISECONDS,
};
use crate::frame::{self, FrameError};
use crate::live::Mark;
use crate::wire::{OLDEST_WIRE_VERSION, Progress, Request, Response};

/// More than any pause between two exchanges.
const LONGEST_PAUSE_MILLISECONDS: i64 = MAX_BACKOFF_MILLISECONDS + LIVE_POLL_PERIOD_MILLISECONDS;

/// Whether a moment is still to come. One further away than a wait can be was set before the clock was put back: it is over,
/// or a phone whose clock is put right by years would be silent for years.
fn is_ahead(now: Timestamp, moment: Timestamp, longest_milliseconds: i64) -> bool {
    now < moment && moment.milliseconds_since(now) <= longest_milliseconds
}

/// What a session needs from the device whose data it carries.
pub trait Replica {
    /// Why the device's disk or data did not do what was asked.
    type Error;

    /// Makes the next request: edits not yet settled, chunks, wants, and where the device stands.
    ///
    /// # Errors
    /// When the device cannot read its own data.
    fn outgoing(&mut self, nonce: u64, now: Timestamp) -> Result<Request, Self::Error>;

    /// Takes an answer in, in one durable transaction that includes the cursor.
    ///
    /// # Errors
    /// When the answer is not durable; then nothing of it is, and the exchange is made again.
    fn absorb(&mut self, response: &Response, now: Timestamp) -> Result<Absorbed, Self::Error>;

    /// The newest wire version this device and, as its last answer said, its server speak.
    ///
    /// # Errors
    /// When the device cannot read its own data.
    fn common_version(&self) -> Result<u16, Self::Error>;

    /// Goes back to the oldest wire version, because the server has gone back to an older build.
    ///
    /// # Errors
    /// When that is not durable.
    fn forget_version(&mut self) -> Result<(), Self::Error>;
}

/// What an answer did to a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Absorbed {
    /// Edits the server took.
    pub accepted: u64,
    /// Edits of these that others' work was merged with.
    pub merged: u64,
    /// Numbers of the edits that were held.
    pub held: Vec<u64>,
    /// Records that came, changed or left.
    pub changed: u64,
    /// Whether the device has more to send or to ask for.
    pub pending: bool,
    /// Whether the exchange moved anything: an edit settled, an entry applied, a chunk stored, the cursor moved. Without
    /// that, going on at once would be a busy loop.
    pub progressed: bool,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Send this, and bring back what comes before the deadline, or [`Reply::Failed`].
    Send {
        /// The request.
        frame: Vec<u8>,
        /// When to give up waiting.
        deadline: Timestamp,
    },
    /// Nothing until then, unless [`Session::poke`] or [`Session::resume`] is called.
    Wait {
        /// The moment to poll again.
        until: Timestamp,
    },
    /// Nothing until [`Session::resume`]: only a person can help.
    Idle,
}

/// What came back for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A body, of whatever kind.
    Body(Vec<u8>),
    /// Nothing usable: no line, a timeout, a redirect, a foreign content type, a server error.
    Failed,
    /// The server does not accept the device's token (HTTP 401).
    NeedsSignIn,
    /// The server has revoked the device (HTTP 403).
    Revoked,
    /// The server does not speak the version the request is written in (HTTP 426).
    OtherVersion,
}

/// Something people or the runtime want to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Everything there was is exchanged.
    Synced {
        /// The server's clock in the last answer.
        server_now: Timestamp,
    },
    /// An answer came and changed this.
    Absorbed(Absorbed),
    /// How far an initial sync has come.
    Progress(Progress),
    /// Edits were held; the device shows them with a way out.
    Held {
        /// Their numbers.
        counters: Vec<u64>,
    },
    /// The token is not accepted; everything queued is kept until somebody signs in.
    NeedsSignIn,
    /// The device was revoked; everything queued is kept.
    Revoked,
    /// The server has forgotten every version this app speaks: it must be updated; everything queued is kept.
    UpdateNeeded,
    /// The exchange came to nothing.
    Failed {
        /// What came instead of an answer, `None` when nothing did.
        why: Option<FrameError>,
        /// When it is tried again.
        retry_at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct InFlight {
    nonce: u64,
    deadline: Timestamp,
    /// The version the request is written in, and the newest the answer may be.
    version: u16,
    newest: u16,
}

/// The conversation. It keeps nothing that matters: a new one after a crash goes on from what the replica holds.
#[derive(Debug, Clone, Default)]
pub struct Session {
    in_flight: Option<InFlight>,
    backoff: Backoff,
    /// Whether there is something to exchange, as far as anybody said.
    idle: bool,
    /// No exchange before this, after a failure or when nothing is to be done.
    not_before: Option<Timestamp>,
    /// Only a person can help.
    stopped: bool,
    /// Whether the server wakes this device by itself.
    live: bool,
    /// The newest place in the feed an answer showed: what happened up to it has come, or comes before this session rests.
    newest: Option<Mark>,
}

impl Session {
    /// A conversation that begins at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says that there is something to exchange. After a failure the pause is still kept.
    pub fn poke(&mut self) {
        if std::mem::take(&mut self.idle) && self.backoff.failures() == 0 {
            self.not_before = None;
        }
    }

    /// Says that the line is back or that somebody signed in: the next exchange begins at once.
    pub fn resume(&mut self) {
        self.stopped = false;
        self.idle = false;
        self.not_before = None;
    }

    /// Says whether the server wakes this device by itself; asking now and then is only a precaution then.
    pub fn listens(&mut self, live: bool, now: Timestamp) {
        self.live = live;
        let latest = now.plus_milliseconds(self.poll_period_milliseconds());
        self.not_before = self.not_before.map(|until| until.min(latest));
    }

    /// Hears that something new happened up to here; what an answer has shown already, such as this device's own work, is not
    /// worth another exchange.
    pub fn hears(&mut self, news: Mark) {
        if self.newest.is_none_or(|newest| !news.is_covered_by(newest)) {
            self.poke();
        }
    }

    fn poll_period_milliseconds(&self) -> i64 {
        if self.live { LIVE_POLL_PERIOD_MILLISECONDS } else { POLL_PERIOD_MILLISECONDS }
    }

    /// Whether an exchange is in flight.
    pub fn in_flight(&self) -> bool {
        self.in_flight.is_some()
    }

    /// Says what to do next.
    ///
    /// # Errors
    /// When the replica cannot read its own data.
    pub fn poll<R: Replica>(&mut self, now: Timestamp, rng: &mut dyn Rng, replica: &mut R) -> Result<Action, R::Error> {
        if let Some(flight) = &self.in_flight {
            let waits = is_ahead(now, flight.deadline, ANSWER_TIMEOUT_MILLISECONDS);
            if waits {
                return Ok(Action::Wait { until: flight.deadline });
            }
            if plant::is(Plant::DeadlineForgotten) {
                return Ok(Action::Idle);
            }
            self.fail(now, rng);
        }
        if self.stopped {
            return Ok(Action::Idle);
        }
        if let Some(until) = self.not_before.filter(|until| is_ahead(now, *until, LONGEST_PAUSE_MILLISECONDS)) {
            return Ok(Action::Wait { until });
        }
        // Thirty-two bits tell the answer in flight from any late one and keep an idle exchange small.
        let nonce = u64::from(rng.next_u32());
        let request = replica.outgoing(nonce, now)?;
        let version = replica.common_version()?;
        let deadline = now.plus_milliseconds(ANSWER_TIMEOUT_MILLISECONDS);
        self.in_flight = Some(InFlight { nonce, deadline, version, newest: request.wire_version });
        // What is poked while the exchange is in flight may have come too late for it.
        self.idle = true;
        Ok(Action::Send { frame: frame::encode_request(&request, version), deadline })
    }

    /// Takes in what came back.
    ///
    /// # Errors
    /// When the replica could not make the answer durable; the exchange is made again after a pause.
    pub fn handle<R: Replica>(
        &mut self,
        now: Timestamp,
        rng: &mut dyn Rng,
        reply: Reply,
        replica: &mut R,
    ) -> Result<Vec<Event>, R::Error> {
        let Some(flight) = self.in_flight.clone() else { return Ok(Vec::new()) };
        let body = match reply {
            Reply::Body(body) => body,
            Reply::Failed => return Ok(vec![Event::Failed { why: None, retry_at: self.fail(now, rng) }]),
            Reply::NeedsSignIn => return Ok(self.stop(Event::NeedsSignIn)),
            Reply::Revoked => return Ok(self.stop(Event::Revoked)),
            Reply::OtherVersion if flight.version > OLDEST_WIRE_VERSION => {
                self.in_flight = None;
                self.not_before = None;
                return replica.forget_version().map(|()| Vec::new());
            }
            Reply::OtherVersion => return Ok(self.stop(Event::UpdateNeeded)),
        };
        let response = match frame::decode_response(&body, flight.newest) {
            Ok(response) => response,
            Err(FrameError::NotOurs) if plant::is(Plant::PortalStopsTheSession) => {
                return Ok(self.stop(Event::UpdateNeeded));
            }
            Err(why) => return Ok(vec![Event::Failed { why: Some(why), retry_at: self.fail(now, rng) }]),
        };
        if response.nonce != flight.nonce && !plant::is(Plant::StaleAnswerTaken) {
            return Ok(Vec::new());
        }
        let absorbed = match replica.absorb(&response, now) {
            Ok(absorbed) => absorbed,
            Err(error) => {
                self.fail(now, rng);
                return Err(error);
            }
        };
        self.in_flight = None;
        Ok(self.go_on(now, rng, &response, absorbed))
    }

    fn go_on(&mut self, now: Timestamp, rng: &mut dyn Rng, response: &Response, absorbed: Absorbed) -> Vec<Event> {
        self.newest = Mark::shown_by(response).or(self.newest);
        let finished = !response.more && !absorbed.pending && self.idle;
        if finished {
            self.backoff.reset();
            self.not_before = Some(now.plus_milliseconds(self.poll_period_milliseconds()));
        } else if absorbed.progressed || !(response.more || absorbed.pending) {
            self.backoff.reset();
            self.not_before = None;
        } else {
            self.not_before = Some(self.backoff.failed(now, rng));
        }
        let mut events = Vec::new();
        events.extend(response.progress.map(Event::Progress));
        if !absorbed.held.is_empty() {
            events.push(Event::Held { counters: absorbed.held.clone() });
        }
        events.push(Event::Absorbed(absorbed));
        if finished {
            events.push(Event::Synced { server_now: response.now });
        }
        events
    }

    fn fail(&mut self, now: Timestamp, rng: &mut dyn Rng) -> Timestamp {
        self.in_flight = None;
        let retry_at = self.backoff.failed(now, rng);
        self.not_before = Some(retry_at);
        retry_at
    }

    fn stop(&mut self, event: Event) -> Vec<Event> {
        self.in_flight = None;
        self.stopped = true;
        vec![event]
    }
}
