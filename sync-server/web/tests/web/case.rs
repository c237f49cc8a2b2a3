use serde_json::{Value, json};

use crate::house::{House, basic};

const CASE: &str = "/api/sn_customerservice/case";

async fn ask(house: &House, method: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = house.ask(method, path, &basic("admin"), body).await;
    (answer.status.as_u16(), answer.json())
}

async fn made(house: &House, table: &str, body: Value) -> String {
    let (status, answer) = ask(house, "POST", &format!("/api/now/table/{table}"), body).await;
    assert_eq!(status, 201, "{answer}");
    answer["result"]["sys_id"].as_str().expect("an id").to_owned()
}

/// A case and its contact's account.
async fn case(house: &House) -> (String, String) {
    let account = made(house, "customer_account", json!({ "name": "Boxeo" })).await;
    let contact = made(house, "customer_contact", json!({ "name": "Alex Linde", "account": account })).await;
    let body =
        json!({ "short_description": "No power", "contact": contact, "contact_type": "phone", "u_unknown": "x" });
    let (status, answer) = ask(house, "POST", CASE, body).await;
    assert_eq!(status, 201, "{answer}");
    let result = answer["result"].as_object().expect("an object");
    assert_eq!(result.keys().collect::<Vec<_>>(), ["sys_id", "number"]);
    assert!(result["number"].as_str().is_some_and(|number| number.starts_with("CS")));
    (result["sys_id"].as_str().expect("an id").to_owned(), account)
}

#[tokio::test]
async fn a_case_belongs_to_its_contacts_account_and_is_found_by_identity_and_number() {
    let house = House::new();
    let (id, account) = case(&house).await;
    let (status, read) = ask(&house, "GET", &format!("{CASE}/{id}"), Value::Null).await;
    assert_eq!((status, &read["result"]["account"]), (200, &json!(account)), "references are bare");
    let number = read["result"]["number"].as_str().expect("a number");
    let path =
        format!("/api/sn_customerservice/v1/case/{number}?sysparm_fields=account,state&sysparm_display_value=true");
    let shown = ask(&house, "GET", &path, Value::Null).await.1;
    assert_eq!(shown["result"], json!({ "account": "Boxeo", "state": "New" }));
    for path in ["0".repeat(32), "CS404".into()] {
        assert_eq!(ask(&house, "GET", &format!("{CASE}/{path}"), Value::Null).await.0, 404);
    }
}

#[tokio::test]
async fn cases_are_listed_ten_at_a_time_and_counted() {
    let house = House::new();
    for number in 0..12 {
        let body = json!({ "short_description": format!("case {number}"), "priority": "1" });
        assert_eq!(ask(&house, "POST", CASE, body).await.0, 201);
    }
    let listed = house.ask("GET", &format!("{CASE}?sysparm_query=priority=1"), &basic("admin"), Value::Null).await;
    assert_eq!((listed.json()["result"].as_array().map(Vec::len), listed.header("x-total-count")), (Some(10), "12"));
    let page = ask(&house, "GET", &format!("{CASE}?limit=5&offset=10&fields=number"), Value::Null).await.1;
    assert_eq!(page["result"].as_array().map(Vec::len), Some(2), "the short names of parameters will do");
    let none = house.ask("GET", CASE, &basic("mia"), Value::Null).await;
    assert_eq!(none.json()["result"], json!([]));
}

#[tokio::test]
async fn a_change_answers_little_or_all_of_the_case() {
    let house = House::new();
    let (id, _) = case(&house).await;
    let path = format!("{CASE}/{id}");
    let (status, brief) = ask(&house, "PUT", &path, json!({ "state": "10", "priority": "2" })).await;
    assert_eq!((status, brief["result"].as_object().map(serde_json::Map::len)), (201, Some(2)));
    let full = format!("{path}?sysparm_get_case_details=true&sysparm_display_value=true");
    let (_, full) = ask(&house, "PUT", &full, json!({ "priority": "3" })).await;
    assert_eq!((&full["result"]["priority"], &full["result"]["state"]), (&json!("Moderate"), &json!("Open")));
    assert_eq!(ask(&house, "PUT", &path, json!({ "priority": "9" })).await.0, 400);
    assert_eq!(ask(&house, "PUT", &path, json!({ "state": "6" })).await.0, 400, "a solution needs its code and notes");
    let by_mia = house.ask("PUT", &path, &basic("mia"), json!({ "priority": "1" })).await;
    assert_eq!((by_mia.status.as_u16(), &by_mia.json()["status"]), (404, &json!("failure")));
}

