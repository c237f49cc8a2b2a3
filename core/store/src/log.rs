//! The database's write-ahead log, read by hand: whether it rotted, and what of it is still good.
//!
//! SQLite reads a log up to the first frame whose checksum is wrong and forgets the rest without a word, because that is how
//! a log ends that a power cut left. But under `synchronous=FULL` a transaction is on disk before the next one is begun, so a
//! wrong frame that a later transaction follows was right once: it rotted, and what comes after it was acknowledged. Each
//! frame can be judged alone, since its checksum goes on from the one stored in the frame before it.
//!
//! What the log alone cannot tell from a power cut is rot in its newest transaction, or a cut; see [`crate::newest_mark`].

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use crate::Result;
use crate::error::DoingFile;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The first four bytes of every log; the last bit says in which order the bytes of its checksums are.
const MAGIC: u32 = 0x377f_0682;

/// A page as one transaction wrote it.
struct Frame<'a> {
    page: u32,
    /// Whether a transaction ends with it.
    commits: bool,
    content: &'a [u8],
    is_good: bool,
}

/// Whether something in the log of a database that was durable is not what was written.
///
/// # Errors
/// When the log cannot be read.
pub(crate) fn has_rotted(log: &Path) -> Result<bool> {
    let bytes = read(log).doing_file("reading", log)?;
    if bytes.len() <= HEADER_BYTES {
        return Ok(false);
    }
    let Some(frames) = frames(&bytes) else { return Ok(true) };
    let Some(bad) = frames.iter().position(|frame| !frame.is_good) else { return Ok(false) };
    let ends = frames[bad..].iter().position(|frame| frame.commits).map(|end| bad + end);
    Ok(ends.is_some_and(|end| frames[end + 1..].iter().any(|frame| frame.is_good)))
}

/// Writes every good page of whole transactions from the log into the database, as if nothing between had rotted.
///
/// # Errors
/// When either file fails.
pub(crate) fn fold_by_hand(log: &Path, database: &Path) -> Result<()> {
    let doing = "folding its log into";
    let bytes = read(log).doing_file("reading", log)?;
    let frames = frames(&bytes).unwrap_or_default();
    let whole = frames.iter().rposition(|frame| frame.commits && frame.is_good).map_or(0, |last| last + 1);
    let fold = || {
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(database)?;
        for frame in frames[..whole].iter().filter(|frame| frame.is_good && frame.page > 0) {
            file.seek(SeekFrom::Start(u64::from(frame.page - 1) * frame.content.len() as u64))?;
            file.write_all(frame.content)?;
        }
        Ok(())
    };
    fold().doing_file(doing, database)
}

fn read(log: &Path) -> io::Result<Vec<u8>> {
    match fs::read(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes are four bytes"))
}

/// The frames of the log's present round, `None` when its header is wrong. A round ends where the salts change: what follows
/// is left from an earlier one.
fn frames(bytes: &[u8]) -> Option<Vec<Frame<'_>>> {
    let header = bytes.get(..HEADER_BYTES)?;
    let magic = word(header, 0);
    let is_big_endian = magic & 1 == 1;
    let sum = checksum(is_big_endian, (0, 0), &header[..24]);
    if magic & !1 != MAGIC || sum != (word(header, 24), word(header, 28)) {
        return None;
    }
    let page_bytes = word(header, 8) as usize;
    let mut before = sum;
    let mut frames = Vec::new();
    for frame in bytes[HEADER_BYTES..].chunks_exact(FRAME_HEADER_BYTES + page_bytes) {
        let (head, content) = frame.split_at(FRAME_HEADER_BYTES);
        let is_of_this_round = head[8..16] == header[16..24];
        let sum = checksum(is_big_endian, checksum(is_big_endian, before, &head[..8]), content);
        let is_good = is_of_this_round && sum == (word(head, 16), word(head, 20));
        before = (word(head, 16), word(head, 20));
        frames.push((Frame { page: word(head, 0), commits: word(head, 4) > 0, content, is_good }, is_of_this_round));
    }
    let end = frames.iter().rposition(|(_, is_of_this_round)| *is_of_this_round).map_or(0, |last| last + 1);
    Some(frames.into_iter().take(end).map(|(frame, _)| frame).collect())
}

/// SQLite's checksum of a log, over eight bytes at a time.
fn checksum(is_big_endian: bool, start: (u32, u32), bytes: &[u8]) -> (u32, u32) {
    let word = |bytes: &[u8]| {
        let bytes = bytes.try_into().expect("four bytes are four bytes");
        if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    bytes.chunks_exact(8).fold(start, |(first, second), pair| {
        let first = first.wrapping_add(word(&pair[..4])).wrapping_add(second);
        (first, second.wrapping_add(word(&pair[4..])).wrapping_add(first))
    })
}
