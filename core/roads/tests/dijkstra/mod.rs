//! The fastest ways as everybody knows how to find them: Dijkstra on the plain network, no shortcuts, no floats in sums.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use fieldline_roads::{Kind, Network, Road, Snapped, Traffic};

/// Hundredths of seconds, then decimeters: the faster way first, of two as fast the shorter.
type Cost = (u64, u64);

/// Whole seconds and meters from one place on the network to each of others; `None` where no way leads.
pub fn fastest(network: &Network, traffic: Traffic, from: Snapped, to: &[Snapped]) -> Vec<Option<(i32, i32)>> {
    let start = &network.roads()[from.road];
    let leaves =
        [(start.low, down(start, from.fraction, traffic)), (start.high, up(start, 1.0 - from.fraction, traffic))];
    let reached = all(network, traffic, leaves.into_iter().filter_map(|(node, cost)| Some((node, cost?))));
    let best = |to: &Snapped| {
        let road = &network.roads()[to.road];
        let through_low = sum(reached[road.low as usize], up(road, to.fraction, traffic));
        let through_high = sum(reached[road.high as usize], down(road, 1.0 - to.fraction, traffic));
        let share = (to.fraction - from.fraction).abs();
        let along = match to.road == from.road {
            true if share == 0.0 => Some((0, 0)),
            true if to.fraction > from.fraction => up(road, share, traffic),
            true => down(road, share, traffic),
            false => None,
        };
        [through_low, through_high, along].into_iter().flatten().min()
    };
    let whole = |value: u64, of: f64| (value as f64 / of).round() as i32;
    to.iter()
        .map(|to| best(to).map(|(hundredths, decimeters)| (whole(hundredths, 100.0), whole(decimeters, 10.0))))
        .collect()
}

fn all(network: &Network, traffic: Traffic, starts: impl Iterator<Item = (u32, Cost)>) -> Vec<Option<Cost>> {
    let mut neighbours = vec![Vec::new(); network.nodes().len()];
    for road in network.roads() {
        neighbours[road.low as usize].extend(up(road, 1.0, traffic).map(|cost| (road.high, cost)));
        neighbours[road.high as usize].extend(down(road, 1.0, traffic).map(|cost| (road.low, cost)));
    }
    let mut reached = vec![None; neighbours.len()];
    let mut open: BinaryHeap<_> = starts.map(|(node, cost)| Reverse((cost, node))).collect();
    while let Some(Reverse((cost, node))) = open.pop() {
        if reached[node as usize].is_none() {
            reached[node as usize] = Some(cost);
            let further = neighbours[node as usize].iter();
            open.extend(further.map(|(to, more)| Reverse(((cost.0 + more.0, cost.1 + more.1), *to))));
        }
    }
    reached
}

fn sum(one: Option<Cost>, other: Option<Cost>) -> Option<Cost> {
    one.zip(other).map(|(one, other)| (one.0 + other.0, one.1 + other.1))
}

fn up(road: &Road, share: f64, traffic: Traffic) -> Option<Cost> {
    cost(road, share, road.up_kilometers_per_hour, traffic)
}

fn down(road: &Road, share: f64, traffic: Traffic) -> Option<Cost> {
    cost(road, share, road.down_kilometers_per_hour, traffic)
}

fn cost(road: &Road, share: f64, kilometers_per_hour: u8, traffic: Traffic) -> Option<Cost> {
    let factor = match road.kind {
        Kind::Fast => traffic.fast,
        Kind::Main => traffic.main,
        Kind::Side => traffic.side,
    };
    let decimeters = f64::from(road.decimeters) * share;
    let hundredths = decimeters * 36.0 / (f64::from(kilometers_per_hour) / factor);
    (kilometers_per_hour > 0).then(|| (hundredths.round() as u64, decimeters.round() as u64))
}
