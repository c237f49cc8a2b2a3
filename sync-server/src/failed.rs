//! Why a command did not do what it was told.

use std::path::Path;

use fieldline_depot::DepotError;
use fieldline_http::SenderError;
use fieldline_mail::{MailboxError, MailerError};
use fieldline_roads::RoadsError;
use fieldline_roads::osm::OsmError;
use fieldline_service::TableError;
use fieldline_service::accounts::AccountError;
use fieldline_service::error::ServiceError;
use fieldline_service::reports::Unreadable;
use fieldline_storage::StorageError;
use fieldline_web::tls::TlsError;

use crate::demo::DemoFailed;

/// Why a command did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// A file, socket or terminal failed.
    #[error("{doing} failed")]
    Io {
        /// What was being done, with the path or address.
        doing: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The server failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// A person, device or password was refused.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// A record was refused.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A service report has nothing to be verified by.
    #[error(transparent)]
    Report(#[from] Unreadable),
    /// A kiosk's disk failed.
    #[error(transparent)]
    Depot(#[from] DepotError),
    /// A certificate cannot be used or made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Mail cannot be sent this way.
    #[error(transparent)]
    Mailer(#[from] MailerError),
    /// Mail cannot be fetched as it was said.
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    /// Outside systems cannot be asked.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// Roads cannot be used.
    #[error(transparent)]
    Roads(#[from] RoadsError),
    /// An extract gives no roads.
    #[error(transparent)]
    Osm(#[from] OsmError),
    /// The demo could not go on.
    #[error(transparent)]
    Demo(#[from] DemoFailed),
    /// What was asked cannot be done; says what can.
    #[error("{0}")]
    Usage(String),
}

/// Names what was being done to a path when the system failed.
pub fn io(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> Failed {
    let doing = format!("{doing} {}", path.display());
    move |source| Failed::Io { doing, source }
}
