//! What moves incidents beside their own people: parents, callers, clocks, rules, and who supports what they are about.

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_service::explain::explain;
use fieldline_service::{Caller, TableError};

use crate::house::{DAY, House, describe, set, step};

const RESOLVED: [(&str, &str); 3] = [("state", "6"), ("close_code", "Solved"), ("close_notes", "Restarted the router")];

fn made(house: &mut House, table: &str, fields: &[(&str, &str)]) -> Result<DocumentId, TableError> {
    let system = house.server.system();
    Ok(house.create(&system, table, fields)?.record.id)
}

fn group(house: &mut House, name: &str) -> String {
    made(house, "sys_user_group", &[("name", name)]).unwrap().sys_id.to_string()
}

fn incident(house: &mut House, fields: &[(&str, &str)]) -> DocumentId {
    let dora = house.dora.clone();
    house.create(&dora, "incident", &[&[("short_description", "No network")], fields].concat()).unwrap().record.id
}

fn child(house: &mut House, parent: &DocumentId, fields: &[(&str, &str)]) -> DocumentId {
    let parent = parent.sys_id.to_string();
    incident(house, &[&[("parent_incident", parent.as_str())], fields].concat())
}

fn desk(house: &mut House, record: &DocumentId, fields: &[(&str, &str)]) {
    let dora = house.dora.clone();
    house.update(&dora, record, fields).unwrap();
}

fn row(house: &mut House, record: &DocumentId) -> Record {
    let system = house.server.system();
    house.get(&system, record).unwrap().record
}

fn says(house: &mut House, record: &DocumentId, field: &str) -> String {
    row(house, record).get(field).map(ToString::to_string).unwrap_or_default()
}

fn state(house: &mut House, record: &DocumentId) -> String {
    says(house, record, "state")
}

fn why(house: &mut House, record: &DocumentId, field: &str) -> String {
    let (dora, table, sys_id) = (house.dora.clone(), record.table.clone(), record.sys_id);
    let said = house.server.read(&dora, house.now, &mut house.rng, |call| explain(call, table.as_str(), sys_id));
    said.unwrap().into_iter().find(|said| said.field == *field).unwrap().why
}

/// An incident of Eva, who works somewhere else, and Eva.
fn of_eva(house: &mut House) -> (DocumentId, Caller) {
    let eva = house.person("eva", "Eva Ende", &[]);
    let caller = eva.user.to_string();
    (incident(house, &[("caller_id", &caller), ("category", "network"), ("urgency", "1")]), eva)
}

#[test]
fn children_go_to_work_on_hold_and_to_their_end_with_their_parent_and_say_why() {
    let mut house = House::new();
    let parent = incident(&mut house, &[]);
    let children = [child(&mut house, &parent, &[]), child(&mut house, &parent, &[])];
    let alone = incident(&mut house, &[]);
    desk(&mut house, &children[1], &[("state", "3"), ("hold_reason", "4")]);
    for (fields, stands) in [
        (&[("state", "2")][..], ["2", ""]),
        (&[("state", "3"), ("hold_reason", "4")], ["3", "4"]),
        (&[("state", "3"), ("hold_reason", "5")], ["3", "5"]),
        (&RESOLVED, ["6", ""]),
    ] {
        desk(&mut house, &parent, fields);
        for child in &children {
            assert_eq!(["state", "hold_reason"].map(|field| says(&mut house, child, field)), stands, "{fields:?}");
        }
    }
    let told = ["close_code", "close_notes"].map(|field| says(&mut house, &children[0], field));
    assert_eq!(told, ["Solved", "Restarted the router"]);
    let number = says(&mut house, &parent, "number");
    assert_eq!(why(&mut house, &children[0], "close_notes"), format!("its parent {number} went before"));
    assert_eq!(state(&mut house, &alone), "1");
}

