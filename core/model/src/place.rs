//! A point on the earth, kept in whole micro-degrees so that it compares, hashes and encodes exactly.

use geo::{Distance, Haversine, Point};
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// WGS 84 latitude and longitude in millionths of a degree (0.11 m at the equator).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
pub struct Place {
    /// Millionths of a degree, north positive.
    #[n(0)]
    pub latitude_micro: i32,
    /// Millionths of a degree, east positive.
    #[n(1)]
    pub longitude_micro: i32,
}

impl Place {
    /// A place from degrees; `None` outside ±90 and ±180 or when not a number.
    pub fn from_degrees(latitude: f64, longitude: f64) -> Option<Self> {
        let inside = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
        inside.then(|| Self {
            latitude_micro: (latitude * 1e6).round() as i32,
            longitude_micro: (longitude * 1e6).round() as i32,
        })
    }

    /// Great-circle distance (haversine on the mean earth radius; under 0.5 % off the ellipsoid).
    pub fn distance_metres(self, other: Self) -> f64 {
        Haversine.distance(self.point(), other.point())
    }

    fn point(self) -> Point<f64> {
        Point::new(f64::from(self.longitude_micro) / 1e6, f64::from(self.latitude_micro) / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monaco_to_nice_is_thirteen_kilometres() {
        let monaco = Place::from_degrees(43.7384, 7.4246).expect("on earth");
        let nice = Place::from_degrees(43.7102, 7.2620).expect("on earth");
        assert!((13_000.0..13_600.0).contains(&monaco.distance_metres(nice)));
        assert_eq!(Place::from_degrees(91.0, 0.0), None);
        assert_eq!(Place::from_degrees(f64::NAN, 0.0), None);
    }
}
