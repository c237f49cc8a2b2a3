use serde_json::{Value, json};

use crate::house::{House, basic};

const INSTANCE: &str = "/api/now/cmdb/instance";
const IDENTIFY: &str = "/api/now/identifyreconcile?sysparm_data_source=ServiceNow";

async fn ask(house: &House, method: &str, path: &str, body: Value) -> (u16, Value) {
    let answer = house.ask(method, path, &basic("dora"), body).await;
    (answer.status.as_u16(), if answer.body.is_empty() { Value::Null } else { answer.json() })
}

/// Creates a record of any table as an administrator.
async fn made(house: &House, table: &str, body: Value) -> String {
    let answer = house.ask("POST", &format!("/api/now/table/{table}"), &basic("admin"), body).await;
    assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["result"]["sys_id"].as_str().expect("an id").to_owned()
}

async fn relation_types(house: &House) -> [String; 2] {
    let runs = made(house, "cmdb_rel_type", json!({ "name": "Runs on::Runs" })).await;
    [runs, made(house, "cmdb_rel_type", json!({ "name": "Depends on::Used by" })).await]
}

/// Sends a payload and gives what became of it.
async fn sent(house: &House, path: &str, payload: Value) -> Value {
    let (status, body) = ask(house, "POST", path, payload).await;
    assert_eq!(status, 200, "{body}");
    body["result"].clone()
}

fn server(values: Value) -> Value {
    json!({ "className": "cmdb_ci_linux_server", "values": values })
}

async fn count(house: &House, table: &str) -> String {
    let answer =
        house.ask("GET", &format!("/api/now/table/{table}?sysparm_limit=1"), &basic("admin"), Value::Null).await;
    answer.header("x-total-count").to_owned()
}

#[tokio::test]
async fn an_item_is_created_once_recognised_by_its_serial_number_and_then_by_its_name() {
    let house = House::new();
    let payload = json!({ "items": [server(json!({ "name": "lnx1", "serial_number": "S1", "ram": 1024 }))] });
    let first = sent(&house, IDENTIFY, payload.clone()).await["items"][0].clone();
    assert_eq!((&first["operation"], &first["errorCount"]), (&json!("INSERT"), &json!(0)), "{first}");
    let results: Vec<_> = first["identificationAttempts"]
        .as_array()
        .expect("attempts")
        .iter()
        .map(|attempt| attempt["attemptResult"].clone())
        .collect();
    assert_eq!(results, ["SKIPPED", "NO_MATCH", "NO_MATCH", "SKIPPED"]);

    let again = sent(&house, IDENTIFY, payload).await["items"][0].clone();
    assert_eq!((&again["operation"], &again["sysId"]), (&json!("NO_CHANGE"), &first["sysId"]), "{again}");
    let moved = json!({ "items": [server(json!({ "name": "renamed", "serial_number": "s1" }))] });
    let moved = sent(&house, IDENTIFY, moved).await["items"][0].clone();
    assert_eq!((&moved["operation"], &moved["sysId"]), (&json!("UPDATE"), &first["sysId"]));
    let named = json!({ "items": [server(json!({ "name": "renamed", "os": "Debian" }))] });
    let named = sent(&house, IDENTIFY, named).await["items"][0].clone();
    assert_eq!((&named["operation"], &named["sysId"]), (&json!("UPDATE"), &first["sysId"]));
    assert_eq!(named["identificationAttempts"][2]["searchOnTable"], "cmdb_ci_hardware");
    assert_ne!(named["identifierEntrySysId"], moved["identifierEntrySysId"]);
    let (_, record) =
        ask(&house, "GET", &format!("/api/now/table/cmdb_ci/{}", first["sysId"].as_str().expect("id")), Value::Null)
            .await;
    assert_eq!(
        (&record["result"]["sys_class_name"], &record["result"]["discovery_source"]),
        (&json!("cmdb_ci_linux_server"), &json!("ServiceNow"))
    );
    assert_eq!(count(&house, "cmdb_ci").await, "1");
}

