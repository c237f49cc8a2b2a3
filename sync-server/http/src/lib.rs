//! Sends the requests that wait in the outbox: what flows ask of outside systems, and webhooks.
//!
//! * `guard.rs` refuses addresses inside the house, whatever a name turns out to mean, unless an administrator allows the host.
//! * `sender.rs` sends one request: bounded in time and size, no redirect to another host. `tokens.rs` gets tokens for it.
//! * [`keep_sending`] claims what is due and says what became of it.
//!
//! The claim is durable before anything is sent, and what became of it after: a request is sent once for each claim. Who dies in
//! between lets it be sent again under the same identity. Left out: proxies, client certificates, answers as streams.

mod guard;
mod sender;
mod tokens;

use std::convert::Infallible;
use std::sync::Arc;

use fieldline_due::{Errand, Surroundings};
use fieldline_model::Timestamp;
use fieldline_service::outgoing::Request;
use fieldline_service::{Server, ServiceError};
use rand_core::Rng;

pub use guard::Allowed;
pub use sender::{Sender, SenderError};

/// Sends requests that are due, and never ends.
pub async fn keep_sending(server: Arc<Server>, sender: Sender, around: Surroundings) -> Infallible {
    fieldline_due::keep_running(server, sender, around).await
}

impl Errand for Sender {
    type Claim = Request;
    const AT_ONCE: u32 = 32;

    fn claim(
        &self,
        server: &Server,
        limit: u32,
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<Vec<Request>, ServiceError> {
        server.claim_requests(limit, now, rng)
    }

    fn next_due(&self, server: &Server) -> Result<Option<Timestamp>, ServiceError> {
        server.next_request_due()
    }

    async fn run(&self, server: Arc<Server>, around: Surroundings, request: Request) -> Result<(), ServiceError> {
        let outcome = self.send(&request, &*around.clock).await;
        let claim = (request.id, request.claimed_until);
        around.elsewhere(&server, move |server, now, rng| server.request_ended(claim, &outcome, now, rng)).await
    }
}
