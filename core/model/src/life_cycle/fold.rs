//! Judges a set of steps: where the record stands, which steps led there, which were kept but not followed, and why.
//!
//! Two replicas with the same steps must reach the same stage, so the fold is a function of the set: arrival order and
//! duplicates do not matter. It never fails: a step nobody knows, a missing predecessor, a forged circle of predecessors
//! and two steps under one identity are all judged. A step the life cycle forbids is kept, because somebody did do it.
//!
//! A step is judged after the steps its author knew of. Of steps that did not know of each other, the one that leads
//! furthest goes first (cancelled < pending < assigned < accepted < work < closed), then the earlier action time, then the
//! smaller identity. A step that had not seen the work it would undo is refused: real work done beats an office cancel.
//!
//! Cost: n log n for n steps, plus the number of stages for each predecessor named.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Folded, LifeCycle, Refusal, RefusedStep, Step, StepId};
use crate::id::SysId;
use crate::plant::{self, Plant};
use crate::time::Timestamp;

/// Furthest first, then earliest, then smallest identity (steps are sorted by it).
type Turn = (Reverse<i64>, Timestamp, usize);

impl LifeCycle {
    /// Judges a set of steps. Total, and independent of the order in which the steps arrived.
    pub fn fold(&self, steps: impl IntoIterator<Item = Step>) -> Folded {
        let steps = sorted(steps);
        let mut queue = Queue::new(self, &steps);
        let mut course = Course::new(self, steps.len());
        while let Some(index) = queue.next() {
            course.judge(&steps[index], index, &queue.before[index]);
        }
        course.into_folded(steps)
    }

    fn rank_of(&self, stage: &str) -> i64 {
        self.stage(stage).map_or(i64::MIN, |stage| stage.rank)
    }

    pub(super) fn rank_of_step(&self, name: &str) -> i64 {
        if plant::is(Plant::FoldForgetsRank) {
            return 0;
        }
        self.step(name).map_or(i64::MIN, |rule| rule.rank.unwrap_or_else(|| self.rank_of(&rule.to)))
    }

    fn works(&self, stage: &str) -> bool {
        self.stage(stage).is_some_and(|stage| stage.work)
    }
}

/// The steps by identity; of two under one identity (only a forger makes them) the smaller, whichever came first.
fn sorted(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let mut by_id: BTreeMap<StepId, Step> = BTreeMap::new();
    for step in steps {
        match by_id.get(&step.id) {
            Some(other) if *other <= step => {}
            _ => drop(by_id.insert(step.id, step)),
        }
    }
    by_id.into_values().collect()
}

/// Whose turn it is: predecessors first, and of all that are ready the one whose [`Turn`] is smallest.
struct Queue {
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    turns: Vec<Turn>,
    unjudged_before: Vec<usize>,
    ready: BTreeSet<Turn>,
    blocked: BTreeSet<Turn>,
}

impl Queue {
    fn new(life_cycle: &LifeCycle, steps: &[Step]) -> Self {
        let index_of = |id: &StepId| steps.binary_search_by_key(id, |step| step.id).ok();
        let mut after = vec![Vec::new(); steps.len()];
        let mut before = Vec::with_capacity(steps.len());
        for (index, step) in steps.iter().enumerate() {
            let known: BTreeSet<usize> =
                step.after.iter().filter_map(index_of).filter(|known| *known != index).collect();
            let known = if plant::is(Plant::FoldByArrival) { BTreeSet::new() } else { known };
            known.iter().for_each(|earlier| after[*earlier].push(index));
            before.push(known.into_iter().collect::<Vec<usize>>());
        }
        let turn = |(index, step): (usize, &Step)| (Reverse(life_cycle.rank_of_step(&step.name)), step.at, index);
        let turns: Vec<Turn> = steps.iter().enumerate().map(turn).collect();
        let unjudged_before: Vec<usize> = before.iter().map(Vec::len).collect();
        let (ready, blocked) = turns.iter().partition(|turn| unjudged_before[turn.2] == 0);
        Self { before, after, turns, unjudged_before, ready, blocked }
    }

    /// Takes the next step. When only steps that wait for each other are left, somebody forged a circle; then the first
    /// of all that are left is taken.
    fn next(&mut self) -> Option<usize> {
        let (_, _, index) = self.ready.pop_first().or_else(|| self.blocked.pop_first())?;
        for later in &self.after[index] {
            self.unjudged_before[*later] -= 1;
            if self.unjudged_before[*later] == 0 && self.blocked.remove(&self.turns[*later]) {
                self.ready.insert(self.turns[*later]);
            }
        }
        Some(index)
    }
}

/// What a step's author knew, as far as judging needs it: for each stage the newest followed step that led there, and the
/// newest that began work. Numbers count followed steps from 1; 0 is none.
#[derive(Clone, Default)]
struct Known {
    newest: usize,
    work_began: usize,
    arrivals: Vec<usize>,
}