#[test]
fn children_stay_where_they_are_when_their_parent_waits_for_its_caller_is_closed_or_canceled() {
    let mut house = House::new();
    let parent = incident(&mut house, &[]);
    let waiting = child(&mut house, &parent, &[]);
    desk(&mut house, &parent, &[("state", "3"), ("hold_reason", "1"), ("comments", "Which floor?")]);
    assert_eq!(state(&mut house, &waiting), "1");
    desk(&mut house, &parent, &[("state", "8")]);
    assert_eq!(state(&mut house, &waiting), "1", "nobody asked whether it is canceled, too");
    let parent = incident(&mut house, &[]);
    let open = child(&mut house, &parent, &[]);
    desk(&mut house, &parent, &RESOLVED);
    desk(&mut house, &parent, &[("state", "7")]);
    assert_eq!(state(&mut house, &open), "6", "its own caller has not said that it is over");
}

#[test]
fn what_somebody_decides_for_one_child_stays_until_its_parent_moves_again() {
    let mut house = House::new();
    let parent = incident(&mut house, &[]);
    let one = child(&mut house, &parent, &[]);
    desk(&mut house, &parent, &[("state", "2")]);
    desk(&mut house, &one, &[("state", "3"), ("hold_reason", "4")]);
    let updates = says(&mut house, &one, "sys_mod_count");
    desk(&mut house, &parent, &[("description", "All floors"), ("work_notes", "Still looking")]);
    assert_eq!(state(&mut house, &one), "3");
    assert_eq!(says(&mut house, &one, "sys_mod_count"), updates, "nothing was written");
    desk(&mut house, &one, &RESOLVED);
    desk(&mut house, &parent, &[("state", "3"), ("hold_reason", "5")]);
    desk(&mut house, &parent, &[("state", "2")]);
    assert_eq!(state(&mut house, &one), "6", "to go on with the parent reopens nothing");
}

#[test]
fn an_agent_who_reopens_a_parent_reopens_its_children_and_a_caller_only_their_own() {
    let mut house = House::new();
    let (parent, eva) = of_eva(&mut house);
    let resolved = child(&mut house, &parent, &[]);
    let closed = child(&mut house, &parent, &[]);
    desk(&mut house, &parent, &RESOLVED);
    desk(&mut house, &closed, &[("state", "7")]);
    house.update(&eva, &parent, &[("state", "2")]).unwrap();
    assert_eq!([&parent, &resolved, &closed].map(|record| state(&mut house, record)), ["2", "6", "7"]);
    assert_eq!(says(&mut house, &parent, "last_reopened_by"), eva.user.to_string());
    desk(&mut house, &parent, &RESOLVED);
    desk(&mut house, &parent, &[("state", "2")]);
    assert_eq!([&parent, &resolved, &closed].map(|record| state(&mut house, record)), ["2", "2", "7"]);
    let other = house.person("otto", "Otto Other", &[]);
    assert!(house.update(&other, &parent, &[("comments", "Me too")]).is_err(), "it is not his to see");
}

#[test]
fn a_parent_counts_its_children_as_they_come_and_go() {
    let mut house = House::new();
    let (one, other) = (incident(&mut house, &[]), incident(&mut house, &[]));
    let first = child(&mut house, &one, &[]);
    child(&mut house, &one, &[]);
    let counts = |house: &mut House| [&one, &other].map(|parent| says(house, parent, "child_incidents"));
    assert_eq!(counts(&mut house), ["2", ""]);
    desk(&mut house, &first, &[("parent_incident", &other.sys_id.to_string())]);
    assert_eq!(counts(&mut house), ["1", "1"]);
    desk(&mut house, &first, &[("parent_incident", "")]);
    assert_eq!(counts(&mut house), ["1", "0"]);
}