#[tokio::test]
async fn a_serial_number_that_came_along_recognises_its_item_later() {
    let house = House::new();
    let with = |name: &str| {
        let mut item = server(json!({ "name": name }));
        item["lookup"] = json!([{ "className": "cmdb_serial_number",
            "values": { "serial_number": "uuid-1", "serial_number_type": "uuid", "valid": "true" } }]);
        json!({ "items": [item] })
    };
    let first = sent(&house, IDENTIFY, with("before")).await["items"][0].clone();
    assert!(first["relatedSysIds"][0].is_string(), "{first}");
    let second = sent(&house, IDENTIFY, with("after")).await["items"][0].clone();
    assert_eq!((&second["operation"], &second["sysId"]), (&json!("UPDATE"), &first["sysId"]), "{second}");
    assert_eq!(second["identificationAttempts"][0]["attemptResult"], "MATCHED");
    assert_eq!(second["relatedItems"][0]["inputIndices"], json!([{ "mainIndex": 0, "subIndex": 0 }]));
    assert_eq!(count(&house, "cmdb_serial_number").await, "1");
}

#[tokio::test]
async fn an_application_is_recognised_on_its_host_and_needs_one() {
    let house = House::new();
    relation_types(&house).await;
    let payload = |host: &str| {
        let application = json!({ "className": "cmdb_ci_web_server", "values": { "name": "nginx", "version": "1" } });
        json!({ "items": [application, server(json!({ "name": host }))],
            "relations": [{ "parent": 0, "child": 1, "type": "Runs on::Runs" }] })
    };
    let first = sent(&house, IDENTIFY, payload("lnx1")).await;
    let operations = |outcome: &Value| {
        let operation = |one: &Value| one["operation"].as_str().unwrap_or_default().to_owned();
        [&outcome["items"][0], &outcome["items"][1], &outcome["relations"][0]].map(operation)
    };
    assert_eq!(operations(&first), ["INSERT", "INSERT", "INSERT"], "{first}");
    assert_eq!(operations(&sent(&house, IDENTIFY, payload("lnx1")).await), ["NO_CHANGE"; 3]);
    let elsewhere = sent(&house, IDENTIFY, payload("lnx2")).await;
    assert_eq!(operations(&elsewhere), ["INSERT", "INSERT", "INSERT"], "the same name on another host is another item");

    let alone = json!({ "items": [{ "className": "cmdb_ci_web_server", "values": { "name": "nginx" } }] });
    let alone = sent(&house, IDENTIFY, alone).await["items"][0].clone();
    assert_eq!((&alone["operation"], &alone["sysId"]), (&json!("INSERT_AS_INCOMPLETE"), &json!("Unknown")));
    assert_eq!((&alone["errors"][0]["error"], &alone["errorCount"]), (&json!("MISSING_DEPENDENCY"), &json!(1)));
}

