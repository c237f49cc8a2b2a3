//! How bytes are made smaller: not at all, by zstd, or by zstd with a dictionary both sides ship.
//!
//! Short messages are mostly the names of tables and fields; a shared dictionary spares them. A dictionary never changes
//! once it was released: a better one gets the next number and comes with a later wire version, so that nobody is sent
//! what only newer builds can unpack. The inflated length is declared, capped, and must be met exactly, so a bomb costs
//! nothing. A phone's store keeps records and documents small in the same way ([`shrink`], [`grow`]).

use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::sync::LazyLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::frame::FrameError;
use crate::wire::{OLDEST_WIRE_VERSION, PACKED_SINCE};

/// The payload is compressed with zstd; its inflated length (4 bytes) comes first.
const FLAG_ZSTD: u8 = 1;
/// A payload shorter than this never gets smaller by compression (zstd's own header, the length and the weak statistics).
const WORTH_COMPRESSING_BYTES: usize = 128;
/// Level 3: within 10 % of level 9 on rows and edits at a sixth of the time.
const ZSTD_LEVEL: i32 = 3;
/// Level 6 for what is short: 4 % smaller, and quickly done all the same.
const SHORT_LEVEL: i32 = 6;
const SHORT_BYTES: usize = 4 << 10;
/// Level 1 where a phone keeps things: level 3 makes them a few bytes smaller for twice the work.
const KEEPING_LEVEL: i32 = 1;

/// A dictionary both sides ship.
struct Shared {
    /// How frames name it.
    number: u8,
    /// The wire version it came with.
    since: u16,
    /// Made ready once: that takes longer than to pack a message.
    packs: LazyLock<EncoderDictionary<'static>>,
    packs_short: LazyLock<EncoderDictionary<'static>>,
    unpacks: LazyLock<DecoderDictionary<'static>>,
}

macro_rules! shared {
    ($number:literal, $since:expr) => {{
        const BYTES: &[u8] = include_bytes!(concat!("../dictionaries/", $number));
        Shared {
            number: $number,
            since: $since,
            packs: LazyLock::new(|| EncoderDictionary::copy(BYTES, ZSTD_LEVEL)),
            packs_short: LazyLock::new(|| EncoderDictionary::copy(BYTES, SHORT_LEVEL)),
            unpacks: LazyLock::new(|| DecoderDictionary::copy(BYTES)),
        }
    }};
}

/// Every dictionary ever released, the newest first.
static SHARED: [Shared; 2] = [shared!(2, PACKED_SINCE), shared!(1, 2)];

/// A payload as it travels.
pub(crate) struct Packed<'a> {
    /// The wire version whoever unpacks it must speak.
    pub version: u16,
    pub flags: u8,
    /// The dictionary's number, 0 for none.
    pub dictionary: u8,
    pub bytes: Cow<'a, [u8]>,
}

/// Makes a payload as small as somebody who speaks `version` can unpack.
pub(crate) fn pack(payload: &[u8], version: u16) -> Packed<'_> {
    let plain = Packed { version: OLDEST_WIRE_VERSION, flags: 0, dictionary: 0, bytes: payload.into() };
    let Ok(length) = u32::try_from(payload.len()) else { return plain };
    if payload.len() < WORTH_COMPRESSING_BYTES {
        return plain;
    }
    let shared = SHARED.iter().find(|shared| shared.since <= version);
    let compressor = match shared {
        Some(shared) if payload.len() < SHORT_BYTES => Compressor::with_prepared_dictionary(&shared.packs_short),
        Some(shared) => Compressor::with_prepared_dictionary(&shared.packs),
        None => Compressor::new(ZSTD_LEVEL),
    };
    let compressed = compressor.and_then(|mut compressor| compressor.compress(payload));
    let Ok(compressed) = compressed else { return plain };
    if compressed.len() + 4 >= payload.len() {
        return plain;
    }
    Packed {
        version: shared.map_or(OLDEST_WIRE_VERSION, |shared| shared.since),
        flags: FLAG_ZSTD,
        dictionary: shared.map_or(0, |shared| shared.number),
        bytes: [&length.to_be_bytes(), &compressed[..]].concat().into(),
    }
}

/// Takes out what [`pack`] put in; never more than `most` bytes.
pub(crate) fn unpack<'a>(packed: &Packed<'a>, most: usize) -> Result<Cow<'a, [u8]>, FrameError> {
    let unknown = FrameError::Damaged { what: "it is packed in an unknown way" };
    match (packed.flags, packed.dictionary) {
        (0, 0) => Ok(packed.bytes.clone()),
        (FLAG_ZSTD, 0) => inflate(&packed.bytes, Decompressor::new(), most).map(Cow::Owned),
        (FLAG_ZSTD, number) => {
            let is_it = |shared: &&Shared| shared.number == number && shared.since <= packed.version;
            let shared = SHARED.iter().find(is_it).ok_or(unknown)?;
            let decompressor = Decompressor::with_prepared_dictionary(&shared.unpacks);
            inflate(&packed.bytes, decompressor, most).map(Cow::Owned)
        }
        _ => Err(unknown),
    }
}

