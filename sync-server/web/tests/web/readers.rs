//! Who reads single rows and single fields: people's private numbers, articles before they are published, files.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::house::{House, basic};

async fn made(house: &House, who: &str, table: &str, fields: Value) -> String {
    let made = house.ask("POST", &format!("/api/now/table/{table}"), &basic(who), fields).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

async fn rows(house: &House, who: &str, table: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/now/table/{table}?{}", query.replace('^', "%5E"));
    house.ask("GET", &path, &basic(who), Value::Null).await.json()["result"].as_array().expect("a list").clone()
}

/// Mia and Dora have numbers; Dora's mobile is 2.
async fn with_numbers() -> House {
    let house = House::new();
    for (name, mobile, home) in [("mia", "+377 1", "+377 11"), ("dora", "+377 2", "+377 22")] {
        let id =
            rows(&house, "admin", "sys_user", &format!("sysparm_query=user_name={name}")).await[0]["sys_id"].clone();
        let path = format!("/api/now/table/sys_user/{}", id.as_str().expect("a sys_id"));
        let fields = json!({ "mobile_phone": mobile, "home_phone": home, "phone": "100" });
        let written = house.ask("PATCH", &path, &basic("admin"), fields).await;
        assert_eq!(written.status.as_u16(), 200);
    }
    house
}

#[tokio::test]
async fn a_private_number_is_told_to_whose_it_is_and_to_desks_and_nobody_guesses_it() {
    let house = with_numbers().await;
    for (who, of, mobile, home) in [
        ("mia", "mia", "+377 1", "+377 11"),
        ("mia", "dora", "", ""),
        ("dora", "mia", "+377 1", ""),
        ("admin", "mia", "+377 1", "+377 11"),
    ] {
        let found = rows(&house, who, "sys_user", &format!("sysparm_query=user_name={of}")).await;
        let told = (&found[0]["mobile_phone"], &found[0]["home_phone"], &found[0]["phone"]);
        let wanted = (&json!(mobile), &json!(home), &json!("100"));
        let told = (told.0.as_str().unwrap_or_default(), told.1.as_str().unwrap_or_default(), told.2.as_str());
        assert_eq!(told, (wanted.0.as_str().unwrap_or_default(), wanted.1.as_str().unwrap_or_default(), Some("100")));
    }
    for (who, query, found) in [
        ("mia", "mobile_phone=%2B377 2", ""),
        ("mia", "mobile_phone=%2B377 1", "mia"),
        ("dora", "mobile_phoneSTARTSWITH%2B377^ORDERBYmobile_phone", "mia dora"),
        ("mia", "mobile_phoneISNOTEMPTY^ORDERBYDESCmobile_phone", "mia"),
    ] {
        let path = format!("sysparm_fields=user_name&sysparm_query={}", query.replace(' ', "%20"));
        let names = rows(&house, who, "sys_user", &path).await;
        let names: Vec<&str> = names.iter().filter_map(|row| row["user_name"].as_str()).collect();
        assert_eq!(names.join(" "), found, "{who}: {query}");
    }
    let largest = "/api/now/stats/sys_user?sysparm_max_fields=mobile_phone";
    let told = |answer: Value| answer["result"]["stats"]["max"]["mobile_phone"].as_str().unwrap_or_default().to_owned();
    assert_eq!(told(house.ask("GET", largest, &basic("mia"), Value::Null).await.json()), "+377 1");
    assert_eq!(told(house.ask("GET", largest, &basic("dora"), Value::Null).await.json()), "+377 2");
}

/// Everybody's names in an order, page by page from cursor to cursor; no cursor tells a private number.
async fn read_on(house: &House, who: &str, table: &str, asked: &str) -> Vec<Value> {
    let (mut read, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/records/{table}?{asked}&limit=1{cursor}");
        let page = house.ask("GET", &path, &basic(who), Value::Null).await.json();
        read.extend(page["records"].as_array().expect("records").clone());
        let Some(next) = page["next"].as_str() else { return read };
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(next).expect("base64url");
        assert!(!String::from_utf8_lossy(&bytes).contains("+377 2"), "{asked}: {next}");
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn a_private_number_is_told_by_no_cursor_and_orders_nobody() {
    let house = with_numbers().await;
    let dora = rows(&house, "admin", "sys_user", "sysparm_query=user_name=dora").await[0]["sys_id"].clone();
    for title in ["Pump", "Valve"] {
        let task = json!({ "short_description": title, "assigned_to": house.mia.to_string(), "opened_by": dora });
        made(&house, "admin", "wm_task", task).await;
    }
    for (table, order) in [
        ("sys_user", "ORDERBYmobile_phone"),
        ("sys_user", "ORDERBYDESCmobile_phone"),
        ("wm_task", "ORDERBYopened_by.mobile_phone"),
        ("wm_task", "ORDERBYDESCopened_by.mobile_phone"),
    ] {
        let whole = rows(&house, "mia", table, &format!("sysparm_fields=sys_id&sysparm_query={order}")).await;
        assert!(whole.len() > 1, "{table} has more than a page");
        assert_eq!(read_on(&house, "mia", table, &format!("fields=sys_id&query={order}")).await, whole, "{order}");
    }
}

#[tokio::test]
async fn a_private_number_is_not_told_on_the_way_through_a_reference_or_by_groups() {
    let house = with_numbers().await;
    let mia = house.mia.to_string();
    let dora = rows(&house, "admin", "sys_user", "sysparm_query=user_name=dora").await[0]["sys_id"].clone();
    let task = json!({ "short_description": "Pump", "assigned_to": mia, "opened_by": dora });
    let task = made(&house, "admin", "wm_task", task).await;
    let path = format!(
        "/api/now/table/wm_task/{task}?sysparm_fields=assigned_to.home_phone,opened_by.mobile_phone,opened_by.phone"
    );
    let told = house.ask("GET", &path, &basic("mia"), Value::Null).await.json()["result"].clone();
    let wanted = json!({ "assigned_to.home_phone": "+377 11", "opened_by.mobile_phone": "", "opened_by.phone": "100" });
    assert_eq!(told, wanted);
    for (query, found) in [("assigned_to.home_phone=%2B377%2011", 1), ("opened_by.mobile_phoneISNOTEMPTY", 0)] {
        assert_eq!(rows(&house, "mia", "wm_task", &format!("sysparm_query={query}")).await.len(), found, "{query}");
    }
    let groups = "/api/now/stats/sys_user?sysparm_count=true&sysparm_group_by=home_phone";
    let groups = house.ask("GET", groups, &basic("mia"), Value::Null).await;
    let text = String::from_utf8_lossy(&groups.body).into_owned();
    assert!(text.contains("+377 11") && !text.contains("+377 22"), "{text}");
}

#[tokio::test]
async fn an_article_is_read_by_others_once_it_is_published_and_for_them() {
    let house = House::new();
    let article = async |who: &str, title: &str, state: &str, roles: &str| {
        let fields = json!({ "short_description": title, "workflow_state": state, "roles": roles });
        made(&house, who, "kb_knowledge", fields).await
    };
    let draft = article("dora", "thermostat draft", "draft", "").await;
    article("dora", "thermostat for all", "published", "").await;
    article("dora", "thermostat for technicians", "published", "wm_manager,wm_agent").await;
    article("dora", "thermostat for managers", "outdated", "wm_agent_manager,wm_manager").await;
    article("dora", "thermostat retired", "retired", "").await;
    let titles = async |who: &str, query: &str| {
        let query = format!("sysparm_query={query}ORDERBYshort_description");
        let found = rows(&house, who, "kb_knowledge", &query).await;
        let titles: Vec<_> = found.iter().filter_map(|row| row["short_description"].as_str()).collect();
        titles.join(", ").replace("thermostat ", "")
    };
    assert_eq!(titles("mia", "").await, "for all, for technicians");
    assert_eq!(titles("dora", "").await, "draft, for all, for managers, for technicians, retired");
    let one = format!("/api/now/table/kb_knowledge/{draft}");
    assert_eq!(house.ask("GET", &one, &basic("mia"), Value::Null).await.status.as_u16(), 404);
    let count = "/api/now/stats/kb_knowledge?sysparm_count=true";
    let counted = house.ask("GET", count, &basic("mia"), Value::Null).await.json();
    assert_eq!(counted["result"]["stats"]["count"], "2");
    let search = house.ask("GET", "/api/v1/search?words=thermostat", &basic("mia"), Value::Null).await.json();
    assert_eq!(search["hits"].as_array().map(Vec::len), Some(2), "{search}");
    let own = json!({ "author": house.mia.to_string() });
    assert_eq!(house.ask("PATCH", &one, &basic("admin"), own).await.status.as_u16(), 200);
    assert_eq!(titles("mia", "").await, "draft, for all, for technicians");
}

#[tokio::test]
async fn files_are_rows_for_whoever_sees_the_record_they_are_of() {
    let house = House::new();
    let mia = house.mia.to_string();
    let task = made(&house, "admin", "wm_task", json!({ "short_description": "Pump", "assigned_to": mia })).await;
    let incident = made(&house, "admin", "incident", json!({ "short_description": "No heating" })).await;
    let draft = made(&house, "admin", "kb_knowledge", json!({ "short_description": "draft" })).await;
    for (table, id, name) in
        [("wm_task", &task, "mine"), ("incident", &incident, "hidden"), ("kb_knowledge", &draft, "draft")]
    {
        let path = format!("/api/now/attachment/file?table_name={table}&table_sys_id={id}&file_name={name}.txt");
        let sent = house.ask("POST", &path, &basic("admin"), json!({ "words": name })).await;
        assert_eq!(sent.status.as_u16(), 201, "{}", String::from_utf8_lossy(&sent.body));
    }
    let names = async |who: &str| {
        let found = rows(&house, who, "sys_attachment", "sysparm_query=ORDERBYfile_name").await;
        found.iter().filter_map(|row| row["file_name"].as_str().map(str::to_owned)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("mia").await, "mine.txt");
    assert_eq!(names("dora").await, "draft.txt hidden.txt mine.txt");
    assert_eq!(names("admin").await, "draft.txt hidden.txt mine.txt");
    let published = json!({ "workflow_state": "published" });
    let path = format!("/api/now/table/kb_knowledge/{draft}");
    assert_eq!(house.ask("PATCH", &path, &basic("admin"), published).await.status.as_u16(), 200);
    assert_eq!(names("mia").await, "draft.txt mine.txt");
    let counted =
        house.ask("GET", "/api/now/stats/sys_attachment?sysparm_count=true", &basic("mia"), Value::Null).await;
    assert_eq!(counted.json()["result"]["stats"]["count"], "2");
    let row = async |name: &str| {
        let found = rows(&house, "mia", "sys_attachment", &format!("sysparm_query=file_name={name}.txt")).await;
        format!("/api/now/table/sys_attachment/{}", found[0]["sys_id"].as_str().expect("a sys_id"))
    };
    let (mine, articles) = (row("mine").await, row("draft").await);
    for (path, status) in [(&articles, 403), (&mine, 204), (&mine, 404)] {
        let deleted = house.ask("DELETE", path, &basic("mia"), Value::Null).await;
        assert_eq!(deleted.status.as_u16(), status, "whoever writes a record may remove its files: {path}");
    }
    assert_eq!(names("mia").await, "draft.txt");
    let noted = rows(&house, "admin", "sys_audit", "sysparm_limit=1").await[0]["sys_id"].clone();
    let noted = format!("/api/now/table/sys_audit/{}", noted.as_str().expect("a sys_id"));
    let rewritten = house.ask("PATCH", &noted, &basic("admin"), json!({ "newvalue": "x" })).await;
    assert_eq!(rewritten.status.as_u16(), 403, "nobody writes what was noted");
}

#[tokio::test]
async fn what_the_catalogue_offers_to_some_roles_is_not_listed_for_others() {
    let house = House::new();
    for (name, roles) in [("Cable", ""), ("Crane", "wm_manager"), ("Boots", "wm_agent,wm_manager")] {
        made(&house, "admin", "sc_cat_item", json!({ "name": name, "roles": roles })).await;
    }
    for (who, seen) in [("admin", vec!["Boots", "Cable", "Crane"]), ("mia", vec!["Boots", "Cable"])] {
        let items = rows(&house, who, "sc_cat_item", "sysparm_query=ORDERBYname").await;
        let names: Vec<&str> = items.iter().filter_map(|item| item["name"].as_str()).collect();
        assert_eq!(names, seen, "{who}");
    }
}
