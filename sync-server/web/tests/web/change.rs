use serde_json::{Value, json};

use crate::house::{House, basic};

const CHANGE: &str = "/api/sn_chg_rest/change";

async fn ask(house: &House, method: &str, path: &str, body: Value) -> Value {
    let answer = house.ask(method, path, &basic("dora"), body).await;
    assert_eq!(answer.status.as_u16(), 200, "{method} {path} {}", String::from_utf8_lossy(&answer.body));
    if answer.body.is_empty() { Value::Null } else { answer.json()["result"].clone() }
}

async fn status(house: &House, who: &str, method: &str, path: &str, body: Value) -> u16 {
    let answer = house.ask(method, path, &basic(who), body).await;
    assert!(answer.status.is_success() || answer.json()["status"] == "failure");
    answer.status.as_u16()
}

/// Creates a record of any table as an administrator.
async fn made(house: &House, table: &str, body: Value) -> String {
    let answer = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["result"]["sys_id"].as_str().expect("an id").to_owned()
}

fn id(record: &Value) -> &str {
    record["sys_id"]["value"].as_str().expect("a sys_id")
}

/// A change by dora that is planned on an item from the hour `from` of 2 June to the hour `until`.
async fn planned(house: &House, item: &str, from: u32, until: u32) -> String {
    let body = json!({ "short_description": "x", "cmdb_ci": item, "start_date": format!("2026-06-01 {from:02}:00:00"),
        "end_date": format!("2026-06-01 {until:02}:00:00") });
    id(&ask(house, "POST", &format!("{CHANGE}/normal"), body).await).to_owned()
}

#[tokio::test]
async fn a_change_of_each_type_is_created_listed_changed_and_deleted() {
    let house = House::new();
    made(&house, "chg_model", json!({ "name": "Urgent", "record_preset": "type=emergency^category=Network^EQ" })).await;
    let body = json!({ "short_description": "New server", "category": "Hardware", "no_such_field": "x" });
    let normal = ask(&house, "POST", &format!("{CHANGE}/normal?description=From%20the%20address"), body).await;
    assert_eq!(normal["type"], json!({ "display_value": "Normal", "value": "normal" }));
    assert_eq!(normal["state"], json!({ "display_value": "New", "value": "-5" }));
    assert_eq!(normal["description"]["value"], "From the address");
    assert_eq!(normal["__meta"]["ignoredFields"], json!(["no_such_field"]));
    assert_eq!(normal["opened_at"]["display_value_internal"], "2026-06-01 08:00:00");
    let labelled = json!({ "type": "Emergency", "short_description": "Reboot" });
    assert_eq!(ask(&house, "POST", CHANGE, labelled).await["type"]["value"], "emergency");
    let modelled = json!({ "chg_model": "Urgent", "short_description": "Reboot" });
    let modelled = ask(&house, "POST", "/api/sn_chg_rest/v1/change", modelled).await;
    assert_eq!((&modelled["type"]["value"], &modelled["category"]["value"]), (&json!("emergency"), &json!("Network")));

    let count =
        async |path: &str| ask(&house, "GET", &format!("{CHANGE}{path}"), Value::Null).await.as_array().map(Vec::len);
    assert_eq!(
        [count("").await, count("/normal").await, count("/emergency").await, count("/standard").await],
        [Some(3), Some(1), Some(2), Some(0)]
    );
    assert_eq!(count("?sysparm_query=category=Network^ORtype=normal&sysparm_limit=1&sysparm_offset=1").await, Some(1));
    assert_eq!(count("/emergency?textSearch=reboot&sysparm_order=number").await, Some(2));
    assert_eq!(count("/normal?sysparm_query=type=emergency").await, Some(0));

    let path = format!("{CHANGE}/normal/{}", id(&normal));
    let changed = ask(&house, "PATCH", &format!("{path}?state=assess"), json!({ "risk": "2" })).await;
    assert_eq!(
        (&changed["state"]["display_value"], &changed["risk"]["display_value"]),
        (&json!("Assess"), &json!("High"))
    );
    let as_emergency = format!("{CHANGE}/emergency/{}", id(&normal));
    assert_eq!(status(&house, "dora", "GET", &as_emergency, Value::Null).await, 404);
    assert_eq!(status(&house, "dora", "DELETE", &path, Value::Null).await, 403);
    let gone = house.ask("DELETE", &path, &basic("admin"), Value::Null).await.json()["result"].clone();
    assert_eq!(gone["short_description"]["value"], "New server");
    assert_eq!(status(&house, "dora", "GET", &path, Value::Null).await, 404);
}

