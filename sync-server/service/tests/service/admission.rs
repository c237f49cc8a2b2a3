//! What becomes of edits that devices send.

use fieldline_documents::{Document, Edit, EditId};
use fieldline_model::{DeviceId, DocumentId, SysId, Timestamp, Value};
use fieldline_service::SyncRefusal;
use fieldline_storage::{EditKey, Storage};
use fieldline_sync::wire::{HoldReason, Outcome, PushedEdit};
use minicbor::bytes::ByteVec;

use crate::house::{DAY, House, Phone, describe, note, pushed, set, step};

fn accepted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Accepted { merged: false, .. })
}

fn held(outcome: &Outcome) -> (HoldReason, &str) {
    match outcome {
        Outcome::Held { reason, detail } => (*reason, detail),
        other => panic!("{other:?}"),
    }
}

fn with_job(house: &mut House) -> (Phone, DocumentId) {
    let mia = house.mia.clone();
    let (_, task) = house.job(mia.user, "Boiler");
    let mut phone = house.phone(&mia);
    phone.sync(house);
    (phone, task)
}

#[test]
fn an_edit_is_accepted_and_the_record_follows() {
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let edits = [
        phone.edit(house.now, &task, &[step("accept")]),
        phone.edit(house.now, &task, &[note("On my way"), step("start_travel")]),
    ];
    let outcomes = phone.push(&mut house, &edits);
    assert!(outcomes.iter().all(accepted), "{outcomes:?}");
    let dora = house.dora.clone();
    let detail = house.get(&dora, &task).unwrap();
    assert_eq!(detail.record.text("sub_state"), "en_route");
    assert_eq!(detail.projection_of_document.unwrap().work_notes.len(), 1);
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
}

#[test]
fn edits_of_two_people_merge_and_both_phones_agree() {
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let dora = house.dora.clone();
    house.update(&dora, &task, &[("description", "Mind the dog")]).unwrap();
    let edit = phone.edit(house.now, &task, &[note("Nobody at home")]);
    let outcomes = phone.push(&mut house, &[edit]);
    assert!(matches!(outcomes[0], Outcome::Accepted { merged: true, .. }), "{outcomes:?}");
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
}

#[test]
fn a_retry_after_a_lost_answer_gets_the_same_receipts_and_happens_once() {
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let dora = house.dora.clone();
    let first = phone.edit(house.now, &task, &[step("accept")]);
    house.update(&dora, &task, &[("description", "Mind the dog")]).unwrap();
    let wrong = PushedEdit { hash: [0; 16], ..phone.edit(house.now, &task, &[note("one")]) };
    let forbidden = phone.edit(house.now, &task, &[step("cancel")]);
    let request = phone.pushing(&[first.clone(), wrong, forbidden, first]);
    let answers: Vec<_> = (0..3).map(|_| phone.send(&mut house, &request).unwrap().receipts).collect();
    assert!(matches!(answers[0][0].outcome, Outcome::Accepted { merged: true, .. }), "{answers:?}");
    assert!(matches!(answers[0][1].outcome, Outcome::Differs { .. }), "{answers:?}");
    assert_eq!(held(&answers[0][2].outcome).0, HoldReason::Role);
    assert_eq!(answers[0][0], answers[0][3]);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let notes = house.get(&dora, &task).unwrap().projection_of_document.unwrap().work_notes;
    assert_eq!(notes.len(), 1);
}

