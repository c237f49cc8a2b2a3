//! What can go wrong below every call: the database fails, or holds something that cannot be read.
//!
//! What a caller did wrong has its own type where it is judged: [`crate::accounts::AccountError`],
//! [`crate::sync::SyncRefusal`], [`crate::table::TableError`]. Held edits and refused steps are data, not errors.

use fieldline_storage::StorageError;

/// Why the server could not do its part; nothing of the call is durable.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The database did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Something the server wrote itself cannot be read back.
    #[error("{what} cannot be read: {problem}; restore it from a backup")]
    Damaged {
        /// The record, edit or setting.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// An edit of the server's own does not fit the dictionary.
    #[error("the server's own edit of {record} was not possible: {problem}")]
    OwnEdit {
        /// The record.
        record: String,
        /// What is wrong with the edit.
        problem: String,
    },
}

impl ServiceError {
    /// Something stored that cannot be read.
    pub(crate) fn damaged(what: impl std::fmt::Display, problem: impl std::fmt::Display) -> Self {
        Self::Damaged { what: what.to_string(), problem: problem.to_string() }
    }
}

/// What a service function returns.
pub type Result<T, E = ServiceError> = std::result::Result<T, E>;
