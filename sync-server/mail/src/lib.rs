//! Sends the mail that waits in the outbox through somebody's SMTP server, and fetches what comes in from somebody's IMAP server.
//!
//! * [`Mailer`] (`mailer.rs`) is that server and the address mail comes from; it makes a letter of a [`Mail`] and sends it.
//! * `address.rs` reads where a server is.
//! * [`keep_sending`] (`keep.rs`) claims mail that is due, sends it, and says what became of it, as `fieldline-due` runs errands.
//!
//! * [`Mailbox`] (`mailbox.rs`) is where mail comes in, and [`keep_fetching`] (`fetch.rs`) hands it to the server as long as it
//!   runs; `imap.rs` is as much of that protocol as it takes.
//!
//! The claim is durable before anything is sent, and what became of it after: a mail is sent once for each claim. Who dies in
//! between lets it be sent again when the claim is over, under the same Message-ID. A password never travels over a network
//! unencrypted. A mail that was fetched is marked as seen once it is durable here; who dies in between lets it be fetched again, and
//! it is known then. Left out: IDLE, so mail is noticed when it is looked for next.
//!
//! [`Mail`]: fieldline_service::notifications::Mail

mod address;
mod fetch;
mod imap;
mod keep;
mod mailbox;
mod mailer;

pub use fetch::keep_fetching;
pub use keep::keep_sending;
pub use mailbox::{Mailbox, MailboxError};
pub use mailer::{Mailer, MailerError};
