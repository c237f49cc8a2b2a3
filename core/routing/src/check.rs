//! Judges a plan by the problem alone, slowly and plainly; shares no code with the search.

use std::collections::BTreeMap;

use crate::features::obstacle;
use crate::plan::{Activity, Plan, Stop, Tour};
use crate::problem::{Problem, Shift, Visit};
use crate::score::Score;

/// What a plan is worth, which is what it says of itself.
///
/// # Errors
/// Everything that is wrong with it, one line each.
pub fn check(problem: &Problem, plan: &Plan) -> Result<Score, Vec<String>> {
    let score = worth(problem, plan)?;
    match score == plan.score {
        true => Ok(score),
        false => Err(vec![format!("the plan says it is worth ({}) and is worth ({score})", plan.score)]),
    }
}

/// What a plan is worth, whatever it says of itself.
///
/// # Errors
/// Everything that is wrong with it, one line each.
pub fn worth(problem: &Problem, plan: &Plan) -> Result<Score, Vec<String>> {
    let mut wrong = everybody_once(problem, plan);
    wrong.extend(together(problem, plan));
    let mut score = Score::default();
    for tour in &plan.tours {
        let Some(shift) = problem.shifts().get(tour.shift) else {
            wrong.push(format!("there is no shift {}", tour.shift));
            continue;
        };
        match Drive::through(problem, shift, tour) {
            Ok(drive) => {
                score.shifts += i64::from(problem.objective().fewest_shifts);
                score.late_seconds += drive.late_seconds;
                score.cost += drive.cost;
            }
            Err(what) => wrong.push(format!("shift {} \"{}\": {what}", tour.shift, shift.name)),
        }
    }
    for visit in plan.unserved.iter().filter_map(|unserved| problem.visits().get(unserved.visit)) {
        score.unserved[visit.priority] += visit.worth();
    }
    if wrong.is_empty() { Ok(score) } else { Err(wrong) }
}

fn everybody_once(problem: &Problem, plan: &Plan) -> Vec<String> {
    let (mut made, mut left) = (vec![0; problem.visits().len()], vec![0; problem.visits().len()]);
    let mut wrong = Vec::new();
    let mut count = |times: &mut Vec<usize>, visit: usize| match times.get_mut(visit) {
        Some(times) => *times += 1,
        None => wrong.push(format!("there is no visit {visit}")),
    };
    plan.tours.iter().flat_map(Tour::visits).for_each(|visit| count(&mut made, visit));
    plan.unserved.iter().for_each(|unserved| count(&mut left, unserved.visit));
    let mut shifts: BTreeMap<usize, usize> = BTreeMap::new();
    plan.tours.iter().for_each(|tour| *shifts.entry(tour.shift).or_default() += 1);
    wrong.extend(
        shifts.iter().filter(|(_, tours)| **tours > 1).map(|(shift, _)| format!("shift {shift} has two tours")),
    );
    let is_done = problem.is_done();
    for (number, visit) in problem.visits().iter().enumerate() {
        let (made, left) = (made[number], left[number]);
        match (is_done[number], made, left) {
            (true, 0, 0) | (false, 0, 1) => {}
            (false, made, 0) if made == visit.crew_size() => {}
            (true, ..) => wrong.push(format!("visit {number} was made already, or is cancelled")),
            _ => wrong.push(format!("visit {number} is in the plan {} times", made + left)),
        }
    }
    wrong
}

