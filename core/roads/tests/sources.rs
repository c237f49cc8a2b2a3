//! A real town's roads as a source of ways: where places snap to, what lies outside, and who tells it.

use std::collections::BTreeMap;
use std::path::Path;

use fieldline_model::Place;
use fieldline_roads::osm::networks;
use fieldline_roads::{Profile, Roads, RoadsError, Traffic};
use fieldline_routing::{KnownWays, Source, ToldTravel, Travel};

const MONACO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/osm/monaco_roads.osm.pbf");
const PLACES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/monaco_places.csv");

fn roads(profile: Profile) -> Roads {
    let networks = networks(Path::new(MONACO), &mut |_| {}).expect("an extract");
    let (_, network) = networks.into_iter().find(|(of, _)| *of == profile).expect("has roads");
    Roads::new(network).expect("a good order")
}

fn place(latitude: f64, longitude: f64) -> Place {
    Place::from_degrees(latitude, longitude).expect("on earth")
}

/// The station, the Oceanographic Museum, and the hospital.
fn town() -> [Place; 3] {
    [place(43.7386, 7.4194), place(43.7307, 7.4254), place(43.7336, 7.4119)]
}

fn nice() -> Place {
    place(43.7102, 7.2620)
}

#[test]
fn every_place_in_town_snaps_to_a_road_nearby_and_one_at_sea_to_none() {
    let roads = roads(Profile::Car);
    let places = std::fs::read_to_string(PLACES).expect("the demo's places");
    for row in places.lines().skip(1) {
        let mut degrees = row.rsplit(',').map(|degrees| degrees.parse().expect("degrees"));
        let (longitude, latitude) = (degrees.next().expect("a column"), degrees.next().expect("a column"));
        let snapped = roads.snap(place(latitude, longitude)).expect("in town");
        assert!(snapped.off_meters < 200.0, "{row}: {} m", snapped.off_meters);
        assert!((0.0..=1.0).contains(&snapped.fraction));
    }
    assert_eq!(roads.snap(place(43.70, 7.50)), None);
    assert_eq!(roads.snap(place(-90.0, 180.0)), None);
    assert!(matches!(roads.travel(&[town()[0], nice()]), Err(RoadsError::Outside { number: 1, .. })));
}

#[test]
fn ways_through_town_are_as_long_as_people_know_them() {
    let (car, foot) = (roads(Profile::Car), roads(Profile::Foot));
    let (driven, walked) = (car.travel(&town()).expect("in town"), foot.travel(&town()).expect("in town"));
    for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
        let crow = town()[from].distance_metres(town()[to]);
        let (drive, walk) = (f64::from(driven.meters(from, to)), f64::from(walked.meters(from, to)));
        assert!(walk > crow * 0.9 && walk < crow * 3.0, "{walk} m on foot, {crow} m for the crow");
        assert!(drive > crow * 0.9 && drive < crow * 6.0, "{drive} m by car, {crow} m for the crow");
        assert!(driven.seconds(from, to) < walked.seconds(from, to));
    }
}

#[test]
fn the_rush_hour_takes_longer_by_its_factor_and_never_shorter() {
    let roads = roads(Profile::Car);
    let free = roads.travel(&town()).expect("in town");
    let twice = Traffic { fast: 2.0, main: 2.0, side: 2.0 };
    let slow = roads.in_traffic(twice).expect("factors").travel(&town()).expect("in town");
    assert!((slow.seconds(0, 1) - 2 * free.seconds(0, 1)).abs() <= 2);
    assert_eq!(slow.meters(0, 1), free.meters(0, 1));
    let unheard_of = Traffic { main: 0.0, ..Traffic::default() };
    assert!(matches!(roads.in_traffic(unheard_of), Err(RoadsError::Traffic { .. })));
}

#[test]
fn roads_tell_what_they_know_then_what_was_known_then_the_crow() {
    let roads = roads(Profile::Car);
    let yesterday = Travel::new(2, [0, 1_500, 1_600, 0].into(), [0, 20_000, 21_000, 0].into()).expect("four of each");
    let known = KnownWays::new(vec![town()[0], nice()], yesterday).expect("two places");
    let region = roads.region().expect("a town has an extent");
    assert!((1.2..4.0).contains(&region.detour) && (10.0..60.0).contains(&region.kilometers_per_hour), "{region:?}");

    let places = [town()[0], town()[1], nice()];
    let told = ToldTravel::ask(&[&roads, &known, &region], &places).expect("the crow knows all");
    assert_eq!(told.source(0, 1), Source::Roads);
    assert_eq!(told.travel.seconds(0, 1), roads.travel(&places[..2]).expect("in town").seconds(0, 1));
    assert_eq!((told.source(0, 2), told.travel.seconds(0, 2)), (Source::Known, 1_500));
    assert_eq!(told.source(1, 2), Source::GreatCircle);
    let by_source = BTreeMap::from([(Source::Roads, 2), (Source::Known, 2), (Source::GreatCircle, 2)]);
    assert_eq!(told.ways_by_source(), by_source);
}
