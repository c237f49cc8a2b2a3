//! What an answer does to a device: receipts, holds, other people's work, purges, a restored server.

use super::world::{DISPATCHER, EPOCH, MIA, Office, Phone, accepted, pushed, values};
use crate::view::Fate;
use crate::{Captured, Command};
use fieldline_documents::{Act, Edit};
use fieldline_model::{DocumentId, SysId, Value};
use fieldline_sync::wire::{BlobStatus, Entry, HoldReason, Outcome, Position, Receipt, scope_term};

fn with_task() -> (Phone, Office) {
    let (mut phone, office) = (Phone::new(), Office::task(7));
    phone.exchange(|answer| answer.entries = office.whole());
    (phone, office)
}

fn held(counter: u64) -> Receipt {
    let (reason, detail) = (HoldReason::Role, "ask dispatch, or discard it".into());
    Receipt { counter, outcome: Outcome::Held { reason, detail } }
}

fn needs_heads(counter: u64) -> Receipt {
    Receipt { counter, outcome: Outcome::NeedsHeads }
}

fn leave(document: DocumentId) -> Entry {
    Entry::Leave { document }
}

#[test]
fn an_edit_is_sent_until_its_receipt_comes_and_always_as_the_same_bytes() {
    let (mut phone, office) = with_task();
    let counter = phone.note(&office.id(), "On my way");
    let first = phone.request().push;
    let mut phone = phone.restart();
    assert_eq!(phone.request().push, first);
    let absorbed = phone.answer(|answer| answer.receipts.push(accepted(counter)));
    assert_eq!((absorbed.accepted, absorbed.pending), (1, false));
    assert_eq!(phone.request().push, None);
    assert_eq!(phone.notes(&office.id()), ["On my way"]);
    assert_eq!(phone.device.outbox().unwrap()[0].fate, Fate::Accepted);
    // The same receipt again changes nothing.
    assert_eq!(phone.answer(|answer| answer.receipts.push(accepted(counter))).accepted, 0);
}

#[test]
fn work_of_others_merges_under_unsent_work() {
    let (mut phone, mut office) = with_task();
    phone.note(&office.id(), "Mia was here");
    let theirs = office.edit(vec![Act::WorkNote { text: "The customer called".into() }]);
    phone.exchange(|answer| answer.entries.push(theirs.clone()));
    assert_eq!(phone.notes(&office.id()), ["The customer called", "Mia was here"]);
    // The same entry again changes nothing.
    phone.exchange(|answer| answer.entries.push(theirs));
    assert_eq!(phone.notes(&office.id()), ["The customer called", "Mia was here"]);
    for edit in pushed(&phone.request()) {
        assert!(office.document.apply(&edit).unwrap().merged);
    }
}

#[test]
fn a_held_edit_leaves_the_record_blocks_nobody_and_waits_with_two_ways_out() {
    let (mut phone, mut office) = with_task();
    let id = office.id();
    let (first, second, third) = (phone.note(&id, "one"), phone.note(&id, "two"), phone.note(&id, "three"));
    let sent = pushed(&phone.request());
    let fourth = phone.note(&id, "four, made while the answer was under way");
    let absorbed = phone.answer(|answer| answer.receipts = vec![accepted(first), held(second), needs_heads(third)]);
    assert_eq!((absorbed.held, absorbed.pending), (vec![second], true));
    assert_eq!(phone.notes(&id), ["one", "three", "four, made while the answer was under way"]);

    // What stood on the held edit goes on under new numbers, on what the server has.
    let anew = pushed(&phone.request());
    assert_eq!(anew.len(), 2);
    assert!(anew.iter().all(|edit| edit.id.counter > fourth));
    let mine = phone.device.outbox().unwrap();
    assert!(mine.iter().all(|edit| ![third, fourth].contains(&edit.counter)));

    let attention = phone.device.needs_attention().unwrap();
    let [waiting] = &attention.held[..] else { panic!("one is held") };
    assert_eq!(
        (waiting.counter, waiting.reason.as_str(), &waiting.deeds[..]),
        (second, "role", &["work note: two".into()][..])
    );
    phone.execute(Command::ResendHeld { counter: second }).unwrap();
    assert!(phone.execute(Command::DiscardHeld { counter: second }).is_err());
    assert_eq!(phone.notes(&id).len(), 4);

    // The server, which never made the held edit's change, takes everything that is sent now.
    for edit in sent[..1].iter().chain(&pushed(&phone.request())) {
        office.document.apply(edit).unwrap();
    }
    assert_eq!(office.document.edits(), 5);
}

