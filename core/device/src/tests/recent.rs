//! Documents that are kept in memory, and edits that no saved document holds yet, are never seen to be so.

use std::collections::BTreeMap;

use super::world::{MIA, Office, Phone, accepted};
use crate::Command;
use crate::device::put_on_top;
use fieldline_documents::{Act, ChangeHash, Document, Edit, EditId};
use fieldline_model::{DeviceId, DocumentId, SysId, Timestamp};
use fieldline_store::edits::{EditState, StoredEdit};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// More than are kept in memory.
const TASKS: u8 = 6;

#[test]
fn every_note_is_there_once_however_edits_refusals_other_people_and_restarts_follow_each_other() {
    for seed in 0..4 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut phone = Phone::new();
        let mut offices: Vec<Office> = (1..=TASKS).map(Office::task).collect();
        phone.exchange(|answer| answer.entries = offices.iter().flat_map(Office::whole).collect());
        let mut expected: BTreeMap<DocumentId, Vec<String>> = BTreeMap::new();
        for turn in 0..80 {
            let office = &mut offices[rng.next_u32() as usize % usize::from(TASKS)];
            let (id, text) = (office.id(), format!("note {turn}"));
            match rng.next_u32() % 10 {
                0 => phone = phone.restart(),
                1 => {
                    let entry = office.edit(vec![Act::WorkNote { text: text.clone() }]);
                    phone.exchange(|answer| answer.entries = vec![entry]);
                    expected.entry(id).or_default().push(text);
                }
                2 => {
                    let refused = Command::Transition {
                        document: id,
                        step: "cancel".into(),
                        reason: None,
                        fields: BTreeMap::new(),
                        comment: None,
                    };
                    phone.execute(refused).unwrap_err();
                }
                3 => {
                    let unsent = phone.device.outbox().unwrap();
                    let oldest = unsent.iter().map(|edit| edit.counter).min();
                    phone.exchange(|answer| answer.receipts = oldest.map(accepted).into_iter().collect());
                }
                _ => {
                    phone.note(&id, &text);
                    expected.entry(id).or_default().push(text.clone());
                    assert_eq!(
                        phone.device.search(&text).unwrap().len(),
                        1,
                        "seed {seed}: \"{text}\" is found at once"
                    );
                }
            }
        }
        let phone = phone.restart();
        for (id, mut expected) in expected {
            let mut notes = phone.notes(&id);
            notes.sort();
            expected.sort();
            assert_eq!(notes, expected, "seed {seed}, {id}");
        }
    }
}

#[test]
fn a_note_made_just_before_the_app_was_killed_is_found() {
    let mut phone = Phone::new();
    let office = Office::task(7);
    phone.exchange(|answer| answer.entries = office.whole());
    phone.note(&office.id(), "Corroded gasket");
    let (dir, device) = (phone.dir, phone.device);
    // Killed: nothing is closed.
    std::mem::forget(device);
    let device = crate::Device::open(dir.path(), &super::world::key()).unwrap();
    assert_eq!(device.search("gasket").unwrap().len(), 1);
}

#[test]
fn an_unsaved_edit_that_a_newer_app_made_hides_no_other() {
    let id = DocumentId::new("wm_task", SysId([7; 16]));
    let mut document = Document::seed(id.clone());
    let device = DeviceId([1; 16]);
    let note = Edit::new(id.clone(), EditId { device, epoch: 1, counter: 2 }, MIA, Timestamp(0), &document.heads());
    let note = note.act(Act::WorkNote { text: "readable".into() });
    let stored = |counter, body| {
        let (document, hash, made_at) = (id.clone(), ChangeHash([0; 32]), Timestamp(0));
        StoredEdit { counter, epoch: 1, document, hash, body, made_at, state: EditState::Local }
    };
    for unsaved in [stored(1, vec![0xff]), stored(2, note.encode())] {
        put_on_top(&mut document, &unsaved);
    }
    assert_eq!(document.edits(), 1);
}
