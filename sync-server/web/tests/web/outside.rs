//! Flows that others call, and secrets that are written and never read.

use serde_json::{Value, json};

use crate::house::{House, basic};

async fn created(house: &House, table: &str, fields: Value) -> String {
    let made = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), fields).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    assert!(!String::from_utf8_lossy(&made.body).contains("hush"), "not even in the answer to who wrote it");
    made.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

#[tokio::test]
async fn a_flow_that_waits_for_calls_begins_with_what_was_sent() {
    let house = House::new();
    let steps = r#"[{"do":"create","table":"incident","fields":{"short_description":"{{body.title}}"}}]"#;
    let flow = json!({ "name": "Alert", "trigger_type": "inbound_call", "definition": steps });
    let path = format!("/api/v1/flows/{}/call", created(&house, "sys_hub_flow", flow).await);
    let begun = house.ask("POST", &path, &basic("admin"), json!({ "title": "Disk full" })).await;
    assert_eq!(begun.status.as_u16(), 202, "{}", String::from_utf8_lossy(&begun.body));
    let (now, mut rng) = (house.clock().now(), fieldline_web::Entropy::open());
    assert_eq!(house.server.do_due(1, now, &mut rng).expect("it runs"), 1);
    let made = house
        .ask("GET", "/api/now/table/incident?sysparm_fields=short_description", &basic("admin"), Value::Null)
        .await;
    assert_eq!(made.json()["result"], json!([{ "short_description": "Disk full" }]));
    let run = format!("/api/now/table/sys_flow_context/{}", begun.json()["run"].as_str().expect("a run"));
    assert_eq!(house.ask("GET", &run, &basic("admin"), Value::Null).await.json()["result"]["state"], "complete");
    let hidden = house.ask("POST", &path, &basic("mia"), json!({})).await;
    assert_eq!(hidden.status.as_u16(), 404);
}

#[tokio::test]
async fn a_secret_is_written_and_never_read_whichever_way_somebody_asks() {
    let house = House::new();
    let fields = json!({ "name": "Client", "token_url": "https://id.example.org/token", "client_id": "us", "client_secret": "hush 1" });
    let id = created(&house, "oauth_2_0_credentials", fields).await;
    created(&house, "basic_auth_credentials", json!({ "name": "Desk", "user_name": "us", "password": "hush 2" })).await;
    created(&house, "api_key_credentials", json!({ "name": "Key", "api_key": "hush 3" })).await;
    let path = format!("/api/now/table/oauth_2_0_credentials/{id}");
    house.ask("PATCH", &path, &basic("admin"), json!({ "client_secret": "hush 4", "client_id": "them" })).await;
    let mut found = 0;
    for path in [
        path.as_str(),
        &format!("{path}?sysparm_display_value=all"),
        "/api/now/table/discovery_credentials?sysparm_query=client_secretLIKEhush",
        "/api/now/table/basic_auth_credentials?sysparm_query=passwordSTARTSWITHh",
        "/api/now/table/sys_audit",
        "/api/now/table/sys_metadata",
        "/api/now/stats/api_key_credentials?sysparm_group_by=api_key&sysparm_count=true",
        "/api/v1/search?words=hush",
        "/oauth_2_0_credentials_list.do?CSV",
        "/api_key_credentials_list.do?XML",
        &format!("/api/v1/records/oauth_2_0_credentials/{id}"),
        &format!("/api/v1/records/oauth_2_0_credentials/{id}/explanation"),
    ] {
        let answer = house.ask("GET", path, &basic("admin"), Value::Null).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(answer.status.is_success() && !text.contains("hush"), "{path}: {text}");
        found += usize::from(text.contains("them"));
    }
    assert!(found > 3, "what is no secret is found the same ways");
    let hidden = house.ask("GET", &path, &basic("dora"), Value::Null).await;
    assert_eq!(hidden.status.as_u16(), 404);
}
