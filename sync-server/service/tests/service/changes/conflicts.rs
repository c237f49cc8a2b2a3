//! What stands in the way of a change, and when nothing does.

use fieldline_service::change_requests::conflicts;

use super::Desk;
use crate::house::{DAY, House};

#[test]
fn windows_neighbours_and_people_stand_in_the_way_and_it_is_looked_again_when_a_change_moves() {
    let mut desk = Desk::new();
    let (item, other) = (desk.item("lnx1"), desk.item("lnx2"));
    let kind = desk.made("cmdb_rel_type", &[("name", "Depends on::Used by")]);
    desk.made("cmdb_rel_ci", &[("parent", &other), ("child", &item), ("type", &kind)]);
    let change = desk.planned(&item, 24, 26);
    assert_eq!(desk.conflicts(&change), [""; 0]);

    let parent = desk.planned(&other, 25, 27);
    assert_eq!(desk.conflicts(&change), ["parent_ci_already_scheduled"]);
    assert_eq!(desk.conflicts(&parent), ["child_ci_already_scheduled"]);
    let anna = desk.anna.user.to_string();
    desk.write(&parent, &[("assigned_to", &anna)]).unwrap();
    desk.write(&change, &[("assigned_to", &anna)]).unwrap();
    let both = ["assigned_to_already_scheduled", "parent_ci_already_scheduled"];
    assert_eq!(desk.kinds(&change), both, "looked again because the assignee changed");

    let frozen =
        [("name", "Freeze"), ("source", "ci_class"), ("applies_to", "cmdb_ci_server"), ("condition", "name=lnx1")];
    let frozen = desk.made("cmn_schedule_blackout", &frozen);
    let (from, until) = (desk.at(25), desk.at(30));
    desk.made("cmn_schedule_span", &[("schedule", &frozen), ("start_date_time", &from), ("end_date_time", &until)]);
    let open = desk.made(
        "cmn_schedule_maintenance",
        &[("name", "Nights"), ("source", "change_request"), ("condition", "type=normal")],
    );
    let (from, until) = (desk.at(48), desk.at(60));
    desk.made("cmn_schedule_span", &[("schedule", &open), ("start_date_time", &from), ("end_date_time", &until)]);
    let all = [both[0], "blackout", "not_in_maintenance_window", both[1]];
    assert_eq!(desk.conflicts(&change), all);
    assert_eq!(desk.shown(&change, "conflict_status"), "Conflict");
    let (start, end) = (desk.at(50), desk.at(52));
    desk.write(&change, &[("start_date", &start), ("end_date", &end)]).unwrap();
    assert_eq!(desk.kinds(&change), [""; 0]);
    assert_eq!(desk.shown(&change, "conflict_status"), "No Conflict");

    let (start, end) = (desk.at(27), desk.at(29));
    desk.write(&change, &[("start_date", &start), ("end_date", &end)]).unwrap();
    let dora = desk.house.dora.clone();
    let House { server, now, rng, .. } = &mut desk.house;
    server.write(&dora, *now, rng, |call| conflicts::first_available(call, change.sys_id, 7_200)).unwrap();
    let expected = desk.at(48);
    assert_eq!(
        desk.shown(&change, "start_date"),
        expected,
        "the first two hours inside the window and outside the freeze"
    );
    assert_eq!(desk.kinds(&change), [""; 0]);

    // Another change that comes later is found by the job.
    desk.planned(&item, 49, 51);
    desk.house.wait(DAY);
    desk.house.ring();
    assert_eq!(desk.kinds(&change), ["ci_already_scheduled"]);
    desk.write(&change, &[("state", "canceled")]).unwrap();
    assert_eq!(desk.kinds(&change), [""; 0], "what is not done is in nobody's way");
}

#[test]
fn properties_say_what_is_looked_for() {
    let mut desk = Desk::new();
    let (item, affected) = (desk.item("lnx1"), desk.item("lnx2"));
    let change = desk.planned(&item, 24, 26);
    let id = change.sys_id.to_string();
    desk.made("task_ci", &[("task", &id), ("ci_item", &affected)]);
    desk.planned(&affected, 25, 27);
    desk.planned(&item, 26, 27);
    assert_eq!(desk.conflicts(&change), ["ci_already_scheduled"]);
    let mode = desk.made("sys_properties", &[("name", "change.conflict.mode"), ("value", "basic")]);
    assert_eq!(desk.conflicts(&change), [""; 0], "only its own item counts");
    desk.made("sys_properties", &[("name", "change.conflict.allow_contiguous_changes"), ("value", "false")]);
    assert_eq!(desk.conflicts(&change), ["ci_already_scheduled"], "one that follows without a gap");
    desk.set("sys_properties", &mode, &[("value", "advanced")]);
    assert_eq!(desk.conflicts(&change).len(), 2);
    desk.made("sys_properties", &[("name", "change.conflict.currentci"), ("value", "false")]);
    assert_eq!(desk.conflicts(&change), [""; 0]);
    let said = desk.refused("cmn_schedule_blackout", &[("name", "x"), ("source", "service")]);
    assert!(said.contains("service: name the service"), "{said}");
    let said = desk.refused("cmn_schedule_blackout", &[("name", "x"), ("time_zone", "Mars/Olympus")]);
    assert!(said.contains("time_zone"), "{said}");
    let wrong = [("name", "x"), ("source", "ci_class"), ("applies_to", "cmdb_ci_server"), ("condition", "colour=red")];
    let said = desk.refused("cmn_schedule_maintenance", &wrong);
    assert!(said.contains("\"colour=red\" is no condition of cmdb_ci_server"), "{said}");
}
