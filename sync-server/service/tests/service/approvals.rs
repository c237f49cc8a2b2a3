//! Approvals given on a phone: what follows when they arrive, when they come too late, and when somebody else gives them.

use fieldline_model::{DocumentId, SysId, Value};
use fieldline_service::Caller;
use fieldline_storage::{FeedEntry, Happening, Storage};
use fieldline_sync::wire::{HoldReason, Outcome};

use super::house::{House, Phone, set};

/// A change that waits for the answers of some people, and what each of them is asked.
fn asked(house: &mut House, approvers: &[&Caller]) -> (DocumentId, Vec<DocumentId>) {
    let system = house.server.system();
    let change = house.create(&system, "change_request", &[("short_description", "Replace the router")]).unwrap();
    let change = change.record.id;
    house.update(&system, &change, &[("state", "assess")]).unwrap();
    let approvals = approvers.iter().map(|who| {
        let fields = [("sysapproval", change.sys_id.to_string()), ("approver", who.user.to_string())];
        let fields = fields.each_ref().map(|(field, value)| (*field, value.as_str()));
        house.create(&system, "sysapproval_approver", &fields).unwrap().record.id
    });
    let approvals = approvals.collect();
    (change, approvals)
}

fn answers(phone: &mut Phone, house: &mut House, approval: &DocumentId, answer: &str) -> Outcome {
    let edit = phone.edit(house.now, approval, &[set("state", Value::text(answer))]);
    phone.push(house, &[edit]).remove(0)
}

fn says(house: &mut House, record: &DocumentId, field: &str) -> String {
    let system = house.server.system();
    house.get(&system, record).unwrap().record.get(field).map(ToString::to_string).unwrap_or_default()
}

fn notes(house: &mut House, record: &DocumentId) -> Vec<String> {
    let system = house.server.system();
    let projection = house.get(&system, record).unwrap().projection_of_document.unwrap();
    projection.work_notes.into_iter().map(|note| note.what.text).collect()
}

#[test]
fn what_is_approved_on_phones_goes_on_with_the_last_answer() {
    let mut house = House::new();
    let people = [house.mia.clone(), house.leo.clone()];
    let (change, approvals) = asked(&mut house, &people.each_ref());
    let mut phones = people.each_ref().map(|person| house.phone(person));
    for phone in &mut phones {
        phone.sync(&mut house);
    }
    for ((phone, approval), state) in phones.iter_mut().zip(&approvals).zip(["-4", "-3"]) {
        assert!(matches!(answers(phone, &mut house, approval, "approved"), Outcome::Accepted { .. }));
        assert_eq!(says(&mut house, &change, "state"), state);
    }
    for phone in &mut phones {
        phone.sync(&mut house);
        phone.agrees_with(&mut house);
    }
}

#[test]
fn an_answer_to_what_nobody_asks_any_more_is_noted_and_nothing_follows() {
    let mut house = House::new();
    let people = [house.mia.clone(), house.leo.clone()];
    let (change, approvals) = asked(&mut house, &people.each_ref());
    let mut phone = house.phone(&people[0]);
    phone.sync(&mut house);
    let system = house.server.system();
    house.update(&system, &approvals[0], &[("state", "not_required")]).unwrap();
    house.update(&people[1], &approvals[1], &[("state", "approved")]).unwrap();
    assert_eq!(says(&mut house, &change, "state"), "-3", "what is not required is not waited for");

    assert!(matches!(answers(&mut phone, &mut house, &approvals[0], "rejected"), Outcome::Accepted { .. }));
    assert_eq!(says(&mut house, &change, "state"), "-3");
    assert_eq!(says(&mut house, &approvals[0], "state"), "not_required");
    assert_eq!(notes(&mut house, &approvals[0]).len(), 1);
    phone.sync(&mut house);
    phone.agrees_with(&mut house);
    let refused = house.update(&people[0], &approvals[0], &[("state", "approved")]).unwrap_err().to_string();
    assert!(refused.contains("is not_required and not asked any more"), "{refused}");
}

#[test]
fn nobody_answers_for_another_on_a_phone_either() {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let (change, approvals) = asked(&mut house, &[&mia]);
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let system = house.server.system();
    house.update(&system, &approvals[0], &[("approver", &leo.user.to_string())]).unwrap();
    let held = answers(&mut phone, &mut house, &approvals[0], "approved");
    let Outcome::Held { reason: HoldReason::Role, detail } = held else { panic!("{held:?}") };
    assert!(detail.contains("only who is asked may answer; ask them to, or discard the edit"), "{detail}");
    assert_eq!(
        (says(&mut house, &change, "state"), says(&mut house, &approvals[0], "state")),
        ("-4".into(), "requested".into())
    );
}

#[test]
fn an_answer_that_cannot_be_followed_stands_and_says_so() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let (change, approvals) = asked(&mut house, &[&mia]);
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    let system = house.server.system();
    let rule = [
        ("name", "No approvals today"),
        ("collection", "change_request"),
        ("when", "before"),
        ("action_update", "true"),
        ("filter_condition", "approval=approved"),
        ("abort_action", "true"),
        ("message", "Nothing is approved during the audit"),
    ];
    house.create(&system, "sys_script", &rule).unwrap();
    assert!(matches!(answers(&mut phone, &mut house, &approvals[0], "approved"), Outcome::Accepted { .. }));
    assert_eq!(
        (says(&mut house, &change, "state"), says(&mut house, &approvals[0], "state")),
        ("-4".into(), "approved".into())
    );
    let told = notes(&mut house, &approvals[0]).concat();
    assert!(told.contains("Nothing is approved during the audit"), "{told}");
}

#[test]
fn an_approval_that_an_older_server_kept_as_a_row_is_answered_on_a_phone_too() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let (change, approvals) = asked(&mut house, &[&mia]);
    let system = house.server.system();
    let mut row = house.get(&system, &approvals[0]).unwrap().record;
    row.id.sys_id = SysId([0x77; 16]);
    row.set("comments", Some(Value::text("Please by Friday")));
    house.update(&system, &approvals[0], &[("state", "not_required")]).unwrap();
    // As a server from before approvals were documents left it.
    let mut tx = house.storage.begin().unwrap();
    tx.put_record(&row).unwrap();
    tx.append(&[FeedEntry { document: row.id.clone(), happening: Happening::Row }]).unwrap();
    tx.put_setting("adopted_tables", &[0]).unwrap();
    tx.commit().unwrap();
    house.restart();

    let adopted = house.get(&system, &row.id).unwrap().projection_of_document.unwrap();
    assert_eq!(adopted.comments[0].what.text, "Please by Friday");
    let mut phone = house.phone(&mia);
    phone.sync(&mut house);
    phone.wants.insert(row.id.clone());
    phone.sync(&mut house);
    assert!(matches!(answers(&mut phone, &mut house, &row.id, "approved"), Outcome::Accepted { .. }));
    assert_eq!(says(&mut house, &change, "state"), "-3");
    house.restart();
    assert_eq!(says(&mut house, &row.id, "state"), "approved", "it is adopted once");
}
