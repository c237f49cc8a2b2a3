//! When a whole crew could come: the moments at which so many technicians have room for one more visit.
//!
//! Who is asked alone begins when it suits them best, and no two at the same moment. So everybody is asked twice: when they could
//! begin, and then who could begin at each of those moments. A moment at which nobody would begin alone is not found.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::board::{Board, Offer};
use crate::bonds;
use crate::problem::{Visit, Window};

/// So many moments are tried in each slot.
const MOST_MOMENTS: usize = 12;

/// A moment a crew could come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CrewOffer {
    /// The slot, by its place in the question.
    pub slot: usize,
    /// What each would do for it, the cheapest first; all begin at one moment.
    pub members: Vec<Offer>,
}

impl CrewOffer {
    /// When the work would begin.
    pub fn begins_seconds(&self) -> i32 {
        self.members.first().map_or(0, |offer| offer.begins_seconds)
    }

    fn rank(&self) -> (i64, i64, i32) {
        let late = self.members.iter().map(|offer| offer.late_seconds).sum();
        (late, self.members.iter().map(|offer| offer.cost).sum(), self.begins_seconds())
    }
}

impl Board<'_> {
    /// For each slot the cheapest offer of the visit's whole crew; the cheapest slot first. As with [`Board::offers`], the visit waits
    /// for no others.
    pub fn crew_offers(&self, visit: &Visit, slots: &[Window]) -> Vec<CrewOffer> {
        let (shifts, size) = (self.problem().shifts(), visit.crew_size());
        if size == 1 {
            let alone = self.offers(visit, slots, 1).into_iter();
            return alone.map(|offer| CrewOffer { slot: offer.slot, members: vec![offer] }).collect();
        }
        let moments = moments(&self.offers(visit, slots, shifts.len()));
        let at = |(_, at): &(usize, i32)| Window { from_seconds: *at, until_seconds: *at };
        let windows: Vec<Window> = moments.iter().map(at).collect();
        let mut at_once = vec![Vec::new(); moments.len()];
        for offer in self.offers(visit, &windows, shifts.len()) {
            let (slot, _) = moments[offer.slot];
            at_once[offer.slot].push(Offer { slot, ..offer });
        }
        let crew = |(offers, (slot, _)): (Vec<Offer>, &(usize, i32))| {
            let members = bonds::crew(size, offers, |offer| &shifts[offer.shift])?;
            Some(CrewOffer { slot: *slot, members })
        };
        best_of_each_slot(at_once.into_iter().zip(&moments).filter_map(crew))
    }
}

/// The moments at which somebody would begin, by slot; the last of many is where most can be.
fn moments(offers: &[Offer]) -> Vec<(usize, i32)> {
    let all: BTreeSet<(usize, i32)> = offers.iter().map(|offer| (offer.slot, offer.begins_seconds)).collect();
    let all: Vec<(usize, i32)> = all.into_iter().collect();
    let of_a_slot = all.chunk_by(|(slot, _), (other, _)| slot == other);
    let few = of_a_slot.flat_map(|moments| {
        let step = moments.len().div_ceil(MOST_MOMENTS).max(1);
        moments.iter().rev().step_by(step).copied()
    });
    few.collect()
}

fn best_of_each_slot(crews: impl Iterator<Item = CrewOffer>) -> Vec<CrewOffer> {
    let mut crews: Vec<CrewOffer> = crews.collect();
    crews.sort_by_key(|crew| (crew.rank(), crew.slot));
    let mut seen = BTreeSet::new();
    crews.retain(|crew| seen.insert(crew.slot));
    crews
}
