//! Documents that came beside their rows: kept unread, checked when somebody works on them, fetched whole where they do not fit.

use super::world::{Office, Phone, pushed};
use crate::DeviceError;
use fieldline_documents::Act;
use fieldline_model::Value;
use fieldline_sync::wire::Entry;

fn with_packed_task() -> (Phone, Office) {
    let (mut phone, office) = (Phone::new(), Office::task(7));
    phone.exchange(|answer| answer.entries = vec![office.row(), office.packed()]);
    (phone, office)
}

#[test]
fn a_document_that_came_beside_its_row_is_shown_edited_and_merged_like_any_other() {
    let (mut phone, mut office) = with_packed_task();
    assert_eq!(phone.request().wants, []);
    assert!(phone.device.record(&office.id()).unwrap().unwrap().item.is_editable);
    phone.note(&office.id(), "On my way");
    let mut phone = phone.restart();
    let theirs = office.edit(vec![Act::WorkNote { text: "The customer called".into() }]);
    phone.exchange(|answer| answer.entries.push(theirs));
    assert_eq!(phone.notes(&office.id()), ["The customer called", "On my way"]);
    for edit in pushed(&phone.request()) {
        assert!(office.document.apply(&edit).unwrap().merged);
    }
}

#[test]
fn an_edit_of_somebody_else_finds_a_document_nobody_has_read() {
    let (mut phone, mut office) = with_packed_task();
    let theirs = office.edit(vec![Act::WorkNote { text: "The customer called".into() }]);
    phone.exchange(|answer| answer.entries.push(theirs));
    assert_eq!((phone.notes(&office.id()), phone.request().wants), (vec!["The customer called".into()], vec![]));
}

#[test]
fn what_the_row_does_not_say_is_found_although_the_document_came_beside_it() {
    let (mut phone, mut office) = (Phone::new(), Office::task(7));
    let _told = office.edit(vec![Act::WorkNote { text: "The gate code is on the fridge".into() }]);
    phone.exchange(|answer| answer.entries = vec![office.row(), office.packed()]);
    assert_eq!(phone.device.search("fridge").unwrap().len(), 1);
}

#[test]
fn a_document_beside_another_row_than_the_one_here_is_fetched_whole() {
    let (mut phone, mut office) = (Phone::new(), Office::task(7));
    let row = office.row();
    let _missed = office.edit(vec![Act::Set { field: "description".into(), value: Some(Value::text("Mind the dog")) }]);
    phone.exchange(|answer| answer.entries = vec![row, office.packed()]);
    assert_eq!(phone.device.record(&office.id()).unwrap().unwrap().details, None);
    assert_eq!(phone.request().wants, [office.id()]);
    phone.answer(|answer| answer.entries = office.whole());
    assert_eq!(
        phone.device.record(&office.id()).unwrap().unwrap().details.unwrap().record.text("description"),
        "Mind the dog"
    );
}

#[test]
fn a_document_that_is_damaged_or_none_at_all_is_fetched_whole() {
    let (mut phone, office) = (Phone::new(), Office::task(7));
    let Entry::Packed { document, position, bytes, is_told_by_its_row } = office.packed() else { panic!("is packed") };
    let mut flipped = bytes.to_vec();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    let damaged = Entry::Packed { document, position, bytes: flipped.into(), is_told_by_its_row };
    phone.exchange(|answer| answer.entries = vec![office.row(), damaged]);
    assert_eq!(phone.request().wants, [office.id()]);
    // A hostile server can make the checksum right: then it shows when the document is read.
    let nonsense = office.packed_as(&office.nonsense());
    phone.answer(|answer| answer.entries = vec![nonsense]);
    let note = crate::Command::WorkNote { document: office.id(), text: "On my way".into() };
    assert!(matches!(phone.execute(note), Err(DeviceError::NotLoaded(_))));
    assert_eq!(phone.request().wants, [office.id()]);
    phone.answer(|answer| answer.entries = office.whole());
    phone.note(&office.id(), "On my way");
    assert_eq!(phone.notes(&office.id()), ["On my way"]);
}