#[test]
fn a_phone_that_resolves_a_parent_while_the_desk_gives_it_to_others_resolves_the_children_and_keeps_the_group() {
    let mut house = House::new();
    let (mia, field, network) = (house.mia.clone(), group(&mut house, "Field"), group(&mut house, "Network"));
    let parent =
        incident(&mut house, &[("assignment_group", &field), ("assigned_to", &mia.user.to_string()), ("state", "2")]);
    let one = child(&mut house, &parent, &[]);
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let acts =
        [set("close_code", Value::text("Solved")), set("close_notes", Value::text("New cable")), step("resolve")];
    let edit = phone.edit(house.now, &parent, &acts);
    desk(&mut house, &parent, &[("assignment_group", &network)]);
    assert_eq!(says(&mut house, &parent, "assigned_to"), "", "the other group has not said who does it");
    for _ in 0..2 {
        phone.push(&mut house, std::slice::from_ref(&edit));
    }
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
    assert_eq!([&parent, &one].map(|record| state(&mut house, record)), ["6", "6"]);
    assert_eq!(says(&mut house, &one, "close_notes"), "New cable");
    assert_eq!(says(&mut house, &parent, "assignment_group"), network);
    assert_eq!(says(&mut house, &parent, "resolved_by"), mia.user.to_string());
    let dora = house.dora.clone();
    assert!(house.query(&dora, "task", "short_descriptionSTARTSWITHReview").is_empty());
}

#[test]
fn the_tasks_of_an_incident_end_with_it_and_what_was_done_stays_done() {
    let mut house = House::new();
    let (closing, canceling) = (incident(&mut house, &[]), incident(&mut house, &[]));
    let tasks = |house: &mut House, of: &DocumentId| {
        let of = of.sys_id.to_string();
        ["1", "2", "3"].map(|state| {
            let fields = [("short_description", "Look"), ("incident", of.as_str()), ("state", state)];
            made(house, "incident_task", &fields).unwrap()
        })
    };
    let (closed, skipped) = (tasks(&mut house, &closing), tasks(&mut house, &canceling));
    let states = |house: &mut House, tasks: &[DocumentId; 3]| tasks.each_ref().map(|task| state(house, task));
    desk(&mut house, &closing, &RESOLVED);
    assert_eq!(states(&mut house, &closed), ["1", "2", "3"], "it may be reopened");
    desk(&mut house, &closing, &[("state", "7")]);
    desk(&mut house, &canceling, &[("state", "8")]);
    assert_eq!(states(&mut house, &closed), ["4", "4", "3"]);
    assert_eq!(states(&mut house, &skipped), ["7", "7", "3"]);
}

#[test]
fn what_stays_resolved_is_closed_a_week_after_it_was_resolved_whatever_is_written_meanwhile() {
    let mut house = House::new();
    let task = incident(&mut house, &[]);
    desk(&mut house, &task, &RESOLVED);
    house.wait(6 * DAY);
    desk(&mut house, &task, &[("work_notes", "Nobody called")]);
    house.wait(DAY - 1);
    assert_eq!((house.ring(), state(&mut house, &task).as_str()), (0, "6"));
    house.wait(1);
    assert_eq!((house.ring(), state(&mut house, &task).as_str()), (1, "7"));
    assert_eq!(says(&mut house, &task, "closed_by"), house.server.system().user.to_string());
    assert_eq!(house.server.next_due().unwrap(), None);
}

#[test]
fn what_is_reopened_waits_anew_and_what_was_resolved_with_the_radio_off_counts_from_then() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let task = incident(&mut house, &[("assigned_to", &mia.user.to_string())]);
    desk(&mut house, &task, &RESOLVED);
    desk(&mut house, &task, &[("state", "2")]);
    assert_eq!(house.server.next_due().unwrap(), None);
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let (resolved_at, edit) = (house.now, phone.edit(house.now, &task, &[step("resolve")]));
    house.wait(3 * DAY);
    phone.push(&mut house, &[edit]);
    assert_eq!(house.server.next_due().unwrap(), Some(resolved_at.plus_milliseconds(7 * DAY)));
}

