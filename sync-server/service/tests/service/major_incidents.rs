//! Major incidents: plans of communication, what callers are told at the end, what is flagged, and the report for the review.

use fieldline_model::{DocumentId, Record};
use fieldline_service::itsm::major::{board, report};
use fieldline_service::{Caller, TableError};

use crate::house::House;

const MINUTE: i64 = 60_000;
const STATE: &str = "major_incident_state";

fn id(house: &mut House, table: &str, fields: &[(&str, &str)]) -> String {
    let system = house.server.system();
    house.create(&system, table, fields).unwrap().record.id.sys_id.to_string()
}

/// A plan for such incidents with one communication to these people.
fn plan(house: &mut House, condition: &str, name: &str, more: &[(&str, &str)]) {
    let plan = id(house, "sn_comm_management_comm_plan_definition", &[("name", name), ("condition", condition)]);
    let fields = [
        &[
            ("name", name),
            ("comm_plan_definition", plan.as_str()),
            ("subject", "{{short_description}}"),
            ("message", "We are on it: {{number}}"),
        ],
        more,
    ];
    id(house, "sn_comm_management_comm_task_definition", &fields.concat());
}

fn incident(house: &mut House, by: &Caller, title: &str, more: &[(&str, &str)]) -> DocumentId {
    let fields = [&[("short_description", title), ("impact", "1"), ("urgency", "1")], more].concat();
    house.create(by, "incident", &fields).unwrap().record.id
}

fn communications(house: &mut House) -> Vec<Record> {
    let system = house.server.system();
    house.query(&system, "sn_comm_management_comm_task", "ORDERBYdue_date")
}

#[test]
fn every_plan_that_holds_is_followed_once_with_due_times_and_sent_when_a_person_says_so() {
    let mut house = House::new();
    let (system, dora, mia) = (house.server.system(), house.dora.clone(), house.mia.clone());
    let of_mia = mia.user.to_string();
    house.update(&system, &DocumentId::new("sys_user", mia.user), &[("email", "mia@example.com")]).unwrap();
    plan(
        &mut house,
        "priority=1",
        "Tell the board",
        &[("due_minutes", "60"), ("channel", "in_app"), ("recipient_users", &of_mia)],
    );
    plan(
        &mut house,
        "priority=1^category=network",
        "Tell callers",
        &[("due_minutes", "15"), ("recipient_fields", "caller_id")],
    );
    plan(&mut house, "priority=3", "Never", &[("recipient_users", &of_mia)]);
    let unfit = [("name", "Unfit"), ("condition", "no_such_field=1")];
    assert!(house.create(&system, "sn_comm_management_comm_plan_definition", &unfit).is_err(), "it would hold for all");
    let major = incident(&mut house, &mia, "No network", &[("category", "network"), ("caller_id", &of_mia)]);
    assert!(communications(&mut house).is_empty(), "nothing is major yet");
    house.update(&dora, &major, &[(STATE, "accepted")]).unwrap();
    house.update(&dora, &major, &[("work_notes", "And on we go")]).unwrap();
    let tasks = communications(&mut house);
    let due: Vec<i64> =
        tasks.iter().map(|task| task.time("due_date").unwrap().milliseconds_since(house.now) / MINUTE).collect();
    assert_eq!(due, [15, 60], "the plans for its kind and its priority");
    assert!(house.query(&system, "sys_email", "").is_empty(), "a person reads it first");
    house.update(&dora, &tasks[0].id, &[("message", "{{number}} is a broken switch")]).unwrap();
    house.update(&dora, &tasks[0].id, &[("state", "3")]).unwrap();
    let mail = house.query(&system, "sys_email", "");
    assert_eq!(mail.len(), 1);
    let number = house.get(&dora, &major).unwrap().record.text("number").to_owned();
    assert_eq!(mail[0].text("recipients"), "mia@example.com");
    assert_eq!(
        (mail[0].text("subject"), mail[0].text("body")),
        (&*format!("{number}: No network"), &*format!("{number} is a broken switch"))
    );
    house.update(&dora, &tasks[1].id, &[("state", "7")]).unwrap();
    let in_app = house.query(&mia, "sn_inapp_notification", "");
    assert!(in_app.is_empty(), "what is skipped is not sent");
    let told = house.get(&system, &tasks[0].id).unwrap().projection_of_document.unwrap().work_notes;
    assert!(told.last().unwrap().what.text.contains("sent to 1"));
}

#[test]
fn resolving_one_resolves_its_children_and_tells_each_caller() {
    let mut house = House::new();
    let (system, dora, mia, leo) = (house.server.system(), house.dora.clone(), house.mia.clone(), house.leo.clone());
    let (of_mia, of_leo) = (mia.user.to_string(), leo.user.to_string());
    let told = [true, false].map(|is_major| {
        let parent = incident(&mut house, &dora, "No network", &[("caller_id", &of_mia)]);
        let under = parent.sys_id.to_string();
        let child = incident(&mut house, &dora, "No mail", &[("caller_id", &of_leo), ("parent_incident", &under)]);
        if is_major {
            house.update(&dora, &parent, &[(STATE, "accepted")]).unwrap();
        }
        let solved = [("state", "6"), ("close_code", "Solved (Permanently)"), ("close_notes", "A new switch")];
        house.update(&dora, &parent, &solved).unwrap();
        let state = house.get(&system, &child).unwrap().record.get("state").unwrap().to_string();
        assert_eq!(state, "6", "a child goes with its parent");
        [&mia, &leo].map(|who| house.query(who, "sn_inapp_notification", "").len())
    });
    assert_eq!(told, [[1, 1], [1, 1]], "of what is not major nobody is told beside the rules");
    let said = house.query(&leo, "sn_inapp_notification", "");
    assert!(said[0].text("title").contains("is resolved: No mail") && said[0].text("message").contains("A new switch"));
}

