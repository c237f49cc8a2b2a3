//! Who can tell ways between places, and what to do when the best source cannot tell them all.
//!
//! Sources are asked one after the other, the most exact first: a network of roads, ways known from before, the great circle.
//! Each fills in what those before could not tell, and every way remembers who told it, so that a plan can say what it rests on.

use std::collections::BTreeMap;

use fieldline_model::Place;
use serde::Serialize;

use crate::travel::{Travel, TravelError};

/// Where a way comes from, the most exact first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The fastest way on a network of roads.
    Roads,
    /// A way worked out before.
    Known,
    /// As the crow flies, stretched as a region's roads are.
    GreatCircle,
}

/// Somebody who can tell ways between places.
pub trait TravelSource {
    /// Tells the ways that are untold and that it knows.
    fn tell(&self, places: &[Place], told: &mut PartialTravel);
}

/// Ways of which some may still be untold.
#[derive(Debug, Clone)]
pub struct PartialTravel {
    places: usize,
    seconds: Vec<i32>,
    meters: Vec<i32>,
    sources: Vec<Option<Source>>,
}

impl PartialTravel {
    fn untold(places: usize) -> Self {
        let ways = places * places;
        Self { places, seconds: vec![0; ways], meters: vec![0; ways], sources: vec![None; ways] }
    }

    /// Whether nobody has told a way.
    pub fn is_untold(&self, from: usize, to: usize) -> bool {
        self.sources[from * self.places + to].is_none()
    }

    /// The places with a way from or to them that nobody has told.
    pub fn places_with_untold_ways(&self) -> Vec<usize> {
        let untold = |one| (0..self.places).any(|other| self.is_untold(one, other) || self.is_untold(other, one));
        (0..self.places).filter(|place| untold(*place)).collect()
    }

    /// Tells a way, unless somebody has.
    pub fn tell(&mut self, from: usize, to: usize, seconds: i32, meters: i32, source: Source) {
        let at = from * self.places + to;
        if self.sources[at].is_none() {
            (self.seconds[at], self.meters[at], self.sources[at]) = (seconds, meters, Some(source));
        }
    }
}

/// Ways between places, and who told each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldTravel {
    /// The ways.
    pub travel: Travel,
    sources: Vec<Source>,
}

impl ToldTravel {
    /// Asks sources one after the other until every way is told.
    ///
    /// # Errors
    /// Names the first way that no source can tell, or that is absurdly long.
    pub fn ask(sources: &[&dyn TravelSource], places: &[Place]) -> Result<Self, TravelError> {
        let mut told = PartialTravel::untold(places.len());
        for source in sources {
            if told.sources.contains(&None) {
                source.tell(places, &mut told);
            }
        }
        let untold = |at: usize| TravelError::Untold { from: at / places.len(), to: at % places.len() };
        let by = told.sources.iter().enumerate().map(|(at, source)| source.ok_or_else(|| untold(at)));
        let sources = by.collect::<Result<_, _>>()?;
        Ok(Self { travel: Travel::new(places.len(), told.seconds.into(), told.meters.into())?, sources })
    }

    /// Who told a way.
    pub fn source(&self, from: usize, to: usize) -> Source {
        self.sources[from * self.travel.places() + to]
    }

    /// How many ways between two places each source told.
    pub fn ways_by_source(&self) -> BTreeMap<Source, usize> {
        let mut ways = BTreeMap::new();
        let between_two = self.sources.iter().enumerate().filter(|(at, _)| at % (self.travel.places() + 1) != 0);
        for (_, source) in between_two {
            *ways.entry(*source).or_default() += 1;
        }
        ways
    }
}
