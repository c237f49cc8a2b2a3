//! The record API.

use std::collections::BTreeMap;

use fieldline_documents::Act;
use fieldline_model::{DocumentId, SysId, Timestamp, Value};
use fieldline_service::import::{Deed, import_document};
use fieldline_service::table::{self, TableError};

use crate::house::{House, describe, note, step};

#[test]
fn a_record_is_born_with_number_defaults_and_its_opener() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let detail = house.create(&dora, "incident", &[("short_description", "No heat"), ("impact", "1")]).unwrap();
    let record = detail.record;
    assert_eq!(record.text("number"), "INC0000001");
    assert_eq!(record.reference("opened_by"), Some(dora.user));
    let text = |field: &str| record.get(field).map(ToString::to_string).unwrap_or_default();
    assert_eq!([text("state"), text("urgency"), text("priority"), text("active")], ["1", "3", "3", "true"]);
}

#[test]
fn a_state_is_written_as_number_or_label_and_an_impossible_one_lists_the_possible() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let incident = house.create(&dora, "incident", &[("short_description", "No heat")]).unwrap().record.id;
    house.update(&dora, &incident, &[("state", "2")]).unwrap();
    let error = house.update(&dora, &incident, &[("state", "Closed")]).unwrap_err().to_string();
    assert!(error.contains("state") && error.contains("6 (Resolved)") && error.contains("3 (On Hold)"), "{error}");
    let error = house.update(&dora, &incident, &[("state", "Resolved")]).unwrap_err().to_string();
    assert!(error.contains("close_code"), "{error}");
    let resolve = [("state", "Resolved"), ("close_code", "Solved"), ("close_notes", "Bled the radiator")];
    let detail = house.update(&dora, &incident, &resolve).unwrap();
    assert!(detail.record.get("resolved_at").is_some());
    let error = house.update(&dora, &incident, &[("state", "3"), ("hold_reason", "1")]).unwrap_err();
    assert!(matches!(error, TableError::Invalid { .. }), "{error}");
}

#[test]
fn a_record_sent_back_whole_with_one_change_changes_one_field() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let record = house.create(&dora, "incident", &[("short_description", "No heat")]).unwrap().record;
    let mut fields: BTreeMap<String, String> =
        record.fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    fields.insert("description".into(), "Since Monday".into());
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let detail = house.update(&dora, &record.id, &fields).unwrap();
    assert_eq!(detail.record.text("description"), "Since Monday");
    let edits = house.server.metrics.edits_authored.get();
    house.update(&dora, &record.id, &fields).unwrap();
    assert_eq!(house.server.metrics.edits_authored.get(), edits, "nothing changed, nothing was written");
}

#[test]
fn what_does_not_fit_is_refused_with_record_and_field() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let incident = house.create(&dora, "incident", &[("short_description", "No heat")]).unwrap().record.id;
    for (fields, field) in [
        ([("impact", "9")], "impact"),
        ([("colour", "red")], "colour"),
        ([("priority", "1")], "priority"),
        ([("caller_id", "Nobody")], "caller_id"),
        ([("number", "INC0000009")], "number"),
        ([("short_description", "")], "short_description"),
        ([("due_date", "soon")], "due_date"),
    ] {
        let error = house.update(&dora, &incident, &fields).unwrap_err().to_string();
        assert!(error.contains(field) && error.contains(&incident.to_string()), "{field}: {error}");
    }
    let error = house.create(&dora, "incident", &[("impact", "1")]).unwrap_err().to_string();
    assert!(error.contains("short_description"), "{error}");
    assert!(matches!(house.create(&dora, "no_table", &[]), Err(TableError::NotFound(_))));
}

#[test]
fn references_and_choices_may_be_written_as_people_read_them() {
    let mut house = House::new();
    let (dora, mia) = (house.dora.clone(), house.mia.clone());
    let fields = [("short_description", "No heat"), ("caller_id", "Mia Miller"), ("contact_type", "Walk-in")];
    let record = house.create(&dora, "incident", &fields).unwrap().record;
    assert_eq!(record.reference("caller_id"), Some(mia.user));
    assert_eq!(record.text("contact_type"), "walk-in");
    let watchers = format!("{},{}", mia.user, dora.user);
    let record = house.update(&dora, &record.id, &[("watch_list", &watchers)]).unwrap().record;
    assert!(matches!(record.get("watch_list"), Some(Value::List(ids)) if ids.len() == 2));
    let record = house.update(&dora, &record.id, &[("watch_list", &mia.user.to_string())]).unwrap().record;
    assert!(matches!(record.get("watch_list"), Some(Value::List(ids)) if *ids == [mia.user]));
}

#[test]
fn a_technician_sees_their_own_work_only_and_writes_only_their_fields() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let (_, hers) = house.job(mia.user, "Hers");
    let (_, his) = house.job(leo.user, "His");
    let seen = house.query(&mia, "wm_task", "");
    assert!(seen.iter().map(|row| &row.id).eq([&hers]), "{seen:?}");
    assert!(matches!(house.get(&mia, &his), Err(TableError::NotFound(_))));
    assert!(matches!(house.update(&mia, &his, &[("description", "x")]), Err(TableError::NotFound(_))));
    house.update(&mia, &hers, &[("description", "Bring a ladder")]).unwrap();
    let denied = house.update(&mia, &hers, &[("assigned_to", &leo.user.to_string())]).unwrap_err();
    assert!(matches!(&denied, TableError::Denied { .. }) && denied.to_string().contains("assigned_to"), "{denied}");
    assert!(matches!(house.create(&mia, "sys_user", &[("name", "Eve")]), Err(TableError::Denied { .. })));
    assert!(matches!(house.update(&mia, &hers, &[("state", "7")]), Err(TableError::Invalid { .. })));
}

