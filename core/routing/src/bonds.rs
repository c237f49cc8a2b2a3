//! What holds visits together: crews, and visits that come after others. In a search, whatever is held keeps the time it was given,
//! so that everything else stays a matter of one tour.

use crate::problem::{Shift, Visit};

/// A crew: the first so many who are different technicians, none when there are fewer. Those who have no name are told apart by their
/// shifts.
pub fn crew<'s, T>(
    size: usize,
    candidates: impl IntoIterator<Item = T>,
    shift_of: impl Fn(&T) -> &'s Shift,
) -> Option<Vec<T>> {
    let mut crew: Vec<T> = Vec::with_capacity(size);
    for candidate in candidates {
        let technician = &shift_of(&candidate).technician;
        let is_there = !technician.is_empty() && crew.iter().any(|other| shift_of(other).technician == *technician);
        if !is_there {
            crew.push(candidate);
        }
        if crew.len() == size {
            return Some(crew);
        }
    }
    None
}

/// Who hangs together with whom.
#[derive(Default)]
pub struct Bonds {
    /// Which visit a stop belongs to.
    pub visit_of: Vec<u32>,
    /// The stops of each visit; empty when nobody needs a crew.
    members: Vec<Vec<u32>>,
    /// Which visits come after each; empty when none does.
    followers: Vec<Vec<u32>>,
    /// How many visits have to be over one after the other before each.
    depth: Vec<u32>,
}

impl Bonds {
    pub fn new(visits: &[Visit]) -> Self {
        let mut bonds = Self { visit_of: (0..visits.len() as u32).collect(), ..Self::default() };
        if visits.iter().any(|visit| visit.crew_size() > 1) {
            for (number, visit) in visits.iter().enumerate() {
                let more = (1..visit.crew_size()).map(|_| {
                    bonds.visit_of.push(number as u32);
                    bonds.visit_of.len() as u32 - 1
                });
                let members = std::iter::once(number as u32).chain(more.collect::<Vec<_>>()).collect();
                bonds.members.push(members);
            }
        }
        if visits.iter().any(|visit| !visit.after.is_empty()) {
            bonds.followers = vec![Vec::new(); visits.len()];
            bonds.depth = vec![0; visits.len()];
            for (number, visit) in visits.iter().enumerate() {
                visit.after.iter().for_each(|after| bonds.followers[after.visit].push(number as u32));
            }
            (0..visits.len()).for_each(|visit| bonds.deepen(visits, visit));
        }
        bonds
    }

    fn deepen(&mut self, visits: &[Visit], visit: usize) {
        let depth = visits[visit].after.iter().map(|after| self.depth[after.visit] + 1).max().unwrap_or(0);
        if depth > self.depth[visit] {
            self.depth[visit] = depth;
            self.followers[visit].clone().into_iter().for_each(|follower| self.deepen(visits, follower as usize));
        }
    }

    /// Whether nothing is held together.
    pub fn are_none(&self) -> bool {
        self.members.is_empty() && self.followers.is_empty()
    }

    pub fn holds(&self, visits: &[Visit], stop: u32) -> bool {
        let visit = self.visit_of[stop as usize] as usize;
        self.members(stop).len() > 1 || !self.followers(stop).is_empty() || !visits[visit].after.is_empty()
    }

    /// How many visits have to be over one after the other before the visit of a stop.
    pub fn depth(&self, stop: u32) -> u32 {
        self.depth.get(self.visit_of[stop as usize] as usize).copied().unwrap_or(0)
    }

    /// All stops of the visit of a stop.
    pub fn members(&self, stop: u32) -> &[u32] {
        self.members.get(self.visit_of[stop as usize] as usize).map_or(&[], Vec::as_slice)
    }

    /// The visits that come after the visit of a stop.
    pub fn followers(&self, stop: u32) -> &[u32] {
        self.followers.get(self.visit_of[stop as usize] as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether the visit of a stop comes after that of another, over however many in between.
    pub fn waits_for(&self, visits: &[Visit], stop: u32, first: u32) -> bool {
        let first_visit = self.visit_of[first as usize] as usize;
        let before = &visits[self.visit_of[stop as usize] as usize].after;
        before.iter().any(|after| after.visit == first_visit || self.waits_for(visits, after.visit as u32, first))
    }

    /// How urgent a visit is, or the most urgent one that waits for it.
    pub fn urgency(&self, visits: &[Visit], stop: u32) -> usize {
        let own = visits[self.visit_of[stop as usize] as usize].priority;
        self.followers(stop).iter().map(|follower| self.urgency(visits, *follower)).fold(own, usize::min)
    }
}
