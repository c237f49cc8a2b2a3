//! Work orders: what they come of, what binds their tasks, and what follows.

use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};
use fieldline_service::work_orders::origin::{self, Made, Wanted};
use fieldline_service::{Caller, TableError};

use crate::house::{DAY, House, step};

fn order_of(house: &mut House, by: &Caller, of: &DocumentId, wanted: &Wanted) -> Result<Made, TableError> {
    let (table, sys_id) = (of.table.as_str(), of.sys_id);
    house.server.write(by, house.now, &mut house.rng, |call| origin::make(call, table, sys_id, wanted))
}

fn made(house: &mut House, of: &DocumentId, wanted: &Wanted) -> Made {
    let dora = house.dora.clone();
    order_of(house, &dora, of, wanted).unwrap()
}

fn row(house: &mut House, table: &str, fields: &[(&str, &str)]) -> SysId {
    let system = house.server.system();
    house.create(&system, table, fields).unwrap().record.id.sys_id
}

fn record(house: &mut House, id: &DocumentId) -> Record {
    let system = house.server.system();
    house.get(&system, id).unwrap().record
}

fn text(record: &Record, field: &str) -> String {
    record.get(field).map(ToString::to_string).unwrap_or_default()
}

fn change(house: &mut House, id: &DocumentId, fields: &[(&str, &str)]) -> Result<Record, TableError> {
    let dora = house.dora.clone();
    house.update(&dora, id, fields).map(|detail| detail.record)
}

fn refusal(house: &mut House, id: &DocumentId, fields: &[(&str, &str)]) -> String {
    change(house, id, fields).expect_err("it is refused").to_string()
}

/// A customer's boiler, and an incident about it.
struct Boiler {
    house: House,
    account: SysId,
    asset: SysId,
    incident: DocumentId,
}

impl Boiler {
    fn new(warranty_days: i64) -> Self {
        let mut house = House::new();
        let account = row(&mut house, "customer_account", &[("name", "Casino")]);
        let site = row(&mut house, "cmn_location", &[("name", "Cellar")]).to_string();
        let item = row(&mut house, "cmdb_ci", &[("name", "Boiler")]);
        let until = house.now.plus_milliseconds(warranty_days * DAY).to_string();
        let (account_text, item_text) = (account.to_string(), item.to_string());
        let fields = [
            ("display_name", "Boiler 3"),
            ("ci", &*item_text),
            ("location", &site),
            ("account", &account_text),
            ("warranty_expiration", &until),
        ];
        let asset = row(&mut house, "alm_asset", &fields);
        let dora = house.dora.clone();
        let fields = [
            ("short_description", "No hot water"),
            ("cmdb_ci", &*item_text),
            ("account", &account_text),
            ("impact", "1"),
            ("urgency", "2"),
        ];
        let incident = house.create(&dora, "incident", &fields).unwrap().record.id;
        Self { house, account, asset, incident }
    }
}

#[test]
fn an_order_knows_what_the_incident_knows_and_there_is_one_unless_another_is_asked_for() {
    let Boiler { mut house, account, asset, incident } = Boiler::new(-1);
    let first = made(&mut house, &incident, &Wanted::default());
    assert!(first.created);
    let order = record(&mut house, &first.order.id);
    assert_eq!(order.text("short_description"), "No hot water");
    assert_eq!([order.reference("account"), order.reference("asset")], [Some(account), Some(asset)]);
    assert_eq!(order.reference("initiated_from"), Some(incident.sys_id));
    assert_eq!(text(&order, "priority"), "2");
    let where_it_stands = record(&mut house, &DocumentId::new("alm_asset", asset)).reference("location");
    assert_eq!((order.reference("location"), where_it_stands.is_some()), (where_it_stands, true));
    assert_eq!((order.says("under_warranty"), order.says("billable")), (false, true));
    let [task] = &first.tasks[..] else { panic!("one task: {:?}", first.tasks) };
    assert_eq!(
        (task.reference("parent"), task.reference("location")),
        (Some(order.id.sys_id), order.reference("location"))
    );

    let again = made(&mut house, &incident, &Wanted::default());
    assert_eq!((again.created, &again.order.id), (false, &order.id));
    let another = made(&mut house, &incident, &Wanted { another: true, ..Wanted::default() });
    assert!(another.created && another.order.id != order.id);
    let system = house.server.system();
    assert!(order_of(&mut house, &system, &order.id, &Wanted::default()).is_err(), "no order is made from an order");
}

