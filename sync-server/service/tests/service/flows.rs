//! Flows: what they do, once each, however often the server dies; where they stop, and how they go on.

use fieldline_model::{DocumentId, Record, SysId};
use fieldline_service::flows::receive;
use fieldline_service::flows::trial::trial;
use fieldline_service::{TableError, jobs};

use crate::house::House;

const HOUR: i64 = 3_600_000;

fn flow(house: &mut House, name: &str, more: &[(&str, &str)], steps: &str) -> Result<DocumentId, TableError> {
    let system = house.server.system();
    let fields = [&[("name", name), ("definition", steps)], more].concat();
    Ok(house.create(&system, "sys_hub_flow", &fields)?.record.id)
}

/// A flow that new incidents begin.
fn of_incidents(house: &mut House, name: &str, steps: &str) -> DocumentId {
    flow(house, name, &[("trigger_type", "record_create"), ("table", "incident")], steps).unwrap()
}

fn incident(house: &mut House, title: &str) -> DocumentId {
    let dora = house.dora.clone();
    house.create(&dora, "incident", &[("short_description", title)]).unwrap().record.id
}

fn rows(house: &mut House, table: &str, query: &str) -> Vec<Record> {
    let system = house.server.system();
    house.query(&system, table, query)
}

/// Does one job; whether there was one.
fn one_job(house: &mut House) -> bool {
    house.server.do_due(1, house.now, &mut house.rng).unwrap() > 0
}

fn run_all(house: &mut House) {
    while one_job(house) {}
}

fn run_of(house: &mut House, record: &DocumentId) -> Record {
    rows(house, "sys_flow_context", &format!("source_record={}^calling_contextISEMPTY", record.sys_id)).remove(0)
}

fn log(house: &mut House, run: &Record) -> Vec<String> {
    let lines = rows(house, "sys_flow_log", &format!("parent={}^ORDERBYorder", run.id.sys_id));
    lines.iter().map(|line| line.text("step").to_owned()).collect()
}

#[test]
fn every_effect_happens_once_though_the_server_dies_after_every_step() {
    let mut house = House::new();
    let mia = house.mia.user;
    let steps = format!(
        r#"[
        {{"do":"create","table":"task","fields":{{"short_description":"Look at {{{{trigger.number}}}}","parent":"{{{{trigger}}}}"}},"as":"task"}},
        {{"do":"wait","seconds":3600,"id":"an hour"}},
        {{"do":"ask_approval","record":"trigger","approvers":["{mia}"],"as":"answer"}},
        {{"do":"if","record":"answer","condition":"=approved",
          "then":[{{"do":"update","record":"task","fields":{{"description":"Go on, {{{{trigger.opened_by.name}}}}"}}}}],
          "else":[{{"do":"update","record":"task","fields":{{"description":"Leave it"}}}}]}},
        {{"do":"update","record":"trigger","fields":{{"work_notes":"Done with it"}}}}]"#
    );
    of_incidents(&mut house, "Look", &steps);
    let reported = incident(&mut house, "No link");
    let restarting = |house: &mut House| {
        while one_job(house) {
            house.restart();
        }
    };
    restarting(&mut house);
    assert_eq!((run_of(&mut house, &reported).text("state"), rows(&mut house, "task", "").len()), ("waiting", 2));
    house.wait(HOUR);
    restarting(&mut house);
    let asked = rows(&mut house, "sysapproval_approver", &format!("sysapproval={}", reported.sys_id)).remove(0);
    assert_eq!((asked.text("state"), asked.reference("approver")), ("requested", Some(mia)));
    let system = house.server.system();
    house.update(&system, &asked.id, &[("state", "approved")]).unwrap();
    restarting(&mut house);
    let run = run_of(&mut house, &reported);
    assert_eq!((run.text("state"), run.text("position")), ("complete", ""));
    assert_eq!(log(&mut house, &run), ["1", "an hour", "3", "3", "4", "4.then.1", "5"]);
    let task = rows(&mut house, "task", "short_descriptionSTARTSWITHLook at INC").remove(0);
    assert_eq!(task.text("description"), "Go on, Dora Dispatcher");
    let detail = house.get(&system, &reported).unwrap();
    assert_eq!(detail.projection_of_document.unwrap().work_notes.len(), 1);
    assert_eq!(rows(&mut house, "sysapproval_approver", "").len(), 1);
}

