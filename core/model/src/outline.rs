//! An outline on the map, as GeoJSON (RFC 7946) writes it: a `Polygon` or a `MultiPolygon`, in degrees, longitude first.
//!
//! It says whether a place lies within; what lies exactly on its edge does not. Left out: outlines across the date line, which the RFC
//! has cut in two, and every other sort of geometry.

use geo::{Contains, Coord, LineString, MultiPolygon, Point, Polygon};
use serde::Deserialize;

use crate::place::Place;

/// The most corners of an outline: as many as ServiceNow's `sn_tp.max_coordinates_allowed`.
const MOST_CORNERS: usize = 3_250;

type Ring = Vec<(f64, f64)>;

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

/// An outline.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline(MultiPolygon<f64>);

impl Outline {
    /// Reads GeoJSON.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |problem: String| format!("is no GeoJSON Polygon or MultiPolygon: {problem}");
        let geometry: Geometry = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let polygons = match geometry {
            Geometry::Polygon(rings) => vec![rings],
            Geometry::MultiPolygon(polygons) => polygons,
        };
        let corners: usize = polygons.iter().flatten().map(Vec::len).sum();
        if corners > MOST_CORNERS {
            return Err(format!("has {corners} corners; {MOST_CORNERS} are the most, leave some out"));
        }
        let all = || polygons.iter().flatten();
        if all().any(|ring| ring.len() < 4 || ring.first() != ring.last()) {
            return Err(wrong("a ring has at least four corners, and its last one is its first".into()));
        }
        if all().flatten().any(|(longitude, latitude)| Place::from_degrees(*latitude, *longitude).is_none()) {
            return Err(wrong("a corner is nowhere on earth; longitude comes first".into()));
        }
        Ok(Self(MultiPolygon(polygons.into_iter().filter_map(polygon).collect())))
    }

    /// Whether a place lies within.
    pub fn holds(&self, place: Place) -> bool {
        let degrees = |micro: i32| f64::from(micro) / 1e6;
        self.0.contains(&Point::new(degrees(place.longitude_micro), degrees(place.latitude_micro)))
    }
}

/// A polygon of its outer ring and its holes.
fn polygon(rings: Vec<Ring>) -> Option<Polygon<f64>> {
    let line = |ring: Ring| LineString(ring.into_iter().map(|(x, y)| Coord { x, y }).collect());
    let mut rings = rings.into_iter().map(line);
    Some(Polygon::new(rings.next()?, rings.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(latitude: f64, longitude: f64) -> Place {
        Place::from_degrees(latitude, longitude).expect("on earth")
    }

    #[test]
    fn what_lies_in_a_hole_or_outside_does_not_lie_within() {
        let outline = r#"{"type":"Polygon","coordinates":[
            [[7.0,43.0],[8.0,43.0],[8.0,44.0],[7.0,44.0],[7.0,43.0]],
            [[7.4,43.4],[7.6,43.4],[7.6,43.6],[7.4,43.6],[7.4,43.4]]]}"#;
        let outline = Outline::parse(outline).expect("an outline");
        let inside = [at(43.2, 7.2), at(43.5, 7.5), at(43.2, 8.2), at(7.2, 43.2)];
        assert_eq!(inside.map(|place| outline.holds(place)), [true, false, false, false]);
        let two = r#"{"type":"MultiPolygon","coordinates":[
            [[[0,0],[1,0],[1,1],[0,0]]], [[[5,5],[6,5],[6,6],[5,5]]]]}"#;
        let two = Outline::parse(two).expect("an outline");
        assert!(two.holds(at(0.4, 0.8)) && two.holds(at(5.4, 5.8)) && !two.holds(at(3.0, 3.0)));
    }

    #[test]
    fn what_is_no_outline_says_why() {
        for (text, problem) in [
            ("{}", "missing field `type`"),
            (r#"{"type":"Point","coordinates":[7,43]}"#, "unknown variant"),
            (r#"{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}"#, "its last one is its first"),
            (r#"{"type":"Polygon","coordinates":[[[0,0],[1,95],[1,1],[0,0]]]}"#, "nowhere on earth"),
        ] {
            let told = Outline::parse(text).expect_err("no outline");
            assert!(told.contains(problem), "{told}");
        }
        let ring = vec!["[0,0]"; MOST_CORNERS + 1].join(",");
        let many = format!(r#"{{"type":"Polygon","coordinates":[[{ring}]]}}"#);
        assert!(Outline::parse(&many).expect_err("too many").contains("corners"));
    }
}
