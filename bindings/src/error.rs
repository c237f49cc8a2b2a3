//! Why something did not happen, sorted by what helps.
//!
//! An app shows the message and offers the remedy of the variant. What nobody can help with carries an id that is in the
//! app's log, too, so that whoever is asked for help finds it.

use std::fmt::Display;

use fieldline_device::DeviceError;
use fieldline_device::runtime::{Entropy, RuntimeError};
use fieldline_documents::EditError;
use fieldline_model::life_cycle::StepError;
use fieldline_store::StoreError;
use rand_core::Rng;
use reqwest::StatusCode;

use crate::ids::RecordId;

/// Why the core did nothing. What was saved before is safe.
#[derive(Debug, Clone, PartialEq, thiserror::Error, serde::Serialize, uniffi::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldlineError {
    /// Somebody has to sign in.
    #[error("{message}")]
    SignInAgain {
        /// What happened and what helps.
        message: String,
    },
    /// The phone is full.
    #[error("{message}")]
    StorageFull {
        /// What happened and what helps.
        message: String,
    },
    /// The app is too old.
    #[error("{message}")]
    UpdateNeeded {
        /// What happened and what helps.
        message: String,
    },
    /// This person may not, or the record does not allow it where it stands.
    #[error("{message}")]
    NotAllowed {
        /// What happened and what helps.
        message: String,
        /// Of which record.
        record: Option<RecordId>,
        /// Which field or step.
        subject: Option<String>,
    },
    /// Something is missing or malformed.
    #[error("{message}")]
    Invalid {
        /// What happened and what helps.
        message: String,
        /// Of which record.
        record: Option<RecordId>,
        /// Which field or step.
        subject: Option<String>,
    },
    /// It comes with the next sync.
    #[error("{message}")]
    SyncFirst {
        /// What happened and what helps.
        message: String,
        /// Of which record.
        record: Option<RecordId>,
    },
    /// No server of ours answered.
    #[error("{message}")]
    NoConnection {
        /// What happened and what helps.
        message: String,
    },
    /// The key store holds another key than the database was made with, or none.
    #[error("{message}")]
    WrongKey {
        /// What happened and what helps.
        message: String,
    },
    /// The files were found damaged; opening again salvages them.
    #[error("{message}")]
    OpenAgain {
        /// What happened and what helps.
        message: String,
    },
    /// Somebody stopped it; nothing is lost.
    #[error("stopped; what was done until then is kept")]
    Stopped,
    /// Nobody foresaw it.
    #[error("{message} (support id {support_id})")]
    Unexpected {
        /// What happened.
        message: String,
        /// What the log calls it.
        support_id: String,
    },
}

impl FieldlineError {
    /// Something an app wrote that cannot be read.
    pub(crate) fn invalid(problem: &dyn Display) -> Self {
        Self::Invalid { message: problem.to_string(), record: None, subject: None }
    }

    /// Something nobody foresaw, noted in the log under an id.
    pub(crate) fn unexpected(problem: &dyn Display) -> Self {
        let message = problem.to_string();
        let support_id = format!("{:08x}", Entropy::default().next_u32());
        tracing::error!(support_id, message, "unexpected");
        Self::Unexpected { message, support_id }
    }
}

impl From<StoreError> for FieldlineError {
    fn from(error: StoreError) -> Self {
        let message = error.to_string();
        match error {
            StoreError::WrongKey(_) => Self::WrongKey { message },
            StoreError::UpdateNeeded { .. } => Self::UpdateNeeded { message },
            StoreError::Damaged { .. } => Self::OpenAgain { message },
            StoreError::Full { .. } => Self::StorageFull { message },
            StoreError::Database { .. } | StoreError::File { .. } | StoreError::Content { .. } => {
                Self::unexpected(&message)
            }
        }
    }
}

impl From<DeviceError> for FieldlineError {
    fn from(error: DeviceError) -> Self {
        let message = error.to_string();
        match error {
            DeviceError::Store(error) => error.into(),
            DeviceError::NotEnrolled | DeviceError::NoRelay => Self::SignInAgain { message },
            DeviceError::NotHere(record) | DeviceError::NotLoaded(record) => {
                Self::SyncFirst { message, record: Some(record.into()) }
            }
            DeviceError::NoNumber { .. } => Self::SyncFirst { message, record: None },
            DeviceError::Field { document, field, .. } => {
                Self::NotAllowed { message, record: Some(document.into()), subject: Some(field.to_string()) }
            }
            DeviceError::Create { .. } => Self::NotAllowed { message, record: None, subject: None },
            DeviceError::Step { document, problem } => {
                let (record, subject) = (Some(document.into()), subject_of(&problem));
                match problem {
                    StepError::NotFrom { .. } | StepError::Role { .. } => Self::NotAllowed { message, record, subject },
                    _ => Self::Invalid { message, record, subject },
                }
            }
            DeviceError::Edit(EditError { document, field, .. }) => {
                let (record, subject) = (Some(document.into()), field.map(|field| field.to_string()));
                Self::Invalid { message, record, subject }
            }
            DeviceError::Table(_) | DeviceError::NoReport(_) | DeviceError::NotHeld(_) => Self::invalid(&message),
            DeviceError::OtherAsset { .. } | DeviceError::NoSuchPlate { .. } | DeviceError::NotInStock { .. } => {
                Self::invalid(&message)
            }
            DeviceError::Apply(_) | DeviceError::Load(_) => Self::unexpected(&message),
        }
    }
}

/// The field or step a refused step is about.
fn subject_of(problem: &StepError) -> Option<String> {
    Some(match problem {
        StepError::Missing { field, .. } => field.to_string(),
        StepError::Unknown { step, .. }
        | StepError::NotFrom { step, .. }
        | StepError::Role { step, .. }
        | StepError::Reason { step, .. }
        | StepError::Comment { step, .. } => step.clone(),
    })
}

impl From<RuntimeError> for FieldlineError {
    fn from(error: RuntimeError) -> Self {
        let message = error.to_string();
        match error {
            RuntimeError::Device(error) => error.into(),
            RuntimeError::Unreachable { .. } | RuntimeError::NotOurs { .. } => Self::NoConnection { message },
            RuntimeError::Refused { status, .. } if status == StatusCode::UNAUTHORIZED.as_u16() => {
                Self::SignInAgain { message }
            }
            RuntimeError::Refused { status, .. } if status == StatusCode::UPGRADE_REQUIRED.as_u16() => {
                Self::UpdateNeeded { message }
            }
            RuntimeError::Refused { .. } => Self::NotAllowed { message, record: None, subject: None },
        }
    }
}
