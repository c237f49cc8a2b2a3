//! What there is to do and who is there, in the field's words. Checked once; whatever takes a [`Problem`] may rely on it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::travel::Travel;
use crate::validate;

/// A span in which something may begin, in seconds since the problem's beginning, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Window {
    /// The earliest moment.
    pub from_seconds: i32,
    /// The latest moment.
    pub until_seconds: i32,
}

/// Which technicians a visit is for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Technicians {
    /// When not empty, nobody else.
    pub required: BTreeSet<String>,
    /// Nobody of these.
    pub excluded: BTreeSet<String>,
    /// When not empty, rather these: anybody else costs [`Objective::other_technician_cost`].
    pub preferred: BTreeSet<String>,
}

/// Another visit that has to be over first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct After {
    /// The other visit, by its place in the problem.
    pub visit: usize,
    /// How long after its end this one may begin.
    #[serde(default)]
    pub lag_seconds: i32,
}

/// Something to be done at a place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// When the work is to be over, by an agreement or a promise; what is later is counted, and comes before every cost.
    pub due_seconds: Option<i32>,
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
    /// How many technicians do it together, all of them there from the beginning; 0 and 1 are the same.
    pub crew: usize,
    /// What has to be over first.
    pub after: Vec<After>,
    /// Whether it is not to be made any more; it stays in its place so that others keep theirs.
    pub is_cancelled: bool,
    /// The only shift that may do it: a dispatcher has pinned it there.
    pub pinned_shift: Option<usize>,
    /// The shift it was planned in until now: any other costs [`Objective::moved_visit_cost`].
    pub planned_shift: Option<usize>,
}

/// Time off within a shift. Whoever is still out when its window is over has begun it by then; it may interrupt a drive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// The earliest moment it may begin.
    pub from_seconds: i32,
    /// The latest moment it may begin.
    pub until_seconds: i32,
    /// How long it is.
    pub break_seconds: i32,
}

/// Where a technician can fetch what is not on board, once in a shift.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Depot {
    /// What people call it.
    pub name: String,
    /// Where, by the number of the place in [`Travel`].
    pub place: usize,
    /// How long fetching takes.
    pub service_seconds: i32,
    /// The tools that can be had there.
    pub tools: BTreeSet<String>,
    /// The parts of which there are as many as anybody needs.
    pub parts: BTreeSet<String>,
}

/// A visit that was made, or is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Made {
    /// The visit, by its place in the problem.
    pub visit: usize,
    /// When it was over, or will be.
    pub ends_seconds: i32,
}

/// What of a shift has happened already.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// The visits that were made or are under way; they are in no tour, and not unserved.
    #[serde(default)]
    pub visits: Vec<Made>,
    /// How many breaks were taken.
    #[serde(default)]
    pub breaks: usize,
    /// Where the technician is free next.
    pub place: usize,
    /// When the technician is free next.
    pub free_seconds: i32,
}

/// A technician's working day with a vehicle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// By how much it may end later, at [`Objective::overtime_second_cost`].
    pub most_overtime_seconds: i32,
    /// Time off, in its order.
    pub breaks: Vec<Break>,
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
    /// Where missing tools and parts can be fetched, by its place in the problem.
    pub depot: Option<usize>,
    /// What of it has happened already.
    pub done: Option<Done>,
}

impl Shift {
    /// Where and when it goes on from.
    pub fn sets_out(&self) -> (usize, i32) {
        self.done.as_ref().map_or((self.start_place, self.start_seconds), |done| (done.place, done.free_seconds))
    }

    /// The breaks still to be taken.
    pub fn breaks_left(&self) -> &[Break] {
        &self.breaks[self.done.as_ref().map_or(0, |done| done.breaks.min(self.breaks.len()))..]
    }

    /// When it must be over.
    pub fn ends_by(&self) -> i32 {
        self.end_seconds + self.most_overtime_seconds
    }
}

