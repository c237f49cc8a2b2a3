//! A day as the optimiser reads it: open tasks become visits, working hours become shifts.
//!
//! What stands is a visit, too, that nobody but its technician may make and at no other moment. So that it always fits, a shift
//! begins where the technician is by now, a task that cannot be reached in time stands at the moment it can be, and a shift
//! is as long as it takes to end what stands and drive home.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{Place, Record, Timestamp, Value};
use fieldline_routing::{
    Activity, After, Iterations, Objective, Plan, Problem, Region, Shift, Source, Start, Stop, Technicians, ToldTravel,
    Tour, Travel, TravelSource, Visit, Window, solve,
};

use super::candidates::THE_TASK;
use super::day::Day;
use super::roster::{Stretch, Technician};
use super::span::Span;
use super::tasks::{Open, Standing};
use super::territory::Territory;
use super::{DispatchError, Result};
use crate::work_orders::dependency::Before;

/// What stands is worth more than any number of tasks that are open.
const WORTH_OF_STANDING: i64 = 1_000_000;

/// How long a plan of what was promised is searched for: a few milliseconds for a group's day.
const PROMISED_ITERATIONS: u64 = 500;
/// What a customer was promised is worth more than any number of tasks that were not.
const WORTH_OF_A_PROMISE: i64 = 1_000;
/// A preferred technician is worth so many meters and seconds: a quarter of an hour's way.
const OTHER_TECHNICIAN_COST: i64 = 20_000;

/// Little driving, and little waiting: a working second costs as much as a meter.
const OBJECTIVE: Objective = Objective {
    fewest_shifts: false,
    meter_cost: 1,
    travel_second_cost: 0,
    working_second_cost: 1,
    overtime_second_cost: 1,
    other_technician_cost: OTHER_TECHNICIAN_COST,
    moved_visit_cost: 0,
};

/// What a visit is.
#[derive(Debug, Clone, Copy)]
pub enum Errand<'d> {
    Open(&'d Open),
    Standing(&'d Standing),
}

impl<'d> Errand<'d> {
    /// The task it is for.
    pub fn task(&self) -> &'d Record {
        match self {
            Self::Open(open) => &open.task,
            Self::Standing(standing) => &standing.task,
        }
    }
}

/// A day in the optimiser's words.
pub struct Posed<'d> {
    pub problem: Problem,
    /// Whose each shift is.
    pub shifts: Vec<&'d Technician>,
    /// What each visit is.
    pub visits: Vec<Errand<'d>>,
    /// What stands in each shift, in its order.
    pub standing: Vec<Vec<usize>>,
    /// How many ways each source told.
    pub ways: BTreeMap<Source, usize>,
    beginning: Timestamp,
    last_second: i32,
}

impl<'d> Posed<'d> {
    /// Poses a day.
    pub fn of(day: &'d Day) -> Result<Self> {
        let places = Places::of(day);
        let region = Region::default();
        let roads = day.roads.iter().map(|roads| &**roads as &dyn TravelSource);
        let sources: Vec<&dyn TravelSource> = roads.chain([&region as &dyn TravelSource]).collect();
        let told = ToldTravel::ask(&sources, &places.list).map_err(unposed)?;
        let ways = told.ways_by_source();
        let mut draft =
            Draft { day, places, travel: told.travel, shifts: Vec::new(), visits: Vec::new(), posed: Vec::new() };
        day.tasks.open.iter().for_each(|open| draft.add_open(open));
        for technician in &day.rosters.technicians {
            let free_from = day.now;
            technician.stretches.iter().fold(free_from, |free_from, stretch| {
                draft.add_shift(technician, stretch, free_from).unwrap_or(free_from)
            });
        }
        let last_second = draft.seconds(day.within.until) - 1;
        let Draft { travel, shifts, visits, posed, .. } = draft;
        let errands = visits.iter().map(|(errand, _)| *errand).collect();
        let visits = visits.into_iter().map(|(_, visit)| visit).collect();
        let (owners, standing) = posed.into_iter().unzip();
        let problem = Problem::new(visits, shifts, Vec::new(), travel, OBJECTIVE).map_err(unposed)?;
        let beginning = day.within.from;
        Ok(Self { problem, shifts: owners, visits: errands, standing, ways, beginning, last_second })
    }

