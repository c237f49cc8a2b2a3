use serde_json::{Value, json};

use crate::house::House;

/// A dispatch group with Mia in it, who sets out from Monaco at eight, and a task in Nice: the group and the task.
pub async fn riviera(house: &House, admin: &str) -> (String, String) {
    let create = async |table: &str, body: Value| {
        let answer = house.ask("POST", &format!("/api/now/table/{table}"), admin, body).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", String::from_utf8_lossy(&answer.body));
        answer.json()["result"]["sys_id"].as_str().expect("an id").to_owned()
    };
    let mia = house.mia.to_string();
    let group = create("sys_user_group", json!({ "name": "Riviera" })).await;
    create("sys_user_grmember", json!({ "user": mia, "group": group })).await;
    let depot = json!({ "name": "Depot", "latitude": "43.7384", "longitude": "7.4246" });
    let nice = json!({ "name": "Nice", "latitude": "43.7102", "longitude": "7.262" });
    let (depot, nice) = (create("cmn_location", depot).await, create("cmn_location", nice).await);
    create("wm_agent_schedule_attribute_plan", json!({ "user": mia, "start_location": depot })).await;
    let hours =
        json!({ "user": mia, "start_date_time": "2026-06-01 08:00:00", "end_date_time": "2026-06-01 16:00:00" });
    create("cmn_schedule_span", hours).await;
    let task = json!({ "short_description": "Boiler", "dispatch_group": group, "location": nice, "state": "10" });
    let task = create("wm_task", task).await;
    (group, task)
}

#[tokio::test]
async fn a_dispatcher_asks_who_could_come_which_times_are_free_and_plans_the_day() {
    let house = House::new();
    let (admin, dora) = (house.sign_in("admin").await, house.sign_in("dora").await);
    let (group, task) = riviera(&house, &admin).await;
    let ask = async |what: &str, body: Value| {
        let answer = house.ask("POST", &format!("/api/v1/dispatch/{what}"), &dora, body).await;
        assert_eq!(answer.status.as_u16(), 200, "{}", String::from_utf8_lossy(&answer.body));
        answer.json()
    };
    let found = ask("candidates", json!({ "task": task })).await;
    let first = &found["candidates"][0];
    assert_eq!((&first["technician"]["user"], &first["reason"]), (&json!(house.mia.to_string()), &Value::Null));
    let of_task = ask("slots", json!({ "task": task, "days": 2 })).await;
    let place = json!({ "group": group, "latitude": 43.7102, "longitude": 7.262, "work_seconds": 3600 });
    let of_place = ask("slots", place).await;
    assert_eq!(of_task["slots"], of_place["slots"]);
    assert_eq!(of_task["slots"][0]["expected_start"], first["expected_start"]);

    let dry = ask("plan", json!({ "group": group, "from": "2026-06-01", "dry_run": true })).await;
    assert_eq!((&dry["published"], dry["planned"].as_array().map(Vec::len)), (&json!(0), Some(1)));
    let wet = ask("plan", json!({ "group": group, "from": "2026-06-01", "seed": dry["seed"] })).await;
    assert_eq!((&wet["published"], &wet["planned"]), (&json!(1), &dry["planned"]));
    assert_eq!(wet["planned"][0]["expected_start"], first["expected_start"]);
    let shown = house.ask("GET", &format!("/api/now/table/wm_task/{task}"), &dora, Value::Null).await.json();
    assert_eq!(shown["result"]["assigned_to"]["value"], house.mia.to_string());
}

#[tokio::test]
async fn whoever_may_not_plan_and_what_makes_no_sense_is_told_so() {
    let house = House::new();
    let (admin, dora, mia) = (house.sign_in("admin").await, house.sign_in("dora").await, house.sign_in("mia").await);
    let (group, task) = riviera(&house, &admin).await;
    let ask = async |who: &str, what: &str, body: Value, status: u16| {
        house.ask("POST", &format!("/api/v1/dispatch/{what}"), who, body).await.problem(status)
    };
    assert!(ask(&mia, "plan", json!({ "group": group }), 403).await.contains("wm_dispatcher"));
    assert!(ask(&mia, "candidates", json!({ "task": task }), 403).await.contains("wm_dispatcher"));
    assert!(ask(&dora, "plan", json!({}), 400).await.contains("missing field `group`"));
    assert!(ask(&dora, "plan", json!({ "group": group, "from": "soon" }), 400).await.starts_with("from"));
    assert!(ask(&dora, "plan", json!({ "group": group, "days": 99 }), 400).await.starts_with("days"));
    assert!(ask(&dora, "plan", json!({ "group": "0".repeat(32) }), 404).await.contains("sys_user_group"));
    assert!(ask(&dora, "candidates", json!({ "task": "0".repeat(32) }), 404).await.contains("wm_task"));
    assert!(ask(&dora, "slots", json!({ "group": group }), 400).await.starts_with("latitude"));
    let crew = json!({ "needs_crew": "true" });
    house.ask("PATCH", &format!("/api/now/table/wm_task/{task}"), &dora, crew).await;
    let refused = ask(&dora, "slots", json!({ "task": task }), 400).await;
    assert!(refused.starts_with("task: WOT") && refused.contains("needs a crew"), "{refused}");
}