/// What is to be little, once everybody is served who can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Objective {
    /// Whether using fewer shifts comes before everything that follows.
    pub fewest_shifts: bool,
    /// What a meter costs.
    pub meter_cost: i64,
    /// What a second of driving costs.
    pub travel_second_cost: i64,
    /// What a second from setting out to being back costs: driving, waiting, work and breaks.
    pub working_second_cost: i64,
    /// What a second after the shift's end costs.
    pub overtime_second_cost: i64,
    /// What it costs that somebody makes a visit who is not preferred.
    pub other_technician_cost: i64,
    /// What it costs that a visit moves to another shift than it was planned in.
    pub moved_visit_cost: i64,
}

impl Objective {
    /// What driving costs.
    pub(crate) fn cost(&self, meters: i64, seconds: i64) -> i64 {
        meters * self.meter_cost + seconds * self.travel_second_cost
    }

    /// What it costs that this visit is made in this shift, wherever in it.
    pub(crate) fn visit_cost(&self, visit: &Visit, number: usize, shift: &Shift) -> i64 {
        let preferred = &visit.technicians.preferred;
        let is_other = !preferred.is_empty() && !preferred.contains(&shift.technician);
        let is_moved = visit.planned_shift.is_some_and(|planned| planned != number);
        i64::from(is_other) * self.other_technician_cost + i64::from(is_moved) * self.moved_visit_cost
    }
}

impl Default for Objective {
    fn default() -> Self {
        Self {
            fewest_shifts: false,
            meter_cost: 1,
            travel_second_cost: 0,
            working_second_cost: 0,
            overtime_second_cost: 1,
            other_technician_cost: 600,
            moved_visit_cost: 0,
        }
    }
}

/// What there is to do and who is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    visits: Vec<Visit>,
    shifts: Vec<Shift>,
    depots: Vec<Depot>,
    travel: Travel,
    objective: Objective,
}

/// What is wrong with a problem, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {name}: {field}: {problem}")]
pub struct ProblemError {
    /// `visit`, `shift` or `depot`.
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
    /// Names the first visit, shift or depot that makes no sense, and its field.
    pub fn new(
        visits: Vec<Visit>,
        shifts: Vec<Shift>,
        depots: Vec<Depot>,
        travel: Travel,
        objective: Objective,
    ) -> Result<Self, ProblemError> {
        let problem = Self { visits, shifts, depots, travel, objective };
        validate::check(&problem)?;
        Ok(problem)
    }

    /// What is to be done.
    pub fn visits(&self) -> &[Visit] {
        &self.visits
    }

    /// Who is there.
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// Where things can be fetched.
    pub fn depots(&self) -> &[Depot] {
        &self.depots
    }

    /// How far it is.
    pub fn travel(&self) -> &Travel {
        &self.travel
    }

    /// What is to be little.
    pub fn objective(&self) -> Objective {
        self.objective
    }

    /// The depot of a shift.
    pub(crate) fn depot_of(&self, shift: &Shift) -> Option<&Depot> {
        shift.depot.map(|depot| &self.depots[depot])
    }

    /// Which visits hang together with others: they take a crew, come after others, or others come after them.
    pub fn bound(&self) -> Vec<bool> {
        let is_bound = |visit: &Visit| visit.crew_size() > 1 || !visit.after.is_empty();
        let mut bound: Vec<bool> = self.visits.iter().map(is_bound).collect();
        self.visits.iter().flat_map(|visit| &visit.after).for_each(|after| bound[after.visit] = true);
        bound
    }

    /// Which visits need no planning: they were made, are under way, or are cancelled.
    pub fn is_done(&self) -> Vec<bool> {
        let mut is_done: Vec<bool> = self.visits.iter().map(|visit| visit.is_cancelled).collect();
        let done = self.shifts.iter().filter_map(|shift| shift.done.as_ref());
        done.flat_map(|done| &done.visits).for_each(|made| is_done[made.visit] = true);
        is_done
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

    /// How many technicians do it together.
    pub fn crew_size(&self) -> usize {
        self.crew.max(1)
    }
}