#[tokio::test]
async fn a_standard_change_is_filled_by_its_template_while_that_is_in_use() {
    let house = House::new();
    let group = made(&house, "sys_user_group", json!({ "name": "Network" })).await;
    let body = json!({ "name": "Add a switch", "table_name": "change_request",
        "preset": "type=normal^short_description=Add a switch^assignment_group.name=Network^risk=4" });
    let template = made(&house, "std_change_record_producer", body).await;
    for version in [2, 1] {
        let body =
            json!({ "name": format!("Add a switch - {version}"), "std_change_producer": template, "version": version });
        made(&house, "std_change_producer_version", body).await;
    }
    let listed = ask(&house, "GET", &format!("{CHANGE}/standard/template"), Value::Null).await;
    assert_eq!(listed[0]["name"]["value"], "Add a switch");
    let one = ask(&house, "GET", &format!("{CHANGE}/standard/template/{template}"), Value::Null).await;
    assert_eq!(id(&one), template);
    let path = format!("{CHANGE}/standard/{template}");
    let change = ask(&house, "POST", &path, json!({ "description": "Rack 7", "colour": "red" })).await;
    assert_eq!(
        (&change["type"]["value"], &change["short_description"]["value"]),
        (&json!("standard"), &json!("Add a switch"))
    );
    assert_eq!(change["assignment_group"], json!({ "display_value": "Network", "value": group }));
    assert_eq!(
        (&change["description"]["value"], &change["__meta"]["ignoredFields"]),
        (&json!("Rack 7"), &json!(["colour"]))
    );
    let read = ask(&house, "GET", &format!("{CHANGE}/standard/{}", id(&change)), Value::Null).await;
    assert_eq!(read["std_change_producer_version"]["display_value"], "Add a switch - 2");
    let retired = format!("/api/now/table/std_change_record_producer/{template}");
    house.ask("PATCH", &retired, &basic("admin"), json!({ "retired": "true" })).await;
    assert_eq!(status(&house, "dora", "POST", &path, json!({})).await, 400);
    assert_eq!(status(&house, "dora", "POST", &format!("{CHANGE}/standard/{}", "0".repeat(32)), json!({})).await, 404);
}

#[tokio::test]
async fn the_next_states_follow_the_type_and_say_what_is_missing() {
    let house = House::new();
    for (kind, states) in [("normal", json!(["-5", "-4", "4"])), ("emergency", json!(["-5", "-3", "4"]))] {
        let change = ask(&house, "POST", &format!("{CHANGE}/{kind}"), json!({ "short_description": "x" })).await;
        let next = ask(&house, "GET", &format!("{CHANGE}/{}/nextstates", id(&change)), Value::Null).await;
        assert_eq!(next["available_states"], states, "{kind}");
        assert_eq!(next["state_label"]["-5"], "New");
    }
    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let path = format!("{CHANGE}/{}", id(&change));
    for state in ["-4", "-3", "-2", "-1", "0"] {
        ask(&house, "PATCH", &path, json!({ "state": state })).await;
    }
    let next = ask(&house, "GET", &format!("{path}/nextstates"), Value::Null).await;
    let close = &next["state_transitions"][0][0];
    assert_eq!((&close["display_value"], &close["transition_available"]), (&json!("Review to Closed"), &json!(false)));
    let names: Vec<_> =
        close["conditions"].as_array().expect("conditions").iter().map(|one| &one["condition"]["name"]).collect();
    assert_eq!(names, ["Close code is filled in", "Close notes is filled in", "All change tasks are closed"]);
    assert_eq!(status(&house, "dora", "PATCH", &path, json!({ "state": "3" })).await, 400);
}