#[test]
fn every_reason_holds_an_edit_back_names_it_and_stops_nobody() {
    let mut house = House::new();
    let (phone, task) = with_job(&mut house);
    let leo = house.leo.clone();
    let (_, other) = house.job(leo.user, "Not Mia's");
    let base = phone.documents[&task].clone();
    let seeded = Document::seed(other.clone());
    let make = |counter: u64, change: &dyn Fn(&mut Edit)| {
        let id = EditId { device: phone.device, epoch: 1, counter };
        let mut edit = Edit::new(task.clone(), id, phone.user, house.now, &base.heads());
        change(&mut edit);
        PushedEdit { counter, hash: [0; 16], body: edit.encode().into(), epoch: None }
    };
    let edits = [
        make(1, &|edit| *edit = edit.clone().act(note("first"))),
        make(2, &|edit| edit.author = leo.user),
        make(3, &|edit| edit.id.device = DeviceId([9; 16])),
        make(4, &|edit| edit.id.epoch = 2),
        make(5, &|edit| edit.id.counter = 77),
        make(6, &|edit| {
            edit.document = other.clone();
            edit.heads = seeded.heads();
            *edit = edit.clone().act(note("hello"));
        }),
        make(7, &|edit| *edit = edit.clone().act(set("assigned_to", Value::Reference(leo.user)))),
        make(8, &|edit| *edit = edit.clone().act(step("withdraw"))),
        make(9, &|edit| *edit = edit.clone().act(set("price", Value::Integer(1)))),
        make(10, &|edit| *edit = edit.clone().act(set("state", Value::Integer(3)))),
        make(11, &|edit| *edit = edit.clone().act(set("number", Value::text("WOT0000001")))),
        make(12, &|edit| *edit = edit.clone().act(note(&"x".repeat(70_000)))),
        make(13, &|edit| {
            edit.document = DocumentId::new("sys_user", SysId([1; 16]));
            *edit = edit.clone().act(describe("Somebody"));
        }),
        PushedEdit { counter: 14, hash: [0; 16], body: vec![0xff; 40].into(), epoch: None },
        PushedEdit { counter: 15, hash: [0; 16], body: vec![7; 300_000].into(), epoch: None },
        make(1, &|edit| *edit = edit.clone().act(note("another first"))),
    ];
    let request = phone.pushing(&edits);
    let receipts = phone.send(&mut house, &request).unwrap().receipts;
    use HoldReason::{Cost, Equivocation, Identity, Role, Scope, Shape};
    let wanted = [
        Identity,
        Identity,
        Identity,
        Identity,
        Scope,
        Role,
        Role,
        Shape,
        Shape,
        Shape,
        Cost,
        Shape,
        Shape,
        Cost,
        Equivocation,
    ];
    for (receipt, wanted) in receipts[1..].iter().zip(wanted) {
        let (reason, detail) = held(&receipt.outcome);
        assert_eq!(reason, wanted, "edit {}: {detail}", receipt.counter);
        assert!(detail.len() > 40, "{detail}");
    }
    let again = phone.send(&mut house, &request).unwrap().receipts;
    assert_eq!(again[1..], receipts[1..], "held edits are answered the same again");
    let kept = house.storage.read().unwrap().held(EditKey { device: phone.device, epoch: 1, counter: 7 }).unwrap();
    assert_eq!((kept.len(), kept[0].reason.as_str()), (1, "role"));
    assert!(kept[0].detail.contains("assigned_to") && kept[0].detail.contains(&task.to_string()));
}

#[test]
fn an_edit_on_unknown_changes_is_asked_for_its_predecessors_and_leaves_no_trace() {
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let first = phone.edit(house.now, &task, &[step("accept")]);
    let second = phone.edit(house.now, &task, &[note("later")]);
    let outcomes = phone.push(&mut house, std::slice::from_ref(&second));
    assert_eq!(outcomes, [Outcome::NeedsHeads]);
    let outcomes = phone.push(&mut house, &[first, second]);
    assert!(outcomes.iter().all(accepted), "{outcomes:?}");
}

#[test]
fn a_record_born_on_a_phone_keeps_its_number_and_its_creator_may_go_on() {
    let mut house = House::new();
    let (mut phone, _) = with_job(&mut house);
    let mut request = phone.request();
    request.number_wants = vec!["INC".into(), "WOT".into(), "ACCT".into(), "NO".into()];
    let numbers = phone.send(&mut house, &request).unwrap().numbers;
    assert_eq!(numbers.iter().map(|block| block.prefix.as_str()).collect::<Vec<_>>(), ["INC", "WOT"]);
    let number = numbers[0].clone().take().unwrap();
    let incident = DocumentId::new("incident", SysId([5; 16]));
    let birth = [describe("Leak in the cellar"), set("number", Value::text(&number))];
    let edits = [phone.edit(house.now, &incident, &birth), phone.edit(house.now, &incident, &[note("Water is off")])];
    let outcomes = phone.push(&mut house, &edits);
    assert!(outcomes.iter().all(accepted), "{outcomes:?}");
    let dora = house.dora.clone();
    assert_eq!(house.get(&dora, &incident).unwrap().record.text("number"), number);
    let edit = phone.edit(house.now, &incident, &[note("On again")]);
    assert!(accepted(&phone.push(&mut house, &[edit])[0]));
}

#[test]
fn unsent_work_on_a_record_that_left_the_scope_is_delivered_for_weeks_and_then_held() {
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let (dora, leo) = (house.dora.clone(), house.leo.clone());
    let unsent = phone.edit(house.now, &task, &[note("Valve replaced")]);
    house.update(&dora, &task, &[("assigned_to", &leo.user.to_string())]).unwrap();
    house.wait(34 * DAY);
    assert!(matches!(phone.push(&mut house, &[unsent])[0], Outcome::Accepted { merged: true, .. }));
    assert!(!phone.rows.contains_key(&task), "delivered, then purged");
    house.update(&dora, &task, &[("description", "a write on this day")]).unwrap();
    house.wait(36 * DAY);
    phone.documents.insert(task.clone(), Document::seed(task.clone()));
    let late = phone.edit(house.now, &task, &[note("Much later")]);
    assert_eq!(held(&phone.push(&mut house, &[late])[0]).0, HoldReason::Scope);
}

