use serde_json::{Value, json};

use crate::house::{House, basic};

/// Defines a map from `imp_user` to a table and gives its `sys_id`.
async fn map(house: &House, name: &str, target: &str, more: Value) -> String {
    let mut body = json!({ "name": name, "source_table": "imp_user", "target_table": target });
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    made(house, "sys_transform_map", body).await
}

async fn field(house: &House, map: &str, source: &str, target: &str, more: Value) {
    let mut body = json!({ "map": map, "source_field": source, "target_field": target });
    body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
    made(house, "sys_transform_entry", body).await;
}

async fn made(house: &House, table: &str, body: Value) -> String {
    let answer = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["result"]["sys_id"].as_str().expect("an id").to_owned()
}

/// Sends one row as `admin` and gives the only entry of the answer.
async fn sent(house: &House, row: Value) -> Value {
    let answer = house.ask("POST", "/api/now/import/imp_user", &basic("admin"), row).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    let body = answer.json();
    assert_eq!(body["result"].as_array().map(Vec::len), Some(1), "{body}");
    body["result"][0].clone()
}

/// People recognised by their user name.
async fn people(house: &House) -> String {
    let map = map(house, "User", "sys_user", json!({})).await;
    field(house, &map, "u_user_id", "user_name", json!({ "coalesce": true })).await;
    field(house, &map, "u_full_name", "name", json!({})).await;
    field(house, &map, "u_email", "email", json!({})).await;
    map
}

#[tokio::test]
async fn a_row_becomes_a_record_and_the_same_row_again_changes_nothing() {
    let house = House::new();
    people(&house).await;
    let row = json!({ "u_user_id": "john.public", "u_full_name": "John Public", "u_email": "john@example.com" });
    let answer = house.ask("POST", "/api/now/v1/import/imp_user", &basic("admin"), row.clone()).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (201, "application/json;charset=UTF-8"));
    let body = answer.json();
    assert_eq!(body["staging_table"], "imp_user");
    assert!(body["import_set"].as_str().is_some_and(|number| number.starts_with("ISET")), "{body}");
    let entry = &body["result"][0];
    let id = entry["sys_id"].as_str().expect("an id");
    let wanted = json!({
        "transform_map": "User", "table": "sys_user", "display_name": "name", "display_value": "John Public",
        "record_link": format!("http://fieldline.example/api/now/table/sys_user/{id}"),
        "status": "inserted", "sys_id": id,
    });
    assert_eq!(*entry, wanted);

    let again = sent(&house, row).await;
    assert_eq!((&again["status"], &again["sys_id"]), (&json!("ignored"), &json!(id)));
    let moved = sent(&house, json!({ "User ID": "john.public", "Email": "public@example.com" })).await;
    assert_eq!((&moved["status"], &moved["sys_id"]), (&json!("updated"), &json!(id)));
    let record = house.ask("GET", &format!("/api/now/table/sys_user/{id}"), &basic("admin"), Value::Null).await.json();
    assert_eq!(record["result"]["email"], "public@example.com");
    assert_eq!(record["result"]["name"], "John Public", "what a row does not say stays");
}

#[tokio::test]
async fn a_row_that_does_not_fit_says_why_and_stops_no_other_map() {
    let house = House::new();
    people(&house).await;
    let second = map(&house, "Also", "sys_user", json!({ "order": "200" })).await;
    field(&house, &second, "u_user_id", "manager.name", json!({})).await;
    let row = json!({ "u_user_id": "eve", "u_full_name": "Eve" });
    let answer = house.ask("POST", "/api/now/import/imp_user", &basic("admin"), row).await.json();
    assert_eq!(answer["result"][0]["status"], "inserted");
    let failed = &answer["result"][1];
    assert_eq!((&failed["status"], &failed["sys_id"]), (&json!("error"), &json!("")));
    let why = failed["error_message"].as_str().expect("a reason");
    assert!(why.contains("manager.name") && why.contains("does not walk"), "{why}");
}

#[tokio::test]
async fn a_row_without_anything_to_recognise_its_record_by_is_skipped() {
    let house = House::new();
    people(&house).await;
    let entry = sent(&house, json!({ "u_full_name": "Nobody" })).await;
    assert_eq!(entry["status"], "skipped");
    assert!(entry["status_message"].as_str().is_some_and(|why| why.starts_with("user_name is empty")), "{entry}");
}

#[tokio::test]
async fn a_reference_is_looked_up_made_left_out_or_a_reason_to_reject() {
    let house = House::new();
    let map = map(&house, "Incident", "incident", json!({})).await;
    field(&house, &map, "text", "short_description", json!({})).await;
    field(&house, &map, "who", "caller_id", json!({ "choice_action": "reject" })).await;
    field(&house, &map, "team", "assignment_group", json!({ "choice_action": "create" })).await;
    field(&house, &map, "mail", "assigned_to", json!({ "choice_action": "ignore", "reference_value_field": "email" }))
        .await;
    field(&house, &map, "due", "due_date", json!({ "date_format": "dd-MM-yyyy" })).await;
    let row = json!({ "text": "x", "who": "mia", "team": "Night shift", "mail": "no@where", "due": "24-12-2026" });
    let entry = sent(&house, row).await;
    assert_eq!((&entry["status"], &entry["display_name"]), (&json!("inserted"), &json!("number")), "{entry}");
    let path = format!(
        "/api/now/table/incident/{}?sysparm_exclude_reference_link=true&sysparm_fields=caller_id,assigned_to,\
         assignment_group.name,due_date",
        entry["sys_id"].as_str().expect("an id")
    );
    let record = house.ask("GET", &path, &basic("admin"), Value::Null).await.json()["result"].clone();
    let wanted = json!({ "caller_id": house.mia, "assigned_to": "", "assignment_group.name": "Night shift",
        "due_date": "2026-12-24 00:00:00" });
    assert_eq!(record, wanted);
    let rejected = sent(&house, json!({ "text": "x", "who": "stranger" })).await;
    assert_eq!(rejected["status"], "skipped");
    let undated = sent(&house, json!({ "text": "x", "due": "soon" })).await;
    assert!(undated["error_message"].as_str().is_some_and(|why| why.contains("dd-MM-yyyy")), "{undated}");
}

