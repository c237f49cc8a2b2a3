//! Ways that were worked out before, in a file: a server makes it for the places of a phone that has no room for roads.

use std::path::Path;

use fieldline_model::Place;
use fieldline_routing::{KnownWays, Travel};

use crate::error::RoadsError;
use crate::sealed::{self, Format};

const FORMAT: Format = Format { magic: *b"FL-KNOWN", version: 1, what: "known ways" };
/// The one section: places, seconds, meters.
const WAYS: u8 = 1;

/// Writes ways to a file, all or nothing, and says how many bytes it has.
///
/// # Errors
/// When the file cannot be written.
pub fn write_known_ways(path: &Path, known: &KnownWays) -> Result<u64, RoadsError> {
    let travel = known.travel();
    let all = |of: fn(&Travel, usize, usize) -> i32| -> Vec<i32> {
        (0..travel.places()).flat_map(|from| (0..travel.places()).map(move |to| of(travel, from, to))).collect()
    };
    let held = (known.places(), all(Travel::seconds), all(Travel::meters));
    let section = minicbor::to_vec(held).expect("writing to memory does not fail");
    sealed::write(path, &FORMAT, &[(WAYS, section)])
}

/// Reads ways from a file.
///
/// # Errors
/// When the file holds something else, is damaged, or newer than this program.
pub fn read_known_ways(path: &Path) -> Result<KnownWays, RoadsError> {
    let section = sealed::read(path, &FORMAT, WAYS)?.ok_or_else(|| sealed::damaged(path, &"it holds no ways"))?;
    let (places, seconds, meters): (Vec<Place>, Vec<i32>, Vec<i32>) =
        minicbor::decode(&section).map_err(|error| sealed::damaged(path, &error))?;
    let travel = Travel::new(places.len(), seconds.into(), meters.into());
    let known = travel.and_then(|travel| KnownWays::new(places, travel));
    known.map_err(|error| sealed::damaged(path, &error))
}