#[test]
fn who_pays_follows_warranty_contract_and_entitlement_at_that_moment() {
    let Boiler { mut house, incident, .. } = Boiler::new(1);
    let order = made(&mut house, &incident, &Wanted::default()).order;
    assert_eq!((order.says("under_warranty"), order.says("billable")), (true, false));
    house.wait(2 * DAY);
    let another = Wanted { another: true, ..Wanted::default() };
    let order = made(&mut house, &incident, &another).order;
    assert_eq!((order.says("under_warranty"), order.says("billable")), (false, true));

    let contract =
        row(&mut house, "ast_contract", &[("short_description", "Service"), ("state", "active")]).to_string();
    change(&mut house, &incident, &[("contract", &contract)]).unwrap();
    assert!(!made(&mut house, &incident, &another).order.says("billable"));

    let Boiler { mut house, account, incident, .. } = Boiler::new(-1);
    let account = account.to_string();
    let counted = [("unit", "hours"), ("per_unit", "true"), ("total_units", "0")];
    let fields = [&[("name", "Hours"), ("account", &*account)], &counted[..]].concat();
    let entitlement = DocumentId::new("service_entitlement", row(&mut house, "service_entitlement", &fields));
    assert!(made(&mut house, &incident, &another).order.says("billable"), "used up");
    let system = house.server.system();
    house.update(&system, &entitlement, &[("total_units", "2")]).unwrap();
    assert!(!made(&mut house, &incident, &another).order.says("billable"));
}

/// A template of two tasks, of which the second comes after the first.
fn template(house: &mut House, more: &[(&str, &str)]) -> SysId {
    let group = row(house, "sys_user_group", &[("name", "Riviera")]).to_string();
    let skill = row(house, "cmn_skill", &[("name", "Gas")]).to_string();
    let fields = [&[("name", "New boiler"), ("dispatch_group", &*group)], more].concat();
    let template = row(house, "cmdb_workorder_product_model", &fields);
    let parent = template.to_string();
    let first = [("name", "Remove"), ("parent", &*parent), ("order", "1"), ("estimated_work_duration", "1800")];
    let first = row(house, "cmdb_servicetask_product_model", &first).to_string();
    let second = [
        ("name", "Install"),
        ("parent", &*parent),
        ("order", "2"),
        ("depends_on", &first),
        ("skills", &skill),
        ("crew_size", "2"),
        ("short_description", "Install the boiler"),
        ("work_type", "install"),
        ("fields", "vendor_reference=V-7"),
    ];
    row(house, "cmdb_servicetask_product_model", &second);
    template
}

#[test]
fn a_template_says_what_an_order_consists_of_and_in_which_order() {
    let Boiler { mut house, incident, .. } = Boiler::new(1);
    let template = template(&mut house, &[]);
    let made = made(&mut house, &incident, &Wanted { template: Some(template), ..Wanted::default() });
    let tasks: Vec<Record> = made.tasks.iter().map(|task| record(&mut house, &task.id)).collect();
    assert_eq!(text(&record(&mut house, &made.order.id), "state"), "10");
    assert_eq!(
        tasks.iter().map(|task| task.text("short_description")).collect::<Vec<_>>(),
        ["No hot water", "Install the boiler"]
    );
    assert_eq!(text(&tasks[0], "estimated_work_duration"), "1800");
    assert_eq!((tasks[1].text("work_type"), tasks[1].text("vendor_reference")), ("install", "V-7"));
    assert_eq!((tasks[1].says("needs_crew"), tasks[1].references("skills").len()), (true, 1));
    assert!(tasks.iter().all(|task| text(task, "state") == "10" && task.reference("dispatch_group").is_some()));
    let system = house.server.system();
    let dependencies = house.query(&system, "wm_task_dependency", "");
    let [dependency] = &dependencies[..] else { panic!("{dependencies:?}") };
    assert_eq!(dependency.reference("upstream_task"), Some(tasks[0].id.sys_id));
    assert_eq!(dependency.reference("downstream_task"), Some(tasks[1].id.sys_id));
}

#[test]
fn an_order_that_has_to_be_qualified_is_dispatched_only_then() {
    let Boiler { mut house, incident, .. } = Boiler::new(1);
    let office = row(&mut house, "sys_user_group", &[("name", "Qualifiers")]).to_string();
    let template = template(&mut house, &[("qualification_group", &office)]);
    let made = made(&mut house, &incident, &Wanted { template: Some(template), ..Wanted::default() });
    let (order, task) = (made.order.id.clone(), made.tasks[0].id.clone());
    let states = |house: &mut House| (text(&record(house, &order), "state"), text(&record(house, &task), "state"));
    assert_eq!(states(&mut house), ("11".into(), "1".into()));
    assert!(refusal(&mut house, &task, &[("state", "10")]).contains("awaits qualification"));
    assert_eq!(states(&mut house), ("11".into(), "1".into()));
    change(&mut house, &order, &[("state", "12")]).unwrap();
    assert_eq!(states(&mut house), ("10".into(), "10".into()), "its tasks are ready, and so is the order");
}

