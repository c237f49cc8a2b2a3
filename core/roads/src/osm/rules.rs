//! Who may travel on a way, and how fast, by its tags.
//!
//! Speeds are what one gets along on average on a free road: by class, or nine tenths of the speed limit where one is posted.

use crate::profile::{Kind, Profile};

/// How one gets along on a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// In the order of its nodes, kilometers an hour; 0 where one may not.
    pub forward: u8,
    /// The other way.
    pub backward: u8,
    /// What it is like.
    pub kind: Kind,
}

/// Classes open to cars, and how fast they are.
const CAR: [(&str, u8, Kind); 17] = [
    ("motorway", 100, Kind::Fast),
    ("motorway_link", 60, Kind::Fast),
    ("trunk", 75, Kind::Fast),
    ("trunk_link", 55, Kind::Fast),
    ("primary", 60, Kind::Main),
    ("primary_link", 45, Kind::Main),
    ("secondary", 55, Kind::Main),
    ("secondary_link", 45, Kind::Main),
    ("tertiary", 45, Kind::Main),
    ("tertiary_link", 40, Kind::Main),
    ("unclassified", 35, Kind::Side),
    ("residential", 30, Kind::Side),
    ("road", 30, Kind::Side),
    ("living_street", 10, Kind::Side),
    ("service", 20, Kind::Side),
    ("track", 15, Kind::Side),
    ("rest_area", 20, Kind::Side),
];
const CAR_ACCESS: [&str; 4] = ["motorcar", "motor_vehicle", "vehicle", "access"];

/// Classes only people on foot may use; all of [`CAR`] but motorways and trunk roads are open to them as well.
const FOOTWAYS: [&str; 7] = ["footway", "path", "pedestrian", "steps", "corridor", "cycleway", "bridleway"];
const FOOT_ACCESS: [&str; 2] = ["foot", "access"];
const WALKING: u8 = 5;
const CLIMBING_STEPS: u8 = 2;

/// What says that one may not.
const CLOSED: [&str; 6] = ["no", "private", "agricultural", "forestry", "emergency", "military"];

/// How one gets along on a way whose tags `tag` knows; `None` where one may not, or it is no road.
pub fn access<'a>(profile: Profile, tag: &dyn Fn(&str) -> Option<&'a str>) -> Option<Access> {
    let class = tag("highway")?;
    match profile {
        Profile::Car => by_car(class, tag),
        Profile::Foot => on_foot(class, tag),
    }
}

fn by_car<'a>(class: &str, tag: &dyn Fn(&str) -> Option<&'a str>) -> Option<Access> {
    let (_, usual, kind) = CAR.into_iter().find(|(name, ..)| *name == class)?;
    if CAR_ACCESS.iter().find_map(|key| tag(key)).is_some_and(|says| CLOSED.contains(&says)) {
        return None;
    }
    let speed = tag("maxspeed").and_then(limit).map_or(usual, nine_tenths);
    let round = matches!(tag("junction"), Some("roundabout" | "circular"));
    let implied = round || matches!(class, "motorway" | "motorway_link");
    let (forward, backward) = match tag("oneway") {
        Some("yes" | "true" | "1") => (speed, 0),
        Some("-1" | "reverse") => (0, speed),
        Some("no" | "false" | "0") => (speed, speed),
        _ if implied => (speed, 0),
        _ => (speed, speed),
    };
    Some(Access { forward, backward, kind })
}

fn on_foot<'a>(class: &str, tag: &dyn Fn(&str) -> Option<&'a str>) -> Option<Access> {
    let road = CAR.iter().any(|(name, _, kind)| *name == class && *kind != Kind::Fast);
    let invited = matches!(tag("foot"), Some("yes" | "designated" | "permissive"));
    let closed = FOOT_ACCESS.iter().find_map(|key| tag(key)).is_some_and(|says| CLOSED.contains(&says));
    let open = invited || (!closed && (road || FOOTWAYS.contains(&class)));
    let speed = if class == "steps" { CLIMBING_STEPS } else { WALKING };
    open.then_some(Access { forward: speed, backward: speed, kind: Kind::Side })
}

/// A speed limit in kilometers an hour: `50`, `30 mph`, `DE:zone:30`; others are left to the class.
fn limit(says: &str) -> Option<f64> {
    let number = says.rsplit(':').next().unwrap_or(says).trim();
    let (number, unit) = number.split_once(' ').unwrap_or((number, "km/h"));
    let value: f64 = number.parse().ok()?;
    let kilometers = match unit.trim() {
        "km/h" | "kmh" => value,
        "mph" => value * 1.609_344,
        _ => return None,
    };
    (5.0..=200.0).contains(&kilometers).then_some(kilometers)
}

fn nine_tenths(limit: f64) -> u8 {
    (limit * 0.9).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(profile: Profile, tags: &[(&str, &'static str)]) -> Option<(u8, u8)> {
        let tag = |key: &str| tags.iter().find(|(name, _)| *name == key).map(|(_, says)| *says);
        access(profile, &tag).map(|access| (access.forward, access.backward))
    }

    #[test]
    fn tags_say_who_may_travel_and_how_fast() {
        let car = |tags: &[(&str, &'static str)]| told(Profile::Car, tags);
        assert_eq!(car(&[("highway", "residential")]), Some((30, 30)));
        assert_eq!(car(&[("highway", "residential"), ("maxspeed", "50")]), Some((45, 45)));
        assert_eq!(car(&[("highway", "primary"), ("maxspeed", "30 mph")]), Some((43, 43)));
        assert_eq!(car(&[("highway", "residential"), ("maxspeed", "DE:zone:30")]), Some((27, 27)));
        assert_eq!(car(&[("highway", "primary"), ("maxspeed", "signals")]), Some((60, 60)));
        assert_eq!(car(&[("highway", "primary"), ("oneway", "yes")]), Some((60, 0)));
        assert_eq!(car(&[("highway", "primary"), ("oneway", "-1")]), Some((0, 60)));
        assert_eq!(car(&[("highway", "motorway")]), Some((100, 0)));
        assert_eq!(car(&[("highway", "motorway"), ("oneway", "no")]), Some((100, 100)));
        assert_eq!(car(&[("highway", "tertiary"), ("junction", "roundabout")]), Some((45, 0)));
        assert_eq!(car(&[("highway", "service"), ("access", "private")]), None);
        assert_eq!(car(&[("highway", "service"), ("access", "private"), ("motor_vehicle", "yes")]), Some((20, 20)));
        assert_eq!(car(&[("highway", "steps")]), None);
        assert_eq!(car(&[("highway", "proposed")]), None);
        assert_eq!(car(&[("waterway", "river")]), None);
    }

    #[test]
    fn people_on_foot_mind_no_oneway_and_keep_off_motorways() {
        let foot = |tags: &[(&str, &'static str)]| told(Profile::Foot, tags);
        assert_eq!(foot(&[("highway", "residential"), ("oneway", "yes")]), Some((5, 5)));
        assert_eq!(foot(&[("highway", "steps")]), Some((2, 2)));
        assert_eq!(foot(&[("highway", "trunk")]), None);
        assert_eq!(foot(&[("highway", "trunk"), ("foot", "yes")]), Some((5, 5)));
        assert_eq!(foot(&[("highway", "footway"), ("foot", "no")]), None);
        assert_eq!(foot(&[("highway", "service"), ("access", "no")]), None);
    }
}