#[tokio::test]
async fn what_cannot_be_written_says_why_and_is_kept() {
    let house = House::new();
    relation_types(&house).await;
    made(&house, "cmdb_ci_linux_server", json!({ "name": "twin" })).await;
    made(&house, "cmdb_ci_win_server", json!({ "name": "twin" })).await;
    let payload = json!({
        "items": [
            server(json!({ "os": "Debian" })),
            server(json!({ "name": "twin" })),
            { "className": "incident", "values": {} },
            server(json!({ "name": "same" })),
            server(json!({ "name": "Same" })),
            server(json!({ "name": "typed", "ram": "much" })),
            { "className": "cmdb_ci_web_server", "values": { "name": "x" } },
        ],
        "relations": [
            { "parent": 6, "child": 0, "type": "Runs on::Runs" },
            { "parent": 0, "child": 99, "type": "Runs on::Runs" },
            { "parent": 0, "child": 1, "type": "Loves::Loved by" },
        ],
    });
    let outcome = sent(&house, IDENTIFY, payload).await;
    let errors: Vec<_> = outcome["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|item| item["errors"][0]["error"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(
        errors,
        [
            "MISSING_MATCHING_ATTRIBUTES",
            "MULTIPLE_DUPLICATE_RECORDS",
            "INVALID_INPUT_DATA",
            "DUPLICATE_PAYLOAD_RECORDS",
            "DUPLICATE_PAYLOAD_RECORDS",
            "INVALID_INPUT_DATA",
            "ABANDONED"
        ]
    );
    let relations: Vec<_> = outcome["relations"]
        .as_array()
        .expect("relations")
        .iter()
        .map(|one| one["errors"][0]["error"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(relations, ["ABANDONED", "ABANDONED", "INVALID_INPUT_DATA"]);
    assert_eq!(count(&house, "cmdb_ci").await, "2");
    assert_eq!(count(&house, "cmdb_ire_incomplete_payloads").await, "1");
    sent(&house, IDENTIFY, json!({ "items": [server(json!({ "name": "twin" }))] })).await;
    let tasks = house.ask("GET", "/api/now/table/reconcile_duplicate_task", &basic("admin"), Value::Null).await;
    assert_eq!(tasks.header("x-total-count"), "1", "one task, however often the duplicates are met");
    assert_eq!(tasks.json()["result"][0]["short_description"], "Remediate 2 duplicates of twin");
    assert_eq!(count(&house, "duplicate_audit_result").await, "2", "the items it is about");
}

#[tokio::test]
async fn a_source_must_be_known() {
    let house = House::new();
    for path in ["/api/now/identifyreconcile", "/api/now/identifyreconcile?sysparm_data_source=Hearsay"] {
        let item = sent(&house, path, json!({ "items": [server(json!({ "name": "x" }))] })).await["items"][0].clone();
        assert_eq!(
            (&item["operation"], &item["errors"][0]["error"]),
            (&json!("INSERT_AS_INCOMPLETE"), &json!("INVALID_INPUT_DATA"))
        );
    }
}

#[tokio::test]
async fn a_rehearsal_says_the_same_and_writes_nothing() {
    let house = House::new();
    let payload = json!({ "items": [server(json!({ "name": "lnx1" }))] });
    for path in ["query", "queryEnhanced"] {
        let path = format!("/api/now/v1/identifyreconcile/{path}?sysparm_data_source=ServiceNow");
        let item = sent(&house, &path, payload.clone()).await["items"][0].clone();
        assert_eq!((&item["operation"], &item["sysId"]), (&json!("INSERT"), &json!("Unknown")), "{item}");
    }
    assert_eq!(count(&house, "cmdb_ci").await, "0");
    let path = "/api/now/identifyreconcile/enhanced?sysparm_data_source=ServiceNow";
    assert_eq!(sent(&house, path, payload).await["items"][0]["operation"], "INSERT");
    assert_eq!(count(&house, "cmdb_ci").await, "1");
}

#[tokio::test]
async fn an_item_changes_its_class_unless_its_source_does_not_want_that() {
    let house = House::new();
    let of = |class: &str, settings: Value| json!({ "items": [{ "className": class, "values": { "name": "box", "ram": "1" }, "settings": settings }] });
    let first = sent(&house, IDENTIFY, of("cmdb_ci_computer", json!({}))).await["items"][0].clone();
    let path = format!("{INSTANCE}/cmdb_ci/{}", first["sysId"].as_str().expect("an id"));
    let kept = sent(&house, IDENTIFY, of("cmdb_ci_linux_server", json!({ "updateWithoutUpgrade": true }))).await;
    assert_eq!(kept["items"][0]["info"][0]["code"], "SKIPPED_CLASS_UPGRADE");
    assert_eq!(kept["items"][0]["operation"], "NO_CHANGE");
    let before = ask(&house, "GET", &path, Value::Null).await.1["result"]["attributes"].clone();
    assert_eq!(before["sys_class_name"], "cmdb_ci_computer");
    house.wait_minutes(5);
    for (class, operation) in [
        ("cmdb_ci_linux_server", "UPDATE_WITH_UPGRADE"),
        ("cmdb_ci_win_server", "UPDATE_WITH_SWITCH"),
        ("cmdb_ci_server", "UPDATE_WITH_DOWNGRADE"),
    ] {
        let item = sent(&house, IDENTIFY, of(class, json!({}))).await["items"][0].clone();
        assert_eq!((&item["operation"], &item["sysId"]), (&json!(operation), &first["sysId"]), "{item}");
        let record = ask(&house, "GET", &path, Value::Null).await.1["result"]["attributes"].clone();
        assert_eq!((&record["sys_class_name"], &record["ram"]), (&json!(class), &json!("1")));
        assert_eq!(record["sys_created_on"], before["sys_created_on"]);
    }
}

#[tokio::test]
async fn a_source_that_is_believed_less_does_not_overwrite() {
    let house = House::new();
    for (source, attributes, priority) in [("SCCM", "", 10), ("ServiceNow", "", 20), ("Altiris", "os", 5)] {
        let body = json!({ "name": source, "applies_to": "cmdb_ci_computer", "attributes": attributes,
            "discovery_source": source, "priority": priority });
        made(&house, "cmdb_reconciliation_definition", body).await;
    }
    let say = async |source: &str, values: Value| {
        let path = format!("/api/now/identifyreconcile?sysparm_data_source={source}");
        let mut item = server(values);
        item["values"]["name"] = "box".into();
        sent(&house, &path, json!({ "items": [item] })).await["items"][0].clone()
    };
    let first = say("SCCM", json!({ "ram": "1" })).await;
    say("ServiceNow", json!({ "ram": "2", "cpu_count": "4" })).await;
    say("Manual%20Entry", json!({ "ram": "3" })).await;
    say("Altiris", json!({ "os": "Debian" })).await;
    say("SCCM", json!({ "os": "Windows" })).await;
    let path = format!("{INSTANCE}/cmdb_ci/{}", first["sysId"].as_str().expect("an id"));
    let record = ask(&house, "GET", &path, Value::Null).await.1["result"]["attributes"].clone();
    let told = ["ram", "cpu_count", "os", "discovery_source"].map(|field| record[field].clone());
    assert_eq!(told, ["1", "4", "Debian", "SCCM"]);
}

#[tokio::test]
async fn an_item_is_created_read_changed_and_related_by_its_address() {
    let house = House::new();
    let [runs, depends] = relation_types(&house).await;
    let host = made(&house, "cmdb_ci_linux_server", json!({ "name": "lnx1" })).await;
    let path = format!("{INSTANCE}/cmdb_ci_web_server");
    let body = json!({ "attributes": { "name": "nginx", "version": "1" }, "source": "ServiceNow",
        "outbound_relations": [{ "type": runs, "target": host }] });
    let (status, item) = ask(&house, "POST", &path, body.clone()).await;
    assert_eq!(status, 200, "{item}");
    let item = item["result"].clone();
    let id = item["attributes"]["sys_id"].as_str().expect("an id");
    assert_eq!((&item["attributes"]["version"], &item["inbound_relations"]), (&json!("1"), &json!([])));
    let relation = &item["outbound_relations"][0];
    let wanted = json!({ "display_value": "lnx1", "value": host,
        "link": format!("http://fieldline.example/api/now/cmdb/instance/cmdb_ci/{host}") });
    assert_eq!((&relation["target"], &relation["type"]["display_value"]), (&wanted, &json!("Runs on::Runs")));
    let again = ask(&house, "POST", &path, body).await.1;
    assert_eq!(again["result"]["attributes"]["sys_id"], id, "the same application on the same host");

    let one = format!("{path}/{id}");
    for (method, version) in [("PUT", "2"), ("PATCH", "3")] {
        let body = json!({ "attributes": { "version": version }, "source": "ServiceNow" });
        let (status, changed) = ask(&house, method, &one, body).await;
        assert_eq!((status, &changed["result"]["attributes"]["version"]), (200, &json!(version)));
    }
    let body = json!({ "inbound_relations": [{ "type": depends, "target": host }], "source": "ServiceNow" });
    let (status, related) = ask(&house, "POST", &format!("{one}/relation"), body).await;
    assert_eq!((status, related["result"]["inbound_relations"].as_array().map(Vec::len)), (200, Some(1)));
    let relation = related["result"]["inbound_relations"][0]["sys_id"].as_str().expect("an id").to_owned();
    let ended = format!("{one}/relation/{relation}");
    assert_eq!(ask(&house, "DELETE", &ended, Value::Null).await.0, 204);
    assert_eq!(ask(&house, "DELETE", &ended, Value::Null).await.0, 404);
    let listed = ask(&house, "GET", &format!("{INSTANCE}/cmdb_ci?sysparm_query=nameSTARTSWITHn"), Value::Null).await.1;
    assert_eq!(listed["result"], json!([{ "sys_id": id, "name": "nginx" }]));
    let past = ask(&house, "GET", &format!("{INSTANCE}/cmdb_ci?sysparm_offset=9"), Value::Null).await.1;
    assert_eq!(past["result"], json!([]));
}

#[tokio::test]
async fn what_does_not_fit_is_refused_in_the_envelope_clients_know() {
    let house = House::new();
    let nobody = "0".repeat(32);
    for (method, path, body, who, status) in [
        ("GET", format!("{INSTANCE}/incident"), Value::Null, "dora", 404),
        ("GET", format!("{INSTANCE}/cmdb_ci/{nobody}"), Value::Null, "dora", 404),
        ("GET", "/api/now/cmdb/meta/incident".into(), Value::Null, "dora", 404),
        ("POST", format!("{INSTANCE}/cmdb_ci_server"), json!({ "attributes": { "name": "x" } }), "dora", 400),
        (
            "POST",
            format!("{INSTANCE}/cmdb_ci_server"),
            json!({ "attributes": {}, "source": "ServiceNow" }),
            "dora",
            400,
        ),
        (
            "POST",
            format!("{INSTANCE}/cmdb_ci_server"),
            json!({ "attributes": { "name": "x" }, "source": "ServiceNow" }),
            "mia",
            403,
        ),
        ("POST", IDENTIFY.into(), json!({ "relations": [] }), "dora", 400),
        ("POST", IDENTIFY.into(), json!({ "items": [] }), "nobody", 401),
        ("POST", IDENTIFY.into(), json!({ "items": [] }), "mia", 403),
        ("PUT", format!("{INSTANCE}/cmdb_ci"), json!({}), "dora", 405),
    ] {
        let answer = house.ask(method, &path, &basic(who), body).await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path} {}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.json()["status"], "failure");
    }
    assert_eq!(count(&house, "cmdb_ci").await, "0");
}