#[test]
fn a_step_that_fails_stops_its_run_where_people_see_it_and_goes_on_there_once_the_flow_is_mended() {
    let mut house = House::new();
    let steps = |impact: &str| {
        format!(
            r#"[{{"do":"create","table":"task","fields":{{"short_description":"First"}}}},
            {{"do":"update","record":"trigger","id":"raise","retries":1,"fields":{{"impact":"{impact}"}}}},
            {{"do":"create","table":"task","fields":{{"short_description":"Last"}}}}]"#
        )
    };
    let (id, system) = (of_incidents(&mut house, "Raise", &steps("9")), house.server.system());
    let reported = incident(&mut house, "No link");
    run_all(&mut house);
    assert_eq!(run_of(&mut house, &reported).text("state"), "in_progress", "it is tried once more");
    house.wait(60_000);
    run_all(&mut house);
    let run = run_of(&mut house, &reported);
    assert_eq!((run.text("state"), run.text("position")), ("error", "raise"));
    assert!(run.text("error_message").contains("impact: \"9\" is no choice"), "{}", run.text("error_message"));
    let stopped = house.server.read(&system, house.now, &mut house.rng, |call| jobs::stopped(call, 10)).unwrap();
    assert_eq!((stopped.len(), stopped[0].attempts), (1, 2));
    house.update(&system, &id, &[("definition", &steps("1"))]).unwrap();
    house.restart();
    run_all(&mut house);
    assert_eq!(run_of(&mut house, &reported).text("state"), "error", "nobody said so yet");
    house.server.write(&system, house.now, &mut house.rng, |call| jobs::retry(call, &stopped[0].name)).unwrap();
    run_all(&mut house);
    assert_eq!(run_of(&mut house, &reported).text("state"), "complete");
    for title in ["First", "Last"] {
        assert_eq!(rows(&mut house, "task", &format!("short_description={title}")).len(), 1, "{title}");
    }
    assert_eq!(rows(&mut house, "incident", "impact=1").len(), 1);
}

#[test]
fn loops_branches_side_by_side_and_other_flows_all_come_back() {
    let mut house = House::new();
    let noted = r#"[{"do":"update","record":"trigger","fields":{"description":"noted"}}]"#;
    flow(&mut house, "Note", &[], noted).unwrap();
    for title in ["One", "Two", "Three"] {
        incident(&mut house, title);
    }
    let steps = r#"[
        {"do":"look_up","table":"incident","query":"short_description!={{trigger.short_description}}^ORDERBYnumber","as":"others","all":true},
        {"do":"for_each","in":"others","as":"other","steps":[
            {"do":"run_flow","flow":"Note","record":"other"},
            {"do":"decide","record":"other","rows":[{"when":"short_description=Two","set":{"kind":"second"}},{"set":{"kind":"other"}}]},
            {"do":"update","record":"other","fields":{"category":"{{kind}}"}}]},
        {"do":"parallel","branches":[
            [{"do":"wait","seconds":3600},{"do":"update","record":"trigger","fields":{"close_notes":"slow"}}],
            [{"do":"update","record":"trigger","fields":{"category":"fast"}}],
            []]},
        {"do":"update","record":"trigger","fields":{"description":"{{others}} others"}}]"#;
    of_incidents(&mut house, "All", steps);
    let reported = incident(&mut house, "Four");
    run_all(&mut house);
    let told = |house: &mut House, field: &str| {
        let all = rows(house, "incident", "ORDERBYnumber");
        all.iter().map(|record| record.text(field).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told(&mut house, "category"), ["other", "second", "other", "fast"]);
    assert_eq!(told(&mut house, "description"), ["noted", "noted", "noted", ""]);
    assert_eq!(run_of(&mut house, &reported).text("state"), "waiting");
    house.wait(HOUR);
    run_all(&mut house);
    let run = run_of(&mut house, &reported);
    assert_eq!(run.text("state"), "complete", "{}", run.text("error_message"));
    assert_eq!(told(&mut house, "description")[3], "3 others");
    assert_eq!(told(&mut house, "close_notes")[3], "slow");
}

