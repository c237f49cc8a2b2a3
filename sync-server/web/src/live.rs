//! Who listens, and the one place that watches the feed for all of them.
//!
//! One task looks at the head of the feed several times a second for as long as anybody listens; only when it moved is the
//! database asked whom it concerns, once for everybody. What another process wrote is found the same way. Streams that
//! nobody can serve any more are ended by dropping their end of a channel.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fieldline_model::{DeviceId, SysId};
use fieldline_service::{Caller, Server, ServiceError};
use fieldline_storage::Position;
use tokio::sync::watch;

use crate::App;
use crate::caller::blocking;
use crate::refusal::Refusal;

/// How often the feed is looked at. It is also the shortest pause between two events of a stream.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Streams of one device, or of one person without one (several pages). One more ends the oldest, which may well be a
/// connection that died without a word.
const STREAMS_EACH: usize = 4;
/// Streams in all: a few times the phones one server is made for. One takes about 33 kB.
const STREAMS: usize = 10_000;

/// The streams of one running server.
#[derive(Default)]
pub struct Live(Mutex<Streams>);

#[derive(Default)]
struct Streams {
    open: BTreeMap<u64, Stream>,
    opened: u64,
    watched: bool,
    closed: bool,
}

struct Stream {
    listener: (SysId, Option<DeviceId>),
    hears_everything: bool,
    told: watch::Sender<Position>,
}

/// One end of a stream; dropping it closes the stream.
pub struct Listening {
    live: Arc<Live>,
    number: u64,
    told: watch::Receiver<Position>,
}

impl Listening {
    /// The newest position that concerns the listener, once there is one that was not told; `None` when the stream is over.
    pub async fn news(&mut self) -> Option<Position> {
        self.told.changed().await.ok()?;
        Some(*self.told.borrow_and_update())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.live.streams().open.remove(&self.number);
    }
}

impl Live {
    fn streams(&self) -> MutexGuard<'_, Streams> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many streams are open.
    pub fn count(&self) -> usize {
        self.streams().open.len()
    }

    /// Ends every stream and opens no more.
    pub fn close(&self) {
        let mut streams = self.streams();
        streams.closed = true;
        streams.open.clear();
    }

    /// Looks at the feed once and tells every stream that something new concerns. Returns what has been seen of the feed.
    fn look(&self, server: &Server, seen: Position) -> Result<Position, ServiceError> {
        let Some((head, newest)) = server.newest_after(seen, || self.listeners())? else { return Ok(seen) };
        for stream in self.streams().open.values() {
            let newest = if stream.hears_everything { Some(&head) } else { newest.get(&stream.listener.0) };
            let Some(newest) = newest else { continue };
            stream.told.send_if_modified(|told| {
                let is_news = *newest > *told;
                *told = (*told).max(*newest);
                is_news
            });
        }
        Ok(head)
    }

    fn listeners(&self) -> BTreeSet<SysId> {
        let streams = self.streams();
        streams.open.values().filter(|stream| !stream.hears_everything).map(|stream| stream.listener.0).collect()
    }

    /// Whether somebody still listens; the watcher that is told no has to end.
    fn goes_on(&self) -> bool {
        let mut streams = self.streams();
        streams.watched = !streams.open.is_empty();
        streams.watched
    }
}

/// The newest position that concerns a caller.
///
/// # Errors
/// When the database fails.
pub fn newest(server: &Server, caller: &Caller) -> Result<Position, ServiceError> {
    let found = server.newest_after(0, || BTreeSet::from([caller.user]))?;
    let newest = |(head, newest): (Position, BTreeMap<SysId, Position>)| match server.sees_everything(caller) {
        true => head,
        false => newest.get(&caller.user).copied().unwrap_or_default(),
    };
    Ok(found.map_or(0, newest))
}

/// Opens a stream for a caller who knows of everything up to `known`, while what concerns them goes up to `newest`.
///
/// # Errors
/// [`Refusal::Busy`] when there is no room, or the server is about to stop.
pub fn listen(app: &App, caller: &Caller, known: Position, newest: Position) -> Result<Listening, Refusal> {
    let mut streams = app.live.streams();
    if streams.closed || streams.open.len() >= STREAMS {
        return Err(Refusal::Busy);
    }
    let listener = (caller.user, caller.device);
    let same = streams.open.iter().filter(|(_, stream)| stream.listener == listener).map(|(number, _)| *number);
    let oldest = same.clone().next().filter(|_| same.count() >= STREAMS_EACH);
    oldest.and_then(|oldest| streams.open.remove(&oldest));
    let (told, hearing) = watch::channel(known);
    if newest > known {
        told.send_replace(newest);
    }
    let number = streams.opened;
    streams.opened += 1;
    streams.open.insert(number, Stream { listener, hears_everything: app.server.sees_everything(caller), told });
    if !std::mem::replace(&mut streams.watched, true) {
        tokio::spawn(watch(app.clone()));
    }
    Ok(Listening { live: app.live.clone(), number, told: hearing })
}

async fn watch(app: App) {
    let mut seen = 0;
    while app.live.goes_on() {
        let live = app.live.clone();
        // What failed is in the log already; the next look is soon.
        seen = blocking(&app, move |server, _, _| live.look(server, seen)).await.unwrap_or(seen);
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
