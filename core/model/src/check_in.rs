//! Whether a technician is where the job is: worked out where they are, radio on or off, and never in anybody's way.
//!
//! A position is as good as its accuracy: somebody counts as there who may be inside the site's radius. A position too vague to
//! tell, and a site nobody has located, validate nothing and say so.
//!
//! Source: ServiceNow "Onsite arrival and check-in", whose seven outcomes are kept. There the geofence is bypassed without a line;
//! here "offline" means that no position was to be had.

use crate::place::Place;
use crate::record::Record;
use crate::value::Value;

/// How near one has to be where a site does not say it.
pub const USUAL_RADIUS_METRES: f64 = 200.0;
/// A position vaguer than this tells nothing.
const VAGUEST_METRES: f64 = 500.0;

/// Where a phone is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    /// The place.
    pub place: Place,
    /// How far off it may be.
    pub accuracy_metres: f64,
}

/// What came of a check-in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheckIn {
    /// The value of `check_in_status`.
    pub status: &'static str,
    /// How far from the site, where both are known.
    pub distance_metres: Option<f64>,
}

impl CheckIn {
    /// What comes of arriving at a site, or of beginning to work there without having arrived (`skipped`).
    pub fn of(site: Option<&Record>, here: Option<Fix>, skipped: bool) -> Self {
        let place = site.and_then(Record::place);
        let known = place.zip(here.filter(|here| here.accuracy_metres <= VAGUEST_METRES));
        let Some((place, here)) = known else {
            let status = if skipped { "offline_skipped_not_validated" } else { "offline_not_validated" };
            return Self { status, distance_metres: None };
        };
        let said = site.and_then(|site| site.get("geofence_radius")).and_then(Value::as_integer);
        let radius = said.filter(|radius| *radius > 0).map_or(USUAL_RADIUS_METRES, |radius| radius as f64);
        let distance = place.distance_metres(here.place);
        let status = match (distance <= radius + here.accuracy_metres.max(0.0), skipped) {
            (true, false) => "geofence_successful",
            (false, false) => "geofence_failed",
            (true, true) => "skipped_geofence_successful",
            (false, true) => "skipped_geofence_failed",
        };
        Self { status, distance_metres: Some(distance) }
    }

    /// Whether a reason is asked for.
    pub fn is_outside(&self) -> bool {
        self.status.ends_with("geofence_failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DocumentId, SysId};
    use crate::value::Decimal;

    /// A site at 43.7384 north, 7.4246 east; a thousandth of a degree of latitude is 111 metres.
    fn site(radius: Option<i64>) -> Record {
        let mut site = Record::new(DocumentId::new("cmn_location", SysId([1; 16])));
        site.set("latitude", Some(Value::Decimal(Decimal { millionths: 43_738_400 })));
        site.set("longitude", Some(Value::Decimal(Decimal { millionths: 7_424_600 })));
        site.set("geofence_radius", radius.map(Value::Integer));
        site
    }

    fn status(radius: Option<i64>, latitude: f64, accuracy_metres: f64, skipped: bool) -> &'static str {
        let place = Place::from_degrees(latitude, 7.4246).unwrap();
        CheckIn::of(Some(&site(radius)), Some(Fix { place, accuracy_metres }), skipped).status
    }

    #[test]
    fn who_may_be_inside_the_radius_is_there() {
        assert_eq!(status(None, 43.7394, 5.0, false), "geofence_successful");
        assert_eq!(status(Some(50), 43.7394, 5.0, false), "geofence_failed");
        assert_eq!(status(Some(50), 43.7394, 80.0, false), "geofence_successful");
        assert_eq!(status(None, 43.7484, 5.0, true), "skipped_geofence_failed");
        assert_eq!(status(None, 43.7384, 5.0, true), "skipped_geofence_successful");
    }

    #[test]
    fn what_is_not_known_validates_nothing() {
        assert_eq!(status(None, 43.7384, 900.0, false), "offline_not_validated");
        assert_eq!(CheckIn::of(Some(&site(None)), None, true).status, "offline_skipped_not_validated");
        let nowhere = Record::new(DocumentId::new("cmn_location", SysId([2; 16])));
        let fix = Fix { place: Place::from_degrees(0.0, 0.0).unwrap(), accuracy_metres: 1.0 };
        let check_in = CheckIn::of(Some(&nowhere), Some(fix), false);
        assert_eq!((check_in.status, check_in.is_outside()), ("offline_not_validated", false));
    }
}
