//! A technician's whole day on 2G: 20 kbit/s, 800 ms there and back, one segment in twenty lost.
//!
//! The phone was enrolled at the depot; the day's twelve jobs, the work on them and what the office changes meanwhile go over
//! the slow line. It syncs where a technician looks at it: in the morning, leaving for a job, arriving, and done. Photos and
//! signatures are files and are left out; they are counted in the story of a cut photo. What counts is every byte of HTTP in
//! both directions, as the line sees it; TLS is not there.

use std::time::Instant;

use fieldline_device::Command;
use fieldline_device::runtime::now;
use fieldline_model::{Decimal, DocumentId, SysId, Value};
use fieldline_stories::{Line, Office, Pace, Technician, pause_milliseconds};
use fieldline_sync::caps::LIVE_POLL_PERIOD_MILLISECONDS;
use fieldline_sync::live::{KEEP_ALIVE, KEEP_ALIVE_MILLISECONDS};
use serde_json::json;

const JOBS: usize = 12;
/// What the whole day may cost.
const MOST_BYTES: u64 = 60_000;
const SHIFT_MILLISECONDS: u64 = 8 * 3_600_000;
const PLACES: [&str; 4] = ["Rue Grimaldi 12", "Boulevard des Moulins 3", "Avenue de la Costa 41", "Quai Antoine Ier 9"];
const FAULTS: [&str; 4] =
    ["Circulation pump is loud", "Emergency light is out", "Boiler loses pressure", "Door closer leaks oil"];
const OUTCOMES: [&str; 3] =
    ["Replaced and tested, works", "Bearing greased; order a new pump for spring", "Sealed, no drop in an hour"];
const QUESTIONS: [(&str, &str); 5] = [
    ("power_isolated", "yes"),
    ("pressure_before", "1.2 bar"),
    ("pressure_after", "1.8 bar"),
    ("leaks_found", "no"),
    ("customer_present", "caretaker"),
];

#[test]
fn a_day_of_twelve_jobs_costs_at_most_sixty_kilobytes_on_the_slowest_line_there_is() {
    let office = Office::open();
    let line = Line::to(&office);
    let mia = office.technician_behind(&line, "mia");
    mia.syncs();
    let jobs: Vec<DocumentId> = (0..JOBS).map(|number| sends(&office, &mia, number)).collect();
    let carried = || line.sent_bytes() + line.received_bytes();
    let (before, begun) = (carried(), instant());
    line.is_slow(Pace::of_2g());

    mia.syncs();
    let morning = carried() - before;
    for (number, job) in jobs.iter().enumerate() {
        works_on(&mia, job, number);
        if number % 4 == 3 {
            office.changes(&jobs[(number + 1) % JOBS], &json!({ "description": "Ask the caretaker for the key" }));
        }
    }
    mia.syncs();
    let (up, down, seconds) = (line.sent_bytes(), line.received_bytes(), begun.elapsed().as_secs());
    let day = carried() - before;
    let quiet = carried();
    mia.syncs();
    let asking = carried() - quiet;
    line.is_freed();
    assert_eq!(mia.phone().sync_status().expect("a status").unsent_edits, 0);
    assert!(jobs.iter().all(|job| office.reads(job)["state"] == "3"), "all done, and the office knows");

    // Five bytes of HTTP's chunks around each keep-alive; the precautionary polls beside it.
    let listening = SHIFT_MILLISECONDS / KEEP_ALIVE_MILLISECONDS * (KEEP_ALIVE.len() as u64 + 5);
    let polls = SHIFT_MILLISECONDS / LIVE_POLL_PERIOD_MILLISECONDS.unsigned_abs() * asking;
    println!(
        "{day} bytes for the day's work in {seconds} s on the line ({morning} of them the morning's jobs; in all {up} up, {down} down); \
         asking for nothing new costs {asking}; eight hours of listening cost {listening} and {polls} more"
    );
    assert!(day <= MOST_BYTES, "the day cost {day} bytes");
}

fn sends(office: &Office, mia: &Technician, number: usize) -> DocumentId {
    let (place, fault) = (PLACES[number % PLACES.len()], FAULTS[number % FAULTS.len()]);
    let site = office.creates("cmn_location", &json!({ "name": format!("{place}, house {number}"), "city": "Monaco" }));
    let site = site.sys_id.to_string();
    let order = office.creates("wm_order", &json!({ "short_description": fault, "location": site }));
    let job = json!({
        "short_description": format!("{fault}, {place}"),
        "description": "Reported by the caretaker this morning; the key is at the reception, ring twice",
        "parent": order.sys_id.to_string(),
        "location": site,
        "assigned_to": mia.user().to_string(),
        "state": "16",
    });
    office.creates("wm_task", &job)
}

/// One job: three looks at the phone.
fn works_on(mia: &Technician, job: &DocumentId, number: usize) {
    mia.takes(job, &["accept", "start_travel"]);
    mia.syncs();
    mia.takes(job, &["arrive", "start_work"]);
    mia.syncs();
    for (question, answer) in QUESTIONS {
        mia.answers(job, question, answer);
    }
    mia.notes(job, &format!("Cleaned filter {number}, noise came from the mounting; tightened four bolts"));
    let document = || job.clone();
    mia.does(Command::UsePart {
        document: document(),
        model: SysId([9; 16]),
        quantity: 2,
        asset: None,
        stockroom: None,
    });
    let value = Decimal { millionths: 1_800_000 + 1_000 * number as i64 };
    mia.does(Command::Read { document: document(), meter: "supply".into(), value, unit: "bar".into() });
    for (kind, minutes) in [("travel", 20), ("work", 45)] {
        let (started_at, ended_at) = (now().plus_milliseconds(-60_000 * minutes), now());
        mia.does(Command::LogTime { document: document(), kind: kind.into(), started_at, ended_at });
        pause_milliseconds(2);
    }
    let notes = Some(Value::text(OUTCOMES[number % OUTCOMES.len()]));
    mia.does(Command::Transition {
        document: document(),
        step: "complete".into(),
        reason: None,
        fields: [("close_notes".into(), notes)].into(),
        comment: Some("Your installation works again; we checked it twice".into()),
    });
    mia.syncs();
}

#[expect(clippy::disallowed_methods, reason = "the story says how long a day takes on a slow line")]
fn instant() -> Instant {
    Instant::now()
}
