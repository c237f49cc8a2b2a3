//! A depot's kiosk that may do anything with what it carries: lose, keep, repeat, mix up, alter, forge. It costs time; no work
//! is lost or counts twice, nothing older is put above something newer, and nobody but the server acknowledges.

use fieldline_device::view::Fate;
use fieldline_model::{DeviceId, DocumentId};
use fieldline_protocol::{Office, Phone};
use fieldline_sync::relay::{Asked, Envelope, RelayKey, Word};
use fieldline_sync::session::{Absorbed, Event, Reply};
use proptest::prelude::*;

fn begins() -> (Office, Phone, DocumentId) {
    let (office, phone, [task]) = Office::with_jobs(["Replace the pump"]);
    (office, phone, task)
}

fn unsent(phone: &mut Phone) -> u64 {
    phone.device().sync_status().expect("a status").unsent_edits
}

fn absorbed(event: Option<Event>) -> Absorbed {
    match event {
        Some(Event::Absorbed(absorbed)) => absorbed,
        other => panic!("an answer was taken: {other:?}"),
    }
}

/// Phone, server and an empty phone of the same person show the same, and nothing waits.
fn everybody_agrees(office: &mut Office, phone: &mut Phone, tasks: &[DocumentId]) {
    phone.syncs(office);
    phone.syncs(office);
    let mut fresh = office.gives_another_phone_to(phone);
    fresh.syncs(office);
    let shown = |phone: &mut Phone| -> Vec<String> {
        let mut record = |id| phone.device().record(id).expect("a sound disk").map(|view| view.details);
        tasks.iter().map(|id| format!("{:?}", record(id))).collect()
    };
    assert_eq!(shown(phone), shown(&mut fresh));
    let waits = |fate: &Fate| matches!(fate, Fate::Local | Fate::Sent | Fate::Held);
    assert!(phone.outbox().iter().all(|edit| !waits(&edit.fate)), "{:?}", phone.outbox());
}

#[test]
fn work_handed_over_reaches_the_server_without_the_phone_and_the_answer_waits_for_it() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "done in the cellar");
    let handed_over = phone.hands_over(&mut office);
    assert!(phone.device().sync_status().unwrap().handed_over_at.is_some());
    assert_eq!(unsent(&mut phone), 1, "what was handed over is not delivered");
    let handed_over_at = Some(office.now);
    office.waits(3_600_000);
    let answer = office.answers_kiosk(&handed_over).unwrap();
    assert_eq!(office.notes_on(&task), ["done in the cellar"]);
    office.changes(&task, &[("short_description", "after the answer")]);
    assert_eq!(absorbed(phone.collects(&answer)).accepted, 1);
    let status = phone.device().sync_status().unwrap();
    assert_eq!((status.unsent_edits, status.handed_over_at), (0, None));
    assert_eq!(status.synced_at, handed_over_at, "it is in step as of when it asked");
    assert_eq!(phone.collects(&answer), None, "it is taken once");
    everybody_agrees(&mut office, &mut phone, &[task]);
}

#[test]
fn a_new_phone_learns_everything_through_a_kiosk() {
    let mut office = Office::open();
    let mut phone = office.hires("mia");
    let tasks: Vec<DocumentId> = (0..40).map(|number| office.sends(&phone, &format!("Pump {number}"))).collect();
    for _ in 0..100 {
        let request = phone.hands_over(&mut office);
        let answer = office.answers_kiosk(&request).unwrap();
        if !absorbed(phone.collects(&answer)).progressed {
            break;
        }
    }
    assert!(tasks.iter().all(|task| phone.device().record(task).unwrap().is_some()));
    everybody_agrees(&mut office, &mut phone, &tasks);
}

#[test]
fn an_answer_that_lay_in_the_kiosk_brings_its_receipts_and_nothing_older() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "before the kiosk");
    let second = office.sends(&phone, "Second job");
    let handed_over = phone.hands_over(&mut office);
    let late = office.answers_kiosk(&handed_over).unwrap();
    let bob = office.hires("bob");
    office.changes(&second, &[("assigned_to", &bob.user().to_string())]);
    phone.is_not_answered(&mut office);
    phone.syncs(&mut office);
    assert_eq!(absorbed(phone.collects(&late)).changed, 0);
    assert!(phone.device().record(&second).unwrap().is_none(), "a job given away does not come back");
    let asks_again = phone.asks(&mut office);
    assert!(asks_again.len() <= 100, "nothing is asked for again: {} bytes", asks_again.len());
    phone.takes(&mut office, Reply::Failed);
    everybody_agrees(&mut office, &mut phone, &[task, second]);
}