#[test]
fn a_wait_ends_when_its_condition_holds_or_its_time_is_up() {
    let mut house = House::new();
    let steps = r#"[
        {"do":"wait_for","record":"trigger","condition":"state=2","at_most_seconds":7200,"as":"begun"},
        {"do":"update","record":"trigger","fields":{"description":"{{begun}}"}}]"#;
    of_incidents(&mut house, "Patience", steps);
    let (dora, system) = (house.dora.clone(), house.server.system());
    let (begun, forgotten) = (incident(&mut house, "Begun"), incident(&mut house, "Forgotten"));
    run_all(&mut house);
    house.wait(HOUR);
    house.update(&dora, &begun, &[("category", "network")]).unwrap();
    run_all(&mut house);
    assert_eq!(run_of(&mut house, &begun).text("state"), "waiting");
    house.update(&dora, &begun, &[("state", "2")]).unwrap();
    run_all(&mut house);
    assert_eq!(house.get(&system, &begun).unwrap().record.text("description"), "held");
    house.wait(HOUR);
    run_all(&mut house);
    assert_eq!(house.get(&system, &forgotten).unwrap().record.text("description"), "timed_out");
}

#[test]
fn flows_that_begin_each_other_or_themselves_come_to_an_end() {
    let mut house = House::new();
    let makes =
        |table: &str| format!(r#"[{{"do":"create","table":"{table}","fields":{{"short_description":"More"}}}}]"#);
    for (name, table, other) in [("A", "incident", "problem"), ("B", "problem", "incident")] {
        flow(&mut house, name, &[("trigger_type", "record_create"), ("table", table)], &makes(other)).unwrap();
    }
    flow(&mut house, "Itself", &[], r#"[{"do":"run_flow","flow":"Itself","record":"trigger"}]"#).unwrap();
    let reported = incident(&mut house, "First");
    run_all(&mut house);
    let made = rows(&mut house, "incident", "").len() + rows(&mut house, "problem", "").len();
    assert_eq!(made, 10, "the first, and one for each of nine flows that begin each other");
    let runs = flow(
        &mut house,
        "Caller",
        &[("trigger_type", "record_update"), ("table", "incident")],
        r#"[{"do":"run_flow","flow":"Itself","record":"trigger"}]"#,
    );
    runs.unwrap();
    let dora = house.dora.clone();
    house.update(&dora, &reported, &[("category", "network")]).unwrap();
    run_all(&mut house);
    let stopped = rows(&mut house, "sys_flow_context", "state=error");
    assert_eq!(stopped.len(), 1);
    assert!(stopped[0].text("error_message").contains("more than 8 deep"), "{}", stopped[0].text("error_message"));
}

#[test]
fn a_trial_shows_what_would_happen_and_leaves_no_trace() {
    let mut house = House::new();
    for title in ["Old", "No link", "No light"] {
        incident(&mut house, title);
        house.wait(HOUR);
    }
    let steps = r#"[{"do":"wait","seconds":86400},
        {"do":"create","table":"task","fields":{"short_description":"Look at {{trigger.short_description}}"}},
        {"do":"if","record":"trigger","condition":"short_descriptionLIKElight","then":[
            {"do":"update","record":"trigger","fields":{"impact":"9"}}]}]"#;
    let when =
        [("trigger_type", "record_create"), ("table", "incident"), ("condition", "short_descriptionSTARTSWITHNo")];
    let id = flow(&mut house, "Look", &when, steps).unwrap();
    let (system, since) = (house.server.system(), house.now.plus_milliseconds(-3 * HOUR + 1));
    let tried = trial(&house.server, &system, id.sys_id, (since, 10), house.now, &mut house.rng).unwrap();
    assert_eq!(tried.len(), 2);
    assert!(tried[0].problem.as_ref().is_some_and(|problem| problem.contains("\"9\" is no choice")), "{tried:?}");
    let said: Vec<&str> = tried[1].steps.iter().map(|(_, message)| message.as_str()).collect();
    assert_eq!((said[0], said.len(), &tried[1].problem), ("waited 86400 seconds", 3, &None));
    assert!(said[1].starts_with("created task/"), "{said:?}");
    assert_eq!(rows(&mut house, "task", "short_descriptionSTARTSWITHLook").len(), 0);
    assert_eq!(rows(&mut house, "sys_flow_context", "").len(), 0);
    assert!(!one_job(&mut house));
}

#[test]
fn a_flow_begins_at_its_moments_and_a_promise_that_is_at_risk_begins_one() {
    let mut house = House::new();
    let counts = r#"[{"do":"create","table":"task","fields":{"short_description":"Hourly"}}]"#;
    let hourly = [("trigger_type", "scheduled"), ("every_seconds", "3600")];
    let id = flow(&mut house, "Hourly", &hourly, counts).unwrap();
    for _ in 0..3 {
        house.wait(HOUR);
        run_all(&mut house);
    }
    let count = |house: &mut House| rows(house, "task", "short_description=Hourly").len();
    assert_eq!(count(&mut house), 3);
    let system = house.server.system();
    house.update(&system, &id, &[("active", "false")]).unwrap();
    house.wait(5 * HOUR);
    run_all(&mut house);
    assert_eq!(count(&mut house), 3);
    let promise = [("name", "Four hours"), ("collection", "incident"), ("duration", "1970-01-01 04:00:00")];
    house.create(&system, "contract_sla", &promise).unwrap();
    let risky = [
        ("trigger_type", "record_update"),
        ("table", "task_sla"),
        ("condition", "business_percentage>=75^has_breached=false"),
    ];
    let warns = r#"[{"do":"look_up","table":"incident","query":"sys_id={{trigger.task}}","as":"task"},
        {"do":"update","record":"task","fields":{"work_notes":"Three quarters are over"}}]"#;
    flow(&mut house, "Warn", &risky, warns).unwrap();
    let reported = incident(&mut house, "Slow");
    house.wait(4 * HOUR - 1);
    run_all(&mut house);
    let notes = house.get(&system, &reported).unwrap().projection_of_document.unwrap().work_notes;
    assert_eq!(notes.len(), 1);
}

