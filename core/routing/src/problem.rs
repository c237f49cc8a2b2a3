//! What there is to do and who is there, in the field's words. Checked once; whatever takes a [`Problem`] may rely on it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::score::PRIORITIES;
use crate::travel::Travel;

/// Times lie within so many seconds of the problem's beginning: nine years, so that sums of a few fit into 32 bits.
const LATEST_SECONDS: i32 = i32::MAX / 8;

/// A span in which something may begin, in seconds since the problem's beginning, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The earliest moment.
    pub from_seconds: i32,
    /// The latest moment.
    pub until_seconds: i32,
}

/// Which technicians a visit is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Technicians {
    /// When not empty, nobody else.
    pub required: BTreeSet<String>,
    /// Nobody of these.
    pub excluded: BTreeSet<String>,
}

/// Something to be done at a place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Visit {
    /// What people call it.
    pub name: String,
    /// Where, by the number of the place in [`Travel`].
    pub place: usize,
    /// How long the work takes.
    pub service_seconds: i32,
    /// How long it takes certain technicians instead.
    pub service_seconds_of: BTreeMap<String, i32>,
    /// When the work may begin; any time when empty.
    pub windows: Vec<Window>,
    /// How urgent it is, 0 before 1 and so on: of two visits of which only one can be made, the more urgent one is.
    pub priority: usize,
    /// What it is worth among visits of its priority.
    pub value: Option<i64>,
    /// Skills it needs, each with the lowest level that will do.
    pub skills: BTreeMap<String, u32>,
    /// Tools it needs.
    pub tools: BTreeSet<String>,
    /// Parts it uses up, or whatever else fills a van.
    pub parts: BTreeMap<String, i32>,
    /// Where it lies; only shifts of that territory serve it.
    pub territory: Option<String>,
    /// Which technicians it is for.
    pub technicians: Technicians,
}

/// A technician's working day with a vehicle.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shift {
    /// What people call it.
    pub name: String,
    /// Whose it is.
    pub technician: String,
    /// Where it begins.
    pub start_place: usize,
    /// Where it ends.
    pub end_place: usize,
    /// When it begins, in seconds since the problem's beginning.
    pub start_seconds: i32,
    /// When it ends.
    pub end_seconds: i32,
    /// What the technician can do, and how well.
    pub skills: BTreeMap<String, u32>,
    /// Tools on board.
    pub tools: BTreeSet<String>,
    /// Parts on board, or room for whatever else fills a van.
    pub stock: BTreeMap<String, i32>,
    /// The territories it serves; any when empty.
    pub territories: BTreeSet<String>,
    /// Most seconds of driving in it.
    pub most_travel_seconds: Option<i32>,
}

/// What is to be little, once everybody is served who can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Objective {
    /// Whether using fewer shifts comes before everything that follows.
    pub fewest_shifts: bool,
    /// What a meter costs.
    pub meter_cost: i64,
    /// What a second of driving costs.
    pub travel_second_cost: i64,
}

impl Objective {
    /// What driving costs.
    pub(crate) fn cost(&self, meters: i64, seconds: i64) -> i64 {
        meters * self.meter_cost + seconds * self.travel_second_cost
    }
}

impl Default for Objective {
    fn default() -> Self {
        Self { fewest_shifts: false, meter_cost: 1, travel_second_cost: 0 }
    }
}

/// What there is to do and who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    visits: Vec<Visit>,
    shifts: Vec<Shift>,
    travel: Travel,
    objective: Objective,
}

