use axum::body::Body;
use axum::http::{Request, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::house::{Answer, House, basic};

const BATCH: &str = "/api/now/v1/batch";
const INCIDENTS: &str = "/api/now/table/incident";

fn item(id: impl Into<Value>, method: &str, url: &str, body: &Value) -> Value {
    let body = if body.is_null() { String::new() } else { BASE64_STANDARD.encode(body.to_string()) };
    let headers = json!([{ "name": "Content-Type", "value": "application/json" }]);
    json!({ "id": id.into(), "method": method, "url": url, "headers": headers, "body": body })
}

async fn send(house: &House, items: Value) -> Answer {
    house.ask("POST", BATCH, &basic("dora"), json!({ "batch_request_id": 7, "rest_requests": items })).await
}

async fn done(house: &House, items: Value) -> Vec<Value> {
    let answer = send(house, items).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.body));
    let answer = answer.json();
    assert_eq!((&answer["batch_request_id"], &answer["unserviced_requests"]), (&json!("7"), &json!([])));
    answer["serviced_requests"].as_array().expect("a list").clone()
}

fn body(answer: &Value) -> Value {
    let bytes = BASE64_STANDARD.decode(answer["body"].as_str().expect("text")).expect("base64");
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

fn header<'a>(answer: &'a Value, name: &str) -> &'a str {
    let headers = answer["headers"].as_array().expect("a list");
    let found = headers.iter().find(|header| header["name"] == name);
    found.and_then(|header| header["value"].as_str()).unwrap_or_default()
}

#[tokio::test]
async fn requests_are_done_in_order_each_with_its_own_answer_and_headers() {
    let house = House::new();
    let given = json!({ "short_description": "one", "impact": "2" });
    let answers = done(
        &house,
        json!([
            item(1, "POST", INCIDENTS, &given),
            item("b", "GET", &format!("{INCIDENTS}?sysparm_query=short_description=one&sysparm_limit=5"), &Value::Null),
            item(2.5, "GET", "/api/now/table/nonsense", &Value::Null),
            item(4, "POST", &format!("https://fieldline.example{INCIDENTS}"), &json!({ "short_description": "two" })),
            item(5, "get", "/api/now/table/incident?sysparm_query=short_description STARTSWITHtw", &Value::Null),
        ]),
    )
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| (answer["id"].clone(), answer["status_code"].clone())).collect();
    let wanted = [("1", 201), ("b", 200), ("2.5", 400), ("4", 201), ("5", 200)];
    assert_eq!(statuses, wanted.map(|(id, status)| (json!(id), json!(status))));
    assert_eq!(answers[0]["status_text"], "Created");
    assert!(header(&answers[0], "Location").starts_with("http://fieldline.example/api/now/table/incident/"));
    assert_eq!(
        (header(&answers[1], "X-Total-Count"), &body(&answers[1])["result"][0]["short_description"]),
        ("1", &json!("one"))
    );
    assert_eq!(body(&answers[2])["error"]["message"], "Invalid table nonsense");
    assert!(answers.iter().all(|answer| answer["execution_time"].is_number()));
}

#[tokio::test]
async fn an_item_acts_as_the_caller_and_may_be_as_long_as_no_line_is() {
    let house = House::new();
    let mut as_admin = item(1, "POST", "/api/now/table/cmn_skill", &json!({ "name": "Gas" }));
    as_admin["headers"]
        .as_array_mut()
        .expect("a list")
        .push(json!({ "name": "Authorization", "value": basic("admin") }));
    let long = format!("{INCIDENTS}?sysparm_query=number={}", "1".repeat(30_000));
    let mut quiet = item(2, "GET", &long, &Value::Null);
    quiet["exclude_response_headers"] = json!(true);
    let answers = done(&house, json!([as_admin, quiet])).await;
    assert_eq!(answers[0]["status_code"], 403, "the header of an item does not change who asks");
    assert_eq!((&answers[1]["status_code"], &answers[1]["headers"]), (&json!(200), &json!([])));
    let nobody = house.ask("POST", BATCH, "", json!({ "rest_requests": [] })).await;
    assert_eq!((nobody.status.as_u16(), nobody.header("www-authenticate")), (401, "BASIC realm=\"Service-now\""));
}

