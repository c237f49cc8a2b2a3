//! Who could do one task, and what is in the way of the others: the day as it stands, with this task on top of it.
//!
//! Other open tasks take no room here, but for those whose time a customer was promised: whoever asks about one task wants to hand out
//! that one first.

use std::collections::BTreeSet;

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_routing::{Board, Offer, Plan, Tour, Window};

use super::day::Day;
use super::problem::Posed;
use super::report::{Candidate, Candidates, InTheWay, Room, Subject, Times};
use super::span::Span;
use super::tasks::{Open, Sorted, sorted};
use super::words::in_the_way;
use super::{DispatchError, Result};
use crate::call::Call;

/// Reads a task and the rosters of its dispatch group, and ranks the technicians.
pub(super) fn of_task(call: &Call<'_>, task: SysId, within: Span) -> Result<Candidates> {
    let (group, open) = open_task(call, task, within)?;
    if open.crew > 1 {
        let crew = format!("{} takes a crew of {}", open.task.text("number"), open.crew);
        let problem = format!("{crew}; ask for its slots, or let it be assigned to the best there are");
        return Err(DispatchError::Invalid { field: "task", problem });
    }
    let task = Subject::of(&open.task);
    let day = Day::read(call, group, within)?.with_only(open);
    Ok(Candidates { task, candidates: ranked(&day)?, absent: day.rosters.absent })
}

/// A task as if nobody had it, with its dispatch group.
pub(super) fn open_task(call: &Call<'_>, task: SysId, within: Span) -> Result<(SysId, Open)> {
    let id = DocumentId::new("wm_task", task);
    let task = call.row(&id)?.ok_or_else(|| DispatchError::NotFound(id.to_string()))?;
    as_open(call, &task, within)
}

/// The same of a task as it would be.
pub(super) fn as_open(call: &Call<'_>, task: &Record, within: Span) -> Result<(SysId, Open)> {
    let unfit = |problem: &str| {
        let problem = format!("{} {problem}", task.text("number"));
        Err(DispatchError::Invalid { field: "task", problem })
    };
    if task.get("active") == Some(&Value::Boolean(false)) {
        return unfit("is closed; open another task");
    }
    let Some(group) = task.reference("dispatch_group") else { return unfit("has no dispatch group; choose one") };
    match sorted(call, task, within)? {
        Sorted::Open(open) => {
            if let Some(before) = open.waits_for.iter().find(|before| before.ends_by().is_none()) {
                return unfit(&format!("comes after {}, which has no time yet", before.task.text("number")));
            }
            Ok((group, open.alone()))
        }
        Sorted::Refused(reason) => unfit(&reason),
        Sorted::Later => unfit("may not begin in these days; look at later ones"),
    }
}

impl Open {
    /// A task as if nobody had it, after what has to be over first.
    fn alone(mut self) -> Self {
        self.wait_for_those_with_a_time(&BTreeSet::new());
        if self.holder.take().is_some() {
            self.required = self.task.references("required_agents").into_iter().collect();
        }
        self
    }
}

/// The technicians with room first, the cheapest first; then the others, the nearest miss first.
fn ranked(day: &Day) -> Result<Vec<Candidate>> {
    let posed = Posed::of(day)?;
    let standing = posed.promised_plan()?;
    let any_time = Window { from_seconds: 0, until_seconds: posed.last_second() };
    let visit = &posed.problem.visits()[THE_TASK];
    let offers = Board::new(&posed.problem, &standing).offers(visit, &[any_time], posed.shifts.len());
    let mut candidates: Vec<Candidate> = Vec::new();
    for offer in &offers {
        let technician = posed.shifts[offer.shift].who.clone();
        if candidates.iter().all(|known| known.technician != technician) {
            candidates.push(Candidate { technician, room: Some(room_of(&posed, &standing, offer)), reason: None });
        }
    }
    for InTheWay { technician, reason } in in_the_way(day, &posed, &standing, THE_TASK) {
        if candidates.iter().all(|known| known.technician != technician) {
            candidates.push(Candidate { technician, room: None, reason: Some(reason) });
        }
    }
    Ok(candidates)
}

/// The visit that is asked about: open tasks are posed first, and there is one.
pub(super) const THE_TASK: usize = 0;

/// An offer to make the visit that is asked about beside a plan, as moments.
pub(super) fn room_of(posed: &Posed<'_>, plan: &Plan, offer: &Offer) -> Room {
    let (problem, tour) = (&posed.problem, plan.tour_of(offer.shift));
    let others: Vec<usize> = tour.into_iter().flat_map(Tour::visits).collect();
    let (shift, travel) = (&problem.shifts()[offer.shift], problem.travel());
    let place_of = |index: usize| others.get(index).map(|visit| problem.visits()[*visit].place);
    let before = offer.position.checked_sub(1).and_then(place_of).unwrap_or(shift.start_place);
    let after = place_of(offer.position).unwrap_or(shift.end_place);
    let visit = &problem.visits()[THE_TASK];
    let travel_seconds = travel.seconds(before, visit.place);
    // Who has nothing to do stays at home.
    let spared_seconds = if others.is_empty() { 0 } else { travel.seconds(before, after) };
    let added_travel_seconds = i64::from(travel_seconds + travel.seconds(visit.place, after) - spared_seconds);
    let times = Times {
        scheduled_travel_start: posed.moment(offer.begins_seconds - travel_seconds),
        travel_seconds: travel_seconds.into(),
        travel_meters: travel.meters(before, visit.place).into(),
        expected_start: posed.moment(offer.begins_seconds),
        estimated_end: posed.moment(offer.begins_seconds + visit.service_seconds_by(&shift.technician)),
    };
    Room { times, late_seconds: offer.late_seconds, added_travel_seconds }
}
