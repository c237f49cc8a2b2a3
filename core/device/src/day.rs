//! The rest of a technician's day in the best order, worked out on the phone whether or not there is a radio.
//!
//! What has been begun comes first and stays first; the other tasks of the day are ordered from there by driving, so that windows
//! and the end of the working hours are kept. Up to sixteen tasks the order is the best there is. It is a view: nothing changes
//! until the person takes it, and only who may write the times of a task can.
//!
//! What it leaves out: meetings and breaks; ways are as the crow flies, stretched as roads are.

use std::collections::BTreeMap;

use fieldline_model::dictionary::may;
use fieldline_model::task_times::{TaskTimes, USUAL_WORK_SECONDS};
use fieldline_model::{DocumentId, FieldName, Place, Record, SysId, Timestamp, Value};
use fieldline_routing::{
    Activity, Iterations, MOST_VISITS, Objective, Obstacle, Problem, Reason, Region, Shift, Start, Visit, Window,
    arrange, best_order, explain, great_circle, solve, timetable,
};
use fieldline_store::View;
use rand_core::Rng;
use serde::Serialize;

use crate::command::{Command, Done};
use crate::device::{Device, roles_of};
use crate::error::DeviceError;
use crate::view::{Day, Item};

/// More than a technician's day needs to say who is left out; the order is found exactly afterwards.
const ITERATIONS: u64 = 2_000;
/// More schedule entries than a phone holds of its owner.
const MOST_ENTRIES: u32 = 5_000;

const NOWHERE: &str = "nobody knows where it is; ask dispatch for its location";
const MISSED: &str = "cannot be reached within its window any more; call the customer or dispatch";

/// A task of the day with its times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stop {
    /// The task.
    pub task: Item,
    /// How long the way takes.
    pub travel_seconds: i64,
    /// How long the way is.
    pub travel_meters: i64,
    /// When the technician is there; `now` for one who is.
    pub arrives_at: Timestamp,
    /// When the work begins, or goes on.
    pub begins_at: Timestamp,
    /// When the work ends.
    pub ends_at: Timestamp,
    /// Whether it has been begun.
    pub is_begun: bool,
}

/// A task of the day that has no place in the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The task.
    pub task: Item,
    /// Why, and what to do.
    pub reason: String,
}

/// The rest of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayPlan {
    /// What to do, in order.
    pub stops: Vec<Stop>,
    /// What is left out.
    pub left_out: Vec<LeftOut>,
    /// When the technician is back where the day ends.
    pub back_at: Timestamp,
    /// Whether this person may write the times into the tasks.
    pub may_take: bool,
}

/// A task that can be given a place in the order.
struct Errand {
    task: Item,
    place: Place,
    times: TaskTimes,
}

/// Where somebody is, and from when on they are free.
#[derive(Clone, Copy)]
struct Standing {
    place: Place,
    at: Timestamp,
}

impl Device {
    /// The best order of this person's tasks of a day from a moment and a place on.
    ///
    /// # Errors
    /// When the device is not enrolled or the database fails.
    pub fn plan_day(&self, day: Day, now: Timestamp, here: Place) -> Result<DayPlan, DeviceError> {
        let user = self.who()?.user;
        let (mut begun, open): (Vec<Item>, Vec<Item>) = self.to_do(day)?.into_iter().partition(is_begun);
        begun.sort_by_key(|task| task.stage.as_deref() == Some("en_route"));
        self.store.read(|view| {
            let may_take = self.may_write_times(view, user)?;
            let mut plan = DayPlan { stops: Vec::new(), left_out: Vec::new(), back_at: now, may_take };
            let mut standing = Standing { place: here, at: now };
            for task in begun {
                let place = place_of(view, &task)?;
                standing = plan.go_on(task, place, standing);
            }
            let mut errands = Vec::new();
            for task in open {
                let place = place_of(view, &task)?;
                errands.extend(plan.errand(task, place, standing.at));
            }
            let home = home(view, user, now)?.unwrap_or(standing.place);
            let until = working_until(view, user, day, now)?.unwrap_or(day.until).max(standing.at);
            plan.order(errands, standing, (home, until));
            Ok(plan)
        })
    }