#[tokio::test]
async fn a_class_is_described_with_its_fields_and_what_its_items_are_recognised_by() {
    let house = House::new();
    let [runs, _] = relation_types(&house).await;
    let about = ask(&house, "GET", "/api/now/cmdb/meta/cmdb_ci_server", Value::Null).await.1["result"].clone();
    assert_eq!((&about["name"], &about["parent"]), (&json!("cmdb_ci_server"), &json!("cmdb_ci_computer")));
    let children = about["children"].as_array().expect("children");
    assert!(children.contains(&json!("cmdb_ci_linux_server")));
    let field =
        |name: &str| about["attributes"].as_array().into_iter().flatten().find(|one| one["element"] == name).cloned();
    assert_eq!(field("host_name").expect("a field")["is_inherited"], "false");
    assert_eq!(field("name").expect("a field")["is_mandatory"], "true");
    let rules = &about["identification_rules"];
    assert_eq!((&rules["applies_to"], &rules["is_independent"]), (&json!("cmdb_ci_hardware"), &json!(true)));
    assert_eq!(rules["identifiers"][1]["attributes"], "serial_number");
    let application = ask(&house, "GET", "/api/now/v1/cmdb/meta/cmdb_ci_web_server", Value::Null).await.1;
    let rule = json!({ "parent": "cmdb_ci_web_server", "child": "cmdb_ci", "relation_type": runs });
    assert_eq!(application["result"]["relationship_rules"], json!([rule]));
}