#[test]
fn a_forged_foreign_or_locked_request_is_refused_whole_and_recorded_nowhere() {
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let leo = house.leo.clone();
    let stranger = house.phone(&leo);
    let edit = phone.edit(house.now, &task, &[note("forged")]);
    let before = house.storage.read().unwrap().head().unwrap();
    let mut forged = phone.pushing(std::slice::from_ref(&edit));
    forged.push.as_mut().unwrap().signature[0] ^= 1;
    assert!(matches!(phone.send(&mut house, &forged), Err(SyncRefusal::Signature)));
    let mut altered = phone.pushing(std::slice::from_ref(&edit));
    altered.epoch = 2;
    assert!(matches!(phone.send(&mut house, &altered), Err(SyncRefusal::Signature)));
    let signed_elsewhere = stranger.pushing(std::slice::from_ref(&edit));
    assert!(matches!(phone.send(&mut house, &signed_elsewhere), Err(SyncRefusal::NotThisDevice)));
    let mut garbage = phone.pushing(&[]);
    garbage.push = phone.pushing(&vec![edit.clone(); 501]).push;
    assert!(matches!(phone.send(&mut house, &garbage), Err(SyncRefusal::TooMuch { .. })));
    let mut many = phone.request();
    many.wants = vec![task.clone(); 201];
    assert!(matches!(phone.send(&mut house, &many), Err(SyncRefusal::TooMuch { .. })));
    house.server.revoke_device(&leo, stranger.device, house.now, &mut house.rng).unwrap();
    assert!(matches!(stranger.send(&mut house, &stranger.request()), Err(SyncRefusal::Revoked)));
    assert_eq!(house.storage.read().unwrap().head().unwrap(), before);
    assert!(accepted(&phone.push(&mut house, &[edit])[0]), "the honest device goes on");
}

#[test]
fn random_bytes_in_a_signed_batch_never_panic_and_never_become_an_edit() {
    use rand_core::Rng;
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let good = phone.edit(house.now, &task, &[note("good")]);
    for counter in 100..400 {
        let mut body = good.body.to_vec();
        for _ in 0..=house.rng.next_u32() % 4 {
            let at = house.rng.next_u32() as usize % body.len();
            body[at] = house.rng.next_u32() as u8;
        }
        let bad = PushedEdit { counter, hash: [0; 16], body: ByteVec::from(body), epoch: None };
        let request = phone.pushing(&[bad]);
        phone.send(&mut house, &request).unwrap();
    }
    assert!(accepted(&phone.push(&mut house, &[good])[0]));
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
}

#[test]
fn after_a_restore_devices_are_told_by_the_epoch_and_offer_their_edits_again() {
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let edit = phone.edit(house.now, &task, &[step("accept")]);
    phone.push(&mut house, std::slice::from_ref(&edit));
    let epoch = house.server.identity().server_epoch;
    let House { server, storage, now, mut rng, dora, mia, leo } = house;
    let server = server.restored(now, &mut rng).unwrap();
    let mut house = House { server, storage, now, rng, dora, mia, leo };
    let request = phone.pushing(&[edit]);
    let response = phone.send(&mut house, &request).unwrap();
    assert_ne!(response.server_epoch, epoch);
    assert!(response.progress.is_some(), "the old cursor counts as none");
    assert!(accepted(&response.receipts[0].outcome));
    phone.absorb(&response);
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
}

#[test]
fn a_step_of_a_time_far_off_is_taken_as_the_phone_says() {
    let mut house = House::new();
    let (mut phone, task) = with_job(&mut house);
    let edit = phone.edit(Timestamp(0), &task, &[step("accept")]);
    assert!(accepted(&phone.push(&mut house, &[edit])[0]));
    let base = Document::seed(task.clone());
    let id = EditId { device: phone.device, epoch: 1, counter: 50 };
    let edit = Edit::new(task.clone(), id, phone.user, Timestamp(i64::MAX), &base.heads()).act(note("never"));
    let never = pushed(&edit, fieldline_documents::ChangeHash([0; 32]));
    let request = phone.pushing(&[never]);
    assert_eq!(held(&phone.send(&mut house, &request).unwrap().receipts[0].outcome).0, HoldReason::Cost);
}

#[test]
fn a_number_a_phone_was_leased_in_another_life_is_given_to_nobody_else() {
    let mut house = House::new();
    let (mia, dora) = (house.mia.clone(), house.dora.clone());
    let mut phone = house.phone(&mia);
    let task = DocumentId::new("wm_task", SysId([9; 16]));
    let numbered = set("number", Value::text("WOT0000002"));
    let edit =
        phone.edit(house.now, &task, &[describe("Leak"), numbered, set("assigned_to", Value::Reference(mia.user))]);
    phone.push(&mut house, &[edit]);
    let mut made = || {
        let record = house.create(&dora, "wm_task", &[("short_description", "Pump")]).unwrap().record;
        record.text("number").to_owned()
    };
    assert_eq!([made(), made()], ["WOT0000001", "WOT0000003"]);
}
