//! A day that goes otherwise than planned: what has happened stays, promises are kept as far as they can be, and as few visits as
//! possible move. Whatever changes is told.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::near_by::near_by;
use crate::plan::{Activity, Plan, Stop, Tour};
use crate::problem::{Done, Made, Problem, ProblemError, Shift, Visit, Window};
use crate::solver::{Budget, Start, solve};
use crate::timetable::{Stay, Timetable, timetable};

/// What a visit that moves to somebody else costs where the problem does not say: so many meters and seconds of driving.
const MOVED_METERS: i64 = 10_000;
const MOVED_SECONDS: i64 = 900;

/// Something that was not planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// There is one more visit; it comes behind all others.
    Emergency(Box<Visit>),
    /// Nobody works this shift any more from a moment on.
    Ill {
        /// The shift, by its place in the problem.
        shift: usize,
        /// The moment.
        from_seconds: i32,
    },
    /// A visit under way ends at another time than was planned.
    Overran {
        /// The visit, by its place in the problem.
        visit: usize,
        /// When it ends.
        ends_seconds: i32,
    },
    /// A visit is not to be made any more.
    Cancelled {
        /// The visit, by its place in the problem.
        visit: usize,
    },
}

/// Who makes a visit, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The shift, by its place in the problem.
    pub shift: usize,
    /// When the work begins.
    pub begins_seconds: i32,
}

/// A visit for which something is otherwise in another plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The visit, by its place in the problem.
    pub visit: usize,
    /// Who made it, and when; nobody when empty. A crew has several.
    pub before: Vec<Assignment>,
    /// Who makes it now.
    pub after: Vec<Assignment>,
}

/// A plan for the rest of the day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// What there is still to do, and who is there. Visits keep their numbers.
    pub problem: Problem,
    /// Who does it.
    pub plan: Plan,
    /// What is otherwise than it was planned, of what had not happened yet.
    pub changes: Vec<Change>,
}

/// Plans the rest of a day again after something happened. What was begun by `now_seconds` stays, and so does the visit somebody is on
/// the way to. Whoever was promised a window still gets it if that can be; if not, as little later as can be.
///
/// # Errors
/// When an event names what is not there, or brings a visit that makes no sense.
pub fn repair(
    problem: &Problem,
    plan: &Plan,
    now_seconds: i32,
    events: &[Event],
    seed: u64,
    budget: &mut dyn Budget,
) -> Result<Repair, ProblemError> {
    let mut rest = Rest::of(problem, plan, now_seconds);
    events.iter().try_for_each(|event| rest.happen(event))?;
    rest.keep_promises(plan);
    let mut objective = problem.objective();
    if objective.moved_visit_cost == 0 {
        objective.moved_visit_cost = objective.cost(MOVED_METERS, MOVED_SECONDS);
    }
    let Rest { visits, shifts, left, happened_to, .. } = rest;
    let problem = Problem::new(visits, shifts, problem.depots().to_vec(), problem.travel().clone(), objective)?;
    let plan = near_by(&problem, &left, &happened_to, seed, budget);
    let plan = plan.unwrap_or_else(|| solve(&problem, Start::From(&left), seed, budget));
    let changes = difference(&left, &plan);
    Ok(Repair { problem, plan, changes })
}

/// What is otherwise in another plan, by visit.
pub fn difference(before: &Plan, after: &Plan) -> Vec<Change> {
    let (before, after) = (assignments(before), assignments(after));
    let mut visits: Vec<usize> = before.iter().chain(&after).map(|(visit, _)| *visit).collect();
    visits.sort_unstable();
    visits.dedup();
    let is_changed = |visit: &usize| !of_visit(&before, *visit).eq(of_visit(&after, *visit));
    let change =
        |visit| Change { visit, before: of_visit(&before, visit).collect(), after: of_visit(&after, visit).collect() };
    visits.into_iter().filter(is_changed).map(change).collect()
}

