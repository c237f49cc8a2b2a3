use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::house::{House, PASSWORD, basic};

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let house = House::new();
    let answer = house.ask("POST", "/api/v1/session", "", json!({ "user_name": "mia", "password": PASSWORD })).await;
    assert_eq!(answer.status.as_u16(), 200);
    assert_eq!(answer.json()["user"], house.mia.to_string());
    assert!(answer.json()["expires_at"].as_str().is_some_and(|at| at.starts_with("2026-06-0")));
    let token = format!("Bearer {}", answer.json()["token"].as_str().expect("a token"));
    assert_eq!(house.ask("GET", "/api/v1/devices", &token, Value::Null).await.status.as_u16(), 200);
    assert_eq!(house.ask("DELETE", "/api/v1/session", &token, Value::Null).await.status.as_u16(), 204);
    let after = house.ask("GET", "/api/v1/devices", &token, Value::Null).await;
    after.problem(401);
    assert!(after.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_read_the_same() {
    let house = House::new();
    let mut details = Vec::new();
    for user_name in ["mia", "nobody"] {
        let body = json!({ "user_name": user_name, "password": "wrong-password" });
        details.push(house.ask("POST", "/api/v1/session", "", body).await.problem(401));
    }
    assert_eq!(details[0], details[1]);
}

#[tokio::test]
async fn guessing_is_slowed_down_with_a_time_to_come_back() {
    let house = House::new();
    let body = json!({ "user_name": "mia", "password": "wrong-password" });
    for _ in 0..10 {
        house.ask("POST", "/api/v1/session", "", body.clone()).await.problem(401);
    }
    let locked = house.ask("POST", "/api/v1/session", "", body).await;
    locked.problem(429);
    let seconds: i64 = locked.header("retry-after").parse().expect("seconds");
    assert!((60..=901).contains(&seconds), "{seconds}");
    house.wait_minutes(16);
    house.sign_in("mia").await;
}

#[tokio::test]
async fn a_session_ends_by_itself_and_basic_authentication_goes_on() {
    let house = House::new();
    let token = house.sign_in("dora").await;
    for _ in 0..2 {
        assert_eq!(house.ask("GET", "/api/v1/devices", &basic("dora"), Value::Null).await.status.as_u16(), 200);
    }
    house.wait_minutes(24 * 60);
    house.ask("GET", "/api/v1/devices", &token, Value::Null).await.problem(401);
    assert_eq!(house.ask("GET", "/api/v1/devices", &basic("dora"), Value::Null).await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_where_and_why() {
    let house = House::new();
    let send = async |content_type: &str, body: &str| {
        let request = Request::post("/api/v1/session").header("content-type", content_type);
        house.send(request.body(Body::from(body.to_owned())).expect("well formed")).await
    };
    assert!(send("application/json", "{\"user_name\": ").await.problem(400).contains("line 1 column 14"));
    assert!(
        send("application/json", "{\"user_name\": \"mia\"}").await.problem(400).contains("missing field `password`")
    );
    assert!(send("text/plain", "mia").await.problem(415).contains("application/json"));
    let large = "x".repeat(2 << 20);
    assert!(send("application/json", &large).await.problem(413).contains("1048576"));
}

#[tokio::test]
async fn paths_that_do_not_exist_answer_in_their_familys_form() {
    let house = House::new();
    house.ask("GET", "/api/v1/nothing", "", Value::Null).await.problem(404);
    house.ask("PUT", "/api/v1/session", "", Value::Null).await.problem(405);
    let table = house.ask("GET", "/api/now/nothing", "", Value::Null).await;
    assert_eq!((table.status.as_u16(), &table.json()["status"]), (404, &json!("failure")));
    let long = format!("/api/now/table/incident?sysparm_query={}", "a".repeat(23_000));
    let refused = house.ask("GET", &long, "", Value::Null).await;
    assert_eq!(refused.status.as_u16(), 414);
    assert!(refused.body.starts_with(b"<html>"));
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_keeps_browsers_from_guessing() {
    let house = House::new();
    for path in ["/healthz", "/metrics", "/api/v1/nothing", "/api/now/table/incident"] {
        let answer = house.ask("GET", path, "", Value::Null).await;
        assert_eq!(answer.header("x-request-id").len(), 16, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let metrics = house.ask("GET", "/metrics", "", Value::Null).await;
    let text = String::from_utf8(metrics.body).expect("text");
    assert!(
        text.contains(
            "fieldline_http_request_duration_seconds_count{method=\"GET\",route=\"/healthz\",status=\"200\"} 1"
        )
    );
    assert!(text.contains("fieldline_sign_ins_total 0"), "{text}");
}
