//! One way to speak to all sides.

use std::path::Path;

use fieldline_device::Device;
use fieldline_model::Record;
use rusqlite::Connection;

use crate::store::Result;
use crate::{floor, ours};

/// Ours, plain SQLite, bare SQLCipher.
pub const SIDES: [&str; 3] = ["ours", "plain", "keyed"];

/// An open database.
pub enum Side {
    Ours(Box<Device>),
    Floor(Connection),
}

impl Side {
    pub fn open(name: &str, path: &Path) -> Result<Self> {
        match name {
            "ours" => Ok(Self::Ours(Box::new(ours::open(path)?))),
            _ => Ok(Self::Floor(floor::open(path, name == "keyed")?)),
        }
    }

    pub fn fill(&mut self, records: impl Iterator<Item = Record>) -> Result<()> {
        match self {
            Self::Ours(device) => ours::fill(device, records),
            Self::Floor(connection) => floor::fill(connection, records),
        }
    }

    /// The day's list; how many rows it has.
    pub fn today(&self) -> Result<usize> {
        match self {
            Self::Ours(device) => Ok(ours::today(device)?),
            Self::Floor(connection) => floor::today(connection),
        }
    }

    /// A note on a task; on the floor one row, replaced.
    pub fn edit(&mut self, task: &Record, turn: usize) -> Result<usize> {
        match self {
            Self::Ours(device) => ours::edit(device, &task.id, turn)?,
            Self::Floor(connection) => floor::edit(connection, task, turn)?,
        }
        Ok(1)
    }
}
