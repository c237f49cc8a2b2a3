//! How mail leaves this server, and how it comes in.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use fieldline_due::Surroundings;
use fieldline_mail::{Mailbox, Mailer};
use fieldline_service::Server;

use crate::failed::{Failed, io};

/// The environment variables with the passwords of the mail server and of the mailbox.
const PASSWORD: &str = "FIELDLINE_SMTP_PASSWORD";
const IMAP_PASSWORD: &str = "FIELDLINE_IMAP_PASSWORD";

/// How mail leaves this server; without a mail server it waits in `sys_email`, and what waits for three days is not sent.
#[derive(Debug, clap::Args)]
pub struct MailArgs {
    /// Send mail through this server: smtp://NAME@HOST:587 (encrypted by STARTTLS unless HOST is this machine) or
    /// smtps://NAME@HOST. The password is in FIELDLINE_SMTP_PASSWORD or a file.
    #[arg(long, value_name = "URL", requires = "mail_from")]
    smtp: Option<String>,
    /// The address mail comes from, such as "Service desk <desk@example.org>".
    #[arg(long, value_name = "ADDRESS", requires = "smtp")]
    mail_from: Option<String>,
    /// A file whose first line is the mail server's password.
    #[arg(long, value_name = "FILE", requires = "smtp")]
    smtp_password_file: Option<PathBuf>,
    /// Fetch mail from this mailbox: imaps://NAME@HOST. The password is in FIELDLINE_IMAP_PASSWORD or a file.
    #[arg(long, value_name = "URL")]
    imap: Option<String>,
    /// A file whose first line is the mailbox's password.
    #[arg(long, value_name = "FILE", requires = "imap")]
    imap_password_file: Option<PathBuf>,
    /// How often the mailbox is looked into.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, requires = "imap", value_parser = clap::value_parser!(u64).range(1..))]
    imap_every: u64,
}

impl MailArgs {
    /// Whoever sends mail, if somebody does.
    pub fn open(&self) -> Result<Option<Mailer>, Failed> {
        let Some((url, from)) = self.smtp.as_ref().zip(self.mail_from.as_ref()) else { return Ok(None) };
        let password = password(self.smtp_password_file.as_deref(), PASSWORD)?;
        Ok(Some(Mailer::new(url, password.as_deref(), from)?))
    }

    /// Where mail comes in, and how often it is looked for, if it is.
    pub fn open_mailbox(&self) -> Result<Option<(Mailbox, Duration)>, Failed> {
        let Some(url) = &self.imap else { return Ok(None) };
        let password = password(self.imap_password_file.as_deref(), IMAP_PASSWORD)?;
        Ok(Some((Mailbox::new(url, password.as_deref())?, Duration::from_secs(self.imap_every))))
    }
}

/// The first line of a file, else what a variable says.
fn password(file: Option<&Path>, variable: &str) -> Result<Option<String>, Failed> {
    let Some(file) = file else { return Ok(std::env::var(variable).ok()) };
    let text = std::fs::read_to_string(file).map_err(io("reading", file))?;
    Ok(text.lines().next().map(str::to_owned))
}

/// The addresses that mail of this server comes from or goes to.
pub fn own_addresses(mailer: Option<&Mailer>, mailbox: Option<&(Mailbox, Duration)>) -> Vec<String> {
    let fetched = mailbox.map(|(mailbox, _)| mailbox.user().to_owned()).filter(|user| user.contains('@'));
    mailer.map(Mailer::address).into_iter().chain(fetched).collect()
}

/// Fetches mail for as long as the server runs, if there is a mailbox.
pub async fn keep_fetching(
    server: Arc<Server>,
    mailbox: Option<(Mailbox, Duration)>,
    around: Surroundings,
) -> Infallible {
    match mailbox {
        Some((mailbox, every)) => fieldline_mail::keep_fetching(server, mailbox, every, around).await,
        None => std::future::pending().await,
    }
}

/// Sends mail for as long as the server runs, if there is somebody who does.
pub async fn keep_sending(server: Arc<Server>, mailer: Option<Mailer>, around: Surroundings) -> Infallible {
    match mailer {
        Some(mailer) => fieldline_mail::keep_sending(server, mailer, around).await,
        None => std::future::pending().await,
    }
}
