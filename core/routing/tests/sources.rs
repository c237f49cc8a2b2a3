//! Where ways come from: the most exact source first, the next for what it cannot tell, and who told is said.

use std::collections::BTreeMap;

use fieldline_model::Place;
use fieldline_routing::{KnownWays, Region, Source, ToldTravel, Travel, TravelError, great_circle};

const REGION: Region = Region { detour: 1.4, kilometers_per_hour: 50.0 };

/// A workshop, two customers, and one far away.
fn places() -> Vec<Place> {
    let degrees = [(43.7384, 7.4246), (43.7311, 7.4197), (43.7466, 7.4334), (43.7102, 7.2620)];
    degrees.map(|(latitude, longitude)| Place::from_degrees(latitude, longitude).expect("on earth")).into()
}

/// What somebody worked out for the first three of them.
fn known() -> KnownWays {
    let seconds = [0, 110, 120, 210, 0, 220, 310, 320, 0];
    let meters = seconds.map(|seconds| seconds * 10);
    let travel = Travel::new(3, seconds.into(), meters.into()).expect("nine of each");
    KnownWays::new(places()[..3].into(), travel).expect("three places")
}

#[test]
fn ways_that_are_known_are_told_and_the_crow_tells_the_others() {
    let places = [places()[3], places()[2], places()[0]];
    let told = ToldTravel::ask(&[&known(), &REGION], &places).expect("the crow knows all");
    assert_eq!((told.travel.seconds(1, 2), told.travel.meters(1, 2)), (310, 3_100));
    assert_eq!((told.travel.seconds(2, 1), told.source(2, 1)), (120, Source::Known));
    let crow = great_circle(&places, REGION).expect("short ways");
    assert_eq!((told.travel.seconds(0, 1), told.source(0, 1)), (crow.seconds(0, 1), Source::GreatCircle));
    assert_eq!(told.ways_by_source(), BTreeMap::from([(Source::Known, 2), (Source::GreatCircle, 4)]));
}

#[test]
fn a_later_source_never_talks_over_an_earlier_one() {
    let told = ToldTravel::ask(&[&REGION, &known()], &places()).expect("the crow knows all");
    assert_eq!(told.travel, great_circle(&places(), REGION).expect("short ways"));
    assert_eq!(told.ways_by_source(), BTreeMap::from([(Source::GreatCircle, 12)]));
}

#[test]
fn a_way_nobody_can_tell_is_named() {
    let untold = ToldTravel::ask(&[&known()], &places()).expect_err("the last place is unknown");
    assert_eq!(untold, TravelError::Untold { from: 0, to: 3 });
    assert!(ToldTravel::ask(&[], &[]).is_ok(), "no places have no ways");
}

#[test]
fn known_ways_need_a_place_for_each_row() {
    let travel = known().travel().clone();
    assert!(matches!(KnownWays::new(places(), travel), Err(TravelError::Size { places: 4, seconds: 9, meters: 9 })));
}

#[test]
fn a_region_is_learnt_from_its_ways() {
    let fitted =
        Region::fitted(&places(), &great_circle(&places(), REGION).expect("short ways")).expect("they lead far");
    assert!((fitted.detour - REGION.detour).abs() < 0.001, "{fitted:?}");
    assert!((fitted.kilometers_per_hour - REGION.kilometers_per_hour).abs() < 0.3, "{fitted:?}");
    let nowhere = [places()[0]; 2];
    assert_eq!(Region::fitted(&nowhere, &great_circle(&nowhere, REGION).expect("short ways")), None);
}
