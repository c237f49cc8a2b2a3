//! The server's process is killed again and again while many phones push.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fieldline_device::Command;
use fieldline_device::view::Fate;
use fieldline_model::DocumentId;
use fieldline_stories::{Office, Technician, any_between, pause_milliseconds};
use serde_json::json;

const KILLS: usize = 10;
const NAMES: [&str; 5] = ["mia", "bob", "eva", "jan", "ida"];

#[test]
fn a_server_killed_in_the_middle_of_pushes_keeps_every_edit_it_acknowledged() {
    let mut office = Office::open();
    let order = office.creates("wm_order", &json!({ "short_description": "Overhaul the boiler house" }));
    let team: Vec<Technician> = NAMES.iter().map(|name| office.technician(name)).collect();
    let olga = office.technician("olga");
    for technician in team.iter().chain([&olga]) {
        office.sends_to(&order, technician, "Overhaul");
        technician.syncs();
    }

    let (acknowledged, stop) = (Mutex::new(BTreeSet::new()), AtomicBool::new(false));
    std::thread::scope(|threads| {
        for technician in &team {
            threads.spawn(|| works(technician, &order, &acknowledged, &stop));
        }
        for _ in 0..KILLS {
            pause_milliseconds(any_between(20, 250));
            let promised = acknowledged.lock().expect("no phone panicked").clone();
            office.is_killed_and_comes_back();
            olga.syncs();
            let notes: BTreeSet<String> = olga.notes_on(&order).into_iter().collect();
            let lost: Vec<_> = promised.difference(&notes).collect();
            assert!(lost.is_empty(), "acknowledged and gone after a kill: {lost:?}");
        }
        stop.store(true, Ordering::SeqCst);
    });

    let made: usize = team.iter().map(|technician| technician.phone().outbox().expect("an outbox").len()).sum();
    assert!(made > KILLS * NAMES.len(), "the phones had time to work: {made}");
    team.iter().for_each(|technician| drop(technician.syncs()));
    let mut everything = office.another_phone_of(&olga).notes_on(&order);
    everything.sort_unstable();
    assert_eq!(everything.len(), made);
    assert!(everything.windows(2).all(|pair| pair[0] != pair[1]), "nothing arrived twice");
    for technician in team.iter().chain([&olga]) {
        technician.syncs();
        let mut notes = technician.notes_on(&order);
        notes.sort_unstable();
        assert_eq!(notes, everything, "{} shows what the server has", technician.name());
    }
}

/// Writes and syncs until told to stop; notes which notes the server acknowledged.
fn works(technician: &Technician, order: &DocumentId, acknowledged: &Mutex<BTreeSet<String>>, stop: &AtomicBool) {
    let mut notes = BTreeMap::new();
    while !stop.load(Ordering::SeqCst) {
        let text = format!("{} {}", technician.name(), notes.len());
        let done = technician.does(Command::WorkNote { document: order.clone(), text: text.clone() });
        notes.insert(done.edits[0].counter, text);
        technician.tries_to_sync();
        let outbox = technician.phone().outbox().expect("a phone reads its outbox");
        let settled = outbox.iter().filter(|edit| matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge));
        let settled: Vec<String> = settled.filter_map(|edit| notes.get(&edit.counter).cloned()).collect();
        acknowledged.lock().expect("no phone panicked").extend(settled);
        pause_milliseconds(any_between(5, 40));
    }
}
