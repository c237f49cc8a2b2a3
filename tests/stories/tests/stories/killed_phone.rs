//! A phone's process is killed again and again while it writes and syncs.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use fieldline_model::DocumentId;
use fieldline_stories::{Office, any_between, pause_milliseconds};

const KILLS: usize = 10;

#[test]
fn a_phone_killed_while_writing_and_syncing_keeps_every_edit_it_showed_as_saved_and_sends_it_once() {
    let office = Office::open();
    let mut mia = office.technician("mia");
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();

    let mut saved = Vec::new();
    for _ in 0..KILLS {
        mia = mia.switches_off_and_on(|home| saved.extend(lives_and_dies(home, &task)));
        let notes = mia.notes_on(&task);
        let lost: Vec<_> = saved.iter().filter(|note| !notes.contains(note)).collect();
        assert!(lost.is_empty(), "shown as saved and gone after a kill: {lost:?}");
    }
    assert!(saved.len() > KILLS, "the phone lived long enough to write: {}", saved.len());

    mia.syncs();
    let delivered = office.another_phone_of(&mia).notes_on(&task);
    assert_eq!(delivered, mia.notes_on(&task));
    for note in &saved {
        assert_eq!(delivered.iter().filter(|delivered| *delivered == note).count(), 1, "{note} arrived once");
    }
}

/// Runs the phone as a process for a short while; returns the notes it said were saved.
fn lives_and_dies(home: &Path, task: &DocumentId) -> Vec<String> {
    let mut phone = Command::new(env!("CARGO_BIN_EXE_phone"))
        .arg(home)
        .arg(task.sys_id.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the phone was built with this test");
    let mut screen = BufReader::new(phone.stdout.take().expect("it was piped"));
    let mut line = String::new();
    screen.read_line(&mut line).expect("the phone prints text");
    assert_eq!(line, "ready\n");
    pause_milliseconds(any_between(5, 250));
    phone.kill().and_then(|()| phone.wait()).expect("one's own child can be killed");
    let mut shown = String::new();
    screen.read_to_string(&mut shown).expect("the phone prints text");
    let whole = shown.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(str::to_owned).collect()
}