#[tokio::test]
async fn approvers_answer_for_themselves_and_the_change_follows() {
    let house = House::new();
    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let path = format!("{CHANGE}/{}", id(&change));
    ask(&house, "PATCH", &path, json!({ "state": "assess" })).await;
    let asked = async |who: &str| {
        made(&house, "sysapproval_approver", json!({ "approver": who, "sysapproval": id(&change) })).await;
    };
    asked("mia").await;
    asked("dora").await;
    let approvals = format!("{path}/approvals");
    assert_eq!(status(&house, "admin", "PATCH", &approvals, json!({ "state": "approved" })).await, 400);
    assert_eq!(status(&house, "dora", "PATCH", &approvals, json!({ "state": "perhaps" })).await, 400);
    let by_mia = house.ask("PATCH", &approvals, &basic("mia"), json!({ "state": "approved" })).await;
    assert_eq!(
        (by_mia.status.as_u16(), &by_mia.json()["result"]["state"]["value"]),
        (200, &json!("-4")),
        "one is outstanding"
    );
    assert_eq!(
        ask(&house, "PATCH", &approvals, json!({ "state": "approved" })).await["state"]["display_value"],
        "Authorize"
    );
    assert_eq!(
        status(&house, "dora", "PATCH", &approvals, json!({ "state": "approved" })).await,
        400,
        "answered already"
    );
    asked("dora").await;
    assert_eq!(status(&house, "dora", "PATCH", &approvals, json!({ "state": "rejected" })).await, 400, "no reason");
    let rejected =
        ask(&house, "PATCH", &approvals, json!({ "state": "rejected", "comments": "No backout plan" })).await;
    assert_eq!((&rejected["state"]["value"], &rejected["approval"]["value"]), (&json!("-5"), &json!("rejected")));
}

#[tokio::test]
async fn an_approval_answered_as_a_record_lets_the_change_follow_too() {
    let house = House::new();
    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let path = format!("{CHANGE}/{}", id(&change));
    ask(&house, "PATCH", &path, json!({ "state": "assess" })).await;
    let dora = house.ask("GET", "/api/now/table/sys_user?user_name=dora", &basic("dora"), Value::Null).await;
    let dora = dora.json()["result"][0]["sys_id"].clone();
    let asked = made(&house, "sysapproval_approver", json!({ "approver": dora, "sysapproval": id(&change) })).await;
    let asked = format!("/api/now/table/sysapproval_approver/{asked}");
    ask(&house, "PATCH", &asked, json!({ "state": "approved" })).await;
    assert_eq!(ask(&house, "GET", &path, Value::Null).await["state"]["display_value"], "Authorize");
}

#[tokio::test]
async fn a_changes_risk_is_the_highest_of_its_calculators_and_each_says_what_comes_first() {
    let house = House::new();
    let template = made(&house, "std_change_record_producer", json!({ "name": "Patch", "active": "true" })).await;
    let body = json!({ "short_description": "x", "category": "Network" });
    let change = ask(&house, "POST", &format!("{CHANGE}/standard/{template}"), body).await;
    let path = format!("{CHANGE}/standard/{}/risk", id(&change));
    let calculated = async || {
        let change = ask(&house, "PATCH", &path, Value::Null).await;
        [change["risk"]["value"].clone(), change["impact"]["value"].clone()]
    };
    let kept = [change["risk"]["value"].clone(), change["impact"]["value"].clone()];
    assert_eq!(calculated().await, kept, "no calculator says anything");
    for (calculator, order, condition, risk, impact) in [
        ("items", 1, "category=Hardware", "1", "1"),
        ("items", 2, "category=Network", "3", ""),
        ("items", 3, "", "2", "1"),
        ("hours", 1, "category=Network^type=standard", "2", "2"),
        ("idle", 1, "", "1", "1"),
    ] {
        let active = (calculator != "idle").to_string();
        let body = json!({ "name": "x", "calculator": calculator, "order": order, "condition": condition, "risk": risk,
            "impact": impact, "active": active });
        made(&house, "risk_conditions", body).await;
    }
    assert_eq!(calculated().await, ["2", "2"]);
    let normal = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let assessed = ask(&house, "PATCH", &format!("{CHANGE}/normal/{}/risk", id(&normal)), Value::Null).await;
    assert_eq!((&assessed["risk"]["value"], &assessed["impact"]["value"]), (&json!("2"), &json!("1")));
    let analysis = assessed["risk_impact_analysis"]["value"].as_str().expect("an analysis");
    assert!(analysis.contains("Calculator \"items\", condition \"x\": High risk, High impact."), "{analysis}");
    let other = format!("{CHANGE}/standard/{}/risk", id(&normal));
    assert_eq!(status(&house, "dora", "PATCH", &other, Value::Null).await, 404);
    assert_ne!(status(&house, "mia", "PATCH", &path, Value::Null).await, 200);
}

