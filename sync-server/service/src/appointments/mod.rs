//! Windows that customers book, and what was promised to them.
//!
//! * `config.rs` says how visits of a kind may be booked: when, how far ahead, how many, and until when that may change.
//! * `windows.rs` works out which windows there are: hours within which a technician with the skills would arrive, beside everything that
//!   stands and everything that was promised to others.
//! * `book.rs` books, moves and cancels. What is offered is worked out again in the transaction that books, so of two customers one gets
//!   the last window and the other one reads which are left.
//!
//! A window is when the work begins: the task's own window is fixed and as much longer as the work takes. What was promised is planned
//! like everything else and moves with its appointment only. Left out: several visits in one appointment, waiting lists.
//!
//! Source: ServiceNow "Appointment booking", "Appointment booking components", "Learn about task assignment".

mod book;
mod config;
mod windows;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId};

use crate::call::Call;
use crate::error::Result;
use crate::table::{self, TableError};

pub use book::{Answer, book, cancel};
pub use windows::{Offered, Window, offered};

pub(crate) use config::check;

pub(crate) const BOOKINGS: &str = "sn_apptmnt_booking_appointment_booking";
pub(crate) const CONFIGS: &str = "sn_apptmnt_booking_service_config";
/// Who books for customers.
const ROLES: [&str; 4] = ["wm_dispatcher", "wm_qualifier", "case_agent", "itil"];

/// The appointment a task has, if it has one.
pub(crate) fn booked(call: &Call<'_>, task: SysId) -> Result<Option<Record>> {
    let booked = Filter::equals("task", task).and(Filter::equals("state", "booked"));
    Ok(call.some_rows(BOOKINGS, &booked, 1)?.pop())
}

/// A task that a window is asked for.
fn open_task(call: &Call<'_>, task: SysId) -> table::Result<Record> {
    let id = DocumentId::new("wm_task", task);
    let task = call.row(&id)?.ok_or_else(|| TableError::NotFound(id.to_string()))?;
    match task.says("active") {
        true => Ok(task),
        false => Err(TableError::invalid(&task.id, None, "is over; ask for another visit")),
    }
}

/// Refuses whoever may not book for customers.
///
/// # Errors
/// Says who may.
pub fn for_agents(call: &Call<'_>) -> table::Result<()> {
    table::only(call, &ROLES, BOOKINGS, "book visits for customers")
}
