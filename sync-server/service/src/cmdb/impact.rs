//! Who feels it when an item fails, and what an item needs: everything above it and below it along relations that carry that.
//!
//! In a relation the parent needs the child ("Depends on::Used by", "Runs on::Runs", "Contains::Contained by"). Cables, managers and
//! owners carry nothing. Circles are walked once; an item is as far away as its shortest way.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId};

use super::ROOT;
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Result};

const RELATIONS: &str = "cmdb_rel_ci";
const SERVICES: &str = "cmdb_ci_service";
/// What the names of relation types begin with that carry no failure.
const CARRY_NOTHING: [&str; 3] = ["Connects to", "Manages", "Owns"];
/// Items one question looks at; more would say that everything hangs on everything.
pub const MOST_ITEMS: usize = 5_000;
/// The `install_status` of what is being worked on.
const IN_MAINTENANCE: i64 = 3;

/// Which way to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To what needs the item.
    Up,
    /// To what the item needs.
    Down,
}

impl Way {
    /// The end of a relation that is here, and the one that is there.
    fn ends(self) -> [&'static str; 2] {
        match self {
            Self::Up => ["child", "parent"],
            Self::Down => ["parent", "child"],
        }
    }
}

/// An item that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The item.
    pub item: Record,
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
    let item = table::read(call, ROOT, item)?.id.sys_id;
    let [above, below] = [Way::Up, Way::Down].map(|way| reached(call, &BTreeSet::from([item]), way));
    let (above, below) = (above?, below?);
    let is_cut = above.len().max(below.len()) >= MOST_ITEMS;
    Ok(Impact { above: shown(call, above)?, below: shown(call, below)?, is_cut })
}

/// The items that are reached from some items one way, each with its distance; the beginning is not among them.
pub(crate) fn reached(call: &Call<'_>, from: &BTreeSet<SysId>, way: Way) -> Result<BTreeMap<SysId, u32>> {
    let idle = idle_types(call)?;
    let [here, there] = way.ends();
    let (mut found, mut next) = (BTreeMap::new(), from.clone());
    for distance in 1.. {
        let mut further = BTreeSet::new();
        for item in &next {
            for relation in call.rows(RELATIONS, &Filter::equals(here, *item))? {
                let carries = !relation.reference("type").is_some_and(|kind| idle.contains(&kind));
                further.extend(relation.reference(there).filter(|_| carries));
            }
        }
        next = further.into_iter().filter(|item| !from.contains(item) && !found.contains_key(item)).collect();
        if next.is_empty() || found.len() >= MOST_ITEMS {
            break;
        }
        found.extend(next.iter().map(|item| (*item, distance)));
    }
    Ok(found)
}

/// The types of relations that carry nothing.
fn idle_types(call: &Call<'_>) -> Result<BTreeSet<SysId>> {
    let types = call.rows("cmdb_rel_type", &Filter::everything())?;
    let idle = types.iter().filter(|row| CARRY_NOTHING.iter().any(|start| row.text("name").starts_with(start)));
    Ok(idle.map(|row| row.id.sys_id).collect())
}

fn shown(call: &Call<'_>, found: BTreeMap<SysId, u32>) -> Result<Vec<Reached>> {
    let mut reached = Vec::new();
    for (item, distance) in found {
        let item = call.tx.find(call.dictionary.family(ROOT), item)?;
        let Some(item) = item else { continue };
        if call.sees(&item)? {
            let is_service = call.dictionary.is_a(item.id.table.as_str(), SERVICES);
            let in_maintenance = number_field(&item, "install_status") == Some(IN_MAINTENANCE);
            reached.push(Reached { item, distance, is_service, in_maintenance });
        }
    }
    reached.sort_by_key(|reached| (reached.distance, reached.item.id.sys_id));
    Ok(reached)
}