    /// The plan with nothing but what stands.
    pub fn standing_plan(&self) -> Plan {
        let stop = |visit: &usize| {
            let begins_seconds = self.problem.visits()[*visit].windows[0].from_seconds;
            Stop { activity: Activity::Visit(*visit), begins_seconds }
        };
        let shifts = self.standing.iter().enumerate().filter(|(_, visits)| !visits.is_empty());
        let tour = |(shift, visits): (usize, &Vec<usize>)| {
            let leaves_seconds = self.problem.shifts()[shift].start_seconds;
            Tour { shift, leaves_seconds, stops: visits.iter().map(stop).collect() }
        };
        Plan { tours: shifts.map(tour).collect(), ..Plan::default() }
    }

    /// A plan with what stands and what was promised, and nothing else: what is left over is free to be offered.
    pub fn promised_plan(&self) -> Result<Plan> {
        let others = self.visits.iter().enumerate().filter(|(number, _)| *number != THE_TASK);
        let is_promised = |errand: &Errand<'_>| matches!(errand, Errand::Open(open) if open.is_promised());
        if !others.into_iter().any(|(_, errand)| is_promised(errand)) {
            return Ok(self.standing_plan());
        }
        let mut visits = self.problem.visits().to_vec();
        visits[THE_TASK].is_cancelled = true;
        let (shifts, travel) = (self.problem.shifts().to_vec(), self.problem.travel().clone());
        let without = Problem::new(visits, shifts, Vec::new(), travel, OBJECTIVE).map_err(unposed)?;
        Ok(solve(&without, Start::From(&self.standing_plan()), 0, &mut Iterations(PROMISED_ITERATIONS)))
    }

    /// Searches for a good plan around what stands.
    pub fn solved(&self, seed: u32, iterations: u64) -> Plan {
        solve(&self.problem, Start::From(&self.standing_plan()), seed.into(), &mut Iterations(iterations))
    }

    /// The last second of the days.
    pub fn last_second(&self) -> i32 {
        self.last_second
    }

    /// The moment so many seconds after the beginning.
    pub fn moment(&self, seconds: i32) -> Timestamp {
        self.beginning.plus_milliseconds(i64::from(seconds) * 1_000)
    }
}

fn unposed(problem: impl ToString) -> DispatchError {
    DispatchError::Invalid { field: "group", problem: problem.to_string() }
}

impl Standing {
    /// Whether it takes time of some working hours; what should have begun by now is still to be done in the next there are.
    fn overlaps(&self, span: Span, is_next: bool) -> bool {
        let ends = self.begins.plus_milliseconds(self.work_seconds * 1_000);
        self.begins < span.until && (is_next || ends > span.from)
    }
}

/// Every place once.
struct Places {
    numbers: BTreeMap<Place, usize>,
    list: Vec<Place>,
}

impl Places {
    fn of(day: &Day) -> Self {
        let stretches = day.rosters.technicians.iter().flat_map(|technician| &technician.stretches);
        let bases = stretches.flat_map(|stretch| [stretch.start, stretch.end]);
        let tasks = day.tasks.open.iter().map(|open| open.site.place);
        let standing = day.tasks.standing.iter().filter_map(|standing| standing.place);
        let last = day.tasks.last.values().map(|(_, place)| *place);
        let mut places = Self { numbers: BTreeMap::new(), list: Vec::new() };
        for place in bases.chain(tasks).chain(standing).chain(last) {
            let Self { numbers, list } = &mut places;
            numbers.entry(place).or_insert_with(|| {
                list.push(place);
                list.len() - 1
            });
        }
        places
    }

