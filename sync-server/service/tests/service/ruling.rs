//! Rules that an organisation writes as records: what they refuse, write and explain.

use fieldline_documents::Act;
use fieldline_model::{DocumentId, SysId, Value};
use fieldline_service::TableError;
use fieldline_service::explain::{Explanation, explain};

use crate::house::{House, describe, set};

const BUSINESS: &[(&str, &str)] = &[("when", "before"), ("action_insert", "true"), ("action_update", "true")];

fn rule(house: &mut House, table: &str, fields: &[(&str, &str)]) -> Result<DocumentId, TableError> {
    let system = house.server.system();
    Ok(house.create(&system, table, fields)?.record.id)
}

fn business(house: &mut House, fields: &[(&str, &str)]) -> Result<DocumentId, TableError> {
    rule(house, "sys_script", &[BUSINESS, fields].concat())
}

fn group(house: &mut House, name: &str) -> String {
    rule(house, "sys_user_group", &[("name", name)]).unwrap().sys_id.to_string()
}

fn explained(house: &mut House, record: &DocumentId, field: &str) -> Explanation {
    let (dora, table, sys_id) = (house.dora.clone(), record.table.clone(), record.sys_id);
    let said = house.server.read(&dora, house.now, &mut house.rng, |call| explain(call, table.as_str(), sys_id));
    said.unwrap().into_iter().find(|said| said.field == *field).unwrap()
}

fn refused(result: Result<DocumentId, TableError>) -> String {
    result.expect_err("a rule that does not fit").to_string()
}

#[test]
fn the_first_assignment_rule_that_holds_gives_a_new_task_to_its_group_and_says_so() {
    let mut house = House::new();
    let (network, desk) = (group(&mut house, "Network"), group(&mut house, "Service Desk"));
    let assigns = |order, condition, group| {
        [("name", "by category"), ("table", "incident"), ("order", order), ("condition", condition), ("group", group)]
    };
    rule(&mut house, "sysrule_assignment", &assigns("200", "", &desk)).unwrap();
    let first = rule(&mut house, "sysrule_assignment", &assigns("100", "category=network", &network)).unwrap();
    let dora = house.dora.clone();
    let told = |house: &mut House, fields: &[(&str, &str)]| {
        let detail = house.create(&dora, "incident", fields).unwrap();
        (detail.record.get("assignment_group").map(ToString::to_string).unwrap_or_default(), detail.record.id)
    };
    let (assigned, incident) = told(&mut house, &[("short_description", "No link"), ("category", "network")]);
    assert_eq!(assigned, network, "the answer shows what followed");
    let (assigned, _) = told(&mut house, &[("short_description", "No heating")]);
    assert_eq!(assigned, desk);
    let mia = house.mia.user.to_string();
    let (assigned, _) = told(&mut house, &[("short_description", "Mine"), ("assigned_to", &mia)]);
    assert_eq!(assigned, "", "somebody has it already");
    let said = explained(&mut house, &incident, "assignment_group");
    assert_eq!(said.why, format!("rule \"by category\" ({first}, version 0)"));
    assert_eq!((said.by.as_str(), said.old), ("system", None));
    let said = explained(&mut house, &incident, "category");
    assert_eq!((said.by.as_str(), said.why.as_str()), ("dora", "the record began with it"));
    let said = explained(&mut house, &incident, "priority");
    assert_eq!(said.why, "impact 3 and urgency 3 have this priority by the shipped matrix");
}

#[test]
fn a_rule_acts_on_what_a_phone_did_with_the_radio_off() {
    let mut house = House::new();
    let group = group(&mut house, "Field Service");
    let fields = [("name", "to the field"), ("table", "wm_task"), ("group", &group)];
    rule(&mut house, "sysrule_assignment", &fields).unwrap();
    let mut fields =
        vec![("name", "loud"), ("collection", "wm_task"), ("filter_condition", "short_descriptionVALCHANGES")];
    fields.push(("template", "work_notes=It is called otherwise now"));
    business(&mut house, &fields).unwrap();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let mut phone = house.phone(&mia);
    let task = DocumentId::new("wm_task", SysId([9; 16]));
    let acts: Vec<Act> = vec![describe("Leak"), set("assigned_to", Value::Reference(mia.user))];
    let edit = phone.edit(house.now, &task, &acts);
    phone.push(&mut house, &[edit]);
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
    let notes = |house: &mut House| {
        let detail = house.get(&dora, &task).unwrap();
        detail.projection_of_document.unwrap().work_notes.len()
    };
    assert_eq!(notes(&mut house), 1);
    let edit = phone.edit(house.now, &task, &[set("description", Value::text("Under the sink"))]);
    phone.push(&mut house, &[edit]);
    assert_eq!(notes(&mut house), 1, "only a change of the title is worth a note");
    let edit = phone.edit(house.now, &task, &[describe("Leak under the sink")]);
    phone.push(&mut house, &[edit]);
    assert_eq!(notes(&mut house), 2);
}