#[tokio::test]
async fn a_change_has_tasks_of_its_own() {
    let house = House::new();
    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let other = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "y" })).await;
    let tasks = format!("{CHANGE}/{}/task", id(&change));
    let task = ask(&house, "POST", &format!("{tasks}?short_description=Retire%20node"), json!({ "no_such": 1 })).await;
    assert_eq!(
        (&task["change_request"]["value"], &task["__meta"]["ignoredFields"]),
        (&json!(id(&change)), &json!(["no_such"]))
    );
    let listed = ask(&house, "GET", &format!("{tasks}?sysparm_query=active=true"), Value::Null).await;
    assert_eq!((listed.as_array().map(Vec::len), &listed[0]["number"]), (Some(1), &task["number"]));
    let one = format!("{tasks}/{}", id(&task));
    assert_eq!(ask(&house, "PATCH", &one, json!({ "state": "2" })).await["state"]["display_value"], "In Progress");
    assert_eq!(ask(&house, "GET", &one, Value::Null).await["short_description"]["value"], "Retire node");
    let elsewhere = format!("{CHANGE}/{}/task/{}", id(&other), id(&task));
    assert_eq!(status(&house, "dora", "GET", &elsewhere, Value::Null).await, 404);
    assert_eq!(status(&house, "admin", "DELETE", &one, Value::Null).await, 200);
    assert_eq!(status(&house, "dora", "GET", &one, Value::Null).await, 404);
}

#[tokio::test]
async fn what_a_change_touches_is_kept_and_leads_to_the_services_above() {
    let house = House::new();
    let kind = made(&house, "cmdb_rel_type", json!({ "name": "Depends on::Used by" })).await;
    let server = made(&house, "cmdb_ci_linux_server", json!({ "name": "lnx1" })).await;
    let application = made(&house, "cmdb_ci_appl", json!({ "name": "Payroll engine" })).await;
    let service = made(&house, "cmdb_ci_service", json!({ "name": "Payroll" })).await;
    for (parent, child) in [(&service, &application), (&application, &server)] {
        made(&house, "cmdb_rel_ci", json!({ "parent": parent, "child": child, "type": kind })).await;
    }
    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let path = format!("{CHANGE}/{}", id(&change));
    let body = json!({ "cmdb_ci_sys_ids": format!("{server},nonsense"), "association_type": "affected" });
    let worker = ask(&house, "POST", &format!("{path}/ci"), body.clone()).await;
    assert_eq!(
        (&worker["type"], &worker["state"]),
        (&json!("affected"), &json!({ "value": 3, "display_value": "Complete" }))
    );
    assert_eq!(worker["messages"]["warningMessages"], json!(["Invalid CMDB_CI sys_id provided: nonsense"]));
    let link = worker["worker"]["link"].as_str().expect("a link").to_owned();
    assert_eq!(ask(&house, "GET", link.trim_start_matches("http://fieldline.example"), Value::Null).await, worker);
    let again = ask(&house, "POST", &format!("{path}/ci"), body).await;
    assert_eq!(again["messages"]["infoMessages"].as_array().map(Vec::len), Some(1));
    let affected = ask(&house, "GET", &format!("{path}/ci?association_type=affected"), Value::Null).await;
    assert_eq!(
        (affected.as_array().map(Vec::len), &affected[0]["ci_item"]["display_value"]),
        (Some(1), &json!("lnx1"))
    );
    ask(&house, "POST", &format!("{path}/refresh_impacted_services"), Value::Null).await;
    let impacted = ask(&house, "GET", &format!("{path}/ci?association_type=impacted"), Value::Null).await;
    assert_eq!(impacted[0]["cmdb_ci_service"], json!({ "display_value": "Payroll", "value": service }));
    assert_eq!(status(&house, "dora", "GET", &format!("{path}/ci?association_type=loved"), Value::Null).await, 400);
}