/// Whether crews are together, and nobody comes before those who have to be over.
fn together(problem: &Problem, plan: &Plan) -> Vec<String> {
    let mut made: BTreeMap<usize, Vec<(&Shift, i32)>> = BTreeMap::new();
    for tour in &plan.tours {
        let Some(shift) = problem.shifts().get(tour.shift) else { continue };
        tour.timed_visits().for_each(|(visit, begins)| made.entry(visit).or_default().push((shift, begins)));
    }
    let mut wrong = Vec::new();
    for (number, crew) in &made {
        let Some(visit) = problem.visits().get(*number) else { continue };
        let begins = crew.iter().map(|(_, begins)| *begins).min().unwrap_or_default();
        let counts_twice = crew
            .iter()
            .enumerate()
            .any(|(member, (shift, _))| crew[..member].iter().any(|(other, _)| is_one_person(shift, other)));
        if crew.iter().any(|(_, other)| *other != begins) || counts_twice {
            wrong.push(format!("visit {number} \"{}\": its crew is not together", visit.name));
        }
        for after in &visit.after {
            let done = problem.shifts().iter().filter_map(|shift| shift.done.as_ref()).flat_map(|done| &done.visits);
            let done = done.filter(|made| made.visit == after.visit).map(|made| made.ends_seconds).max();
            let first = &problem.visits()[after.visit];
            let end = |(shift, begins): &(&Shift, i32)| begins + first.service_seconds_by(&shift.technician);
            let planned = made.get(&after.visit).and_then(|crew| crew.iter().map(end).max());
            let cancelled = first.is_cancelled.then_some(0);
            let over = done.or(planned).or(cancelled);
            if over.is_none_or(|over| begins < over + after.lag_seconds) {
                wrong.push(format!("visit {number} \"{}\" begins before visit {} is over", visit.name, after.visit));
            }
        }
    }
    wrong
}

/// Whether two of a crew are one; those who have no name are told apart by their shifts.
fn is_one_person(shift: &Shift, other: &Shift) -> bool {
    std::ptr::eq(shift, other) || (!shift.technician.is_empty() && shift.technician == other.technician)
}

/// A tour under way.
struct Drive<'p> {
    problem: &'p Problem,
    shift: &'p Shift,
    number: usize,
    place: usize,
    /// When the last stop was over.
    left_at: i64,
    /// Breaks since then: when each begins, and how long it is.
    rests: Vec<(i64, i64)>,
    breaks: usize,
    has_fetched: bool,
    used: BTreeMap<&'p str, i64>,
    drives: i64,
    cost: i64,
    late_seconds: i64,
}

impl<'p> Drive<'p> {
    /// Follows a tour from its start to its end.
    fn through(problem: &'p Problem, shift: &'p Shift, tour: &Tour) -> Result<Self, String> {
        let (place, at) = shift.sets_out();
        if tour.leaves_seconds < at {
            return Err(format!("it sets out at {} and cannot before {at}", tour.leaves_seconds));
        }
        let breaks = shift.done.as_ref().map_or(0, |done| done.breaks);
        let mut drive = Self {
            problem,
            shift,
            number: tour.shift,
            place,
            left_at: i64::from(tour.leaves_seconds),
            rests: Vec::new(),
            breaks,
            has_fetched: false,
            used: BTreeMap::new(),
            drives: 0,
            cost: 0,
            late_seconds: 0,
        };
        if tour.visits().next().is_none() {
            return Err("it has no visit".into());
        }
        tour.stops.iter().try_for_each(|stop| drive.stop(stop))?;
        let began = if shift.done.is_some() { at } else { tour.leaves_seconds };
        drive.end(i64::from(began))?;
        Ok(drive)
    }

    fn stop(&mut self, stop: &Stop) -> Result<(), String> {
        let begins = i64::from(stop.begins_seconds);
        match stop.activity {
            Activity::Break(number) => self.rest(number, begins),
            Activity::Depot(number) => {
                let own = self.problem.depot_of(self.shift).filter(|_| self.shift.depot == Some(number));
                let depot = own.ok_or_else(|| format!("depot {number} is not its own"))?;
                self.reach(depot.place, begins).map_err(|what| format!("the depot {what}"))?;
                self.has_fetched = true;
                self.left_at = begins + i64::from(depot.service_seconds);
                Ok(())
            }
            Activity::Visit(number) => {
                let visit = self.problem.visits().get(number).ok_or_else(|| format!("there is no visit {number}"))?;
                self.visit(number, visit, begins).map_err(|what| format!("visit {number} \"{}\" {what}", visit.name))
            }
        }
    }

