//! What happened with an incident, as a document for the review after it: what, when, who, and whom it concerned. Markdown, because
//! people go on writing in it, and every tool shows it.
//!
//! It is made of what was noted at the time: journals, the audit, communications, attempts to reach people. Whoever reads it may
//! read work notes. Left out: judgement.

use std::fmt::Write;

use fieldline_model::condition::Filter;
use fieldline_model::dictionary::Field;
use fieldline_model::{DocumentId, Record, SysId, Timestamp};

use super::super::incident::INCIDENTS;
use super::board::check_role;
use super::communication::TASKS;
use crate::call::Call;
use crate::cmdb::impact;
use crate::sla::CLOCKS;
use crate::table::{self, Result};

/// Changes of these fields are told.
const TOLD: [&str; 9] = [
    "state",
    "priority",
    "assignment_group",
    "assigned_to",
    "major_incident_state",
    "problem_id",
    "caused_by",
    "cmdb_ci",
    "hold_reason",
];
const MINUTE_MILLISECONDS: i64 = 60_000;
/// Services that are named; of more it is said how many.
const MOST_SERVICES: usize = 50;

/// Something that happened.
struct Event {
    at: Timestamp,
    who: String,
    what: String,
}

/// The report of an incident, as Markdown.
///
/// # Errors
/// When the caller does not look after major incidents, or there is no such incident for them.
pub fn report(call: &mut Call<'_>, incident: SysId) -> Result<String> {
    check_role(call)?;
    let detail = table::get(call, INCIDENTS, incident)?;
    let incident = detail.record;
    let communications = call.rows(TASKS, &Filter::equals("parent", incident.id.sys_id))?;
    let mut text = String::new();
    let title = format!("# Review of {}: {}\n\n", incident.text("number"), plain(incident.text("short_description")));
    text += &title;
    summary(call, &incident, &mut text)?;
    section(&mut text, "What happened", incident.text("description"));
    concerned(call, &incident, &mut text)?;
    text += "## Timeline\n\n";
    let mut events = changes(call, &incident)?;
    if let Some(projection) = &detail.projection_of_document {
        for (journal, entries) in [("Comment", &projection.comments), ("Work note", &projection.work_notes)] {
            for entry in entries {
                events.push(Event {
                    at: entry.at,
                    who: name(call, entry.by)?,
                    what: format!("{journal}: {}", entry.what.text),
                });
            }
        }
    }
    events.extend(attempts(call, &incident)?);
    for task in communications.iter().filter(|task| task.time("closed_at").is_some()) {
        let (at, who) = (task.time("closed_at").unwrap_or(call.now), task.reference("closed_by"));
        let who = who.map_or_else(|| Ok(String::new()), |who| name(call, who))?;
        events.push(Event { at, who, what: format!("Communication: {}", task.text("short_description")) });
    }
    events.sort_by_key(|event| event.at);
    for Event { at, who, what } in &events {
        line(&mut text, format_args!("- {at} UTC, {}: {}", plain(who), plain(what)));
    }
    text.push('\n');
    told(call, &communications, &mut text);
    section(&mut text, "Cause", incident.text("cause"));
    section(&mut text, "Resolution", incident.text("close_notes"));
    Ok(text)
}

fn summary(call: &Call<'_>, incident: &Record, text: &mut String) -> Result<()> {
    let (opened, resolved) = (incident.time("opened_at"), incident.time("resolved_at"));
    let lasted = opened
        .zip(resolved.or(Some(call.now)))
        .map(|(from, until)| until.milliseconds_since(from) / MINUTE_MILLISECONDS);
    *text += "| | |\n|---|---|\n";
    for field in [
        "priority",
        "impact",
        "urgency",
        "state",
        "category",
        "assignment_group",
        "assigned_to",
        "caller_id",
        "resolved_by",
        "close_code",
        "problem_id",
    ] {
        let declared = call.dictionary.table(INCIDENTS).and_then(|table| table.field(field));
        if let Some((declared, value)) = declared.zip(incident.get(field)) {
            line(text, format_args!("| {} | {} |", declared.label, plain(&shown(call, declared, &value.to_string())?)));
        }
    }
    for (label, at) in [("Opened", opened), ("Resolved", resolved), ("Closed", incident.time("closed_at"))] {
        if let Some(at) = at {
            line(text, format_args!("| {label} | {at} UTC |"));
        }
    }
    if let Some(minutes) = lasted {
        let so_far = if resolved.is_some() { "" } else { " so far" };
        line(text, format_args!("| Lasted | {} h {} min{so_far} |", minutes / 60, minutes % 60));
    }
    text.push('\n');
    Ok(())
}

