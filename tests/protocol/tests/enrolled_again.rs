//! A phone that was locked, or whose way in has run out, is enrolled again and is another device from then on. What its owner
//! did on it before counts once, under the names it has had, and waits for nobody.

use fieldline_device::Command;
use fieldline_device::view::Fate;
use fieldline_model::{DocumentId, Value};
use fieldline_protocol::{Office, Phone};
use fieldline_sync::session::Event;

fn begins() -> (Office, Phone, DocumentId) {
    let (office, phone, [task]) = Office::with_jobs(["Replace the pump"]);
    (office, phone, task)
}

fn fates(phone: &Phone) -> Vec<Fate> {
    phone.outbox().into_iter().map(|edit| edit.fate).collect()
}

#[test]
fn what_the_server_took_before_and_what_it_did_not_counts_once() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "taken, but the answer was lost");
    phone.is_not_answered(&mut office);
    office.locks(&phone);
    phone.notes(&mut office, &task, "never sent");
    assert!(phone.exchanges(&mut office).iter().any(|event| matches!(event, Event::NeedsSignIn | Event::Revoked)));
    office.enrols_again(&mut phone);
    phone.notes(&mut office, &task, "as another device");
    phone.syncs(&mut office);
    let all = ["taken, but the answer was lost", "never sent", "as another device"];
    assert_eq!(office.notes_on(&task), all);
    assert_eq!(phone.notes_on(&task), all);
    assert!(fates(&phone).iter().all(|fate| *fate == Fate::Accepted), "{:?}", fates(&phone));
}

#[test]
fn a_number_that_a_copy_used_before_is_made_anew_and_nobody_is_asked() {
    let (mut office, mut phone, task) = begins();
    let mut copy = phone.copied();
    phone.notes(&mut office, &task, "by the phone");
    phone.syncs(&mut office);
    copy.notes(&mut office, &task, "by the copy, under the same number");
    office.enrols_again(&mut copy);
    copy.syncs(&mut office);
    copy.syncs(&mut office);
    assert_eq!(office.notes_on(&task), ["by the phone", "by the copy, under the same number"]);
    assert_eq!(copy.notes_on(&task), office.notes_on(&task));
}

#[test]
fn a_deed_two_copies_bring_as_two_devices_counts_once() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "before the copy");
    let mut copy = phone.copied();
    let mut copy_of_the_copy = copy.copied();
    phone.notes(&mut office, &task, "takes the number");
    phone.syncs(&mut office);
    copy.notes(&mut office, &task, "by the copy");
    for phone in [&mut copy, &mut copy_of_the_copy] {
        office.enrols_again(phone);
        phone.syncs(&mut office);
    }
    phone.syncs(&mut office);
    assert_eq!(office.notes_on(&task), ["before the copy", "takes the number", "by the copy"]);
    assert_eq!(phone.notes_on(&task), office.notes_on(&task));
}

#[test]
fn somebody_elses_device_is_no_earlier_name() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "Mia's");
    let mut stolen = phone.copied();
    let other = office.hires("bob");
    stolen.device().enrol(other.enrolment().clone()).expect("a phone can be enrolled again");
    stolen.syncs(&mut office);
    assert_eq!(office.notes_on(&task), Vec::<String>::new());
    assert_eq!(fates(&stolen), [Fate::Held], "its author is another person");
    phone.syncs(&mut office);
    assert_eq!(office.notes_on(&task), ["Mia's"]);
}

#[test]
fn of_two_records_that_copies_made_under_one_number_the_later_gets_another() {
    let (mut office, mut phone, _) = begins();
    let mut copy = phone.copied();
    let mut made = Vec::new();
    for (phone, what) in [(&mut phone, "Found a leak"), (&mut copy, "Found rust")] {
        let owner = Value::Reference(phone.user());
        let fields = [("short_description".into(), Value::text(what)), ("assigned_to".into(), owner)];
        office.waits(1_000);
        let create = Command::Create { table: "wm_task".into(), fields: fields.into() };
        let now = office.now;
        made.push(phone.device().execute(create, now, &mut office.rng).expect("there are numbers").document);
        phone.syncs(&mut office);
    }
    let [first, second] = [0, 1].map(|one: usize| office.reads(&made[one]).record.text("number").to_owned());
    assert_ne!(first, second);
    copy.syncs(&mut office);
    assert_eq!(copy.sees(&made[1]).item.fields.get("number"), Some(&Value::text(second)));
    assert_eq!(copy.notes_on(&made[1]).len(), 1, "it says that it was called otherwise");
}
