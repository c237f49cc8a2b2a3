//! The bundle: one network for each profile, in one file that a server makes and phones carry.

use std::path::Path;

use crate::error::RoadsError;
use crate::network::{Columns, Network};
use crate::profile::Profile;
use crate::sealed::{self, Format};

const FORMAT: Format = Format { magic: *b"FL-ROADS", version: 1, what: "road networks" };

/// Writes networks to a file, all or nothing, and says how many bytes it has.
///
/// # Errors
/// When the file cannot be written.
pub fn write_bundle(path: &Path, networks: &[(Profile, Network)]) -> Result<u64, RoadsError> {
    let section = |(profile, network): &(Profile, Network)| {
        let held = (tag(*profile), network.to_columns());
        (tag(*profile), minicbor::to_vec(held).expect("writing to memory does not fail"))
    };
    sealed::write(path, &FORMAT, &networks.iter().map(section).collect::<Vec<_>>())
}

/// Reads a profile's network from a file.
///
/// # Errors
/// When the file is not a bundle, is damaged or newer than this program, or has no such network.
pub fn read_bundle(path: &Path, profile: Profile) -> Result<Network, RoadsError> {
    let section = sealed::read(path, &FORMAT, tag(profile))?;
    let section = section.ok_or_else(|| RoadsError::NoProfile { path: path.into(), profile })?;
    let (held, columns): (u8, Columns) = minicbor::decode(&section).map_err(|error| sealed::damaged(path, &error))?;
    if held != tag(profile) {
        return Err(sealed::damaged(path, &format!("the network for {profile} is another's")));
    }
    Network::from_columns(&columns).map_err(|problem| sealed::damaged(path, &problem))
}

fn tag(profile: Profile) -> u8 {
    match profile {
        Profile::Car => 1,
        Profile::Foot => 2,
    }
}
