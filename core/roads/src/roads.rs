//! A network ready for questions.

use std::path::Path;
use std::sync::Arc;

use fieldline_model::Place;
use fieldline_routing::{PartialTravel, Region, Source, Travel, TravelSource};

use crate::bundle::read_bundle;
use crate::cost::{Cost, seconds_and_meters};
use crate::error::RoadsError;
use crate::hierarchy::Hierarchy;
use crate::matrix;
use crate::network::Network;
use crate::profile::{Profile, Traffic};
use crate::snap::{FARTHEST_METERS, Grid, Snapped};

/// Roads asked for a region's character: enough for two digits, few enough for a millisecond.
const SAMPLED_ROADS: usize = 100;

/// The fastest ways on a network of roads, from where places snap to.
#[derive(Debug, Clone)]
pub struct Roads {
    network: Arc<Network>,
    grid: Arc<Grid>,
    hierarchy: Hierarchy,
    traffic: Traffic,
}

impl Roads {
    /// Opens a profile's network in a bundle.
    ///
    /// # Errors
    /// When the file is not a bundle, is damaged or newer than this program, or has no such network.
    pub fn open(path: &Path, profile: Profile) -> Result<Self, RoadsError> {
        Self::new(read_bundle(path, profile)?)
    }

    /// Makes a network ready, with free roads.
    ///
    /// # Errors
    /// When the order of its nodes needs shortcuts without bound.
    pub fn new(network: Network) -> Result<Self, RoadsError> {
        let mut hierarchy = Hierarchy::contract(&network)?;
        let traffic = Traffic::default();
        hierarchy.customise(&network, traffic);
        Ok(Self { grid: Arc::new(Grid::new(&network)), network: Arc::new(network), hierarchy, traffic })
    }

    /// The same roads in another traffic.
    ///
    /// # Errors
    /// When a factor is not between 0.01 and 100.
    pub fn in_traffic(&self, traffic: Traffic) -> Result<Self, RoadsError> {
        let mut roads = Self { traffic: traffic.check()?, ..self.clone() };
        roads.hierarchy.customise(&roads.network, traffic);
        Ok(roads)
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// How many arcs answer questions: roads and shortcuts.
    pub fn arcs(&self) -> usize {
        self.hierarchy.size()
    }

    /// The nearest road to a place; `None` when every road is farther than [`FARTHEST_METERS`].
    pub fn snap(&self, place: Place) -> Option<Snapped> {
        self.grid.nearest(&self.network, place)
    }

    /// The fastest ways between all places. What lies between a place and its road is not counted.
    ///
    /// # Errors
    /// Names the first place with no road near it, or that roads do not join with the others.
    pub fn travel(&self, places: &[Place]) -> Result<Travel, RoadsError> {
        let outside = |number| RoadsError::Outside { number, farthest_meters: FARTHEST_METERS };
        let snapped = places.iter().enumerate().map(|(number, place)| self.snap(*place).ok_or(outside(number)));
        let ways = self.ways(&snapped.collect::<Result<Vec<_>, _>>()?);
        let (mut seconds, mut meters) = (Vec::with_capacity(ways.len()), Vec::with_capacity(ways.len()));
        for (at, way) in ways.iter().enumerate() {
            let way = seconds_and_meters(*way).ok_or_else(|| outside(at / places.len()))?;
            seconds.push(way.0);
            meters.push(way.1);
        }
        Ok(Travel::new(places.len(), seconds.into(), meters.into())?)
    }

    /// How much longer than the crow's its ways are, and how fast, from an even sample; `None` when it has no extent.
    pub fn region(&self) -> Option<Region> {
        let roads = self.network.roads();
        let every = roads.len().div_ceil(SAMPLED_ROADS).max(1);
        let places: Vec<_> = roads.iter().step_by(every).map(|road| self.network.nodes()[road.low as usize]).collect();
        Region::fitted(&places, &self.travel(&places).ok()?)
    }

    fn ways(&self, places: &[Snapped]) -> Vec<Cost> {
        matrix::ways(&self.network, &self.hierarchy, self.traffic, places)
    }
}

impl TravelSource for Roads {
    fn tell(&self, places: &[Place], told: &mut PartialTravel) {
        let untold = told.places_with_untold_ways();
        let (numbers, snapped): (Vec<_>, Vec<_>) =
            untold.into_iter().filter_map(|number| Some((number, self.snap(places[number])?))).unzip();
        let ways = self.ways(&snapped);
        for (way, (from, to)) in
            ways.iter().zip(numbers.iter().flat_map(|from| numbers.iter().map(move |to| (from, to))))
        {
            if let Some((seconds, meters)) = seconds_and_meters(*way) {
                told.tell(*from, *to, seconds, meters, Source::Roads);
            }
        }
    }
}
