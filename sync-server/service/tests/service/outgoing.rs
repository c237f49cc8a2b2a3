//! What may be asked of outside systems, and what of them is refused when it is written.

use crate::house::House;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[test]
fn a_webhook_that_could_not_be_told_is_refused_by_its_field() {
    let mut house = House::new();
    let system = house.server.system();
    for (more, problem) in [
        (vec![("url", "ftp://hooks.example.org")], "url: is no address"),
        (vec![("url", "https://u:p@hooks.example.org")], "url: names somebody"),
        (vec![("secret", "")], "secret: must be whsec_"),
        (vec![("secret", "short")], "secret: must be whsec_"),
        (vec![("collection", "incidents")], "there is no table \"incidents\""),
        (vec![("collection", "sys_outbound_http_log")], "of whose records anybody could be told"),
        (vec![("events", "created,closed")], "\"closed\" is no event"),
        (vec![("events", "sla.percent.60")], "\"sla.percent.60\" is no event"),
        (vec![("fields", "colour")], "incident has no field \"colour\""),
        (vec![("condition", "colour=red")], "is no condition of incident"),
    ] {
        let usual =
            [("name", "x"), ("url", "https://hooks.example.org"), ("secret", SECRET), ("collection", "incident")];
        let mut fields: Vec<(&str, &str)> =
            usual.into_iter().filter(|(name, _)| more.iter().all(|(other, _)| other != name)).collect();
        fields.extend(more);
        let refused = house.create(&system, "fl_webhook", &fields).expect_err(problem).to_string();
        assert!(refused.contains(problem), "{refused}");
    }
}

#[test]
fn a_notification_may_go_to_a_webhook_and_never_takes_work_notes_along() {
    let mut house = House::new();
    let (system, dora) = (house.server.system(), house.dora.clone());
    let hook = [("name", "Chat"), ("url", "https://hooks.example.org"), ("secret", SECRET)];
    let hook = house.create(&system, "fl_webhook", &hook).unwrap().record.id.sys_id.to_string();
    let rule = |house: &mut House, message: &str| {
        let fields = [
            ("name", "Told"),
            ("collection", "incident"),
            ("action_insert", "true"),
            ("type", "webhook"),
            ("webhook", &*hook),
            ("subject", "{{short_description}}"),
            ("message", message),
        ];
        house.create(&system, "sysevent_email_action", &fields)
    };
    let refused = rule(&mut house, "{{work_notes}}").expect_err("inside").to_string();
    assert!(refused.contains("stay inside the house"), "{refused}");
    rule(&mut house, "By {{opened_by.name}}").unwrap();
    house.create(&dora, "incident", &[("short_description", "No link")]).unwrap();
    let sent = house.query(&system, "sys_outbound_http_log", "");
    let event: serde_json::Value = serde_json::from_str(sent[0].text("request_body")).unwrap();
    assert_eq!((sent.len(), &event["type"]), (1, &"notification".into()));
    assert_eq!(event["data"]["record"]["message"], "By Dora Dispatcher");
}

#[test]
fn a_connection_leads_to_an_address_and_a_step_says_what_it_may() {
    let mut house = House::new();
    let system = house.server.system();
    let alias = house.create(&system, "sys_alias", &[("name", "Jira")]).unwrap().record.id.sys_id.to_string();
    for (url, problem) in
        [("jira.example.org", "is no address"), ("https://jira.example.org/?a=1", "has a query; give it with the path")]
    {
        let fields = [("name", "x"), ("connection_alias", &*alias), ("connection_url", url)];
        let refused = house.create(&system, "http_connection", &fields).expect_err(problem).to_string();
        assert!(refused.contains(problem), "{refused}");
    }
    for (step, problem) in [
        (r#"{"do":"call","connection":"Jira","retries":3}"#, "is the retry policy's to say"),
        (r#"{"do":"call","connection":"Jira","headers":{"Host":"x"}}"#, "is not a flow's to say"),
        (r#"{"do":"notify","record":"trigger","subject":"x"}"#, "names nobody to tell"),
        (r#"{"do":"notify","record":"trigger","by":"webhook","subject":"x"}"#, "names no webhook"),
    ] {
        let fields = [("name", "x"), ("definition", &*format!("[{step}]"))];
        let refused = house.create(&system, "sys_hub_flow", &fields).expect_err(problem).to_string();
        assert!(refused.contains(problem), "{refused}");
    }
    for (more, problem) in [
        (vec![("table", "incident"), ("events", "late")], "\"late\" is no event"),
        (vec![("table", "cmdb_ci"), ("events", "breached")], "is no kind of task"),
        (vec![("table", "incident")], "names none"),
    ] {
        let fields = [&[("name", "x"), ("trigger_type", "sla_event")], &more[..]].concat();
        let refused = house.create(&system, "sys_hub_flow", &fields).expect_err(problem).to_string();
        assert!(refused.contains(problem), "{refused}");
    }
}
