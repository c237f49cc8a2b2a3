//! The major incidents there are, each with how much of its promised time is gone: from three quarters on it is flagged.

use fieldline_model::condition::Filter;
use fieldline_model::{Decimal, Record, SysId, Timestamp, Value};

use super::super::incident::INCIDENTS;
use super::communication::TASKS;
use super::{ROLES, STATE};
use crate::call::Call;
use crate::sla::CLOCKS;
use crate::table::{self, Result};

/// From so many percent of a promised time on, an incident is flagged.
const FLAGGED_PERCENT: i64 = 75;

/// A major incident, or a candidate for one.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The incident.
    pub incident: Record,
    /// Other incidents under it.
    pub children: usize,
    /// How much of the promise that is nearest to being broken is gone, in millionths of a percent; `None` without one.
    pub gone: Option<Decimal>,
    /// When that promise is broken.
    pub breaches_at: Option<Timestamp>,
    /// Whether a promise is broken.
    pub has_breached: bool,
    /// Whether three quarters of a promised time are gone.
    pub is_flagged: bool,
    /// Communications that wait, the one due first.
    pub communications: Vec<(SysId, Option<Timestamp>)>,
    /// How many of these are late.
    pub late: usize,
}

/// The major incidents that are not over, and the candidates; flagged ones first, then by what is left.
///
/// # Errors
/// When the caller does not look after them, or the database fails.
pub fn lines(call: &Call<'_>) -> Result<Vec<Line>> {
    check_role(call)?;
    let states = ["accepted", "proposed"];
    let of_state = Filter::Any(states.iter().map(|state| Filter::equals(STATE, *state)).collect());
    let open = Filter::equals("active", true).and(of_state);
    let mut lines = Vec::new();
    for incident in call.rows(INCIDENTS, &open)? {
        if call.sees(&incident)? {
            lines.push(line(call, incident)?);
        }
    }
    lines.sort_by_key(|line| (!line.is_flagged, line.breaches_at.is_none(), line.breaches_at, line.incident.id.sys_id));
    Ok(lines)
}

pub(super) fn check_role(call: &Call<'_>) -> Result<()> {
    table::only(call, &ROLES, "major incidents", "look after major incidents")
}

fn line(call: &Call<'_>, incident: Record) -> Result<Line> {
    let id = incident.id.sys_id;
    let clocks = call.rows(CLOCKS, &Filter::equals("task", id).and(Filter::equals("active", true)))?;
    let clocks: Vec<Record> = clocks.into_iter().map(|clock| call.as_of_now(clock)).collect();
    let gone = |clock: &Record| match clock.get("business_percentage") {
        Some(Value::Decimal(percent)) => percent.millionths,
        _ => 0,
    };
    let nearest = clocks.iter().max_by_key(|clock| (gone(clock), clock.id.sys_id));
    let has_breached = clocks.iter().any(|clock| clock.says("has_breached"));
    let open = Filter::equals("parent", id).and(Filter::equals("active", true));
    let waiting = call.rows(TASKS, &open)?;
    let mut communications: Vec<_> = waiting.iter().map(|task| (task.id.sys_id, task.time("due_date"))).collect();
    communications.sort_by_key(|(task, due)| (due.is_none(), *due, *task));
    Ok(Line {
        children: call.rows(INCIDENTS, &Filter::equals("parent_incident", id))?.len(),
        gone: nearest.map(|clock| Decimal { millionths: gone(clock) }),
        breaches_at: nearest.and_then(|clock| clock.time("planned_end_time")),
        has_breached,
        is_flagged: nearest.is_some_and(|clock| gone(clock) >= FLAGGED_PERCENT * 1_000_000),
        late: communications.iter().filter(|(_, due)| due.is_some_and(|due| due < call.now)).count(),
        communications,
        incident,
    })
}
