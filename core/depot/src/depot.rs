//! The box: for each phone the newest request nobody has answered, and the newest answer.
//!
//! A phone's newer request takes the place of its older one, because it says everything the older one said. An answer stays
//! until the next one, so a phone that dies while it takes it can take it again. What would not fit is sent away at once, but
//! requests of devices the server has never answered go first: strangers cannot fill the box. Somebody in the depot's network
//! can put nonsense in a phone's place; the server takes nothing from it, and the phone comes again.

use std::path::Path;

use fieldline_model::{DeviceId, Timestamp};
use fieldline_sync::relay::Envelope;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// What the box holds at the most: the outboxes and first answers of a few hundred phones.
const MOST_BYTES: i64 = 256 << 20;
/// What a row costs beside its content, so that empty envelopes fill the box, too.
const ROW_BYTES: i64 = 512;
/// What nobody came for in so long is let go: the phone still has its work.
const KEEP_MILLISECONDS: i64 = 35 * 24 * 3_600_000;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS request (
        device BLOB PRIMARY KEY, nonce INTEGER NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS answer (
        device BLOB PRIMARY KEY, nonce INTEGER NOT NULL, sealed BLOB NOT NULL, at INTEGER NOT NULL
    ) STRICT;
";

/// Why the box did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DepotError {
    /// There is no room.
    #[error("the kiosk is full; try again once it has had a line to the server")]
    Full,
    /// Its disk failed.
    #[error("the kiosk's disk failed; have somebody look at it, the work is still on the phone")]
    Disk(#[from] rusqlite::Error),
}

/// Requests and answers on a kiosk's disk.
pub struct Depot {
    db: Connection,
    most_bytes: i64,
}

impl Depot {
    /// Opens or creates a box.
    ///
    /// # Errors
    /// When the file cannot be opened or is no box.
    pub fn open(file: &Path) -> Result<Self, DepotError> {
        Self::prepared(Connection::open(file)?)
    }

    /// A box that ends with the process.
    ///
    /// # Errors
    /// When there is no memory left.
    pub fn in_memory() -> Result<Self, DepotError> {
        Self::prepared(Connection::open_in_memory()?)
    }

    fn prepared(db: Connection) -> Result<Self, DepotError> {
        db.execute_batch(SCHEMA)?;
        Ok(Self { db, most_bytes: MOST_BYTES })
    }

    /// Keeps a phone's request in place of its earlier one; it is on disk afterwards.
    ///
    /// # Errors
    /// [`DepotError::Full`] when there is no room even without what strangers left here.
    pub fn keep(&mut self, request: &Envelope, now: Timestamp) -> Result<(), DepotError> {
        let tx = self.db.transaction()?;
        tx.execute("DELETE FROM request WHERE device = ?1 OR at < ?2", params![request.device.0, oldest(now)])?;
        tx.execute("DELETE FROM answer WHERE at < ?1", [oldest(now)])?;
        let needed = ROW_BYTES + request.sealed.len() as i64;
        if used_bytes(&tx)? + needed > self.most_bytes {
            tx.execute("DELETE FROM request WHERE device NOT IN (SELECT device FROM answer)", [])?;
        }
        if used_bytes(&tx)? + needed > self.most_bytes {
            return Err(DepotError::Full);
        }
        put(&tx, "INSERT INTO request VALUES (?1, ?2, ?3, ?4)", request, now)?;
        Ok(tx.commit()?)
    }

    /// The request that has waited longest.
    ///
    /// # Errors
    /// When the disk fails; so with everything here.
    pub fn next(&self) -> Result<Option<Envelope>, DepotError> {
        let query = "SELECT device, nonce, sealed FROM request ORDER BY at, device LIMIT 1";
        Ok(self.db.query_row(query, [], envelope).optional()?)
    }

    /// Whether a request still waits to be carried.
    pub fn is_waiting(&self, device: DeviceId, nonce: u64) -> Result<bool, DepotError> {
        let query = "SELECT 1 FROM request WHERE device = ?1 AND nonce = ?2";
        Ok(self.db.query_row(query, params![device.0, nonce.cast_signed()], |_| Ok(())).optional()?.is_some())
    }

    /// Ends the wait of a request, unless a newer one has taken its place, and keeps what the server said.
    pub fn settle(&mut self, request: &Envelope, answer: Option<&Envelope>, now: Timestamp) -> Result<(), DepotError> {
        let tx = self.db.transaction()?;
        let settled = params![request.device.0, request.nonce.cast_signed()];
        tx.execute("DELETE FROM request WHERE device = ?1 AND nonce = ?2", settled)?;
        if let Some(answer) = answer {
            put(&tx, "INSERT OR REPLACE INTO answer VALUES (?1, ?2, ?3, ?4)", answer, now)?;
        }
        Ok(tx.commit()?)
    }

    /// Lets a request wait behind the others, because the server could not take it now.
    pub fn postpone(&mut self, request: &Envelope, now: Timestamp) -> Result<(), DepotError> {
        let postponed = params![request.device.0, request.nonce.cast_signed(), now.0];
        self.db.execute("UPDATE request SET at = ?3 WHERE device = ?1 AND nonce = ?2", postponed)?;
        Ok(())
    }

    /// What the server last said to a phone.
    pub fn answer(&self, device: DeviceId) -> Result<Option<Envelope>, DepotError> {
        let query = "SELECT device, nonce, sealed FROM answer WHERE device = ?1";
        Ok(self.db.query_row(query, [device.0], envelope).optional()?)
    }
}

fn put(db: &Connection, statement: &str, envelope: &Envelope, now: Timestamp) -> rusqlite::Result<usize> {
    let Envelope { device, nonce, sealed } = envelope;
    db.execute(statement, params![device.0, nonce.cast_signed(), sealed.as_slice(), now.0])
}

fn envelope(row: &Row<'_>) -> rusqlite::Result<Envelope> {
    let nonce: i64 = row.get(1)?;
    let sealed: Vec<u8> = row.get(2)?;
    Ok(Envelope { device: DeviceId(row.get(0)?), nonce: nonce.cast_unsigned(), sealed: sealed.into() })
}

fn used_bytes(db: &Connection) -> rusqlite::Result<i64> {
    let query = "SELECT ifnull(sum(length(sealed) + ?1), 0) FROM
                 (SELECT sealed FROM request UNION ALL SELECT sealed FROM answer)";
    db.query_row(query, [ROW_BYTES], |row| row.get(0))
}

fn oldest(now: Timestamp) -> i64 {
    now.plus_milliseconds(-KEEP_MILLISECONDS).0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn envelope(device: u8, nonce: u64, bytes: usize) -> Envelope {
        Envelope { device: DeviceId([device; 16]), nonce, sealed: vec![device; bytes].into() }
    }

    #[test]
    fn a_newer_request_takes_the_place_of_the_older_one_and_an_answer_to_that_does_not_end_its_wait() {
        let mut depot = Depot::in_memory().unwrap();
        depot.keep(&envelope(1, 1, 10), NOW).unwrap();
        depot.keep(&envelope(1, u64::MAX, 10), NOW).unwrap();
        depot.settle(&envelope(1, 1, 10), Some(&envelope(1, 1, 20)), NOW).unwrap();
        assert_eq!(depot.next().unwrap(), Some(envelope(1, u64::MAX, 10)));
        let waiting = [1, u64::MAX].map(|nonce| depot.is_waiting(DeviceId([1; 16]), nonce).unwrap());
        assert_eq!(waiting, [false, true]);
        depot.settle(&envelope(1, u64::MAX, 10), Some(&envelope(1, u64::MAX, 30)), NOW).unwrap();
        assert_eq!(depot.next().unwrap(), None);
        assert_eq!(depot.answer(DeviceId([1; 16])).unwrap(), Some(envelope(1, u64::MAX, 30)));
        assert_eq!(depot.answer(DeviceId([2; 16])).unwrap(), None);
    }

    #[test]
    fn the_longest_wait_ends_first_and_a_box_survives_its_process() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("depot.db");
        let mut depot = Depot::open(&file).unwrap();
        depot.keep(&envelope(2, 1, 10), NOW).unwrap();
        depot.keep(&envelope(1, 1, 10), NOW.plus_milliseconds(1)).unwrap();
        drop(depot);
        let mut depot = Depot::open(&file).unwrap();
        assert_eq!(depot.next().unwrap(), Some(envelope(2, 1, 10)));
        depot.settle(&envelope(2, 1, 10), None, NOW).unwrap();
        assert_eq!(depot.next().unwrap(), Some(envelope(1, 1, 10)));
    }

    #[test]
    fn a_full_box_lets_go_of_strangers_first_and_then_says_that_it_is_full() {
        let mut depot = Depot { most_bytes: 4 * ROW_BYTES, ..Depot::in_memory().unwrap() };
        depot.settle(&envelope(1, 1, 0), Some(&envelope(1, 1, 0)), NOW).unwrap();
        depot.keep(&envelope(1, 2, 0), NOW).unwrap();
        depot.keep(&envelope(8, 1, 0), NOW).unwrap();
        depot.keep(&envelope(9, 1, 0), NOW).unwrap();
        depot.keep(&envelope(7, 1, 0), NOW).unwrap();
        assert_eq!(depot.next().unwrap().unwrap().device, DeviceId([1; 16]), "a phone that is known stays");
        assert!(matches!(depot.keep(&envelope(6, 1, 2_000), NOW), Err(DepotError::Full)));
        assert_eq!(depot.next().unwrap().unwrap().device, DeviceId([1; 16]));
    }

    #[test]
    fn what_nobody_came_for_is_let_go() {
        let mut depot = Depot::in_memory().unwrap();
        depot.keep(&envelope(1, 1, 10), NOW).unwrap();
        depot.settle(&envelope(2, 1, 10), Some(&envelope(2, 1, 10)), NOW).unwrap();
        let later = NOW.plus_milliseconds(KEEP_MILLISECONDS + 1);
        depot.keep(&envelope(3, 1, 10), later).unwrap();
        assert_eq!(depot.next().unwrap(), Some(envelope(3, 1, 10)));
        assert_eq!(depot.answer(DeviceId([2; 16])).unwrap(), None);
    }
}
