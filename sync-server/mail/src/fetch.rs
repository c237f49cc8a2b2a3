//! Fetches mail for as long as the server runs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fieldline_due::Surroundings;
use fieldline_service::mail_in::{self, MAIL_BYTES};
use fieldline_service::{Server, ServiceError, TableError};

use crate::imap::{Imap, ImapError};
use crate::mailbox::Mailbox;

/// The longest one look may take, a large mail over a slow line included.
const LONGEST_LOOK: Duration = Duration::from_secs(900);
/// A mail that could not be taken in so often is left alone until the server starts anew.
const ATTEMPTS: u32 = 3;

/// Looks for mail every so often, and never ends.
pub async fn keep_fetching(server: Arc<Server>, mailbox: Mailbox, every: Duration, around: Surroundings) -> Infallible {
    let mut failed = BTreeMap::new();
    loop {
        let look = look(&server, &mailbox, &around, &mut failed);
        match tokio::time::timeout(LONGEST_LOOK, look).await {
            Ok(Ok(())) => {}
            Ok(Err(problem)) => tracing::warn!(%problem, "mail could not be fetched; it is looked for again"),
            Err(_) => tracing::warn!("mail was not fetched within {} seconds", LONGEST_LOOK.as_secs()),
        }
        tokio::time::sleep(every).await;
    }
}

/// Takes what nobody has seen, one mail after the other.
async fn look(
    server: &Arc<Server>,
    mailbox: &Mailbox,
    around: &Surroundings,
    failed: &mut BTreeMap<u32, u32>,
) -> Result<(), ImapError> {
    let mut imap = mailbox.open(MAIL_BYTES).await?;
    for uid in imap.unseen().await? {
        if failed.get(&uid).is_some_and(|attempts| *attempts >= ATTEMPTS) {
            continue;
        }
        let is_whole = imap.size(uid).await? <= MAIL_BYTES;
        match take(server, around, &mut imap, uid, is_whole).await? {
            Ok(()) => imap.mark(uid, is_whole).await?,
            Err(problem) => {
                *failed.entry(uid).or_default() += 1;
                tracing::error!(uid, %problem, "a mail could not be taken in");
            }
        }
    }
    imap.leave().await;
    Ok(())
}

/// Takes one mail in; of one that is too large its headers, so that somebody learns of it.
async fn take(
    server: &Arc<Server>,
    around: &Surroundings,
    imap: &mut Imap,
    uid: u32,
    is_whole: bool,
) -> Result<Result<(), ServiceError>, ImapError> {
    let raw = imap.fetch(uid, is_whole).await?;
    let taking = around.elsewhere(server, move |server, now, rng| {
        let taken = server.write(&server.system(), now, rng, |call| mail_in::receive(call, &raw));
        match taken {
            Ok(taken) => {
                tracing::info!(mail = %taken.mail, "a mail was taken in");
                Ok(())
            }
            Err(TableError::Service(error)) => Err(error),
            Err(problem) => Err(ServiceError::Damaged { what: "a mail".into(), problem: problem.to_string() }),
        }
    });
    Ok(taking.await)
}
