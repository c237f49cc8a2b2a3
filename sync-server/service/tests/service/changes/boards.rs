//! What boards talk about and say, and what discovery finds changed without a change.

use fieldline_model::DocumentId;
use fieldline_service::cmdb;

use super::{Desk, HOUR};
use crate::house::{DAY, House};

/// A source tells of a server.
fn discovered(desk: &mut Desk, name: &str, ram: &str) {
    let dora = desk.house.dora.clone();
    let json = format!(
        r#"{{"items":[{{"className":"cmdb_ci_linux_server","values":{{"name":"{name}","serial_number":"S-{name}","ram":"{ram}"}}}}]}}"#
    );
    let payload = serde_json::from_str(&json).unwrap();
    let House { server, now, rng, .. } = &mut desk.house;
    let outcome = server.write(&dora, *now, rng, |call| cmdb::reconcile(call, "ServiceNow", &payload)).unwrap();
    assert_eq!(outcome.items[0].error_count, 0, "{:?}", outcome.items[0].errors);
}

#[test]
fn what_discovery_finds_changed_without_a_change_is_told_of_once_and_what_flaps_is_not() {
    let mut desk = Desk::new();
    discovered(&mut desk, "lnx1", "1024");
    discovered(&mut desk, "lnx1", "2048");
    let told = |desk: &mut Desk| desk.rows("change_request", "unauthorized=true");
    assert_eq!(told(&mut desk).len(), 0, "it is off until somebody switches it on");
    desk.made("sys_properties", &[("name", "change.unauthorized.enabled"), ("value", "true")]);
    discovered(&mut desk, "lnx1", "2048");
    assert_eq!(told(&mut desk).len(), 0, "nothing changed");
    desk.house.wait(DAY);
    discovered(&mut desk, "lnx1", "4096");
    let change = told(&mut desk).remove(0);
    assert_eq!([change.text("type"), change.text("short_description")], ["emergency", "Unauthorized change of lnx1"]);
    assert!(change.text("description").contains("(ram): 2048 -> 4096"), "{change:?}");
    discovered(&mut desk, "lnx1", "8192");
    assert_eq!(told(&mut desk).len(), 1, "one is open");
    desk.write(&change.id, &[("state", "canceled")]).unwrap();
    discovered(&mut desk, "lnx1", "512");
    assert_eq!(told(&mut desk).len(), 1, "it was told of lately");
    desk.house.wait(2 * DAY);
    let item = desk.rows("cmdb_ci_linux_server", "name=lnx1").remove(0).id.sys_id.to_string();
    let planned = desk.planned(&item, 1, 2);
    discovered(&mut desk, "lnx1", "256");
    assert_eq!(told(&mut desk).len(), 1, "a change is open on it");
    desk.write(&planned, &[("state", "canceled")]).unwrap();
    discovered(&mut desk, "lnx1", "128");
    assert_eq!(told(&mut desk).len(), 2);

    desk.made("sys_properties", &[("name", "change.unauthorized.ignore_period_seconds"), ("value", "1")]);
    discovered(&mut desk, "lnx2", "1");
    for ram in ["2", "1", "2", "1", "2", "1", "2", "1"] {
        desk.house.wait(HOUR);
        for open in desk.rows("change_request", "unauthorized=true^active=true") {
            desk.write(&open.id, &[("state", "canceled")]).unwrap();
        }
        discovered(&mut desk, "lnx2", ram);
    }
    let of_flapping = desk.rows("change_request", "unauthorized=true^short_descriptionENDSWITHlnx2").len();
    assert_eq!(of_flapping, 4, "each value twice, and then it flaps");
}

