//! Why roads cannot be used, and what helps.

use std::path::{Path, PathBuf};

use fieldline_routing::TravelError;

use crate::profile::Profile;

/// Why roads cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RoadsError {
    /// A file could not be read or written.
    #[error("{doing} failed")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{} is not a file of {what}; make one anew or give another", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
    },
    /// The file was made by a newer version.
    #[error("{} has version {version} of its format, this program knows {known}; update the program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u8,
        /// The newest version known.
        known: u8,
    },
    /// The file's bytes are not what was written.
    #[error("{} is damaged: {problem}; fetch it again or make it anew", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The bundle has no network for a profile.
    #[error("{} has no network for {profile}; make a bundle that has one", path.display())]
    NoProfile {
        /// The bundle.
        path: PathBuf,
        /// Who was to travel.
        profile: Profile,
    },
    /// Roads that cannot be.
    #[error("road {number} makes no sense: {problem}")]
    Road {
        /// Which one, counted from 0.
        number: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The order of the crossings makes questions expensive without bound.
    #[error("the crossings are in an order that needs over {most} shortcuts; make the bundle anew")]
    Tangled {
        /// Most shortcuts there may be.
        most: usize,
    },
    /// Traffic that cannot be.
    #[error("a traffic factor is {factor}; it must lie between 0.01 and 100")]
    Traffic {
        /// What was given.
        factor: f64,
    },
    /// A way is longer than ways may be.
    #[error(transparent)]
    Travel(#[from] TravelError),
    /// Roads do not lead from a place to all others.
    #[error(
        "no roads lead from place number {number} to all others, or none within {farthest_meters} m; leave it out, or ask \
         another source"
    )]
    Outside {
        /// Which one, counted from 0.
        number: usize,
        /// How far a road may be.
        farthest_meters: f64,
    },
}

/// Names what was being done to a path when the system failed.
pub(crate) fn io(doing: &str, path: &Path) -> impl FnOnce(std::io::Error) -> RoadsError {
    let doing = format!("{doing} {}", path.display());
    move |source| RoadsError::Io { doing, source }
}
