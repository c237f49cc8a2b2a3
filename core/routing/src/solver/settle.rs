//! What makes tours more than linked lists: times beyond the plain ones, and visits that are held together.

use super::tours::{FREE, NONE, Node, Tours};
use crate::model::{Model, NEVER};
use crate::walk::{Beyond, Call, Order, Progress, Walk};

/// Room to walk in, used again and again.
#[derive(Default)]
pub struct Room {
    pub calls: Vec<Call>,
    pub progress: [Progress; 2],
}

impl Tours<'_, '_> {
    /// Walks every tour that changed; one that cannot be driven breaks the plan.
    pub fn settle(&mut self) {
        while let Some(tour) = self.unsettled.pop() {
            match self.walked(tour) {
                Some(beyond) => {
                    let before = std::mem::replace(&mut self.tours[tour as usize].beyond, beyond);
                    self.beyond.late_seconds += beyond.late_seconds - before.late_seconds;
                    self.beyond.cost += beyond.cost - before.cost;
                }
                None => self.is_broken = true,
            }
        }
    }

    /// What a tour is worth beyond its ways, since it was settled.
    pub fn beyond_of(&self, tour: u32) -> Beyond {
        self.tours[tour as usize].beyond
    }

    fn walked(&mut self, tour: u32) -> Option<Beyond> {
        let mut room = std::mem::take(&mut self.room);
        room.calls.clear();
        room.calls.extend(self.calls(tour));
        let walk = Walk::new(self.model, tour);
        let beyond = if room.calls.is_empty() {
            Some(Beyond::default())
        } else {
            walk.beyond_in(&room.calls, &mut room.progress)
        };
        self.room = room;
        beyond
    }

    /// Takes out whatever cannot stay without those that are out already: other members of a crew, and who comes after.
    pub fn remove_bound(&mut self) {
        let bonds = &self.model.bonds;
        if bonds.are_none() {
            return;
        }
        let mut index = 0;
        while let Some(stop) = self.absent.get(index).copied() {
            let members = bonds.members(stop).iter().copied();
            let followers = bonds.followers(stop).iter().flat_map(|visit| all_stops(self.model, *visit));
            let bound: Vec<u32> = members.chain(followers).collect();
            for other in bound {
                if self.nodes[other as usize].tour != NONE {
                    self.remove(other);
                    self.absent.push(other);
                }
            }
            index += 1;
        }
    }

    /// Makes the stops of a plan, as far as they fit; those that do not are absent.
    pub fn adopt(&mut self, orders: &[Order]) {
        debug_assert_eq!(self.busy.len(), 0, "tours are adopted by empty ones");
        for (tour, calls) in orders {
            let mut here = self.start(*tour);
            for call in calls {
                if self.is_added(here, *call) {
                    here = call.stop;
                }
            }
        }
        let nodes = &self.nodes;
        self.absent.retain(|stop| nodes[*stop as usize].tour == NONE);
        self.remove_bound();
        self.settle();
    }

    /// Whether a visit can be made after a node, as far as the two nodes around it tell; time first, which rules out most.
    #[inline]
    pub fn fits_after(&self, before: u32, visit: u32) -> bool {
        let Node { next, tour, place, departs, .. } = self.nodes[before as usize];
        let (model, here, after) = (self.model, self.model.stops[visit as usize].place, &self.nodes[next as usize]);
        let begins = model.begins(visit, departs + model.seconds.between(place, here));
        begins != NEVER
            && begins + model.service(visit, tour) + model.seconds.between(here, after.place) <= after.latest
            && model.serves(tour, visit)
            && self.has_parts_for(tour, visit)
            && self.may_drive(visit, before)
    }

    pub fn is_added(&mut self, before: u32, call: Call) -> bool {
        if self.nodes[call.stop as usize].tour != NONE || !self.fits_after(before, call.stop) {
            return false;
        }
        self.insert(call.stop, before);
        if self.model.is_held(call.stop) {
            self.hold(call.stop, call.from);
        }
        self.settle();
        if self.is_broken {
            self.remove(call.stop);
            self.settle();
            self.is_broken = false;
            return false;
        }
        true
    }

    /// When the work of a stop begins and ends as its tour is now.
    pub fn times(&self, stop: u32) -> Option<(i32, i32)> {
        let node = &self.nodes[stop as usize];
        (node.held_at != FREE).then(|| (node.held_at, node.held_at + self.model.service(stop, node.tour)))
    }
}

/// All stops of a visit.
pub fn all_stops(model: &Model<'_>, visit: u32) -> Vec<u32> {
    match model.bonds.members(visit) {
        [] => vec![visit],
        members => members.to_vec(),
    }
}
