//! Where devices that write wait for their turn.
//!
//! Writing is one thread's work, because the database has one writer anyway. It takes everybody who waits, up to a number,
//! and lets them share a transaction: a disk makes few things durable a second, but many together as fast as one. Nobody is
//! answered before the commit. Who would have to wait behind more than the memory holds is sent away at once, with a time to
//! come again; devices then repeat the request, which is harmless.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use fieldline_service::{Checked, Server, SyncRefusal};
use fieldline_sync::wire::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::refusal::Refusal;
use crate::{Clock, Entropy};

/// Edits and pieces of files that share a transaction at the most, so that the last of them waits no longer than some tens of
/// milliseconds. One request may hold more and then has its own.
const PIECES_TOGETHER: usize = 256;
/// Bytes of requests that may wait, in units of a small request.
const UNIT_BYTES: usize = 4 << 10;
const UNITS_WAITING: usize = 16 << 10;

/// The queue of those who wait.
pub struct Admission {
    queue: mpsc::UnboundedSender<Waiting>,
    room: Arc<Semaphore>,
}

struct Waiting {
    checked: Checked,
    answer: oneshot::Sender<Result<Response, SyncRefusal>>,
    _room: OwnedSemaphorePermit,
}

impl Admission {
    /// Starts the thread; it ends when the queue is dropped and everybody in it was answered.
    pub fn start(server: Arc<Server>, clock: Arc<dyn Clock>, entropy: Entropy) -> Self {
        let (queue, waiting) = mpsc::unbounded_channel();
        let work = move || admit(&server, &*clock, entropy, waiting);
        thread::Builder::new().name("admission".into()).spawn(work).expect("a server needs one thread more");
        Self { queue, room: Arc::new(Semaphore::new(UNITS_WAITING)) }
    }

    /// Waits for the turn of a request, and for the commit.
    ///
    /// # Errors
    /// What the service says; [`Refusal::Busy`] when too much waits already, [`Refusal::Broken`] when the work panicked.
    pub async fn answer(&self, checked: Checked) -> Result<Response, Refusal> {
        let units = u32::try_from(1 + checked.size_bytes() / UNIT_BYTES).unwrap_or(u32::MAX);
        let room = self.room.clone().try_acquire_many_owned(units).map_err(|_| Refusal::Busy)?;
        let (answer, answered) = oneshot::channel();
        self.queue.send(Waiting { checked, answer, _room: room }).map_err(|_| Refusal::Broken)?;
        Ok(answered.await.map_err(|_| Refusal::Broken)??)
    }
}

fn admit(server: &Server, clock: &dyn Clock, mut entropy: Entropy, mut queue: mpsc::UnboundedReceiver<Waiting>) {
    while let Some(first) = queue.blocking_recv() {
        let (requests, askers) = group(first, &mut queue);
        let together = AssertUnwindSafe(|| server.answer_together(&requests, clock.now(), &mut entropy));
        match catch_unwind(together) {
            Ok(answers) => {
                for (asker, answer) in askers.into_iter().zip(answers) {
                    // Whoever has gone asks again and is told the same.
                    drop(asker.send(answer));
                }
            }
            // The transaction is undone; those who waited learn it by their channel's end.
            Err(_) => tracing::error!("admitting {} requests panicked", requests.len()),
        }
    }
}

type Answer = oneshot::Sender<Result<Response, SyncRefusal>>;

/// The first who waits and everybody else there is room for in one transaction.
fn group(first: Waiting, queue: &mut mpsc::UnboundedReceiver<Waiting>) -> (Vec<Checked>, Vec<Answer>) {
    let (mut requests, mut askers, mut pieces) = (Vec::new(), Vec::new(), 0);
    let mut next = Some(first);
    while let Some(Waiting { checked, answer, .. }) = next {
        pieces += 1 + checked.pieces();
        requests.push(checked);
        askers.push(answer);
        next = if pieces < PIECES_TOGETHER { queue.try_recv().ok() } else { None };
    }
    (requests, askers)
}