/// Whom and what it concerned.
fn concerned(call: &Call<'_>, incident: &Record, text: &mut String) -> Result<()> {
    *text += "## Impact\n\n";
    let children = call.rows(INCIDENTS, &Filter::equals("parent_incident", incident.id.sys_id))?;
    let mut callers: Vec<SysId> =
        children.iter().chain([incident]).filter_map(|one| one.reference("caller_id")).collect();
    callers.sort_unstable();
    callers.dedup();
    line(text, format_args!("- {} other incidents, {} people who reported it", children.len(), callers.len()));
    if let Some(item) = incident.reference("cmdb_ci").filter(|item| table::read(call, "cmdb_ci", *item).is_ok()) {
        let above = impact::impact(call, item)?.above;
        let services: Vec<String> = above.iter().filter(|one| one.is_service).map(|one| plain(&one.name)).collect();
        let more = services.len().saturating_sub(MOST_SERVICES);
        let named = services[..services.len() - more].join(", ");
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        match services.len() {
            0 => line(text, format_args!("- no service needs the item it was about")),
            count => line(text, format_args!("- {count} services need the item it was about: {named}{more}")),
        }
    }
    for clock in call.rows(CLOCKS, &Filter::equals("task", incident.id.sys_id))? {
        let clock = call.as_of_now(clock);
        let agreement = call.referred("contract_sla", clock.reference("sla"))?;
        let kept = if clock.says("has_breached") { "was not kept" } else { "was not broken" };
        let called = agreement.map_or_else(|| "a service level".into(), |agreement| plain(agreement.text("name")));
        line(text, format_args!("- {called} {kept}"));
    }
    text.push('\n');
    Ok(())
}

fn changes(call: &Call<'_>, incident: &Record) -> Result<Vec<Event>> {
    let Some(table) = call.dictionary.shared(INCIDENTS) else { return Ok(Vec::new()) };
    let mut events = Vec::new();
    if let Some(at) = incident.time("opened_at") {
        let who = incident.reference("opened_by").map_or_else(|| Ok(String::new()), |who| name(call, who))?;
        events.push(Event { at, who, what: "Opened".into() });
    }
    for change in call.changes_of(incident)? {
        let Some(field) = table.field(change.text("fieldname")).filter(|field| TOLD.contains(&field.name.as_str()))
        else {
            continue;
        };
        let (Some(at), [old, new]) =
            (change.time("sys_created_on"), ["oldvalue", "newvalue"].map(|side| change.text(side)))
        else {
            continue;
        };
        let (old, new) = (shown(call, field, old)?, shown(call, field, new)?);
        let who = change.reference("sys_created_by").map_or_else(|| Ok(String::new()), |who| name(call, who))?;
        let what = format!("{}: {} → {}", field.label, or_nothing(&old), or_nothing(&new));
        events.push(Event { at, who, what });
    }
    Ok(events)
}

/// Attempts to reach people on call.
fn attempts(call: &Call<'_>, incident: &Record) -> Result<Vec<Event>> {
    let mut events = Vec::new();
    for escalation in call.rows("on_call_escalation", &Filter::equals("task", incident.id.sys_id))? {
        for attempt in
            call.rows("on_call_escalation_con_attempt", &Filter::equals("escalation", escalation.id.sys_id))?
        {
            let (Some(at), Some(user)) = (attempt.time("sent_at"), attempt.reference("user")) else { continue };
            events.push(Event { at, who: "On call".into(), what: format!("{} was told", name(call, user)?) });
        }
        if let Some((at, by)) = escalation.time("acknowledged_at").zip(escalation.reference("acknowledged_by")) {
            events.push(Event { at, who: name(call, by)?, what: "took it".into() });
        }
    }
    Ok(events)
}

fn told(call: &Call<'_>, communications: &[Record], text: &mut String) {
    if communications.is_empty() {
        return;
    }
    *text += "## Communication\n\n| What | Due | Done | |\n|---|---|---|---|\n";
    for task in communications {
        let moment = |field: &str| task.time(field).map_or_else(String::new, |at| format!("{at} UTC"));
        let is_late = task.time("due_date").is_some_and(|due| task.time("closed_at").unwrap_or(call.now) > due);
        let late = if is_late { "late" } else { "" };
        let what = plain(task.text("short_description"));
        line(text, format_args!("| {what} | {} | {} | {late} |", moment("due_date"), moment("closed_at")));
    }
    text.push('\n');
}

fn section(text: &mut String, heading: &str, said: &str) {
    if !said.trim().is_empty() {
        let said = said.lines().map(plain).collect::<Vec<_>>().join("  \n");
        line(text, format_args!("## {heading}\n\n{said}\n"));
    }
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("memory takes everything");
}

/// A value as people read it.
fn shown(call: &Call<'_>, field: &Field, value: &str) -> Result<String> {
    if let Some(choice) = field.choices.iter().find(|choice| choice.value == value) {
        return Ok(choice.label.clone());
    }
    let target = field.reference.as_ref().zip(value.parse::<SysId>().ok());
    let Some((table, id)) = target else { return Ok(value.to_owned()) };
    let found = call.tx.find(call.dictionary.family(table.as_str()), id)?;
    let display = |record: &Record| {
        let declared = call.dictionary.table(record.id.table.as_str())?;
        record.get(declared.display.as_str()).map(ToString::to_string)
    };
    Ok(found.as_ref().and_then(display).unwrap_or_else(|| value.to_owned()))
}

fn name(call: &Call<'_>, user: SysId) -> Result<String> {
    let found = call.row(&DocumentId::new("sys_user", user))?;
    Ok(found.map_or_else(|| user.to_string(), |row| row.text("name").to_owned()))
}

fn or_nothing(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

/// A text of somebody's as one line that Markdown shows as it stands.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.split_whitespace().collect::<Vec<_>>().join(" ").chars() {
        if matches!(letter, '\\' | '`' | '*' | '_' | '<' | '>' | '[' | ']' | '|' | '#') {
            plain.push('\\');
        }
        plain.push(letter);
    }
    plain
}
