//! Items and the relations between them, in memory, because a walk over an organisation's graph asks thousands of small
//! questions that a database answers one at a time.
//!
//! Pure: it is built of records and follows changes of records (`graph_kept.rs` sees to that). Items are numbered, so that a
//! walk compares numbers. A relation may name an item that is not there: a walk goes through it, and finds nothing to show.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{Dictionary, Record, SysId, TableName};

use crate::query::number_field;

/// What the names of relation types begin with that carry no failure.
const CARRY_NOTHING: [&str; 3] = ["Connects to", "Manages", "Owns"];
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

/// Which part of the graph a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Item,
    Relation,
    Kind,
}

/// The tables whose records are parts, each with those that extend it.
pub(crate) const PARTS: [(&str, Part); 3] =
    [(super::ROOT, Part::Item), ("cmdb_rel_ci", Part::Relation), ("cmdb_rel_type", Part::Kind)];

/// What a record says about its part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Item(Item),
    Relation(Relation),
    /// Whether relations of this type carry a failure.
    Kind(bool),
}

/// What is shown of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub class: TableName,
    pub name: String,
    pub in_maintenance: bool,
}

/// The parent needs the child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Relation {
    pub parent: SysId,
    pub child: SysId,
    pub kind: Option<SysId>,
}

/// What changed: parts as they are now, `None` for one that is gone.
pub(crate) type Delta = BTreeMap<(Part, SysId), Option<Piece>>;

/// The graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    numbers: BTreeMap<SysId, u32>,
    nodes: Vec<Node>,
    relations: BTreeMap<SysId, Relation>,
    kinds: BTreeMap<SysId, u32>,
    /// By the number of a kind.
    carries: Vec<bool>,
}

#[derive(Debug, Clone)]
struct Node {
    id: SysId,
    item: Option<Item>,
    up: Vec<Edge>,
    down: Vec<Edge>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge {
    to: u32,
    /// `None` for a relation that names no type; it carries.
    kind: Option<u32>,
}

/// What a walk came to: items and how far away each is, the nearest first.
pub(crate) struct Walked<'g> {
    pub found: Vec<(SysId, u32, Option<&'g Item>)>,
    /// Whether there is more than was looked at.
    pub is_cut: bool,
}

/// The part a table's records are.
pub(crate) fn part_of(dictionary: &Dictionary, table: &str) -> Option<Part> {
    PARTS.into_iter().find(|(root, _)| dictionary.is_a(table, root)).map(|(_, part)| part)
}

impl Piece {
    /// What a record says; `None` for a relation that lacks an end.
    pub fn of(part: Part, record: &Record) -> Option<Self> {
        match part {
            Part::Item => Some(Self::Item(Item {
                class: record.id.table.clone(),
                name: record.text("name").to_owned(),
                in_maintenance: number_field(record, "install_status") == Some(IN_MAINTENANCE),
            })),
            Part::Relation => Some(Self::Relation(Relation {
                parent: record.reference("parent")?,
                child: record.reference("child")?,
                kind: record.reference("type"),
            })),
            Part::Kind => Some(Self::Kind(!CARRY_NOTHING.iter().any(|start| record.text("name").starts_with(start)))),
        }
    }
}

impl Graph {
    /// Takes changes in.
    pub fn apply(&mut self, delta: Delta) {
        for ((part, id), piece) in delta {
            self.put(part, id, piece);
        }
    }

    /// Takes one part as it is now.
    pub fn put(&mut self, part: Part, id: SysId, piece: Option<Piece>) {
        match (part, piece) {
            (Part::Item, Some(Piece::Item(item))) => {
                let number = self.number(id);
                self.nodes[number as usize].item = Some(item);
            }
            (Part::Relation, Some(Piece::Relation(relation))) => {
                self.unrelate(id);
                self.relate(id, relation);
            }
            (Part::Kind, Some(Piece::Kind(carries))) => {
                let kind = self.kind(id);
                self.carries[kind as usize] = carries;
            }
            (Part::Item, _) => {
                if let Some(number) = self.numbers.get(&id) {
                    self.nodes[*number as usize].item = None;
                }
            }
            (Part::Relation, _) => self.unrelate(id),
            // What names a type that is gone carries, as what names none.
            (Part::Kind, _) => {
                let kind = self.kind(id);
                self.carries[kind as usize] = true;
            }
        }
    }