#[tokio::test]
async fn what_makes_no_sense_is_answered_in_its_place_and_a_batch_holds_no_batch() {
    let house = House::new();
    let nested = item(1, "POST", "/api/now/batch", &json!({ "rest_requests": [] }));
    let mut no_base64 = item(2, "POST", INCIDENTS, &Value::Null);
    no_base64["body"] = json!("***");
    let mut no_header = item(3, "GET", INCIDENTS, &Value::Null);
    no_header["headers"] = json!([{ "name": "a b", "value": "c" }]);
    let answers = done(
        &house,
        json!([nested, no_base64, no_header, { "id": 4 }, item(5, "BREW", INCIDENTS, &Value::Null), item(6, "GET", INCIDENTS, &Value::Null)]),
    )
    .await;
    let statuses: Vec<_> = answers.iter().map(|answer| answer["status_code"].as_u64().expect("a number")).collect();
    assert_eq!(statuses, [400, 400, 400, 400, 405, 200]);
    assert!(body(&answers[0])["error"]["detail"].as_str().expect("text").contains("cannot hold a batch"));
}

#[tokio::test]
async fn what_is_over_a_limit_is_named_as_unserviced_and_the_rest_goes_on() {
    let house = House::new();
    let mut large = item("in", "POST", INCIDENTS, &Value::Null);
    large["body"] = json!(BASE64_STANDARD.encode(vec![b' '; (5 << 20) + 1]));
    let answer = send(&house, json!([large, item("on", "GET", INCIDENTS, &Value::Null)])).await.json();
    assert_eq!(answer["unserviced_requests"], json!(["in"]));
    assert_eq!(answer["serviced_requests"][0]["id"], "on");

    let request = Request::post(BATCH).header("authorization", basic("dora"));
    let request = request.header("content-type", "application/json").header("x-batchrequest-max-output-size", "40");
    let items =
        [item("long", "GET", "/api/now/table/sys_user", &Value::Null), item("short", "GET", INCIDENTS, &Value::Null)];
    let request = request.body(json!({ "rest_requests": items }).to_string().into()).expect("well formed");
    let answer = house.send(request).await.json();
    assert_eq!(
        (&answer["unserviced_requests"], &answer["serviced_requests"][0]["id"]),
        (&json!(["long"]), &json!("short"))
    );
}