    fn number(&self, place: Place) -> usize {
        self.numbers[&place]
    }
}

/// A problem under way.
struct Draft<'d> {
    day: &'d Day,
    places: Places,
    travel: Travel,
    shifts: Vec<Shift>,
    visits: Vec<(Errand<'d>, Visit)>,
    posed: Vec<(&'d Technician, Vec<usize>)>,
}

impl<'d> Draft<'d> {
    fn add_open(&mut self, open: &'d Open) {
        let (earliest, latest) = (open.times.earliest, open.times.latest);
        let from_seconds = self.seconds(earliest.unwrap_or(self.day.within.from));
        let until_seconds = self.seconds(latest.unwrap_or(self.day.within.until));
        let territory = self.day.territories.of(&open.site);
        let visit = Visit {
            name: open.task.text("number").to_owned(),
            place: self.places.number(open.site.place),
            service_seconds: open.times.work_seconds as i32,
            windows: vec![Window { from_seconds, until_seconds }],
            due_seconds: open.times.due.map(|due| self.seconds(due)),
            priority: urgency(open),
            value: open.is_promised().then_some(WORTH_OF_A_PROMISE),
            skills: open.skills.iter().map(|skill| (skill.to_string(), 1)).collect(),
            territory: territory.map(|territory| territory.name.clone()),
            technicians: Technicians {
                required: open.required.iter().map(ToString::to_string).collect(),
                excluded: open.excluded.iter().map(ToString::to_string).collect(),
                preferred: preferred(open, territory),
            },
            crew: open.crew,
            after: self.after_others(open),
            ..Visit::default()
        };
        self.visits.push((Errand::Open(open), visit));
    }

    /// The visits that have to be over before one: open tasks are posed in their order, before everything else.
    fn after_others(&self, open: &Open) -> Vec<After> {
        let number = |before: &Before| {
            let is_it = |other: &Open| other.task.id == before.task.id;
            let lag_seconds = before.lag_seconds as i32;
            self.day.tasks.open.iter().position(is_it).map(|visit| After { visit, lag_seconds })
        };
        open.waits_for.iter().filter_map(number).collect()
    }

    /// Adds what is left of a technician's working hours from a moment on, if anything is. Returns when they are home from what
    /// stands in them.
    fn add_shift(&mut self, technician: &'d Technician, stretch: &'d Stretch, from: Timestamp) -> Option<Timestamp> {
        let (day, user) = (self.day, technician.who.user);
        let span = stretch.span.shared_with(Span { from, until: stretch.span.until })?;
        let is_under_way = stretch.span.contains(day.now);
        let is_next = from == day.now && day.within.from <= day.now;
        // What was told for these hours is in them, even when what came before takes longer than its time.
        let is_in_it = |one: &&Standing| one.user == user && one.overlaps(stretch.span, is_next) && !self.is_posed(one);
        let mut standing: Vec<&Standing> = day.tasks.standing.iter().filter(is_in_it).collect();
        standing.sort_by_key(|one| (!one.is_there, one.begins));
        let there = standing.first().filter(|first| first.is_there).and_then(|first| first.place);
        let last = day.tasks.last.get(&user).filter(|(at, _)| is_under_way && *at >= stretch.span.from);
        let start = there.or(last.map(|(_, place)| *place)).unwrap_or(stretch.start);
        let mut shift = Shift {
            name: format!("{} {}", technician.who.name, stretch.span.from),
            technician: user.to_string(),
            start_place: self.places.number(start),
            end_place: self.places.number(stretch.end),
            start_seconds: self.seconds(span.from),
            end_seconds: self.seconds(span.until),
            skills: skills_during(technician, stretch),
            territories: day.territories.served_by(user),
            ..Shift::default()
        };
        let visits = standing.into_iter().fold(Vec::new(), |chain, one| self.add_standing(one, &shift, chain));
        let (place, leaves_seconds) = self.after(&shift, &visits);
        let is_home_seconds = leaves_seconds + self.travel.seconds(place, shift.end_place);
        shift.end_seconds = shift.end_seconds.max(is_home_seconds);
        self.posed.push((technician, visits));
        self.shifts.push(shift);
        Some(day.within.from.plus_milliseconds(i64::from(is_home_seconds) * 1_000))
    }

    fn is_posed(&self, standing: &Standing) -> bool {
        let is_it = |errand: &Errand<'_>| match errand {
            Errand::Standing(posed) => posed.task.id == standing.task.id && posed.user == standing.user,
            Errand::Open(_) => false,
        };
        self.visits.iter().any(|(errand, _)| is_it(errand))
    }

    /// Adds a visit that stands after others of its shift; returns them all.
    fn add_standing(&mut self, standing: &'d Standing, shift: &Shift, mut before: Vec<usize>) -> Vec<usize> {
        let (place, leaves_seconds) = self.after(shift, &before);
        let here = standing.place.map_or(place, |place| self.places.number(place));
        let arrives_seconds = leaves_seconds + self.travel.seconds(place, here);
        let begins_seconds = arrives_seconds.max(self.seconds(standing.begins));
        if begins_seconds > self.seconds(self.day.within.until) {
            return before; // Whoever has more in hand than these days hold has it beyond them.
        }
        let visit = Visit {
            name: standing.task.text("number").to_owned(),
            place: here,
            service_seconds: standing.work_seconds as i32,
            windows: vec![Window { from_seconds: begins_seconds, until_seconds: begins_seconds }],
            value: Some(WORTH_OF_STANDING),
            pinned_shift: Some(self.shifts.len()),
            ..Visit::default()
        };
        before.push(self.visits.len());
        self.visits.push((Errand::Standing(standing), visit));
        before
    }

    /// Where a technician is after some visits that stand, and when.
    fn after(&self, shift: &Shift, visits: &[usize]) -> (usize, i32) {
        let Some((_, visit)) = visits.last().map(|last| &self.visits[*last]) else {
            return (shift.start_place, shift.start_seconds);
        };
        (visit.place, visit.windows[0].from_seconds + visit.service_seconds)
    }

    /// Seconds from the beginning to a moment, no part of one lost; no moment is before the beginning or after the end.
    fn seconds(&self, moment: Timestamp) -> i32 {
        let milliseconds = moment.min(self.day.within.until).milliseconds_since(self.day.within.from);
        ((milliseconds + 999).div_euclid(1_000)).max(0) as i32
    }
}

