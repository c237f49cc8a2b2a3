//! A change waits for somebody who is where no signal is.

use fieldline_device::Command;
use fieldline_model::{DocumentId, Value};
use fieldline_stories::{Office, Technician};
use serde_json::json;

/// A change under assessment, and what somebody is asked about it.
fn asks(office: &Office, who: &Technician) -> (DocumentId, DocumentId) {
    let change = office.creates("change_request", &json!({ "short_description": "Replace the pump controller" }));
    office.changes(&change, &json!({ "state": "assess" }));
    let asked = json!({ "approver": who.user().to_string(), "sysapproval": change.sys_id.to_string() });
    (change, office.creates("sysapproval_approver", &asked))
}

fn answers(who: &Technician, approval: &DocumentId, answer: &str) {
    let fields = [("state".into(), Some(Value::text(answer)))].into();
    who.does(Command::SetFields { document: approval.clone(), fields });
}

#[test]
fn an_approval_given_in_a_cellar_lets_the_change_go_on_when_the_phone_is_back() {
    let office = Office::open();
    let mia = office.technician("mia");
    let (change, approval) = asks(&office, &mia);
    mia.syncs();
    assert!(mia.sees(&change).is_some(), "who is asked can read what about");

    answers(&mia, &approval, "approved");
    let said = mia.sees(&approval).expect("she has it");
    let shown = said.item.fields.get("state").and_then(Value::as_text);
    assert_eq!(shown, Some("approved"), "the phone shows her answer at once");
    assert_eq!(office.reads(&change)["state"], "-4", "nobody else knows of it yet");

    mia.syncs();
    assert_eq!(
        (office.reads(&change)["state"].as_str(), office.reads(&approval)["state"].as_str()),
        (Some("-3"), Some("approved"))
    );
    mia.syncs();
    assert_eq!(mia.stage_of(&change).as_deref(), Some("authorize"));
}

#[test]
fn an_approval_that_comes_after_the_change_was_taken_back_changes_nothing_and_says_so() {
    let office = Office::open();
    let mia = office.technician("mia");
    let (change, approval) = asks(&office, &mia);
    mia.syncs();
    answers(&mia, &approval, "approved");
    office.changes(&change, &json!({ "state": "canceled" }));
    office.changes(&approval, &json!({ "state": "not_required" }));

    mia.syncs();
    mia.syncs();
    assert_eq!(office.reads(&change)["state"], "4");
    assert_eq!(office.reads(&approval)["state"], "not_required");
    let notes = mia.notes_on(&approval).concat();
    assert!(notes.contains("nothing follows from it"), "{notes}");
}
