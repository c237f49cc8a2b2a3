//! Road networks that are there without a line: how long and how far it is between places, by car or on foot.
//!
//! A server makes a *bundle* of an OpenStreetMap extract once (feature `osm`): one [`Network`] for each [`Profile`], its
//! crossings in an order that makes questions cheap. A phone opens the bundle as [`Roads`], which snaps places to the
//! nearest road and tells the fastest ways between all of them, exactly as Dijkstra would on the same network
//! (customizable contraction hierarchies: Dibbelt, Strasser, Wagner, arXiv 1402.0402). Shortcuts are not in the bundle but
//! worked out when it is opened, so whatever roads a file holds, nothing in it can contradict itself.
//!
//! Left out: turn restrictions, gates and bollards, ferries, turn-by-turn directions.

mod bundle;
mod cost;
mod error;
mod hierarchy;
mod known_file;
mod matrix;
mod network;
#[cfg(feature = "osm")]
pub mod osm;
mod profile;
mod roads;
mod sealed;
mod snap;

pub use bundle::{read_bundle, write_bundle};
pub use error::RoadsError;
pub use known_file::{read_known_ways, write_known_ways};
pub use network::{Network, Road};
pub use profile::{Kind, Profile, Traffic};
pub use roads::Roads;
pub use snap::{FARTHEST_METERS, Snapped};
