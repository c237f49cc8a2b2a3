//! What stands in the way of a change at the time it is planned, kept as rows of `conflict`, and when nothing does.
//!
//! * `detect.rs` finds other changes of the same items, of those next to them and of the same person, and windows (`windows.rs`)
//!   that the time is outside of or reaches into. `settings.rs` says what an organisation wants looked for.
//! * `free.rs` finds when there is room, `spans.rs` is the arithmetic of both.
//! * Here is when it is looked: when somebody asks; again whenever the item, the window, the assignee or the state of a change
//!   changes that was looked at; and by a job every day, every second day or every week, the further away the window the rarer.
//!
//! Left out: related services beyond the items next to the changed ones, and looking again at a change because another one moved;
//! the job finds that.
//!
//! Source: ServiceNow "Conflict detection", "Detect change conflicts", "Create blackout and maintenance schedules".

mod detect;
mod free;
#[cfg(test)]
mod oracle;
mod settings;
mod spans;
mod windows;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::Job;
use serde_json::json;

use super::CHANGES;
use super::worker::{self, Messages};
use crate::author::set;
use crate::call::{Call, Changed};
use crate::table::{self, Input, Result, TableError};
use detect::Look;
use settings::Settings;
use spans::Span;
use windows::Windows;

pub use free::{first_available, of_change, of_item};
pub(crate) use windows::{BLACKOUTS, MAINTENANCE, check as check_window};

const CONFLICTS: &str = "conflict";
/// The property that has changes looked at that nobody has looked at yet.
const REFRESH: &str = "change.conflict.refresh.conflicts";
/// The jobs that look again.
pub(crate) const KIND: &str = "change_conflict";
const DAY_MILLISECONDS: i64 = 86_400_000;
/// Within how many days, after how many days it is looked again.
const AGAIN: [(i64, i64); 3] = [(7, 1), (30, 2), (i64::MAX, 7)];

/// Something in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Conflict {
    kind: String,
    item: Option<SysId>,
    with: Option<SysId>,
    schedule: Option<SysId>,
}

/// How a change stands with others.
pub struct Standing {
    /// The change.
    pub change: Record,
    /// What stood in its way when it was last looked: rows of `conflict`.
    pub conflicts: Vec<Record>,
}

/// Looks for what stands in the way of a change, and writes it down.
///
/// # Errors
/// When there is no such change for the caller, or it is not planned.
pub fn check(call: &mut Call<'_>, change: SysId) -> Result<Record> {
    let record = table::get(call, CHANGES, change)?.record;
    if planned(&record).is_none() {
        let problem = "has no planned start and end; send start_date and end_date first";
        return Err(TableError::invalid(&record.id, None, problem));
    }
    let word = look(call, &record)?;
    let now = Value::Time(call.now).to_string();
    let fields = Input::of(&[("conflict_status", word), ("conflict_last_run", &now)]);
    table::update(call, CHANGES, change, &fields)?;
    worker::done(call, Some(change), CONFLICTS, &json!({ "task": change.to_string() }), &Messages::default(), None)
}

/// How a change stands with others since it was last looked.
///
/// # Errors
/// When there is no such change for the caller.
pub fn standing(call: &mut Call<'_>, change: SysId) -> Result<Standing> {
    let change = table::get(call, CHANGES, change)?.record;
    let mut conflicts = call.rows(CONFLICTS, &Filter::equals("change", change.id.sys_id))?;
    conflicts.sort_by_key(|row| (row.text("type").to_owned(), row.id.sys_id));
    Ok(Standing { change, conflicts })
}

fn planned(change: &Record) -> Option<Span> {
    let (start, end) = (change.time("start_date")?, change.time("end_date")?);
    (start < end).then_some((start, end))
}

