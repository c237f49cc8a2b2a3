//! The health of the CMDB: four KPIs, scores overall, by class and by service, and who costs how many points.
//!
//! `rules.rs` reads what an organisation measures by, `measure.rs` looks at everything once, `score.rs` counts points, `cycle.rs`
//! is the job that opens and closes tasks and keeps scorecards. One evaluation answers all questions of an hour, so that
//! a score and what explains it are of the same moment; it is kept in memory and made again after a restart.
//!
//! Left out: relations against suggested, containment and hosting rules, scripted audits, and inclusion rules.

pub(crate) mod cycle;
mod measure;
pub(crate) mod rules;
pub mod score;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fieldline_model::{DocumentId, SysId, Timestamp};

pub use cycle::begin;

use super::ROOT;
use super::graph::Way;
use crate::call::Call;
use crate::error::Result;
use crate::table::{self, TableError, declared};
use measure::{Measured, measure};
use score::{Counts, Metric, Score, Weights};

const SERVICES: &str = "cmdb_ci_service";
/// How long an evaluation answers those who ask.
const FRESH_MILLISECONDS: i64 = 3_600_000;

/// What a score is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Everything.
    Overall,
    /// Items of a class and of those below it.
    Class(String),
    /// A service and everything it needs.
    Service(SysId),
}

/// A score with what it is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What it is about.
    pub scope: Scope,
    /// How many items that is.
    pub items: usize,
    /// The score.
    pub score: Score,
    /// What was measured and what failed.
    pub counts: Counts,
}

/// One failure and the points it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// What failed.
    pub metric: Metric,
    /// The item or relation.
    pub subject: DocumentId,
    /// The item it counts for.
    pub item: Option<DocumentId>,
    /// Why.
    pub detail: String,
    /// What it costs, in millionths of a point.
    pub points: i64,
}

/// Everything there is to know of one moment.
#[derive(Debug)]
pub struct Evaluation {
    /// Which moment.
    pub at: Timestamp,
    weights: Weights,
    measured: Measured,
    /// In order.
    classes: BTreeMap<String, Vec<u32>>,
    services: BTreeMap<SysId, Members>,
    cards: Vec<Card>,
}

/// The newest evaluation.
#[derive(Default)]
pub(crate) struct KeptHealth(Mutex<Option<Arc<Evaluation>>>);

impl KeptHealth {
    fn get(&self) -> Option<Arc<Evaluation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, evaluation: Arc<Evaluation>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.as_ref().is_none_or(|kept| kept.at <= evaluation.at) {
            *kept = Some(evaluation);
        }
    }
}

/// The newest evaluation; where there is none of the last hour, one of this moment.
///
/// # Errors
/// When the caller may not read every item.
pub fn health(call: &Call<'_>) -> table::Result<Arc<Evaluation>> {
    check_may(call)?;
    let kept = call.server.health.get();
    if let Some(kept) = kept.filter(|kept| call.now.milliseconds_since(kept.at) < FRESH_MILLISECONDS) {
        return Ok(kept);
    }
    let evaluation = Arc::new(evaluate(call)?);
    call.server.health.keep(evaluation.clone());
    Ok(evaluation)
}

fn check_may(call: &Call<'_>) -> table::Result<()> {
    let items = declared(call, ROOT)?;
    if call.caller.reads_all(&items) {
        return Ok(());
    }
    let problem =
        format!("the health of the CMDB tells of every item; it needs one of the roles {}", items.read.join(", "));
    Err(TableError::Denied { record: ROOT.into(), problem })
}

/// Looks at everything there is now.
///
/// # Errors
/// When the database fails.
pub(crate) fn evaluate(call: &Call<'_>) -> Result<Evaluation> {
    let rules = rules::Rules::read(call)?;
    let measured = measure(call, &rules)?;
    let mut counts = vec![Counts::default(); measured.items.len()];
    let mut beside = Counts::default();
    for tested in &measured.tested {
        let own = tested.item.map_or(&mut beside, |item| &mut counts[item as usize]);
        Metric::ALL
            .into_iter()
            .filter(|metric| tested.metrics & (1 << *metric as u16) != 0)
            .for_each(|one| own.test(one));
    }
    for failure in &measured.failures {
        failure.item.map_or(&mut beside, |item| &mut counts[item as usize]).fail(failure.metric);
    }
    let classes = by_class(call, &measured);
    let services = by_service(call, &measured)?;
    let (at, weights) = (call.now, rules.weights);
    Ok(Evaluation { at, weights, measured, classes, services, cards: Vec::new() }.counted(&counts, &beside))
}

