//! A problem as people write it down: JSON, with positions or with ways that are known.

use std::sync::Arc;

use fieldline_model::Place;
use serde::Deserialize;

use crate::formats::FormatError;
use crate::great_circle::{Region, great_circle};
use crate::problem::{Depot, Objective, Problem, Shift, Visit};
use crate::travel::Travel;

/// A problem in a file. `place` in visits and shifts counts from 0, in `positions` or in the rows of `ways`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ProblemFile {
    /// Where things are, when no ways are known.
    #[serde(default)]
    pub positions: Vec<Position>,
    /// What the roads between positions are like.
    #[serde(default)]
    pub roads: Region,
    /// How long and how far it is.
    pub ways: Option<Ways>,
    /// What is to be done.
    pub visits: Vec<Visit>,
    /// Who is there.
    pub shifts: Vec<Shift>,
    /// Where things can be fetched.
    #[serde(default)]
    pub depots: Vec<Depot>,
    /// What is to be little.
    #[serde(default)]
    pub objective: Objective,
}

/// A place on earth, in degrees (WGS 84).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
}

/// Ways that are known, row by row: from the row's place to the column's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ways {
    /// Seconds.
    pub seconds: Vec<Vec<i32>>,
    /// Meters; as the seconds when they are not said.
    pub meters: Option<Vec<Vec<i32>>>,
}

impl ProblemFile {
    /// Where its places are; none when it holds ways instead.
    ///
    /// # Errors
    /// Names the first position that is not on earth.
    pub fn places(&self) -> Result<Vec<Place>, FormatError> {
        let place = |(number, at): (usize, &Position)| {
            let place = Place::from_degrees(at.latitude, at.longitude);
            place.ok_or_else(|| FormatError::Ways(format!("positions: number {number} is not on earth; give degrees")))
        };
        self.positions.iter().enumerate().map(place).collect()
    }

    /// The problem with ways that somebody told for its places.
    ///
    /// # Errors
    /// Names the first visit, shift or depot that makes no sense.
    pub fn with_travel(self, travel: Travel) -> Result<Problem, FormatError> {
        Ok(Problem::new(self.visits, self.shifts, self.depots, travel, self.objective)?)
    }
}

impl TryFrom<ProblemFile> for Problem {
    type Error = FormatError;

    fn try_from(file: ProblemFile) -> Result<Self, FormatError> {
        if !(file.roads.detour > 0.0 && file.roads.kilometers_per_hour > 0.0) {
            return Err(FormatError::Ways("roads: detour and kilometers_per_hour must be above 0".into()));
        }
        let travel = match &file.ways {
            Some(ways) => known(ways)?,
            None => great_circle(&file.places()?, file.roads)?,
        };
        file.with_travel(travel)
    }
}

fn known(ways: &Ways) -> Result<Travel, FormatError> {
    let places = ways.seconds.len();
    let flat = |rows: &[Vec<i32>]| -> Result<Arc<[i32]>, FormatError> {
        match rows.iter().position(|row| row.len() != places) {
            Some(row) => Err(FormatError::Ways(format!("ways: row {row} has {} columns of {places}", rows[row].len()))),
            None => Ok(rows.iter().flatten().copied().collect()),
        }
    };
    let seconds = flat(&ways.seconds)?;
    let meters = ways.meters.as_deref().map_or_else(|| Ok(seconds.clone()), flat)?;
    Ok(Travel::new(places, seconds, meters)?)
}