#[test]
fn a_flow_that_could_not_run_is_refused_by_its_step() {
    let mut house = House::new();
    for (more, steps, problem) in [
        (vec![], r#"[{"do":"create","table":"tasks","fields":{}}]"#, "step \"1\": there is no table \"tasks\""),
        (
            vec![],
            r#"[{"do":"create","table":"task","id":"x","fields":{"colour":"red"}}]"#,
            "step \"x\": the table task has no field \"colour\"",
        ),
        (vec![], "[{]", "is no list of steps"),
        (vec![("trigger_type", "record_create"), ("table", "tasks")], "[]", "there is no table \"tasks\""),
        (
            vec![("trigger_type", "record_create"), ("table", "task"), ("condition", "colour=red")],
            "[]",
            "\"colour=red\" is no condition of task",
        ),
        (vec![("trigger_type", "scheduled"), ("every_seconds", "1")], "[]", "must be 60 or more"),
    ] {
        let refused = flow(&mut house, "x", &more, steps).expect_err(problem).to_string();
        assert!(refused.contains(problem), "{refused}");
    }
    let nobody = SysId([9; 16]);
    let system = house.server.system();
    assert!(trial(&house.server, &system, nobody, (house.now, 1), house.now, &mut house.rng).is_err());
}

#[test]
fn a_call_from_outside_begins_one_run_however_often_it_is_repeated_and_its_values_are_known() {
    let mut house = House::new();
    let steps = r#"[{"do":"for_each","in":"body.alerts","as":"alert","steps":[
        {"do":"if","record":"alert.severity","condition":"=critical","then":[
            {"do":"create","table":"incident","fields":{"short_description":"{{body.source}}: {{alert.text}}"}}]}]}]"#;
    let id = flow(&mut house, "Alerts", &[("trigger_type", "inbound_call")], steps).unwrap();
    let body = serde_json::json!({ "source": "Probe", "alerts": [
        { "severity": "critical", "text": "{{trigger}} \"down\"" }, { "severity": "info", "text": "fine" }] });
    let call = |house: &mut House, by: &fieldline_service::Caller, key: Option<&str>| {
        let body = body.clone();
        house.server.write(by, house.now, &mut house.rng, |call| receive(call, id.sys_id, body, key))
    };
    let system = house.server.system();
    let first = call(&mut house, &system, Some("a")).unwrap();
    run_all(&mut house);
    assert_eq!(call(&mut house, &system, Some("a")).unwrap(), first);
    run_all(&mut house);
    let made = rows(&mut house, "incident", "");
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].text("short_description"), "Probe: {{trigger}} \"down\"", "what came is no template");
    assert_ne!(call(&mut house, &system, None).unwrap(), call(&mut house, &system, None).unwrap());
    let mia = house.mia.clone();
    assert!(matches!(call(&mut house, &mia, None), Err(TableError::NotFound(_))), "flows are not hers to call");
    let other = flow(&mut house, "Other", &[], "[]").unwrap();
    let refused = house
        .server
        .write(&system, house.now, &mut house.rng, |call| receive(call, other.sys_id, serde_json::Value::Null, None));
    assert!(refused.expect_err("it waits for no calls").to_string().contains("inbound_call"));
}

