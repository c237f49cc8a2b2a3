//! Technicians whose phones have no line in the depot's cellar hand their work to its kiosk. The kiosk has a line now and then,
//! cannot read what it carries, and acknowledges nothing.

use fieldline_device::{Command, Visit};
use fieldline_stories::{Kiosk, Line, Office, Technician, captured, noise, pause_milliseconds};
use serde_json::json;

/// An office, a phone that will have no line, and a kiosk behind a line of its own.
fn a_depot() -> (Office, Line, Technician, Line, Kiosk) {
    let office = Office::open();
    let (phones_line, kiosks_line) = (Line::to(&office), Line::to(&office));
    let mia = office.technician_behind(&phones_line, "mia");
    let kiosk = Kiosk::in_a_depot_of(&office, &kiosks_line);
    (office, phones_line, mia, kiosks_line, kiosk)
}

fn unsent(mia: &Technician) -> u64 {
    mia.phone().sync_status().expect("a status").unsent_edits
}

#[test]
fn work_handed_in_at_night_is_in_the_office_before_the_phone_is_seen_again() {
    let (office, phones_line, mia, kiosks_line, mut kiosk) = a_depot();
    let job = office.sends(&mia, "Replace the pump");
    mia.syncs();
    phones_line.breaks_after(0);
    kiosks_line.breaks_after(0);
    mia.takes(&job, &["accept", "start_work"]);
    mia.notes(&job, "the tenant's secret door code is 4711");

    assert_eq!(mia.visits(&kiosk), Visit::Held);
    assert!(mia.phone().sync_status().unwrap().handed_over_at.is_some());
    assert!(unsent(&mia) > 0, "what a kiosk holds is not delivered");
    kiosk.is_killed_and_comes_back();
    kiosks_line.is_repaired();
    for _ in 0..200 {
        if office.reads(&job)["state"] == "18" {
            break;
        }
        pause_milliseconds(100);
    }
    assert_eq!(office.reads(&job)["state"], "18", "the office sees the work while the phone is away");

    let next = office.sends(&mia, "Repair the door");
    assert_eq!(mia.visits(&kiosk), Visit::InStep);
    assert_eq!((unsent(&mia), mia.phone().sync_status().unwrap().handed_over_at), (0, None));
    assert!(mia.sees(&next).is_some(), "the next job came through the kiosk");
    assert_eq!(office.another_phone_of(&mia).notes_on(&job), mia.notes_on(&job));
}

#[test]
fn a_kiosk_with_a_line_is_a_whole_sync_for_a_phone_without_one() {
    let (office, phones_line, mia, _kiosks_line, kiosk) = a_depot();
    phones_line.breaks_after(0);
    let job = office.sends(&mia, "Replace the pump");
    assert_eq!(mia.visits(&kiosk), Visit::InStep);
    let photo = captured(noise(150_000), "pump.jpg");
    mia.takes(&job, &["accept", "start_work"]);
    mia.does(Command::AddPhoto { document: job.clone(), photo, thumbnail: None });
    mia.takes(&job, &["complete"]);
    assert_eq!(mia.visits(&kiosk), Visit::InStep);
    let status = mia.phone().sync_status().unwrap();
    assert_eq!((status.unsent_edits, status.unsent_files), (0, 0));
    assert_eq!(office.reads(&job)["state"], "3");
    office.changes(&job, &json!({ "work_notes": "thank you" }));
    assert_eq!(mia.visits(&kiosk), Visit::InStep);
    assert_eq!(mia.notes_on(&job), ["thank you"]);
}

#[test]
fn nothing_of_what_a_kiosk_carries_can_be_read_on_it() {
    let (office, phones_line, mia, kiosks_line, kiosk) = a_depot();
    let job = office.sends(&mia, "Alarm panel of the jeweller");
    phones_line.breaks_after(0);
    assert_eq!(mia.visits(&kiosk), Visit::InStep);
    kiosks_line.breaks_after(0);
    mia.notes(&job, "the alarm code is 4711-canary");
    assert_eq!(mia.visits(&kiosk), Visit::Held);
    let token = mia.phone().enrolment().unwrap().token.clone();
    let mut files = 0;
    for entry in std::fs::read_dir(kiosk.directory()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        files += 1;
        for secret in ["jeweller", "4711-canary", token.as_str()] {
            assert!(!bytes.windows(secret.len()).any(|piece| piece == secret.as_bytes()), "{secret} is on the kiosk");
        }
    }
    assert!(files > 0, "the kiosk keeps something");
}

#[test]
fn where_there_is_no_kiosk_nothing_changes() {
    let office = Office::open();
    let mia = office.technician("mia");
    let job = office.sends(&mia, "Replace the pump");
    mia.syncs();
    mia.notes(&job, "unsent");
    let (kiosks_line, elsewhere) = (Line::to(&office), Line::to(&office));
    let kiosk = Kiosk::in_a_depot_of(&office, &kiosks_line);
    let address = kiosk.url();
    drop(kiosk);
    for nowhere in [address, elsewhere.url()] {
        let visit = fieldline_stories::wait(mia.runtime().visit(&nowhere)).unwrap();
        assert_eq!(visit, Visit::NoKiosk, "{nowhere}");
        assert_eq!(unsent(&mia), 1);
    }
    mia.syncs();
    assert_eq!(unsent(&mia), 0);
}