/// Who makes what, by visit.
fn assignments(plan: &Plan) -> Vec<(usize, Assignment)> {
    let of_tour = |tour: &Tour| {
        let shift = tour.shift;
        let assigned = move |(visit, begins_seconds)| (visit, Assignment { shift, begins_seconds });
        tour.timed_visits().map(assigned).collect::<Vec<_>>()
    };
    let mut all: Vec<(usize, Assignment)> = plan.tours.iter().flat_map(of_tour).collect();
    all.sort_by_key(|(visit, _)| *visit);
    all
}

/// Who makes one of the visits.
fn of_visit(all: &[(usize, Assignment)], visit: usize) -> impl Iterator<Item = Assignment> {
    let from = all.partition_point(|(other, _)| *other < visit);
    all[from..].iter().take_while(move |(other, _)| *other == visit).map(|(_, assignment)| *assignment)
}

/// What is left of a day.
struct Rest {
    now: i32,
    visits: Vec<Visit>,
    shifts: Vec<Shift>,
    /// The visit somebody is at or on the way to, by shift.
    under_way: BTreeMap<usize, usize>,
    /// The shifts something happened to.
    happened_to: BTreeSet<usize>,
    /// The plan without what has happened, and who was made by nobody in it.
    left: Plan,
}

impl Rest {
    fn of(problem: &Problem, plan: &Plan, now: i32) -> Self {
        let (visits, shifts) = (problem.visits().to_vec(), problem.shifts().to_vec());
        let (under_way, happened_to) = (BTreeMap::new(), BTreeSet::new());
        let mut rest = Self { now, visits, shifts, under_way, happened_to, left: Plan::default() };
        for (tour, told) in plan.tours.iter().zip(timetable(problem, plan)) {
            rest.pass(problem, tour, &told);
        }
        let busy: BTreeSet<usize> = plan.tours.iter().map(|tour| tour.shift).collect();
        for (number, shift) in rest.shifts.iter_mut().enumerate().filter(|(number, _)| !busy.contains(number)) {
            let (place, free) = problem.shifts()[number].sets_out();
            let done = shift.done.take().unwrap_or(Done { place, ..Done::default() });
            shift.done = Some(Done { free_seconds: free.max(now), ..done });
        }
        rest.left.unserved.clone_from(&plan.unserved);
        rest
    }

    /// Lets happen of a tour what was begun, and the visit somebody is on the way to.
    fn pass(&mut self, problem: &Problem, tour: &Tour, told: &Timetable) {
        let shift = &mut self.shifts[tour.shift];
        let (place, free) = shift.sets_out();
        let mut done = shift.done.take().unwrap_or(Done { place, free_seconds: free, ..Done::default() });
        let is_crew =
            |stay: &Stay| matches!(stay.activity, Activity::Visit(visit) if problem.visits()[visit].crew_size() > 1);
        let is_begun = |stay: &Stay| {
            // A crew has begun when all are there, not when one of them is on the way.
            let on_the_way = if is_crew(stay) { 0 } else { stay.travel_seconds };
            stay.begins_seconds - on_the_way <= self.now
        };
        let begun = told.stays.iter().rposition(is_begun).map_or(0, |last| last + 1);
        let has_fetched = told.stays[..begun].iter().any(|stay| matches!(stay.activity, Activity::Depot(_)));
        for stay in &told.stays[..begun] {
            match stay.activity {
                Activity::Visit(visit) => {
                    done.visits.push(Made { visit, ends_seconds: stay.ends_seconds });
                    if stay.ends_seconds > self.now {
                        self.under_way.insert(tour.shift, visit);
                    }
                    done.place = problem.visits()[visit].place;
                    use_up(shift, &problem.visits()[visit]);
                }
                Activity::Break(number) => done.breaks = number + 1,
                Activity::Depot(_) => done.place = problem.depot_of(shift).map_or(done.place, |depot| depot.place),
            }
            done.free_seconds = stay.ends_seconds;
            let driven = stay.travel_seconds;
            shift.most_travel_seconds = shift.most_travel_seconds.map(|most| (most - driven).max(0));
        }
        done.free_seconds = done.free_seconds.max(self.now);
        let stops: Vec<Stop> = tour.stops[begun..].to_vec();
        let left = Tour { shift: tour.shift, leaves_seconds: done.free_seconds, stops };
        if has_fetched {
            stock_up(problem, shift, &left);
        }
        shift.done = Some(done);
        if left.visits().next().is_some() {
            self.left.tours.push(left);
        }
    }

