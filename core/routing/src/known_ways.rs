//! Ways that were worked out before: yesterday, or by a server that has the roads.

use std::collections::BTreeMap;

use fieldline_model::Place;

use crate::travel::{Travel, TravelError};
use crate::ways::{PartialTravel, Source, TravelSource};

/// Places and the ways between them. A place is known when it is the very same, to the millionth of a degree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownWays {
    places: Vec<Place>,
    travel: Travel,
    numbers: BTreeMap<Place, usize>,
}

impl KnownWays {
    /// Keeps ways for later.
    ///
    /// # Errors
    /// When there are not as many places as the ways lead between.
    pub fn new(places: Vec<Place>, travel: Travel) -> Result<Self, TravelError> {
        if places.len() != travel.places() {
            let (seconds, meters) = (travel.all_seconds().len(), travel.all_meters().len());
            return Err(TravelError::Size { places: places.len(), seconds, meters });
        }
        let numbers = places.iter().enumerate().map(|(number, place)| (*place, number)).collect();
        Ok(Self { places, travel, numbers })
    }

    /// The places.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The ways between them.
    pub fn travel(&self) -> &Travel {
        &self.travel
    }
}

impl TravelSource for KnownWays {
    fn tell(&self, places: &[Place], told: &mut PartialTravel) {
        let known = |(number, place)| Some((number, *self.numbers.get(place)?));
        let known: Vec<(usize, usize)> = places.iter().enumerate().filter_map(known).collect();
        for (from, known_from) in &known {
            for (to, known_to) in &known {
                let (seconds, meters) =
                    (self.travel.seconds(*known_from, *known_to), self.travel.meters(*known_from, *known_to));
                told.tell(*from, *to, seconds, meters, Source::Known);
            }
        }
    }
}
