//! What becomes of a problem, and what its incidents learn of it.

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_service::itsm::problem::{What, communicate};
use fieldline_service::{Caller, TableError};

use crate::house::{House, set, step};

fn problem(house: &mut House, fields: &[(&str, &str)]) -> DocumentId {
    let dora = house.dora.clone();
    house.create(&dora, "problem", &[&[("short_description", "Switches overheat")], fields].concat()).unwrap().record.id
}

/// An incident of a problem, taken to a state.
fn incident(house: &mut House, of: &DocumentId, to: &[(&str, &str)]) -> DocumentId {
    let (dora, of) = (house.dora.clone(), of.sys_id.to_string());
    let incident = house.create(&dora, "incident", &[("short_description", "No network"), ("problem_id", &of)]);
    let incident = incident.unwrap().record.id;
    house.update(&dora, &incident, to).unwrap();
    incident
}

const NEW: &[(&str, &str)] = &[];
const WORKED_ON: &[(&str, &str)] = &[("state", "2")];
const WAITING: &[(&str, &str)] = &[("state", "3"), ("hold_reason", "3")];
const WAITING_FOR_A_VENDOR: &[(&str, &str)] = &[("state", "3"), ("hold_reason", "4")];
const RESOLVED: &[(&str, &str)] = &[("state", "6"), ("close_code", "Solved"), ("close_notes", "Went away")];

fn desk(house: &mut House, record: &DocumentId, fields: &[(&str, &str)]) {
    let dora = house.dora.clone();
    house.update(&dora, record, fields).unwrap();
}

/// Takes a problem to where its fix is in progress.
fn fix(house: &mut House, problem: &DocumentId) {
    let notes = [("state", "104"), ("cause_notes", "Dust"), ("fix_notes", "Filters changed")];
    for fields in [&[("state", "102")][..], &[("state", "103")], &notes] {
        desk(house, problem, fields);
    }
}

fn row(house: &mut House, record: &DocumentId) -> Record {
    let dora = house.dora.clone();
    house.get(&dora, record).unwrap().record
}

fn says(house: &mut House, record: &DocumentId, field: &str) -> String {
    row(house, record).get(field).map(ToString::to_string).unwrap_or_default()
}

fn notes(house: &mut House, record: &DocumentId) -> Vec<String> {
    let dora = house.dora.clone();
    let projection = house.get(&dora, record).unwrap().projection_of_document.unwrap();
    projection.work_notes.into_iter().map(|note| note.what.text).collect()
}

fn tell(house: &mut House, by: &Caller, problem: SysId, what: What) -> Result<usize, TableError> {
    house.server.write(by, house.now, &mut house.rng, |call| communicate(call, problem, what))
}

#[test]
fn an_applied_fix_resolves_the_incidents_that_wait_for_it_and_no_others() {
    let mut house = House::new();
    let (cause, other) = (problem(&mut house, &[]), problem(&mut house, &[]));
    let waiting = incident(&mut house, &cause, WAITING);
    let left = [
        incident(&mut house, &cause, NEW),
        incident(&mut house, &cause, WORKED_ON),
        incident(&mut house, &cause, WAITING_FOR_A_VENDOR),
        incident(&mut house, &other, WAITING),
    ];
    fix(&mut house, &cause);
    assert_eq!(says(&mut house, &waiting, "state"), "3", "it is not applied yet");
    desk(&mut house, &cause, &[("state", "106"), ("resolution_code", "fix_applied")]);
    let said = ["state", "close_code", "close_notes"].map(|field| says(&mut house, &waiting, field));
    assert_eq!(said, ["6", "Resolved by problem", "Filters changed"]);
    assert_eq!(left.each_ref().map(|incident| says(&mut house, incident, "state")), ["1", "2", "3", "3"]);
    let late = incident(&mut house, &cause, WAITING);
    desk(&mut house, &cause, &[("description", "Six of them")]);
    assert_eq!(says(&mut house, &late, "state"), "3", "nothing became of the problem just now");
    desk(&mut house, &cause, &[("state", "107")]);
    assert_eq!(says(&mut house, &late, "state"), "6");
}

#[test]
fn an_accepted_risk_is_told_once_and_resolves_nothing() {
    let mut house = House::new();
    let cause = problem(&mut house, &[]);
    let (waiting, worked_on) = (incident(&mut house, &cause, WAITING), incident(&mut house, &cause, WORKED_ON));
    let accepted = [("state", "107"), ("resolution_code", "risk_accepted"), ("close_notes", "New switches in May")];
    desk(&mut house, &cause, &accepted);
    desk(&mut house, &cause, &[("description", "Six of them")]);
    let number = says(&mut house, &cause, "number");
    assert_eq!(notes(&mut house, &waiting), [format!("Risk of {number} accepted: New switches in May")]);
    assert_eq!(says(&mut house, &waiting, "state"), "3");
    assert!(notes(&mut house, &worked_on).is_empty());
}