#[test]
fn when_the_edit_that_creates_a_record_is_held_the_rest_waits_with_it() {
    let mut phone = Phone::new();
    let fields = values([("short_description", Value::text("Leak")), ("assigned_to", Value::Reference(MIA))]);
    let done = phone.execute(Command::Create { table: "wm_task".into(), fields }).unwrap();
    let (created, note) = (done.edits[0].counter, phone.note(&done.document, "wet floor"));
    let absorbed = phone.exchange(|answer| answer.receipts = vec![held(created), needs_heads(note)]);
    assert!(!absorbed.pending);
    assert_eq!(phone.device.record(&done.document).unwrap(), None);
    assert_eq!(phone.device.needs_attention().unwrap().held.len(), 2);
    phone.execute(Command::ResendHeld { counter: created }).unwrap();
    phone.execute(Command::ResendHeld { counter: note }).unwrap();
    assert_eq!(phone.notes(&done.document), ["wet floor"]);
    let view = phone.device.record(&done.document).unwrap().expect("is back");
    assert_eq!(view.item.display, "WOT0000100", "it keeps its number");
}

#[test]
fn a_record_that_left_goes_after_the_work_on_it_is_delivered() {
    let (mut phone, office) = with_task();
    let id = office.id();
    let counter = phone.note(&id, "done before it was taken from me");
    phone.exchange(|answer| answer.entries.push(leave(id.clone())));
    assert!(phone.device.record(&id).unwrap().expect("still here").item.is_leaving);
    assert_eq!(pushed(&phone.request()).len(), 1);
    let absorbed = phone.answer(|answer| answer.receipts.push(accepted(counter)));
    assert!(!absorbed.pending);
    assert_eq!(phone.device.record(&id).unwrap(), None);
    assert_eq!(phone.device.search("boiler").unwrap(), []);
    assert!(phone.execute(Command::WorkNote { document: id, text: "one more".into() }).is_err());
}

#[test]
fn a_record_that_left_with_nothing_unsent_goes_at_once() {
    let (mut phone, office) = with_task();
    phone.exchange(|answer| answer.entries.push(leave(office.id())));
    assert_eq!(phone.device.record(&office.id()).unwrap(), None);
}

#[test]
fn a_record_made_here_stays_when_the_server_puts_it_in_scope_and_goes_when_not() {
    for enters in [true, false] {
        let mut phone = Phone::new();
        let fields = values([("short_description", Value::text("Leak")), ("assigned_to", Value::Reference(MIA))]);
        let done = phone.execute(Command::Create { table: "wm_task".into(), fields }).unwrap();
        let record = phone.device.record(&done.document).unwrap().expect("is here");
        let row =
            super::world::row(&fieldline_model::Record { id: done.document.clone(), fields: record.item.fields }, 80);
        phone.exchange(|answer| {
            answer.receipts.push(accepted(done.edits[0].counter));
            answer.entries.extend(enters.then_some(row));
        });
        let after = phone.device.record(&done.document).unwrap();
        assert_eq!(after.map(|view| view.item.is_editable), enters.then_some(true));
    }
}

#[test]
fn a_change_that_differs_from_the_servers_is_replaced_by_its_snapshot() {
    let (mut phone, mut office) = with_task();
    let counter = phone.note(&office.id(), "as this app makes it");
    let differs = Outcome::Differs { position: Position(90) };
    phone.exchange(|answer| answer.receipts.push(Receipt { counter, outcome: differs }));
    assert_eq!(phone.notes(&office.id()), ["as this app makes it"], "nothing disappears meanwhile");
    assert_eq!(phone.request().wants, [office.id()]);
    let _ = office.edit(vec![Act::WorkNote { text: "as the server made it".into() }]);
    let absorbed = phone.answer(|answer| answer.entries.push(office.snapshot()));
    assert!(!absorbed.pending);
    assert_eq!(phone.notes(&office.id()), ["as the server made it"]);
}