#[tokio::test]
async fn many_rows_come_in_one_request_and_each_can_be_asked_for() {
    let house = House::new();
    people(&house).await;
    let rows: Vec<_> =
        (0..60).map(|n| json!({ "u_user_id": format!("user{n}"), "u_full_name": format!("User {n}") })).collect();
    let path = "/api/now/import/imp_user/insertMultiple";
    let answer = house.ask("POST", path, &basic("admin"), json!({ "records": rows })).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    let set = answer.json()["import_set_id"].as_str().expect("an id").to_owned();
    let query =
        format!("/api/now/table/sys_import_set_row?sysparm_query=sys_import_set={set}^sys_import_state=inserted");
    let listed = house.ask("GET", &query, &basic("admin"), Value::Null).await;
    assert_eq!(listed.header("x-total-count"), "60");
    let row = listed.json()["result"][0]["sys_id"].as_str().expect("an id").to_owned();
    let told = house.ask("GET", &format!("/api/now/import/imp_user/{row}"), &basic("admin"), Value::Null).await;
    assert_eq!((told.status.as_u16(), &told.json()["result"][0]["status"]), (200, &json!("inserted")));
    let elsewhere = house.ask("GET", &format!("/api/now/import/imp_other/{row}"), &basic("admin"), Value::Null).await;
    assert_eq!(elsewhere.status.as_u16(), 404);
    let processed =
        house.ask("GET", &format!("/api/now/table/sys_import_set/{set}"), &basic("admin"), Value::Null).await;
    assert_eq!(processed.json()["result"]["state"], "processed");
}

#[tokio::test]
async fn who_may_not_import_and_what_is_no_staging_table_is_refused() {
    let house = House::new();
    people(&house).await;
    let row = json!({ "u_user_id": "x" });
    for (path, who, status) in [
        ("/api/now/import/imp_user", "mia", 403),
        ("/api/now/import/imp_nothing", "admin", 400),
        ("/api/now/import/imp_user", "nobody", 401),
    ] {
        let answer = house.ask("POST", path, &basic(who), row.clone()).await;
        assert_eq!(answer.status.as_u16(), status, "{path} {who}");
        assert_eq!(answer.json()["status"], "failure");
    }
    let broken = house.ask("POST", "/api/now/import/imp_user", &basic("admin"), json!([])).await;
    assert_eq!(broken.status.as_u16(), 400);
}

#[tokio::test]
async fn of_an_import_half_of_which_is_broken_the_other_half_goes_in_and_each_row_says_what_is_wrong() {
    let house = House::new();
    let map = map(&house, "Server", "cmdb_ci_linux_server", json!({})).await;
    field(&house, &map, "u_serial", "serial_number", json!({ "coalesce": true })).await;
    field(&house, &map, "u_name", "name", json!({})).await;
    field(&house, &map, "u_ram", "ram", json!({})).await;
    field(&house, &map, "u_bought", "purchase_date", json!({ "date_format": "dd-MM-yyyy" })).await;
    field(&house, &map, "u_env", "environment", json!({ "choice_action": "reject" })).await;
    let whole = |n: usize| json!({ "u_serial": format!("S{n}"), "u_name": format!("s{n}"), "u_ram": "16" });
    let broken = |n: usize| {
        let mut row = whole(n);
        match n % 6 {
            0 => row["u_ram"] = "much".into(),
            1 => row["u_bought"] = "soon".into(),
            2 => row["u_env"] = "Moon".into(),
            3 => row["u_serial"] = "".into(),
            4 => row["u_name"] = "x".repeat(300).into(),
            _ => row = json!(["no", "columns"]),
        }
        row
    };
    let rows: Vec<_> = (0..120).map(|n| if n % 2 == 0 { whole(n) } else { broken(n / 2) }).collect();
    let path = "/api/now/import/imp_user/insertMultiple";
    let answer = house.ask("POST", path, &basic("admin"), json!({ "records": rows })).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    let set = answer.json()["import_set_id"].as_str().expect("an id").to_owned();
    let query = format!(
        "/api/now/table/sys_import_set_row?sysparm_query=sys_import_set={set}^ORDERBYsys_import_row&sysparm_limit=200"
    );
    let kept = house.ask("GET", &query, &basic("admin"), Value::Null).await.json();
    let kept = kept["result"].as_array().expect("rows");
    assert_eq!(kept.len(), 120);
    for (n, row) in kept.iter().enumerate() {
        let (state, why) = (&row["sys_import_state"], row["sys_import_state_comment"].as_str().unwrap_or_default());
        if n % 2 == 0 {
            assert_eq!((state, why), (&json!("inserted"), ""), "{row}");
            continue;
        }
        let (expected, word) = [
            ("error", "ram"),
            ("error", "purchase_date"),
            ("skipped", "environment"),
            ("skipped", "serial_number"),
            ("error", "name"),
            ("error", "object"),
        ][n / 2 % 6];
        assert_eq!(state, expected, "{row}");
        assert!(why.contains(word), "{n}: {why}");
    }
    let path = "/api/now/table/cmdb_ci_linux_server?sysparm_limit=1";
    let count = house.ask("GET", path, &basic("admin"), Value::Null).await;
    assert_eq!(count.header("x-total-count"), "60");
}