#[test]
fn the_incidents_of_a_duplicate_are_the_other_problems() {
    let mut house = House::new();
    let (duplicate, original) = (problem(&mut house, &[]), problem(&mut house, &[]));
    let incidents = [incident(&mut house, &duplicate, WAITING), incident(&mut house, &duplicate, RESOLVED)];
    let of = |house: &mut House| incidents.each_ref().map(|incident| says(house, incident, "problem_id"));
    let [was, is] = [&duplicate, &original].map(|problem| problem.sys_id.to_string());
    desk(&mut house, &duplicate, &[("duplicate_of", &is)]);
    assert_eq!(of(&mut house), [was.clone(), was], "nobody has decided so yet");
    desk(&mut house, &duplicate, &[("state", "107"), ("resolution_code", "duplicate")]);
    assert_eq!(of(&mut house), [is.clone(), is]);
    assert_eq!(says(&mut house, &incidents[0], "state"), "3", "it waits for the other one");
}

#[test]
fn what_is_canceled_leaves_its_incidents_alone_and_takes_its_open_tasks_along() {
    let mut house = House::new();
    let (dora, cause) = (house.dora.clone(), problem(&mut house, &[]));
    let waiting = incident(&mut house, &cause, WAITING);
    let of = cause.sys_id.to_string();
    let task = |house: &mut House, more: &[(&str, &str)]| {
        let fields = [&[("short_description", "Measure"), ("problem", of.as_str())], more].concat();
        house.create(&dora, "problem_task", &fields).unwrap().record.id
    };
    let open = [task(&mut house, &[]), task(&mut house, &[("state", "154")])];
    let done = task(&mut house, &[("state", "157"), ("close_code", "completed")]);
    fix(&mut house, &cause);
    assert_eq!(says(&mut house, &open[0], "state"), "151");
    desk(&mut house, &cause, &[("state", "107"), ("resolution_code", "canceled")]);
    for (task, code) in [(&open[0], "canceled"), (&open[1], "canceled"), (&done, "completed")] {
        assert_eq!(["state", "close_code"].map(|field| says(&mut house, task, field)), ["157", code]);
    }
    assert_eq!(says(&mut house, &waiting, "state"), "3");
    assert!(notes(&mut house, &waiting).is_empty());
}

#[test]
fn a_problem_that_is_completed_on_a_phone_resolves_what_came_to_wait_meanwhile() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let cause = problem(&mut house, &[("assigned_to", &dora.user.to_string()), ("fix_notes", "Filters changed")]);
    let mut phone = house.phone(&dora);
    phone.sync(&mut house);
    let acts = [set("resolution_code", Value::text("fix_applied")), step("complete")];
    let edit = phone.edit(house.now, &cause, &acts);
    let waiting = incident(&mut house, &cause, WAITING);
    for _ in 0..2 {
        phone.push(&mut house, std::slice::from_ref(&edit));
    }
    assert_eq!(says(&mut house, &waiting, "close_notes"), "Filters changed");
    assert_eq!(row(&mut house, &waiting).reference("resolved_by"), Some(house.server.system().user));
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
}

#[test]
fn a_workaround_and_a_fix_are_told_to_whoever_works_on_an_incident_of_the_problem() {
    let mut house = House::new();
    let (dora, leo) = (house.dora.clone(), house.leo.clone());
    let cause = problem(&mut house, &[("assigned_to", &leo.user.to_string())]);
    let open = [NEW, WORKED_ON, WAITING].map(|to| incident(&mut house, &cause, to));
    let over = incident(&mut house, &cause, RESOLVED);
    let nothing = tell(&mut house, &dora, cause.sys_id, What::Workaround).unwrap_err().to_string();
    assert!(nothing.contains("workaround: is empty"), "{nothing}");
    desk(&mut house, &cause, &[("workaround", "Open the door"), ("fix_notes", "Filters changed")]);
    let denied = tell(&mut house, &leo, cause.sys_id, What::Fix).unwrap_err().to_string();
    assert!(denied.contains("only itil"), "{denied}");
    assert_eq!(tell(&mut house, &dora, cause.sys_id, What::Workaround).unwrap(), 3);
    assert_eq!(tell(&mut house, &dora, cause.sys_id, What::Fix).unwrap(), 3);
    let number = says(&mut house, &cause, "number");
    let told = [format!("Workaround of {number}: Open the door"), format!("Fix of {number}: Filters changed")];
    for incident in &open {
        assert_eq!(notes(&mut house, incident), told);
    }
    assert!(notes(&mut house, &over).is_empty());
    for field in ["workaround_communicated_by", "fix_communicated_by"] {
        assert_eq!(row(&mut house, &cause).reference(field), Some(dora.user));
    }
    assert_eq!(row(&mut house, &cause).time("fix_communicated_at"), Some(house.now));
}