#[tokio::test]
async fn changes_on_one_item_at_one_time_collide_and_free_time_is_found() {
    let house = House::new();
    let item = made(&house, "cmdb_ci_linux_server", json!({ "name": "lnx1" })).await;
    let first = planned(&house, &item, 9, 11).await;
    let second = planned(&house, &item, 10, 12).await;
    planned(&house, &item, 12, 13).await;
    let elsewhere = made(&house, "cmdb_ci_linux_server", json!({ "name": "lnx2" })).await;
    planned(&house, &elsewhere, 10, 12).await;
    let path = format!("{CHANGE}/{second}/conflict");
    let before = ask(&house, "GET", &path, Value::Null).await;
    assert_eq!((&before["status"], &before["conflicts"]), (&json!("Not Run"), &json!([])));
    assert!(ask(&house, "POST", &path, Value::Null).await.is_string());
    let found = ask(&house, "GET", &path, Value::Null).await;
    assert_eq!(
        (&found["status"], &found["record_count"], &found["last_run"]),
        (&json!("Conflict"), &json!("1"), &json!("2026-06-01 08:00:00"))
    );
    let conflict = &found["conflicts"][0];
    assert_eq!(
        (&conflict["conflicting_change"]["value"], &conflict["configuration_item"]["display_value"]),
        (&json!(first), &json!("lnx1"))
    );
    ask(&house, "DELETE", &path, Value::Null).await;

    let spans = ask(&house, "GET", &format!("{CHANGE}/ci/{item}/schedule?duration_in_seconds=3600"), Value::Null).await;
    let starts: Vec<_> =
        spans["payload"]["spans"].as_array().expect("spans").iter().map(|span| &span["start"]["value"]).collect();
    assert_eq!(starts, ["2026-06-01 08:00:00", "2026-06-01 13:00:00"]);
    let plan = format!("{CHANGE}/{second}/schedule/first_available");
    ask(&house, "PATCH", &plan, json!({ "duration_in_seconds": "7200" })).await;
    let moved = ask(&house, "GET", &format!("{CHANGE}/{second}"), Value::Null).await;
    assert_eq!(
        (&moved["start_date"]["value"], &moved["end_date"]["value"]),
        (&json!("2026-06-01 13:00:00"), &json!("2026-06-01 15:00:00"))
    );
    ask(&house, "POST", &path, Value::Null).await;
    assert_eq!(ask(&house, "GET", &path, Value::Null).await["status"], "No Conflict");
    let own = ask(&house, "GET", &format!("{CHANGE}/{second}/schedule"), Value::Null).await;
    assert_eq!(own["type"], "schedule");
    let unplanned = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    assert_eq!(
        status(&house, "dora", "POST", &format!("{CHANGE}/{}/conflict", id(&unplanned)), Value::Null).await,
        400
    );
}

#[tokio::test]
async fn who_may_not_see_changes_finds_none() {
    let house = House::new();
    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let path = format!("{CHANGE}/{}", id(&change));
    assert_eq!(status(&house, "mia", "GET", &path, Value::Null).await, 404);
    assert_eq!(house.ask("GET", CHANGE, &basic("mia"), Value::Null).await.json()["result"], json!([]));
    assert_eq!(
        status(&house, "mia", "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await,
        403
    );
    assert_eq!(status(&house, "nobody", "GET", CHANGE, Value::Null).await, 401);
    assert_eq!(status(&house, "dora", "GET", &format!("{CHANGE}/model/none"), Value::Null).await, 404);
    assert_eq!(status(&house, "dora", "PUT", &path, json!({})).await, 405);
}

#[tokio::test]
async fn a_policy_written_over_the_api_asks_and_its_answers_take_the_change_on() {
    let house = House::new();
    let dora = house.ask("GET", "/api/now/table/sys_user?user_name=dora", &basic("dora"), Value::Null).await;
    let dora = dora.json()["result"][0]["sys_id"].clone();
    let policy = "/api/now/table/chg_policy_approval?sysparm_query=state=-4";
    let policy = house.ask("GET", policy, &basic("dora"), Value::Null).await.json()["result"][0].clone();
    assert_eq!((&policy["approved_state"], &policy["rejected_state"]), (&json!("-3"), &json!("-5")));
    let definition = made(&house, "chg_approval_def", json!({ "name": "Dora", "user": dora })).await;
    let decision = json!({ "decision_table": policy["sys_id"], "label": "Always", "answer": definition });
    made(&house, "sys_decision_question", decision).await;
    let nonsense =
        json!({ "decision_table": policy["sys_id"], "label": "x", "answer": definition, "condition": "colour=red" });
    let refused = house.ask("POST", "/api/now/table/sys_decision_question", &basic("admin"), nonsense).await;
    assert_eq!(refused.status.as_u16(), 400);
    let said = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(said.contains("is no condition of a change"), "{said}");

    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let path = format!("{CHANGE}/{}", id(&change));
    let asked = ask(&house, "PATCH", &path, json!({ "state": "assess" })).await;
    assert_eq!(asked["approval"]["value"], "requested");
    assert!(asked["approval_history"]["value"].as_str().is_some_and(|text| text.contains("decision \"Always\"")));
    let approved = ask(&house, "PATCH", &format!("{path}/approvals"), json!({ "state": "approved" })).await;
    assert_eq!(approved["state"]["display_value"], "Authorize");
}

#[tokio::test]
async fn a_change_on_hold_goes_nowhere_and_says_so() {
    let house = House::new();
    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), json!({ "short_description": "x" })).await;
    let path = format!("{CHANGE}/{}", id(&change));
    ask(&house, "PATCH", &path, json!({ "on_hold": "true", "on_hold_reason": "Parts" })).await;
    let refused = house.ask("PATCH", &path, &basic("dora"), json!({ "state": "assess" })).await;
    let said = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(refused.status.as_u16() == 400 && said.contains("may only be cancelled"), "{said}");
    let next = ask(&house, "GET", &format!("{path}/nextstates"), Value::Null).await;
    assert_eq!(next["available_states"], json!(["-5", "4"]), "held, it may only be cancelled");
    assert_eq!(ask(&house, "PATCH", &path, json!({ "state": "4" })).await["state"]["display_value"], "Canceled");
}

