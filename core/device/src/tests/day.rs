//! The rest of a day, ordered on the phone.

use super::world::{MIA, Office, Phone, row};
use crate::day::DayPlan;
use crate::view::Day;
use crate::{Command, DeviceError};
use fieldline_documents::Act;
use fieldline_model::{DocumentId, Place, Record, SysId, Timestamp, Value};
use fieldline_sync::wire::Entry;

const HOUR: i64 = 3_600_000;
const MONACO: (f64, f64) = (43.7384, 7.4246);
const EZE: (f64, f64) = (43.7277, 7.3620);
const NICE: (f64, f64) = (43.7102, 7.2620);

fn place((latitude, longitude): (f64, f64)) -> Place {
    Place::from_degrees(latitude, longitude).expect("on earth")
}

fn degrees(number: f64) -> Value {
    Value::Decimal(format!("{number:.4}").parse().expect("four decimals"))
}

fn entry(table: &str, number: u8, fields: &[(&str, Value)]) -> Record {
    let mut record = Record::new(DocumentId::new(table, SysId([number; 16])));
    fields.iter().for_each(|(field, value)| record.set(*field, Some(value.clone())));
    record
}

/// Mia in Monaco with tasks of half an hour, each at its place; her days end in Monaco.
struct Morning {
    phone: Phone,
    tasks: Vec<Office>,
}

impl Morning {
    fn with(places: &[(f64, f64)]) -> Self {
        let tasks: Vec<Office> = (0..places.len()).map(|number| Office::task(number as u8 + 1)).collect();
        let mut morning = Self { phone: Phone::new(), tasks };
        for (number, (latitude, longitude)) in places.iter().enumerate() {
            let site = SysId([100 + number as u8; 16]);
            let fields = [("latitude", degrees(*latitude)), ("longitude", degrees(*longitude))];
            morning.row(&entry("cmn_location", 100 + number as u8, &fields));
            let half_an_hour = ("estimated_work_duration", Value::Integer(1_800));
            morning.tells(number, &[("location", Value::Reference(site)), half_an_hour]);
        }
        let (latitude, longitude) = (degrees(MONACO.0), degrees(MONACO.1));
        morning.row(&entry("cmn_location", 90, &[("latitude", latitude), ("longitude", longitude)]));
        let depot = ("start_location", Value::Reference(SysId([90; 16])));
        morning.row(&entry("wm_agent_schedule_attribute_plan", 91, &[("user", Value::Reference(MIA)), depot]));
        morning
    }

    fn row(&mut self, record: &Record) {
        self.phone.exchange(|answer| answer.entries.push(row(record, 5)));
    }

    /// The office writes fields of a task.
    fn tells(&mut self, task: usize, fields: &[(&str, Value)]) {
        let set = |(field, value): &(&str, Value)| Act::Set { field: (*field).into(), value: Some(value.clone()) };
        let task = &mut self.tasks[task];
        task.edit(fields.iter().map(set).collect());
        self.phone.exchange(|answer| answer.entries = task.whole());
    }

    fn may_dispatch(&mut self) {
        let mut mia = entry("sys_user", 0, &[("roles", Value::text("wm_agent,wm_dispatcher"))]);
        mia.id = DocumentId::new("sys_user", MIA);
        self.row(&mia);
    }

    fn works_until(&mut self, hours: i64) {
        let (from, until) = (self.after(-1), self.after(hours));
        let entry = entry(
            "cmn_schedule_span",
            92,
            &[
                ("user", Value::Reference(MIA)),
                ("type", Value::text("work")),
                ("start_date_time", Value::Time(from)),
                ("end_date_time", Value::Time(until)),
            ],
        );
        self.row(&entry);
    }

    fn after(&self, hours: i64) -> Timestamp {
        self.phone.now.plus_milliseconds(hours * HOUR)
    }

    fn plan(&self) -> DayPlan {
        let day = Day { from: self.after(-8), until: self.after(12) };
        self.phone.device.plan_day(day, self.phone.now, place(MONACO)).expect("a plan")
    }

    /// The order of the tasks by their numbers here.
    fn order(&self) -> Vec<usize> {
        let number = |id: &DocumentId| self.tasks.iter().position(|task| task.id() == *id).expect("one of them");
        self.plan().stops.iter().map(|stop| number(&stop.task.document)).collect()
    }
}

#[test]
fn the_day_is_ordered_by_the_ways_and_a_promised_window_is_kept() {
    let mut morning = Morning::with(&[NICE, EZE, MONACO]);
    let plan = morning.plan();
    assert_eq!((plan.stops.len(), plan.left_out.len(), plan.may_take), (3, 0, false));
    assert!(matches!(morning.order()[..], [2, 1, 0] | [0, 1, 2] | [2, 0, 1] | [1, 0, 2]), "{:?}", morning.order());
    for pair in plan.stops.windows(2) {
        let arrives = pair[0].ends_at.plus_milliseconds(1_000 * pair[1].travel_seconds);
        assert_eq!((pair[1].arrives_at, pair[1].begins_at), (arrives, arrives));
    }
    let soon = Value::Time(morning.after(1));
    morning.tells(0, &[("window_end", soon)]);
    assert_eq!(morning.order()[0], 0, "Nice has been promised a time");
    let late = Value::Time(morning.after(5));
    morning.tells(1, &[("window_start", late)]);
    let plan = morning.plan();
    let eze = plan.stops.iter().find(|stop| stop.task.document == morning.tasks[1].id()).expect("it has a place");
    assert_eq!(eze.begins_at, morning.after(5), "and Eze is not to be woken");
}