#[tokio::test]
async fn of_a_payload_half_of_which_is_broken_the_other_half_goes_in_and_each_item_says_what_is_wrong() {
    let house = House::new();
    relation_types(&house).await;
    let whole = |n: usize| server(json!({ "name": format!("s{n}"), "serial_number": format!("S{n}"), "ram": 16 }));
    let broken = |n: usize| match n % 7 {
        0 => server(json!({ "name": format!("b{n}"), "ram": "much" })),
        1 => server(json!({ "os": "nothing to recognise it by" })),
        2 => json!({ "className": "incident", "values": { "name": "no item" } }),
        3 => json!({ "className": "cmdb_ci_web_server", "values": { "name": "without a host" } }),
        4 => json!("not even an object"),
        5 => json!({ "className": "cmdb_ci_linux_server", "values": ["a", "list"] }),
        _ => server(json!({ "name": "x".repeat(300), "serial_number": format!("X{n}") })),
    };
    let items: Vec<Value> = (0..140).map(|n| if n % 2 == 0 { whole(n) } else { broken(n / 2) }).collect();
    let relations =
        json!([{ "parent": 0, "child": 2, "type": "Depends on::Used by" }, 7, { "parent": "x", "type": 1 }]);
    let outcome = sent(&house, IDENTIFY, json!({ "items": items, "relations": relations })).await;
    let items = outcome["items"].as_array().expect("items");
    assert_eq!(items.len(), 140);
    for (n, item) in items.iter().enumerate() {
        assert_eq!(item["inputIndices"], json!([n]));
        if n % 2 == 0 {
            assert_eq!((&item["operation"], &item["errorCount"]), (&json!("INSERT"), &json!(0)), "{item}");
            continue;
        }
        let (error, word) = [
            ("INVALID_INPUT_DATA", "ram"),
            ("MISSING_MATCHING_ATTRIBUTES", "matching"),
            ("INVALID_INPUT_DATA", "no class"),
            ("MISSING_DEPENDENCY", "hosting"),
            ("INVALID_INPUT_DATA", "cannot be read"),
            ("INVALID_INPUT_DATA", "cannot be read"),
            ("INVALID_INPUT_DATA", "name"),
        ][n / 2 % 7];
        let problem = &item["errors"][0];
        assert_eq!((&item["operation"], &problem["error"]), (&json!("INSERT_AS_INCOMPLETE"), &json!(error)), "{item}");
        assert!(problem["message"].as_str().is_some_and(|message| message.contains(word)), "{problem}");
    }
    let related: Vec<_> =
        outcome["relations"].as_array().expect("relations").iter().map(|one| &one["operation"]).collect();
    assert_eq!(related, ["INSERT", "INSERT_AS_INCOMPLETE", "INSERT_AS_INCOMPLETE"]);
    assert_eq!((count(&house, "cmdb_ci").await, count(&house, "cmdb_rel_ci").await), ("70".into(), "1".into()));
}

