//! Networks from an OpenStreetMap extract in PBF.
//!
//! The file is read twice, for its ways and for the nodes they use. Of each profile's roads only those are kept on which one
//! gets everywhere and back, so no place snaps to where nobody returns from. What an extract's edge cuts off is left out.

mod blocks;
mod component;
mod messages;
mod rules;

use std::path::{Path, PathBuf};

use fieldline_model::Place;

use crate::error::RoadsError;
use crate::network::{LONGEST_DECIMETERS, Network, Road};
use crate::profile::Profile;
use blocks::each_block;
use component::largest_component;
use rules::{Access, access};

/// Why an extract gives no networks.
#[derive(Debug, thiserror::Error)]
pub enum OsmError {
    /// The file could not be read.
    #[error("reading {} failed", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is something else, or spoilt.
    #[error("{} is no OpenStreetMap extract in PBF ({problem}); `osmium cat` makes one of other formats", path.display())]
    NotPbf {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There is nothing to travel on.
    #[error("{} has no roads for {profile}; take an extract that holds ways with their nodes", path.display())]
    NoRoads {
        /// The file.
        path: PathBuf,
        /// Who was to travel.
        profile: Profile,
    },
    /// The networks do not hold together.
    #[error(transparent)]
    Roads(#[from] RoadsError),
}

/// Makes a network for each profile; `progress` is told how many bytes more were read, of twice the file's length.
///
/// # Errors
/// When the file cannot be read, is no extract, or has no roads for a profile.
pub fn networks(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<Vec<(Profile, Network)>, OsmError> {
    let ways = ways(path, progress)?;
    let places = Places::read(path, &ways, progress)?;
    let network = |profile| match network(&ways, &places, profile)? {
        network if network.roads().is_empty() => Err(OsmError::NoRoads { path: path.into(), profile }),
        network => Ok((profile, network)),
    };
    Profile::ALL.into_iter().map(network).collect()
}

/// A way somebody may travel on.
struct OpenWay {
    nodes: Vec<i64>,
    /// By the profiles in their order.
    access: [Option<Access>; Profile::ALL.len()],
}

fn ways(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<Vec<OpenWay>, OsmError> {
    let mut ways = Vec::new();
    each_block(path, progress, &mut |block| {
        for way in block.ways() {
            let access = Profile::ALL.map(|profile| access(profile, &|key| block.tag(way, key)));
            if access.iter().any(Option::is_some) {
                ways.push(OpenWay { nodes: way.node_ids().collect(), access });
            }
        }
    })?;
    Ok(ways)
}

/// Where the nodes of ways lie.
struct Places {
    ids: Vec<i64>,
    /// `None` where the extract does not hold the node.
    places: Vec<Option<Place>>,
}

impl Places {
    fn read(path: &Path, ways: &[OpenWay], progress: &mut dyn FnMut(u64)) -> Result<Self, OsmError> {
        let mut ids: Vec<_> = ways.iter().flat_map(|way| way.nodes.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut places = vec![None; ids.len()];
        each_block(path, progress, &mut |block| {
            for (id, place) in block.nodes() {
                if let Ok(at) = ids.binary_search(&id) {
                    places[at] = Some(place);
                }
            }
        })?;
        Ok(Self { ids, places })
    }

    fn of(&self, id: i64) -> Option<(usize, Place)> {
        let at = self.ids.binary_search(&id).ok()?;
        Some((at, self.places[at]?))
    }
}

/// A piece of road between two nodes of the extract.
struct Piece {
    from: usize,
    to: usize,
    decimeters: u32,
    access: Access,
}

fn network(ways: &[OpenWay], places: &Places, profile: Profile) -> Result<Network, RoadsError> {
    let pieces = pieces(ways, places, profile);
    let open = |piece: &Piece| {
        let (there, back) = ((piece.from as u32, piece.to as u32), (piece.to as u32, piece.from as u32));
        let Access { forward, backward, .. } = piece.access;
        [(forward > 0).then_some(there), (backward > 0).then_some(back)].into_iter().flatten()
    };
    let belongs = largest_component(places.ids.len(), &pieces.iter().flat_map(open).collect::<Vec<_>>());
    let inside = |piece: &&Piece| belongs[piece.from] && belongs[piece.to];
    let pieces: Vec<&Piece> = pieces.iter().filter(inside).collect();
    let (nodes, ranks) = order(&belongs, places, &pieces);
    let road = |piece: &&Piece| {
        let Access { forward, backward, kind } = piece.access;
        let (from, to) = (ranks[piece.from], ranks[piece.to]);
        let (low, high, up, down) =
            if from < to { (from, to, forward, backward) } else { (to, from, backward, forward) };
        let (up_kilometers_per_hour, down_kilometers_per_hour) = (up, down);
        Road { low, high, decimeters: piece.decimeters, up_kilometers_per_hour, down_kilometers_per_hour, kind }
    };
    Network::new(nodes, pieces.iter().map(road).collect())
}

fn pieces(ways: &[OpenWay], places: &Places, profile: Profile) -> Vec<Piece> {
    let open = |way: &OpenWay| Some((way.nodes.clone(), way.access[profile as usize]?));
    let piece = |(nodes, access): (Vec<i64>, Access)| {
        let ends: Vec<_> = nodes.into_iter().map(|id| places.of(id)).collect();
        let between = move |pair: &[Option<(usize, Place)>]| {
            let ((from, start), (to, end)) = (pair[0]?, pair[1]?);
            let decimeters = (start.distance_metres(end) * 10.0).round() as u32;
            (from != to && decimeters <= LONGEST_DECIMETERS).then_some(Piece { from, to, decimeters, access })
        };
        ends.windows(2).filter_map(between).collect::<Vec<_>>()
    };
    ways.iter().filter_map(open).flat_map(piece).collect()
}

/// The nodes that belong, in an order that keeps shortcuts few (nested dissection by inertial flow), and the place of each
/// node of the extract in it.
fn order(belongs: &[bool], places: &Places, pieces: &[&Piece]) -> (Vec<Place>, Vec<u32>) {
    let kept: Vec<usize> = (0..belongs.len()).filter(|node| belongs[*node] && places.places[*node].is_some()).collect();
    let mut numbers = vec![u32::MAX; belongs.len()];
    kept.iter().enumerate().for_each(|(number, node)| numbers[*node] = number as u32);
    let place = |node: usize| places.places[node].expect("only nodes with a place are kept");
    let degrees = |of: fn(Place) -> i32| kept.iter().map(|node| of(place(*node)) as f32 / 1e6).collect::<Vec<_>>();
    let ends = |of: fn(&Piece) -> usize| pieces.iter().map(|piece| numbers[of(piece)]).collect::<Vec<_>>();
    let order = cch::inertial_order(
        kept.len() as u32,
        &ends(|piece| piece.from),
        &ends(|piece| piece.to),
        &degrees(|place| place.latitude_micro),
        &degrees(|place| place.longitude_micro),
    );
    for (rank, number) in order.iter().enumerate() {
        numbers[kept[*number as usize]] = rank as u32;
    }
    (order.iter().map(|number| place(kept[*number as usize])).collect(), numbers)
}
