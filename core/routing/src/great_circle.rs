//! Ways where no road network is at hand: as the crow flies, longer by a factor that a region's roads have.

use std::sync::Arc;

use fieldline_model::Place;
use serde::{Deserialize, Serialize};

use crate::travel::{Travel, TravelError};

/// What a region's roads are like.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Roads {
    /// How many times longer a way is than the crow's.
    pub detour: f64,
    /// How fast one gets along, in kilometers an hour.
    pub kilometers_per_hour: f64,
}

impl Default for Roads {
    /// Between the medians measured for towns and the country (1.3 to 1.9), at the speed of mixed roads.
    fn default() -> Self {
        Self { detour: 1.5, kilometers_per_hour: 45.0 }
    }
}

/// Ways between places as the crow flies, stretched as the roads are.
///
/// # Errors
/// When a way is absurdly long, which only absurd roads make.
pub fn great_circle(places: &[Place], roads: Roads) -> Result<Travel, TravelError> {
    let all = |units_per_meter: f64| -> Arc<[i32]> {
        let ways = places.iter().flat_map(|from| places.iter().map(|to| from.distance_metres(*to) * roads.detour));
        ways.map(|meters| (meters * units_per_meter).round() as i32).collect()
    };
    Travel::new(places.len(), all(3.6 / roads.kilometers_per_hour), all(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_as_long_as_on_the_globe_times_the_detour() {
        let place = |latitude, longitude| Place::from_degrees(latitude, longitude).expect("on earth");
        let (monaco, nice) = (place(43.7384, 7.4246), place(43.7102, 7.262));
        let travel =
            great_circle(&[monaco, nice], Roads { detour: 1.0, kilometers_per_hour: 36.0 }).expect("short ways");
        assert!((13_000..13_600).contains(&travel.meters(0, 1)), "{} m", travel.meters(0, 1));
        assert_eq!((travel.meters(0, 1) + 5) / 10, travel.seconds(0, 1), "ten meters a second");
        assert_eq!((travel.meters(0, 0), travel.meters(1, 0)), (0, travel.meters(0, 1)));
    }
}