/// The items of each class that has some, with those of classes below.
fn by_class(call: &Call<'_>, measured: &Measured) -> BTreeMap<String, Vec<u32>> {
    let mut classes: BTreeMap<String, Vec<u32>> = BTreeMap::new();
    for (item, place) in measured.items.iter().zip(0..) {
        let lineage = super::precedence::lineage(&call.dictionary, item.table.as_str());
        for class in lineage.into_iter().filter(|class| call.dictionary.is_a(class, ROOT)) {
            match classes.get_mut(class) {
                Some(items) => items.push(place),
                None => drop(classes.insert(class.to_owned(), vec![place])),
            }
        }
    }
    classes
}

/// What each service needs, itself included.
fn by_service(call: &Call<'_>, measured: &Measured) -> Result<BTreeMap<SysId, Members>> {
    let services = measured.items.iter().filter(|item| call.dictionary.is_a(item.table.as_str(), SERVICES));
    call.with_graph(|graph| {
        let numbers: Vec<Option<usize>> = measured.items.iter().map(|item| graph.number_of(item.sys_id)).collect();
        let needs = |service: SysId| {
            let reach = graph.reach(service, Way::Down);
            Members::of(numbers.iter().map(|number| number.is_some_and(|number| reach.get(number) == Some(&true))))
        };
        services.map(|service| (service.sys_id, needs(service.sys_id))).collect()
    })
}

/// Items by their places, a bit each: a service may need most of a large CMDB.
#[derive(Debug, Default)]
struct Members(Vec<u64>);

impl Members {
    fn of(are: impl Iterator<Item = bool>) -> Self {
        let mut words = Vec::new();
        for (place, is_member) in are.enumerate() {
            if place % 64 == 0 {
                words.push(0);
            }
            words[place / 64] |= u64::from(is_member) << (place % 64);
        }
        Self(words)
    }

    fn contains(&self, place: u32) -> bool {
        self.0.get(place as usize / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    fn places(&self) -> impl Iterator<Item = u32> {
        (0..)
            .zip(&self.0)
            .flat_map(|(at, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit))
    }
}

impl Evaluation {
    /// Every score, the overall one first.
    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// One score; `None` where there is nothing of the kind.
    pub fn card(&self, scope: &Scope) -> Option<&Card> {
        self.cards.iter().find(|card| card.scope == *scope)
    }

    /// What costs points in a score, and how many each: they add up to what is lost.
    pub fn losses(&self, scope: &Scope) -> Option<Vec<Loss>> {
        let card = self.card(scope)?;
        let among = |item: Option<u32>| match scope {
            Scope::Overall => true,
            Scope::Class(class) => item.is_some_and(|item| self.is_of(item, class)),
            Scope::Service(service) => {
                item.zip(self.services.get(service)).is_some_and(|(item, needed)| needed.contains(item))
            }
        };
        let mut places = [0; 9];
        let losses = self.measured.failures.iter().filter(|failure| among(failure.item)).map(|failure| {
            let (metric, at) = (failure.metric, failure.metric as usize);
            let points = card.score.cost(metric, places[at], card.counts.failed[at]);
            places[at] += 1;
            let item = failure.item.map(|item| self.measured.items[item as usize].clone());
            Loss { metric, subject: failure.subject.clone(), item, detail: failure.detail.clone(), points }
        });
        Some(losses.collect())
    }

    /// Items that no service needs, which a lean CMDB would not hold.
    pub fn without_service(&self) -> Vec<&DocumentId> {
        let is_needed = |place: u32| self.services.values().any(|needed| needed.contains(place));
        self.measured.items.iter().zip(0..).filter(|(_, place)| !is_needed(*place)).map(|(item, _)| item).collect()
    }

    fn is_of(&self, item: u32, class: &str) -> bool {
        self.classes.get(class).is_some_and(|items| items.binary_search(&item).is_ok())
    }

    /// Counts every score once, for all who ask.
    fn counted(mut self, counts: &[Counts], beside: &Counts) -> Self {
        let sum = |items: &mut dyn Iterator<Item = u32>| {
            let mut sum = (0, Counts::default());
            for item in items {
                sum.0 += 1;
                sum.1.add(&counts[item as usize]);
            }
            sum
        };
        let all = u32::try_from(counts.len()).unwrap_or(u32::MAX);
        let (items, mut overall) = sum(&mut (0..all));
        overall.add(beside);
        let classes =
            self.classes.iter().map(|(class, items)| (Scope::Class(class.clone()), sum(&mut items.iter().copied())));
        let services =
            self.services.iter().map(|(service, needed)| (Scope::Service(*service), sum(&mut needed.places())));
        let scopes = [(Scope::Overall, (items, overall))].into_iter().chain(classes).chain(services);
        let card = |(scope, (items, counts))| Card { scope, items, score: Score::of(&counts, &self.weights), counts };
        self.cards = scopes.map(card).collect();
        self
    }
}
