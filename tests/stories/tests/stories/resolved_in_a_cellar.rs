//! An incident is resolved where no signal is, while the desk gives it to somebody else.

use fieldline_device::Command;
use fieldline_model::Value;
use fieldline_stories::{ADMINISTRATOR, Office, record};
use reqwest::Method;
use serde_json::json;

#[test]
fn an_incident_resolved_in_a_cellar_stays_resolved_though_the_desk_gave_it_to_another_group_meanwhile() {
    let office = Office::open();
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let groups = ["Field", "Network"].map(|name| {
        let body = json!({ "name": name });
        let made = office.asks(ADMINISTRATOR, Method::POST, "/api/now/table/sys_user_group", Some(&body));
        record("sys_user_group", &made.body["result"])
    });
    let fields = json!({
        "short_description": "No network in the machine room", "impact": "2", "urgency": "1",
        "assignment_group": groups[0].sys_id.to_string(), "assigned_to": mia.user().to_string(),
    });
    let incident = office.creates("incident", &fields);
    mia.syncs();
    bob.syncs();
    assert!(bob.sees(&incident).is_none());

    // In the cellar.
    mia.takes(&incident, &["begin"]);
    mia.notes(&incident, "A loose cable behind the rack");
    mia.does(Command::Transition {
        document: incident.clone(),
        step: "resolve".into(),
        reason: None,
        fields: [("close_code", "Solved (Permanently)"), ("close_notes", "Plugged in again and tied down")]
            .map(|(field, text)| (field.into(), Some(Value::text(text))))
            .into(),
        comment: None,
    });
    assert_eq!(mia.stage_of(&incident).as_deref(), Some("resolved"));

    // At the desk.
    let given = json!({ "assignment_group": groups[1].sys_id.to_string(), "assigned_to": bob.user().to_string(), "work_notes": "Bob is nearer" });
    office.changes(&incident, &given);
    bob.syncs();
    assert_eq!(bob.stage_of(&incident).as_deref(), Some("new"), "what bob can know");

    mia.syncs();
    bob.syncs();
    let desk = office.reads(&incident);
    assert_eq!(
        (desk["state"].as_str(), desk["close_notes"].as_str()),
        (Some("6"), Some("Plugged in again and tied down"))
    );
    assert_eq!(desk["assigned_to"], bob.user().to_string(), "who has it is what the desk said");
    assert_eq!(
        (desk["reassignment_count"].as_str(), desk["resolved_by"].as_str()),
        (Some("1"), Some(mia.user().to_string().as_str()))
    );
    assert_eq!(bob.stage_of(&incident).as_deref(), Some("resolved"), "bob need not go");
    assert_eq!(bob.notes_on(&incident), ["A loose cable behind the rack", "Bob is nearer"]);
    assert_eq!(office.finds("task", &format!("parent={}", incident.sys_id)).len(), 0, "there is nothing to talk about");
    assert_eq!(mia.phone().sync_status().expect("a status").unsent_edits, 0);
}
