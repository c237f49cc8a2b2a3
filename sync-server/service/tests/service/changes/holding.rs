//! What waits while a change is on hold, and what may not be written about one.

use fieldline_service::change_requests::approvals::Answer;

use super::Desk;

#[test]
fn while_a_change_is_on_hold_nobody_is_asked_its_tasks_wait_and_it_may_only_be_cancelled() {
    let mut desk = Desk::new();
    let anna = desk.anna.clone();
    let peers = desk.of_group("any_approval");
    desk.policy("-4", "", &peers);
    let change = desk.change(&[]);
    let id = change.sys_id.to_string();
    let task = |desk: &mut Desk, held: &str| {
        let dora = desk.house.dora.clone();
        let fields = [("short_description", "Do"), ("change_request", id.as_str()), ("on_hold", held)];
        desk.house.create(&dora, "change_task", &fields).unwrap().record.id
    };
    let (free, by_hand) = (task(&mut desk, "false"), task(&mut desk, "true"));
    desk.write(&change, &[("state", "assess")]).unwrap();
    desk.write(&change, &[("on_hold", "true"), ("on_hold_reason", "Waiting for parts")]).unwrap();
    assert!(desk.rows("sysapproval_approver", "state=requested").is_empty());
    assert!(desk.answers(&anna, &change, Answer::Approved).is_err(), "she is not asked any more");
    assert_eq!([desk.shown(&free, "on_hold"), desk.shown(&free, "on_hold_reason")], ["true", "Waiting for parts"]);
    let said = desk.write(&change, &[("state", "authorize")]).unwrap_err();
    assert!(said.contains("on hold and may only be cancelled"), "{said}");
    desk.write(&change, &[("on_hold", "false")]).unwrap();
    assert_eq!([desk.shown(&free, "on_hold"), desk.shown(&by_hand, "on_hold")], ["false", "true"]);
    assert_eq!(desk.shown(&free, "on_hold_reason"), "");
    desk.answers(&anna, &change, Answer::Approved).unwrap();
    assert_eq!(desk.shown(&change, "state"), "-3");
    desk.write(&change, &[("on_hold", "true")]).unwrap();
    desk.write(&change, &[("state", "canceled")]).unwrap();
    assert_eq!([desk.shown(&change, "state"), desk.shown(&change, "on_hold")], ["4", "false"]);
    assert_eq!([desk.shown(&free, "state"), desk.shown(&by_hand, "state")], ["4", "4"]);
}

#[test]
fn a_flow_waits_for_what_a_hold_holds_back_and_takes_what_a_revert_takes_back_for_a_no() {
    let mut desk = Desk::new();
    let anna = desk.anna.clone();
    let definition = format!(
        r#"[{{"do":"ask_approval","record":"trigger","approvers":["{}"],"as":"answer"}},
            {{"do":"update","record":"trigger","fields":{{"justification":"{{{{answer}}}}"}}}}]"#,
        anna.user
    );
    let flow = [
        ("name", "Ask"),
        ("active", "true"),
        ("table", "change_request"),
        ("trigger_type", "record_create"),
        ("definition", definition.as_str()),
    ];
    desk.made("sys_hub_flow", &flow);
    for (last, said) in [("canceled", "rejected"), ("", "approved")] {
        let change = desk.change(&[]);
        desk.house.ring();
        desk.write(&change, &[("on_hold", "true")]).unwrap();
        desk.house.ring();
        assert_eq!(desk.shown(&change, "justification"), "", "it waits while the change is on hold");
        desk.write(&change, &[("on_hold", "false")]).unwrap();
        match last {
            "" => desk.answers(&anna, &change, Answer::Approved).unwrap(),
            state => drop(desk.write(&change, &[("state", state)]).unwrap()),
        }
        desk.house.ring();
        assert_eq!(desk.shown(&change, "justification"), said);
    }
}

#[test]
fn a_window_is_ahead_but_for_emergencies_tasks_lie_inside_it_and_a_change_closes_after_its_tasks() {
    let mut desk = Desk::new();
    let (start, end) = (desk.at(-5), desk.at(-3));
    let past = [("start_date", start.as_str()), ("end_date", end.as_str())];
    let dora = desk.house.dora.clone();
    let normal = [&[("short_description", "x")], &past[..]].concat();
    let said = desk.house.create(&dora, "change_request", &normal).map(|one| one.record.id).unwrap_err().to_string();
    assert!(said.contains("end_date: is over already; only an emergency"), "{said}");
    let retroactive = desk.change(&[&[("type", "emergency")], &past[..]].concat());
    let detail = desk.house.get(&dora, &retroactive).unwrap().projection_of_document.unwrap();
    assert!(
        detail.work_notes.iter().any(|entry| entry.what.text.contains("Retroactive emergency change")),
        "it says so"
    );

    let item = desk.item("lnx1");
    let change = desk.planned(&item, 24, 30);
    let id = change.sys_id.to_string();
    let (inside, outside) = (desk.at(26), desk.at(40));
    let task = |when, kind| {
        [
            ("short_description", "Do"),
            ("change_request", id.as_str()),
            ("change_task_type", kind),
            ("planned_end_date", when),
        ]
    };
    let (good, bad) = (task(inside.as_str(), "implementation"), task(outside.as_str(), "implementation"));
    let said = desk.house.create(&dora, "change_task", &bad).map(|one| one.record.id).unwrap_err().to_string();
    assert!(said.contains("is outside the window of CHG"), "{said}");
    desk.house.create(&dora, "change_task", &task(outside.as_str(), "review")).unwrap();
    desk.house.create(&dora, "change_task", &good).unwrap();

    for state in ["assess", "authorize", "scheduled", "implement", "review"] {
        desk.write(&change, &[("state", state)]).unwrap();
    }
    let closing = [("state", "closed"), ("close_code", "successful"), ("close_notes", "Done")];
    let said = desk.write(&change, &closing).unwrap_err();
    assert!(said.contains("tasks are still open (CTASK"), "{said}");
    for task in desk.rows("change_task", &format!("change_request={id}")) {
        desk.write(&task.id, &[("state", "closed"), ("close_code", "successful")]).unwrap();
    }
    desk.write(&change, &closing).unwrap();
    let said = desk.write(&change, &[("type", "emergency")]).unwrap_err();
    assert!(said.contains("type: is settled"), "{said}");
}