#[test]
fn a_board_meets_by_its_schedule_talks_about_what_its_condition_names_and_what_it_says_is_written_down() {
    let mut desk = Desk::new();
    let (anna, ben, group) = (desk.anna.user.to_string(), desk.ben.user.to_string(), desk.group.clone());
    desk.set("sys_user", &ben, &[("email", "ben@example.org")]);
    let (open, next, done) =
        (desk.change(&[("assigned_to", &ben)]), desk.change(&[("requested_by", &ben)]), desk.change(&[]));
    for change in [&open, &next, &done] {
        desk.write(change, &[("state", "assess")]).unwrap();
        desk.write(change, &[("state", "authorize")]).unwrap();
    }
    desk.write(&done, &[("approval", "approved")]).unwrap();
    let board = [
        ("name", "Weekly CAB"),
        ("manager", anna.as_str()),
        ("board_groups", group.as_str()),
        ("rolling_window_days", "12"),
        ("time_zone", "Europe/Berlin"),
        ("complete_preapproved_changes", "true"),
        ("notification_lead_time", "1"),
    ];
    let board = desk.made("cab_definition", &board);
    // 2026-03-02 is a Monday.
    let entry = [
        ("schedule", board.as_str()),
        ("start_date_time", "2026-03-03 10:00:00"),
        ("end_date_time", "2026-03-03 11:00:00"),
        ("repeat_type", "weekly"),
        ("days_of_week", "2"),
    ];
    let entry = desk.made("cmn_schedule_span", &entry);
    desk.house.ring();
    let meetings = desk.rows("cab_meeting", "ORDERBYstart");
    let starts: Vec<String> = meetings.iter().map(|one| one.get("start").unwrap().to_string()).collect();
    assert_eq!(starts, ["2026-03-03 09:00:00", "2026-03-10 09:00:00"], "as clocks show in Berlin, within twelve days");
    let meeting = meetings[0].id.clone();
    let attendees = desk.rows("cab_attendee", &format!("cab_meeting={}", meeting.sys_id));
    assert_eq!(attendees.len(), 2, "Anna manages, Ben is of the group and owns a change, each once");
    desk.house.wait(DAY);
    desk.house.ring();
    assert_eq!(desk.rows("cab_meeting", "").len(), 2, "making them again makes nothing new");

    let items = |desk: &mut Desk| desk.rows("cab_agenda_item", "ORDERBYorder");
    assert_eq!(items(&mut desk).len(), 3, "each change is talked about at one meeting");
    assert_eq!(desk.shown(&open, "cab_date_time"), "2026-03-03 09:00:00");
    let approved = items(&mut desk).into_iter().find(|item| item.reference("task") == Some(done.sys_id)).unwrap();
    assert_eq!([approved.text("decision"), approved.text("state")], ["preapproved", "complete"]);

    let admin = desk.admin.clone();
    desk.house.update(&admin, &meeting, &[("state", "in_progress")]).unwrap();
    let first = items(&mut desk).into_iter().find(|item| item.text("state") == "in_progress").unwrap();
    assert_eq!(first.reference("task"), Some(open.sys_id));
    let second = items(&mut desk).into_iter().find(|item| item.reference("task") == Some(next.sys_id)).unwrap();
    assert!(second.get("notified").is_some(), "its turn is near");
    let (ben, decide) = (desk.ben.clone(), [("decision", "approved"), ("meeting_notes", "Mind the backup")]);
    desk.house.update(&ben, &first.id, &decide).unwrap();
    assert_eq!(desk.shown(&first.id, "state"), "complete");
    assert_eq!(desk.shown(&second.id, "state"), "in_progress");
    assert_eq!(desk.shown(&open, "cab_recommendation"), "Approved. Mind the backup");
    let number = desk.shown(&open, "number");
    assert!(
        desk.shown(&meeting, "meeting_notes").contains(&format!("(CAB Automation) - {number} - Approved - Ben Board"))
    );
    desk.house.update(&admin, &meeting, &[("state", "complete")]).unwrap();
    assert!(desk.shown(&meeting, "actual_end").starts_with("2026-03-03"));
    desk.house.ring();
    desk.house.wait(DAY);
    desk.house.ring();
    let later = desk.rows("cab_agenda_item", &format!("cab_meeting={}", meetings[1].id.sys_id));
    let later: Vec<_> =
        later.iter().filter(|item| item.text("state") == "pending").map(|item| item.reference("task")).collect();
    assert_eq!(later, [Some(open.sys_id), Some(next.sys_id)], "until it moves on, and what was not decided");

    let mails: Vec<String> = desk.rows("sys_email", "").iter().map(|mail| mail.text("subject").to_owned()).collect();
    let number = desk.shown(&next, "number");
    assert_eq!(mails, [format!("{number} is up soon at Weekly CAB 2026-03-03 10:00:00")]);

    let entry = DocumentId::new("cmn_schedule_span", entry.parse().unwrap());
    desk.house.update(&admin, &entry, &[("days_of_week", "3")]).unwrap();
    desk.house.ring();
    assert_eq!(desk.shown(&meetings[1].id, "state"), "canceled", "it is not in the schedule any more");
    let said = desk.refused("cab_definition", &[("name", "x"), ("change_condition", "colour=red")]);
    assert!(said.contains("\"colour=red\" is no condition of change_request"), "{said}");
}
