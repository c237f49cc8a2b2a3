//! The network with shortcuts, so that every fastest way first only climbs to later nodes and then only descends.
//!
//! Nodes are taken out one after the other; shortcuts between their later neighbours keep all ways through them. Which
//! shortcuts there are depends on the roads alone; what they cost is worked out anew for each traffic.

use crate::cost::{Cost, NONE, cheaper};
use crate::error::RoadsError;
use crate::network::Network;
use crate::profile::Traffic;

/// Most arcs for each road. Real networks in a good order have two to four; a bad order has no bound.
const MOST_ARCS_A_ROAD: usize = 64;

/// Arcs from each node to later ones: the roads and the shortcuts, and what they cost.
#[derive(Debug, Clone)]
pub(crate) struct Hierarchy {
    /// Where each node's arcs begin; one more at the end.
    first: Vec<u32>,
    /// The later node of each arc, ascending within a node's.
    head: Vec<u32>,
    /// What it costs to go to the later node.
    up: Vec<Cost>,
    /// What it costs to come from the later node.
    down: Vec<Cost>,
}

impl Hierarchy {
    /// Takes the nodes out; costs come with [`Hierarchy::customise`].
    pub(crate) fn contract(network: &Network) -> Result<Self, RoadsError> {
        let most = network.roads().len() * MOST_ARCS_A_ROAD;
        let mut later = vec![Vec::new(); network.nodes().len()];
        for road in network.roads() {
            later[road.low as usize].push(road.high);
        }
        let (mut first, mut head) = (vec![0], Vec::new());
        for node in 0..later.len() {
            let mut mine: Vec<u32> = std::mem::take(&mut later[node]);
            mine.sort_unstable();
            mine.dedup();
            if head.len() + mine.len() > most {
                return Err(RoadsError::Tangled { most });
            }
            // The next of the neighbours inherits the others; from it they are handed on.
            if let Some((parent, others)) = mine.split_first() {
                later[*parent as usize].extend_from_slice(others);
            }
            head.extend(mine);
            first.push(head.len() as u32);
        }
        let costs = vec![NONE; head.len()];
        Ok(Self { first, head, up: costs.clone(), down: costs })
    }

    /// Works out what every arc costs in a traffic.
    pub(crate) fn customise(&mut self, network: &Network, traffic: Traffic) {
        self.up.fill(NONE);
        self.down.fill(NONE);
        for road in network.roads() {
            let arc = self.arc(road.low as usize, road.high);
            let [up, down] = road.costs(1.0, traffic);
            self.up[arc] = cheaper(self.up[arc], up);
            self.down[arc] = cheaper(self.down[arc], down);
        }
        for node in 0..self.nodes() {
            for low in self.arcs(node) {
                let mut side = self.first[self.head[low] as usize] as usize;
                for high in low + 1..self.first[node + 1] as usize {
                    while self.head[side] < self.head[high] {
                        side += 1;
                    }
                    self.up[side] = cheaper(self.up[side], self.down[low] + self.up[high]);
                    self.down[side] = cheaper(self.down[side], self.down[high] + self.up[low]);
                }
            }
        }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.first.len() - 1
    }

    /// How many arcs there are, roads and shortcuts.
    pub(crate) fn size(&self) -> usize {
        self.head.len()
    }

    /// A node's arcs.
    pub(crate) fn arcs(&self, node: usize) -> std::ops::Range<usize> {
        self.first[node] as usize..self.first[node + 1] as usize
    }

    pub(crate) fn head(&self, arc: usize) -> usize {
        self.head[arc] as usize
    }

    pub(crate) fn up(&self, arc: usize) -> Cost {
        self.up[arc]
    }

    pub(crate) fn down(&self, arc: usize) -> Cost {
        self.down[arc]
    }

    /// A node and all that ways climbing from it may touch, in their order.
    pub(crate) fn ancestors(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(node), |node| self.arcs(*node).next().map(|arc| self.head(arc)))
    }

    fn arc(&self, node: usize, head: u32) -> usize {
        let arcs = self.arcs(node);
        arcs.start + self.head[arcs.clone()].binary_search(&head).expect("every road has an arc")
    }
}
