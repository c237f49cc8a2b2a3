//! How long a job may still take, asked where no signal is.

use fieldline_device::Command;
use fieldline_device::clocks::SlaClock;
use fieldline_device::runtime::now;
use fieldline_model::sla::ClockStage;
use fieldline_model::{DocumentId, TableName};
use fieldline_stories::{Office, Technician, pause_milliseconds};
use serde_json::json;

fn clock(who: &Technician, task: &DocumentId) -> SlaClock {
    let mut clocks = who.phone().sla_clocks(task, now()).expect("a phone reads its own clocks");
    assert_eq!(clocks.len(), 1, "{clocks:?}");
    clocks.remove(0)
}

#[test]
fn a_clock_that_was_paused_in_a_cellar_stands_on_the_server_where_it_stood_on_the_phone() {
    let office = Office::open();
    let always = office.creates("cmn_schedule", &json!({ "name": "Always", "time_zone": "Europe/Monaco" }));
    let always = always.sys_id.to_string();
    let day = json!({ "schedule": always, "all_day": "true", "repeat_type": "daily",
        "start_date_time": "2026-01-01 00:00:00", "end_date_time": "2026-01-01 23:59:59" });
    office.creates("cmn_schedule_span", &day);
    let promise = json!({ "name": "Four hours", "collection": "wm_task", "duration": "1970-01-01 04:00:00",
        "schedule": always, "start_condition": "active=true", "pause_condition": "sub_state=paused",
        "stop_condition": "stateIN3,4" });
    office.creates("contract_sla", &promise);
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();
    bob.syncs();
    let at_first = clock(&mia, &task);
    assert_eq!((at_first.stage, at_first.rests_on_unsent), (ClockStage::InProgress, false));

    // In the cellar.
    mia.takes(&task, &["accept", "start_work"]);
    mia.does(Command::Transition {
        document: task.clone(),
        step: "pause".into(),
        reason: Some("waiting_for_parts".into()),
        fields: Default::default(),
        comment: None,
    });
    assert_eq!(clock(&mia, &task).stage, ClockStage::Paused);
    pause_milliseconds(1_500);
    mia.takes(&task, &["resume"]);
    let expected = clock(&mia, &task);
    assert!(expected.breaches_at > at_first.breaches_at && expected.rests_on_unsent, "{expected:?}");

    mia.syncs();
    mia.syncs();
    let told = clock(&mia, &task);
    assert_eq!(
        (told.stage, told.breaches_at, told.rests_on_unsent),
        (ClockStage::InProgress, expected.breaches_at, false)
    );

    // It goes with the task.
    let other = office.sends(&mia, "Change the filter");
    mia.syncs();
    let promised = clock(&mia, &other).breaches_at;
    office.reassigns(&other, &bob);
    bob.syncs();
    mia.syncs();
    assert_eq!(clock(&bob, &other).breaches_at, promised);
    assert_eq!(mia.phone().by_table(&TableName::from("task_sla")).expect("a list").len(), 1, "her own");
}
