//! Sends mail that is due for as long as the server runs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use fieldline_due::{Errand, Surroundings};
use fieldline_model::Timestamp;
use fieldline_service::notifications::Mail;
use fieldline_service::{Server, ServiceError};
use rand_core::Rng;

use crate::mailer::{Mailer, MailerError};

/// The longest one mail may take, which is well before its claim is over.
const LONGEST_SENDING: Duration = Duration::from_secs(120);

/// Sends mail that is due, and never ends.
pub async fn keep_sending(server: Arc<Server>, mailer: Mailer, around: Surroundings) -> Infallible {
    fieldline_due::keep_running(server, mailer, around).await
}

impl Errand for Mailer {
    type Claim = Mail;
    const AT_ONCE: u32 = 8;

    fn claim(&self, server: &Server, limit: u32, now: Timestamp, rng: &mut dyn Rng) -> Result<Vec<Mail>, ServiceError> {
        server.claim_mail(self.domain(), limit, now, rng)
    }

    fn next_due(&self, server: &Server) -> Result<Option<Timestamp>, ServiceError> {
        server.next_mail_due()
    }

    async fn run(&self, server: Arc<Server>, around: Surroundings, mail: Mail) -> Result<(), ServiceError> {
        let sent = tokio::time::timeout(LONGEST_SENDING, self.send(&mail, (around.clock)())).await;
        let sent = sent.unwrap_or_else(|_| Err(MailerError::Server("it took too long".into())));
        let id = mail.id;
        match sent {
            Ok(()) => around.elsewhere(&server, move |server, now, rng| server.mail_sent(&mail, now, rng)).await,
            Err(problem) => {
                // The server's words may name who it was for, so they stay in the queue.
                tracing::warn!(mail = %id, "a mail could not be sent; the queue says why");
                let (is_final, problem) = (problem.is_final(), problem.to_string());
                let noting = around.elsewhere(&server, move |server, now, rng| {
                    server.mail_failed(&mail, (&problem, is_final), now, rng)
                });
                noting.await
            }
        }
    }
}
