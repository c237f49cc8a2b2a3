//! A plan becomes edits of its tasks, on the road on which people's own changes go: the same checks, the same steps.
//!
//! A task that somebody changed while the plan was made is left alone and named, and so is one that cannot be written, or whose
//! technician has got something else to do, or other working hours. What already is as planned gets no edit.

use std::collections::BTreeMap;

use fieldline_model::{Record, SysId};

use super::Result;
use super::day::Day;
use super::problem::{Errand, Posed};
use super::report::{Refused, Report, Times, Who};
use crate::call::Call;
use crate::table::{self, Input, TableError};

/// What a plan rests on beside what it writes.
const RESTS_ON: [&str; 17] = [
    "state",
    "sub_state",
    "assigned_to",
    "dispatch_group",
    "expected_start",
    "location",
    "skills",
    "needs_crew",
    "crew_size",
    "additional_assignee_list",
    "required_agents",
    "excluded_agents",
    "schedule_lock",
    "window_start",
    "window_end",
    "estimated_work_duration",
    "priority",
];

/// Writes what a report says has to change, and corrects the report by what could not be written.
pub(super) fn publish(call: &mut Call<'_>, day: &Day, posed: &Posed<'_>, report: &mut Report) -> Result<()> {
    let today = day.again(call)?;
    let errands: BTreeMap<SysId, &Errand<'_>> = posed.visits.iter().map(|one| (one.task().id.sys_id, one)).collect();
    let mut refused = Vec::new();
    for planned in report.planned.iter().filter(|planned| planned.changes) {
        let errand = errands[&planned.task.sys_id];
        let task = errand.task();
        let now = call.row(&task.id)?;
        let is_as_read = |who: &Who| day.calendar_of(who.user) == today.calendar_of(who.user);
        let is_free = [&planned.technician].into_iter().chain(&planned.crew).all(is_as_read);
        if !is_free || now.as_ref().is_none_or(|now| differ(task, now)) {
            let what = if is_free { "was" } else { "was left alone, because its technician's day was" };
            let reason = format!("{what} changed while the plan was made; plan again");
            refused.push(Refused { task: planned.task.clone(), reason });
            continue;
        }
        let fields = fields_of(errand, (planned.technician.user, &planned.crew), &planned.times);
        let fields = fields.into_iter().map(|(field, text)| (field.to_owned(), text)).collect();
        match table::update(call, "wm_task", task.id.sys_id, &Input { fields, as_displayed: false }) {
            Ok(_) => report.published += 1,
            Err(TableError::Service(error)) => return Err(error.into()),
            Err(problem) => refused.push(Refused { task: planned.task.clone(), reason: problem.to_string() }),
        }
    }
    report.planned.retain(|planned| refused.iter().all(|refused| refused.task != planned.task));
    report.refused.extend(refused);
    Ok(())
}

fn differ(read: &Record, now: &Record) -> bool {
    RESTS_ON.iter().any(|field| read.get(field) != now.get(field))
}

/// What publishing writes: everything of a new assignment; of one that stands only the way there, and nothing once the
/// technician has set out or is late already.
pub(super) fn fields_of(
    errand: &Errand<'_>,
    (technician, crew): (SysId, &[Who]),
    times: &Times,
) -> Vec<(&'static str, String)> {
    match errand {
        Errand::Standing(standing) => {
            let is_in_time = standing.task.time("expected_start") == Some(times.expected_start);
            let is_open = !standing.is_begun && standing.leads && !standing.task.says("schedule_lock");
            if is_in_time && is_open { way(times).into() } else { Vec::new() }
        }
        Errand::Open(open) if open.holder.is_some() => way(times).into_iter().chain(work(times)).collect(),
        Errand::Open(_) => assignment(technician, crew, times).collect(),
    }
}

/// What gives a task to a technician and a crew, with its times.
pub(super) fn assignment(
    technician: SysId,
    crew: &[Who],
    times: &Times,
) -> impl Iterator<Item = (&'static str, String)> {
    let assigned = [("assigned_to", technician.to_string()), ("state", "assigned".to_owned())];
    let crew = crew.iter().map(|who| who.user.to_string()).collect::<Vec<_>>().join(",");
    let helped = (!crew.is_empty()).then_some(("additional_assignee_list", crew));
    way(times).into_iter().chain(work(times)).chain(assigned).chain(helped)
}

/// The way there.
pub(super) fn way(times: &Times) -> [(&'static str, String); 2] {
    [
        ("scheduled_travel_start", times.scheduled_travel_start.to_string()),
        ("estimated_travel_duration", times.travel_seconds.to_string()),
    ]
}

fn work(times: &Times) -> [(&'static str, String); 2] {
    [("expected_start", times.expected_start.to_string()), ("estimated_end", times.estimated_end.to_string())]
}
