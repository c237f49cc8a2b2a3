//! What a person is told of what others did, and a record as a form.

use fieldline_documents::Act;
use fieldline_model::Value;
use fieldline_sync::wire::Entry;

use super::world::{DISPATCHER, MIA, Office, Phone};
use crate::Device;
use crate::news::Happened;

/// A phone whose first sync is over: what that brought is no news.
fn in_step() -> Phone {
    let mut phone = Phone::new();
    phone.exchange(|_| {});
    assert_eq!(told(&phone), []);
    phone
}

fn told(phone: &Phone) -> Vec<(String, Happened)> {
    phone.device.what_changed().unwrap().into_iter().map(|news| (news.display, news.happened)).collect()
}

#[test]
fn what_others_did_is_told_once_until_its_owner_has_looked_and_own_work_never() {
    let (mut phone, mut office) = (in_step(), Office::task(7));
    phone.exchange(|answer| answer.entries = office.whole());
    assert_eq!(told(&phone), [("WOT0000007".to_owned(), Happened::Came)]);
    phone.note(&office.id(), "Mia was here");
    let theirs = office.edit(vec![Act::WorkNote { text: "The customer called".into() }]);
    for _ in 0..2 {
        phone.exchange(|answer| answer.entries.push(theirs.clone()));
    }
    let mut phone = phone.restart();
    let news = phone.device.what_changed().unwrap();
    assert_eq!(news.len(), 2, "{news:?}");
    assert_eq!((news[0].happened, news[0].by), (Happened::Edited, Some(DISPATCHER)));
    assert_eq!(news[0].deeds, ["work note: The customer called"]);
    phone.device.looked_at(news[1].id).unwrap();
    assert_eq!(told(&phone), [("WOT0000007".to_owned(), Happened::Edited)]);
}

#[test]
fn what_others_wrote_is_told_field_by_field_in_the_words_of_the_form() {
    let (mut phone, mut office) = (in_step(), Office::task(7));
    phone.exchange(|answer| answer.entries = office.whole());
    let set = |field: &str, value: Option<Value>| Act::Set { field: field.into(), value };
    let theirs = office.edit(vec![
        set("impact", Some(Value::Integer(1))),
        set("description", None),
        set("buddy", Some(Value::Reference(MIA))),
        Act::Confirm { field: "impact".into() },
    ]);
    phone.exchange(|answer| answer.entries.push(theirs));
    let news = phone.device.what_changed().unwrap().remove(0);
    assert_eq!(news.deeds, ["Impact: High", "Description: emptied", "Buddy: Mia Roux", "Impact: confirmed"]);
}

#[test]
fn of_a_record_that_left_only_its_name_is_told() {
    let (mut phone, mut office) = (in_step(), Office::task(7));
    phone.exchange(|answer| answer.entries = office.whole());
    let theirs = office.edit(vec![Act::WorkNote { text: "The customer called".into() }]);
    phone.exchange(|answer| answer.entries.push(theirs));
    phone.exchange(|answer| answer.entries.push(Entry::Leave { document: office.id() }));
    let news = phone.device.what_changed().unwrap();
    assert_eq!(news.len(), 1, "{news:?}");
    assert_eq!((news[0].happened, &news[0].display[..], news[0].deeds.len()), (Happened::Left, "WOT0000007", 0));
}

#[test]
fn a_record_that_unsent_work_holds_is_told_to_leave_again_and_said_to_have_left_once() {
    let (mut phone, office) = (in_step(), Office::task(7));
    phone.exchange(|answer| answer.entries = office.whole());
    phone.device.looked_at(u64::MAX).unwrap();
    phone.note(&office.id(), "Mia was here");
    let leave = Entry::Leave { document: office.id() };
    let left = [("WOT0000007".to_owned(), Happened::Left)];
    for _ in 0..2 {
        phone.exchange(|answer| answer.entries.push(leave.clone()));
        assert_eq!(told(&phone), left);
    }
    phone.exchange(|answer| answer.entries = office.whole());
    phone.exchange(|answer| answer.entries.push(leave.clone()));
    assert_eq!(told(&phone).len(), 2, "it was back in between");
}

#[test]
fn a_form_tells_what_may_be_written_by_whom_and_in_the_words_people_read() {
    let (mut phone, office) = (Phone::new(), Office::task(7));
    phone.exchange(|answer| answer.entries = office.whole());
    let form = phone.device.form(&office.id()).unwrap().unwrap();
    let field = |name: &str| form.iter().find(|field| field.name == *name).unwrap();
    let (what, who, state) = (field("short_description"), field("assigned_to"), field("state"));
    assert!(what.may_write && what.is_mandatory && what.origin.as_ref().is_some_and(|origin| origin.by == DISPATCHER));
    assert_eq!((&who.shown[..], who.may_write), ("Mia Roux", false));
    assert_eq!((&state.shown[..], state.may_write, state.value.clone()), ("Assigned", false, Some(Value::Integer(16))));
    assert_eq!(phone.device.form(&Office::task(8).id()).unwrap(), None);
}

#[test]
fn a_wiped_device_leaves_nothing_and_another_can_begin_there() {
    let phone = Phone::new();
    let dir = phone.dir.path().to_owned();
    assert!(Device::is_in(&dir));
    drop(phone.device);
    Device::wipe(&dir).unwrap();
    Device::wipe(&dir).unwrap();
    assert!(!dir.exists() && !Device::is_in(&dir));
    assert!(Device::open(&dir, &super::world::key()).unwrap().enrolment().is_none());
}
