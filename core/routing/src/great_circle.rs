//! Ways where no road network is at hand: as the crow flies, longer by a factor that a region's roads have.

use fieldline_model::Place;
use serde::{Deserialize, Serialize};

use crate::travel::{Travel, TravelError};
use crate::ways::{PartialTravel, Source, ToldTravel, TravelSource};

/// What a region's roads are like.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Region {
    /// How many times longer a way is than the crow's.
    pub detour: f64,
    /// How fast one gets along, in kilometers an hour.
    pub kilometers_per_hour: f64,
}

impl Default for Region {
    /// Between the medians measured for towns and the country (1.3 to 1.9), at the speed of mixed roads.
    fn default() -> Self {
        Self { detour: 1.5, kilometers_per_hour: 45.0 }
    }
}

impl Region {
    /// The factors with which half of the ways that are known are longer than the great circle says and half are shorter, in
    /// meters and in seconds; `None` when too few lead anywhere.
    pub fn fitted(places: &[Place], travel: &Travel) -> Option<Self> {
        let pairs = places.iter().enumerate().flat_map(|(from, start)| {
            places.iter().enumerate().map(move |(to, end)| (from, to, start.distance_metres(*end)))
        });
        let (mut meters, mut seconds): (Vec<f64>, Vec<f64>) = pairs
            .filter(|(_, _, crow)| *crow > 0.0)
            .map(|(from, to, crow)| (travel.meters(from, to) as f64 / crow, travel.seconds(from, to) as f64 / crow))
            .unzip();
        let (detour, seconds_a_meter) = (median(&mut meters)?, median(&mut seconds)?);
        let fits = detour > 0.0 && seconds_a_meter > 0.0;
        fits.then(|| Self { detour, kilometers_per_hour: detour / seconds_a_meter * 3.6 })
    }

    fn meters(self, from: Place, to: Place) -> f64 {
        from.distance_metres(to) * self.detour
    }

    fn seconds(self, meters: f64) -> f64 {
        meters * (3.6 / self.kilometers_per_hour)
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

impl TravelSource for Region {
    fn tell(&self, places: &[Place], told: &mut PartialTravel) {
        for (from, start) in places.iter().enumerate() {
            for (to, end) in places.iter().enumerate() {
                if told.is_untold(from, to) {
                    let meters = self.meters(*start, *end);
                    let whole = |value: f64| value.round() as i32;
                    told.tell(from, to, whole(self.seconds(meters)), whole(meters), Source::GreatCircle);
                }
            }
        }
    }
}

/// Ways between places as the crow flies, stretched as the roads are.
///
/// # Errors
/// When a way is absurdly long, which only absurd roads make.
pub fn great_circle(places: &[Place], region: Region) -> Result<Travel, TravelError> {
    Ok(ToldTravel::ask(&[&region], places)?.travel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_as_long_as_on_the_globe_times_the_detour() {
        let place = |latitude, longitude| Place::from_degrees(latitude, longitude).expect("on earth");
        let (monaco, nice) = (place(43.7384, 7.4246), place(43.7102, 7.262));
        let travel =
            great_circle(&[monaco, nice], Region { detour: 1.0, kilometers_per_hour: 36.0 }).expect("short ways");
        assert!((13_000..13_600).contains(&travel.meters(0, 1)), "{} m", travel.meters(0, 1));
        assert_eq!((travel.meters(0, 1) + 5) / 10, travel.seconds(0, 1), "ten meters a second");
        assert_eq!((travel.meters(0, 0), travel.meters(1, 0)), (0, travel.meters(0, 1)));
    }
}
