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

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use fieldline_model::{DocumentId, SysId, Timestamp};

pub use cycle::begin;

use super::ROOT;
use super::graph::Way;
use crate::call::Call;
use crate::error::Result;
use crate::table::{self, TableError, declared};
use measure::{Failure, Measured, measure};
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
    /// What counts for each item, and what for none.
    counts: Vec<Counts>,
    beside: Counts,
    classes: BTreeMap<String, Vec<u32>>,
    services: BTreeMap<SysId, Vec<u32>>,
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
    Ok(Evaluation { at: call.now, weights: rules.weights, measured, counts, beside, classes, services })
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
fn by_service(call: &Call<'_>, measured: &Measured) -> Result<BTreeMap<SysId, Vec<u32>>> {
    let places: BTreeMap<SysId, u32> = measured.items.iter().map(|item| item.sys_id).zip(0..).collect();
    let services = measured.items.iter().filter(|item| call.dictionary.is_a(item.table.as_str(), SERVICES));
    call.with_graph(|graph| {
        let needs = |service: SysId| {
            let needed = graph.walk(&BTreeSet::from([service]), Way::Down, usize::MAX).found;
            let needed = needed.into_iter().map(|(id, _, _)| id).chain([service]);
            (service, needed.filter_map(|id| places.get(&id).copied()).collect())
        };
        services.map(|service| needs(service.sys_id)).collect()
    })
}

impl Evaluation {
    /// Every score, the overall one first.
    pub fn cards(&self) -> Vec<Card> {
        let classes = self.classes.keys().cloned().map(Scope::Class);
        let services = self.services.keys().copied().map(Scope::Service);
        [Scope::Overall].into_iter().chain(classes).chain(services).filter_map(|scope| self.card(scope)).collect()
    }

    /// One score; `None` where there is nothing of the kind.
    pub fn card(&self, scope: Scope) -> Option<Card> {
        let mut counts = Counts::default();
        let items = match self.items_of(&scope)? {
            Some(items) => {
                items.iter().for_each(|item| counts.add(&self.counts[*item as usize]));
                items.len()
            }
            None => {
                self.counts.iter().chain([&self.beside]).for_each(|own| counts.add(own));
                self.counts.len()
            }
        };
        Some(Card { scope, items, score: Score::of(&counts, &self.weights), counts })
    }

    /// What costs points in a score, and how many each: they add up to what is lost.
    pub fn losses(&self, scope: Scope) -> Option<Vec<Loss>> {
        let among: Option<BTreeSet<u32>> = self.items_of(&scope)?.map(|items| items.iter().copied().collect());
        let card = self.card(scope)?;
        let counts = |failure: &&Failure| match (&among, failure.item) {
            (None, _) => true,
            (Some(among), item) => item.is_some_and(|item| among.contains(&item)),
        };
        let mut places = [0; 9];
        let losses = self.measured.failures.iter().filter(counts).map(|failure| {
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
        let needed: BTreeSet<u32> = self.services.values().flatten().copied().collect();
        self.measured.items.iter().zip(0..).filter(|(_, place)| !needed.contains(place)).map(|(item, _)| item).collect()
    }

    /// The places of the items a score is of: `None` inside for all.
    fn items_of(&self, scope: &Scope) -> Option<Option<&Vec<u32>>> {
        match scope {
            Scope::Overall => Some(None),
            Scope::Class(class) => self.classes.get(class).map(Some),
            Scope::Service(service) => self.services.get(service).map(Some),
        }
    }
}