#[tokio::test]
async fn a_blackout_stands_in_the_way_and_free_time_keeps_clear_of_it() {
    let house = House::new();
    let item = made(&house, "cmdb_ci_linux_server", json!({ "name": "lnx1" })).await;
    let body = json!({ "name": "Freeze", "source": "ci_class", "applies_to": "cmdb_ci_server" });
    let freeze = made(&house, "cmn_schedule_blackout", body).await;
    let entry =
        json!({ "schedule": freeze, "start_date_time": "2026-06-01 08:00:00", "end_date_time": "2026-06-01 20:00:00" });
    made(&house, "cmn_schedule_span", entry).await;
    let change = planned(&house, &item, 9, 11).await;
    let path = format!("{CHANGE}/{change}/conflict");
    ask(&house, "POST", &path, Value::Null).await;
    let found = ask(&house, "GET", &path, Value::Null).await;
    let conflict = &found["conflicts"][0];
    assert_eq!(
        (&conflict["type"]["value"], &conflict["schedule"]["display_value"]),
        (&json!("blackout"), &json!("Freeze"))
    );
    ask(
        &house,
        "PATCH",
        &format!("{CHANGE}/{change}/schedule/first_available"),
        json!({ "duration_in_seconds": 7200 }),
    )
    .await;
    let moved = ask(&house, "GET", &format!("{CHANGE}/{change}"), Value::Null).await;
    assert_eq!(
        (&moved["start_date"]["value"], &moved["conflict_status"]["value"]),
        (&json!("2026-06-01 20:00:00"), &json!("No Conflict")),
        "it is looked again by itself"
    );
}

#[tokio::test]
async fn a_score_says_which_changes_made_it() {
    let house = House::new();
    let group = made(&house, "sys_user_group", json!({ "name": "Network" })).await;
    let body = json!({ "short_description": "x", "assignment_group": group });
    let change = ask(&house, "POST", &format!("{CHANGE}/normal"), body.clone()).await;
    let path = format!("{CHANGE}/{}", id(&change));
    for state in ["-4", "-3", "-2", "-1", "0"] {
        ask(&house, "PATCH", &path, json!({ "state": state })).await;
    }
    let closing = json!({ "state": "3", "close_code": "successful", "close_notes": "Done" });
    ask(&house, "PATCH", &path, closing).await;
    let next = ask(&house, "POST", &format!("{CHANGE}/normal"), body).await;
    let scores = ask(&house, "GET", &format!("{CHANGE}/{}/success_score", id(&next)), Value::Null).await;
    let team = &scores["team_score"];
    assert_eq!((&team["score"], &team["rating"], &scores["model_score"]), (&json!(3), &json!("Medium"), &Value::Null));
    assert_eq!(team["parts"][0]["change"]["value"], id(&change));
    assert_eq!(status(&house, "mia", "GET", &format!("{CHANGE}/{}/success_score", id(&next)), Value::Null).await, 404);
}
