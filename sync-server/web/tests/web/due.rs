//! What is due is done by the running server, and what was stopped is for administrators.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::house::{House, basic};

async fn created(house: &House, table: &str, fields: Value) -> String {
    let made = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), fields).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

#[tokio::test]
async fn a_running_server_wakes_at_the_moment_of_a_breach_that_came_into_being_while_it_slept() {
    let house = House::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
    let never = std::future::pending();
    let serving = tokio::spawn(fieldline_web::serve(listener, house.server.clone(), house.clock(), never));
    // Nothing is due yet, so it sleeps for as long as it ever does.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let promise = json!({
        "name": "At once", "collection": "incident", "duration": "1970-01-01 00:00:01",
        "start_condition": "active=true", "stop_condition": "state=6",
    });
    created(&house, "contract_sla", promise).await;
    let incident = created(&house, "incident", json!({ "short_description": "No link" })).await;
    house.wait_minutes(1);
    let path = format!("/api/now/table/incident/{incident}?sysparm_fields=made_sla");
    let breached = async {
        while house.ask("GET", &path, &basic("admin"), Value::Null).await.json()["result"]["made_sla"] != "false" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), breached).await.expect("it woke long before it would have looked");
    serving.abort();
}

#[tokio::test]
async fn only_administrators_look_after_the_queue() {
    let house = House::new();
    let listed = house.ask("GET", "/api/v1/jobs", &basic("admin"), Value::Null).await;
    assert_eq!(listed.json(), json!({ "stopped": [] }));
    house.ask("GET", "/api/v1/jobs", &basic("dora"), Value::Null).await.problem(403);
    let retry = house.ask("POST", "/api/v1/jobs/retry", &basic("admin"), json!({ "name": "sla/1" })).await;
    retry.problem(404);
}
