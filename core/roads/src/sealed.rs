//! A file of sections, each compressed and checked: what rots or is cut off is noticed, never believed.
//!
//! Eight bytes say what the file is, one the version of its format. Each section has a tag, its length (8 bytes, the least
//! first), and a zstd frame that ends with a checksum of what it holds.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::error::{RoadsError, io};

/// Highest level before zstd becomes slow without getting much better.
const LEVEL: i32 = 15;
/// Most a section may hold when unpacked: the roads of a large country, not a bomb.
const MOST_BYTES: u64 = 1 << 30;

/// What a file is.
pub(crate) struct Format {
    /// Its first bytes.
    pub(crate) magic: [u8; 8],
    /// The newest version there is.
    pub(crate) version: u8,
    /// What it holds, in words.
    pub(crate) what: &'static str,
}

/// Writes sections to a file, all or nothing.
pub(crate) fn write(path: &Path, format: &Format, sections: &[(u8, Vec<u8>)]) -> Result<u64, RoadsError> {
    let mut bytes = format.magic.to_vec();
    bytes.push(format.version);
    for (tag, section) in sections {
        let packed = pack(section).map_err(io("compressing", path))?;
        bytes.push(*tag);
        bytes.extend((packed.len() as u64).to_le_bytes());
        bytes.extend(packed);
    }
    let beside = path.with_added_extension("part");
    let written = File::create(&beside).and_then(|mut file| file.write_all(&bytes).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&beside, path)).map_err(io("writing", path))?;
    Ok(bytes.len() as u64)
}

/// Reads the section with a tag; `None` when the file has none.
pub(crate) fn read(path: &Path, format: &Format, tag: u8) -> Result<Option<Vec<u8>>, RoadsError> {
    let file = File::open(path).map_err(io("opening", path))?;
    let mut left = file.metadata().map_err(io("reading", path))?.len();
    let mut file = BufReader::new(file);
    let mut head = [0; 9];
    let whole = left >= head.len() as u64;
    if whole {
        file.read_exact(&mut head).map_err(io("reading", path))?;
    }
    if !whole || head[..8] != format.magic || head[8] == 0 {
        return Err(RoadsError::Other { path: path.into(), what: format.what });
    }
    if head[8] > format.version {
        return Err(RoadsError::Newer { path: path.into(), version: head[8], known: format.version });
    }
    left -= head.len() as u64;
    while left > 0 {
        let cut = || RoadsError::Damaged { path: path.into(), problem: "it is cut off".into() };
        left = left.checked_sub(head.len() as u64).ok_or_else(cut)?;
        file.read_exact(&mut head).map_err(io("reading", path))?;
        let length = u64::from_le_bytes(std::array::from_fn(|at| head[at + 1]));
        left = left.checked_sub(length).ok_or_else(cut)?;
        if head[0] == tag {
            return unpack(file.take(length)).map(Some).map_err(|error| damaged(path, &error));
        }
        file.seek(SeekFrom::Current(length as i64)).map_err(io("reading", path))?;
    }
    Ok(None)
}

/// Says that a file's bytes are not what was written.
pub(crate) fn damaged(path: &Path, problem: &impl std::fmt::Display) -> RoadsError {
    RoadsError::Damaged { path: path.into(), problem: problem.to_string() }
}

fn pack(section: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.write_all(section)?;
    encoder.finish()
}

fn unpack(packed: impl Read) -> std::io::Result<Vec<u8>> {
    let mut section = Vec::new();
    zstd::stream::Decoder::new(packed)?.take(MOST_BYTES).read_to_end(&mut section)?;
    Ok(section)
}