#[test]
fn an_entry_that_does_not_fit_asks_for_the_snapshot_and_a_damaged_snapshot_replaces_nothing() {
    let (mut phone, mut office) = with_task();
    let _missed = office.edit(vec![Act::WorkNote { text: "one".into() }]);
    let next = office.edit(vec![Act::WorkNote { text: "two".into() }]);
    phone.exchange(|answer| answer.entries.push(next));
    assert_eq!(phone.request().wants, [office.id()]);
    let Entry::Snapshot { document, position, heads, bytes } = office.snapshot() else { panic!("a snapshot") };
    let cut = bytes[..bytes.len() / 2].to_vec().into();
    let broken = Entry::Snapshot { document, position, heads, bytes: cut };
    phone.answer(|answer| (answer.entries, answer.more) = (vec![broken], true));
    assert_eq!(phone.notes(&office.id()), Vec::<String>::new());
    assert_eq!(phone.request().wants, [office.id()]);
    phone.answer(|answer| answer.entries.push(office.snapshot()));
    assert_eq!(phone.notes(&office.id()), ["one", "two"]);
}

#[test]
fn what_a_restored_server_has_lost_is_offered_again_under_the_same_numbers() {
    let (mut phone, office) = with_task();
    let id = office.id();
    let (kept, lost) = (phone.note(&id, "before the backup"), phone.note(&id, "after the backup"));
    phone.exchange(|answer| answer.receipts = vec![accepted(kept), accepted(lost)]);
    phone.server_epoch = EPOCH + 1;
    // The restored server begins anew with what it has: the task as it was before both notes.
    let absorbed = phone.exchange(|answer| (answer.entries, answer.more) = (office.whole(), true));
    assert!(absorbed.pending);
    assert_eq!(phone.notes(&id), ["before the backup", "after the backup"], "nothing disappears meanwhile");
    let offered: Vec<u64> = pushed(&phone.request()).iter().map(|edit| edit.id.counter).collect();
    assert_eq!(offered, [kept, lost]);
    phone.answer(|answer| answer.receipts = vec![accepted(kept), accepted(lost)]);
    assert_eq!(phone.notes(&id), ["before the backup", "after the backup"]);
    assert_eq!(phone.device.sync_status().unwrap().unsent_edits, 0);
}

#[test]
fn work_on_a_record_a_restored_server_has_lost_waits_for_its_author_or_for_the_record() {
    let (mut phone, office) = with_task();
    let id = office.id();
    let counter = phone.note(&id, "on a record that is gone");
    phone.server_epoch = EPOCH + 1;
    phone.exchange(|answer| (answer.entries, answer.receipts) = (vec![leave(id.clone())], vec![needs_heads(counter)]));
    let absorbed = phone.exchange(|answer| answer.receipts = vec![needs_heads(counter)]);
    assert_eq!((absorbed.held, absorbed.pending), (vec![counter], false), "nothing is tried for ever");
    assert_eq!(phone.device.record(&id).unwrap(), None);
    assert_eq!(phone.device.needs_attention().unwrap().held[0].reason, "record");
    // Somebody else's phone brings the record back.
    phone.exchange(|answer| answer.entries = office.whole());
    assert_eq!(phone.notes(&id), ["on a record that is gone"]);
    assert_eq!(pushed(&phone.request()).len(), 1);
    assert_eq!(phone.device.needs_attention().unwrap().held.len(), 0);
}