    /// Writes the times of a day's plan into its tasks in one transaction; those that are begun are left as they are.
    ///
    /// # Errors
    /// When this person may not, see [`DayPlan::may_take`], or a task has left the phone; nothing is written then.
    pub fn take_day(&mut self, plan: &DayPlan, now: Timestamp, rng: &mut dyn Rng) -> Result<Vec<Done>, DeviceError> {
        let open = plan.stops.iter().filter(|stop| !stop.is_begun);
        self.execute_together(open.filter_map(Stop::to_write).collect(), now, rng)
    }

    fn may_write_times(&self, view: View<'_>, user: SysId) -> Result<bool, DeviceError> {
        let table = self.rules.dictionary.table("wm_task");
        let field = table.and_then(|table| table.field("expected_start"));
        let roles = roles_of(view, user)?;
        Ok(field.is_some_and(|field| may(roles.iter().map(String::as_str), &field.write)))
    }

    /// This person's open tasks of a day.
    fn to_do(&self, day: Day) -> Result<Vec<Item>, DeviceError> {
        let mut tasks = self.today(day)?;
        let in_hand = ["assigned", "accepted", "en_route", "on_site", "work_in_progress", "paused"];
        tasks.retain(|task| {
            task.document.table == *"wm_task" && task.stage.as_deref().is_some_and(|stage| in_hand.contains(&stage))
        });
        Ok(tasks)
    }
}

impl Stop {
    /// What writes its times into its task; nothing where they are there already.
    fn to_write(&self) -> Option<Command> {
        let sets_out = self.begins_at.plus_milliseconds(-1_000 * self.travel_seconds);
        let times = [
            ("scheduled_travel_start", Value::Time(sets_out)),
            ("estimated_travel_duration", Value::Integer(self.travel_seconds)),
            ("expected_start", Value::Time(self.begins_at)),
            ("estimated_end", Value::Time(self.ends_at)),
        ];
        let new = times.into_iter().filter(|(field, value)| self.task.fields.get(*field) != Some(value));
        let fields: BTreeMap<FieldName, Option<Value>> =
            new.map(|(field, value)| (FieldName::from(field), Some(value))).collect();
        (!fields.is_empty()).then(|| Command::SetFields { document: self.task.document.clone(), fields })
    }
}

impl DayPlan {
    /// Adds a task that is begun; returns where its end leaves the technician.
    fn go_on(&mut self, task: Item, place: Option<Place>, from: Standing) -> Standing {
        let is_on_the_way = task.stage.as_deref() == Some("en_route");
        let place = place.unwrap_or(from.place);
        let (travel_seconds, travel_meters) = if is_on_the_way { way(from.place, place) } else { (0, 0) };
        let arrives_at = from.at.plus_milliseconds(1_000 * travel_seconds);
        let record = record_of(&task);
        let takes = TaskTimes::of(&record).map_or(USUAL_WORK_SECONDS, |times| times.work_seconds);
        let began_at = record.time("work_start").unwrap_or(arrives_at);
        let ends_at = began_at.plus_milliseconds(1_000 * takes).max(arrives_at);
        let begins_at = arrives_at;
        self.stops.push(Stop { task, travel_seconds, travel_meters, arrives_at, begins_at, ends_at, is_begun: true });
        Standing { place, at: ends_at }
    }

    /// What is to be done for a task from a moment on, unless it has to be left out.
    fn errand(&mut self, task: Item, place: Option<Place>, from: Timestamp) -> Option<Errand> {
        let record = record_of(&task);
        let reason = match (TaskTimes::of(&record), place) {
            (Ok(times), _) if times.latest.is_some_and(|latest| latest < from) => MISSED.to_owned(),
            (Ok(times), Some(place)) => {
                let then = |at| TaskTimes { earliest: Some(at), latest: Some(at), due: None, ..times };
                return Some(Errand { task, place, times: agreed(&record, from).map_or(times, then) });
            }
            (Ok(_), None) => NOWHERE.to_owned(),
            (Err(problem), _) => problem.to_string(),
        };
        self.leave_out(task, reason);
        None
    }

