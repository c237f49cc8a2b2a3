//! Who is in which chat at this moment, so that what one says wakes the others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fieldline_model::SysId;
use tokio::sync::Notify;

use crate::refusal::Refusal;

/// Sockets open at the same time.
const SOCKETS: usize = 2_000;

/// The sockets of each chat, so that what one says wakes the others.
#[derive(Default)]
pub struct Rooms(Mutex<Open>);

#[derive(Default)]
struct Open {
    rooms: BTreeMap<SysId, (Arc<Notify>, usize)>,
    sockets: usize,
    closed: bool,
}

impl Rooms {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every socket, and opens no more.
    pub fn close(&self) {
        let mut open = self.open();
        open.closed = true;
        open.rooms.values().for_each(|(notify, _)| notify.notify_waiters());
    }

    /// Whether every socket has to end.
    pub fn is_closed(&self) -> bool {
        self.open().closed
    }

    /// Wakes everybody in a chat.
    pub fn wake(&self, chat: SysId) {
        if let Some((notify, _)) = self.open().rooms.get(&chat) {
            notify.notify_waiters();
        }
    }
}

/// A place among the sockets; dropping it gives it back.
pub struct Place(Arc<Rooms>);

impl Place {
    /// Takes one.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when there is none, or the server is about to stop.
    pub fn take(rooms: &Arc<Rooms>) -> Result<Self, Refusal> {
        let mut open = rooms.open();
        if open.closed || open.sockets >= SOCKETS {
            return Err(Refusal::Busy);
        }
        open.sockets += 1;
        Ok(Self(rooms.clone()))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open().sockets -= 1;
    }
}

/// One who listens in a chat; dropping it leaves.
pub struct Seat {
    rooms: Arc<Rooms>,
    /// Which.
    pub chat: SysId,
    /// Wakes whoever listens.
    pub told: Arc<Notify>,
}

impl Seat {
    /// Sits down in a chat.
    pub fn take(rooms: &Arc<Rooms>, chat: SysId) -> Self {
        let mut open = rooms.open();
        let room = open.rooms.entry(chat).or_default();
        room.1 += 1;
        Self { rooms: rooms.clone(), chat, told: room.0.clone() }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut open = self.rooms.open();
        let is_last = open.rooms.get_mut(&self.chat).is_some_and(|room| {
            room.1 -= 1;
            room.1 == 0
        });
        if is_last {
            open.rooms.remove(&self.chat);
        }
    }
}