#[test]
fn an_incident_is_flagged_at_three_quarters_of_its_promise_and_not_before() {
    let mut house = House::new();
    let (dora, mia) = (house.dora.clone(), house.mia.clone());
    let agreement = [
        ("name", "Four hours"),
        ("collection", "incident"),
        ("duration", "1970-01-01 04:00:00"),
        ("start_condition", "active=true"),
        ("stop_condition", "stateIN6,7"),
    ];
    id(&mut house, "contract_sla", &agreement);
    let of_dora = dora.user.to_string();
    plan(&mut house, "priority=1", "Tell them", &[("due_minutes", "30"), ("recipient_users", &of_dora)]);
    let major = incident(&mut house, &mia, "No network", &[]);
    incident(&mut house, &mia, "Something else", &[]);
    house.update(&dora, &major, &[(STATE, "accepted")]).unwrap();
    let lines =
        |house: &mut House, who: &Caller| house.server.read(who, house.now, &mut house.rng, |call| board::lines(call));
    assert!(matches!(lines(&mut house, &mia), Err(TableError::Denied { .. })));
    let state = |house: &mut House| {
        let lines = lines(house, &dora).unwrap();
        assert_eq!((lines.len(), &lines[0].incident.id), (1, &major));
        (lines[0].is_flagged, lines[0].has_breached, lines[0].late)
    };
    assert_eq!(state(&mut house), (false, false, 0));
    house.wait(180 * MINUTE - 1);
    assert_eq!(state(&mut house), (false, false, 1), "the communication is late");
    house.wait(1);
    assert_eq!(state(&mut house), (true, false, 1));
    house.wait(60 * MINUTE);
    assert_eq!(state(&mut house), (true, true, 1));
    house.update(&dora, &major, &[("state", "8")]).unwrap();
    assert!(lines(&mut house, &dora).unwrap().is_empty(), "what is over is off the board");
}

#[test]
fn the_report_says_what_happened_when_by_whom_and_whom_it_concerned() {
    let mut house = House::new();
    let (dora, mia, leo) = (house.dora.clone(), house.mia.clone(), house.leo.clone());
    let (of_mia, of_leo, of_dora) = (mia.user.to_string(), leo.user.to_string(), dora.user.to_string());
    let class = id(&mut house, "cmdb_ci_service", &[("name", "Payments | EU")]);
    let switch = id(&mut house, "cmdb_ci_ip_switch", &[("name", "sw-1")]);
    let kind = id(&mut house, "cmdb_rel_type", &[("name", "Depends on::Used by")]);
    id(&mut house, "cmdb_rel_ci", &[("parent", &class), ("child", &switch), ("type", &kind)]);
    plan(&mut house, "priority=1", "Tell them", &[("due_minutes", "10"), ("recipient_users", &of_dora)]);
    let fields = [("caller_id", of_mia.as_str()), ("cmdb_ci", &switch), ("description", "Since *eight*\n<script>")];
    let major = incident(&mut house, &mia, "No network", &fields);
    let under = major.sys_id.to_string();
    incident(&mut house, &leo, "No mail", &[("caller_id", &of_leo), ("parent_incident", &under)]);
    house.wait(5 * MINUTE);
    house.update(&dora, &major, &[(STATE, "accepted"), ("assigned_to", &of_dora)]).unwrap();
    house.wait(20 * MINUTE);
    let tell = communications(&mut house)[0].id.clone();
    house.update(&dora, &tell, &[("state", "3")]).unwrap();
    house.update(&dora, &major, &[("work_notes", "The fan was dead")]).unwrap();
    house.wait(65 * MINUTE);
    let solved =
        [("state", "6"), ("close_code", "Solved (Permanently)"), ("close_notes", "A new fan"), ("cause", "Dust")];
    house.update(&dora, &major, &solved).unwrap();
    let written = |house: &mut House, who: &Caller| {
        house.server.read(who, house.now, &mut house.rng, |call| report::report(call, major.sys_id))
    };
    assert!(written(&mut house, &mia).is_err(), "work notes are not for callers");
    let report = written(&mut house, &dora).unwrap();
    for said in [
        "No network",
        "Since \\*eight\\*  \n\\<script\\>",
        "| Lasted | 1 h 30 min |",
        "1 other incidents, 2 people who reported it",
        "1 services need the item it was about: Payments \\| EU",
        "Mia Miller: Opened",
        "Dora Dispatcher: Major incident state: nothing → Accepted",
        "Dora Dispatcher: Assigned to: nothing → Dora Dispatcher",
        "Dora Dispatcher: Work note: The fan was dead",
        "Dora Dispatcher: State: New → Resolved",
        "## Communication",
        "| late |",
        "## Cause\n\nDust",
        "## Resolution\n\nA new fan",
    ] {
        assert!(report.contains(said), "\"{said}\" is not in\n{report}");
    }
    let at = |said: &str| report.find(said).unwrap();
    assert!(at("Opened") < at("nothing → Accepted") && at("nothing → Accepted") < at("The fan was dead"), "in order");
}