impl Open {
    /// Whether a customer was promised when it is done.
    pub fn is_promised(&self) -> bool {
        self.times.latest.is_some()
    }
}

/// Who does a task rather than others: whom it prefers, else who serves its territory first.
fn preferred(open: &Open, territory: Option<&Territory>) -> BTreeSet<String> {
    let own = open.task.references("preferred_agents");
    let all = if own.is_empty() {
        territory.map(|one| one.primary.iter().copied().collect()).unwrap_or_default()
    } else {
        own
    };
    all.iter().map(ToString::to_string).collect()
}

/// Of two tasks of which only one can be done, the more urgent one is: `priority` 1 before 2 before 3 before the rest.
fn urgency(open: &Open) -> usize {
    let priority = open.task.get("priority").and_then(Value::as_integer).unwrap_or(4);
    (priority.clamp(1, 4) - 1) as usize
}

/// What a technician can as long as some working hours last.
fn skills_during(technician: &Technician, stretch: &Stretch) -> BTreeMap<String, u32> {
    let until = stretch.span.until;
    let valid = technician.skills.iter().filter(|skill| skill.valid_until.is_none_or(|valid| until <= valid));
    let mut skills = BTreeMap::new();
    for skill in valid {
        let level: &mut u32 = skills.entry(skill.skill.to_string()).or_default();
        *level = skill.level.max(*level);
    }
    skills
}
