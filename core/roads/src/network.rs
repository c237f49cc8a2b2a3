//! A network of roads for one profile, as a bundle holds it.

use fieldline_model::Place;
use minicbor::{Decode, Encode};

use crate::cost::{Cost, cost};
use crate::error::RoadsError;
use crate::profile::{Kind, Traffic};

/// Longest straight road, far above the longest there is: a bound for what a search for the nearest one must remember.
pub(crate) const LONGEST_DECIMETERS: u32 = 1_000_000;

/// A straight piece of road between two nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Road {
    /// The node that comes first in the network.
    pub low: u32,
    /// The other one.
    pub high: u32,
    /// How long it is.
    pub decimeters: u32,
    /// How fast one gets from `low` to `high`; 0 where one may not.
    pub up_kilometers_per_hour: u8,
    /// How fast one gets from `high` to `low`; 0 where one may not.
    pub down_kilometers_per_hour: u8,
    /// What it is like.
    pub kind: Kind,
}

impl Road {
    /// What it costs to go up and to come down a share of it, in a traffic.
    pub(crate) fn costs(&self, share: f64, traffic: Traffic) -> [Cost; 2] {
        let factor = traffic.factor(self.kind);
        let speeds = [self.up_kilometers_per_hour, self.down_kilometers_per_hour];
        speeds.map(|speed| cost(f64::from(self.decimeters) * share, f64::from(speed) / factor))
    }
}

/// Nodes and the roads between them. Cheap to ask when the last nodes part the network in the middle, those before them the
/// halves, and so on; right in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    nodes: Vec<Place>,
    roads: Vec<Road>,
}

impl Network {
    /// Puts a network together; roads are sorted.
    ///
    /// # Errors
    /// Names the first road that leads nowhere, from a later node to an earlier one, or cannot be travelled.
    pub fn new(nodes: Vec<Place>, mut roads: Vec<Road>) -> Result<Self, RoadsError> {
        roads.sort_unstable();
        for (number, road) in roads.iter().enumerate() {
            let wrong = |problem| Err(RoadsError::Road { number, problem });
            if road.high as usize >= nodes.len() {
                return wrong("it ends at a node that does not exist");
            }
            if road.low >= road.high {
                return wrong("its ends are the same or in the wrong order");
            }
            if road.up_kilometers_per_hour == 0 && road.down_kilometers_per_hour == 0 {
                return wrong("it is closed both ways");
            }
            let ends = [road.low, road.high].map(|node| nodes[node as usize]);
            if road.decimeters.max((ends[0].distance_metres(ends[1]) * 10.0) as u32) > LONGEST_DECIMETERS {
                return wrong("it is longer than 100 km");
            }
        }
        Ok(Self { nodes, roads })
    }

    /// Where roads meet or bend.
    pub fn nodes(&self) -> &[Place] {
        &self.nodes
    }

    /// The roads, sorted by their ends.
    pub fn roads(&self) -> &[Road] {
        &self.roads
    }

    pub(crate) fn to_columns(&self) -> Columns {
        let all = |of: fn(&Road) -> u32| self.roads.iter().map(of).collect::<Vec<_>>();
        let speeds = |of: fn(&Road) -> u8| self.roads.iter().map(of).collect::<Vec<_>>();
        Columns {
            latitudes: steps(self.nodes.iter().map(|node| node.latitude_micro)),
            longitudes: steps(self.nodes.iter().map(|node| node.longitude_micro)),
            lows: steps(self.roads.iter().map(|road| road.low as i32)),
            rises: all(|road| road.high - road.low),
            decimeters: all(|road| road.decimeters),
            up: speeds(|road| road.up_kilometers_per_hour),
            down: speeds(|road| road.down_kilometers_per_hour),
            kinds: speeds(|road| road.kind as u8),
        }
    }

    /// The network again, or what is wrong with it.
    pub(crate) fn from_columns(columns: &Columns) -> Result<Self, String> {
        let roads = columns.lows.len();
        let others = [columns.rises.len(), columns.decimeters.len(), columns.up.len(), columns.down.len()];
        if columns.longitudes.len() != columns.latitudes.len()
            || columns.kinds.len() != roads
            || others.iter().any(|length| *length != roads)
        {
            return Err("its columns have different lengths".into());
        }
        let nodes = sums(&columns.latitudes).zip(sums(&columns.longitudes));
        let place = |(latitude, longitude)| Place::from_degrees(f64::from(latitude) / 1e6, f64::from(longitude) / 1e6);
        let nodes = nodes.map(place).collect::<Option<Vec<_>>>().ok_or("a node is not on earth")?;
        let road = |(at, low): (usize, i32)| {
            let low = u32::try_from(low).ok()?;
            Some(Road {
                low,
                high: low.checked_add(columns.rises[at])?,
                decimeters: columns.decimeters[at],
                up_kilometers_per_hour: columns.up[at],
                down_kilometers_per_hour: columns.down[at],
                kind: [Kind::Fast, Kind::Main, Kind::Side].get(usize::from(columns.kinds[at])).copied()?,
            })
        };
        let roads = sums(&columns.lows).enumerate().map(road).collect::<Option<Vec<_>>>();
        Self::new(nodes, roads.ok_or("a road has an end or a kind that does not exist")?).map_err(|e| e.to_string())
    }
}

/// A network column by column, as steps from one to the next where those are small.
#[derive(Debug, Encode, Decode)]
pub(crate) struct Columns {
    #[n(0)]
    latitudes: Vec<i32>,
    #[n(1)]
    longitudes: Vec<i32>,
    #[n(2)]
    lows: Vec<i32>,
    #[n(3)]
    rises: Vec<u32>,
    #[n(4)]
    decimeters: Vec<u32>,
    #[cbor(n(5), with = "minicbor::bytes")]
    up: Vec<u8>,
    #[cbor(n(6), with = "minicbor::bytes")]
    down: Vec<u8>,
    #[cbor(n(7), with = "minicbor::bytes")]
    kinds: Vec<u8>,
}

fn steps(values: impl Iterator<Item = i32>) -> Vec<i32> {
    let mut before = 0_i32;
    values.map(|value| value.wrapping_sub(std::mem::replace(&mut before, value))).collect()
}

fn sums(steps: &[i32]) -> impl Iterator<Item = i32> + '_ {
    steps.iter().scan(0_i32, |sum, step| {
        *sum = sum.wrapping_add(*step);
        Some(*sum)
    })
}
