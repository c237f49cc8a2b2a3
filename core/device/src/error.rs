//! Why the device did not do what a person asked, and what would help.

use fieldline_documents::{ApplyError, EditError, LoadError};
use fieldline_model::life_cycle::StepError;
use fieldline_model::{DocumentId, FieldName, TableName};
use fieldline_store::StoreError;

/// Why a command or a sync step did nothing. Whatever was saved before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The device is not bound to a person yet.
    #[error("this device is not enrolled; sign in once while the server can be reached")]
    NotEnrolled,
    /// Requests through a kiosk cannot be sealed.
    #[error("this device has no key for a depot's kiosk; enrol it again while the server can be reached")]
    NoRelay,
    /// Nothing of the record is on the device.
    #[error("{0} is not on this device; sync, or ask dispatch whether it is still assigned to you")]
    NotHere(DocumentId),
    /// Only the record's row is on the device; its document comes with the next sync.
    #[error("{0} can be read but not edited yet; its history comes with the next sync, then try again")]
    NotLoaded(DocumentId),
    /// The edit does not fit the table.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The field is reserved to others.
    #[error("{document}: {field}: only {roles} may write it; leave it as it is or ask one of them")]
    Field {
        /// The record.
        document: DocumentId,
        /// The field.
        field: FieldName,
        /// Who may.
        roles: String,
    },
    /// New records of the table are reserved to others.
    #[error("a new record of {table} needs one of the roles {roles}; ask somebody who has one to create it")]
    Create {
        /// The table.
        table: TableName,
        /// Who may.
        roles: String,
    },
    /// There is no such table.
    #[error("there is no table \"{0}\"; check the spelling or update the app")]
    Table(TableName),
    /// The life cycle does not allow the step.
    #[error("{document}: {problem}")]
    Step {
        /// The record.
        document: DocumentId,
        /// What stands in the way.
        #[source]
        problem: StepError,
    },
    /// Every leased number is used up.
    #[error("no number is left for a new record of {table}; sync once to get new ones, then try again")]
    NoNumber {
        /// The table.
        table: TableName,
    },
    /// Only tasks of work orders have service reports.
    #[error("{0} is no work order task; open the task that was worked on and make its report there")]
    NoReport(DocumentId),
    /// The edit is not among those held.
    #[error("edit {0} is not held; it was accepted, discarded or sent again already")]
    NotHeld(u64),
    /// The asset in front of the person is not the one the job is about.
    #[error(
        "\"{seen}\" is not what this job is about: that is {expected}, serial number {serial}. Look at the plate again; if the \
         other machine is the right one, ask dispatch to change the job's asset, or write a work note and leave this one alone"
    )]
    OtherAsset {
        /// What was read off the plate.
        seen: String,
        /// What the job is about.
        expected: String,
        /// Its serial number.
        serial: String,
    },
    /// No asset here bears a plate, or several do.
    #[error(
        "{} on this device bears \"{plate}\"; scan it again, or choose the asset from the list, or write down what you found in \
         a work note", if *is_on_several { "more than one asset" } else { "no asset" }
    )]
    NoSuchPlate {
        /// What was read off the plate.
        plate: String,
        /// Whether several bear it.
        is_on_several: bool,
    },
    /// What is to be installed is not in stock.
    #[error(
        "\"{plate}\" is not in stock, so it cannot be installed; scan the new one, or ask whoever keeps the stock about it"
    )]
    NotInStock {
        /// What was read off the plate.
        plate: String,
    },
    /// The document did not take the edit.
    #[error(transparent)]
    Apply(#[from] ApplyError),
    /// The stored document cannot be read.
    #[error(transparent)]
    Load(#[from] LoadError),
}