#[test]
fn work_on_a_record_that_had_left_waits_too_and_is_offered_to_the_next_life_of_the_server() {
    let (mut phone, office) = with_task();
    let id = office.id();
    let counter = phone.note(&id, "delivered before it left");
    phone.exchange(|answer| answer.receipts.push(accepted(counter)));
    phone.exchange(|answer| answer.entries.push(leave(id.clone())));
    assert_eq!(phone.device.record(&id).unwrap(), None);
    phone.server_epoch = EPOCH + 1;
    phone.exchange(|answer| answer.more = true);
    let absorbed = phone.exchange(|answer| answer.receipts.push(needs_heads(counter)));
    assert_eq!((absorbed.held, absorbed.pending), (vec![counter], false), "nothing is tried for ever");
    phone.server_epoch = EPOCH + 2;
    phone.exchange(|answer| answer.more = true);
    assert_eq!(pushed(&phone.request()).len(), 1);
    phone.answer(|answer| answer.receipts.push(accepted(counter)));
    assert_eq!(phone.device.needs_attention().unwrap().held.len(), 0);
}

#[test]
fn files_a_restored_server_may_have_lost_are_sent_again() {
    let (mut phone, office) = with_task();
    let photo = Captured { bytes: vec![7; 100], file_name: "1.jpg".into(), content_type: "image/jpeg".into() };
    let done = phone.execute(Command::AddPhoto { document: office.id(), photo, thumbnail: None }).unwrap();
    let chunks = phone.request().chunks;
    let whole = BlobStatus { blob: chunks[0].blob, chunks_held: 1, complete: true };
    phone.answer(|answer| (answer.blobs, answer.receipts) = (vec![whole], vec![accepted(done.edits[0].counter)]));
    assert_eq!(phone.request().chunks, []);
    phone.server_epoch = EPOCH + 1;
    phone.answer(|answer| answer.more = true);
    assert_eq!(phone.request().chunks, chunks);
}

#[test]
fn a_clock_that_jumps_by_years_on_either_side_forgets_nothing_a_restored_server_will_need() {
    const YEAR: i64 = 365 * 86_400_000;
    let (mut phone, office) = with_task();
    let truly = phone.now;
    for years in [10, -10, 0] {
        phone.now = truly.plus_milliseconds(years * YEAR);
        let counter = phone.note(&office.id(), "kept for weeks");
        phone.exchange(|answer| (answer.now, answer.receipts) = (truly, vec![accepted(counter)]));
    }
    phone.exchange(|answer| answer.now = truly.plus_milliseconds(10 * YEAR));
    assert_eq!(phone.device.outbox().unwrap().len(), 3);
    phone.now = truly.plus_milliseconds(36 * 86_400_000);
    let now = phone.now;
    phone.exchange(|answer| answer.now = now);
    assert_eq!(phone.device.outbox().unwrap().len(), 0, "weeks have passed by both clocks");
}

#[test]
fn work_on_top_of_what_a_restored_server_has_lost_is_made_anew() {
    let (mut phone, mut office) = with_task();
    let id = office.id();
    let backup = office.whole();
    let lost = office.edit(vec![Act::WorkNote { text: "lost by the server".into() }]);
    phone.exchange(|answer| answer.entries.push(lost));
    let counter = phone.note(&id, "mine, on top");
    phone.exchange(|answer| answer.receipts.push(accepted(counter)));
    phone.server_epoch = EPOCH + 1;
    phone.exchange(|answer| answer.more = true);
    phone.exchange(|answer| (answer.entries, answer.receipts) = (backup, vec![needs_heads(counter)]));
    assert_eq!(phone.notes(&id), ["mine, on top"]);
    let anew = pushed(&phone.request());
    let [edit] = &anew[..] else { panic!("one edit") };
    let mut restored = Office::task(7);
    assert!(edit.id.counter > counter && !restored.document.apply(edit).unwrap().merged);
}