    fn leave_out(&mut self, task: Item, reason: String) {
        self.left_out.push(LeftOut { task, reason });
    }

    /// Adds the other tasks in their best order, and the way home.
    fn order(&mut self, errands: Vec<Errand>, from: Standing, (home, until): (Place, Timestamp)) {
        let places: Vec<Place> = [from.place, home].into_iter().chain(errands.iter().map(|one| one.place)).collect();
        let travel = great_circle(&places, Region::default()).expect("places on earth are not absurdly far apart");
        let visits = errands.iter().enumerate().map(|(number, errand)| errand.visit(number + 2, from.at)).collect();
        let end_seconds = seconds_between(from.at, until);
        let shift = Shift { start_place: 0, end_place: 1, end_seconds, ..Shift::default() };
        // Little waiting is worth as much as little driving.
        let objective = Objective { working_second_cost: 1, ..Objective::default() };
        let problem = Problem::new(visits, vec![shift], Vec::new(), travel, objective);
        let problem = problem.expect("windows were checked, and places are counted as they are listed");
        let plan = solve(&problem, Start::Afresh, 0, &mut Iterations(ITERATIONS));
        let found: Vec<usize> = plan.tours.first().map(|tour| tour.visits().collect()).unwrap_or_default();
        let best = if found.len() <= MOST_VISITS { best_order(&problem, 0, &found, Some(&found)) } else { None };
        let order = best.unwrap_or(found);
        self.back_at = self.follow(&problem, &errands, &order, from.at);
        for (number, errand) in errands.into_iter().enumerate().filter(|(number, _)| !order.contains(number)) {
            let reason = explain(&problem, &plan, number).shifts.into_iter().next();
            self.leave_out(errand.task, in_words(reason.as_ref()).into());
        }
    }

    /// Adds stops in an order; returns when the technician is home.
    fn follow(&mut self, problem: &Problem, errands: &[Errand], order: &[usize], from: Timestamp) -> Timestamp {
        let moment = |seconds: i32| from.plus_milliseconds(1_000 * i64::from(seconds));
        let plan = arrange(problem, &[(0, order.to_vec())]).expect("the search found this order possible");
        let Some(told) = timetable(problem, &plan).pop() else {
            return moment(problem.travel().seconds(0, 1));
        };
        for stay in &told.stays {
            let Activity::Visit(number) = stay.activity else { continue };
            self.stops.push(Stop {
                task: errands[number].task.clone(),
                travel_seconds: stay.travel_seconds.into(),
                travel_meters: stay.meters.into(),
                arrives_at: moment(stay.arrives_seconds),
                begins_at: moment(stay.begins_seconds),
                ends_at: moment(stay.ends_seconds),
                is_begun: false,
            });
        }
        moment(told.returns_seconds)
    }
}

impl Errand {
    fn visit(&self, place: usize, from: Timestamp) -> Visit {
        let TaskTimes { earliest, latest, due, work_seconds, .. } = self.times;
        let from_seconds = earliest.map_or(0, |earliest| seconds_between(from, earliest));
        let until_seconds = latest.map_or(LAST_SECOND, |latest| seconds_between(from, latest));
        let priority = self.task.fields.get("priority").and_then(Value::as_integer).unwrap_or(4).clamp(1, 4) - 1;
        Visit {
            place,
            service_seconds: work_seconds as i32,
            windows: vec![Window { from_seconds, until_seconds }],
            due_seconds: due.map(|due| seconds_between(from, due)),
            priority: priority as usize,
            ..Visit::default()
        }
    }
}

/// The end of a window that has none: within any day a phone plans.
const LAST_SECOND: i32 = 366 * 86_400;

