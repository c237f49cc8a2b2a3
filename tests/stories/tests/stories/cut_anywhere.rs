//! Exchanges cut in the middle of HTTP: within the head or the body of a question, within the head or the body of an answer.
//!
//! `fieldline-protocol` cuts a session at every byte; this samples the same over real sockets, where a connection dies under
//! the phone and the server alike.

use fieldline_device::Command;
use fieldline_stories::{Line, Office, captured, noise};
use fieldline_sync::session::Event;
use serde_json::json;

/// Offsets of the cuts in a question of three kilobytes and in an answer of half of one: no divisors of anything, so that head
/// and body are met everywhere.
const UP: (u64, usize) = (3_000, 61);
const DOWN: (u64, usize) = (550, 13);
/// What a cut may cost.
const MOST_SENT_AGAIN_BYTES: u64 = 64_000;

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

#[test]
fn exchanges_cut_anywhere_in_either_direction_lose_and_double_nothing() {
    let office = Office::open();
    let line = Line::to(&office);
    let mia = office.technician_behind(&line, "mia");
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();
    let up = (1..UP.0).step_by(UP.1).map(|bytes| (Way::Up, bytes));
    let down = (1..DOWN.0).step_by(DOWN.1).map(|bytes| (Way::Down, bytes));
    let (mut notes, mut cut, mut dearest) = (Vec::new(), 0, 0);
    for (number, (way, bytes)) in up.chain(down).enumerate() {
        let note = format!("note {number}");
        mia.notes(&task, &note);
        mia.does(Command::AddSignature {
            document: task.clone(),
            signature: captured(noise(2_000), &format!("{number}.png")),
        });
        office.changes(&task, &json!({ "description": format!("change {number}: {}", "call first; ".repeat(90)) }));
        notes.push(note);
        match way {
            Way::Up => line.breaks_after(bytes),
            Way::Down => line.breaks_after_answering(bytes),
        }
        let before = line.sent_bytes() + line.received_bytes();
        let broke = mia.tries_to_sync().iter().any(|event| matches!(event, Event::Failed { .. }));
        let wasted = line.sent_bytes() + line.received_bytes() - before;
        assert_eq!(broke, line.is_broken(), "a broken line is a failed try, after {bytes} bytes");
        line.is_repaired();
        mia.syncs();
        cut += u64::from(broke);
        dearest = dearest.max(if broke { wasted } else { 0 });
    }
    println!("{cut} cuts, the dearest wasted {dearest} bytes");
    assert!(cut > 60, "the line broke {cut} times");
    assert!(dearest <= MOST_SENT_AGAIN_BYTES);
    assert_eq!(mia.phone().sync_status().expect("a status").unsent_files, 0);
    assert_eq!(mia.notes_on(&task), notes);
    assert_eq!(office.another_phone_of(&mia).notes_on(&task), notes, "each once, in order");
}