#[test]
fn a_loop_that_never_ends_is_stopped_and_a_trial_of_it_ends() {
    let mut house = House::new();
    let steps = r#"[{"do":"repeat","steps":[],"until":"trigger","condition":"active=false"}]"#;
    let id = of_incidents(&mut house, "For ever", steps);
    let reported = incident(&mut house, "No link");
    assert!((0..20).all(|_| one_job(&mut house)), "it goes on and on");
    let (run, system) = (run_of(&mut house, &reported), house.server.system());
    house.update(&system, &run.id, &[("steps_done", "9990")]).unwrap();
    run_all(&mut house);
    let run = run_of(&mut house, &reported);
    assert_eq!(run.text("state"), "error");
    assert!(run.text("error_message").contains("did 10000 steps"), "{}", run.text("error_message"));
    let since = house.now.plus_milliseconds(-1);
    let tried = trial(&house.server, &system, id.sys_id, (since, 10), house.now, &mut house.rng).unwrap();
    assert_eq!((tried[0].steps.len(), &tried[0].problem), (1, &None));
}

#[test]
fn what_happens_to_a_clock_begins_flows_and_is_told_to_webhooks_once_each() {
    let mut house = House::new();
    let system = house.server.system();
    let noted = r#"[{"do":"create","table":"task","fields":{"short_description":"{{event}} of {{sla.sla.name}}"}}]"#;
    let events = "attached,paused,resumed,percent,breached,completed,cancelled";
    let of_clocks = [("trigger_type", "sla_event"), ("table", "incident"), ("events", events)];
    flow(&mut house, "Clocks", &of_clocks, noted).unwrap();
    let hook = [
        ("name", "Clocks"),
        ("url", "https://hooks.example.org/x"),
        ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("collection", "incident"),
        ("events", "sla.attached,sla.paused,sla.resumed,sla.percent.75,sla.breached,sla.completed,sla.cancelled"),
    ];
    house.create(&system, "fl_webhook", &hook).unwrap();
    let promise = [
        ("name", "Four hours"),
        ("collection", "incident"),
        ("duration", "1970-01-01 04:00:00"),
        ("start_condition", "active=true"),
        ("pause_condition", "state=3"),
        ("stop_condition", "state=6"),
    ];
    house.create(&system, "contract_sla", &promise).unwrap();
    let reported = incident(&mut house, "Slow");
    let hold = [("state", "3"), ("hold_reason", "5")];
    let resolve = [("state", "6"), ("close_code", "Fixed"), ("close_notes", "It was a cable")];
    for (wait, change) in
        [(HOUR, Some(&hold[..])), (HOUR, Some(&[("state", "2")])), (4 * HOUR, None), (0, Some(&resolve[..]))]
    {
        house.wait(wait);
        run_all(&mut house);
        if let Some(change) = change {
            house.update(&system, &reported, change).unwrap();
        }
        run_all(&mut house);
    }
    let mut told: Vec<String> =
        rows(&mut house, "sys_outbound_http_log", "").iter().map(|row| row.text("event").to_owned()).collect();
    told.sort();
    let words = ["attached", "breached", "completed", "paused", "percent", "resumed"];
    assert_eq!(told, words.map(|word| format!("sla.{word}")));
    let mut begun: Vec<String> = rows(&mut house, "task", "short_descriptionLIKEof Four hours")
        .iter()
        .map(|task| task.text("short_description").to_owned())
        .collect();
    begun.sort();
    let words = ["attached", "breached", "completed", "paused", "percent", "percent", "resumed"];
    assert_eq!(begun, words.map(|word| format!("{word} of Four hours")), "at half, and at three quarters");
    let percent = rows(&mut house, "sys_outbound_http_log", "event=sla.percent").remove(0);
    let event: serde_json::Value = serde_json::from_str(percent.text("request_body")).unwrap();
    assert_eq!((&event["data"]["percent"], &event["data"]["sla"]["name"]), (&75.into(), &"Four hours".into()));
    assert_eq!(event["subject"], reported.sys_id.to_string());
}

