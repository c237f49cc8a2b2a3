//! What a person can do, what they are told when they cannot, and that what was done is there after a crash.

use std::collections::BTreeMap;

use super::world::{MIA, Office, Phone, accepted, key, pushed, row, values};
use crate::view::Day;
use crate::{Captured, Command, Device, DeviceError};
use fieldline_model::{DocumentId, Record, SysId, TableName, Timestamp, Value};
use fieldline_sync::session::Replica;
use fieldline_sync::wire::{BlobChunk, BlobStatus};

fn with_task() -> (Phone, Office) {
    let (mut phone, office) = (Phone::new(), Office::task(7));
    phone.exchange(|answer| answer.entries = office.whole());
    (phone, office)
}

fn step(document: &DocumentId, step: &str) -> Command {
    let (document, step) = (document.clone(), step.to_owned());
    Command::Transition { document, step, reason: None, fields: BTreeMap::new(), comment: None }
}

fn new_task(short_description: &str) -> Command {
    let fields =
        values([("short_description", Value::text(short_description)), ("assigned_to", Value::Reference(MIA))]);
    Command::Create { table: "wm_task".into(), fields }
}

#[test]
fn a_day_of_work_is_on_disk_when_each_command_returns() {
    let (mut phone, office) = with_task();
    let id = office.id();
    for name in ["accept", "start_travel", "arrive", "start_work"] {
        phone.execute(step(&id, name)).unwrap();
    }
    phone.note(&id, "Valve replaced");
    phone.execute(step(&id, "complete")).unwrap();
    let phone = phone.restart();
    let view = phone.device.record(&id).unwrap().expect("is here");
    assert_eq!((view.item.stage.as_deref(), view.item.unsent), (Some("closed_complete"), 6));
    assert_eq!(phone.notes(&id), ["Valve replaced"]);
    assert_eq!(phone.device.search("valve repl").unwrap().len(), 1);
    let closed = phone.device.by_state(&TableName::from("wm_task"), 3).unwrap();
    assert_eq!(closed.iter().map(|item| item.display.as_str()).collect::<Vec<_>>(), ["WOT0000007"]);
    assert_eq!(phone.device.sync_status().unwrap().unsent_edits, 6);
}

#[test]
fn a_step_from_the_wrong_stage_or_by_the_wrong_person_says_what_would_be_right() {
    let (mut phone, office) = with_task();
    let complaint = |phone: &mut Phone, name: &str| phone.execute(step(&office.id(), name)).unwrap_err().to_string();
    let early = complaint(&mut phone, "complete");
    assert!(early.contains("wm_task/0707") && early.contains("does not lead on from assigned"), "{early}");
    let role = complaint(&mut phone, "cancel");
    assert!(role.contains("needs one of the roles wm_dispatcher"), "{role}");
    assert!(complaint(&mut phone, "reject").contains("needs a reason, one of not_available"));
    assert_eq!(phone.device.sync_status().unwrap().unsent_edits, 0);
}

#[test]
fn a_field_of_others_an_unknown_field_and_a_wrong_value_are_refused_by_name() {
    let (mut phone, office) = with_task();
    let mut complaint = |field: &str, value: Value| {
        let fields = BTreeMap::from([(field.into(), Some(value))]);
        phone.execute(Command::SetFields { document: office.id(), fields }).unwrap_err().to_string()
    };
    let reserved = complaint("assigned_to", Value::Reference(SysId([9; 16])));
    assert!(reserved.contains("assigned_to: only wm_dispatcher, wm_qualifier may write it"), "{reserved}");
    assert!(complaint("colour", Value::text("red")).contains("colour"));
    assert!(complaint("impact", Value::Integer(9)).contains("impact"));
    assert!(complaint("state", Value::Integer(3)).contains("computed"));
}

#[test]
fn a_record_made_offline_has_its_number_and_identity_at_birth_and_numbers_run_out_with_a_clear_word() {
    let mut phone = Phone::new();
    let done = phone.execute(new_task("Leak in the cellar")).unwrap();
    let view = phone.device.record(&done.document).unwrap().expect("is here");
    assert_eq!(view.item.display, "WOT0000100");
    phone.execute(new_task("Second")).unwrap();
    assert_eq!(phone.request().number_wants, ["INC", "CS", "TASK", "WO", "WOT"].map(str::to_owned));
    phone.execute(new_task("Third")).unwrap();
    let none_left = phone.execute(new_task("Fourth")).unwrap_err();
    assert!(matches!(none_left, DeviceError::NoNumber { .. }), "{none_left}");
    let of_others = Command::Create { table: "cmdb_ci".into(), fields: BTreeMap::new() };
    assert!(phone.execute(of_others).unwrap_err().to_string().contains("needs one of the roles"));
    let unfinished = Command::Create { table: "wm_order".into(), fields: BTreeMap::new() };
    assert!(phone.execute(unfinished).unwrap_err().to_string().contains("short_description"));
}