#[tokio::test]
async fn a_long_address_is_kept_for_its_owner_under_a_short_name() {
    let house = House::new();
    for text in ["one", "two"] {
        house.ask("POST", INCIDENTS, &basic("dora"), json!({ "short_description": text })).await;
    }
    let query =
        format!("sysparm_query=short_description=one^NQnumber={}&sysparm_fields=short_description", "1".repeat(30_000));
    let url = json!({ "url": format!("https://fieldline.example{INCIDENTS}?{query}") });
    let kept = house.ask("POST", "/api/now/tinyurl", &basic("dora"), url.clone()).await;
    assert_eq!(kept.status, StatusCode::CREATED);
    let short = kept.json()["result"].as_str().expect("text").to_owned();
    let name = short.strip_prefix("incident_list.do?sysparm_tiny=").expect("the table's list");
    let listed = house.ask("GET", &format!("{INCIDENTS}?sysparm_tiny={name}"), &basic("dora"), Value::Null).await;
    assert_eq!(listed.json(), json!({ "result": [{ "short_description": "one" }] }));
    let narrowed = format!("{INCIDENTS}?sysparm_tiny={name}&sysparm_fields=number");
    let narrowed = house.ask("GET", &narrowed, &basic("dora"), Value::Null).await.json();
    assert!(narrowed["result"][0]["number"].is_string(), "what stands beside the name counts: {narrowed}");
    let in_batch =
        done(&house, json!([item(1, "GET", &format!("{INCIDENTS}?sysparm_tiny={name}"), &Value::Null)])).await;
    assert_eq!(body(&in_batch[0])["result"][0]["short_description"], "one");
    let again = house.ask("POST", "/api/now/tinyurl", &basic("dora"), url).await;
    assert_eq!(again.json()["result"], short.as_str());
    let path = format!("{INCIDENTS}?sysparm_tiny={name}");
    for (who, status) in [("admin", 404), ("nobody", 401)] {
        assert_eq!(house.ask("GET", &path, &basic(who), Value::Null).await.status.as_u16(), status, "{who}");
    }
    let elsewhere = house.ask("POST", "/api/now/tinyurl", &basic("dora"), json!({ "url": "https://h/login" })).await;
    assert_eq!(elsewhere.status.as_u16(), 400);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        Just(json!("/api/now/table/incident")),
        Just(json!("POST")),
        Just(json!("Content-Type")),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop_oneof![
            Just("id"),
            Just("method"),
            Just("url"),
            Just("headers"),
            Just("body"),
            Just("name"),
            Just("value"),
            Just("rest_requests"),
            Just("batch_request_id"),
            Just("exclude_response_headers"),
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((name, inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

#[test]
fn no_batch_whatever_it_holds_breaks_the_server() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let house = runtime.block_on(async { House::new() });
    let dora = runtime.block_on(house.sign_in("dora"));
    let check = |bytes: Vec<u8>| {
        let request = Request::post(BATCH).header("authorization", dora.as_str());
        let request = request.header("content-type", "application/json").body(bytes.into()).expect("well formed");
        let answer = runtime.block_on(house.send(request));
        assert!(answer.status.as_u16() < 500, "{answer:?}");
        if answer.status == StatusCode::OK {
            let answer = answer.json();
            let serviced = answer["serviced_requests"].as_array().expect("a list");
            assert!(serviced.iter().all(|one| one["status_code"].as_u64() < Some(500)), "{answer}");
        }
    };
    let cases = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(cases, |(bytes in proptest::collection::vec(any::<u8>(), 0..200), items in any_json())| {
        check(bytes);
        check(json!({ "rest_requests": [items] }).to_string().into_bytes());
    });
}

#[tokio::test]
async fn answers_come_one_by_one_as_they_are_to_who_takes_parts() {
    let house = House::new();
    let items = json!([
        item(1, "GET", "/api/now/stats/incident?sysparm_count=true", &Value::Null),
        { "id": "x", "method": "GET", "url": "/api/now/table/none", "headers": [{ "name": "Accept", "value": "application/xml" }] },
        { "id": 3, "method": "GET", "url": "/api/now/stats/incident", "exclude_response_headers": true },
    ]);
    let request = Request::post(BATCH).header("authorization", basic("dora")).header("accept", "multipart/mixed");
    let request = request.header("content-type", "application/json");
    let body = json!({ "batch_request_id": 7, "rest_requests": items }).to_string();
    let answer = house.send(request.body(Body::from(body)).expect("well formed")).await;
    let mark = answer.header("content-type").strip_prefix("multipart/mixed; boundary=").expect("parts").to_owned();
    let text = String::from_utf8(answer.body).expect("text");
    let parts: Vec<&str> = text.split(&format!("--{mark}")).collect();
    assert_eq!((parts.len(), parts[0], parts[5]), (6, "", "--\r\n"));
    let (head, envelope) = parts[1].split_once("\r\n\r\n").expect("a head");
    let envelope: Value = serde_json::from_str(envelope).expect("JSON");
    assert!(head.contains("Content-Type: application/json") && envelope["serviced_requests"][1]["status_code"] == 400);
    assert!(
        parts[2].contains("Content-ID: <1>\r\n\r\nHTTP/1.1 200 OK\r\n")
            && parts[2].contains("\r\nContent-Type: application/json")
    );
    assert!(parts[2].ends_with("\r\n\r\n{\"result\":{\"stats\":{\"count\":\"0\"}}}\r\n"), "{}", parts[2]);
    assert!(
        parts[3].contains("HTTP/1.1 400 Bad Request\r\n") && parts[3].contains("<message>Invalid table none</message>")
    );
    assert!(parts[4].contains("Content-ID: <3>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"result\""), "{}", parts[4]);
}