    fn rest(&mut self, number: usize, begins: i64) -> Result<(), String> {
        let rest = self.shift.breaks.get(number).filter(|_| number == self.breaks);
        let rest = rest.ok_or_else(|| format!("break {number} is not the next"))?;
        let free = self.rests.last().map_or(self.left_at, |(begins, seconds)| begins + seconds);
        let window = i64::from(rest.from_seconds)..=i64::from(rest.until_seconds);
        if begins < free || !window.contains(&begins) {
            return Err(format!("break {number} begins at {begins}"));
        }
        self.breaks += 1;
        self.rests.push((begins, i64::from(rest.break_seconds)));
        Ok(())
    }

    /// Drives to a place where something begins.
    fn reach(&mut self, place: usize, begins: i64) -> Result<(), String> {
        let arrives = self.drive(place);
        if arrives > begins { Err(format!("is reached at {arrives} and begins at {begins}")) } else { Ok(()) }
    }

    /// Drives to a place; when it is reached, after the breaks on the way.
    fn drive(&mut self, place: usize) -> i64 {
        let travel = self.problem.travel();
        let seconds = i64::from(travel.seconds(self.place, place));
        self.drives += seconds;
        self.cost += self.problem.objective().cost(i64::from(travel.meters(self.place, place)), seconds);
        self.place = place;
        let rests = std::mem::take(&mut self.rests);
        rests.into_iter().fold(self.left_at + seconds, |at, (begins, seconds)| at.max(begins) + seconds)
    }

    fn visit(&mut self, number: usize, visit: &'p Visit, begins: i64) -> Result<(), String> {
        if let Some(obstacle) = obstacle(self.problem, number, self.number) {
            return Err(format!("is not for it: {obstacle:?}"));
        }
        self.reach(visit.place, begins)?;
        let is_open = |from: i32, until: i32| (i64::from(from)..=i64::from(until)).contains(&begins);
        if !visit.windows.is_empty()
            && !visit.windows.iter().any(|window| is_open(window.from_seconds, window.until_seconds))
        {
            return Err(format!("is reached at {begins}, outside its windows"));
        }
        visit.parts.iter().for_each(|(part, amount)| *self.used.entry(part).or_default() += i64::from(*amount));
        self.has_what_it_takes(visit)?;
        self.left_at = begins + i64::from(visit.service_seconds_by(&self.shift.technician));
        self.late_seconds += visit.due_seconds.map_or(0, |due| (self.left_at - i64::from(due)).max(0));
        self.cost += self.problem.objective().visit_cost(visit, self.number, self.shift);
        Ok(())
    }

    /// Whether tools and parts are on board by now.
    fn has_what_it_takes(&self, visit: &Visit) -> Result<(), String> {
        let depot = self.problem.depot_of(self.shift).filter(|_| self.has_fetched);
        let has_tool = |tool: &&String| {
            !self.shift.tools.contains(*tool) && !depot.is_some_and(|depot| depot.tools.contains(*tool))
        };
        if let Some(tool) = visit.tools.iter().find(has_tool) {
            return Err(format!("takes {tool}, which is not on board yet"));
        }
        for (part, used) in &self.used {
            let has = i64::from(self.shift.stock.get(*part).copied().unwrap_or(0));
            if *used > has && !depot.is_some_and(|depot| depot.parts.contains(*part)) {
                return Err(format!("makes it {used} of {part} that are used, and {has} are on board"));
            }
        }
        Ok(())
    }

    fn end(&mut self, began: i64) -> Result<(), String> {
        let ends = self.drive(self.shift.end_place);
        if ends > i64::from(self.shift.ends_by()) {
            return Err(format!("it ends at {ends}, and must at {}", self.shift.ends_by()));
        }
        if self.shift.breaks[self.breaks.min(self.shift.breaks.len())..]
            .iter()
            .any(|rest| ends > i64::from(rest.until_seconds))
        {
            return Err("a break is not taken".into());
        }
        if self.shift.most_travel_seconds.is_some_and(|most| self.drives > i64::from(most)) {
            return Err(format!("it drives {} seconds", self.drives));
        }
        let objective = self.problem.objective();
        self.cost += (ends - i64::from(self.shift.end_seconds)).max(0) * objective.overtime_second_cost;
        self.cost += (ends - began) * objective.working_second_cost;
        Ok(())
    }
}