#[test]
fn when_the_scope_checksum_disagrees_the_device_asks_for_the_list_and_follows_it() {
    let (mut phone, office) = with_task();
    let mia = DocumentId::new("sys_user", MIA);
    let (gone, missing) = (office.id(), DocumentId::new("wm_task", SysId([8; 16])));
    let sum =
        |ids: &[&DocumentId]| ids.iter().fold(0_u64, |sum, id| sum.wrapping_add(scope_term(&id.table, id.sys_id)));
    phone.exchange(|answer| answer.scope_checksum = Some(sum(&[&mia, &gone])));
    assert!(!phone.request().audit);
    let absorbed = phone.answer(|answer| answer.scope_checksum = Some(sum(&[&mia, &missing])));
    assert!(absorbed.pending);
    assert!(phone.request().audit);
    phone.answer(|answer| answer.audit = Some(vec![mia, missing.clone()]));
    assert_eq!(phone.device.record(&gone).unwrap(), None);
    let request = phone.request();
    assert_eq!((request.audit, request.wants), (false, vec![missing]));
}

#[test]
fn two_values_of_one_field_need_attention_until_one_is_confirmed() {
    let (mut phone, mut office) = with_task();
    let set = |text: &str| Act::Set { field: "description".into(), value: Some(Value::text(text)) };
    let fields = [("description".into(), Some(Value::text("in the cellar")))].into();
    phone.execute(Command::SetFields { document: office.id(), fields }).unwrap();
    let theirs = office.edit(vec![set("on the roof")]);
    phone.exchange(|answer| answer.entries.push(theirs));
    let attention = phone.device.needs_attention().unwrap();
    let [doubt] = &attention.records[..] else { panic!("one record") };
    assert_eq!(doubt.alternatives[0].value, Some(Value::text("on the roof")));
    assert_eq!(doubt.alternatives[0].origin.by, DISPATCHER);
    phone.execute(Command::Confirm { document: office.id(), field: "description".into() }).unwrap();
    assert_eq!(phone.device.needs_attention().unwrap().records.len(), 0);
}

/// Bytes of an edit that does one thing more than this build can read.
fn with_an_act_of_a_newer_app(edit: &Edit) -> Vec<u8> {
    let mut bytes = edit.encode();
    // The last act, [5, [text]], becomes one of a kind nobody knows yet.
    let act = minicbor::to_vec(edit.acts.last().unwrap()).unwrap();
    let kind = bytes.len() - act.len() + 1;
    assert_eq!(bytes[kind], 5);
    bytes[kind] = 23;
    assert!(Edit::decode(&bytes).is_err());
    bytes
}

#[test]
fn what_a_newer_app_did_comes_with_the_snapshot_and_unsent_work_stays_on_top() {
    let (mut phone, mut office) = with_task();
    phone.note(&office.id(), "mine");
    let Entry::Edit { position, hash, body, document } = office.edit(vec![Act::WorkNote { text: "theirs".into() }])
    else {
        panic!("an edit")
    };
    let body = with_an_act_of_a_newer_app(&Edit::decode(&body).unwrap()).into();
    let absorbed = phone.exchange(|answer| answer.entries.push(Entry::Edit { position, hash, body, document }));
    assert!(absorbed.pending);
    assert_eq!(phone.request().wants, [office.id()]);
    phone.answer(|answer| answer.entries.push(office.snapshot()));
    assert_eq!(phone.notes(&office.id()), ["theirs", "mine"]);
    assert_eq!(pushed(&phone.request()).len(), 1);
}

#[test]
fn a_photo_that_was_damaged_on_the_disk_holds_up_no_other_work_and_is_asked_of_the_server() {
    let (mut phone, office) = with_task();
    let captured =
        |byte| Captured { bytes: vec![byte; 9_000], file_name: "a.jpg".into(), content_type: "image/jpeg".into() };
    for byte in [1, 2] {
        phone.execute(Command::AddPhoto { document: office.id(), photo: captured(byte), thumbnail: None }).unwrap();
    }
    let first = phone.request().chunks.remove(0).blob;
    let file = phone.dir.path().join("blobs").join(first.to_string());
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let request = phone.request();
    assert_eq!(pushed(&request).len(), 2);
    assert!(request.chunks.len() == 1 && request.chunks[0].blob != first, "the sound photo goes out");
    assert_eq!(phone.device.sync_status().unwrap().damaged_files, 1, "the person is told");
    phone.answer(|_| ());
    assert!(phone.request().chunk_wants.iter().any(|want| want.blob == first));
}
