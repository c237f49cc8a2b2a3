//! Service level clocks with the radio off.

use fieldline_model::sla::{Clock, ClockStage, row as clock_row};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use super::world::{Office, Phone, row, values};
use crate::Command;
use crate::clocks::SlaClock;

const HOUR: i64 = 3_600_000;
const PROMISE: SysId = SysId([0x51; 16]);
const HOURS: SysId = SysId([0x52; 16]);

fn record(table: &str, sys_id: SysId, fields: &[(&str, Value)]) -> Record {
    let mut record = Record::new(DocumentId::new(table, sys_id));
    fields.iter().for_each(|(field, value)| record.set(*field, Some(value.clone())));
    record
}

/// Eight hours for a task, which does not count while it is paused.
fn promise(schedule: Option<SysId>) -> Record {
    let mut promise = record(
        "contract_sla",
        PROMISE,
        &[
            ("name", Value::text("Eight hours")),
            ("target", Value::text("resolution")),
            ("active", Value::Boolean(true)),
            ("collection", Value::text("wm_task")),
            ("duration", Value::Time(Timestamp(8 * HOUR))),
            ("start_condition", Value::text("active=true")),
            ("pause_condition", Value::text("sub_state=paused")),
            ("stop_condition", Value::text("stateIN3,4")),
        ],
    );
    promise.set("schedule", schedule.map(Value::Reference));
    promise
}

/// A clock of a task that runs since a moment.
fn running(task: &DocumentId, since: Timestamp) -> Record {
    let references = [("task", Value::Reference(task.sys_id)), ("sla", Value::Reference(PROMISE))];
    let mut running = record("task_sla", SysId([0x53; 16]), &references);
    let end = since.plus_milliseconds(8 * HOUR);
    clock_row::write(
        &mut running,
        &Clock {
            stage: ClockStage::InProgress,
            start: since,
            end: None,
            planned_end: Some(end),
            original_breach: Some(end),
            pause_time: None,
            pause_milliseconds: 0,
            business_pause_milliseconds: 0,
            duration_milliseconds: 8 * HOUR,
            has_breached: false,
        },
    );
    running
}

/// A phone with a task under way, and what it was told beside it.
fn at_work(told: &[Record]) -> (Phone, DocumentId) {
    let (mut phone, office) = (Phone::new(), Office::task(1));
    let entries = office.whole();
    phone.exchange(|answer| {
        answer.entries.extend(entries);
        answer.entries.extend(told.iter().enumerate().map(|(at, told)| row(told, 60 + at as u64)));
    });
    let task = office.id();
    takes(&mut phone, &task, &["accept", "start_work"]);
    (phone, task)
}

fn takes(phone: &mut Phone, task: &DocumentId, steps: &[&str]) {
    for step in steps {
        let command = Command::Transition {
            document: task.clone(),
            step: (*step).into(),
            reason: (*step == "pause").then(|| "break".into()),
            fields: Default::default(),
            comment: None,
        };
        phone.execute(command).unwrap();
    }
}

fn clock(phone: &Phone, task: &DocumentId) -> SlaClock {
    let mut clocks = phone.device.sla_clocks(task, phone.now).unwrap();
    assert_eq!(clocks.len(), 1, "{clocks:?}");
    clocks.remove(0)
}

fn task() -> DocumentId {
    Office::task(1).id()
}

#[test]
fn a_clock_stands_while_its_task_is_paused_here_and_is_breached_so_much_later() {
    let began = Phone::new().now;
    let (mut phone, task) = at_work(&[promise(None), running(&task(), began)]);
    let at_first = clock(&phone, &task);
    assert_eq!(at_first.name, "Eight hours");
    assert_eq!((at_first.breaches_at, at_first.rests_on_unsent), (Some(began.plus_milliseconds(8 * HOUR)), false));
    assert_eq!(at_first.as_of, Some(began), "others may have done something since");

    phone.now = began.plus_milliseconds(2 * HOUR - 1_000);
    takes(&mut phone, &task, &["pause"]);
    phone.now = began.plus_milliseconds(5 * HOUR - 1_000);
    let paused = clock(&phone, &task);
    assert_eq!((paused.stage, paused.breaches_at, paused.percent), (ClockStage::Paused, None, Some(25.0)));
    assert!(paused.rests_on_unsent);
    takes(&mut phone, &task, &["resume"]);
    let resumed = clock(&phone, &task);
    assert_eq!(resumed.breaches_at, Some(began.plus_milliseconds(11 * HOUR)));
    assert_eq!(resumed.left_milliseconds, Some(6 * HOUR));
}

#[test]
fn what_was_done_in_time_is_in_time_though_the_server_saw_it_breached_meanwhile() {
    let began = Phone::new().now;
    let mut breached = running(&task(), began);
    breached.set("has_breached", Some(Value::Boolean(true)));
    let (mut phone, task) = at_work(&[promise(None), breached]);
    phone.now = began.plus_milliseconds(7 * HOUR);
    takes(&mut phone, &task, &["complete"]);
    phone.now = began.plus_milliseconds(10 * HOUR);
    let done = clock(&phone, &task);
    assert_eq!((done.stage, done.has_breached), (ClockStage::Completed, false));
}

#[test]
fn hours_that_are_not_here_leave_untold_what_they_decide_and_those_that_are_count() {
    let began = Phone::new().now;
    let row = running(&task(), began);
    let (phone, task) = at_work(&[promise(Some(HOURS)), row.clone()]);
    let told = clock(&phone, &task);
    assert_eq!((told.left_milliseconds, told.percent), (None, None));
    assert_eq!(told.breaches_at, Some(began.plus_milliseconds(8 * HOUR)), "the server said so");

    // 2027-01-15 08:00 is a Friday, and work is from 9 to 17.
    let moment = |text| Value::Time(Timestamp::parse(text).unwrap());
    let schedule =
        record("cmn_schedule", HOURS, &[("name", Value::text("Office hours")), ("time_zone", Value::text("UTC"))]);
    let weekdays = record(
        "cmn_schedule_span",
        SysId([0x54; 16]),
        &[
            ("schedule", Value::Reference(HOURS)),
            ("start_date_time", moment("2027-01-04 09:00:00")),
            ("end_date_time", moment("2027-01-04 17:00:00")),
            ("repeat_type", Value::text("weekly")),
            ("days_of_week", Value::text("12345")),
        ],
    );
    let (mut phone, task) = at_work(&[promise(Some(HOURS)), row, schedule, weekdays]);
    assert_eq!(began.to_string(), "2027-01-15 08:00:00");
    phone.now = began.plus_milliseconds(3 * HOUR);
    assert_eq!(clock(&phone, &task).left_milliseconds, Some(6 * HOUR), "one of three hours was none of work");
}

#[test]
fn a_task_that_was_made_here_has_its_clock_before_the_server_knows_of_it() {
    let mut phone = Phone::new();
    phone.exchange(|answer| answer.entries.push(row(&promise(None), 60)));
    let made = phone.execute(Command::Create {
        table: "wm_task".into(),
        fields: values([("short_description", Value::text("Found a leak"))]),
    });
    let task = made.unwrap().document;
    let told = clock(&phone, &task);
    assert_eq!((told.breaches_at, told.rests_on_unsent), (Some(phone.now.plus_milliseconds(8 * HOUR)), true));
}
