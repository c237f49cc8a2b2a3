//! Ways on roads are the fastest there are: the same as Dijkstra's, on real and on random networks.

mod dijkstra;

use std::path::Path;

use fieldline_model::Place;
use fieldline_roads::osm::networks;
use fieldline_roads::{Kind, Network, Profile, Road, Roads, Snapped, Traffic};
use fieldline_routing::{Region, Source, ToldTravel};
use proptest::prelude::*;

const MONACO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/osm/monaco_roads.osm.pbf");

/// Places between roads, in the middle of the town and at its edges.
fn places(network: &Network, step: usize) -> Vec<Place> {
    let beside = |place: &Place| Place { latitude_micro: place.latitude_micro + 173, ..*place };
    network.nodes().iter().step_by(step).map(beside).collect()
}

fn all_as_dijkstra(roads: &Roads, traffic: Traffic, places: &[Place]) {
    let travel = roads.travel(places).expect("everything is joined");
    let snapped: Vec<Snapped> = places.iter().map(|place| roads.snap(*place).expect("beside a road")).collect();
    for (from, start) in snapped.iter().enumerate() {
        for (to, way) in dijkstra::fastest(roads.network(), traffic, *start, &snapped).into_iter().enumerate() {
            assert_eq!(Some((travel.seconds(from, to), travel.meters(from, to))), way, "from {from} to {to}");
        }
    }
}

#[test]
fn ways_in_monaco_are_dijkstras_for_each_profile_and_traffic() {
    let networks = networks(Path::new(MONACO), &mut |_| {}).expect("an extract");
    assert_eq!(networks.iter().map(|(profile, _)| *profile).collect::<Vec<_>>(), Profile::ALL);
    for (_, network) in networks {
        let places = places(&network, 7);
        assert!(places.len() > 200, "{} places", places.len());
        let roads = Roads::new(network).expect("a good order");
        assert!(roads.arcs() < roads.network().roads().len() * 3, "{} arcs: a poor order", roads.arcs());
        all_as_dijkstra(&roads, Traffic::default(), &places);
        let rush_hour = Traffic { fast: 2.5, main: 1.7, side: 1.1 };
        all_as_dijkstra(&roads.in_traffic(rush_hour).expect("factors"), rush_hour, &places);
    }
}

#[test]
fn the_same_extract_gives_the_same_network() {
    let make = || networks(Path::new(MONACO), &mut |_| {}).expect("an extract");
    assert_eq!(make(), make());
}

/// Roads between random nodes in random order, one-way and not, doubled, and falling apart.
fn network() -> impl Strategy<Value = Network> {
    let nodes = prop::collection::vec((43_700_000..43_760_000, 7_400_000..7_460_000), 2..40);
    let node = |(latitude_micro, longitude_micro)| Place { latitude_micro, longitude_micro };
    let nodes = nodes.prop_map(move |nodes| nodes.into_iter().map(node).collect::<Vec<_>>());
    nodes.prop_flat_map(|nodes| {
        let ends = (0..nodes.len() as u32, 0..nodes.len() as u32);
        let kind = prop::sample::select(vec![Kind::Fast, Kind::Main, Kind::Side]);
        let speeds = (prop_oneof![Just(0), 1..=130_u8], 1..=130_u8, any::<bool>());
        let road = (ends, 0..30_000_u32, speeds, kind).prop_filter_map(
            "ends differ",
            |((one, other), decimeters, speeds, kind)| {
                let (up, down) = if speeds.2 { (speeds.0, speeds.1) } else { (speeds.1, speeds.0) };
                let (low, high) = (one.min(other), one.max(other));
                let road =
                    Road { low, high, decimeters, up_kilometers_per_hour: up, down_kilometers_per_hour: down, kind };
                (low < high).then_some(road)
            },
        );
        let most = nodes.len() * 3;
        prop::collection::vec(road, 1..most)
            .prop_map(move |roads| Network::new(nodes.clone(), roads).expect("makes sense"))
    })
}

fn spots() -> impl Strategy<Value = Vec<Place>> {
    let spot = (43_690_000..43_770_000, 7_390_000..7_470_000);
    prop::collection::vec(
        spot.prop_map(|(latitude_micro, longitude_micro)| Place { latitude_micro, longitude_micro }),
        1..40,
    )
}

proptest! {
    #[test]
    fn ways_on_any_roads_are_dijkstras_and_the_crow_tells_the_others(network in network(), places in spots()) {
        let roads = Roads::new(network).expect("few nodes");
        let told = ToldTravel::ask(&[&roads, &Region::default()], &places).expect("the crow knows all");
        for (from, start) in places.iter().enumerate() {
            let snapped = places.iter().map(|place| roads.snap(*place));
            for (to, end) in snapped.enumerate() {
                let way = roads.snap(*start).zip(end).and_then(|(start, end)| {
                    dijkstra::fastest(roads.network(), Traffic::default(), start, &[end])[0]
                });
                match way {
                    Some(way) => {
                        prop_assert_eq!(told.source(from, to), Source::Roads);
                        prop_assert_eq!((told.travel.seconds(from, to), told.travel.meters(from, to)), way);
                    }
                    None => prop_assert_eq!(told.source(from, to), Source::GreatCircle),
                }
            }
        }
    }

    #[test]
    fn no_road_is_nearer_than_the_one_a_place_snaps_to(network in network(), places in spots()) {
        let roads = Roads::new(network).expect("few nodes");
        for place in places {
            let nearest = roads.snap(place).map_or(fieldline_roads::FARTHEST_METERS, |snapped| snapped.off_meters);
            for road in roads.network().roads() {
                for share in 0..=20 {
                    let ends = [road.low, road.high].map(|node| roads.network().nodes()[node as usize]);
                    let on = |of: fn(Place) -> i32| of(ends[0]) + (of(ends[1]) - of(ends[0])) * share / 20;
                    let on = Place { latitude_micro: on(|p| p.latitude_micro), longitude_micro: on(|p| p.longitude_micro) };
                    prop_assert!(place.distance_metres(on) > nearest * 0.999 - 0.2);
                }
            }
        }
    }
}
