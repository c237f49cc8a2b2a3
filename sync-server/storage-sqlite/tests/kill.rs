//! A server killed in the middle of anything loses nothing it acknowledged.
//!
//! A child process commits one transaction after the other and says so on its output; the parent kills it with SIGKILL after
//! some acknowledgements, opens the file and looks for all of them. The control does the same to a child that acknowledges
//! before it commits, and must find losses: otherwise the kills would prove nothing.

#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail like the test")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use fieldline_model::{DeviceId, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_storage::{EditKey, FeedEntry, Happening, Position, Storage, StoredEdit};
use fieldline_storage_sqlite::SqliteStorage;

const KILLS: u64 = 20;
const EDITS_PER_TRANSACTION: u64 = 5;
/// Tells the child which file to write, and whether to acknowledge too early.
const FILE: &str = "FIELDLINE_KILL_FILE";
const EARLY: &str = "FIELDLINE_KILL_ACKNOWLEDGE_EARLY";

#[test]
fn a_killed_server_keeps_every_acknowledged_edit() {
    let (acknowledged, lost) = kill_often(false);
    assert!(acknowledged >= KILLS, "too few acknowledgements to mean anything: {acknowledged}");
    assert_eq!(lost, 0, "of {acknowledged} acknowledged transactions");
}

#[test]
fn acknowledging_before_the_commit_is_caught() {
    let (acknowledged, lost) = kill_often(true);
    assert!(lost > 0, "{acknowledged} premature acknowledgements and none was lost: the kills come too late");
}

/// Not a test: the process that is killed. Without its environment it has nothing to do.
#[test]
fn child() {
    let Ok(file) = std::env::var(FILE) else { return };
    let early = std::env::var(EARLY).is_ok();
    let storage = SqliteStorage::open(file).unwrap();
    loop {
        let mut tx = storage.begin().unwrap();
        let first = tx.head().unwrap() + 1;
        let mut entries = Vec::new();
        for position in first..first + EDITS_PER_TRANSACTION {
            let record = record(position);
            tx.put_record(&record).unwrap();
            tx.put_snapshot(&record.id, &position.to_le_bytes()).unwrap();
            entries.push(edit(position));
        }
        assert_eq!(tx.append(&entries).unwrap(), first);
        if early {
            println!("\nacknowledged {first}");
        }
        tx.commit().unwrap();
        if !early {
            println!("\nacknowledged {first}");
        }
    }
}

/// Kills a child many times on one file; returns how many transactions were acknowledged and how many of them were lost.
fn kill_often(early: bool) -> (u64, u64) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("server.db");
    let (mut acknowledged, mut lost) = (0, 0);
    for kill in 0..KILLS {
        let heard = run_and_kill(&file, early, 1 + kill * 7 % 13);
        acknowledged += heard.len() as u64;
        lost += check(&file, &heard);
    }
    (acknowledged, lost)
}

/// Runs the child until it acknowledged `patience` transactions, kills it, and returns the first position of each that it
/// acknowledged, those included that were on their way when it died.
fn run_and_kill(file: &Path, early: bool, patience: u64) -> Vec<Position> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--nocapture"]).env(FILE, file).stdout(Stdio::piped());
    if early {
        command.env(EARLY, "1");
    }
    let mut child = command.spawn().unwrap();
    let mut heard = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        let Some(position) = line.strip_prefix("acknowledged ") else { continue };
        heard.push(position.parse().unwrap());
        if heard.len() as u64 == patience {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    heard
}

/// Opens the file like a server that starts again: what is there is whole, and what was acknowledged is there.
fn check(file: &Path, acknowledged: &[Position]) -> u64 {
    let storage = SqliteStorage::open(file).unwrap();
    let tx = storage.read().unwrap();
    let head = tx.head().unwrap();
    assert_eq!(head % EDITS_PER_TRANSACTION, 0, "half a transaction survived");
    for position in 1..=head {
        let record = record(position);
        let FeedEntry { happening: Happening::Edit(expected), .. } = edit(position) else { unreachable!() };
        assert_eq!(tx.edit(expected.key).unwrap(), Some((position, *expected)));
        assert_eq!(tx.record(&record.id).unwrap(), Some((position, record.clone())));
        assert_eq!(tx.snapshot(&record.id).unwrap(), Some(position.to_le_bytes().to_vec()));
    }
    acknowledged.iter().filter(|first| **first > head).count() as u64
}

fn record(position: Position) -> Record {
    let mut sys_id = [0; 16];
    sys_id[8..].copy_from_slice(&position.to_be_bytes());
    let mut record = Record::new(DocumentId::new("wm_task", SysId(sys_id)));
    record.set("number", Some(Value::text(format!("WOT{position:07}"))));
    record
}

fn edit(position: Position) -> FeedEntry {
    let document = record(position).id;
    let edit = StoredEdit {
        key: EditKey { device: DeviceId([7; 16]), epoch: 0, counter: position },
        document: document.clone(),
        hash: [1; 32],
        body: vec![position.to_le_bytes()[0]; 300],
        author: SysId([2; 16]),
        received_at: Timestamp(1_790_000_000_000),
    };
    FeedEntry { document, happening: Happening::Edit(Box::new(edit)) }
}