#[test]
fn a_request_that_lay_in_the_kiosk_makes_nobody_a_copy() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "one");
    let handed_over = phone.hands_over(&mut office);
    phone.notes(&mut office, &task, "two");
    phone.syncs(&mut office);
    let late = office.answers_kiosk(&handed_over).unwrap();
    phone.collects(&late);
    assert_eq!(phone.enrolment().epoch, 1);
    assert_eq!(office.notes_on(&task), ["one", "two"]);
}

#[test]
fn what_a_server_said_before_it_was_restored_acknowledges_nothing_afterwards() {
    let (mut office, mut phone, task) = begins();
    office.backs_up();
    phone.notes(&mut office, &task, "lost with the server");
    let handed_over = phone.hands_over(&mut office);
    let before = office.answers_kiosk(&handed_over).unwrap();
    office.is_restored();
    phone.is_not_answered(&mut office);
    phone.syncs(&mut office);
    let known = phone.outbox();
    assert_eq!(absorbed(phone.collects(&before)), Absorbed::default());
    assert_eq!(phone.outbox(), known);
    assert_eq!(office.notes_on(&task), ["lost with the server"]);
    everybody_agrees(&mut office, &mut phone, &[task]);
}

#[test]
fn a_server_restored_while_the_request_lay_in_the_kiosk_is_offered_everything_again() {
    let (mut office, mut phone, task) = begins();
    office.backs_up();
    phone.notes(&mut office, &task, "acknowledged, then lost");
    phone.syncs(&mut office);
    phone.notes(&mut office, &task, "on its way");
    let handed_over = phone.hands_over(&mut office);
    office.is_restored();
    let answer = office.answers_kiosk(&handed_over).unwrap();
    phone.collects(&answer);
    phone.syncs(&mut office);
    assert_eq!(office.notes_on(&task), ["acknowledged, then lost", "on its way"]);
    everybody_agrees(&mut office, &mut phone, &[task]);
}

#[test]
fn nothing_a_kiosk_makes_up_alters_or_mixes_up_is_believed() {
    let (mut office, mut phone, task) = begins();
    let mut other = office.hires("bob");
    phone.notes(&mut office, &task, "still unsent");
    let (older, others) = (phone.hands_over(&mut office), other.hands_over(&mut office));
    let (older, others) = (office.answers_kiosk(&older).unwrap(), office.answers_kiosk(&others).unwrap());
    let request = phone.hands_over(&mut office);
    let answer = office.answers_kiosk(&request).unwrap();
    let Envelope { device, nonce, .. } = answer;
    let forged = Envelope::answering(&RelayKey([0; 32]), device, nonce, &Word::Revoked);
    let readdressed = Envelope { device, nonce, ..others.clone() };
    let renumbered = Envelope { nonce, ..older.clone() };
    for wrong in [older, others, request.clone(), forged, readdressed, renumbered] {
        assert_eq!(phone.collects(&wrong), None);
    }
    for at in 0..answer.sealed.len() {
        let mut sealed = answer.sealed.to_vec();
        sealed[at] ^= 1 << (at % 8);
        assert_eq!(phone.collects(&Envelope { sealed: sealed.into(), ..answer.clone() }), None);
    }
    assert_eq!(unsent(&mut phone), 1);
    assert_eq!(absorbed(phone.collects(&answer)).accepted, 1, "the right one still counts");
    everybody_agrees(&mut office, &mut phone, &[task]);
}

#[test]
fn nothing_a_kiosk_makes_up_alters_or_repeats_changes_the_server() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "once");
    let request = phone.hands_over(&mut office);
    for at in 0..request.sealed.len() {
        let mut sealed = request.sealed.to_vec();
        sealed[at] ^= 1 << (at % 8);
        assert_eq!(office.answers_kiosk(&Envelope { sealed: sealed.into(), ..request.clone() }), None);
    }
    let stranger = Envelope { device: DeviceId([9; 16]), ..request.clone() };
    let asked = Asked { token: phone.enrolment().token.clone(), frame: b"FL".to_vec().into() };
    let forged = Envelope::asking(&RelayKey([0; 32]), request.device, request.nonce, &asked);
    assert_eq!((office.answers_kiosk(&stranger), office.answers_kiosk(&forged)), (None, None));
    for _ in 0..3 {
        office.answers_kiosk(&request).unwrap();
    }
    assert_eq!(office.notes_on(&task), ["once"]);
    everybody_agrees(&mut office, &mut phone, &[task]);
}