#[test]
fn nothing_begins_before_what_has_to_be_over_first() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let (_, first) = house.job(mia.user, "Remove");
    let (_, second) = house.job(leo.user, "Install");
    let (up, down) = (first.sys_id.to_string(), second.sys_id.to_string());
    let after = [("upstream_task", &*up), ("downstream_task", &*down), ("lag_seconds", "3600")];
    let dora = house.dora.clone();
    house.create(&dora, "wm_task_dependency", &after).unwrap();
    let circle = [("upstream_task", &*down), ("downstream_task", &*up)];
    let refused = house.create(&dora, "wm_task_dependency", &circle).expect_err("a circle").to_string();
    assert!(refused.contains("already comes after"), "{refused}");

    let number = record(&mut house, &first).text("number").to_owned();
    house.update(&leo, &second, &[("state", "accepted")]).unwrap();
    let refused = house.update(&leo, &second, &[("state", "18")]).expect_err("too early").to_string();
    assert!(refused.contains(&format!("{number} has to be over first")), "{refused}");
    for state in ["accepted", "18", "3"] {
        house.update(&mia, &first, &[("state", state)]).unwrap();
    }
    let refused = house.update(&leo, &second, &[("state", "18")]).expect_err("too early").to_string();
    assert!(refused.contains("3600 seconds after"), "{refused}");
    house.wait(3_600_000);
    house.update(&leo, &second, &[("state", "18")]).unwrap();
}

#[test]
fn what_was_begun_too_early_with_the_radio_off_stands_and_says_so() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let (_, first) = house.job(leo.user, "Remove");
    let (_, second) = house.job(mia.user, "Install");
    let (up, down) = (first.sys_id.to_string(), second.sys_id.to_string());
    let dora = house.dora.clone();
    house.create(&dora, "wm_task_dependency", &[("upstream_task", &*up), ("downstream_task", &*down)]).unwrap();
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    assert!(phone.rows.keys().any(|id| id.table == *"wm_task_dependency"), "the phone knows what comes first");
    let edits = ["accept", "start_work"].map(|name| phone.edit(house.now, &second, &[step(name)]));
    phone.push(&mut house, &edits);
    let detail = house.get(&dora, &second).unwrap();
    let projection = detail.projection_of_document.unwrap();
    assert_eq!((projection.stage.as_deref(), projection.refused.len()), (Some("work_in_progress"), 0));
    let notes: Vec<&str> = projection.work_notes.iter().map(|note| note.what.text.as_str()).collect();
    assert!(notes.len() == 1 && notes[0].contains("begun before its time"), "{notes:?}");
}

#[test]
fn nothing_changes_hands_while_it_is_worked_on_and_a_locked_schedule_stays_until_it_is_unlocked() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.user.to_string());
    let (_, task) = house.job(mia.user, "Pump");
    change(&mut house, &task, &[("schedule_lock", "true")]).unwrap();
    assert!(refusal(&mut house, &task, &[("assigned_to", &leo)]).contains("locked"));
    assert!(refusal(&mut house, &task, &[("expected_start", "2026-06-01 08:00:00")]).contains("locked"));
    let moved = [("schedule_lock", "false"), ("expected_start", "2026-06-01 08:00:00")];
    change(&mut house, &task, &moved).unwrap();
    for state in ["accepted", "18"] {
        house.update(&mia, &task, &[("state", state)]).unwrap();
    }
    assert!(refusal(&mut house, &task, &[("assigned_to", &leo)]).contains("is being worked on"));
}

#[test]
fn what_could_not_be_ended_is_followed_by_another_task_once() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let group = row(&mut house, "sys_user_group", &[("name", "Riviera")]).to_string();
    let (order, task) = house.job(mia.user, "Pump");
    change(&mut house, &task, &[("dispatch_group", &group)]).unwrap();
    for fields in
        [&[("state", "accepted")][..], &[("state", "18")], &[("state", "4"), ("close_reason", "missing_parts")]]
    {
        house.update(&mia, &task, fields).unwrap();
    }
    let dora = house.dora.clone();
    let followed = house.query(&dora, "wm_task", &format!("cloned_from={}", task.sys_id));
    let [next] = &followed[..] else { panic!("{followed:?}") };
    assert_eq!((next.reference("parent"), next.text("short_description")), (Some(order.sys_id), "Pump"));
    assert_eq!((text(next, "state"), next.reference("assigned_to")), ("10".into(), None));
    assert_eq!(text(&record(&mut house, &order), "state"), "18", "the order goes on");
    change(&mut house, &task, &[("description", "Seen")]).unwrap();
    assert_eq!(house.query(&dora, "wm_task", &format!("cloned_from={}", task.sys_id)).len(), 1);
}

