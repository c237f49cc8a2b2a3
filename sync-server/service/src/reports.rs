//! Whether a service report is what a phone made: its seal by the device that is enrolled here, and the record's own history.
//!
//! The bytes of a file are judged by its seal, a printed sheet by the stamp on it. Both name changes of the record by hash,
//! and each change names those before it, so what is found in the record's history stands on all of it. A report may be
//! older than what the server knows, or newer: a phone that has not sent its work yet is not a forger.

use fieldline_documents::ChangeHash;
use fieldline_model::{DeviceId, DocumentId, Timestamp};
use fieldline_report::{Head, Seal, SealError, Stamp};

use crate::call::Call;
use crate::error::Result;
use crate::named::blob_of;

/// The table whose records have reports.
const TASKS: &str = "wm_task";

/// What became of looking at a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The record it is about.
    pub record: DocumentId,
    /// The record's number; empty when it is not known here.
    pub number: String,
    /// Who made it, as far as that is known here.
    pub maker: Option<Maker>,
    /// Whether that device signed exactly what was shown.
    pub is_genuine: bool,
    /// Whether the record's history holds what the report builds on.
    pub chain: Chain,
    /// What the same file is called among the record's files; `None` when it is not among them, and for a stamp.
    pub attached_as: Option<String>,
}

/// The device that made a report, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// What people call the device.
    pub device: String,
    /// Whose it is.
    pub person: String,
    /// Since when it is locked out, if it is.
    pub revoked_at: Option<Timestamp>,
}

/// How a report stands to the history of its record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// What it builds on is part of it.
    Holds,
    /// It builds on work that has not arrived here.
    NotArrived,
    /// Nothing is known of the record.
    UnknownRecord,
}

impl Verdict {
    /// Whether nothing speaks against the report and nothing is missing.
    pub fn is_verified(&self) -> bool {
        self.is_genuine && self.chain == Chain::Holds
    }
}

/// Why there is nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file has no seal, or one that was changed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The text is none that a report carries.
    #[error("this is not what the square code of a service report says; scan it again, or look at the file")]
    Stamp,
    /// The server failed.
    #[error(transparent)]
    Service(#[from] crate::error::ServiceError),
}

/// Looks at a report as a file.
///
/// # Errors
/// When it has no seal, or one that was changed.
pub fn verify_file(call: &mut Call<'_>, bytes: &[u8]) -> Result<Verdict, Unreadable> {
    let seal = Seal::read(bytes)?;
    let mut verdict =
        verdict(call, &seal.origin.record, seal.origin.device, &seal.origin.heads, &|key| seal.is_by(key))?;
    let blob = blob_of(bytes);
    if verdict.chain != Chain::UnknownRecord {
        let files = call.projection(&verdict.record)?.attachments;
        verdict.attached_as = files.into_iter().find(|file| file.what.blob == blob).map(|file| file.what.file_name);
    }
    Ok(verdict)
}

/// Looks at what the square code of a printed report says.
///
/// # Errors
/// When it is not such a code.
pub fn verify_stamp(call: &mut Call<'_>, text: &str) -> Result<Verdict, Unreadable> {
    let stamp = Stamp::parse(text).ok_or(Unreadable::Stamp)?;
    let record = DocumentId::new(TASKS, stamp.record);
    Ok(verdict(call, &record, stamp.device, &stamp.heads, &|key| stamp.is_by(key))?)
}

fn verdict(
    call: &mut Call<'_>,
    record: &DocumentId,
    device: DeviceId,
    heads: &[Head],
    is_by: &dyn Fn(&[u8; 32]) -> bool,
) -> Result<Verdict> {
    let device = call.tx.device(device)?;
    let is_genuine = device.as_ref().is_some_and(|device| is_by(&device.public_key));
    let is_known = record.table.as_str() == TASKS && call.exists(record)?;
    let (mut chain, mut number) = (Chain::UnknownRecord, String::new());
    if is_known {
        number = call.projection(record)?.record.text("number").to_owned();
        let document = call.document(record)?;
        let holds = !heads.is_empty() && heads.iter().all(|head| document.has_change(ChangeHash(*head)));
        chain = if holds { Chain::Holds } else { Chain::NotArrived };
    }
    let maker = device.map(|device| maker(call, device)).transpose()?;
    Ok(Verdict { record: record.clone(), number, maker, is_genuine, chain, attached_as: None })
}

fn maker(call: &Call<'_>, device: fieldline_storage::Device) -> Result<Maker> {
    let person = call.row(&DocumentId::new("sys_user", device.user))?;
    let person = person.map_or_else(|| device.user.to_string(), |person| person.text("name").to_owned());
    Ok(Maker { device: device.name, person, revoked_at: device.revoked_at })
}
