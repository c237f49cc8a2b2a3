//! A part of a problem: some of its shifts and visits with only the places they need, so that what concerns a few technicians costs
//! no more where there are hundreds.

use std::collections::BTreeMap;

use crate::plan::{Activity, Plan, Stop, Tour, Unserved};
use crate::problem::{Depot, Done, Problem, ProblemError, Shift, Visit};
use crate::travel::Travel;

/// A part of a problem, and which numbers its shifts and visits have in the whole.
pub struct Part {
    pub problem: Problem,
    shifts: Vec<usize>,
    visits: Vec<usize>,
}

/// Places that are needed, with their new numbers.
#[derive(Default)]
struct Places {
    numbers: BTreeMap<usize, usize>,
    list: Vec<usize>,
}

impl Places {
    fn number(&mut self, place: usize) -> usize {
        let Self { numbers, list } = self;
        *numbers.entry(place).or_insert_with(|| {
            list.push(place);
            list.len() - 1
        })
    }

    fn shift(&mut self, shift: &Shift) -> Shift {
        let done = shift.done.as_ref();
        Shift {
            start_place: self.number(shift.start_place),
            end_place: self.number(shift.end_place),
            // Who was visited is of no concern any more; where and when it goes on is.
            done: done.map(|done| Done { visits: Vec::new(), place: self.number(done.place), ..done.clone() }),
            ..shift.clone()
        }
    }

    fn travel(&self, whole: &Travel) -> Travel {
        let part = |way: &dyn Fn(usize, usize) -> i32| {
            self.list.iter().flat_map(|from| self.list.iter().map(|to| way(*from, *to)).collect::<Vec<_>>()).collect()
        };
        let seconds = part(&|from, to| whole.seconds(from, to));
        let meters = part(&|from, to| whole.meters(from, to));
        Travel::new(self.list.len(), seconds, meters).expect("a part of ways is as right as the whole")
    }
}

impl Part {
    /// Some shifts and visits of a problem, and guests that are in no problem yet, behind them. `alter` is asked for every visit; none
    /// may be left that waits for others. Nobody in it is pinned to or planned in a shift outside.
    ///
    /// # Errors
    /// When a guest makes no sense.
    pub fn of(
        whole: &Problem,
        shifts: Vec<usize>,
        visits: Vec<usize>,
        alter: impl Fn(usize, Visit) -> Visit,
        guests: &[Visit],
    ) -> Result<Self, ProblemError> {
        let mut places = Places::default();
        let shift_number = |shift: usize| shifts.iter().position(|other| *other == shift);
        let inside = visits.iter().map(|visit| alter(*visit, whole.visits()[*visit].clone()));
        let mut part_visits: Vec<Visit> = inside.chain(guests.iter().cloned()).collect();
        for visit in &mut part_visits {
            visit.place = places.number(visit.place);
            visit.pinned_shift = visit.pinned_shift.and_then(shift_number);
            visit.planned_shift = visit.planned_shift.and_then(shift_number);
        }
        let part_shifts = shifts.iter().map(|shift| places.shift(&whole.shifts()[*shift])).collect();
        let depot = |depot: &Depot| Depot { place: places.number(depot.place), ..depot.clone() };
        let depots: Vec<Depot> = whole.depots().iter().map(depot).collect();
        let travel = places.travel(whole.travel());
        let problem = Problem::new(part_visits, part_shifts, depots, travel, whole.objective())?;
        Ok(Self { problem, shifts, visits })
    }

    /// A plan for the part, told in the numbers of the whole.
    pub fn told(&self, plan: &Plan) -> Plan {
        let stop = |stop: &Stop| match stop.activity {
            Activity::Visit(visit) => Stop { activity: Activity::Visit(self.visits[visit]), ..*stop },
            Activity::Break(_) | Activity::Depot(_) => *stop,
        };
        let tour = |tour: &Tour| Tour {
            shift: self.shifts[tour.shift],
            leaves_seconds: tour.leaves_seconds,
            stops: tour.stops.iter().map(stop).collect(),
        };
        let unserved = plan.unserved.iter().map(|unserved| Unserved { visit: self.visits[unserved.visit] });
        Plan { tours: plan.tours.iter().map(tour).collect(), unserved: unserved.collect(), score: plan.score }
    }

    /// What a plan for the whole says of the part.
    pub fn asked(&self, plan: &Plan) -> Plan {
        let number = |visit: usize| self.visits.iter().position(|other| *other == visit);
        let stop = |stop: &Stop| match stop.activity {
            Activity::Visit(visit) => Some(Stop { activity: Activity::Visit(number(visit)?), ..*stop }),
            Activity::Break(_) | Activity::Depot(_) => Some(*stop),
        };
        let tours = self.shifts.iter().enumerate().filter_map(|(shift, whole)| {
            let tour = plan.tour_of(*whole)?;
            let stops = tour.stops.iter().filter_map(stop).collect();
            Some(Tour { shift, leaves_seconds: tour.leaves_seconds, stops })
        });
        let unserved = plan.unserved.iter().filter_map(|unserved| Some(Unserved { visit: number(unserved.visit)? }));
        Plan { tours: tours.collect(), unserved: unserved.collect(), score: plan.score }
    }
}
