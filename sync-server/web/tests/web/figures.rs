//! Figures, deletion, dates and words over the record API.

use serde_json::{Value, json};

use crate::house::{House, basic};

async fn ask(house: &House, method: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = house.ask(method, path, &basic("admin"), body).await;
    let status = answer.status.as_u16();
    (status, if answer.body.is_empty() { Value::Null } else { answer.json() })
}

async fn filled() -> House {
    let house = House::new();
    for (what, impact, hours) in [("No heating", "1", 0), ("Printer smokes", "2", 2), ("Printer jams", "2", 0)] {
        house.wait_minutes(60 * hours);
        let body = json!({ "short_description": what, "impact": impact, "comments": "please hurry" });
        let (status, answer) = ask(&house, "POST", "/api/now/table/incident", body).await;
        assert_eq!(status, 201, "{answer}");
    }
    house
}

#[tokio::test]
async fn figures_are_strings_and_come_whole_or_in_groups() {
    let house = filled().await;
    let path =
        "/api/now/stats/incident?sysparm_count=true&sysparm_avg_fields=impact&sysparm_max_fields=impact,nonsense";
    let (_, whole) = ask(&house, "GET", path, Value::Null).await;
    assert_eq!(
        whole["result"]["stats"],
        json!({ "count": "3", "avg": { "impact": "1.6667" }, "max": { "impact": "2" } })
    );
    let grouped = "/api/now/stats/incident?sysparm_count=true&sysparm_group_by=impact&sysparm_display_value=all";
    let (_, groups) = ask(&house, "GET", &format!("{grouped}&sysparm_order_by=COUNT^DESC"), Value::Null).await;
    let medium = json!({ "field": "impact", "value": "2", "display_value": "2 - Medium" });
    let shown = &groups["result"][0]["groupby_fields"][0];
    assert_eq!([&shown["field"], &shown["value"]], [&medium["field"], &medium["value"]], "{groups}");
    assert_eq!(groups["result"][0]["stats"]["count"], "2");
    let (_, having) = ask(&house, "GET", &format!("{grouped}&sysparm_having=count^impact^%3E^1"), Value::Null).await;
    assert_eq!(having["result"].as_array().map(Vec::len), Some(1));
    let (status, problem) = ask(&house, "GET", &format!("{grouped}&sysparm_having=count"), Value::Null).await;
    assert_eq!(status, 400, "{problem}");
    assert_eq!(ask(&house, "GET", "/api/now/stats/nothing?sysparm_count=true", Value::Null).await.0, 400);
}

#[tokio::test]
async fn a_technician_counts_only_what_they_see() {
    let house = filled().await;
    let path = "/api/now/stats/incident?sysparm_count=true";
    let answer = house.ask("GET", path, &basic("mia"), Value::Null).await;
    assert_eq!(answer.json()["result"]["stats"]["count"], "0");
}

#[tokio::test]
async fn a_deleted_record_is_gone_for_everybody_and_only_some_may_delete() {
    let house = filled().await;
    let (_, found) =
        ask(&house, "GET", "/api/now/table/incident?sysparm_query=short_descriptionLIKEheating", Value::Null).await;
    let path = format!("/api/now/table/incident/{}", found["result"][0]["sys_id"].as_str().expect("a sys_id"));
    assert_eq!(house.ask("DELETE", &path, &basic("dora"), Value::Null).await.status.as_u16(), 403);
    assert_eq!(house.ask("DELETE", &path, &basic("mia"), Value::Null).await.status.as_u16(), 404);
    assert_eq!(ask(&house, "DELETE", &path, Value::Null).await, (204, Value::Null));
    assert_eq!(ask(&house, "DELETE", &path, Value::Null).await.0, 404);
    assert_eq!(ask(&house, "GET", &path, Value::Null).await.0, 404);
    assert_eq!(
        ask(&house, "GET", "/api/now/table/incident", Value::Null).await.1["result"].as_array().map(Vec::len),
        Some(2)
    );
}