#[test]
fn a_step_tells_people_and_groups_and_webhooks() {
    let mut house = House::new();
    let system = house.server.system();
    let (mia, dora) = (house.mia.user, house.dora.user);
    for (user, mail) in [(mia, "mia@example.org"), (dora, "dora@example.org")] {
        house.update(&system, &DocumentId::new("sys_user", user), &[("email", mail)]).unwrap();
    }
    let group = [("name", "Desk"), ("email", "desk@example.org")];
    let group = house.create(&system, "sys_user_group", &group).unwrap().record.id;
    let member = [("group", &*group.sys_id.to_string()), ("user", &mia.to_string())];
    house.create(&system, "sys_user_grmember", &member).unwrap();
    let hook = [
        ("name", "Chat"),
        ("url", "https://hooks.example.org/x"),
        ("secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    ];
    house.create(&system, "fl_webhook", &hook).unwrap();
    let steps = format!(
        r#"[{{"do":"notify","record":"trigger","to":["{}","{{{{trigger.opened_by}}}}","{{{{trigger.assigned_to}}}}"],
              "subject":"New: {{{{trigger.short_description}}}}","message":"Look"}},
            {{"do":"notify","record":"trigger","by":"in_app","to":["{}"],"subject":"New"}},
            {{"do":"notify","record":"trigger","by":"webhook","webhook":"Chat","subject":"New","message":"Look"}}]"#,
        group.sys_id, group.sys_id
    );
    of_incidents(&mut house, "Tell", &steps);
    let reported = incident(&mut house, "No link");
    run_all(&mut house);
    let run = run_of(&mut house, &reported);
    assert_eq!(run.text("state"), "complete", "{}", run.text("error_message"));
    let mut to: Vec<String> =
        rows(&mut house, "sys_email", "").iter().map(|mail| mail.text("recipients").to_owned()).collect();
    to.sort();
    assert_eq!(to, ["desk@example.org", "dora@example.org"], "the group has an address of its own");
    let told = rows(&mut house, "sn_inapp_notification", "");
    assert_eq!((told.len(), told[0].reference("user")), (1, Some(mia)));
    assert_eq!(rows(&mut house, "sys_outbound_http_log", "event=notification").len(), 1);
    house.update(&system, &group, &[("include_members", "true")]).unwrap();
    incident(&mut house, "No light");
    run_all(&mut house);
    assert_eq!(rows(&mut house, "sys_email", "recipients=mia@example.org").len(), 1);
}
