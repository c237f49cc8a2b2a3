//! The portal and the desk's side of it over HTTP: shapes, statuses, and who is let in.

use serde_json::{Value, json};

use crate::house::{House, basic};

async fn made(house: &House, table: &str, body: Value) -> String {
    let answer = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["result"]["sys_id"].as_str().expect("an id").to_owned()
}

async fn ask(house: &House, who: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = house.ask(method, path, &basic(who), body).await;
    (answer.status.as_u16(), answer.json())
}

/// A house with a customer of an account.
async fn with_customer() -> (House, String) {
    let house = House::new();
    house.hire("carla", &["customer"]);
    house.hire("max", &["case_manager", "case_agent"]);
    let account = made(&house, "customer_account", json!({ "name": "Boxeo" })).await;
    let users =
        ask(&house, "admin", "GET", "/api/now/table/sys_user?sysparm_query=user_name=carla", Value::Null).await.1;
    let user = users["result"][0]["sys_id"].clone();
    made(&house, "customer_contact", json!({ "name": "Carla", "account": account, "user": user })).await;
    (house, account)
}

#[tokio::test]
async fn a_customer_opens_follows_and_rates_a_case() {
    let (house, account) = with_customer().await;
    made(&house, "service_entitlement", json!({ "name": "Care", "account": account })).await;
    let body = json!({ "short_description": "No power", "description": "Since noon" });
    let (status, opened) = ask(&house, "carla", "POST", "/api/v1/portal/cases", body).await;
    assert_eq!(
        (status, &opened["case"]["entitlement"], &opened["suggestions"]),
        (201, &json!("Care"), &json!([])),
        "{opened}"
    );
    let path = format!("/api/v1/portal/cases/{}", opened["case"]["sys_id"].as_str().expect("an id"));
    let (status, said) =
        ask(&house, "carla", "POST", &format!("{path}/comments"), json!({ "comment": "Hello?" })).await;
    assert_eq!((status, &said["timeline"][1]["text"]), (200, &json!("Hello?")));
    assert_eq!(
        ask(&house, "carla", "POST", &format!("{path}/accept"), Value::Null).await.0,
        400,
        "nothing is proposed"
    );
    assert_eq!(ask(&house, "carla", "POST", &format!("{path}/close"), Value::Null).await.0, 200);
    assert_eq!(ask(&house, "carla", "POST", &format!("{path}/survey"), json!({})).await.0, 400, "no score");
    assert_eq!(ask(&house, "carla", "POST", &format!("{path}/survey"), json!({ "score": 4 })).await.0, 200);
    let figures =
        ask(&house, "max", "GET", &format!("/api/v1/case-surveys/figures?account={account}"), Value::Null).await;
    assert_eq!(
        figures.1,
        json!({ "asked": 1, "answered": 1, "scores": { "4": 1 }, "mean": 4.0, "content_percent": 100.0 })
    );
    for (list, count) in [
        ("cases", 1),
        ("cases?open=true", 0),
        ("assets", 0),
        ("install-base", 0),
        ("contracts", 0),
        ("entitlements", 1),
        ("work-orders", 0),
    ] {
        let (status, listed) = ask(&house, "carla", "GET", &format!("/api/v1/portal/{list}"), Value::Null).await;
        assert_eq!((status, listed["items"].as_array().map(Vec::len)), (200, Some(count)), "{list}");
        assert_eq!(ask(&house, "mia", "GET", &format!("/api/v1/portal/{list}"), Value::Null).await.0, 403, "{list}");
    }
    assert_eq!(
        ask(&house, "carla", "GET", &format!("/api/v1/portal/cases/{}", "0".repeat(32)), Value::Null).await.0,
        404
    );
}

#[tokio::test]
async fn the_desk_asks_why_decides_and_renews() {
    let (house, account) = with_customer().await;
    let contract =
        json!({ "short_description": "Care", "account": account, "state": "active", "ends": "2026-07-01 00:00:00" });
    let contract = made(&house, "ast_contract", contract).await;
    made(&house, "service_entitlement", json!({ "name": "Care", "account": account, "contract": contract })).await;
    let case = made(
        &house,
        "sn_customerservice_case",
        json!({ "short_description": "No power", "account": account, "contract": contract }),
    )
    .await;
    let at = |what: &str| format!("/api/v1/cases/{case}/{what}");
    let (status, why) = ask(&house, "max", "GET", &at("entitlement"), Value::Null).await;
    assert_eq!(
        (status, &why["candidates"][0]["score"], &why["candidates"][0]["matched"]),
        (200, &json!(5), &json!(["account", "contract"]))
    );
    assert_eq!(why["entitlement"], why["candidates"][0]["sys_id"]);
    assert_eq!(ask(&house, "max", "POST", &at("major/propose"), Value::Null).await.1["major_case_state"], "proposed");
    let other = made(&house, "customer_account", json!({ "name": "Other" })).await;
    let (status, children) = ask(&house, "max", "POST", &at("major/accept"), json!({ "accounts": [other] })).await;
    assert_eq!((status, children["cases"].as_array().map(Vec::len)), (200, Some(1)));
    let act = |what: &str| format!("/api/v1/contracts/{contract}/{what}");
    assert_eq!(ask(&house, "max", "POST", &act("suspend"), json!({})).await.0, 400, "it says why");
    for (what, body, state) in [
        ("suspend", json!({ "reason": "Not paid" }), "suspended"),
        ("resume", Value::Null, "active"),
        ("renew", json!({ "until": "2027-07-01T00:00:00Z" }), "draft"),
        ("cancel", json!({ "reason": "Moved" }), "cancelled"),
    ] {
        let (status, answer) = ask(&house, "max", "POST", &act(what), body).await;
        assert_eq!((status, &answer["state"]), (200, &json!(state)), "{what}: {answer}");
    }
    let incident = made(&house, "incident", json!({ "short_description": "Down" })).await;
    let proactive =
        ask(&house, "dora", "POST", &format!("/api/v1/incidents/{incident}/proactive-cases"), Value::Null).await;
    assert_eq!(proactive, (200, json!({ "cases": [] })));
    let timeline = format!("/api/v1/records/sn_customerservice_case/{case}/timeline");
    assert_eq!(ask(&house, "max", "GET", &timeline, Value::Null).await.1["records"].as_array().map(Vec::len), Some(2));
    assert_eq!(ask(&house, "max", "GET", &format!("{timeline}?audience=nobody"), Value::Null).await.0, 400);
    assert_eq!(ask(&house, "mia", "GET", &timeline, Value::Null).await.0, 404);
}