#[tokio::test]
async fn relative_dates_and_words_choose_records() {
    let house = filled().await;
    let count = async |query: &str| {
        let path = format!("/api/now/table/incident?sysparm_query={query}");
        house.ask("GET", &path, &basic("admin"), Value::Null).await.header("x-total-count").to_owned()
    };
    assert_eq!(count("sys_created_onRELATIVEGT@hour@ago@1").await, "2");
    assert_eq!(count("sys_created_on%3Cjavascript:gs.minutesAgo(30)").await, "1");
    assert_eq!(count("sys_created_by=admin^opened_by=javascript:gs.getUserID()").await, "3");
    let (_, hits) = ask(&house, "GET", "/api/v1/search?words=printer%20smok", Value::Null).await;
    assert_eq!(hits["hits"].as_array().map(Vec::len), Some(1), "{hits}");
    assert_eq!(count("123TEXTQUERY321=printer").await, "2");
    let (_, hits) = ask(&house, "GET", "/api/v1/search?words=hurry&tables=task&limit=2", Value::Null).await;
    assert_eq!(hits["hits"].as_array().map(Vec::len), Some(2), "journals are looked into: {hits}");
    let mias = house.ask("GET", "/api/v1/search?words=printer", &basic("mia"), Value::Null).await;
    assert_eq!(mias.json()["hits"], json!([]));
    let unknown = house.ask("GET", "/api/v1/search?words=x&tables=nothing", &basic("mia"), Value::Null).await;
    unknown.problem(404);
}

#[tokio::test]
async fn a_rule_refuses_in_its_own_words_what_it_names_and_lets_the_rest_through() {
    let house = filled().await;
    let rule = json!({
        "name": "no canaries", "collection": "task", "when": "before", "action_insert": "true", "active": "true",
        "abort_action": "true", "message": "no canaries here", "filter_condition": "short_descriptionLIKEcanary^EQ",
    });
    assert_eq!(ask(&house, "POST", "/api/now/table/sys_script", rule).await.0, 201);
    let report =
        async |what: &str| ask(&house, "POST", "/api/now/table/incident", json!({ "short_description": what })).await;
    let (status, refused) = report("A canary").await;
    assert_eq!((status, &refused["error"]["detail"]), (403, &json!("no canaries here")), "{refused}");
    assert_eq!(report("A finch").await.0, 201);
}

#[tokio::test]
async fn a_person_is_let_in_with_the_password_that_was_written_and_nobody_reads_it() {
    let house = House::new();
    let body =
        json!({ "user_name": "bo", "first_name": "Bo", "last_name": "Berg", "user_password": "canary password" });
    let (status, made) = ask(&house, "POST", "/api/now/table/sys_user", body).await;
    assert_eq!((status, &made["result"]["name"]), (201, &json!("Bo Berg")), "{made}");
    assert!(!made.to_string().contains("canary"), "{made}");
    let path =
        format!("/api/now/table/sys_user/{}?sysparm_display_value=all", made["result"]["sys_id"].as_str().unwrap());
    let (_, shown) = ask(&house, "GET", &path, Value::Null).await;
    assert_eq!(shown["result"]["user_password"], json!({ "display_value": "********", "value": "" }));
    let entry = json!({ "user_name": "bo", "password": "canary password" });
    assert_eq!(ask(&house, "POST", "/api/v1/session", entry).await.0, 200);
    let (status, short) = ask(&house, "PATCH", &path, json!({ "user_password": "short" })).await;
    assert_eq!(status, 400, "{short}");
}

#[tokio::test]
async fn a_list_is_a_file_in_which_nothing_is_a_formula() {
    let house = filled().await;
    ask(&house, "POST", "/api/now/table/incident", json!({ "short_description": "=1+1" })).await;
    let path = "/incident_list.do?CSV&sysparm_fields=number,impact,short_description&sysparm_query=ORDERBYDESCnumber";
    let answer = house.ask("GET", path, &basic("admin"), Value::Null).await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    let text = String::from_utf8(answer.body).expect("text");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[1], lines.len()), ("number,impact,short_description", "INC0000004,Low,'=1+1", 5));
    assert_eq!(house.ask("GET", path, "", Value::Null).await.status.as_u16(), 401);
    house.ask("GET", "/nothing.do", "", Value::Null).await.problem(404);
}

#[tokio::test]
async fn the_explorer_shows_paths_tables_and_fields_without_a_script() {
    let house = House::new();
    let page = house.ask("GET", "/explorer?table=incident", "", Value::Null).await;
    let text = String::from_utf8(page.body.clone()).expect("text");
    assert!(text.contains("short_description") && text.contains("/explorer?table=sys_user"), "{text}");
    assert!(!text.contains("<script") && page.header("content-security-policy").contains("default-src 'none'"));
    let all = house.ask("GET", "/explorer?table=%3Cb%3E", "", Value::Null).await;
    let text = String::from_utf8(all.body).expect("text");
    assert!(text.contains("/api/now/stats/{table}") && !text.contains("<b>"));
}
