//! A technician's day on site over real HTTP: nobody signs, and somebody who works alone is not heard of.

use fieldline_device::Command;
use fieldline_device::on_site::OnSite;
use fieldline_stories::{ADMINISTRATOR, Office, pause_milliseconds};
use reqwest::Method;
use serde_json::{Value as Json, json};

#[test]
fn a_customer_who_had_left_is_told_apart_from_one_who_signed() {
    let office = Office::open();
    let mia = office.technician("mia");
    let task = office.sends(&mia, "Inspect the boiler");
    mia.syncs();
    mia.takes(&task, &["accept", "start_work"]);
    let refuse = |reason: &str| {
        let (signer, reason) = ("customer".to_owned(), reason.to_owned());
        Command::OnSite(OnSite::RefuseSignature { document: task.clone(), signer, reason })
    };
    let told = mia.tries_to(refuse("")).expect_err("a reason is asked for").to_string();
    assert!(told.contains("the reason why nobody signs is missing; write it down"), "{told}");
    mia.does(refuse("had left before the end"));
    mia.takes(&task, &["complete"]);
    mia.syncs();
    let other = office.another_phone_of(&mia);
    for phone in [&mia, &other] {
        let signature = phone.phone().signatures(&task).expect("a phone reads its own records").remove(0);
        assert_eq!((signature.name, signature.refused.as_deref()), (None, Some("had left before the end")));
        assert_eq!(signature.edits_since, 1, "the step after it is not among what was refused");
        assert_eq!(signature.covers.len(), 64);
    }
}

#[test]
fn a_lone_worker_whose_phone_is_silent_is_looked_for_and_settles_it_by_being_heard_of() {
    let office = Office::open();
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let grace = json!({ "name": "fieldline.safety.grace_seconds", "value": "0" });
    let said = office.asks(ADMINISTRATOR, Method::POST, "/api/now/table/sys_properties", Some(&grace));
    assert_eq!(said.status, 201, "{}", said.body);
    let task = office.sends(&mia, "Climb the mast");
    let (sys_id, buddy) = (task.sys_id.to_string(), bob.user().to_string());
    office.changes(&task, &json!({ "check_in_interval": "3", "buddy": buddy }));
    mia.syncs();
    mia.takes(&task, &["accept", "start_travel"]);
    mia.syncs();
    let alert = eventually(|| alerts(&office, &sys_id).into_iter().next());
    assert_eq!((alert["kind"].as_str(), alert["state"].as_str()), (Some("silent"), Some("active")));
    let told = office.asks("bob", Method::GET, "/api/now/table/sn_inapp_notification", None);
    let subject = told.body["result"][0]["title"].as_str().unwrap_or_default().to_owned();
    assert!(subject.contains("was not heard of on WOT"), "{}", told.body);
    mia.does(Command::OnSite(OnSite::Safe { document: task.clone() }));
    mia.syncs();
    let same = alerts(&office, &sys_id).into_iter().find(|one| one["sys_id"] == alert["sys_id"]);
    assert_eq!(same.expect("alerts are kept")["state"], "settled");
}

fn alerts(office: &Office, task: &str) -> Vec<Json> {
    office.finds("fl_safety_alert", &format!("task={task}"))
}

/// What is there within ten seconds.
fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..100 {
        if let Some(found) = look() {
            return found;
        }
        pause_milliseconds(100);
    }
    panic!("nothing came within ten seconds");
}