#[test]
fn a_device_may_not_say_through_a_kiosk_what_another_device_said() {
    let (mut office, mut phone, _) = begins();
    let other = office.hires("bob");
    let key = other.enrolment().relay_key.clone().unwrap();
    let frame = phone.asks(&mut office).into();
    let asked = Asked { token: phone.enrolment().token.clone(), frame };
    let stolen = Envelope::asking(&key, other.enrolment().device, 1, &asked);
    assert_eq!(office.answers_kiosk(&stolen), None);
}

#[test]
fn a_locked_phone_is_told_so_through_the_kiosk_and_keeps_its_work() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "unsent");
    let request = phone.hands_over(&mut office);
    office.locks(&phone);
    let answer = office.answers_kiosk(&request).unwrap();
    assert_eq!(phone.collects(&answer), Some(Event::NeedsSignIn));
    assert_eq!(unsent(&mut phone), 1);
    assert_eq!(office.notes_on(&task), [""; 0]);
}

#[test]
fn a_clone_that_collects_what_was_meant_for_both_counts_nothing_twice() {
    let (mut office, mut phone, task) = begins();
    phone.notes(&mut office, &task, "before the clone");
    let request = phone.hands_over(&mut office);
    let mut clone = phone.copied();
    clone.notes(&mut office, &task, "by the clone");
    phone.notes(&mut office, &task, "by the phone");
    let answer = office.answers_kiosk(&request).unwrap();
    clone.collects(&answer);
    phone.collects(&answer);
    for _ in 0..3 {
        clone.syncs(&mut office);
        phone.syncs(&mut office);
    }
    let mut notes = office.notes_on(&task);
    notes.sort_unstable();
    assert_eq!(notes, ["before the clone", "by the clone", "by the phone"]);
    everybody_agrees(&mut office, &mut phone, &[task]);
}

#[derive(Debug, Clone)]
enum Happening {
    Notes,
    HandsOver,
    /// The kiosk carries any request it ever had.
    Carries(usize),
    /// The kiosk gives the phone any answer it ever had.
    Gives(usize),
    Syncs,
    IsNotAnswered,
    TheOfficeChanges,
    TheJobMoves,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        3 => Just(Happening::Notes),
        3 => Just(Happening::HandsOver),
        4 => any::<usize>().prop_map(Happening::Carries),
        4 => any::<usize>().prop_map(Happening::Gives),
        1 => Just(Happening::Syncs),
        1 => Just(Happening::IsNotAnswered),
        2 => Just(Happening::TheOfficeChanges),
        1 => Just(Happening::TheJobMoves),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_kiosk_does_every_note_counts_once_and_everybody_agrees(
        happenings in prop::collection::vec(happening(), 1..40),
    ) {
        let (mut office, mut phone, task) = begins();
        let other = office.hires("bob");
        let moving = office.sends(&phone, "Second job");
        let (mut requests, mut answers, mut notes, mut is_mine) = (Vec::new(), Vec::new(), Vec::new(), true);
        for happening in happenings {
            match happening {
                Happening::Notes => {
                    notes.push(format!("note {}", notes.len()));
                    phone.notes(&mut office, &task, &notes[notes.len() - 1]);
                }
                Happening::HandsOver => requests.push(phone.hands_over(&mut office)),
                Happening::Carries(which) if !requests.is_empty() => {
                    answers.extend(office.answers_kiosk(&requests[which % requests.len()]));
                }
                Happening::Gives(which) if !answers.is_empty() => {
                    phone.collects(&answers[which % answers.len()]);
                }
                Happening::Syncs => phone.syncs(&mut office),
                Happening::IsNotAnswered => phone.is_not_answered(&mut office),
                Happening::TheOfficeChanges => office.changes(&task, &[("description", &format!("after {} notes", notes.len()))]),
                Happening::TheJobMoves => {
                    is_mine = !is_mine;
                    let whose = if is_mine { phone.user() } else { other.user() };
                    office.changes(&moving, &[("assigned_to", &whose.to_string())]);
                }
                Happening::Carries(_) | Happening::Gives(_) => {}
            }
        }
        everybody_agrees(&mut office, &mut phone, &[task.clone(), moving]);
        let mut counted = office.notes_on(&task);
        counted.sort_unstable();
        notes.sort_unstable();
        prop_assert_eq!(counted, notes);
    }
}