#[test]
fn what_people_did_with_the_radio_off_goes_before_what_the_server_did_meanwhile_and_asks_nobody_to_talk() {
    let mut house = House::new();
    let (resolved, eva) = of_eva(&mut house);
    desk(&mut house, &resolved, &RESOLVED);
    let (mia, parent) = (house.mia.clone(), incident(&mut house, &[]));
    let one = child(&mut house, &parent, &[("assigned_to", &mia.user.to_string())]);
    let (mut hers, mut mias) = (house.phone(&eva), house.phone(&mia));
    hers.sync(&mut house);
    mias.sync(&mut house);
    let reopened = hers.edit(house.now, &resolved, &[step("reopen")]);
    let begun = mias.edit(house.now, &one, &[step("begin")]);
    desk(&mut house, &parent, &[("state", "2")]);
    house.wait(7 * DAY);
    assert_eq!((house.ring(), state(&mut house, &resolved).as_str()), (1, "7"));
    hers.push(&mut house, &[reopened]);
    mias.push(&mut house, &[begun]);
    assert_eq!([&resolved, &one].map(|record| state(&mut house, record)), ["2", "2"]);
    let dora = house.dora.clone();
    assert!(house.query(&dora, "task", "short_descriptionSTARTSWITHReview").is_empty());
}

#[test]
fn an_organisation_says_after_how_many_days_and_0_is_never() {
    let mut house = House::new();
    let task = incident(&mut house, &[]);
    desk(&mut house, &task, &RESOLVED);
    let resolved_at = house.now;
    let setting = [("name", "glide.ui.autoclose.time"), ("value", "2")];
    let setting = made(&mut house, "sys_properties", &setting).unwrap();
    let due = |house: &House| house.server.next_due().unwrap().map(|due| due.milliseconds_since(resolved_at) / DAY);
    assert_eq!(due(&house), Some(2), "it holds for what is resolved already");
    let system = house.server.system();
    for (days, expected) in [("0", None), ("a week", Some(7)), ("30", Some(30))] {
        house.update(&system, &setting, &[("value", days)]).unwrap();
        assert_eq!(due(&house), expected, "{days}");
    }
}

#[test]
fn a_major_incident_is_closed_by_people() {
    let mut house = House::new();
    let task = incident(&mut house, &[("major_incident_state", "accepted")]);
    desk(&mut house, &task, &RESOLVED);
    assert_eq!(house.server.next_due().unwrap(), None);
    desk(&mut house, &task, &[("major_incident_state", "canceled")]);
    house.wait(7 * DAY);
    assert_eq!((house.ring(), state(&mut house, &task).as_str()), (1, "7"), "it is one no more");
}

#[test]
fn a_caller_who_asks_for_a_closed_incident_is_given_a_new_one_for_each_time_they_ask() {
    let mut house = House::new();
    let (closed, eva) = of_eva(&mut house);
    let others = |house: &mut House| {
        let dora = house.dora.clone();
        house.query(&dora, "incident", &format!("parent={}", closed.sys_id))
    };
    desk(&mut house, &closed, &RESOLVED);
    house.update(&eva, &closed, &[("comments", "Please reopen")]).unwrap();
    assert!(others(&mut house).is_empty(), "it can be reopened itself");
    desk(&mut house, &closed, &[("state", "7")]);
    house.update(&eva, &closed, &[("comments", "Thank you")]).unwrap();
    let leo = house.leo.clone();
    let mut bystander = house.phone(&leo);
    desk(&mut house, &closed, &[("assigned_to", &leo.user.to_string())]);
    bystander.sync(&mut house);
    let edit = bystander.edit(house.now, &closed, &[Act::Comment { text: "They said: please reopen".into() }]);
    bystander.push(&mut house, &[edit]);
    assert!(others(&mut house).is_empty(), "nobody whose it is has asked");
    let mut phone = house.phone(&eva);
    phone.sync(&mut house);
    let asks = Act::Comment { text: "It is back.\nPLEASE REOPEN it".into() };
    let edit = phone.edit(house.now, &closed, &[asks]);
    for _ in 0..2 {
        phone.push(&mut house, std::slice::from_ref(&edit));
    }
    desk(&mut house, &closed, &[("work_notes", "Told her")]);
    let [new] = &others(&mut house)[..] else { panic!("one comment, one incident") };
    let shown = ["state", "category", "urgency", "caller_id", "opened_by", "close_code", "assigned_to"];
    let shown = shown.map(|field| new.get(field).map(ToString::to_string).unwrap_or_default());
    let eva_id = eva.user.to_string();
    assert_eq!(shown, ["1", "network", "1", &eva_id, &eva_id, "", ""]);
    assert_ne!(new.text("number"), says(&mut house, &closed, "number"));
    assert_eq!(state(&mut house, &closed), "7");
    house.update(&eva, &closed, &[("comments", "please reopen!")]).unwrap();
    assert_eq!(others(&mut house).len(), 2);
}

