//! Sends what is due for as long as the server runs, and sleeps until something is.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fieldline_model::Timestamp;
use fieldline_service::notifications::Mail;
use fieldline_service::{Server, ServiceError};
use futures_util::future::join_all;
use rand_core::Rng;
use tokio::sync::Notify;

use crate::mailer::{Mailer, MailerError};

/// Mails that are sent side by side.
const AT_ONCE: u32 = 8;
/// The longest one mail may take, which is well before its claim is over.
const LONGEST_SENDING: Duration = Duration::from_secs(120);
/// The longest that nobody looks: another process may have written mail into the database.
const LONGEST: Duration = Duration::from_secs(60);
/// The pause after the database has failed.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// Where time and chance come from.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Opens a source of chance.
    pub chance: Arc<dyn Fn() -> Box<dyn Rng> + Send + Sync>,
}

/// Sends mail that is due, and never ends.
pub async fn keep_sending(server: Arc<Server>, mailer: Mailer, around: Surroundings) -> Infallible {
    let queued = Arc::new(Notify::new());
    let alarm = queued.clone();
    server.tell_of_jobs(Arc::new(move || alarm.notify_one()));
    loop {
        let pause = match send_due(&server, &mailer, &around).await {
            Ok(AT_ONCE) => Duration::ZERO,
            Ok(_) => until_next(&server, &around).await,
            Err(problem) => {
                tracing::error!(%problem, "mail could not be claimed");
                AFTER_A_FAILURE
            }
        };
        tokio::select! {
            () = queued.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Claims what is due, sends it, and says what became of it; returns how much it was.
async fn send_due(server: &Arc<Server>, mailer: &Mailer, around: &Surroundings) -> Result<u32, ServiceError> {
    let domain = mailer.domain().to_owned();
    let claimed =
        elsewhere(server, around, move |server, now, rng| server.claim_mail(&domain, AT_ONCE, now, rng)).await?;
    let count = u32::try_from(claimed.len()).unwrap_or(AT_ONCE);
    let sent = claimed.into_iter().map(|mail| send(server, mailer, around, mail));
    join_all(sent).await.into_iter().collect::<Result<(), _>>()?;
    Ok(count)
}

async fn send(server: &Arc<Server>, mailer: &Mailer, around: &Surroundings, mail: Mail) -> Result<(), ServiceError> {
    let sent = tokio::time::timeout(LONGEST_SENDING, mailer.send(&mail, (around.clock)())).await;
    let sent = sent.unwrap_or_else(|_| Err(MailerError::Server("it took too long".into())));
    let id = mail.id;
    match sent {
        Ok(()) => elsewhere(server, around, move |server, now, rng| server.mail_sent(&mail, now, rng)).await,
        Err(problem) => {
            // The server's words may name who it was for, so they stay in the queue.
            tracing::warn!(mail = %id, "a mail could not be sent; the queue says why");
            let problem = problem.to_string();
            elsewhere(server, around, move |server, now, rng| server.mail_failed(&mail, &problem, now, rng)).await
        }
    }
}

async fn until_next(server: &Arc<Server>, around: &Surroundings) -> Duration {
    match elsewhere(server, around, |server, now, _| Ok(server.next_mail_due()?.map(|due| due.milliseconds_since(now))))
        .await
    {
        Ok(Some(milliseconds)) => Duration::from_millis(u64::try_from(milliseconds).unwrap_or_default()).min(LONGEST),
        Ok(None) => LONGEST,
        Err(_) => AFTER_A_FAILURE,
    }
}

/// What `work` returns on a thread that may block.
async fn elsewhere<T: Send + 'static>(
    server: &Arc<Server>,
    around: &Surroundings,
    work: impl FnOnce(&Server, Timestamp, &mut dyn Rng) -> Result<T, ServiceError> + Send + 'static,
) -> Result<T, ServiceError> {
    let (server, around) = (server.clone(), around.clone());
    let done = tokio::task::spawn_blocking(move || work(&server, (around.clock)(), &mut *(around.chance)())).await;
    done.map_err(|panic| ServiceError::Damaged { what: "the outbox".into(), problem: panic.to_string() })?
}
