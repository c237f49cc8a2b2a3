//! Work orders over HTTP, and what customers reach by a link.

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::{Value, json};

use crate::dispatch::riviera;
use crate::house::{Answer, House};

async fn asks(house: &House, who: &str, path: &str, body: Value, status: u16) -> Value {
    let answer = house.ask("POST", path, who, body).await;
    assert_eq!(answer.status.as_u16(), status, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

/// A link, as the path of its address.
async fn link(house: &House, who: &str, task: &str, purpose: &str) -> String {
    let made = asks(house, who, "/api/v1/links", json!({ "task": task, "purpose": purpose }), 201).await;
    let url = made["url"].as_str().expect("an address").to_owned();
    url.strip_prefix("http://fieldline.example").expect("of this server").to_owned()
}

async fn sends(house: &House, path: &str, form: &str) -> Answer {
    let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    house.send(request.body(Body::from(form.to_owned())).expect("a request")).await
}

fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).expect("text")
}

#[tokio::test]
async fn an_order_is_made_of_an_incident_once() {
    let house = House::new();
    let dora = house.sign_in("dora").await;
    let incident =
        asks(&house, &dora, "/api/now/table/incident", json!({ "short_description": "No water" }), 201).await;
    let incident = incident["result"]["sys_id"].as_str().expect("an id");
    let path = format!("/api/v1/work-orders/from/incident/{incident}");
    let first = asks(&house, &dora, &path, Value::Null, 201).await;
    assert_eq!((&first["created"], first["tasks"].as_array().map(Vec::len)), (&json!(true), Some(1)));
    let again = asks(&house, &dora, &path, json!({}), 200).await;
    assert_eq!((&again["created"], &again["sys_id"]), (&json!(false), &first["sys_id"]));
    let another = asks(&house, &dora, &path, json!({ "another": true }), 201).await;
    assert_ne!(another["sys_id"], first["sys_id"]);
    let wrong = house.ask("POST", &format!("/api/v1/work-orders/from/sys_user/{incident}"), &dora, json!({})).await;
    assert!(wrong.problem(400).contains("no work order is made from it"));
}

#[tokio::test]
async fn a_customer_books_a_window_on_a_page_without_script_and_moves_it() {
    let house = House::new();
    let (admin, dora) = (house.sign_in("admin").await, house.sign_in("dora").await);
    let (_, task) = riviera(&house, &admin).await;
    let config = json!({ "name": "Usual", "window_seconds": "7200", "lead_seconds": "0",
        "reschedule_cutoff_seconds": "0", "cancel_cutoff_seconds": "0" });
    asks(&house, &admin, "/api/now/table/sn_apptmnt_booking_service_config", config, 201).await;
    let page = link(&house, &dora, &task, "book").await;
    let shown = house.ask("GET", &page, "", Value::Null).await;
    assert_eq!(shown.status.as_u16(), 200, "{}", text(&shown));
    let policy = shown.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("form-action 'self'"), "{policy}");
    assert_eq!((shown.header("cache-control"), shown.header("referrer-policy")), ("no-store", "no-referrer"));
    let html = text(&shown);
    assert!(!html.contains("<script") && html.contains("lang=\"en\"") && html.contains("We are planning your visit."));
    let start = "2026-06-01T10:00:00.000Z";
    assert!(html.contains(&format!("value=\"{start}\"")), "{html}");

    let booked = sends(&house, &format!("{page}/book"), &format!("start={start}")).await;
    assert_eq!(booked.status.as_u16(), 200, "{}", text(&booked));
    assert!(text(&booked).contains("2026-06-01 10:00 to 12:00 (UTC)"), "{}", text(&booked));
    let api = format!("/api/v1{page}");
    let visit = house.ask("GET", &api, "", Value::Null).await.json();
    assert_eq!((&visit["window_start"], &visit["state"]), (&json!(start), &json!("planning")));
    assert_eq!(visit.get("work_notes"), None);
    let missed = sends(&house, &format!("{page}/book"), "start=2026-06-01T23:00:00Z").await;
    assert_eq!(missed.status.as_u16(), 409);
    assert!(
        text(&missed).contains("role=\"alert\"") && text(&missed).contains("not free any more"),
        "{}",
        text(&missed)
    );
    let moved = asks(&house, "", &format!("{api}/book"), json!({ "start": "2026-06-01T12:00:00Z" }), 200).await;
    assert_eq!((&moved["state"], &moved["start"]), (&json!("booked"), &json!("2026-06-01T12:00:00.000Z")));
    let cancelled = asks(&house, "", &format!("{api}/cancel"), json!({ "reason": "away" }), 200).await;
    assert_eq!(cancelled["state"], "cancelled");
    let windows = asks(&house, &dora, &format!("/api/v1/appointments/{task}/windows"), json!({ "days": 1 }), 200).await;
    assert_eq!(windows["windows"].as_array().map(Vec::len), Some(4), "{windows}");
}

#[tokio::test]
async fn who_tries_addresses_learns_nothing_and_is_slowed_down() {
    let house = House::new();
    let (admin, dora) = (house.sign_in("admin").await, house.sign_in("dora").await);
    let (_, task) = riviera(&house, &admin).await;
    let page = link(&house, &dora, &task, "track").await;
    let wrong = format!("{}A", &page[..page.len() - 1]);
    let guessed = house.ask("GET", &wrong, "", Value::Null).await;
    let nothing = house.ask("GET", "/c/nothing", "", Value::Null).await;
    assert_eq!((guessed.status.as_u16(), text(&guessed)), (404, text(&nothing)));
    let denied = sends(&house, &format!("{page}/sign"), "name=Eve&decision=accept").await;
    assert_eq!(denied.status.as_u16(), 409, "a link is for one purpose: {}", text(&denied));
    let mia = house.sign_in("mia").await;
    let body = json!({ "task": task, "purpose": "track" });
    house.ask("POST", "/api/v1/links", &mia, body).await.problem(403);

    let mut statuses = Vec::new();
    for _ in 0..70 {
        statuses.push(house.ask("GET", "/c/nothing", "", Value::Null).await.status.as_u16());
    }
    assert_eq!((statuses[0], statuses[69]), (404, 429), "{statuses:?}");
}

#[tokio::test]
async fn a_customer_signs_on_the_page() {
    let house = House::new();
    let (admin, dora, mia) = (house.sign_in("admin").await, house.sign_in("dora").await, house.sign_in("mia").await);
    let (_, task) = riviera(&house, &admin).await;
    let record = format!("/api/now/table/wm_task/{task}");
    house.ask("PATCH", &record, &dora, json!({ "assigned_to": house.mia.to_string(), "state": "16" })).await;
    for state in ["accepted", "18"] {
        let answer = house.ask("PATCH", &record, &mia, json!({ "state": state })).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", text(&answer));
    }
    let page = link(&house, &dora, &task, "sign").await;
    let html = text(&house.ask("GET", &page, "", Value::Null).await);
    assert!(
        html.contains("name=\"decision\"") && html.contains("<dd>Mia</dd>") && !html.contains("Canaryname"),
        "{html}"
    );
    let signed = sends(&house, &format!("{page}/sign"), "name=Eve+%3CAdams%3E&decision=accept").await;
    assert_eq!(signed.status.as_u16(), 200, "{}", text(&signed));
    assert!(text(&signed).contains("Eve &lt;Adams&gt;"), "{}", text(&signed));
    let shown = house.ask("GET", &record, &dora, Value::Null).await.json();
    assert_eq!(shown["result"]["signed_by"], "Eve <Adams>");
}