#[test]
fn an_organisation_says_what_a_new_incident_takes_over_from_the_closed_one() {
    let mut house = House::new();
    let fields =
        [("name", "com.snc.incident.clone_fields_on_reopen"), ("value", "short_description, caller_id,number,colour")];
    made(&mut house, "sys_properties", &fields).unwrap();
    let (closed, eva) = of_eva(&mut house);
    desk(&mut house, &closed, &RESOLVED);
    desk(&mut house, &closed, &[("state", "7")]);
    house.update(&eva, &closed, &[("comments", "Please reopen")]).unwrap();
    let dora = house.dora.clone();
    let new = house.query(&dora, "incident", &format!("parent={}", closed.sys_id)).remove(0);
    assert_eq!((new.text("short_description"), new.text("category")), ("No network", ""));
    assert_ne!(new.text("number"), says(&mut house, &closed, "number"));
}

#[test]
fn what_nobody_has_goes_to_who_supports_what_it_is_about() {
    let mut house = House::new();
    let (servers, mail) = (group(&mut house, "Servers"), group(&mut house, "Mail"));
    let item = |house: &mut House, table, name, group: &str| {
        made(house, table, &[("name", name), ("support_group", group)]).unwrap().sys_id.to_string()
    };
    let server = item(&mut house, "cmdb_ci_server", "mx1", &servers);
    let orphan = item(&mut house, "cmdb_ci_server", "mx2", "");
    let offering = item(&mut house, "service_offering", "Mail for all", &mail);
    let mia = house.mia.user.to_string();
    for (fields, group) in [
        (&[("cmdb_ci", server.as_str()), ("service_offering", &offering)][..], servers.as_str()),
        (&[("cmdb_ci", &orphan), ("service_offering", &offering)], &mail),
        (&[("cmdb_ci", &orphan)], ""),
        (&[("cmdb_ci", &server), ("assignment_group", &mail)], &mail),
        (&[("cmdb_ci", &server), ("assigned_to", &mia)], ""),
    ] {
        let task = incident(&mut house, fields);
        assert_eq!(says(&mut house, &task, "assignment_group"), group, "{fields:?}");
    }
    let task = incident(&mut house, &[]);
    desk(&mut house, &task, &[("cmdb_ci", &server)]);
    assert_eq!(says(&mut house, &task, "assignment_group"), servers);
    let said = why(&mut house, &task, "assignment_group");
    assert_eq!(said, "nobody had it, and this group supports its cmdb_ci");
    let over = incident(&mut house, &[("state", "8")]);
    desk(&mut house, &over, &[("cmdb_ci", &server)]);
    assert_eq!(says(&mut house, &over, "assignment_group"), "", "nobody has to do anything");
}