#[test]
fn what_a_crew_agreed_on_is_in_everybodys_day_and_keeps_its_moment() {
    let mut morning = Morning::with(&[NICE, MONACO, EZE]);
    let (agreed, leader) = (morning.after(2), Value::Reference(SysId([77; 16])));
    let crew = [Act::Include { field: "additional_assignee_list".into(), item: MIA }];
    morning.tasks[1].edit(crew.to_vec());
    morning.tells(1, &[("assigned_to", leader), ("expected_start", Value::Time(agreed))]);
    let plan = morning.plan();
    assert_eq!((plan.stops.len(), plan.left_out.len()), (3, 0));
    let together = plan.stops.iter().find(|stop| stop.task.document == morning.tasks[1].id()).expect("it is hers, too");
    assert_eq!(together.begins_at, agreed, "though she could be there at once");
}

#[test]
fn what_is_begun_comes_first_and_the_rest_goes_on_from_there() {
    let mut morning = Morning::with(&[MONACO, NICE, EZE]);
    for step in ["accept", "start_travel", "arrive", "start_work"] {
        let (document, step) = (morning.tasks[1].id(), step.to_owned());
        let command = Command::Transition { document, step, reason: None, fields: Default::default(), comment: None };
        morning.phone.execute(command).expect("a step");
    }
    let plan = morning.plan();
    assert_eq!(morning.order(), [1, 2, 0], "she is in Nice and drives home");
    assert!(plan.stops[0].is_begun && plan.stops[0].travel_seconds == 0);
    assert_eq!(plan.back_at, plan.stops[2].ends_at, "the last one is where her day ends");
}

#[test]
fn what_has_no_place_in_the_day_is_left_out_with_the_reason() {
    let mut morning = Morning::with(&[NICE, EZE, MONACO, MONACO]);
    morning.works_until(1);
    let nowhere = Value::Reference(SysId([77; 16]));
    morning.tells(3, &[("location", nowhere)]);
    let over = ("window_end", Value::Time(morning.phone.now));
    morning.tells(2, &[over, ("is_fixed_window", Value::Boolean(true))]);
    let plan = morning.plan();
    let reason = |task: usize| {
        let left_out = plan.left_out.iter().find(|one| one.task.document == morning.tasks[task].id());
        left_out.map(|one| one.reason.as_str()).unwrap_or_default()
    };
    assert!(reason(3).contains("nobody knows where"), "{plan:?}");
    assert!(reason(2).contains("within its window"), "{plan:?}");
    assert!(reason(0).contains("end of the working hours"), "{plan:?}");
    assert_eq!(plan.stops.len(), 1);
}

#[test]
fn planning_writes_nothing_and_only_who_may_write_times_takes_the_plan() {
    let mut morning = Morning::with(&[NICE, EZE]);
    let plan = morning.plan();
    let refused = morning.phone.device.take_day(&plan, morning.phone.now, &mut morning.phone.rng);
    assert!(matches!(refused, Err(DeviceError::Field { .. })), "{refused:?}");
    assert_eq!(morning.phone.device.sync_status().expect("a status").unsent_edits, 0);
    morning.may_dispatch();
    let plan = morning.plan();
    assert!(plan.may_take);
    let done = morning.phone.device.take_day(&plan, morning.phone.now, &mut morning.phone.rng).expect("she may");
    assert_eq!(done.len(), 2);
    let stored = morning.phone.device.record(&plan.stops[0].task.document).expect("a record").expect("is here");
    assert_eq!(stored.item.fields.get("expected_start"), Some(&Value::Time(plan.stops[0].begins_at)));
    let again = morning.plan();
    assert_eq!(morning.phone.device.take_day(&again, morning.phone.now, &mut morning.phone.rng).expect("she may"), []);
}

#[test]
fn a_plan_is_taken_whole_or_not_at_all() {
    let mut morning = Morning::with(&[NICE, EZE, MONACO]);
    morning.may_dispatch();
    let plan = morning.plan();
    let (first, second) = (plan.stops[0].task.document.clone(), plan.stops[1].task.document.clone());
    morning.phone.exchange(|answer| answer.entries.push(Entry::Leave { document: second.clone() }));
    let refused = morning.phone.device.take_day(&plan, morning.phone.now, &mut morning.phone.rng);
    assert!(matches!(&refused, Err(DeviceError::NotHere(gone)) if *gone == second), "{refused:?}");
    assert_eq!(morning.phone.device.sync_status().expect("a status").unsent_edits, 0);
    let expected_start = |morning: &Morning| {
        let stored = morning.phone.device.record(&first).expect("a record").expect("is here");
        stored.item.fields.get("expected_start").cloned()
    };
    assert_eq!(expected_start(&morning), None, "the first one has not been written either");
    let plan = morning.plan();
    let done = morning.phone.device.take_day(&plan, morning.phone.now, &mut morning.phone.rng).expect("all are here");
    assert_eq!((done.len(), morning.phone.device.sync_status().expect("a status").unsent_edits), (2, 2));
    assert!(done[0].at < done[1].at, "no two deeds have the same moment");
    assert!(expected_start(&morning).is_some());
}
