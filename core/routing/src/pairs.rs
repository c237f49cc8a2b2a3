//! Which shift may serve which visit, has to fetch a tool for it, or is not wanted there, as bits. Hundreds of technicians work many
//! days: what somebody is able to do is asked once for all of their shifts, and only time and place for each.

use std::collections::{BTreeMap, BTreeSet};

use crate::features::{obstacle_but_time, time};
use crate::problem::{Problem, Shift};

/// Pairs of a stop and a shift that have something.
#[derive(Default)]
pub struct Pairs {
    words: usize,
    bits: Vec<u64>,
}

impl Pairs {
    fn new(stops: usize, shifts: usize, has: impl Fn(usize, usize) -> bool) -> Self {
        let words = shifts.div_ceil(64);
        let mut bits = vec![0; stops * words];
        for stop in 0..stops {
            for shift in (0..shifts).filter(|shift| has(stop, *shift)) {
                bits[stop * words + shift / 64] |= 1 << (shift % 64);
            }
        }
        Self { words, bits }
    }

    /// Whether a pair has it; nobody has when nothing was asked.
    #[inline]
    pub fn has(&self, stop: u32, shift: u32) -> bool {
        !self.bits.is_empty() && self.bits[stop as usize * self.words + shift as usize / 64] & (1 << (shift % 64)) != 0
    }

    /// How many shifts have it with a stop.
    pub fn count(&self, stop: u32) -> u32 {
        self.bits[stop as usize * self.words..][..self.words].iter().map(|word| word.count_ones()).sum()
    }
}

/// Shifts that differ in time and place only.
pub struct Abilities {
    of_shift: Vec<usize>,
    /// One shift of each ability.
    first: Vec<usize>,
}

impl Abilities {
    pub fn of(shifts: &[Shift]) -> Self {
        let (mut known, mut first) = (BTreeMap::new(), Vec::new());
        let of_shift = shifts.iter().enumerate().map(|(number, shift)| {
            *known.entry(able(shift)).or_insert_with(|| {
                first.push(number);
                first.len() - 1
            })
        });
        Self { of_shift: of_shift.collect(), first }
    }

    /// The shifts that have what they need for something, whenever and wherever; `has` is asked of one shift of each ability.
    pub fn shifts_that(&self, has: impl Fn(usize) -> bool) -> Vec<usize> {
        let is_able: Vec<bool> = self.first.iter().map(|first| has(*first)).collect();
        (0..self.of_shift.len()).filter(|shift| is_able[self.of_shift[*shift]]).collect()
    }

    /// Of stops, by the visit each belongs to, and shifts: what one shift of each ability says.
    fn pairs(&self, visit_of: &[u32], has: impl Fn(usize, usize) -> bool) -> Pairs {
        let of_ability = Pairs::new(visit_of.len(), self.first.len(), |stop, ability| {
            has(visit_of[stop] as usize, self.first[ability])
        });
        Pairs::new(visit_of.len(), self.of_shift.len(), |stop, shift| {
            of_ability.has(stop as u32, self.of_shift[shift] as u32)
        })
    }

    /// Which shift may serve which visit when it does nothing else.
    pub fn serving(&self, problem: &Problem, visit_of: &[u32]) -> Pairs {
        let (visits, shifts) = (problem.visits(), problem.shifts());
        let able = self.pairs(visit_of, |visit, shift| obstacle_but_time(problem, &visits[visit], shift).is_none());
        Pairs::new(visit_of.len(), shifts.len(), |stop, shift| {
            let visit = &visits[visit_of[stop] as usize];
            let is_able = match visit.pinned_shift {
                Some(pinned) => pinned == shift && obstacle_but_time(problem, visit, shift).is_none(),
                None => able.has(stop as u32, shift as u32),
            };
            is_able && time::obstacle(problem, visit, &shifts[shift]).is_none()
        })
    }

    /// Which shift has to fetch a tool for which visit.
    pub fn fetching(&self, problem: &Problem, visit_of: &[u32]) -> Pairs {
        if problem.depots().is_empty() {
            return Pairs::default();
        }
        let (visits, shifts) = (problem.visits(), problem.shifts());
        self.pairs(visit_of, |visit, shift| !visits[visit].tools.is_subset(&shifts[shift].tools))
    }

    /// Which shift is another technician's than a visit would rather have.
    pub fn unwanted(&self, problem: &Problem, visit_of: &[u32]) -> Pairs {
        let (visits, shifts) = (problem.visits(), problem.shifts());
        if visits.iter().all(|visit| visit.technicians.preferred.is_empty()) {
            return Pairs::default();
        }
        let preferred = |visit: usize| &visits[visit].technicians.preferred;
        self.pairs(visit_of, |visit, shift| {
            !preferred(visit).is_empty() && !preferred(visit).contains(&shifts[shift].technician)
        })
    }
}

/// What a technician is able to do, whenever and wherever; the name first, for it tells most of them apart.
type Able<'s> = (
    &'s str,
    &'s BTreeMap<String, u32>,
    &'s BTreeSet<String>,
    &'s BTreeMap<String, i32>,
    &'s BTreeSet<String>,
    Option<usize>,
);

fn able(shift: &Shift) -> Able<'_> {
    let Shift { technician, skills, tools, stock, territories, depot, .. } = shift;
    (technician, skills, tools, stock, territories, *depot)
}