impl Known {
    fn nothing(stages: usize) -> Self {
        Self { arrivals: vec![0; stages], ..Self::default() }
    }

    fn learn(&mut self, other: &Self) {
        self.newest = self.newest.max(other.newest);
        self.work_began = self.work_began.max(other.work_began);
        for (mine, theirs) in self.arrivals.iter_mut().zip(&other.arrivals) {
            *mine = (*mine).max(*theirs);
        }
    }
}

enum Verdict {
    Followed(String),
    Repeated,
    Refused(Refusal),
}

/// The record's way so far.
struct Course<'a> {
    life_cycle: &'a LifeCycle,
    stage: String,
    /// Who took each followed step.
    authors: Vec<SysId>,
    /// What there is to know.
    facts: Known,
    /// What the author of each judged step knew, its own step included.
    known: Vec<Known>,
    accepted: Vec<usize>,
    repeated: Vec<usize>,
    refused: Vec<(usize, Refusal)>,
}

impl<'a> Course<'a> {
    fn new(life_cycle: &'a LifeCycle, steps: usize) -> Self {
        let nothing = Known::nothing(life_cycle.stages.len());
        Self {
            life_cycle,
            stage: life_cycle.initial.clone(),
            authors: Vec::new(),
            known: vec![nothing.clone(); steps],
            facts: nothing,
            accepted: Vec::new(),
            repeated: Vec::new(),
            refused: Vec::new(),
        }
    }

    fn judge(&mut self, step: &Step, index: usize, before: &[usize]) {
        let mut known = Known::nothing(self.life_cycle.stages.len());
        before.iter().for_each(|earlier| known.learn(&self.known[*earlier]));
        match self.verdict(step, &known) {
            Verdict::Followed(stage) => {
                self.follow(step.by, stage, &mut known);
                self.accepted.push(index);
            }
            Verdict::Repeated => self.repeated.push(index),
            Verdict::Refused(refusal) => self.refused.push((index, refusal)),
        }
        self.known[index] = known;
    }

    fn verdict(&self, step: &Step, known: &Known) -> Verdict {
        let Some(rule) = self.life_cycle.step(&step.name) else { return Verdict::Refused(Refusal::UnknownStep) };
        let leads_on = rule.from.contains(&self.stage);
        if let Some(by) = self.unseen_arrival(&rule.to, known).filter(|_| !leads_on) {
            let already = Refusal::AlreadyThere { stage: rule.to.clone(), by };
            return if by == step.by { Verdict::Repeated } else { Verdict::Refused(already) };
        }
        if plant::is(Plant::FoldFollowsAnything) {
            return Verdict::Followed(rule.to.clone());
        }
        let mut work_unseen =
            known.work_began < self.facts.work_began || (!leads_on && known.newest < self.facts.newest);
        work_unseen |= plant::is(Plant::FoldRefusesSeenCancel);
        work_unseen &= !plant::is(Plant::FoldForgetsWork);
        if work_unseen && self.life_cycle.works(&self.stage) && !self.life_cycle.works(&rule.to) {
            return Verdict::Refused(Refusal::WorkWasDone { stage: self.stage.clone() });
        }
        match leads_on {
            true => Verdict::Followed(rule.to.clone()),
            false => Verdict::Refused(Refusal::NotFrom { stage: self.stage.clone() }),
        }
    }

    /// Who had taken the record to a stage unknown to the author of the step at hand, when it is still there or further.
    fn unseen_arrival(&self, stage: &str, known: &Known) -> Option<SysId> {
        let at = self.life_cycle.stages.iter().position(|other| other.name == stage)?;
        let newest = self.facts.arrivals[at];
        let stands = self.life_cycle.rank_of(&self.stage) >= self.life_cycle.rank_of(stage);
        (stands && known.arrivals[at] < newest).then(|| self.authors[newest - 1])
    }

    fn follow(&mut self, by: SysId, stage: String, known: &mut Known) {
        self.authors.push(by);
        let number = self.authors.len();
        let begins_work = !self.life_cycle.works(&self.stage) && self.life_cycle.works(&stage);
        let arrived = self.life_cycle.stages.iter().position(|other| other.name == stage);
        for knowledge in [&mut self.facts, known] {
            knowledge.newest = number;
            if begins_work {
                knowledge.work_began = number;
            }
            if let Some(at) = arrived {
                knowledge.arrivals[at] = number;
            }
        }
        self.stage = stage;
    }

    fn into_folded(self, steps: Vec<Step>) -> Folded {
        let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
        let mut take = |index: usize| steps[index].take().expect("each step is judged once");
        Folded {
            stage: self.stage,
            accepted: self.accepted.into_iter().map(&mut take).collect(),
            repeated: self.repeated.into_iter().map(&mut take).collect(),
            refused: self
                .refused
                .into_iter()
                .map(|(index, refusal)| RefusedStep { step: take(index), refusal })
                .collect(),
        }
    }
}
