//! Who feels it when an item fails, and what an item needs: everything above it and below it along relations that carry that.
//!
//! In a relation the parent needs the child ("Depends on::Used by", "Runs on::Runs", "Contains::Contained by"). Cables, managers and
//! owners carry nothing. Circles are walked once; an item is as far away as its shortest way. `graph.rs` walks.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{DocumentId, SysId, TableName};
use fieldline_storage::Sight;

use super::ROOT;
pub(crate) use super::graph::Way;
use super::graph::{Item, Walked};
use crate::call::Call;
use crate::table::{self, Result};

const SERVICES: &str = "cmdb_ci_service";
/// Items one question looks at; more would say that everything hangs on everything.
pub const MOST_ITEMS: usize = 5_000;

/// An item that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The item.
    pub id: DocumentId,
    /// What people call it.
    pub name: String,
    /// Relations on the shortest way to it.
    pub distance: u32,
    /// Whether it is a service.
    pub is_service: bool,
    /// Whether it is being worked on, so that a failure is no news there.
    pub in_maintenance: bool,
}

/// What hangs together with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// What needs it, the nearest first.
    pub above: Vec<Reached>,
    /// What it needs, the nearest first.
    pub below: Vec<Reached>,
    /// Whether there is more than was looked at.
    pub is_cut: bool,
}

/// What hangs together with an item, as far as the caller sees it.
///
/// # Errors
/// When there is no such item for the caller.
pub fn impact(call: &Call<'_>, item: SysId) -> Result<Impact> {
    let from = BTreeSet::from([table::read(call, ROOT, item)?.id.sys_id]);
    let (ways, is_cut) = call.with_graph(|graph| {
        let ways = [Way::Up, Way::Down].map(|way| graph.walk(&from, way, MOST_ITEMS));
        let is_cut = ways.iter().any(|walked| walked.is_cut);
        (ways.map(|walked| told(call, walked)), is_cut)
    })?;
    let mut eyes = Eyes { call, whole: BTreeMap::new(), sight: None };
    let [above, below] = ways.map(|reached| eyes.shown(reached));
    Ok(Impact { above: above?, below: below?, is_cut })
}

/// The services among some items and everything that needs them, whoever asks.
pub(crate) fn services_above(call: &Call<'_>, items: &BTreeSet<SysId>) -> Result<BTreeSet<SysId>> {
    let mut services = BTreeSet::new();
    for item in items {
        services.extend(call.tx.find(call.dictionary.family(SERVICES), *item)?.map(|service| service.id.sys_id));
    }
    let above = call.with_graph(|graph| told(call, graph.walk(items, Way::Up, MOST_ITEMS)))?;
    services.extend(above.iter().filter(|reached| reached.is_service).map(|reached| reached.id.sys_id));
    Ok(services)
}

/// The items that are reached from some items one way, with how far away each is; the beginning is not among them.
pub(crate) fn reached(call: &Call<'_>, from: &BTreeSet<SysId>, way: Way) -> Result<BTreeMap<SysId, u32>> {
    let distances = |walked: Walked<'_>| walked.found.into_iter().map(|(id, distance, _)| (id, distance)).collect();
    Ok(call.with_graph(|graph| distances(graph.walk(from, way, MOST_ITEMS)))?)
}

/// The items one relation away from some items; these are not among them.
pub(crate) fn neighbours(call: &Call<'_>, of: &BTreeSet<SysId>, way: Way) -> Result<BTreeSet<SysId>> {
    Ok(call.with_graph(|graph| graph.neighbours(of, way))?)
}

/// What a walk found, without what is not on record.
fn told(call: &Call<'_>, walked: Walked<'_>) -> Vec<Reached> {
    let mut classes = BTreeMap::new();
    let mut is_service = |item: &Item| match classes.get(&item.class) {
        Some(known) => *known,
        None => {
            let known = call.dictionary.is_a(item.class.as_str(), SERVICES);
            classes.insert(item.class.clone(), known);
            known
        }
    };
    let reached = walked.found.into_iter().filter_map(|(id, distance, item)| {
        let item = item?;
        Some(Reached {
            id: DocumentId { table: item.class.clone(), sys_id: id },
            name: item.name.clone(),
            distance,
            is_service: is_service(item),
            in_maintenance: item.in_maintenance,
        })
    });
    reached.collect()
}

/// What a caller sees, asked once for a class where that settles it.
struct Eyes<'e, 's> {
    call: &'e Call<'s>,
    whole: BTreeMap<TableName, bool>,
    sight: Option<Sight>,
}

impl Eyes<'_, '_> {
    fn shown(&mut self, reached: Vec<Reached>) -> Result<Vec<Reached>> {
        let mut shown = Vec::with_capacity(reached.len());
        for reached in reached {
            if self.see(&reached.id)? {
                shown.push(reached);
            }
        }
        Ok(shown)
    }

    fn see(&mut self, id: &DocumentId) -> Result<bool> {
        let call = self.call;
        if !self.whole.contains_key(&id.table) {
            let table = call.dictionary.table(id.table.as_str());
            self.whole.insert(id.table.clone(), table.is_some_and(|table| call.caller.reads_all(table)));
        }
        if self.whole.get(&id.table) == Some(&true) {
            return Ok(true);
        }
        if self.sight.is_none() {
            self.sight = Some(call.sight()?);
        }
        match (call.row(id)?, &self.sight) {
            (Some(item), Some(sight)) => Ok(sight.sees(&item, &&*call.tx)?),
            _ => Ok(false),
        }
    }
}
