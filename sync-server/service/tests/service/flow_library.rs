//! The flows that are shipped: each from its beginning to its end, and as a trial shows it.

use fieldline_model::{DocumentId, Record, SysId};
use fieldline_service::flows::trial::trial;

use crate::house::{DAY, House};

const HOUR: i64 = 3_600_000;

fn rows(house: &mut House, table: &str, query: &str) -> Vec<Record> {
    let system = house.server.system();
    house.query(&system, table, query)
}

/// A house in which one of the shipped flows is active.
fn with(key: &str) -> (House, DocumentId) {
    let mut house = House::new();
    house.server.publish_flows(house.now, &mut house.rng).unwrap();
    let flow = rows(&mut house, "sys_hub_flow", &format!("sys_update_name=library/{key}")).remove(0).id;
    let system = house.server.system();
    assert_eq!(rows(&mut house, "sys_hub_flow", "active=true").len(), 0, "they begin inactive");
    house.update(&system, &flow, &[("active", "true")]).unwrap();
    (house, flow)
}

fn create(house: &mut House, table: &str, fields: &[(&str, &str)]) -> DocumentId {
    let system = house.server.system();
    house.create(&system, table, fields).unwrap().record.id
}

fn update(house: &mut House, record: &DocumentId, fields: &[(&str, &str)]) {
    let system = house.server.system();
    house.update(&system, record, fields).unwrap();
}

/// A group with a manager who reads mail.
fn group(house: &mut House) -> (SysId, SysId) {
    let manager = house.person("gina", "Gina Gray", &["itil"]).user;
    mail(house, manager, "gina");
    let id = create(house, "sys_user_group", &[("name", "Network"), ("manager", &manager.to_string())]);
    (id.sys_id, manager)
}

fn mail(house: &mut House, user: SysId, name: &str) {
    update(house, &DocumentId::new("sys_user", user), &[("email", &format!("{name}@example.org"))]);
}

fn subjects(house: &mut House, to: &str) -> Vec<String> {
    let mails = rows(house, "sys_email", &format!("recipients={to}@example.org^ORDERBYsys_created_on"));
    mails.iter().map(|mail| mail.text("subject").to_owned()).collect()
}

fn states(house: &mut House) -> Vec<(String, String)> {
    let runs = rows(house, "sys_flow_context", "calling_contextISEMPTY^ORDERBYsys_created_on");
    runs.iter().map(|run| (run.text("state").to_owned(), run.text("error_message").to_owned())).collect()
}

fn complete(house: &mut House, count: usize) {
    assert_eq!(states(house), vec![("complete".to_owned(), String::new()); count]);
}

/// What a trial says about each record: the steps it would take, none of which fails.
fn tried(house: &mut House, flow: &DocumentId) -> Vec<Vec<String>> {
    let (system, since) = (house.server.system(), house.now.plus_milliseconds(-40 * DAY));
    let before = (rows(house, "sys_flow_context", "").len(), rows(house, "sys_email", "").len());
    let tried = trial(&house.server, &system, flow.sys_id, (since, 10), house.now, &mut house.rng).unwrap();
    assert_eq!((rows(house, "sys_flow_context", "").len(), rows(house, "sys_email", "").len()), before);
    assert!(tried.iter().all(|trial| trial.problem.is_none()), "{tried:?}");
    tried.into_iter().map(|trial| trial.steps.into_iter().map(|(step, _)| step).collect()).collect()
}

fn has(steps: &[Vec<String>], step: &str) -> bool {
    steps.iter().flatten().any(|taken| taken == step)
}

/// An item that was ordered for Mia, whose manager is Gina.
fn ordered(house: &mut House, item: &str, price: &str) -> DocumentId {
    let (_, manager) = group(house);
    let mia = house.mia.user;
    update(
        house,
        &DocumentId::new("sys_user", mia),
        &[("manager", &manager.to_string()), ("email", "mia@example.org")],
    );
    let item = create(house, "sc_cat_item", &[("name", item)]).sys_id.to_string();
    let request = create(house, "sc_request", &[("short_description", "Order")]).sys_id.to_string();
    let fields = [
        ("cat_item", &*item),
        ("request", &request),
        ("requested_for", &mia.to_string()),
        ("price", price),
        ("short_description", "A thing"),
    ];
    create(house, "sc_req_item", &fields)
}

