//! A workaround and a fix are told to those who work on a problem's incidents.

use serde_json::{Value, json};

use crate::house::{House, basic};

async fn created(house: &House, table: &str, fields: Value) -> String {
    let made = house.ask("POST", &format!("/api/now/table/{table}"), &basic("dora"), fields).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

#[tokio::test]
async fn a_workaround_is_told_to_the_incidents_of_a_problem_by_who_may() {
    let house = House::new();
    let fields = json!({ "short_description": "Switches overheat", "workaround": "Open the door" });
    let problem = created(&house, "problem", fields).await;
    created(&house, "incident", json!({ "short_description": "No network", "problem_id": problem })).await;
    let tell = |who, what| {
        let (house, path) = (&house, format!("/api/v1/problems/{problem}/communicate-{what}"));
        async move { house.ask("POST", &path, &basic(who), Value::Null).await }
    };
    let told = tell("dora", "workaround").await;
    assert_eq!((told.status.as_u16(), told.json()), (200, json!({ "incidents": 1 })));
    tell("dora", "fix").await.problem(400);
    tell("mia", "workaround").await.problem(404);
    house.ask("POST", "/api/v1/problems/x/communicate-fix", &basic("dora"), Value::Null).await.problem(404);
}
