//! Asks, as approval policies say, when a change comes to a state; and takes back what was asked when it leaves.

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::policy::{self, Applied};
use super::{UNITS, units};
use crate::approvals::{APPROVALS, Answer};
use crate::author::set;
use crate::call::Call;
use crate::error::Result;
use crate::table::TableError;

/// How much of `approval_history` is kept.
const HISTORY_CHARACTERS: usize = 4_000;

/// Asks whoever is to approve a change in the state it has come to.
///
/// # Errors
/// When the database fails. When there is nobody to ask, the history of its approvals says so and it stays where it is.
pub(super) fn ask(call: &mut Call<'_>, change: &Record) -> Result<bool> {
    let applied = match policy::applied(call, change) {
        Ok(applied) => applied,
        Err(TableError::Service(error)) => return Err(error),
        Err(problem) => {
            say(call, change, &problem.to_string(), None)?;
            return Ok(false);
        }
    };
    for one in &applied {
        write_down(call, change, one)?;
        let line = format!("{} asked {}", one.named(), names_of(call, &one.people)?);
        say(call, change, &line, Some("requested"))?;
    }
    Ok(!applied.is_empty())
}

fn write_down(call: &mut Call<'_>, change: &Record, applied: &Applied) -> Result<()> {
    let Applied { policy, decision, definition, group, people } = applied;
    let state = match definition.text("approval_action") {
        "approve" => "approved",
        "reject" => "rejected",
        _ => "requested",
    };
    let text = |text: &str| Some(Value::text(text));
    let refers = |id: SysId| Some(Value::Reference(id));
    let unit = row(
        call,
        UNITS,
        &[
            ("parent", refers(change.id.sys_id)),
            ("short_description", text(&applied.named().chars().take(400).collect::<String>())),
            ("assignment_group", group.and_then(refers)),
            ("approval", text(state)),
            ("active", Some(Value::Boolean(true))),
            ("wait_for", text(definition.text("wait_for"))),
            ("percentage", definition.get("percentage").cloned()),
            ("mandatory", definition.get("mandatory").cloned()),
            ("chg_policy_approval", refers(policy.id.sys_id)),
            ("sys_decision_question", refers(decision.id.sys_id)),
            ("chg_approval_def", refers(definition.id.sys_id)),
        ],
    )?;
    for person in people {
        let mut acts = vec![
            set("approver", refers(*person)),
            set("sysapproval", refers(change.id.sys_id)),
            set("state", text(state)),
            set("sysapproval_group", refers(unit)),
        ];
        acts.extend(group.map(|group| set("group", refers(group))));
        let id = DocumentId::new(APPROVALS, call.new_sys_id());
        call.author_as_system(id, acts)?;
    }
    Ok(())
}

fn row(call: &mut Call<'_>, table: &str, fields: &[(&str, Option<Value>)]) -> Result<SysId> {
    let mut row = Record::new(DocumentId::new(table, call.new_sys_id()));
    for (field, value) in fields {
        row.set(*field, value.clone().filter(|value| *value != Value::text("")));
    }
    let id = row.id.sys_id;
    call.put_row(row)?;
    Ok(id)
}

fn names_of(call: &Call<'_>, people: &[SysId]) -> Result<String> {
    let mut names = Vec::new();
    for person in people {
        let row = call.row(&DocumentId::new("sys_user", *person))?;
        names.push(row.map_or_else(|| person.to_string(), |row| row.text("name").to_owned()));
    }
    Ok(names.join(", "))
}

/// Adds a line to the history of a change's approvals, the newest first.
pub(super) fn say(call: &mut Call<'_>, change: &Record, line: &str, approval: Option<&str>) -> Result<()> {
    let now = call.row(&change.id)?;
    let before = now.as_ref().map_or("", |now| now.text("approval_history"));
    let history: String = format!("{} {line}\n{before}", call.now).chars().take(HISTORY_CHARACTERS).collect();
    let mut acts = vec![set("approval_history", Value::text(history.trim_end()))];
    if let Some(approval) = approval {
        acts.push(set("approval", Value::text(approval)));
        acts.push(set("approval_set", Value::Time(call.now)));
    }
    call.author_as_system(change.id.clone(), acts)
}

/// Ends what is still asked about a change: all of it, or only what policies asked.
///
/// # Errors
/// When the database fails.
pub(super) fn end(call: &mut Call<'_>, change: SysId, state: &str, all: bool) -> Result<()> {
    for row in call.rows(APPROVALS, &crate::approvals::open(change))? {
        if all || row.reference("sysapproval_group").is_some() {
            call.author_as_system(row.id, vec![set("state", Value::text(state))])?;
        }
    }
    for mut unit in units(call, change)? {
        if unit.text("approval") == "requested" {
            unit.set("approval", Some(Value::text(state)));
        }
        unit.set("active", Some(Value::Boolean(false)));
        call.put_row(unit)?;
    }
    Ok(())
}

/// Writes down what those asked together came to, and asks the others among them no more.
pub(super) fn settled(call: &mut Call<'_>, mut unit: Record, answer: Answer) -> Result<()> {
    let of_unit = Filter::equals("sysapproval_group", unit.id.sys_id).and(Filter::equals("state", "requested"));
    for row in call.rows(APPROVALS, &of_unit)? {
        call.author_as_system(row.id, vec![set("state", Value::text("not_required"))])?;
    }
    unit.set("approval", Some(Value::text(answer.word())));
    call.put_row(unit)
}
