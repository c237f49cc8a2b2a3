//! Knowledge, being on call and major incidents, as clients ask for them.

use serde_json::{Value, json};

use crate::house::{House, basic};

async fn created(house: &House, by: &str, table: &str, fields: Value) -> String {
    let made = house.ask("POST", &format!("/api/now/table/{table}"), &basic(by), fields).await;
    assert_eq!(made.status.as_u16(), 201, "{}", String::from_utf8_lossy(&made.body));
    made.json()["result"]["sys_id"].as_str().expect("a sys_id").to_owned()
}

async fn got(house: &House, by: &str, path: &str) -> Value {
    let answer = house.ask("GET", path, &basic(by), Value::Null).await;
    assert_eq!(answer.status.as_u16(), 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    answer.json()
}

#[tokio::test]
async fn articles_are_found_read_and_counted_in_the_shape_of_the_knowledge_api() {
    let house = House::new();
    let article =
        |title: &str, text: &str| json!({ "short_description": title, "text": text, "workflow_state": "published" });
    let radiator =
        created(&house, "admin", "kb_knowledge", article("Bleed a radiator", "<p>Turn the <b>key</b> slowly</p>"))
            .await;
    created(&house, "admin", "kb_knowledge", article("Paint a radiator", "<p>Any colour</p>")).await;
    let base = "/api/sn_km_api/knowledge/articles";
    let found = got(
        &house,
        "mia",
        &format!("{base}?query=How+do+I+bleed+my+radiators%3F&fields=short_description,workflow_state&limit=1"),
    )
    .await;
    let (meta, first) = (&found["result"]["meta"], &found["result"]["articles"][0]);
    assert_eq!((meta["count"].as_u64(), meta["start"].as_u64(), meta["end"].as_u64()), (Some(2), Some(0), Some(1)));
    assert_eq!(first["id"], format!("kb_knowledge:{radiator}"));
    assert_eq!((first["title"].as_str(), first["rank"].as_u64()), (Some("Bleed a radiator"), Some(1)));
    assert_eq!(first["snippet"], "Turn the key slowly");
    assert_eq!(first["fields"]["workflow_state"]["display_value"], "Published");
    let search = meta["ts_query_id"].as_str().expect("a search");
    let read = format!("{base}/{radiator}?update_view=true&search_id={search}&search_rank=1");
    let article = got(&house, "mia", &read).await;
    assert_eq!(article["result"]["content"], "<p>Turn the <b>key</b> slowly</p>");
    got(&house, "mia", &format!("/api/sn_km_api/v1/knowledge/articles/{radiator}")).await;
    let uses = got(&house, "admin", "/api/now/table/kb_use?sysparm_exclude_reference_link=true").await;
    assert_eq!(uses["result"].as_array().map(Vec::len), Some(1), "only who says so is counted");
    assert_eq!((&uses["result"][0]["search_id"], &uses["result"][0]["search_rank"]), (&json!(search), &json!("1")));
    let most = got(&house, "mia", &format!("{base}/most_viewed")).await;
    assert_eq!(most["result"]["articles"][0]["number"], article["result"]["number"]);
    assert_eq!(got(&house, "mia", base).await["result"]["meta"]["count"], 2, "without words it is a list");
    let missing = house.ask("GET", &format!("{base}/KB9999999"), &basic("mia"), Value::Null).await;
    assert_eq!(missing.status.as_u16(), 404);
    let by_number = format!("{base}/{}", article["result"]["number"].as_str().expect("a number"));
    assert_eq!(got(&house, "mia", &by_number).await["result"]["sys_id"], json!(radiator));
    let elsewhere = got(&house, "mia", &format!("{base}?query=radiator&kb={radiator}")).await;
    assert_eq!(elsewhere["result"]["meta"]["count"], 0, "no base has this identity");
}

#[tokio::test]
async fn who_types_is_shown_articles_who_solves_uses_them_and_what_that_spared_is_counted() {
    let house = House::new();
    let fields =
        json!({ "short_description": "Bleed a radiator", "text": "Turn the key", "workflow_state": "published" });
    let article = created(&house, "admin", "kb_knowledge", fields).await;
    got(&house, "mia", "/api/sn_km_api/knowledge/articles?query=radiator").await;
    let shown = got(&house, "mia", "/api/v1/knowledge/suggestions?words=my+radiat").await;
    assert_eq!(shown["articles"][0]["sys_id"], json!(article));
    assert_eq!(shown["articles"][0]["outdated"], false);
    house.ask("GET", "/api/v1/knowledge/suggestions", &basic("mia"), Value::Null).await.problem(400);
    let fields =
        json!({ "short_description": "Cold room", "description": "A cold radiator", "close_notes": "Bled it" });
    let incident = created(&house, "dora", "incident", fields).await;
    let attach = format!("/api/v1/knowledge/{article}/attach");
    let used = house.ask("POST", &attach, &basic("dora"), json!({ "task": incident })).await;
    assert_eq!((used.status.as_u16(), &used.json()["use_count"]), (200, &json!(1)));
    house.ask("POST", &attach, &basic("dora"), json!({ "task": "x" })).await.problem(400);
    let draft = house.ask("POST", "/api/v1/knowledge/drafts", &basic("dora"), json!({ "task": incident })).await;
    assert_eq!((draft.status.as_u16(), draft.json()["version"].as_str()), (201, Some("0.01")));
    house.ask("POST", "/api/v1/knowledge/drafts", &basic("dora"), json!({ "task": incident })).await.problem(400);
    let spared = "/api/v1/knowledge/deflection?from=2026-06-01T00:00:00Z&window_minutes=30";
    let counted =
        |answer: &Value| ["not_deflected", "confirmed", "potential", "waiting"].map(|name| answer[name].as_u64());
    // What happens at the very moment of the end is not asked for.
    house.wait_minutes(1);
    let now = got(&house, "admin", spared).await;
    assert_eq!(counted(&now), [Some(0), Some(0), Some(0), Some(1)]);
    created(&house, "mia", "kb_feedback", json!({ "article": article, "useful": "yes" })).await;
    house.wait_minutes(30);
    let then = got(&house, "admin", spared).await;
    assert_eq!(counted(&then), [Some(0), Some(1), Some(0), Some(0)]);
    let visit = &then["visits"][0];
    assert_eq!(
        (visit["outcome"].as_str(), visit["visitor"].as_str()),
        (Some("confirmed"), Some(&*house.mia.to_string()))
    );
    assert_eq!(visit["activities"][1]["what"], "praise");
    house.ask("GET", spared, &basic("mia"), Value::Null).await.problem(403);
    house.ask("GET", &format!("{spared}&window_minutes=0"), &basic("admin"), Value::Null).await.problem(400);
    house.ask("GET", "/api/v1/knowledge/deflection?from=then", &basic("admin"), Value::Null).await.problem(400);
}

#[tokio::test]
async fn who_is_on_call_is_told_and_takes_it() {
    let house = House::new();
    let users = got(&house, "admin", "/api/now/table/sys_user?sysparm_query=user_name=dora").await;
    let dora = users["result"][0]["sys_id"].as_str().expect("dora").to_owned();
    let group = created(&house, "admin", "sys_user_group", json!({ "name": "Network" })).await;
    let rota = created(&house, "admin", "cmn_rota", json!({ "name": "Always", "group": group })).await;
    let fields =
        json!({ "name": "Primary", "rota": rota, "rotation_start_date": "2026-05-25 08:00:00", "attempts": "1" });
    let roster = created(&house, "admin", "cmn_rota_roster", fields).await;
    created(&house, "admin", "cmn_rota_member", json!({ "roster": roster, "member": dora })).await;
    created(&house, "admin", "trigger_rule", json!({ "name": "Critical", "condition": "priority=1", "group": group }))
        .await;
    let now = got(&house, "dora", &format!("/api/v1/on-call?group={group}")).await;
    let duty = &now["on_call"][0];
    assert_eq!((duty["user"]["name"].as_str(), duty["level"].as_u64()), (Some("Dora Dispatcher"), Some(1)));
    assert_eq!((&duty["rota"]["name"], &duty["group"]["name"]), (&json!("Always"), &json!("Network")));
    let before = got(&house, "dora", &format!("/api/v1/on-call?group={group}&at=2026-05-25T07:59:59Z")).await;
    assert_eq!(before["on_call"][0]["user"], Value::Null, "the first turn has not begun");
    house.ask("GET", "/api/v1/on-call", &basic("mia"), Value::Null).await.problem(403);
    house.ask("GET", "/api/v1/on-call?group=x", &basic("dora"), Value::Null).await.problem(400);
    let incident =
        created(&house, "mia", "incident", json!({ "short_description": "Down", "impact": "1", "urgency": "1" })).await;
    let running = got(&house, "dora", "/api/now/table/on_call_escalation").await;
    let escalation = running["result"][0]["sys_id"].as_str().expect("an escalation").to_owned();
    let path = format!("/api/v1/on-call/escalations/{escalation}/acknowledge");
    house.ask("POST", &path, &basic("mia"), Value::Null).await.problem(404);
    let taken = house.ask("POST", &path, &basic("dora"), Value::Null).await;
    assert_eq!((taken.status.as_u16(), taken.json()["state"].as_str()), (200, Some("acknowledged")));
    house.ask("POST", &path, &basic("dora"), Value::Null).await.problem(400);
    let whose =
        got(&house, "dora", &format!("/api/now/table/incident/{incident}?sysparm_exclude_reference_link=true")).await;
    assert_eq!(whose["result"]["assigned_to"], json!(dora));
}

#[tokio::test]
async fn the_board_lists_major_incidents_and_a_report_is_written() {
    let house = House::new();
    let incident =
        created(&house, "mia", "incident", json!({ "short_description": "Down", "impact": "1", "urgency": "1" })).await;
    assert_eq!(got(&house, "dora", "/api/v1/major-incidents").await["incidents"], json!([]));
    let path = format!("/api/now/table/incident/{incident}");
    house.ask("PATCH", &path, &basic("dora"), json!({ "major_incident_state": "accepted" })).await;
    let board = got(&house, "dora", "/api/v1/major-incidents").await;
    let line = &board["incidents"][0];
    assert_eq!(
        (&line["sys_id"], &line["is_flagged"], &line["gone_percent"]),
        (&json!(incident), &json!(false), &Value::Null)
    );
    house.ask("GET", "/api/v1/major-incidents", &basic("mia"), Value::Null).await.problem(403);
    let report = format!("/api/v1/major-incidents/{incident}/report");
    let answer = house.ask("GET", &report, &basic("dora"), Value::Null).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "text/markdown; charset=utf-8"));
    assert!(String::from_utf8_lossy(&answer.body).contains("Mia Canaryname: Opened"));
    house.ask("GET", "/api/v1/major-incidents/x/report", &basic("dora"), Value::Null).await.problem(400);
}
