//! What is over is deleted after its days, and nothing else is.

use crate::house::{DAY, House};

fn count(house: &mut House, table: &str) -> usize {
    let system = house.server.system();
    house.query(&system, table, "").len()
}

#[test]
fn finished_runs_with_their_logs_go_after_their_days_and_what_failed_or_waits_stays() {
    let mut house = House::new();
    let (system, dora) = (house.server.system(), house.dora.clone());
    let steps = r#"[{"do":"update","record":"trigger","fields":{"work_notes":"Seen"}},
        {"do":"if","record":"trigger","condition":"category=bad","then":[
            {"do":"update","record":"trigger","fields":{"impact":"9"}}]},
        {"do":"wait_for","record":"trigger","condition":"category!=slow"}]"#;
    let flow = [("name", "Look"), ("trigger_type", "record_create"), ("table", "incident"), ("definition", steps)];
    house.create(&system, "sys_hub_flow", &flow).unwrap();
    for at in 0..230 {
        let category = ["bad", "slow"].get(at).copied().unwrap_or("network");
        house.create(&dora, "incident", &[("short_description", "x"), ("category", category)]).unwrap();
    }
    house.ring();
    house.server.keep_tidy(house.now, &mut house.rng).unwrap();
    house.server.keep_tidy(house.now, &mut house.rng).unwrap();
    house.wait(29 * DAY);
    house.ring();
    assert_eq!(count(&mut house, "sys_flow_context"), 230);
    let property = [("name", "fieldline.retention.flow_days"), ("value", "0")];
    let property = house.create(&system, "sys_properties", &property).unwrap().record.id;
    house.wait(10 * DAY);
    house.ring();
    assert_eq!(count(&mut house, "sys_flow_context"), 230, "0 is never");
    house.update(&system, &property, &[("value", "35")]).unwrap();
    house.restart();
    house.wait(DAY);
    house.ring();
    let left = house.query(&system, "sys_flow_context", "ORDERBYstate");
    let states: Vec<&str> = left.iter().map(|run| run.text("state")).collect();
    assert_eq!(states, ["error", "waiting"], "more than one transaction takes");
    assert_eq!(count(&mut house, "sys_flow_log"), 4, "theirs");
    assert!(house.server.next_due().unwrap().is_some_and(|due| due > house.now), "it looks again tomorrow");
}