/// Seconds from one moment to another, none when that is earlier.
fn seconds_between(from: Timestamp, to: Timestamp) -> i32 {
    let seconds = (to.milliseconds_since(from) + 999).div_euclid(1_000);
    seconds.clamp(0, LAST_SECOND.into()) as i32
}

/// How long and how far it is from one place to another.
fn way(from: Place, to: Place) -> (i64, i64) {
    let travel = great_circle(&[from, to], Region::default()).expect("places on earth are not absurdly far apart");
    (travel.seconds(0, 1).into(), travel.meters(0, 1).into())
}

fn in_words(reason: Option<&Reason>) -> &'static str {
    match reason {
        Some(Reason::Obstacle(Obstacle::Window)) => MISSED,
        Some(Reason::Obstacle(_)) => "would not be done by the end of the working hours; ask dispatch for another day",
        _ => "there is no time left for it beside the others; ask dispatch for another day",
    }
}

fn is_begun(task: &Item) -> bool {
    task.stage.as_deref().is_some_and(|stage| ["en_route", "on_site", "work_in_progress", "paused"].contains(&stage))
}

/// The moment a crew agreed on: nobody moves it alone. One that has passed binds nobody.
fn agreed(task: &Record, now: Timestamp) -> Option<Timestamp> {
    let has_crew = !task.references("additional_assignee_list").is_empty();
    task.time("expected_start").filter(|at| has_crew && now <= *at)
}

fn record_of(item: &Item) -> Record {
    Record { id: item.document.clone(), fields: item.fields.clone() }
}

/// Where a task is to be done: at its own location, else at its order's.
fn place_of(view: View<'_>, task: &Item) -> Result<Option<Place>, DeviceError> {
    let reference = |fields: &BTreeMap<FieldName, Value>, field: &str| fields.get(field).and_then(Value::as_reference);
    let location = match (reference(&task.fields, "location"), reference(&task.fields, "parent")) {
        (None, Some(order)) => {
            let order = view.record(&DocumentId::new("wm_order", order))?;
            order.and_then(|order| order.record.reference("location"))
        }
        (location, _) => location,
    };
    location.map_or(Ok(None), |location| location_of(view, location))
}

fn location_of(view: View<'_>, location: SysId) -> Result<Option<Place>, DeviceError> {
    let location = view.record(&DocumentId::new("cmn_location", location))?;
    Ok(location.and_then(|location| location.record.place()))
}

/// Where this person's days end, `None` when nobody said.
fn home(view: View<'_>, user: SysId, now: Timestamp) -> Result<Option<Place>, DeviceError> {
    let plans = view.referring(user, &"wm_agent_schedule_attribute_plan".into(), MOST_ENTRIES)?;
    let plans = plans
        .into_iter()
        .map(|plan| plan.record)
        .filter(|plan| plan.time("from").is_none_or(|from| from <= now) && plan.time("to").is_none_or(|to| now <= to));
    let plan = plans.min_by_key(|plan| (plan.get("rank").and_then(Value::as_integer), plan.id.sys_id));
    let ends = plan.and_then(|plan| plan.reference("end_location").or_else(|| plan.reference("start_location")));
    ends.map_or(Ok(None), |location| location_of(view, location))
}

/// When this person's working hours of a day are over, `None` when no schedule says.
fn working_until(view: View<'_>, user: SysId, day: Day, now: Timestamp) -> Result<Option<Timestamp>, DeviceError> {
    let entries = view.referring(user, &"cmn_schedule_span".into(), MOST_ENTRIES)?;
    let work = entries.into_iter().map(|entry| entry.record).filter(|entry| entry.text("type") == "work");
    let ends = work.filter_map(|entry| Some((entry.time("start_date_time")?, entry.time("end_date_time")?)));
    let of_the_day = ends.filter(|(start, end)| *start < day.until && now < *end);
    Ok(of_the_day.map(|(_, end)| end).max())
}
