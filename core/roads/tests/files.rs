//! What files hold comes back as it was, and what is not right with a file is said, never believed and never a panic.

use std::path::{Path, PathBuf};

use fieldline_model::Place;
use fieldline_roads::osm::{OsmError, networks};
use fieldline_roads::{
    Kind, Network, Profile, Road, Roads, RoadsError, read_bundle, read_known_ways, write_bundle, write_known_ways,
};
use fieldline_routing::{KnownWays, Travel};
use proptest::prelude::*;
use tempfile::TempDir;

const MONACO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/osm/monaco_roads.osm.pbf");

/// A round with a one-way street.
fn round() -> Network {
    let nodes = [(43_730_000, 7_420_000), (43_731_000, 7_421_000), (43_732_000, 7_420_000)];
    let nodes = nodes.map(|(latitude_micro, longitude_micro)| Place { latitude_micro, longitude_micro });
    let road = |low, high, up_kilometers_per_hour| Road {
        low,
        high,
        decimeters: 1_400,
        up_kilometers_per_hour,
        down_kilometers_per_hour: 30,
        kind: Kind::Main,
    };
    Network::new(nodes.into(), vec![road(0, 1, 30), road(1, 2, 0), road(0, 2, 50)]).expect("makes sense")
}

fn written(directory: &TempDir) -> PathBuf {
    let path = directory.path().join("round.roads");
    write_bundle(&path, &[(Profile::Foot, round()), (Profile::Car, round())]).expect("writes");
    path
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

#[test]
fn a_bundle_holds_what_was_written() {
    let directory = directory();
    let path = directory.path().join("monaco.roads");
    let networks = networks(Path::new(MONACO), &mut |_| {}).expect("an extract");
    let bytes = write_bundle(&path, &networks).expect("writes");
    assert_eq!(std::fs::metadata(&path).expect("is there").len(), bytes);
    for (profile, network) in networks {
        assert_eq!(read_bundle(&path, profile).expect("reads"), network);
    }
}

#[test]
fn a_flipped_bit_is_noticed_or_means_nothing_and_a_cut_is_noticed() {
    let directory = directory();
    let path = written(&directory);
    let whole = std::fs::read(&path).expect("reads");
    for cut in 0..whole.len() {
        std::fs::write(&path, &whole[..cut]).expect("writes");
        let read = Profile::ALL.map(|profile| Roads::open(&path, profile).is_err());
        assert!(read.contains(&true), "cut after {cut} bytes");
    }
    for bit in 0..whole.len() * 8 {
        let mut spoilt = whole.clone();
        spoilt[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &spoilt).expect("writes");
        for network in Profile::ALL.into_iter().filter_map(|profile| read_bundle(&path, profile).ok()) {
            assert_eq!(network, round(), "bit {bit}");
        }
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let directory = directory();
    let path = written(&directory);
    let whole = std::fs::read(&path).expect("reads");
    let told = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("writes");
        Roads::open(&path, Profile::Car).expect_err("is refused").to_string()
    };
    assert!(told(b"PK\x03\x04 something else").contains("is not a file of road networks"));
    assert!(told(b"").contains("is not a file of road networks"));
    assert!(told(&whole[..whole.len() - 3]).contains("is damaged: it is cut off; fetch it again"));
    let newer = [&whole[..8], &[2], &whole[9..]].concat();
    assert!(told(&newer).contains("has version 2 of its format, this program knows 1; update the program"));
    write_bundle(&path, &[(Profile::Foot, round())]).expect("writes");
    assert!(matches!(Roads::open(&path, Profile::Car), Err(RoadsError::NoProfile { profile: Profile::Car, .. })));
    std::fs::remove_file(&path).expect("was there");
    assert!(matches!(Roads::open(&path, Profile::Car), Err(RoadsError::Io { .. })));
}

#[test]
fn roads_that_cannot_be_are_refused() {
    let [one, two] = [0, 1].map(|at| round().nodes()[at]);
    let road = round().roads()[0];
    let wrong = |nodes: &[Place], road| matches!(Network::new(nodes.into(), vec![road]), Err(RoadsError::Road { .. }));
    assert!(wrong(&[one], road), "leads nowhere");
    assert!(wrong(&[one, two], Road { low: 1, high: 0, ..road }), "leads backwards");
    assert!(wrong(&[one, two], Road { up_kilometers_per_hour: 0, down_kilometers_per_hour: 0, ..road }), "is closed");
    assert!(wrong(&[one, two], Road { decimeters: u32::MAX, ..road }), "is endless");
    assert!(wrong(&[one, Place { latitude_micro: -one.latitude_micro, ..one }], road), "spans the equator");
}

#[test]
fn an_order_that_ties_everything_to_everything_is_refused() {
    let nodes = (0..400).map(|step| Place { latitude_micro: 43_730_000 + step, longitude_micro: 7_420_000 });
    let spoke = |high| Road { low: 0, high, ..round().roads()[0] };
    let wheel = Network::new(nodes.collect(), (1..400).map(spoke).collect()).expect("makes sense");
    assert!(matches!(Roads::new(wheel), Err(RoadsError::Tangled { .. })));
}

#[test]
fn known_ways_come_back_as_they_were() {
    let directory = directory();
    let path = directory.path().join("today.ways");
    let travel = Travel::new(2, [0, 70, 60, 0].into(), [0, 700, 600, 0].into()).expect("four of each");
    let known = KnownWays::new(round().nodes()[..2].into(), travel).expect("two places");
    let bytes = write_known_ways(&path, &known).expect("writes");
    assert_eq!(read_known_ways(&path).expect("reads"), known);
    let whole = std::fs::read(&path).expect("reads");
    assert_eq!(whole.len() as u64, bytes);
    for bit in 0..whole.len() * 8 {
        let mut spoilt = whole.clone();
        spoilt[bit / 8] ^= 1 << (bit % 8);
        std::fs::write(&path, &spoilt).expect("writes");
        assert!(read_known_ways(&path).map_or(true, |read| read == known), "bit {bit} is believed");
    }
    assert!(matches!(read_known_ways(&written(&directory)), Err(RoadsError::Other { .. })));
}

#[test]
fn a_file_that_is_no_extract_is_named() {
    let directory = directory();
    let path = directory.path().join("notes.txt");
    for text in ["", "abc", "These are notes, not roads, and long enough for a header."] {
        std::fs::write(&path, text).expect("writes");
        let refused = networks(&path, &mut |_| {}).expect_err("is no extract");
        assert!(matches!(refused, OsmError::NotPbf { .. }), "{refused}");
        assert!(refused.to_string().contains("`osmium cat` makes one"), "{refused}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_spoilt_extract_is_refused_or_read_but_never_a_panic(at in 0..40_000_usize, bytes in prop::collection::vec(any::<u8>(), 1..8)) {
        let directory = directory();
        let path = directory.path().join("spoilt.osm.pbf");
        let mut extract = std::fs::read(MONACO).expect("reads");
        extract.splice(at..at + bytes.len(), bytes);
        std::fs::write(&path, extract).expect("writes");
        if let Err(refused) = networks(&path, &mut |_| {}) {
            prop_assert!(matches!(refused, OsmError::NotPbf { .. } | OsmError::NoRoads { .. }), "{}", refused);
        }
    }
}
