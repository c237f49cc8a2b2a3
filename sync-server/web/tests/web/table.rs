use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};

use crate::house::{Answer, House, basic};

const INCIDENTS: &str = "/api/now/table/incident";

/// Creates an incident as `dora` and gives the whole answer.
async fn incident(house: &House, body: Value) -> Value {
    let answer = house.ask("POST", INCIDENTS, &basic("dora"), body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["result"].clone()
}

async fn get(house: &House, path: &str) -> Answer {
    house.ask("GET", path, &basic("dora"), Value::Null).await
}

fn path_of(record: &Value) -> String {
    format!("{INCIDENTS}/{}", record["sys_id"].as_str().expect("a sys_id"))
}

impl Answer {
    /// Asserts the Table API's error envelope and gives message and detail.
    fn failure(&self, status: u16) -> (String, String) {
        assert_eq!(self.status.as_u16(), status, "{}", String::from_utf8_lossy(&self.body));
        assert!(self.header("content-type").starts_with("application/json"));
        let body = self.json();
        assert_eq!(body["status"], "failure");
        let text = |name: &str| body["error"][name].as_str().unwrap_or("null").to_owned();
        (text("message"), text("detail"))
    }
}

#[tokio::test]
async fn a_new_record_answers_every_column_as_text_and_where_it_lives() {
    let house = House::new();
    let body = json!({ "short_description": "No heating", "impact": 1, "urgency": "1", "caller_id": house.mia });
    let answer = house.ask("POST", INCIDENTS, &basic("dora"), body).await;
    let record = answer.json()["result"].clone();
    let here = format!("http://fieldline.example{}", path_of(&record));
    assert_eq!((answer.status.as_u16(), answer.header("location")), (201, here.as_str()));
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
    for field in house.server.dictionary().table("incident").expect("shipped").fields.iter() {
        let value = &record[field.name.as_str()];
        assert!(value.is_string() || value["value"].is_string(), "{}: {value}", field.name);
    }
    for (field, value) in [
        ("short_description", "No heating"),
        ("impact", "1"),
        ("priority", "1"),
        ("state", "1"),
        ("active", "true"),
        ("sys_class_name", "incident"),
        ("opened_at", "2026-06-01 08:00:00"),
        ("assigned_to", ""),
        ("comments", ""),
    ] {
        assert_eq!(record[field], value, "{field}");
    }
    assert!(record["number"].as_str().is_some_and(|number| number.starts_with("INC")));
    let link = format!("http://fieldline.example/api/now/table/sys_user/{}", house.mia);
    assert_eq!(record["caller_id"], json!({ "link": link, "value": house.mia }));
}

#[tokio::test]
async fn values_are_answered_as_stored_as_people_read_them_or_both() {
    let house = House::new();
    let made = incident(&house, json!({ "short_description": "x", "impact": "1", "caller_id": house.mia })).await;
    let path = path_of(&made);
    let ask = async |parameters: &str| get(&house, &format!("{path}?{parameters}")).await.json()["result"].clone();
    let shown =
        ask("sysparm_display_value=True&sysparm_fields=caller_id,impact&sysparm_exclude_reference_link=true").await;
    assert_eq!(shown, json!({ "caller_id": "Mia Canaryname", "impact": "High" }));
    let both = ask("sysparm_display_value=all&sysparm_fields=impact,state,sys_class_name").await;
    assert_eq!(both["impact"], json!({ "display_value": "High", "value": "1" }));
    assert_eq!(both["state"], json!({ "display_value": "New", "value": "1" }));
    assert_eq!(both["sys_class_name"], json!({ "display_value": "Incident", "value": "incident" }));
    let walked = ask("sysparm_fields=caller_id.user_name,nonsense,number,caller_id.nonsense").await;
    assert_eq!(walked, json!({ "caller_id.user_name": "mia", "number": made["number"] }));
    let keys: Vec<_> = walked.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(keys, ["caller_id.user_name", "number"]);
}

#[tokio::test]
async fn a_list_is_queried_paged_and_counted() {
    let house = House::new();
    for (impact, text) in [("1", "first"), ("2", "second"), ("3", "third"), ("1", "fourth")] {
        incident(&house, json!({ "short_description": text, "impact": impact, "caller_id": house.mia })).await;
    }
    let page = "sysparm_query=short_descriptionSTARTSWITHf%5EORshort_description=third%5EORDERBYDESCnumber";
    let answer = get(&house, &format!("{INCIDENTS}?{page}&sysparm_fields=short_description&sysparm_limit=2")).await;
    let texts = json!([{ "short_description": "fourth" }, { "short_description": "third" }]);
    assert_eq!((answer.json()["result"].clone(), answer.header("x-total-count")), (texts, "3"));
    let link = answer.header("link");
    assert!(link.contains("<http://fieldline.example/api/now/table/incident?"), "{link}");
    assert!(link.contains("sysparm_offset=2>;rel=\"next\"") && link.contains("rel=\"last\""), "{link}");

    let plain = get(&house, &format!("{INCIDENTS}?impact=high&caller_id=mia&colour=red&sysparm_no_count=true")).await;
    assert_eq!(plain.json()["result"].as_array().map(Vec::len), Some(2));
    assert_eq!(plain.header("x-total-count"), "");
    let quiet = get(&house, &format!("{INCIDENTS}?sysparm_limit=1&sysparm_suppress_pagination_header=true")).await;
    assert_eq!((quiet.header("link"), quiet.header("x-total-count")), ("", "4"));
    let parent = get(&house, "/api/now/table/task?sysparm_query=active=true").await;
    assert_eq!(parent.header("x-total-count"), "4");
}

#[tokio::test]
async fn an_empty_list_is_a_404_only_in_the_first_version() {
    let house = House::new();
    for (version, status) in [("", 200), ("v2/", 200), ("v1/", 404)] {
        let path = format!("/api/now/{version}table/incident?sysparm_query=number=INC404");
        assert_eq!(get(&house, &path).await.status.as_u16(), status, "{version}");
    }
}

#[tokio::test]
async fn a_change_answers_the_record_and_takes_the_steps_of_its_life_cycle() {
    let house = House::new();
    let path = path_of(&incident(&house, json!({ "short_description": "x", "caller_id": house.mia })).await);
    let change = json!({ "state": "2", "assigned_to": house.mia, "work_notes": "Called back", "u_unknown": "1" });
    let changed = house.ask("PATCH", &path, &basic("dora"), change).await;
    assert_eq!(changed.status.as_u16(), 200, "{}", String::from_utf8_lossy(&changed.body));
    assert_eq!(
        (&changed.json()["result"]["state"], &changed.json()["result"]["active"]),
        (&json!("2"), &json!("true"))
    );
    let cleared = house.ask("PUT", &path, &basic("dora"), json!({ "assigned_to": "" })).await;
    assert_eq!(cleared.json()["result"]["assigned_to"], "");
    let notes = get(&house, &format!("{path}?sysparm_display_value=true&sysparm_fields=work_notes")).await.json();
    let text = "2026-06-01 08:00:00 - Dora Dispatcher (Work notes)\nCalled back\n\n";
    assert_eq!(notes["result"]["work_notes"], text);
}

#[tokio::test]
async fn input_may_be_what_people_read() {
    let house = House::new();
    let made = incident(&house, json!({ "short_description": "x" })).await;
    let change = json!({ "impact": "High", "caller_id": "Mia Canaryname" });
    let path = format!("{}?sysparm_input_display_value=true&sysparm_exclude_reference_link=true", path_of(&made));
    let changed = house.ask("PATCH", &path, &basic("dora"), change).await.json();
    assert_eq!((&changed["result"]["impact"], &changed["result"]["caller_id"]), (&json!("1"), &json!(house.mia)));
    let by_sign_in_name = incident(&house, json!({ "short_description": "x", "caller_id": "mia" })).await;
    assert_eq!(by_sign_in_name["caller_id"]["value"], json!(house.mia));
}

#[tokio::test]
async fn a_child_is_created_and_read_through_its_parents_table() {
    let house = House::new();
    let body = json!({ "sys_class_name": "incident", "short_description": "x" });
    let made = house.ask("POST", "/api/now/table/task", &basic("dora"), body).await.json()["result"].clone();
    assert_eq!(made["sys_class_name"], "incident");
    let read = get(&house, &format!("/api/now/table/task/{}", made["sys_id"].as_str().expect("an id"))).await;
    assert_eq!(read.json()["result"]["number"], made["number"]);
}

#[tokio::test]
async fn what_does_not_fit_is_refused_with_record_field_and_remedy() {
    let house = House::new();
    let path = path_of(&incident(&house, json!({ "short_description": "x" })).await);
    let change = async |body: Value| house.ask("PATCH", &path, &basic("dora"), body).await.failure(400).1;
    let choice = change(json!({ "impact": "9" })).await;
    assert!(choice.contains("impact") && choice.contains("1 (High), 2 (Medium), 3 (Low)"), "{choice}");
    assert!(change(json!({ "watch_list": [1] })).await.starts_with("watch_list: "));
    assert!(change(json!({ "due_date": "soon" })).await.contains("due_date"));
    assert!(change(json!({ "state": "99" })).await.contains("state"));
    assert!(change(json!([])).await.contains("must be an object"));

    let raw = Request::patch(&path).header("authorization", basic("dora")).header("content-type", "application/json");
    let broken = house.send(raw.body(Body::from("{\"state\": 2,}")).expect("well formed")).await;
    assert!(broken.failure(400).1.contains("line 1 column 13"));
    let raw = Request::patch(&path).header("authorization", basic("dora")).header("content-type", "text/csv");
    house.send(raw.body(Body::from("state\n2\n")).expect("well formed")).await.failure(415);
    let large = json!({ "description": "x".repeat(2 << 20) });
    house.ask("PATCH", &path, &basic("dora"), large).await.failure(413);
    let named = get(&house, &format!("{INCIDENTS}?sysparm_limit=ten")).await.failure(400).1;
    assert!(named.starts_with("sysparm_limit"), "{named}");
}

#[tokio::test]
async fn errors_read_as_clients_expect_them() {
    let house = House::new();
    for nobody in ["", "Basic bm9ib2R5Om5vYm9keQ==", "Bearer invented"] {
        let refused = house.ask("GET", INCIDENTS, nobody, Value::Null).await;
        let texts = ("User is not authenticated".into(), "Required to provide Auth information".into());
        assert_eq!(refused.failure(401), texts, "{nobody}");
        assert_eq!(refused.header("www-authenticate"), "BASIC realm=\"Service-now\"");
    }
    let none = ("No Record found".into(), "Record doesn't exist or ACL restricts the record retrieval".into());
    for id in ["00000000000000000000000000000000", "nonsense"] {
        assert_eq!(get(&house, &format!("{INCIDENTS}/{id}")).await.failure(404), none, "{id}");
    }
    assert_eq!(
        get(&house, "/api/now/table/nonsense").await.failure(400),
        ("Invalid table nonsense".into(), "null".into())
    );
    let pdf = Request::get(INCIDENTS).header("authorization", basic("dora")).header("accept", "application/pdf");
    house.send(pdf.body(Body::empty()).expect("well formed")).await.failure(406);
}

#[tokio::test]
async fn who_may_not_see_a_record_does_not_find_it_and_who_may_not_write_is_told_who_may() {
    let house = House::new();
    let path = path_of(&incident(&house, json!({ "short_description": "x" })).await);
    assert_eq!(house.ask("GET", &path, &basic("mia"), Value::Null).await.status.as_u16(), 404);
    let listed = house.ask("GET", INCIDENTS, &basic("mia"), Value::Null).await;
    assert_eq!((listed.json()["result"].clone(), listed.header("x-total-count")), (json!([]), "0"));
    let refused = house.ask("POST", "/api/now/table/sys_user", &basic("mia"), json!({ "user_name": "eve" })).await;
    let (message, detail) = refused.failure(403);
    assert_eq!(message, "Operation Failed");
    assert!(detail.contains("admin"), "{detail}");
}

#[tokio::test]
async fn a_devices_token_does_not_open_the_record_api() {
    let house = House::new();
    let body = json!({ "name": "phone", "public_key": "07".repeat(32) });
    let enrolled = house.ask("POST", "/api/v1/devices", &house.sign_in("mia").await, body).await.json();
    let token = format!("Bearer {}", enrolled["token"].as_str().expect("a token"));
    house.ask("GET", INCIDENTS, &token, Value::Null).await.failure(403);
}

#[tokio::test]
async fn a_stranger_with_a_token_learns_nothing_but_that_it_does_not_work() {
    let house = House::new();
    let lost = format!("{INCIDENTS}/{}", "0".repeat(32));
    let badly_asked = format!("{INCIDENTS}?sysparm_limit=many");
    for path in [INCIDENTS, "/api/now/table/no_such_table", &lost, &badly_asked, "/api/now/stats/no_such_table"] {
        let answer = house.ask("GET", path, "Bearer never-given-out", Value::Null).await;
        assert_eq!(answer.failure(401).0, "User is not authenticated", "{path}");
    }
    let token = house.sign_in("dora").await;
    for (path, status) in [(INCIDENTS, 200), ("/api/now/table/no_such_table", 400), (&lost, 404), (&badly_asked, 400)] {
        assert_eq!(house.ask("GET", path, &token, Value::Null).await.status.as_u16(), status, "{path}");
    }
}