#[test]
fn what_is_reported_from_a_phone_finds_its_group_and_an_assignment_rule_comes_first() {
    let mut house = House::new();
    let (servers, night) = (group(&mut house, "Servers"), group(&mut house, "Night shift"));
    let server = made(&mut house, "cmdb_ci_server", &[("name", "mx1"), ("support_group", &servers)]).unwrap();
    let rule = [("name", "night"), ("table", "incident"), ("condition", "category=night"), ("group", &night)];
    made(&mut house, "sysrule_assignment", &rule).unwrap();
    let mia = house.mia.clone();
    let mut phone = house.phone(&mia);
    for (number, category, expected) in [(1, "day", &servers), (2, "night", &night)] {
        let task = DocumentId::new("incident", SysId([number; 16]));
        let acts = [
            describe("It smokes"),
            set("caller_id", Value::Reference(mia.user)),
            set("category", Value::text(category)),
            set("cmdb_ci", Value::Reference(server.sys_id)),
        ];
        let edit = phone.edit(house.now, &task, &acts);
        phone.push(&mut house, &[edit]);
        assert_eq!(says(&mut house, &task, "assignment_group"), *expected);
    }
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
}

#[test]
fn who_had_it_has_it_no_more_when_another_group_is_given_it_unless_named_with_it_and_each_group_is_counted() {
    let mut house = House::new();
    let (servers, mail) = (group(&mut house, "Servers"), group(&mut house, "Mail"));
    let (mia, leo) = (house.mia.user.to_string(), house.leo.user.to_string());
    let task = incident(&mut house, &[("assigned_to", &mia)]);
    for (fields, person, reassigned) in [
        (&[("assignment_group", servers.as_str())][..], mia.as_str(), "1"),
        (&[("assignment_group", &servers), ("short_description", "Still none")], &mia, "1"),
        (&[("assignment_group", &mail), ("assigned_to", &leo)], &leo, "2"),
        (&[("assignment_group", &servers)], "", "3"),
    ] {
        desk(&mut house, &task, fields);
        assert_eq!(says(&mut house, &task, "assigned_to"), person, "{fields:?}");
        assert_eq!(says(&mut house, &task, "reassignment_count"), reassigned, "{fields:?}");
    }
    assert_eq!(why(&mut house, &task, "assigned_to"), "another group has it now");
}

#[test]
fn the_first_trigger_rule_that_holds_proposes_or_promotes_a_major_incident() {
    let mut house = House::new();
    for (name, order, active, condition, action) in [
        ("off", "10", "false", "", "promote"),
        ("many children", "20", "true", "child_incidents>1", "promote"),
        ("critical", "30", "true", "priority=1^ORcategory=everything", "propose"),
    ] {
        let fields =
            [("name", name), ("order", order), ("active", active), ("condition", condition), ("action", action)];
        made(&mut house, "major_incident_trigger_rule", &fields).unwrap();
    }
    let is = |house: &mut House, task: &DocumentId| says(house, task, "major_incident_state");
    let parent = incident(&mut house, &[]);
    let critical = [("impact", "1"), ("urgency", "1")];
    let first = child(&mut house, &parent, &critical);
    assert_eq!(is(&mut house, &parent), "");
    child(&mut house, &parent, &[]);
    assert_eq!(is(&mut house, &parent), "accepted");
    assert_eq!(is(&mut house, &first), "", "a child is its parent's");
    let task = incident(&mut house, &critical);
    assert_eq!(is(&mut house, &task), "proposed");
    assert!(why(&mut house, &task, "major_incident_state").starts_with("rule \"critical\""));
    desk(&mut house, &task, &[("major_incident_state", "rejected")]);
    desk(&mut house, &task, &[("category", "everything")]);
    assert_eq!(is(&mut house, &task), "rejected", "what was rejected is not proposed again");
    let over = incident(&mut house, &[("state", "8")]);
    desk(&mut house, &over, &critical);
    assert_eq!(is(&mut house, &over), "");
    let wrong = made(&mut house, "major_incident_trigger_rule", &[("name", "x"), ("condition", "colour=red")]);
    assert!(wrong.unwrap_err().to_string().contains("\"colour=red\" is no condition of incident"));
}