/// Looks, replaces the rows there were, and says how it stands.
fn look(call: &mut Call<'_>, change: &Record) -> Result<&'static str> {
    let (settings, windows) = (Settings::read(call)?, Windows::read(call)?);
    let found = Look { call, settings: &settings, windows: &windows }.conflicts(change)?;
    for row in call.rows(CONFLICTS, &Filter::equals("change", change.id.sys_id))? {
        call.remove_row(&row)?;
    }
    for conflict in &found {
        write_down(call, change, conflict)?;
    }
    time_again(call, change)?;
    Ok(if found.is_empty() { "No Conflict" } else { "Conflict" })
}

fn write_down(call: &mut Call<'_>, change: &Record, conflict: &Conflict) -> Result<()> {
    let mut row = Record::new(DocumentId::new(CONFLICTS, call.new_sys_id()));
    row.set("change", Some(Value::Reference(change.id.sys_id)));
    row.set("type", Some(Value::text(conflict.kind.as_str())));
    row.set("configuration_item", conflict.item.map(Value::Reference));
    row.set("conflicting_change", conflict.with.map(Value::Reference));
    row.set("schedule", conflict.schedule.map(Value::Reference));
    row.set("last_checked", Some(Value::Time(call.now)));
    Ok(call.put_row(row)?)
}

/// Looks again at a change that was looked at before; the server does so by itself.
fn look_again(call: &mut Call<'_>, change: &Record) -> Result<()> {
    let is_open = change.get("active") != Some(&Value::Boolean(false)) && planned(change).is_some();
    if !is_open {
        for row in call.rows(CONFLICTS, &Filter::equals("change", change.id.sys_id))? {
            call.remove_row(&row)?;
        }
        return time_again(call, change);
    }
    let word = look(call, change)?;
    let acts = vec![set("conflict_status", Value::text(word)), set("conflict_last_run", Value::Time(call.now))];
    Ok(call.author_as_system(change.id.clone(), acts)?)
}

fn was_looked_at(change: &Record) -> bool {
    !matches!(change.text("conflict_status"), "" | "Not Run")
}

/// Looks again when what it was looked by has changed; where [`REFRESH`] is true also at a change that nobody has looked at yet.
///
/// # Errors
/// When the database fails.
pub(super) fn follow(call: &mut Call<'_>, changed: &Changed) -> crate::error::Result<()> {
    let change = &changed.projection.record;
    let fields = ["cmdb_ci", "start_date", "end_date", "assigned_to", "state"];
    if changed.before.is_some() && !changed.turned(&fields) {
        return Ok(());
    }
    let is_wanted =
        was_looked_at(change) || (planned(change).is_some() && call.property(REFRESH)?.as_deref() == Some("true"));
    match if is_wanted { look_again(call, change) } else { Ok(()) } {
        Err(TableError::Service(error)) => Err(error),
        Err(problem) => {
            tracing::error!(change = %change.id, %problem, "conflicts could not be looked for");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Sets when it is looked again, or that it is not.
fn time_again(call: &mut Call<'_>, change: &Record) -> Result<()> {
    let is_open = change.get("active") != Some(&Value::Boolean(false));
    let ahead = change.time("start_date").map(|start| start.milliseconds_since(call.now)).filter(|_| is_open);
    let Some(ahead) = ahead.filter(|ahead| *ahead > 0) else {
        call.tx.remove_job(&Job::name_of(KIND, change.id.sys_id))?;
        return Ok(());
    };
    let days = AGAIN.iter().find(|(within, _)| ahead / DAY_MILLISECONDS < *within).map_or(7, |(_, days)| *days);
    let due_at = call.now.plus_milliseconds(days * DAY_MILLISECONDS);
    Ok(call.put_job(&Job::of(KIND, change.id.sys_id, due_at))?)
}

/// Looks again at a change because it is time.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> Result<()> {
    call.tx.remove_job(&job.name)?;
    let change = call.referred(CHANGES, job.record())?;
    change.map_or(Ok(()), |change| look_again(call, &change))
}
