//! `route` as somebody types it: solve, check, explain.

use std::path::Path;
use std::process::Command;

const DAY: &str = r#"{
  "positions": [{ "latitude": 43.7384, "longitude": 7.4246 }, { "latitude": 43.7311, "longitude": 7.4197 }],
  "visits": [
    { "name": "Boiler", "place": 1, "service_seconds": 3600 },
    { "name": "Lift", "place": 1, "service_seconds": 3600, "skills": { "lifts": 2 } },
    { "name": "Door", "place": 1, "service_seconds": 3600 }
  ],
  "shifts": [{ "name": "Mia's day", "technician": "mia", "end_seconds": 4500 }]
}"#;

fn route(words: &[&str], files: &[&Path]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_route")).args(words).args(files).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[test]
fn a_day_is_planned_checked_and_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let (day, plan, other) = (file("day.json"), file("plan.json"), file("other.json"));
    std::fs::write(&day, DAY).expect("it is written");
    let solve = ["solve", "--format", "json", "--iterations", "200", "--json"];
    let told = route(&solve, &[&day]).expect("it is planned");
    assert!(told.contains("\"unserved\":2"), "{told}");
    std::fs::write(&plan, &told).expect("it is written");
    let judged = route(&["check", "--format", "json"], &[&day, &plan]).expect("the plan is right");
    assert!(judged.contains("unserved worth 2"), "{judged}");
    let why = route(&["explain", "--format", "json"], &[&day, &plan]).expect("it is explained");
    assert!(why.contains("needs skill lifts on level 2, has 0"), "{why}");
    assert!(why.contains("fits if Boiler is taken out") || why.contains("fits if Door is taken out"), "{why}");

    std::fs::write(&other, told.replace("\"cost\":", "\"cost\":1")).expect("it is written");
    assert!(route(&["check", "--format", "json"], &[&day, &other]).expect_err("it lies").contains("says it is worth"));
    assert!(route(&solve, &[&file("nowhere.json")]).expect_err("there is none").contains("nowhere.json"));
}