#[test]
fn an_organisations_priorities_count_from_the_next_edit_on() {
    let mut house = House::new();
    let (dora, system) = (house.dora.clone(), house.server.system());
    let row = [("impact", "3"), ("urgency", "3"), ("priority", "4")];
    house.create(&system, "dl_u_priority", &row).unwrap();
    let record = house.create(&dora, "incident", &[("short_description", "Low")]).unwrap().record;
    assert_eq!(record.get("priority").unwrap().to_string(), "4");
}

#[test]
fn a_history_from_elsewhere_keeps_its_times_authors_and_number() {
    let mut house = House::new();
    let (dora, mia, system) = (house.dora.clone(), house.mia.clone(), house.server.system());
    let id = DocumentId::new("incident", SysId([8; 16]));
    let number = Act::Set { field: "number".into(), value: Some(Value::text("INC0000045")) };
    let deed = |day: i64, by: SysId, acts: Vec<Act>| Deed { by, at: Timestamp(day * 86_400_000), acts };
    let resolved = Act::Transition { step: "resume".into(), reason: None };
    let history = vec![
        deed(100, mia.user, vec![describe("Old trouble"), number]),
        deed(101, dora.user, vec![step("begin"), note("Looking")]),
        deed(102, dora.user, vec![resolved]),
    ];
    let again = history.clone();
    let record = house.server.write(&system, house.now, &mut house.rng, |call| import_document(call, &id, history));
    assert_eq!(record.unwrap().get("state").unwrap().to_string(), "2");
    let detail = house.get(&dora, &id).unwrap().projection_of_document.unwrap();
    assert_eq!(detail.work_notes[0].at, Timestamp(101 * 86_400_000));
    assert_eq!(detail.refused.len(), 1);
    let twice = house.server.write(&system, house.now, &mut house.rng, |call| import_document(call, &id, again));
    assert!(matches!(twice, Err(TableError::Invalid { .. })));
    let next = house.create(&dora, "incident", &[("short_description", "New")]).unwrap().record;
    assert_eq!(next.text("number"), "INC0000046");
}

#[test]
fn a_history_that_does_not_fit_leaves_nothing_and_the_next_one_loads() {
    let mut house = House::new();
    let system = house.server.system();
    let (bad, good) = (DocumentId::new("incident", SysId([8; 16])), DocumentId::new("incident", SysId([9; 16])));
    let deed = |acts| Deed { by: SysId([1; 16]), at: Timestamp(0), acts };
    house
        .server
        .write(&system, house.now, &mut house.rng, |call| {
            let history = vec![deed(vec![describe("Bad")]), deed(vec![step("fly")])];
            let error = import_document(call, &bad, history).unwrap_err();
            assert!(error.to_string().contains("fly"), "{error}");
            import_document(call, &good, vec![deed(vec![describe("Good")])])
        })
        .unwrap();
    assert_eq!(house.query(&system, "incident", "").len(), 1);
    assert!(matches!(house.get(&system, &bad), Err(TableError::NotFound(_))));
}

#[test]
fn every_change_says_from_what_to_what_by_whom_and_by_which_way_also_of_a_record_that_is_gone() {
    let mut house = House::new();
    let (dora, system) = (house.dora.clone(), house.server.system());
    let incident = house.create(&dora, "incident", &[("short_description", "No heat")]).unwrap().record.id;
    house.update(&dora, &incident, &[("state", "2"), ("description", "Since Monday")]).unwrap();
    let site = house.create(&system, "cmn_location", &[("name", "Old town")]).unwrap().record.id;
    house.update(&system, &site, &[("name", "New town")]).unwrap();
    house
        .server
        .write(&system, house.now, &mut house.rng, |call| table::delete(call, "cmn_location", site.sys_id))
        .unwrap();
    let mut line = |query: &str| {
        let line = house.query(&system, "sys_audit", query).pop().expect(query);
        ["oldvalue", "newvalue", "user", "reason"].map(|field| line.text(field).to_owned())
    };
    let of = |id: &DocumentId, field: &str| format!("documentkey={}^fieldname={field}", id.sys_id);
    assert_eq!(line(&of(&incident, "state")), ["1", "2", "dora", "the record API"]);
    assert_eq!(line(&of(&incident, "description")), ["", "Since Monday", "dora", "the record API"]);
    assert_eq!(line(&of(&site, "name")), ["Old town", "New town", "system", "the server itself"]);
    assert_eq!(line(&of(&site, "DELETED")), ["New town", "", "system", "the server itself"]);
    let mia = house.mia.clone();
    assert!(house.query(&mia, "sys_audit", "").is_empty(), "what changed is for administrators");
    assert!(house.get(&system, &site).is_err());
}
