//! The cheapest ways from each of many places to each.
//!
//! From a place one climbs once through the later nodes. Then the nodes above any place are swept from the last to the first,
//! sixteen starting places at a time: what it costs to get to a node follows from the nodes above it.

use crate::cost::{Cost, NONE, cheaper};
use crate::hierarchy::Hierarchy;
use crate::network::Network;
use crate::profile::Traffic;
use crate::snap::Snapped;

/// Starting places swept at a time: the costs of a node fill two cache lines.
const LANES: usize = 16;

/// A place on a road between two nodes, and what it costs to leave and to reach it through them.
pub(crate) struct Entry {
    at: Snapped,
    low: usize,
    high: usize,
    leaves: [Cost; 2],
    arrives: [Cost; 2],
}

impl Entry {
    pub(crate) fn new(network: &Network, traffic: Traffic, at: Snapped) -> Self {
        let road = network.roads()[at.road];
        let [from_low, to_low] = road.costs(at.fraction, traffic);
        let [to_high, from_high] = road.costs(1.0 - at.fraction, traffic);
        let (low, high) = (road.low as usize, road.high as usize);
        Self { at, low, high, leaves: [to_low, to_high], arrives: [from_low, from_high] }
    }
}

/// What the ways between all places cost, row by row: from the row's place to the column's.
pub(crate) fn ways(network: &Network, hierarchy: &Hierarchy, traffic: Traffic, places: &[Snapped]) -> Vec<Cost> {
    let entries: Vec<_> = places.iter().map(|at| Entry::new(network, traffic, *at)).collect();
    let above = Above::all(hierarchy, &entries);
    let ends: Vec<_> = entries.iter().map(|end| [end.low, end.high].map(|node| above.number(node))).collect();
    let mut ways = vec![NONE; entries.len() * entries.len()];
    let mut costs = vec![[NONE; LANES]; above.first.len() - 1];
    for (rows, starts) in ways.chunks_mut(entries.len().max(1) * LANES).zip(entries.chunks(LANES)) {
        costs.fill([NONE; LANES]);
        for (lane, start) in starts.iter().enumerate() {
            above.climb(hierarchy, start, lane, &mut costs);
        }
        above.sweep(&mut costs);
        for (column, (end, numbers)) in entries.iter().zip(&ends).enumerate() {
            let [low, high] = numbers.map(|number| &costs[number]);
            for (lane, start) in starts.iter().enumerate() {
                let around = cheaper(low[lane] + end.arrives[0], high[lane] + end.arrives[1]);
                rows[lane * entries.len() + column] = cheaper(around, along(network, traffic, start.at, end.at));
            }
        }
    }
    ways
}

/// What it costs to stay on the road, when both places lie at one.
fn along(network: &Network, traffic: Traffic, from: Snapped, to: Snapped) -> Cost {
    if from.road != to.road {
        return NONE;
    }
    let [up, down] = network.roads()[from.road].costs((to.fraction - from.fraction).abs(), traffic);
    match to.fraction.total_cmp(&from.fraction) {
        std::cmp::Ordering::Less => down,
        std::cmp::Ordering::Equal => 0.0,
        std::cmp::Ordering::Greater => up,
    }
}

/// The part of a hierarchy that lies above some places, numbered from the last node to the first.
struct Above {
    /// The number of each node of the hierarchy; [`Above::OUTSIDE`] when it lies above no place.
    numbers: Vec<u32>,
    /// Where each node's arcs begin; one more at the end.
    first: Vec<u32>,
    /// The number of the node an arc leads to, and what it costs to come from there.
    arcs: Vec<(u32, Cost)>,
}

impl Above {
    const OUTSIDE: u32 = u32::MAX;

    fn all(hierarchy: &Hierarchy, entries: &[Entry]) -> Self {
        let mut numbers = vec![Self::OUTSIDE; hierarchy.nodes()];
        let mut nodes = Vec::new();
        for entry in entries {
            for node in hierarchy.ancestors(entry.low) {
                // Whoever lies above a node that was seen was seen as well.
                if std::mem::replace(&mut numbers[node], 0) != Self::OUTSIDE {
                    break;
                }
                nodes.push(node);
            }
        }
        nodes.sort_unstable_by(|one, other| other.cmp(one));
        let (mut first, mut arcs) = (vec![0], Vec::new());
        for (number, node) in nodes.into_iter().enumerate() {
            numbers[node] = number as u32;
            arcs.extend(hierarchy.arcs(node).map(|arc| (numbers[hierarchy.head(arc)], hierarchy.down(arc))));
            first.push(arcs.len() as u32);
        }
        Self { numbers, first, arcs }
    }

    fn number(&self, node: usize) -> usize {
        self.numbers[node] as usize
    }

    fn climb(&self, hierarchy: &Hierarchy, start: &Entry, lane: usize, costs: &mut [[Cost; LANES]]) {
        for (node, cost) in [start.low, start.high].into_iter().zip(start.leaves) {
            costs[self.number(node)][lane] = cost;
        }
        for node in hierarchy.ancestors(start.low) {
            let here = costs[self.number(node)][lane];
            for arc in hierarchy.arcs(node) {
                let there = &mut costs[self.number(hierarchy.head(arc))][lane];
                *there = cheaper(*there, here + hierarchy.up(arc));
            }
        }
    }

    fn sweep(&self, costs: &mut [[Cost; LANES]]) {
        for number in 0..costs.len() {
            let (before, from_here) = costs.split_at_mut(number);
            let here = &mut from_here[0];
            for (head, down) in &self.arcs[self.first[number] as usize..self.first[number + 1] as usize] {
                let there = &before[*head as usize];
                for (here, there) in here.iter_mut().zip(there) {
                    *here = cheaper(*here, there + down);
                }
            }
        }
    }
}
