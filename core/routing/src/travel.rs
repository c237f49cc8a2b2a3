//! How long and how far it is from each place to each other.

use std::sync::Arc;

use serde::Serialize;

/// Longest way that still leaves room to add a day of ways in 32 bits: about four years of seconds, or of meters.
const LONGEST: i32 = i32::MAX / 16;

/// Ways between places, known before a search begins. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Travel {
    places: usize,
    /// Row by row: from the row's place to the column's.
    seconds: Arc<[i32]>,
    meters: Arc<[i32]>,
}

/// Why ways cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TravelError {
    /// A matrix is not square, or the two have different sizes.
    #[error("{places} places need {} seconds and as many meters; there are {seconds} and {meters}", places * places)]
    Size {
        /// How many places there are.
        places: usize,
        /// How many travel times were given.
        seconds: usize,
        /// How many distances were given.
        meters: usize,
    },
    /// A way is negative or longer than anything on earth.
    #[error("the way from place {from} to place {to} takes {value}; it must be between 0 and {LONGEST}")]
    Length {
        /// The first place.
        from: usize,
        /// The second place.
        to: usize,
        /// What was given.
        value: i32,
    },
    /// No source of ways knows one.
    #[error("nobody can tell the way from place {from} to place {to}; add a source that can, such as the great circle")]
    Untold {
        /// The first place.
        from: usize,
        /// The second place.
        to: usize,
    },
}

impl Travel {
    /// Ways between `places` places, row by row: seconds, and meters. Where the two are the same, one [`Arc`] serves for both.
    ///
    /// # Errors
    /// When there are not `places * places` of each, or one is negative or absurdly long.
    pub fn new(places: usize, seconds: Arc<[i32]>, meters: Arc<[i32]>) -> Result<Self, TravelError> {
        if seconds.len() != places * places || meters.len() != seconds.len() {
            return Err(TravelError::Size { places, seconds: seconds.len(), meters: meters.len() });
        }
        for matrix in [&seconds, &meters] {
            if let Some(at) = matrix.iter().position(|value| !(0..=LONGEST).contains(value)) {
                return Err(TravelError::Length { from: at / places, to: at % places, value: matrix[at] });
            }
        }
        Ok(Self { places, seconds, meters })
    }

    /// How many places there are.
    pub fn places(&self) -> usize {
        self.places
    }

    /// Seconds from one place to another.
    pub fn seconds(&self, from: usize, to: usize) -> i32 {
        self.seconds[from * self.places + to]
    }

    /// Meters from one place to another.
    pub fn meters(&self, from: usize, to: usize) -> i32 {
        self.meters[from * self.places + to]
    }

    pub(crate) fn all_seconds(&self) -> &Arc<[i32]> {
        &self.seconds
    }

    pub(crate) fn all_meters(&self) -> &Arc<[i32]> {
        &self.meters
    }
}
