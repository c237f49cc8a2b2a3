//! Time off from being on call: somebody asks, and names who could cover; who manages the roster approves, and then both hold.

use fieldline_model::{DocumentId, Record, SysId, Value};

use super::{PROPOSALS, SPANS};
use crate::call::Call;
use crate::table::{Result, TableError};

/// Refuses what could not be followed.
///
/// # Errors
/// Names what is wrong with it.
pub(crate) fn check(row: &Record) -> Result<()> {
    let invalid = |field: &str, problem: &str| Err(TableError::invalid(&row.id, Some(&field.into()), problem));
    if row.time("start_date_time") >= row.time("end_date_time") {
        return invalid("end_date_time", "must be after start_date_time");
    }
    if row.id.table == *PROPOSALS && row.reference("cover").is_some() && row.reference("cover") == row.reference("user")
    {
        return invalid("cover", "nobody covers for themselves; name somebody else, or leave it empty");
    }
    Ok(())
}

/// Lets a proposal that was written hold: what was approved becomes time off and cover, and is no more what is approved no more.
///
/// # Errors
/// When the database fails.
pub(crate) fn settle(call: &mut Call<'_>, before: Option<&Record>, proposal: &Record) -> Result<()> {
    let is_approved = proposal.text("state") == "approved";
    if !is_approved && before.is_none_or(|before| before.text("state") != "approved") {
        return Ok(());
    }
    let id = proposal.id.sys_id;
    for span in call.rows_with(SPANS, &[("proposal", &id.to_string())])? {
        call.remove_row(&span)?;
    }
    if is_approved {
        let people = [("time_off", proposal.reference("user")), ("on_call", proposal.reference("cover"))];
        for (kind, user) in people {
            if let Some(user) = user {
                put_span(call, proposal, kind, user)?;
            }
        }
    }
    Ok(())
}

fn put_span(call: &mut Call<'_>, proposal: &Record, kind: &str, user: SysId) -> Result<()> {
    let mut span = Record::new(DocumentId::new(SPANS, call.new_sys_id()));
    span.set("type", Some(Value::text(kind)));
    span.set("user", Some(Value::Reference(user)));
    span.set("proposal", Some(Value::Reference(proposal.id.sys_id)));
    for field in ["roster", "start_date_time", "end_date_time"] {
        span.set(field, proposal.get(field).cloned());
    }
    Ok(call.put_row(span)?)
}