#[test]
fn a_new_phone_does_not_call_its_first_sync_done_before_it_has_numbers() {
    let mut phone = Phone::new();
    assert!(!phone.exchange(|_| {}).pending, "what was asked for once is not asked for in a loop");
    let mut mia = Record::new(DocumentId::new("sys_user", MIA));
    mia.set("roles", Some(Value::text("wm_agent")));
    let dir = tempfile::tempdir().unwrap();
    let mut fresh = Device::open(dir.path(), &key()).unwrap();
    fresh.enrol(phone.device.enrolment().unwrap().clone()).unwrap();
    assert_eq!(fresh.outgoing(9, phone.now).unwrap().number_wants, [""; 0], "it does not know its owner's roles yet");
    phone.device = fresh;
    assert!(phone.answer(|answer| answer.entries.push(row(&mia, 1))).pending, "it knows now, and asks at once");
    assert!(!phone.request().number_wants.is_empty());
}

#[test]
fn what_failed_takes_no_number() {
    let mut phone = Phone::new();
    for _ in 0..5 {
        phone.execute(Command::Create { table: "wm_task".into(), fields: BTreeMap::new() }).unwrap_err();
    }
    let done = phone.execute(new_task("Leak")).unwrap();
    assert_eq!(phone.device.record(&done.document).unwrap().expect("is here").item.display, "WOT0000100");
}

#[test]
fn a_record_of_which_only_the_row_is_here_is_fetched_when_somebody_wants_to_edit_it() {
    let (mut phone, office) = (Phone::new(), Office::task(7));
    phone.exchange(|answer| answer.entries = office.whole()[..1].to_vec());
    assert!(!phone.device.record(&office.id()).unwrap().expect("is here").item.is_editable);
    let note = Command::WorkNote { document: office.id(), text: "On my way".into() };
    assert!(matches!(phone.execute(note.clone()), Err(DeviceError::NotLoaded(_))));
    assert_eq!(phone.request().wants, [office.id()]);
    phone.answer(|answer| answer.entries.push(office.snapshot()));
    phone.execute(note).unwrap();
    assert_eq!(phone.request().wants, []);
}

#[test]
fn a_signature_is_sent_before_a_thumbnail_and_that_before_its_photo() {
    let (mut phone, office) = with_task();
    let file =
        |bytes: Vec<u8>, name: &str| Captured { bytes, file_name: name.into(), content_type: "image/jpeg".into() };
    let (photo, thumbnail) = (file(vec![1; 80_000], "before.jpg"), file(vec![2; 900], "before-small.jpg"));
    phone.execute(Command::AddPhoto { document: office.id(), photo, thumbnail: Some(thumbnail) }).unwrap();
    let signature = file(vec![3; 2_000], "signature.png");
    phone.execute(Command::AddSignature { document: office.id(), signature }).unwrap();
    let mut phone = phone.restart();
    let request = phone.request();
    let sizes = |chunks: &[BlobChunk]| chunks.iter().map(|chunk| (chunk.size_bytes, chunk.index)).collect::<Vec<_>>();
    assert_eq!(sizes(&request.chunks), [(2_000, 0), (900, 0), (80_000, 0)], "a line worth one piece of the photo");
    let status = |index: usize| BlobStatus { blob: request.chunks[index].blob, chunks_held: 1, complete: true };
    let absorbed = phone.answer(|answer| {
        answer.receipts = pushed(&request).iter().map(|edit| accepted(edit.id.counter)).collect();
        answer.blobs = vec![status(0), status(1)];
    });
    assert!(absorbed.pending && absorbed.progressed);
    phone.device.set_budget_bytes(1 << 20);
    let photo = phone.request().chunks;
    assert_eq!(sizes(&photo), [(80_000, 0), (80_000, 1)], "a better line takes more at once");
    let half = BlobStatus { blob: photo[0].blob, chunks_held: 1, complete: false };
    phone.answer(|answer| answer.blobs = vec![half]);
    let rest = phone.request().chunks;
    assert_eq!(sizes(&rest), [(80_000, 1)]);
    assert_eq!(phone.device.file(rest[0].blob).unwrap().map(|bytes| bytes.len()), Some(80_000));
}

#[test]
fn today_shows_what_is_mine_and_open() {
    let (phone, office) = with_task();
    let day = Day { from: Timestamp(0), until: Timestamp(i64::MAX) };
    let today = phone.device.today(day).unwrap();
    assert_eq!(today.iter().map(|item| item.document.clone()).collect::<Vec<_>>(), [office.id()]);
    let steps = phone.device.record(&office.id()).unwrap().expect("is here").steps;
    assert_eq!(steps.iter().map(|step| step.step.as_str()).collect::<Vec<_>>(), ["accept", "reject"]);
}
