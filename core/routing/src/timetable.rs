//! A plan as people read it: when somebody arrives, waits, works, and how much later everything could become.

use serde::{Deserialize, Serialize};

use crate::plan::{Activity, Plan, Stop, Tour};
use crate::problem::{Problem, Shift};

/// A stop in its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stay {
    /// What happens.
    #[serde(flatten)]
    pub activity: Activity,
    /// How long the drive there takes; nothing for a break.
    pub travel_seconds: i32,
    /// How far the drive there is.
    pub meters: i32,
    /// When the technician is there.
    pub arrives_seconds: i32,
    /// How long the technician waits there.
    pub waits_seconds: i32,
    /// When it begins.
    pub begins_seconds: i32,
    /// When it is over.
    pub ends_seconds: i32,
    /// By how much it ends after it is due.
    pub late_seconds: i32,
    /// How much later it could begin with everything after it in time, and no lateness added.
    pub slack_seconds: i32,
}

/// A tour in its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timetable {
    /// The shift, by its place in the problem.
    pub shift: usize,
    /// When the technician sets out.
    pub leaves_seconds: i32,
    /// The stops in their order.
    pub stays: Vec<Stay>,
    /// When the technician is back.
    pub returns_seconds: i32,
    /// How long the drive back takes.
    pub return_travel_seconds: i32,
    /// By how much that is after the shift's end.
    pub overtime_seconds: i32,
}

/// The timetables of a plan that is right, in the order of its tours.
pub fn timetable(problem: &Problem, plan: &Plan) -> Vec<Timetable> {
    let is_bound = problem.bound();
    plan.tours.iter().map(|tour| of_tour(problem, &is_bound, tour)).collect()
}

fn of_tour(problem: &Problem, is_bound: &[bool], tour: &Tour) -> Timetable {
    let (shift, travel) = (&problem.shifts()[tour.shift], problem.travel());
    let (mut place, mut ready, mut rested) = (shift.sets_out().0, tour.leaves_seconds, Vec::new());
    let mut stays = Vec::new();
    for stop in &tour.stops {
        let to = place_of(problem, shift, stop);
        let (travel_seconds, meters) = to.map_or((0, 0), |to| (travel.seconds(place, to), travel.meters(place, to)));
        let arrives_seconds = match to {
            Some(_) => arrival(ready + travel_seconds, &mut rested),
            None => stop.begins_seconds,
        };
        let ends_seconds = stop.begins_seconds + length(problem, shift, stop);
        match to {
            Some(to) => (place, ready) = (to, ends_seconds),
            None => rested.push((stop.begins_seconds, ends_seconds - stop.begins_seconds)),
        }
        stays.push(Stay {
            activity: stop.activity,
            travel_seconds,
            meters,
            arrives_seconds,
            waits_seconds: stop.begins_seconds - arrives_seconds,
            begins_seconds: stop.begins_seconds,
            ends_seconds,
            late_seconds: due(problem, stop).map_or(0, |due| (ends_seconds - due).max(0)),
            slack_seconds: 0,
        });
    }
    let return_travel_seconds = travel.seconds(place, shift.end_place);
    let returns_seconds = arrival(ready + return_travel_seconds, &mut rested);
    let overtime_seconds = (returns_seconds - shift.end_seconds).max(0);
    let mut told = Timetable {
        shift: tour.shift,
        leaves_seconds: tour.leaves_seconds,
        stays,
        returns_seconds,
        return_travel_seconds,
        overtime_seconds,
    };
    told.find_slack(problem, is_bound, shift);
    told
}

/// When a drive is over that would be at a moment, with the breaks since it began.
fn arrival(at: i32, rested: &mut Vec<(i32, i32)>) -> i32 {
    std::mem::take(rested).into_iter().fold(at, |at, (begins, length)| at.max(begins) + length)
}

/// Where a stop is; `None` for a break, which is anywhere.
fn place_of(problem: &Problem, shift: &Shift, stop: &Stop) -> Option<usize> {
    match stop.activity {
        Activity::Visit(visit) => Some(problem.visits()[visit].place),
        Activity::Depot(_) => problem.depot_of(shift).map(|depot| depot.place),
        Activity::Break(_) => None,
    }
}

fn length(problem: &Problem, shift: &Shift, stop: &Stop) -> i32 {
    match stop.activity {
        Activity::Visit(visit) => problem.visits()[visit].service_seconds_by(&shift.technician),
        Activity::Depot(_) => problem.depot_of(shift).map_or(0, |depot| depot.service_seconds),
        Activity::Break(number) => shift.breaks[number].break_seconds,
    }
}

fn due(problem: &Problem, stop: &Stop) -> Option<i32> {
    match stop.activity {
        Activity::Visit(visit) => problem.visits()[visit].due_seconds,
        Activity::Break(_) | Activity::Depot(_) => None,
    }
}

/// The latest moment a stop may begin, by itself.
fn latest(problem: &Problem, is_bound: &[bool], shift: &Shift, stay: &Stay) -> i32 {
    match stay.activity {
        Activity::Visit(visit) if is_bound[visit] => stay.begins_seconds,
        Activity::Visit(visit) => {
            let visit = &problem.visits()[visit];
            let open = visit.windows.iter().find(|window| stay.begins_seconds <= window.until_seconds);
            let until = open.map(|window| window.until_seconds);
            let length = stay.ends_seconds - stay.begins_seconds;
            let by_due = visit.due_seconds.map(|due| (due - length).max(stay.begins_seconds));
            until.into_iter().chain(by_due).min().unwrap_or(i32::MAX)
        }
        Activity::Break(number) => shift.breaks[number].until_seconds,
        Activity::Depot(_) => i32::MAX,
    }
}

impl Timetable {
    /// From the end to the start: whatever comes next must still be in time.
    fn find_slack(&mut self, problem: &Problem, is_bound: &[bool], shift: &Shift) {
        let mut over_by = shift.end_seconds.max(self.returns_seconds) - self.return_travel_seconds;
        for stay in self.stays.iter_mut().rev() {
            let length = stay.ends_seconds - stay.begins_seconds;
            let begins_by = (over_by - length).min(latest(problem, is_bound, shift, stay)).max(stay.begins_seconds);
            stay.slack_seconds = begins_by - stay.begins_seconds;
            over_by = begins_by - stay.travel_seconds;
        }
    }
}