fn answer(house: &mut House, item: &DocumentId, state: &str) {
    let asked = rows(house, "sysapproval_approver", &format!("sysapproval={}", item.sys_id)).remove(0);
    update(house, &asked.id, &[("state", state), ("comments", "Because")]);
    house.ring();
}

#[test]
fn a_new_employee_is_approved_then_prepared_for_side_by_side() {
    let (mut house, flow) = with("new_employee");
    let item = ordered(&mut house, "New employee", "0");
    house.ring();
    answer(&mut house, &item, "approved");
    let tasks = rows(&mut house, "sc_task", &format!("request_item={}", item.sys_id));
    assert_eq!(tasks.len(), 3, "{:?}", states(&mut house));
    for task in &tasks {
        assert!(subjects(&mut house, "gina").is_empty());
        update(&mut house, &task.id, &[("state", "3")]);
        house.ring();
    }
    complete(&mut house, 1);
    assert!(subjects(&mut house, "gina")[0].contains("Everything is prepared for Mia Miller"));
    assert!(has(&tried(&mut house, &flow), "tell"));
}

#[test]
fn a_costly_item_is_delivered_only_once_it_is_approved() {
    let (mut house, flow) = with("costly_item");
    let item = ordered(&mut house, "Laptop", "900");
    house.ring();
    answer(&mut house, &item, "approved");
    let task = rows(&mut house, "sc_task", "short_descriptionSTARTSWITHDeliver").remove(0);
    update(&mut house, &task.id, &[("state", "3")]);
    house.ring();
    complete(&mut house, 1);
    assert_eq!(subjects(&mut house, "mia").len(), 1);
    assert!(has(&tried(&mut house, &flow), "fulfil"));
    let (mut house, _) = with("costly_item");
    let item = ordered(&mut house, "Laptop", "900");
    house.ring();
    answer(&mut house, &item, "rejected");
    complete(&mut house, 1);
    assert!(rows(&mut house, "sc_task", "").is_empty());
    let (mut house, _) = with("costly_item");
    ordered(&mut house, "Pen", "2");
    house.ring();
    complete(&mut house, 0);
}

#[test]
fn a_major_incident_is_told_of_until_it_is_resolved_and_then_reviewed() {
    let (mut house, flow) = with("major_incident");
    let (group, _) = group(&mut house);
    let fields = [("short_description", "Core down"), ("assignment_group", &*group.to_string())];
    let reported = create(&mut house, "incident", &fields);
    house.ring();
    complete(&mut house, 0);
    update(&mut house, &reported, &[("major_incident_state", "accepted"), ("state", "2")]);
    house.ring();
    for _ in 0..2 {
        house.wait(HOUR / 2);
        house.ring();
    }
    let told = subjects(&mut house, "gina");
    assert_eq!(told.len(), 3, "{told:?} {:?}", states(&mut house));
    assert_eq!(rows(&mut house, "incident_task", "").len(), 1);
    let resolved = [("state", "6"), ("close_code", "Fixed"), ("close_notes", "Cable")];
    update(&mut house, &reported, &resolved);
    house.ring();
    complete(&mut house, 1);
    let told = subjects(&mut house, "gina");
    assert_eq!((told.len(), told.iter().filter(|subject| subject.contains("is over")).count()), (4, 1), "{told:?}");
    assert_eq!(rows(&mut house, "problem", "short_descriptionSTARTSWITHReview of major").len(), 1);
    let other = create(&mut house, "incident", &fields);
    update(&mut house, &other, &[("major_incident_state", "accepted")]);
    // What asks for a change has none to see in a trial, so the condition is made one of the record.
    update(&mut house, &flow, &[("condition", "major_incident_state=accepted")]);
    assert!(has(&tried(&mut house, &flow), "review"));
}

