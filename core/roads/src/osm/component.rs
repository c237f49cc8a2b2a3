//! The part of a network in which everybody gets everywhere and back: its largest strongly connected component.

/// A road from one node to another.
pub type Arc = (u32, u32);

/// Which nodes belong to it (Kosaraju: nodes in the order a search finishes them, then searched backwards).
pub fn largest_component(nodes: usize, arcs: &[Arc]) -> Vec<bool> {
    let forwards = Neighbours::new(nodes, arcs.iter().copied());
    let backwards = Neighbours::new(nodes, arcs.iter().map(|(from, to)| (*to, *from)));
    let (mut seen, mut finished) = (vec![false; nodes], Vec::with_capacity(nodes));
    for node in 0..nodes {
        forwards.search(node, &mut seen, &mut finished);
    }
    let (mut seen, mut largest) = (vec![false; nodes], Vec::new());
    for node in finished.into_iter().rev() {
        let mut component = Vec::new();
        backwards.search(node, &mut seen, &mut component);
        if component.len() > largest.len() {
            largest = component;
        }
    }
    let mut belongs = vec![false; nodes];
    largest.into_iter().for_each(|node| belongs[node] = true);
    belongs
}

struct Neighbours {
    first: Vec<u32>,
    of: Vec<u32>,
}

impl Neighbours {
    fn new(nodes: usize, arcs: impl Iterator<Item = Arc>) -> Self {
        let mut arcs: Vec<_> = arcs.collect();
        arcs.sort_unstable();
        let first = (0..=nodes).map(|node| arcs.partition_point(|arc| (arc.0 as usize) < node) as u32).collect();
        Self { first, of: arcs.into_iter().map(|(_, to)| to).collect() }
    }

    /// Adds to `finished` what is reached from a node and was not seen, each after all that is reached from it.
    fn search(&self, node: usize, seen: &mut [bool], finished: &mut Vec<usize>) {
        if std::mem::replace(&mut seen[node], true) {
            return;
        }
        let mut open = vec![(node, self.first[node])];
        while let Some((node, next)) = open.last_mut() {
            if *next == self.first[*node + 1] {
                finished.push(*node);
                open.pop();
                continue;
            }
            let to = self.of[*next as usize] as usize;
            *next += 1;
            if !std::mem::replace(&mut seen[to], true) {
                open.push((to, self.first[to]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dead_end_one_may_not_leave_does_not_belong() {
        let arcs = [(0, 1), (1, 2), (2, 0), (2, 3), (4, 0), (5, 6), (6, 5)];
        assert_eq!(largest_component(7, &arcs), [true, true, true, false, false, false, false]);
        assert_eq!(largest_component(0, &[]), Vec::<bool>::new());
    }
}