#[tokio::test]
async fn the_health_of_items_is_scored_and_every_lost_point_explained() {
    let house = House::new();
    let body = json!({ "applies_to": "cmdb_ci_server", "recommended": "os,serial_number" });
    made(&house, "cmdb_recommended_fields", body).await;
    for (name, os) in [("a", "Debian"), ("b", ""), ("c", "")] {
        made(&house, "cmdb_ci_linux_server", json!({ "name": name, "os": os, "serial_number": name })).await;
    }
    let shop = made(&house, "cmdb_ci_service", json!({ "name": "shop" })).await;
    let (status, health) = ask(&house, "GET", "/api/v1/cmdb/health", Value::Null).await;
    assert_eq!((status, &health["scores"][0]["scope"]), (200, &json!("overall")), "{health}");
    // Two of three lack a recommended field: 40 % of completeness, which is a quarter of the whole.
    assert_eq!(health["scores"][0]["score"], json!(93.333334));
    let service = health["scores"].as_array().expect("scores").iter().find(|card| card["service"] == json!(shop));
    assert_eq!(service.map(|card| &card["score"]), Some(&json!(100)));
    let (status, losses) =
        ask(&house, "GET", "/api/v1/cmdb/health/losses?class=cmdb_ci_server&limit=1", Value::Null).await;
    assert_eq!((status, &losses["count"], &losses["points"]), (200, &json!(2), &json!(6.666666)), "{losses}");
    assert_eq!(losses["losses"].as_array().map(Vec::len), Some(1));
    assert_eq!(losses["losses"][0]["detail"], "recommended, and empty: os");
    let lean = ask(&house, "GET", "/api/v1/cmdb/health/without_service", Value::Null).await.1;
    assert_eq!(lean["count"], 3);
    for (path, status) in [("?class=incident", 404), ("?class=cmdb_ci&service=x", 400), ("?limit=many", 400)] {
        assert_eq!(
            ask(&house, "GET", &format!("/api/v1/cmdb/health/losses{path}"), Value::Null).await.0,
            status,
            "{path}"
        );
    }
    let denied = house.ask("GET", "/api/v1/cmdb/health", &basic("mia"), Value::Null).await;
    assert_eq!(denied.status.as_u16(), 403);
    assert_eq!(ask(&house, "POST", "/api/v1/cmdb/health/cycle", Value::Null).await.0, 202);
}