#[test]
fn approvers_of_changes_are_reminded_after_two_days_each_day_until_they_answer() {
    let (mut house, flow) = with("change_approval_reminder");
    let (_, gina) = group(&mut house);
    let change = create(&mut house, "change_request", &[("short_description", "New core"), ("type", "normal")]);
    let incident = create(&mut house, "incident", &[("short_description", "No change")]);
    for about in [&change, &incident] {
        let fields = [("sysapproval", &*about.sys_id.to_string()), ("approver", &gina.to_string())];
        create(&mut house, "sysapproval_approver", &fields);
    }
    let mut told = Vec::new();
    for _ in 0..4 {
        house.wait(DAY);
        house.ring();
        told.push(subjects(&mut house, "gina").len());
    }
    assert_eq!(told, [0, 0, 1, 2], "{:?}", states(&mut house));
    assert!(subjects(&mut house, "gina")[0].starts_with("CHG"));
    let asked = rows(&mut house, "sysapproval_approver", &format!("sysapproval={}", change.sys_id)).remove(0);
    update(&mut house, &asked.id, &[("state", "approved")]);
    house.wait(DAY);
    house.ring();
    assert_eq!(subjects(&mut house, "gina").len(), 2);
    complete(&mut house, 5);
    let tried = trial_of_schedule(&mut house, &flow);
    assert_eq!(tried.first().map(String::as_str), Some("open"));
}

/// What a scheduled flow would do now: it is about itself.
fn trial_of_schedule(house: &mut House, flow: &DocumentId) -> Vec<String> {
    update(house, flow, &[("table", "sys_hub_flow"), ("condition", &format!("sys_id={}", flow.sys_id))]);
    tried(house, flow).remove(0)
}

#[test]
fn the_third_incident_of_one_item_in_a_month_opens_a_problem_for_all_three() {
    let (mut house, flow) = with("problem_from_repeats");
    let [item, other] =
        ["Core", "Edge"].map(|name| create(&mut house, "cmdb_ci", &[("name", name)]).sys_id.to_string());
    let report = |house: &mut House, item: &str| {
        let id = create(house, "incident", &[("short_description", "Down"), ("cmdb_ci", item)]);
        house.ring();
        id
    };
    report(&mut house, &item);
    house.wait(31 * DAY);
    for item in [&item, &other, &item] {
        report(&mut house, item);
    }
    assert!(rows(&mut house, "problem", "").is_empty(), "one of them is too old, one of another item");
    report(&mut house, &item);
    let problem = rows(&mut house, "problem", "").remove(0);
    assert_eq!(problem.text("short_description"), "Incidents repeat: Core");
    assert_eq!(rows(&mut house, "incident", &format!("problem_id={}", problem.id.sys_id)).len(), 3);
    complete(&mut house, 5);
    report(&mut house, &item);
    assert_eq!(rows(&mut house, "problem", "").len(), 1, "it is counted anew");
    assert!(has(&tried(&mut house, &flow), "enough"));
}

#[test]
fn an_article_that_is_soon_outdated_gives_its_author_one_task() {
    let (mut house, flow) = with("knowledge_review");
    let (_, gina) = group(&mut house);
    let base = create(&mut house, "kb_knowledge_base", &[("title", "How to")]).sys_id.to_string();
    let article = |house: &mut House, title: &str, days: i64| {
        let valid_to = house.now.plus_milliseconds(days * DAY).to_string();
        let fields = [
            ("short_description", title),
            ("kb_knowledge_base", &*base),
            ("author", &gina.to_string()),
            ("valid_to", &valid_to),
        ];
        let id = create(house, "kb_knowledge", &fields);
        update(house, &id, &[("workflow_state", "review")]);
        update(house, &id, &[("workflow_state", "published")]);
    };
    article(&mut house, "Soon", 20);
    article(&mut house, "Later", 200);
    for _ in 0..3 {
        house.wait(DAY);
        house.ring();
    }
    complete(&mut house, 3);
    let tasks = rows(&mut house, "task", "short_descriptionSTARTSWITHReview KB");
    assert_eq!((tasks.len(), tasks[0].reference("assigned_to")), (1, Some(gina)));
    assert!(tasks[0].text("description").starts_with("Soon is valid to"));
    assert_eq!(subjects(&mut house, "gina").len(), 1);
    assert!(trial_of_schedule(&mut house, &flow).iter().any(|step| step == "each"));
}