    fn number(&mut self, id: SysId) -> u32 {
        let next = u32::try_from(self.nodes.len()).expect("fewer items than memory holds");
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            self.nodes.push(Node { id, item: None, up: Vec::new(), down: Vec::new() });
        }
        number
    }

    fn kind(&mut self, id: SysId) -> u32 {
        let next = u32::try_from(self.carries.len()).expect("fewer types than memory holds");
        let kind = *self.kinds.entry(id).or_insert(next);
        if kind == next {
            self.carries.push(true);
        }
        kind
    }

    fn relate(&mut self, id: SysId, relation: Relation) {
        let (parent, child) = (self.number(relation.parent), self.number(relation.child));
        let kind = relation.kind.map(|kind| self.kind(kind));
        self.nodes[parent as usize].down.push(Edge { to: child, kind });
        self.nodes[child as usize].up.push(Edge { to: parent, kind });
        self.relations.insert(id, relation);
    }

    fn unrelate(&mut self, id: SysId) {
        let Some(relation) = self.relations.remove(&id) else { return };
        let (parent, child) = (self.number(relation.parent), self.number(relation.child));
        let kind = relation.kind.map(|kind| self.kind(kind));
        take(&mut self.nodes[parent as usize].down, Edge { to: child, kind });
        take(&mut self.nodes[child as usize].up, Edge { to: parent, kind });
    }

    /// What is reached from some items one way, at most `most` of it; the beginning is not among it.
    pub fn walk(&self, from: &BTreeSet<SysId>, way: Way, most: usize) -> Walked<'_> {
        let mut visited = vec![false; self.nodes.len()];
        let mut next: Vec<u32> = from.iter().filter_map(|id| self.numbers.get(id).copied()).collect();
        next.iter().for_each(|number| visited[*number as usize] = true);
        let mut walked = Walked { found: Vec::new(), is_cut: false };
        for distance in 1.. {
            next = self.step(&next, way, &mut visited);
            // In an order that is the same after a restart.
            next.sort_unstable_by_key(|number| self.nodes[*number as usize].id);
            for number in &next {
                if walked.found.len() == most {
                    walked.is_cut = true;
                    return walked;
                }
                let node = &self.nodes[*number as usize];
                walked.found.push((node.id, distance, node.item.as_ref()));
            }
            if next.is_empty() {
                break;
            }
        }
        walked
    }

    /// What is one relation away from some items one way; these are not among them.
    pub fn neighbours(&self, of: &BTreeSet<SysId>, way: Way) -> BTreeSet<SysId> {
        let mut visited = vec![false; self.nodes.len()];
        let from: Vec<u32> = of.iter().filter_map(|id| self.numbers.get(id).copied()).collect();
        from.iter().for_each(|number| visited[*number as usize] = true);
        let found = self.step(&from, way, &mut visited);
        found.into_iter().map(|number| self.nodes[number as usize].id).collect()
    }

    /// By number, what is reached from an item one way, itself included; empty when there is no such item.
    pub fn reach(&self, from: SysId, way: Way) -> Vec<bool> {
        let Some(number) = self.numbers.get(&from) else { return Vec::new() };
        let mut visited = vec![false; self.nodes.len()];
        visited[*number as usize] = true;
        let mut next = vec![*number];
        while !next.is_empty() {
            next = self.step(&next, way, &mut visited);
        }
        visited
    }

    /// The number of an item in [`Graph::reach`].
    pub fn number_of(&self, id: SysId) -> Option<usize> {
        self.numbers.get(&id).map(|number| *number as usize)
    }

    fn step(&self, here: &[u32], way: Way, visited: &mut [bool]) -> Vec<u32> {
        let mut there = Vec::new();
        for number in here {
            let node = &self.nodes[*number as usize];
            let edges = if way == Way::Up { &node.up } else { &node.down };
            for edge in edges.iter().filter(|edge| edge.kind.is_none_or(|kind| self.carries[kind as usize])) {
                if !std::mem::replace(&mut visited[edge.to as usize], true) {
                    there.push(edge.to);
                }
            }
        }
        there
    }
}

/// Takes one of equal edges away.
fn take(edges: &mut Vec<Edge>, edge: Edge) {
    if let Some(at) = edges.iter().position(|held| *held == edge) {
        edges.swap_remove(at);
    }
}
