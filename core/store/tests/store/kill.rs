//! `kill -9` at any moment loses no edit that was acknowledged, and leaves none half.
//!
//! The parent runs this test binary again as a child that edits without end and writes each acknowledged counter to its
//! standard output, kills it after a random while, and looks at what is on disk.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::builders::{edit_task, open, task_id};
use fieldline_documents::edit::Act;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const DIRECTORY: &str = "FIELDLINE_KILL_TEST_DIRECTORY";
const KILLS: usize = 30;

#[test]
fn an_acknowledged_edit_survives_kill_9_and_no_edit_is_half() {
    if let Some(dir) = std::env::var_os(DIRECTORY) {
        edit_without_end(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut rng = ChaCha12Rng::seed_from_u64(9);
    let mut acknowledged = 0;
    for _ in 0..KILLS {
        let life = Duration::from_micros(rng.next_u64() % 60_000);
        acknowledged = acknowledged.max(live_and_die(dir.path(), life));
        look(dir.path(), acknowledged);
    }
    assert!(acknowledged > KILLS as u64, "the children lived long enough to edit: {acknowledged}");
}

/// The child's life. Ends only by force.
fn edit_without_end(dir: &Path) -> ! {
    let store = open(dir);
    println!("ready");
    std::io::stdout().flush().unwrap();
    loop {
        let number = store.read(|view| view.unsent_count()).unwrap() % 20;
        let counter = edit_task(&store, number, &"written in a cellar ".repeat(1 + number as usize * 40));
        println!("{counter}");
        std::io::stdout().flush().unwrap();
    }
}

/// Runs a child for a while from its first word on; returns the highest counter it acknowledged.
#[expect(clippy::disallowed_methods, reason = "the parent waits on a real process")]
fn live_and_die(dir: &Path, life: Duration) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::an_acknowledged_edit_survives_kill_9_and_no_edit_is_half", "--nocapture"])
        .env(DIRECTORY, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while line != "ready\n" {
        line.clear();
        assert!(output.read_line(&mut line).unwrap() > 0, "the child ended by itself");
    }
    std::thread::sleep(life);
    child.kill().unwrap();
    child.wait().unwrap();
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    let whole_lines = rest.rsplit_once('\n').map_or("", |(lines, _)| lines);
    whole_lines.lines().filter_map(|line| line.parse().ok()).max().unwrap_or(0)
}

fn look(dir: &Path, acknowledged: u64) {
    let store = open(dir);
    let edits = store.read(|view| view.unsent(0, u32::MAX)).unwrap();
    let counters: Vec<u64> = edits.iter().map(|edit| edit.counter).collect();
    assert!(counters.iter().copied().eq(1..=counters.len() as u64), "no gap: {counters:?}");
    assert!(counters.len() as u64 >= acknowledged, "{} of {acknowledged} acknowledged edits", counters.len());
    for number in 0..20 {
        let Some(newest) = edits.iter().rev().find(|edit| edit.document == task_id(number)) else { continue };
        let Act::WorkNote { text } = newest.edit().unwrap().acts.remove(0) else { panic!("only notes are written") };
        let (document, row) = store
            .read(|view| {
                Ok::<_, fieldline_store::StoreError>((view.document(&task_id(number))?, view.record(&task_id(number))?))
            })
            .unwrap();
        assert_eq!(document.as_deref(), Some(text.as_bytes()), "the document is that of the newest edit");
        assert!(row.is_some_and(|row| row.unsent > 0));
    }
}
