//! Service levels: what a task's clocks show, when they breach, and what is refused.

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, Timestamp, Value};
use fieldline_service::TableError;
use fieldline_service::explain::explain;

use crate::house::{House, Phone, set};

const HOUR: i64 = 3_600_000;
/// Eight hours, as a duration is written.
const EIGHT_HOURS: &str = "1970-01-01 08:00:00";
const WEEK: [(&str, &str); 5] = [
    ("name", "Working week"),
    ("start_date_time", "2026-01-05 08:00:00"),
    ("end_date_time", "2026-01-05 17:00:00"),
    ("repeat_type", "weekly"),
    ("days_of_week", "12345"),
];

fn made(house: &mut House, table: &str, fields: &[(&str, &str)]) -> Result<DocumentId, TableError> {
    let system = house.server.system();
    Ok(house.create(&system, table, fields)?.record.id)
}

/// Weekdays from 8 to 17.
fn week(house: &mut House) -> String {
    let schedule = made(house, "cmn_schedule", &[("name", "Office hours")]).unwrap().sys_id.to_string();
    made(house, "cmn_schedule_span", &[&WEEK[..], &[("schedule", &schedule)]].concat()).unwrap();
    schedule
}

/// A promise about incidents: eight hours, standing while they are on hold, kept once they are resolved.
fn promise(house: &mut House, more: &[(&str, &str)]) -> Result<DocumentId, TableError> {
    let mut fields = vec![
        ("name", "Eight hours"),
        ("collection", "incident"),
        ("duration", EIGHT_HOURS),
        ("start_condition", "active=true"),
        ("pause_condition", "state=3"),
        ("stop_condition", "stateIN6,7"),
    ];
    fields.extend(more);
    made(house, "contract_sla", &fields)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn incident(house: &mut House) -> DocumentId {
    let dora = house.dora.clone();
    house.create(&dora, "incident", &[("short_description", "No heating")]).unwrap().record.id
}

fn clocks(house: &mut House, task: &DocumentId) -> Vec<Record> {
    let dora = house.dora.clone();
    house.query(&dora, "task_sla", &format!("task={}^ORDERBYstart_time", task.sys_id))
}

fn says(record: &Record, field: &str) -> String {
    record.get(field).map(ToString::to_string).unwrap_or_default()
}

#[test]
fn what_has_elapsed_is_of_the_moment_somebody_looks() {
    let mut house = House::new();
    let schedule = week(&mut house);
    promise(&mut house, &[("schedule", &schedule)]).unwrap();
    house.now = at("2026-03-06 21:00:00");
    let task = incident(&mut house);
    house.now = at("2026-03-09 09:30:00");
    let clock = clocks(&mut house, &task).remove(0);
    assert_eq!(says(&clock, "business_duration"), "1970-01-01 01:30:00");
    assert_eq!(says(&clock, "duration"), "1970-01-03 12:30:00");
    assert_eq!(says(&clock, "business_percentage"), "18.75");
    assert_eq!(says(&clock, "percentage"), "756.25");
    assert_eq!(says(&clock, "planned_end_time"), "2026-03-09 16:00:00");
    assert_eq!(says(&clock, "has_breached"), "false");
}

#[test]
fn a_clock_stands_while_a_task_is_on_hold_and_the_breach_moves_by_that() {
    let mut house = House::new();
    promise(&mut house, &[]).unwrap();
    let (dora, task) = (house.dora.clone(), incident(&mut house));
    house.wait(HOUR);
    house.update(&dora, &task, &[("state", "3"), ("hold_reason", "4")]).unwrap();
    house.wait(30 * HOUR);
    assert_eq!(house.ring(), 0, "nothing wakes a clock that stands");
    let clock = clocks(&mut house, &task).remove(0);
    assert_eq!((says(&clock, "stage").as_str(), says(&clock, "percentage").as_str()), ("paused", "12.5"));
    house.update(&dora, &task, &[("state", "2")]).unwrap();
    house.wait(HOUR);
    house.update(&dora, &task, &[("state", "6"), ("close_code", "Solved"), ("close_notes", "Bled")]).unwrap();
    house.wait(100 * HOUR);
    assert_eq!(house.ring(), 0);
    let clock = clocks(&mut house, &task).remove(0);
    let shown = ["stage", "percentage", "pause_duration", "has_breached", "active"].map(|field| says(&clock, field));
    assert_eq!(shown, ["completed", "25", "1970-01-02 06:00:00", "false", "false"]);
    let planned = Timestamp(crate::house::MORNING.0 + 38 * HOUR).to_string();
    assert_eq!(says(&clock, "planned_end_time"), planned);
}

#[test]
fn a_breach_is_noticed_once_at_its_moment_after_restarts_too_and_the_task_says_why() {
    let mut house = House::new();
    promise(&mut house, &[]).unwrap();
    let task = incident(&mut house);
    let due = |house: &House| house.server.next_due().unwrap().map(|due| due.0 - crate::house::MORNING.0);
    assert_eq!(due(&house), Some(4 * HOUR));
    house.wait(4 * HOUR - 1);
    assert_eq!(house.ring(), 0, "not a millisecond early");
    house.wait(1);
    assert_eq!(house.ring(), 1);
    assert_eq!(due(&house), Some(6 * HOUR));
    house.restart();
    house.wait(3 * HOUR);
    assert_eq!((house.ring(), due(&house)), (1, Some(8 * HOUR)));
    house.wait(HOUR - 1);
    assert_eq!(house.ring(), 0);
    assert_eq!(says(&clocks(&mut house, &task)[0], "has_breached"), "false");
    house.wait(1_000);
    assert_eq!((house.ring(), due(&house)), (1, None));
    house.restart();
    house.wait(100 * HOUR);
    assert_eq!(house.ring(), 0);
    let (dora, sys_id) = (house.dora.clone(), task.sys_id);
    let said = house.server.read(&dora, house.now, &mut house.rng, |call| explain(call, "incident", sys_id)).unwrap();
    let made_sla = said.iter().find(|said| said.field == *"made_sla").unwrap();
    assert_eq!(made_sla.value, Some(Value::Boolean(false)));
    assert!(made_sla.why.starts_with("SLA \"Eight hours\" (contract_sla/"), "{}", made_sla.why);
    assert_eq!(house.server.metrics.breaches.get(), 0, "counted before the restart");
}

#[test]
fn a_server_that_stood_still_does_what_fell_due_in_order_each_once() {
    let mut house = House::new();
    promise(&mut house, &[]).unwrap();
    let task = incident(&mut house);
    house.wait(200 * HOUR);
    assert_eq!(house.ring(), 3, "half, three quarters, all");
    let system = house.server.system();
    let clock = clocks(&mut house, &task).remove(0);
    let told = house.query(&system, "sys_audit", &format!("documentkey={}^fieldname=percentage", clock.id.sys_id));
    let told: Vec<String> = told.iter().map(|line| line.text("newvalue").to_owned()).collect();
    assert_eq!(told, ["50", "75", "100"]);
    assert_eq!(says(&clock, "percentage"), "2500");
}

/// An incident on a phone whose caller is its technician, and that phone.
fn on_a_phone(house: &mut House) -> (DocumentId, Phone) {
    let (dora, mia) = (house.dora.clone(), house.mia.clone());
    let caller = mia.user.to_string();
    let fields = [("short_description", "No heating"), ("caller_id", &*caller), ("assigned_to", &*caller)];
    let task = house.create(&dora, "incident", &fields).unwrap().record.id;
    let mut phone = house.phone(&mia);
    phone.sync(house);
    (task, phone)
}

fn resolved() -> [Act; 3] {
    [
        set("close_code", Value::text("Solved")),
        set("close_notes", Value::text("Bled the radiator")),
        Act::Transition { step: "resolve".into(), reason: None },
    ]
}

#[test]
fn what_was_done_in_time_with_the_radio_off_is_in_time_though_it_arrives_after_the_breach() {
    let mut house = House::new();
    promise(&mut house, &[]).unwrap();
    let (task, mut phone) = on_a_phone(&mut house);
    phone.wants.insert(task.clone());
    phone.sync(&mut house);
    let done_at = house.now.plus_milliseconds(7 * HOUR);
    let edit = phone.edit(done_at, &task, &resolved());
    house.wait(9 * HOUR);
    house.ring();
    assert_eq!(says(&clocks(&mut house, &task)[0], "has_breached"), "true", "nobody knows better yet");
    phone.push(&mut house, &[edit]);
    let clock = clocks(&mut house, &task).remove(0);
    let shown = ["stage", "has_breached", "end_time", "percentage"].map(|field| says(&clock, field));
    assert_eq!(shown, ["completed", "false", &done_at.to_string(), "87.5"]);
}

#[test]
fn a_clock_ends_when_the_task_did_whatever_else_comes_along_with_a_later_time() {
    let mut house = House::new();
    promise(&mut house, &[]).unwrap();
    let (task, mut phone) = on_a_phone(&mut house);
    phone.wants.insert(task.clone());
    phone.sync(&mut house);
    let hours = |hours: i64| house.now.plus_milliseconds(hours * HOUR);
    let (noted_at, done_at) = (hours(5), hours(2));
    // Between the two somebody set the phone's clock right.
    let note = phone.edit(noted_at, &task, &[Act::WorkNote { text: "No key to the cellar".into() }]);
    let edit = phone.edit(done_at, &task, &resolved());
    house.wait(6 * HOUR);
    phone.push(&mut house, &[note, edit]);
    let clock = clocks(&mut house, &task).remove(0);
    assert_eq!((says(&clock, "end_time"), says(&clock, "percentage").as_str()), (done_at.to_string(), "25"));
}

#[test]
fn a_wait_that_began_and_ended_with_the_radio_off_moves_the_breach_though_both_arrive_at_once() {
    let mut house = House::new();
    promise(
        &mut house,
        &[("collection", "wm_task"), ("pause_condition", "sub_state=paused"), ("stop_condition", "stateIN3,4")],
    )
    .unwrap();
    let mia = house.mia.clone();
    let (_, task) = house.job(mia.user, "Leak");
    let began = clocks(&mut house, &task).remove(0);
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let mut edits = Vec::new();
    let hours = |hours: i64| house.now.plus_milliseconds(hours * HOUR);
    for (at, name) in [(hours(1), "accept"), (hours(1), "start_work"), (hours(2), "pause"), (hours(5), "resume")] {
        let reason = (name == "pause").then(|| "break".into());
        edits.push(phone.edit(at, &task, &[Act::Transition { step: name.into(), reason }]));
    }
    house.wait(6 * HOUR);
    phone.push(&mut house, &edits);
    let clock = clocks(&mut house, &task).remove(0);
    assert_eq!(says(&clock, "stage"), "in_progress");
    let end = |clock: &Record| clock.time("planned_end_time").unwrap().0;
    assert_eq!(end(&clock) - end(&began), 3 * HOUR);
    assert_eq!(says(&clock, "pause_duration"), "1970-01-01 03:00:00");
}

#[test]
fn a_reset_gives_a_new_clock_and_a_start_that_no_longer_holds_cancels() {
    let mut house = House::new();
    let resets = [("reset_condition", "assignment_groupVALCHANGES"), ("start_condition", "priority<=3")];
    promise(&mut house, &resets).unwrap();
    let (dora, task) = (house.dora.clone(), incident(&mut house));
    assert!(clocks(&mut house, &task).is_empty(), "a low priority is promised nothing");
    house.update(&dora, &task, &[("urgency", "1"), ("impact", "1")]).unwrap();
    house.wait(HOUR);
    let group = made(&mut house, "sys_user_group", &[("name", "Network")]).unwrap().sys_id.to_string();
    house.update(&dora, &task, &[("assignment_group", &group)]).unwrap();
    house.wait(HOUR);
    house.update(&dora, &task, &[("urgency", "3"), ("impact", "3")]).unwrap();
    let stages: Vec<String> = clocks(&mut house, &task).iter().map(|clock| says(clock, "stage")).collect();
    assert_eq!(stages, ["completed", "cancelled"]);
    assert_eq!(house.server.next_due().unwrap(), None);
}

#[test]
fn a_retroactive_start_counts_the_pauses_since_then() {
    let mut house = House::new();
    let (dora, task) = (house.dora.clone(), incident(&mut house));
    house.wait(HOUR);
    house.update(&dora, &task, &[("state", "3"), ("hold_reason", "4")]).unwrap();
    house.wait(2 * HOUR);
    house.update(&dora, &task, &[("state", "2")]).unwrap();
    house.wait(HOUR);
    let retroactive = [("start_condition", "urgency=1"), ("retroactive", "true"), ("retroactive_pause", "true")];
    promise(&mut house, &retroactive).unwrap();
    house.update(&dora, &task, &[("urgency", "1")]).unwrap();
    let clock = clocks(&mut house, &task).remove(0);
    let shown = ["start_time", "percentage", "pause_duration"].map(|field| says(&clock, field));
    assert_eq!(shown, [&crate::house::MORNING.to_string(), "25", "1970-01-01 02:00:00"]);
}

#[test]
fn a_promise_that_could_never_be_judged_is_refused_by_what_is_wrong_with_it() {
    let mut house = House::new();
    let empty = made(&mut house, "cmn_schedule", &[("name", "Never")]).unwrap().sys_id.to_string();
    for (more, problem) in [
        (vec![("pause_condition", "colour=red")], "pause_condition: \"colour=red\" is no condition of incident"),
        (vec![("collection", "cmdb_ci")], "\"cmdb_ci\" is no table of tasks"),
        (vec![("duration", "1970-01-01 00:00:00")], "duration: must be longer than nothing"),
        (vec![("duration_type", "due_date")], "pause_condition: a promise until a moment cannot pause"),
        (vec![("duration_type", "next_business_day_at"), ("relative_time", "4 pm")], "\"4 pm\" is no time of day"),
        (vec![("schedule", &*empty)], "schedule: has no hours from now on"),
        (vec![("timezone", "Mars/Olympus")], "\"Mars/Olympus\" is no time zone"),
        (vec![("set_start_to", "number")], "set_start_to: incident has no such moment"),
    ] {
        let refused = promise(&mut house, &more).expect_err(problem).to_string();
        assert!(refused.contains(problem), "{refused}");
    }
    let other = made(&mut house, "cmn_schedule", &[("name", "Other")]).unwrap().sys_id.to_string();
    let within = |house: &mut House, schedule: &str, child: &str| {
        made(house, "cmn_other_schedule", &[("schedule", schedule), ("child_schedule", child)])
    };
    within(&mut house, &empty, &other).unwrap();
    let refused = within(&mut house, &other, &empty).expect_err("a circle").to_string();
    assert!(refused.contains("the schedule would be within itself"), "{refused}");
    let reversed = [("start_date_time", "2026-01-05 17:00:00"), ("end_date_time", "2026-01-05 08:00:00")];
    let refused = made(&mut house, "cmn_schedule_span", &[&reversed[..], &[("schedule", &empty)]].concat());
    assert!(refused.expect_err("it ends before it begins").to_string().contains("which is not after"));
    let refused = made(&mut house, "cmn_schedule_span", &WEEK).expect_err("nobody's");
    assert!(refused.to_string().contains("a user's roster or to a schedule"), "{refused}");
}
