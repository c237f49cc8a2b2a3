//! Sends the mail that waits in the outbox, through somebody's SMTP server.
//!
//! * [`Mailer`] (`mailer.rs`) is that server and the address mail comes from; it makes a letter of a [`Mail`] and sends it.
//! * `address.rs` reads where that server is.
//! * [`keep_sending`] (`keep.rs`) claims mail that is due, sends it, and says what became of it, as `fieldline-due` runs errands.
//!
//! The claim is durable before anything is sent, and what became of it after: a mail is sent once for each claim. Who dies in
//! between lets it be sent again when the claim is over, under the same Message-ID. A password never travels over a network
//! unencrypted. Left out: mail that comes in, and reports of mail that did not arrive.
//!
//! [`Mail`]: fieldline_service::notifications::Mail

mod address;
mod keep;
mod mailer;

pub use keep::keep_sending;
pub use mailer::{Mailer, MailerError};