/// What is wrong with a problem, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name}: {field}: {problem}")]
pub struct ProblemError {
    /// `visit` or `shift`.
    pub what: &'static str,
    /// Its name, or its number when it has none.
    pub name: String,
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl Problem {
    /// Puts a problem together.
    ///
    /// # Errors
    /// Names the first visit or shift that makes no sense, and its field.
    pub fn new(
        visits: Vec<Visit>,
        shifts: Vec<Shift>,
        travel: Travel,
        objective: Objective,
    ) -> Result<Self, ProblemError> {
        for (number, visit) in visits.iter().enumerate() {
            check_visit(visit, &travel)
                .map_err(|(field, problem)| named("visit", &visit.name, number, field, problem))?;
        }
        for (number, shift) in shifts.iter().enumerate() {
            check_shift(shift, &travel)
                .map_err(|(field, problem)| named("shift", &shift.name, number, field, problem))?;
        }
        Ok(Self { visits, shifts, travel, objective })
    }

    /// What is to be done.
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// Who is there.
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// How far it is.
    pub fn travel(&self) -> &Travel {
        &self.travel
    }

    /// What is to be little.
    pub fn objective(&self) -> Objective {
        self.objective
    }
}

impl Visit {
    /// How long the work takes a technician.
    pub fn service_seconds_by(&self, technician: &str) -> i32 {
        self.service_seconds_of.get(technician).copied().unwrap_or(self.service_seconds)
    }

    /// When the work begins for somebody who is there at a moment; `None` when every window is over.
    pub(crate) fn begins(&self, arrives: i32) -> Option<i32> {
        match self.windows.iter().find(|window| arrives <= window.until_seconds) {
            Some(window) => Some(arrives.max(window.from_seconds)),
            None => self.windows.is_empty().then_some(arrives),
        }
    }

    /// What it is worth among visits of its priority: 1 unless something else was said.
    pub fn worth(&self) -> i64 {
        self.value.unwrap_or(1)
    }
}

fn named(what: &'static str, name: &str, number: usize, field: &'static str, problem: String) -> ProblemError {
    let name = if name.is_empty() { format!("number {number}") } else { format!("\"{name}\"") };
    ProblemError { what, name, field, problem }
}

type Wrong = (&'static str, String);

fn check_visit(visit: &Visit, travel: &Travel) -> Result<(), Wrong> {
    check_place("place", visit.place, travel)?;
    check_time("service_seconds", visit.service_seconds)?;
    visit.service_seconds_of.values().try_for_each(|seconds| check_time("service_seconds_of", *seconds))?;
    for window in &visit.windows {
        check_time("windows", window.from_seconds)?;
        check_time("windows", window.until_seconds)?;
        if window.until_seconds < window.from_seconds {
            let Window { from_seconds, until_seconds } = window;
            return Err(("windows", format!("{until_seconds} is before {from_seconds}; swap the two ends")));
        }
    }
    if visit.windows.windows(2).any(|pair| pair[1].from_seconds <= pair[0].until_seconds) {
        return Err(("windows", "they overlap or are not in order; join them or sort them by time".into()));
    }
    if visit.priority >= PRIORITIES {
        return Err(("priority", format!("{} is not one of 0 to {}", visit.priority, PRIORITIES - 1)));
    }
    if visit.worth() < 1 {
        return Err(("value", format!("{} is less than 1; leave out what is worth nothing", visit.worth())));
    }
    check_amounts("parts", &visit.parts)
}

fn check_shift(shift: &Shift, travel: &Travel) -> Result<(), Wrong> {
    check_place("start_place", shift.start_place, travel)?;
    check_place("end_place", shift.end_place, travel)?;
    check_time("start_seconds", shift.start_seconds)?;
    check_time("end_seconds", shift.end_seconds)?;
    if shift.end_seconds < shift.start_seconds {
        let Shift { start_seconds, end_seconds, .. } = shift;
        return Err(("end_seconds", format!("{end_seconds} is before start_seconds, {start_seconds}")));
    }
    check_amounts("stock", &shift.stock)
}

fn check_place(field: &'static str, place: usize, travel: &Travel) -> Result<(), Wrong> {
    if place < travel.places() {
        Ok(())
    } else {
        Err((field, format!("there are {} places, no {place}", travel.places())))
    }
}

fn check_time(field: &'static str, seconds: i32) -> Result<(), Wrong> {
    match (0..=LATEST_SECONDS).contains(&seconds) {
        true => Ok(()),
        false => Err((field, format!("{seconds} is not between 0 and {LATEST_SECONDS}"))),
    }
}

fn check_amounts(field: &'static str, amounts: &BTreeMap<String, i32>) -> Result<(), Wrong> {
    match amounts.iter().find(|(_, amount)| **amount < 0) {
        Some((name, amount)) => Err((field, format!("{amount} of {name} is less than none"))),
        None => Ok(()),
    }
}