    fn happen(&mut self, event: &Event) -> Result<(), ProblemError> {
        match event {
            Event::Emergency(visit) => self.visits.push((**visit).clone()),
            Event::Ill { shift, from_seconds } => {
                let count = self.shifts.len();
                let ill = self.shifts.get_mut(*shift).ok_or_else(|| missing("shift", *shift, count))?;
                ill.end_seconds = (*from_seconds).max(ill.start_seconds).min(ill.end_seconds);
                ill.most_overtime_seconds = 0;
                // What was not over by then is to be made by somebody else.
                if let (Some(done), Some(visit)) = (ill.done.as_mut(), self.under_way.remove(shift)) {
                    // It is to be made anew, unless the rest of a crew goes on with it.
                    done.visits.retain(|made| made.visit != visit);
                }
                self.left.tours.retain(|tour| tour.shift != *shift);
            }
            Event::Overran { visit, ends_seconds } => {
                let mut shifts = self.under_way.iter().filter(|(_, under_way)| *under_way == visit).peekable();
                shifts.peek().ok_or_else(|| missing("visit under way", *visit, self.visits.len()))?;
                for (shift, _) in shifts {
                    self.happened_to.insert(*shift);
                    let Some(done) = self.shifts[*shift].done.as_mut() else { continue };
                    done.free_seconds = (*ends_seconds).max(self.now);
                    let made = done.visits.iter_mut().filter(|made| made.visit == *visit);
                    made.for_each(|made| made.ends_seconds = *ends_seconds);
                }
            }
            Event::Cancelled { visit } => {
                let count = self.visits.len();
                let of = self.visits.get_mut(*visit).ok_or_else(|| missing("visit", *visit, count))?;
                of.is_cancelled = true;
                for tour in &mut self.left.tours {
                    if tour.visits().any(|made| made == *visit) {
                        self.happened_to.insert(tour.shift);
                    }
                    tour.stops.retain(|stop| stop.activity != Activity::Visit(*visit));
                }
                self.left.tours.retain(|tour| tour.visits().next().is_some());
                self.left.unserved.retain(|unserved| unserved.visit != *visit);
            }
        }
        Ok(())
    }

    /// Who was planned stays where it was if that is no worse; a window that was promised becomes a moment it is due.
    fn keep_promises(&mut self, plan: &Plan) {
        let latest = self.shifts.iter().map(Shift::ends_by).max().unwrap_or(0);
        for tour in &plan.tours {
            for (number, begins) in tour.timed_visits() {
                let visit = &mut self.visits[number];
                visit.planned_shift = visit.pinned_shift.is_none().then_some(tour.shift);
                let Some(window) = visit.windows.iter().find(|window| begins <= window.until_seconds) else { continue };
                let promised = window.until_seconds + visit.service_seconds;
                visit.due_seconds = Some(visit.due_seconds.map_or(promised, |due| due.min(promised)));
                let until_seconds = latest.max(window.until_seconds);
                visit.windows = vec![Window { from_seconds: window.from_seconds, until_seconds }];
            }
        }
    }
}

fn missing(what: &'static str, number: usize, count: usize) -> ProblemError {
    let problem = format!("there is none with this number; there are {count}");
    ProblemError { what, name: format!("number {number}"), field: "event", problem }
}

fn use_up(shift: &mut Shift, visit: &Visit) {
    for (part, used) in &visit.parts {
        shift.stock.entry(part.clone()).and_modify(|has| *has = (*has - used).max(0));
    }
}

/// What was fetched is on board: the depot's tools, and the parts that the rest of the tour uses.
fn stock_up(problem: &Problem, shift: &mut Shift, left: &Tour) {
    let Some(depot) = problem.depot_of(shift).cloned() else { return };
    shift.tools.extend(depot.tools);
    for part in depot.parts {
        let needed: i32 = left.visits().filter_map(|visit| problem.visits()[visit].parts.get(&part)).sum();
        let has = shift.stock.entry(part).or_default();
        *has = (*has).max(needed);
    }
}