#[tokio::test]
async fn what_was_said_is_listed_newest_first_and_by_kind() {
    let house = House::new();
    let (id, _) = case(&house).await;
    let path = format!("{CASE}/{id}");
    for (field, text) in [("comments", "Send a photo please"), ("work_notes", "Fuse?"), ("comments", "Thank you")] {
        house.wait_minutes(1);
        assert_eq!(ask(&house, "PUT", &path, json!({ field: text })).await.0, 201);
    }
    let stream = ask(&house, "GET", &format!("{path}/activities"), Value::Null).await.1["result"].clone();
    let said: Vec<_> =
        stream["entries"].as_array().expect("entries").iter().map(|entry| entry["value"].clone()).collect();
    assert_eq!(said, ["Thank you", "Fuse?", "Send a photo please"]);
    let entry = &stream["entries"][0];
    assert_eq!((&entry["element"], &entry["sys_created_on"]), (&json!("comments"), &json!("2026-06-01 08:03:00")));
    assert_eq!((&stream["table"], &stream["user_login"]), (&json!("sn_customerservice_case"), &json!("admin")));
    let notes = ask(&house, "GET", &format!("{path}/activities?sysparm_activity_type=work_notes"), Value::Null).await.1;
    assert_eq!(notes["result"]["entries"].as_array().map(Vec::len), Some(1));
    let page = house
        .ask("GET", &format!("{path}/activities?sysparm_limit=1&sysparm_offset=1"), &basic("admin"), Value::Null)
        .await;
    assert_eq!((&page.json()["result"]["entries"][0]["value"], page.header("x-total-count")), (&json!("Fuse?"), "3"));
}

#[tokio::test]
async fn what_a_field_may_hold_is_listed() {
    let house = House::new();
    let (id, _) = case(&house).await;
    let values = async |path: &str| ask(&house, "GET", &format!("{CASE}{path}"), Value::Null).await;
    assert_eq!(values("/field_values/priority").await.1["result"][0], json!({ "label": "Critical", "value": "1" }));
    assert_eq!(values("/field_values/state").await.1["result"][1], json!({ "label": "Open", "value": "10" }));
    assert_eq!(values(&format!("/{id}/field_values/contact")).await.1["result"][0]["label"], "Alex Linde");
    let none = values("/field_values/contact?sysparm_query=name=Nobody").await.1;
    assert_eq!(none["result"], json!([]));
    for field in ["short_description", "nonsense"] {
        assert_eq!(values(&format!("/field_values/{field}")).await.0, 400, "{field}");
    }
    assert_eq!(values(&format!("/{}/field_values/contact", "0".repeat(32))).await.0, 404);
}

#[tokio::test]
async fn tables_and_their_columns_are_listed_for_screens_that_let_people_choose() {
    let house = House::new();
    let path = "/api/now/doc/table/schema";
    let tables = ask(&house, "GET", path, Value::Null).await.1["result"].clone();
    let incident = json!({ "label": "Incident", "value": "incident" });
    assert!(tables.as_array().expect("a list").contains(&incident));
    let columns = ask(&house, "GET", &format!("{path}/incident"), Value::Null).await.1["result"].clone();
    let column = |name: &str| columns.as_array().into_iter().flatten().find(|one| one["name"] == name).cloned();
    let caller = column("caller_id").expect("a column");
    assert_eq!((&caller["type"], &caller["reference"]), (&json!("reference"), &json!("sys_user")));
    assert_eq!(column("impact").expect("a column")["choices"][0], json!({ "label": "High", "value": "1" }));
    let (status, unknown) = ask(&house, "GET", &format!("{path}/nonsense"), Value::Null).await;
    assert_eq!((status, &unknown["error"]["message"]), (400, &json!("Invalid table nonsense")));
    let nobody = house.ask("GET", path, &basic("nobody"), Value::Null).await;
    assert_eq!(nobody.status.as_u16(), 401);
}
