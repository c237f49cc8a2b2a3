//! How mail leaves this server.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use fieldline_due::Surroundings;
use fieldline_mail::Mailer;
use fieldline_service::Server;

use crate::failed::{Failed, io};

/// The environment variable with the mail server's password.
const PASSWORD: &str = "FIELDLINE_SMTP_PASSWORD";

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
}

impl MailArgs {
    /// Whoever sends mail, if somebody does.
    pub fn open(&self) -> Result<Option<Mailer>, Failed> {
        let Some((url, from)) = self.smtp.as_ref().zip(self.mail_from.as_ref()) else { return Ok(None) };
        let password = match &self.smtp_password_file {
            Some(file) => {
                let text = std::fs::read_to_string(file).map_err(io("reading", file))?;
                text.lines().next().map(str::to_owned)
            }
            None => std::env::var(PASSWORD).ok(),
        };
        Ok(Some(Mailer::new(url, password.as_deref(), from)?))
    }
}

/// Sends mail for as long as the server runs, if there is somebody who does.
pub async fn keep_sending(server: Arc<Server>, mailer: Option<Mailer>, around: Surroundings) -> Infallible {
    match mailer {
        Some(mailer) => fieldline_mail::keep_sending(server, mailer, around).await,
        None => std::future::pending().await,
    }
}
