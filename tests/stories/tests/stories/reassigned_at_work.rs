//! A job goes to another technician while the first one, out of reach, has begun it.

use fieldline_stories::{DISPATCHER, Office};
use reqwest::Method;
use serde_json::json;

#[test]
fn work_begun_by_who_no_longer_has_the_job_stands_and_both_the_office_and_the_other_are_told() {
    let office = Office::open();
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();
    mia.takes(&task, &["accept", "start_work"]);
    office.reassigns(&task, &bob);
    bob.syncs();
    assert_eq!(bob.stage_of(&task).as_deref(), Some("assigned"));

    mia.syncs();
    assert_eq!(office.reads(&task)["state"], "18", "her work stands");
    bob.syncs();
    assert_eq!(bob.stage_of(&task).as_deref(), Some("work_in_progress"));
    let notes = bob.notes_on(&task);
    assert!(notes.iter().any(|note| note.contains("mia has begun this")), "{notes:?}");
    let told = office.finds("sn_inapp_notification", &format!("user={}", office.dispatcher()));
    assert!(
        told.iter().any(|told| told["title"].as_str().is_some_and(|title| title.contains("begun by mia"))),
        "{told:?}"
    );

    let back = json!({ "assigned_to": mia.user().to_string() });
    let answer = office.asks(DISPATCHER, Method::PATCH, &format!("/api/now/table/{task}"), Some(&back));
    assert_eq!(answer.status, 400, "nothing changes hands while it is worked on: {}", answer.body);
}
