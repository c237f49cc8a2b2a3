//! Phones restored from an old backup, and cloned ones: they share a key, an epoch and numbers, then go different ways. Every
//! deed of both counts once, nobody has to do anything, and no copy blocks another.

use fieldline_device::view::Fate;
use fieldline_model::DocumentId;
use fieldline_protocol::{Office, Phone};
use fieldline_sync::session::Event;
use proptest::prelude::*;

fn begins() -> (Office, Phone, [DocumentId; 2]) {
    Office::with_jobs(["Replace the pump", "Repair the door"])
}

/// A phone and its clone that each wrote on the task; only the phone was heard.
fn two_went_different_ways() -> (Office, Phone, Phone, DocumentId) {
    let (mut office, mut phone, [task, _]) = begins();
    let mut clone = phone.copied();
    phone.notes(&mut office, &task, "by the phone");
    phone.syncs(&mut office);
    clone.notes(&mut office, &task, "by the clone");
    (office, phone, clone, task)
}

fn sorted(mut notes: Vec<String>) -> Vec<String> {
    notes.sort_unstable();
    notes
}

/// Every deed is on the server once, every phone shows the same, and nothing waits for anybody.
fn everything_counts_once(office: &mut Office, phones: &mut [&mut Phone], task: &DocumentId, notes: &[&str]) {
    for _ in 0..2 {
        phones.iter_mut().for_each(|phone| phone.syncs(office));
    }
    assert_eq!(sorted(office.notes_on(task)), sorted(notes.iter().map(|note| (*note).to_owned()).collect()));
    for phone in phones {
        assert_eq!(phone.notes_on(task), office.notes_on(task));
        let waits = |fate: &Fate| matches!(fate, Fate::Local | Fate::Sent | Fate::Held);
        assert!(phone.outbox().iter().all(|edit| !waits(&edit.fate)), "{:?}", phone.outbox());
    }
}

#[test]
fn a_phone_restored_from_an_old_backup_works_on() {
    let (mut office, mut phone, [task, other]) = begins();
    phone.notes(&mut office, &task, "before the backup");
    phone.syncs(&mut office);
    let mut backup = phone.copied();
    phone.notes(&mut office, &task, "lost with the phone, one");
    phone.notes(&mut office, &other, "lost with the phone, two");
    phone.syncs(&mut office);
    drop(phone);
    backup.notes(&mut office, &task, "after the restore");
    let all = ["before the backup", "lost with the phone, one", "after the restore"];
    everything_counts_once(&mut office, &mut [&mut backup], &task, &all);
    assert_eq!(backup.enrolment().epoch, 2);
    assert_eq!(backup.notes_on(&other), ["lost with the phone, two"], "what it had forgotten has come back");
    backup.notes(&mut office, &other, "and on");
    everything_counts_once(&mut office, &mut [&mut backup], &other, &["lost with the phone, two", "and on"]);
    assert_eq!(backup.enrolment().epoch, 2, "once is enough");
}

#[test]
fn a_restored_phone_that_only_looks_is_brought_up_to_date() {
    let (mut office, mut phone, [task, _]) = begins();
    let mut backup = phone.copied();
    phone.notes(&mut office, &task, "lost with the phone");
    phone.syncs(&mut office);
    everything_counts_once(&mut office, &mut [&mut backup], &task, &["lost with the phone"]);
    assert_eq!(backup.enrolment().epoch, 2);
}

#[test]
fn clones_that_work_on_the_same_and_on_different_records_both_go_on() {
    for is_same in [true, false] {
        for clone_first in [true, false] {
            let (mut office, mut phone, [task, other]) = begins();
            phone.notes(&mut office, &task, "unsent when it was cloned");
            let mut clone = phone.copied();
            let clones_task = if is_same { &task } else { &other };
            phone.notes(&mut office, &task, "by the phone");
            clone.notes(&mut office, clones_task, "by the clone");
            match clone_first {
                true => clone.syncs(&mut office),
                false => phone.syncs(&mut office),
            }
            let mut both = ["unsent when it was cloned", "by the phone", "by the clone"];
            if !is_same {
                everything_counts_once(&mut office, &mut [&mut phone, &mut clone], &other, &both[2..]);
                both[2] = both[1];
            }
            let on_task = if is_same { &both[..] } else { &both[..2] };
            everything_counts_once(&mut office, &mut [&mut phone, &mut clone], &task, on_task);
            let epochs = [phone.enrolment().epoch, clone.enrolment().epoch];
            assert_eq!(epochs.iter().filter(|epoch| **epoch == 1).count(), 1, "the first keeps it: {epochs:?}");
        }
    }
}

#[test]
fn a_lost_answer_with_a_new_epoch_is_given_again_as_another_one() {
    let (mut office, mut phone, mut clone, task) = two_went_different_ways();
    clone.is_not_answered(&mut office);
    clone.is_not_answered(&mut office);
    everything_counts_once(&mut office, &mut [&mut phone, &mut clone], &task, &["by the phone", "by the clone"]);
    assert_eq!(clone.enrolment().epoch, 4);
}