#[test]
fn rules_that_answer_each_other_come_to_rest_and_the_record_takes_what_was_sent() {
    let mut house = House::new();
    for (name, when, then) in [("up", "urgency=1", "urgency=2"), ("down", "urgency=2", "urgency=1")] {
        let fields = [("name", name), ("collection", "incident"), ("filter_condition", when), ("template", then)];
        business(&mut house, &fields).unwrap();
    }
    let dora = house.dora.clone();
    let detail = house.create(&dora, "incident", &[("short_description", "Ping"), ("urgency", "1")]).unwrap();
    assert_eq!(detail.record.get("urgency"), Some(&Value::Integer(1)), "each acted once");
    let detail = house.update(&dora, &detail.record.id, &[("short_description", "Pong")]).unwrap();
    assert_eq!(detail.record.text("short_description"), "Pong");
}

#[test]
fn a_policy_demands_fields_while_it_holds_and_is_in_force_with_the_next_call_and_after_a_restart() {
    let mut house = House::new();
    let policy =
        [("short_description", "Resolved is explained"), ("model_table", "incident"), ("conditions", "state=6")];
    let policy = rule(&mut house, "sys_data_policy2", &policy).unwrap();
    let of_policy = policy.sys_id.to_string();
    for (field, says) in [("cause", "mandatory"), ("caller_id", "disabled")] {
        let part = [("sys_data_policy", of_policy.as_str()), ("field", field), (says, "true")];
        rule(&mut house, "sys_data_policy_rule", &part).unwrap();
    }
    let dora = house.dora.clone();
    let incident = house.create(&dora, "incident", &[("short_description", "Stuck")]).unwrap().record.id;
    let resolving = [("state", "6"), ("close_code", "Solved"), ("close_notes", "Done")];
    let resolve = |house: &mut House, more: &[(&str, &str)]| {
        house.update(&dora, &incident, &[&resolving[..], more].concat()).map(|detail| detail.record.id)
    };
    let problem = refused(resolve(&mut house, &[]));
    assert!(problem.contains("cause: must not be empty, says rule \"Resolved is explained\""), "{problem}");
    house.restart();
    let mia = house.mia.user.to_string();
    let problem = refused(resolve(&mut house, &[("cause", "Dust"), ("caller_id", &mia)]));
    assert!(problem.contains("caller_id: may not be written now"), "{problem}");
    let system = house.server.system();
    house.update(&system, &policy, &[("active", "false")]).unwrap();
    assert!(resolve(&mut house, &[]).is_ok(), "a policy that is switched off demands nothing");
}

#[test]
fn a_rule_that_does_not_fit_its_table_is_refused_by_what_does_not_fit() {
    let mut house = House::new();
    let group = group(&mut house, "Network");
    let assigning = |table, condition| [("name", "x"), ("table", table), ("condition", condition), ("group", "")];
    for (table, condition, problem) in [
        ("incident", "colour=red^category=network", "condition: \"colour=red\" is no condition of incident"),
        ("incident", "caller_id.colour=red", "\"caller_id.colour=red\" is no condition"),
        ("incidents", "category=network", "there is no table \"incidents\""),
        ("incident", "category~network", "is no condition of incident"),
    ] {
        let mut fields = assigning(table, condition);
        fields[3].1 = &group;
        let said = refused(rule(&mut house, "sysrule_assignment", &fields));
        assert!(said.contains(problem), "{said}");
    }
    for (template, problem) in [
        ("colour=red", "incident has no field \"colour\" that a rule could write"),
        ("sys_id=1", "no field \"sys_id\" that a rule could write"),
        ("categoryLIKEx", "names no field"),
    ] {
        let said = refused(business(&mut house, &[("name", "x"), ("collection", "incident"), ("template", template)]));
        assert!(said.contains(problem), "{said}");
    }
    let part = [("sys_data_policy", group.as_str()), ("field", "cause"), ("mandatory", "true")];
    let said = refused(rule(&mut house, "sys_data_policy_rule", &part));
    assert!(said.contains("there is no such policy"), "{said}");
}