#[test]
fn a_promise_at_three_quarters_is_noted_and_told() {
    let (mut house, flow) = with("sla_escalation");
    let (group, _) = group(&mut house);
    let mia = house.mia.user;
    mail(&mut house, mia, "mia");
    create(
        &mut house,
        "contract_sla",
        &[
            ("name", "Four hours"),
            ("collection", "incident"),
            ("duration", "1970-01-01 04:00:00"),
            ("start_condition", "active=true"),
            ("stop_condition", "state=6"),
        ],
    );
    let fields =
        [("short_description", "Slow"), ("assignment_group", &*group.to_string()), ("assigned_to", &mia.to_string())];
    let reported = create(&mut house, "incident", &fields);
    house.wait(3 * HOUR - 1);
    house.ring();
    complete(&mut house, 0);
    house.wait(1);
    house.ring();
    complete(&mut house, 1);
    house.wait(4 * HOUR);
    house.ring();
    complete(&mut house, 1);
    let system = house.server.system();
    let notes = house.get(&system, &reported).unwrap().projection_of_document.unwrap().work_notes;
    assert!(notes.len() == 1 && notes[0].what.text.starts_with("Four hours: three quarters are over"), "{notes:?}");
    for to in ["gina", "mia"] {
        assert!(subjects(&mut house, to)[0].contains("At risk: Slow"), "{to}");
    }
    let since = house.now.plus_milliseconds(-DAY);
    let tried = trial(&house.server, &system, flow.sys_id, (since, 10), house.now, &mut house.rng).unwrap();
    assert!(tried.len() == 1 && tried[0].problem.is_none(), "{tried:?}");
}

#[test]
fn a_caller_who_does_not_answer_is_reminded_twice_before_the_incident_is_resolved() {
    let (mut house, flow) = with("on_hold_reminder");
    let mia = house.mia.user;
    mail(&mut house, mia, "mia");
    let hold = [("state", "3"), ("hold_reason", "1"), ("comments", "Which printer?")];
    let held = |house: &mut House, title: &str| {
        let id = create(house, "incident", &[("short_description", title), ("caller_id", &mia.to_string())]);
        update(house, &id, &hold);
        house.ring();
        id
    };
    let (silent, answered) = (held(&mut house, "Silent"), held(&mut house, "Answered"));
    let mut told = Vec::new();
    for day in 1..=6 {
        house.wait(DAY);
        if day == 3 {
            update(&mut house, &answered, &[("state", "2")]);
        }
        house.ring();
        told.push(subjects(&mut house, "mia").len());
    }
    assert_eq!(told, [0, 2, 2, 3, 3, 3], "both after two days, one after four");
    complete(&mut house, 2);
    let system = house.server.system();
    let state =
        |house: &mut House, id: &DocumentId| house.get(&system, id).unwrap().record.get("state").unwrap().to_string();
    assert_eq!((state(&mut house, &silent), state(&mut house, &answered)), ("6".into(), "2".into()));
    update(&mut house, &flow, &[("condition", "short_description=Answered")]);
    assert_eq!(tried(&mut house, &flow)[0][0], "two days");
}

#[test]
fn the_third_case_of_one_thing_and_category_in_a_month_opens_one_problem() {
    let (mut house, _) = with("problem_from_repeated_cases");
    let asset = create(&mut house, "alm_asset", &[("display_name", "Pump")]).sys_id.to_string();
    let report = |house: &mut House, category: &str| {
        let fields = [("short_description", "Pump is loud"), ("asset", &*asset), ("category", category)];
        create(house, "sn_customerservice_case", &fields);
        house.ring();
    };
    for category in ["noise", "leak", "noise"] {
        report(&mut house, category);
    }
    assert!(rows(&mut house, "problem", "").is_empty(), "one of them is of another category");
    report(&mut house, "noise");
    let problem = rows(&mut house, "problem", "").remove(0);
    assert_eq!(problem.text("short_description"), "Cases repeat: Pump is loud");
    assert_eq!(rows(&mut house, "sn_customerservice_case", &format!("problem={}", problem.id.sys_id)).len(), 3);
    report(&mut house, "noise");
    assert_eq!(rows(&mut house, "problem", "").len(), 1, "it is counted anew");
}
