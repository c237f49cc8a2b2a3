//! Writes a tour down: with what was decided on each leg, every stop gets its moment.

use crate::plan::{Activity, Stop, Tour};
use crate::walk::{Call, Label, Walk};

impl Walk<'_, '_> {
    /// Goes through a tour again from a moment on, with what was decided on each leg.
    pub(crate) fn told(&self, calls: &[Call], legs: &[Label], sets_out: i32) -> Tour {
        let mut teller =
            Teller { walk: self, now: sets_out, place: self.shift.sets_out().0 as u32, breaks: 0, stops: vec![] };
        for (index, leg) in legs.iter().enumerate() {
            if let Some(((breaks, depot), number)) = leg.breaks_at_depot.zip(self.depot).zip(self.shift.depot) {
                teller.drive(depot.place as u32, breaks);
                teller.stop(Activity::Depot(number), depot.service_seconds);
            }
            let to = calls
                .get(index)
                .map_or(self.shift.end_place, |call| self.model.stops[call.stop as usize].place as usize);
            teller.drive(to as u32, leg.breaks);
            if let Some(call) = calls.get(index) {
                teller.now = self.model.begins(call.stop, teller.now.max(call.from));
                let visit = self.model.bonds.visit_of[call.stop as usize] as usize;
                teller.stop(Activity::Visit(visit), self.model.service(call.stop, self.number));
            }
        }
        let leaves_seconds = teller.leaves(sets_out);
        Tour { shift: self.number as usize, leaves_seconds, stops: teller.stops }
    }
}

/// Writes a tour down.
struct Teller<'w, 'm, 'p> {
    walk: &'w Walk<'m, 'p>,
    now: i32,
    place: u32,
    breaks: u8,
    stops: Vec<Stop>,
}

impl Teller<'_, '_, '_> {
    fn stop(&mut self, activity: Activity, seconds: i32) {
        self.stops.push(Stop { activity, begins_seconds: self.now });
        self.now += seconds;
    }

    /// Drives to a place, until so many breaks were taken in all.
    fn drive(&mut self, to: u32, breaks: u8) {
        let mut way = self.walk.model.seconds.between(self.place, to);
        while self.breaks < breaks {
            let next = self.walk.breaks[self.breaks as usize];
            let taken = self.walk.shift.breaks.len() - self.walk.breaks.len();
            let begins_seconds = self.now.max(next.from_seconds);
            self.stops.push(Stop { activity: Activity::Break(taken + self.breaks as usize), begins_seconds });
            self.now = (self.now + std::mem::take(&mut way)).max(next.from_seconds) + next.break_seconds;
            self.breaks += 1;
        }
        self.now += way;
        self.place = to;
    }

    /// When to set out so as not to wait at the first stop.
    fn leaves(&self, sets_out: i32) -> i32 {
        let (Some(first), start) = (self.stops.first(), self.walk.shift.sets_out().0 as u32) else { return sets_out };
        let place = match first.activity {
            Activity::Visit(visit) => self.walk.model.stops[visit].place,
            Activity::Depot(_) => self.walk.depot.map_or(start, |depot| depot.place as u32),
            Activity::Break(_) => return sets_out,
        };
        sets_out.max(first.begins_seconds - self.walk.model.seconds.between(start, place))
    }
}
