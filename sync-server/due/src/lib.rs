//! Does what is due for as long as the server runs, and sleeps until something is.
//!
//! * [`Bell`] rings when a job was put into the queue, or when the next one is due. Whoever does jobs waits for it.
//! * [`keep_running`] runs [`Errand`]s: whatever leaves this server is claimed, done outside of any transaction, and ended. A slow
//!   one keeps none of the others waiting.
//!
//! Left out: what the errands are. Time and chance come from [`Surroundings`].

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use fieldline_model::Timestamp;
use fieldline_service::{Server, ServiceError};
use rand_core::Rng;
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// The longest that nobody looks: another process may have put a job into the database.
const LONGEST: Duration = Duration::from_secs(60);
/// The pause after the database has failed.
pub const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// Where time and chance come from.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Opens a source of chance.
    pub chance: Arc<dyn Fn() -> Box<dyn Rng> + Send + Sync>,
}

impl Surroundings {
    /// What `work` returns on a thread that may block.
    ///
    /// # Errors
    /// What `work` returns, and when it panics.
    pub async fn elsewhere<T: Send + 'static>(
        &self,
        server: &Arc<Server>,
        work: impl FnOnce(&Server, Timestamp, &mut dyn Rng) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError> {
        let (server, around) = (server.clone(), self.clone());
        let done = tokio::task::spawn_blocking(move || work(&server, (around.clock)(), &mut *(around.chance)())).await;
        done.map_err(|panic| ServiceError::Damaged { what: "the queue".into(), problem: panic.to_string() })?
    }
}

/// Rings when there may be something to do.
pub struct Bell(Arc<Notify>);

impl Bell {
    /// The bell of a server's queue.
    pub fn of(server: &Server) -> Self {
        let queued = Arc::new(Notify::new());
        let alarm = queued.clone();
        server.tell_of_jobs(Arc::new(move || alarm.notify_one()));
        Self(queued)
    }

    /// Waits until a job was put, or a pause is over.
    pub async fn rings_within(&self, pause: Duration) {
        tokio::select! {
            () = self.0.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// How long to wait for the next job.
pub fn pause_until(next: Option<Timestamp>, now: Timestamp) -> Duration {
    next.map_or(LONGEST, |due| {
        Duration::from_millis(u64::try_from(due.milliseconds_since(now)).unwrap_or_default()).min(LONGEST)
    })
}

/// Something that leaves this server.
pub trait Errand: Clone + Send + Sync + 'static {
    /// One of them, claimed.
    type Claim: Send + 'static;
    /// How many are done side by side.
    const AT_ONCE: u32;

    /// Claims what is due, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    fn claim(
        &self,
        server: &Server,
        limit: u32,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Vec<Self::Claim>, ServiceError>;

    /// When the next is due.
    ///
    /// # Errors
    /// When the database fails.
    fn next_due(&self, server: &Server) -> Result<Option<Timestamp>, ServiceError>;

    /// Does one, and says what became of it.
    fn run(
        &self,
        server: Arc<Server>,
        around: Surroundings,
        claim: Self::Claim,
    ) -> impl Future<Output = Result<(), ServiceError>> + Send;
}

/// Runs errands that are due, and never ends.
pub async fn keep_running<E: Errand>(server: Arc<Server>, errand: E, around: Surroundings) -> Infallible {
    let (bell, mut under_way) = (Bell::of(&server), JoinSet::new());
    loop {
        let room = E::AT_ONCE.saturating_sub(u32::try_from(under_way.len()).unwrap_or(E::AT_ONCE));
        let pause = match claim(&server, &errand, &around, room).await {
            Ok((claimed, pause)) => {
                for claim in claimed {
                    let (errand, server, around) = (errand.clone(), server.clone(), around.clone());
                    under_way.spawn(async move { errand.run(server, around, claim).await });
                }
                pause
            }
            Err(problem) => {
                tracing::error!(%problem, "what is due could not be claimed");
                Some(AFTER_A_FAILURE)
            }
        };
        tokio::select! {
            Some(ended) = under_way.join_next() => match ended {
                Ok(Ok(())) => {}
                Ok(Err(problem)) => tracing::error!(%problem, "what became of an errand could not be noted"),
                Err(panic) => tracing::error!(%panic, "an errand fell over"),
            },
            () = rings(&bell, pause) => {}
        }
    }
}

/// Claims as many as there is room for, and says how long the next is off; nothing when only room is lacking.
async fn claim<E: Errand>(
    server: &Arc<Server>,
    errand: &E,
    around: &Surroundings,
    room: u32,
) -> Result<(Vec<E::Claim>, Option<Duration>), ServiceError> {
    if room == 0 {
        return Ok((Vec::new(), None));
    }
    let errand = errand.clone();
    let claiming = around.elsewhere(server, move |server, now, rng| {
        let claimed = errand.claim(server, room, now, rng)?;
        Ok((claimed, pause_until(errand.next_due(server)?, now)))
    });
    claiming.await.map(|(claimed, pause)| (claimed, Some(pause)))
}

async fn rings(bell: &Bell, pause: Option<Duration>) {
    match pause {
        Some(pause) => bell.rings_within(pause).await,
        None => pending().await,
    }
}
