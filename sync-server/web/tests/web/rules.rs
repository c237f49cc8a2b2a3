//! Rules over HTTP: written like any record, and asked why.

use serde_json::{Value, json};

use crate::house::{House, basic};

#[tokio::test]
async fn a_record_says_which_rule_wrote_a_field_and_who_wrote_another() {
    let house = House::new();
    let ask = async |method: &str, path: &str, body: Value| {
        let answer = house.ask(method, path, &basic("admin"), body).await;
        assert!(answer.status.is_success(), "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    };
    let group = ask("POST", "/api/now/table/sys_user_group", json!({ "name": "Network" })).await;
    let group = group["result"]["sys_id"].clone();
    let rule = json!({ "name": "Network", "table": "incident", "condition": "category=network", "group": group });
    let rule = ask("POST", "/api/now/table/sysrule_assignment", rule).await["result"]["sys_id"].clone();
    let incident = json!({ "short_description": "No link", "category": "network" });
    let incident = ask("POST", "/api/now/table/incident", incident).await["result"].clone();
    assert_eq!(incident["assignment_group"]["value"], group, "{incident}");
    let path = format!("/api/v1/records/incident/{}", incident["sys_id"].as_str().expect("a sys_id"));
    ask("PATCH", &path, json!({ "category": "hardware" })).await;
    let said = ask("GET", &format!("{path}/explanation"), Value::Null).await;
    let of = |field: &str| {
        let lines = said["fields"].as_array().expect("lines");
        lines.iter().find(|line| line["field"] == field).cloned().expect("it is explained")
    };
    let why = format!("rule \"Network\" (sysrule_assignment/{}, version 0)", rule.as_str().expect("a sys_id"));
    assert_eq!((&of("assignment_group")["why"], &of("assignment_group")["value"]), (&json!(why), &group));
    let category = of("category");
    let told = [&category["value"], &category["old"], &category["by"], &category["why"]];
    assert_eq!(told, [&json!("hardware"), &json!("network"), &json!("admin"), &json!("the record API")]);
    let strangers = house.ask("GET", &format!("{path}/explanation"), &basic("mia"), Value::Null).await;
    strangers.problem(404);
}