#[test]
fn work_done_while_the_new_epoch_is_on_its_way_goes_along() {
    let (mut office, mut phone, mut clone, task) = two_went_different_ways();
    let frame = clone.asks(&mut office);
    clone.notes(&mut office, &task, "while the request was on its way");
    let reply = office.answers(&clone.enrolment().token.clone(), &frame);
    clone.takes(&mut office, reply);
    let all = ["by the phone", "by the clone", "while the request was on its way"];
    everything_counts_once(&mut office, &mut [&mut phone, &mut clone], &task, &all);
}

#[test]
fn an_answer_with_a_new_epoch_survives_a_death_and_one_that_comes_late_is_nothing() {
    let (mut office, mut phone, mut clone, task) = two_went_different_ways();
    let frame = clone.asks(&mut office);
    let late = office.answers(&clone.enrolment().token.clone(), &frame);
    clone.runs(Default::default());
    assert_eq!(clone.takes(&mut office, late), Vec::<Event>::new());
    assert_eq!(clone.enrolment().epoch, 1);
    clone.exchanges(&mut office);
    assert_eq!(clone.enrolment().epoch, 3);
    clone.runs(Default::default());
    assert_eq!(clone.enrolment().epoch, 3, "it is on disk");
    everything_counts_once(&mut office, &mut [&mut phone, &mut clone], &task, &["by the phone", "by the clone"]);
}

#[test]
fn a_thief_with_a_clone_of_the_key_cannot_stop_the_honest_phone() {
    let (mut office, mut phone, [task, _]) = begins();
    let mut thief = phone.copied();
    let mut notes = Vec::new();
    for round in 0..4 {
        for (who, name) in [(&mut thief, "thief"), (&mut phone, "mia")] {
            let note = format!("{name} {round}");
            who.notes(&mut office, &task, &note);
            who.syncs(&mut office);
            notes.push(note);
        }
    }
    let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
    everything_counts_once(&mut office, &mut [&mut phone, &mut thief], &task, &notes);
}

#[test]
fn a_deed_that_two_copies_had_to_make_anew_counts_once() {
    let (mut office, mut phone, [task, _]) = begins();
    let mut backup = phone.copied();
    phone.notes(&mut office, &task, "lost with the phone");
    phone.syncs(&mut office);
    backup.notes(&mut office, &task, "under a number that is taken");
    let mut clone_of_backup = backup.copied();
    let all = ["lost with the phone", "under a number that is taken"];
    everything_counts_once(&mut office, &mut [&mut backup, &mut clone_of_backup], &task, &all);
}

/// What may happen to a phone and its copies.
#[derive(Debug, Clone, Copy)]
enum Step {
    Works { phone: usize, task: usize },
    Syncs { phone: usize },
    LosesAnAnswer { phone: usize },
    IsCloned,
    OfficeWorks { task: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (phone, task) = (0..3_usize, 0..2_usize);
    prop_oneof![
        6 => (phone.clone(), task.clone()).prop_map(|(phone, task)| Step::Works { phone, task }),
        3 => phone.clone().prop_map(|phone| Step::Syncs { phone }),
        2 => phone.prop_map(|phone| Step::LosesAnAnswer { phone }),
        1 => Just(Step::IsCloned),
        1 => task.prop_map(|task| Step::OfficeWorks { task }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn whatever_copies_of_a_phone_do_in_whatever_order_each_deed_counts_once(
        steps in proptest::collection::vec(step(), 1..40)
    ) {
        let (mut office, phone, tasks) = begins();
        let mut phones = vec![phone];
        let mut notes = [Vec::new(), Vec::new()];
        for (number, step) in steps.into_iter().enumerate() {
            let count = phones.len();
            match step {
                Step::Works { phone, task } => {
                    let note = format!("deed {number}");
                    phones[phone % count].notes(&mut office, &tasks[task], &note);
                    notes[task].push(note);
                }
                Step::Syncs { phone } => phones[phone % count].syncs(&mut office),
                Step::LosesAnAnswer { phone } => phones[phone % count].is_not_answered(&mut office),
                Step::IsCloned if count < 3 => {
                    let clone = phones[number % count].copied();
                    phones.push(clone);
                }
                Step::IsCloned => {}
                Step::OfficeWorks { task } => {
                    let text = format!("by the office, {number}");
                    office.changes(&tasks[task], &[("description", &text)]);
                }
            }
        }
        for (task, notes) in tasks.iter().zip(&notes) {
            let notes: Vec<&str> = notes.iter().map(String::as_str).collect();
            let mut all: Vec<&mut Phone> = phones.iter_mut().collect();
            everything_counts_once(&mut office, &mut all, task, &notes);
        }
    }
}
