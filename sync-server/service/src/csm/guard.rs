//! What may not be written about a case over the record API; what was done with the radio off merges.
//!
//! * A case that is closed or cancelled stays as it is.
//! * An entitlement that somebody gives it suits it.
//! * Contributors see all of a case, so they are people of the house.

use fieldline_model::Record;

use super::entitlements::choice;
use crate::call::Call;
use crate::cases::CASES;
use crate::table::{Result, TableError};

/// Refuses a case as it would be.
///
/// # Errors
/// Names what stands against it, and what to do.
pub(crate) fn check(call: &Call<'_>, before: Option<&Record>, case: &Record, changes: bool) -> Result<()> {
    if case.id.table != *CASES || call.caller.roles.contains("system") {
        return Ok(());
    }
    if changes && before.is_some_and(|before| !before.says("active")) {
        let problem = "is closed and stays as it is; open a new case that names it as its parent";
        return Err(TableError::Denied { record: case.id.to_string(), problem: problem.into() });
    }
    let known = before.map(|before| before.references("contributor_users")).unwrap_or_default();
    for user in case.references("contributor_users").into_iter().filter(|user| !known.contains(user)) {
        if call.is_customer(user)? {
            let problem = "names a customer, and contributors see work notes; put them on the watch list";
            return Err(TableError::invalid(&case.id, Some(&"contributor_users".into()), problem));
        }
    }
    choice::check(call, before, case)
}