#[test]
fn an_order_begins_with_its_first_task_and_ends_with_its_last() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let (order, first) = house.job(mia.user, "Pump");
    let parent = order.sys_id.to_string();
    let user = mia.user.to_string();
    let dora = house.dora.clone();
    let fields = [("short_description", "Valve"), ("parent", &*parent), ("assigned_to", &user), ("state", "16")];
    let second = house.create(&dora, "wm_task", &fields).unwrap().record.id;
    let (early, late) = ("2026-06-01 08:00:00", "2026-06-01 12:00:00");
    change(&mut house, &first, &[("expected_start", early), ("estimated_end", "2026-06-01 09:00:00")]).unwrap();
    change(&mut house, &second, &[("expected_start", "2026-06-01 11:00:00"), ("estimated_end", late)]).unwrap();
    let stands = record(&mut house, &order);
    let planned = [early, late].map(Timestamp::parse);
    assert_eq!([stands.time("expected_start"), stands.time("estimated_end")], planned);

    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let begun = house.now.plus_milliseconds(-600_000);
    let edits = ["accept", "start_work"].map(|name| phone.edit(begun, &first, &[step(name)]));
    house.update(&mia, &second, &[("state", "accepted")]).unwrap();
    house.update(&mia, &second, &[("state", "18")]).unwrap();
    assert_eq!(record(&mut house, &order).time("work_start"), Some(house.now));
    phone.push(&mut house, &edits);
    assert_eq!(record(&mut house, &order).time("work_start"), Some(begun), "who began earlier came in later");
    house.update(&mia, &second, &[("state", "3")]).unwrap();
    assert_eq!(record(&mut house, &order).get("work_end"), None);
    house.wait(60_000);
    house.update(&mia, &first, &[("state", "3")]).unwrap();
    assert_eq!(record(&mut house, &order).time("work_end"), Some(house.now));
}

#[test]
fn who_does_not_accept_in_time_is_told_of_and_withdrawn_where_the_organisation_says_so() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let (_, task) = house.job(mia.user, "Pump");
    change(&mut house, &task, &[("acceptance_duration", "600")]).unwrap();
    let due = house.now.plus_milliseconds(600_000);
    assert_eq!(record(&mut house, &task).time("acceptance_due"), Some(due));
    house.wait(600_000);
    house.ring();
    assert_eq!(text(&record(&mut house, &task), "state"), "16", "only told");
    let system = house.server.system();
    let told = house.query(&system, "sn_inapp_notification", &format!("user={}", house.dora.user));
    assert!(told.iter().any(|told| told.text("title").contains("not accepted in time")), "{told:?}");

    row(&mut house, "sys_properties", &[("name", "fieldline.work_orders.not_accepted"), ("value", "withdraw")]);
    let (_, task) = house.job(mia.user, "Valve");
    change(&mut house, &task, &[("acceptance_duration", "600")]).unwrap();
    house.update(&mia, &task, &[("state", "accepted")]).unwrap();
    assert_eq!(record(&mut house, &task).get("acceptance_due"), None, "accepted in time");
    let (_, task) = house.job(mia.user, "Meter");
    change(&mut house, &task, &[("acceptance_duration", "600")]).unwrap();
    house.wait(600_000);
    house.ring();
    assert_eq!(text(&record(&mut house, &task), "state"), "10");
}

#[test]
fn a_rejection_is_told_to_who_assigned_the_task() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let (_, task) = house.job(mia.user, "Pump");
    house.update(&mia, &task, &[("state", "10"), ("reject_reason", "too_far")]).unwrap();
    let system = house.server.system();
    let told = house.query(&system, "sn_inapp_notification", &format!("user={}", house.dora.user));
    let [told] = &told[..] else { panic!("{told:?}") };
    assert!(told.text("title").contains("was rejected") && told.text("message").contains("too_far"), "{told:?}");
    assert_eq!(record(&mut house, &task).get("acceptance_due"), None::<&Value>);
}

#[test]
fn the_others_of_a_crew_hold_the_task_as_its_leader_does() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let (_, task) = house.job(mia.user, "Lift");
    let mut phone = house.phone(&leo);
    phone.sync(&mut house);
    assert!(!phone.rows.contains_key(&task));
    change(&mut house, &task, &[("additional_assignee_list", &leo.user.to_string())]).unwrap();
    phone.sync(&mut house);
    assert!(phone.documents.contains_key(&task));
    change(&mut house, &task, &[("additional_assignee_list", "")]).unwrap();
    phone.sync(&mut house);
    assert!(!phone.rows.contains_key(&task));
}