fn inflate(packed: &[u8], decompressor: io::Result<Decompressor<'_>>, most: usize) -> Result<Vec<u8>, FrameError> {
    let damaged = FrameError::Damaged { what: "it does not unpack" };
    let (length, packed) = packed.split_first_chunk::<4>().ok_or(damaged.clone())?;
    let bytes = u32::from_be_bytes(*length) as usize;
    if bytes > most {
        return Err(FrameError::TooLarge { bytes, most });
    }
    // The capacity is the declared length: zstd stops with an error where a frame would give more.
    let payload = decompressor
        .and_then(|mut decompressor| decompressor.decompress(packed, bytes))
        .map_err(|_: io::Error| damaged.clone())?;
    if payload.len() == bytes { Ok(payload) } else { Err(damaged) }
}

/// The dictionary a phone keeps things with: it stays this one whatever comes after it, or nothing kept could be read.
const KEEPING: u8 = 2;
static KEEPS: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(include_bytes!("../dictionaries/2"), KEEPING_LEVEL));

fn keeping() -> &'static Shared {
    SHARED.iter().find(|shared| shared.number == KEEPING).expect("it was released")
}

thread_local! {
    /// Kept, because a store shrinks and grows one small thing after the other.
    static SHRINKS: RefCell<Compressor<'static>> =
        RefCell::new(Compressor::with_prepared_dictionary(&KEEPS).expect("zstd has the memory it needs"));
    static GROWS: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::with_prepared_dictionary(&keeping().unpacks).expect("zstd has the memory it needs"));
}

/// Makes bytes smaller where they are kept: the dictionary's number, the length, and what zstd makes of them. Bytes that do
/// not get smaller stay as they are, so they must not begin like a dictionary's number.
pub fn shrink(bytes: &[u8]) -> Vec<u8> {
    let shrunk = SHRINKS.with_borrow_mut(|compressor| compressor.compress(bytes)).unwrap_or_default();
    let length = u32::try_from(bytes.len()).unwrap_or(0).to_be_bytes();
    match shrunk.len() + 5 < bytes.len() && length != [0; 4] && !shrunk.is_empty() {
        true => [&[KEEPING], &length[..], &shrunk].concat(),
        false => bytes.to_vec(),
    }
}

/// Takes out what [`shrink`] put in; `None` when it was damaged.
pub fn grow(shrunk: &[u8]) -> Option<Cow<'_, [u8]>> {
    if shrunk.first() != Some(&KEEPING) {
        return Some(shrunk.into());
    }
    let (length, shrunk) = shrunk[1..].split_first_chunk::<4>()?;
    let bytes = u32::from_be_bytes(*length) as usize;
    let grown = GROWS.with_borrow_mut(|decompressor| decompressor.decompress(shrunk, bytes)).ok()?;
    (grown.len() == bytes).then_some(grown.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Vec<u8> {
        let names = ["short_description", "assignment_group", "sys_updated_on", "expected_start", "work_order_task"];
        names.iter().cycle().zip(0_u32..20).flat_map(|(name, at)| format!("{name}{}", at * 7919).into_bytes()).collect()
    }

    #[test]
    fn a_dictionary_is_used_only_for_those_who_have_it_and_spares_bytes() {
        let row = row();
        let (old, new, newest) = (pack(&row, 1), pack(&row, 2), pack(&row, 3));
        assert_eq!((old.version, old.dictionary), (1, 0));
        assert_eq!((new.version, new.dictionary), (2, 1));
        assert_eq!((newest.version, newest.dictionary), (3, 2));
        assert!(new.bytes.len() < old.bytes.len(), "{} against {}", new.bytes.len(), old.bytes.len());
        assert!(newest.bytes.len() < old.bytes.len(), "{} against {}", newest.bytes.len(), old.bytes.len());
        for packed in [&old, &new, &newest] {
            assert_eq!(unpack(packed, row.len()).as_deref(), Ok(&row[..]));
        }
        assert!(unpack(&Packed { version: 1, ..new }, row.len()).is_err(), "an older build does not have it");
        assert!(unpack(&Packed { version: 2, ..newest }, row.len()).is_err(), "nor that one");
    }

    #[test]
    fn what_is_kept_small_comes_back_and_what_is_damaged_does_not() {
        let row = row();
        let shrunk = shrink(&row);
        assert!(shrunk.len() < row.len() / 2, "{} of {}", shrunk.len(), row.len());
        assert_eq!(grow(&shrunk).as_deref(), Some(&row[..]));
        assert_eq!((shrink(b"short"), grow(b"short").as_deref()), (b"short".to_vec(), Some(&b"short"[..])));
        for end in 1..shrunk.len() {
            assert_eq!(grow(&shrunk[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn what_is_short_or_does_not_shrink_travels_as_it_is_in_the_oldest_version() {
        let noise: Vec<u8> =
            (0_u8..8).flat_map(|at| ring::digest::digest(&ring::digest::SHA256, &[at]).as_ref().to_vec()).collect();
        for payload in [b"short".as_slice(), &noise] {
            let packed = pack(payload, 2);
            assert_eq!((packed.version, packed.flags, &packed.bytes[..]), (1, 0, payload));
        }
    }
}
