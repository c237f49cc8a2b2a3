//! `route` as somebody types it: solve, check, explain, repair, draw.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const DAY: &str = r#"{
  "positions": [{ "latitude": 43.7384, "longitude": 7.4246 }, { "latitude": 43.7311, "longitude": 7.4197 }],
  "visits": [
    { "name": "Boiler", "place": 1, "service_seconds": 3600 },
    { "name": "Lift", "place": 1, "service_seconds": 3600, "skills": { "lifts": 2 } },
    { "name": "Door", "place": 1, "service_seconds": 3600 }
  ],
  "shifts": [{ "name": "Mia's day", "technician": "mia", "end_seconds": 4500 }]
}"#;

const SOLVE: [&str; 6] = ["solve", "--format", "json", "--iterations", "500", "--json"];

fn route(words: &[&str], files: &[&Path]) -> Result<String, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_route")).args(words).args(files).output().expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it writes text");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

#[test]
fn a_day_is_planned_checked_and_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let (day, plan, other) = (file("day.json"), file("plan.json"), file("other.json"));
    std::fs::write(&day, DAY).expect("it is written");
    let told = route(&SOLVE, &[&day]).expect("it is planned");
    assert!(told.contains("\"unserved\":2"), "{told}");
    std::fs::write(&plan, &told).expect("it is written");
    let judged = route(&["check", "--format", "json"], &[&day, &plan]).expect("the plan is right");
    assert!(judged.contains("unserved worth 2"), "{judged}");
    let why = route(&["explain", "--format", "json"], &[&day, &plan]).expect("it is explained");
    assert!(why.contains("needs skill lifts on level 2, has 0"), "{why}");
    assert!(why.contains("fits if Boiler is taken out") || why.contains("fits if Door is taken out"), "{why}");

    std::fs::write(&other, told.replace("\"cost\":", "\"cost\":1")).expect("it is written");
    assert!(route(&["check", "--format", "json"], &[&day, &other]).expect_err("it lies").contains("says it is worth"));
    assert!(route(&SOLVE, &[&file("nowhere.json")]).expect_err("there is none").contains("nowhere.json"));
}

#[test]
fn a_long_search_writes_nothing_but_the_plan_where_there_is_no_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let day = folder.path().join("day.json");
    std::fs::write(&day, DAY).expect("it is written");
    let long = ["solve", "--format", "json", "--iterations", "60000"];
    let output = Command::new(env!("CARGO_BIN_EXE_route")).args(long).arg(&day).output().expect("it starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Breaks, a crew, what comes after what, due times, a depot: the example has them all, and then something happens.
#[test]
fn the_example_is_planned_drawn_and_repaired() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name);
    let (plan, picture, map) = (file("plan.json"), file("plan.svg"), file("plan.geojson"));
    let draw = ["--svg", picture.to_str().expect("text"), "--geojson", map.to_str().expect("text"), "--threads", "2"];
    let told = route(&[&SOLVE[..], &draw].concat(), &[&example("day.json")]).expect("it is planned");
    let value: Value = serde_json::from_str(&told).expect("it is JSON");
    assert_eq!((&value["unserved"], &value["plan"]["score"]["late_seconds"]), (&0.into(), &0.into()), "{told}");
    let stops = |name: &str| told.matches(&format!("{{\"{name}\":")).count();
    // Every stop stands in the plan and in the timetable.
    assert_eq!([stops("visit"), stops("break"), stops("depot")], [14, 2, 2], "{told}");
    let picture = std::fs::read_to_string(&picture).expect("it is drawn");
    assert!(
        picture.starts_with("<svg") && picture.contains("Boiler out at") && picture.ends_with("</svg>\n"),
        "{picture}"
    );
    let map: Value = serde_json::from_str(&std::fs::read_to_string(&map).expect("it is written")).expect("it is JSON");
    assert_eq!(map["features"].as_array().map(Vec::len), Some(2 + 7), "{map}");
    assert_eq!(map["features"][0]["geometry"]["type"], "LineString");

    std::fs::write(&plan, &told).expect("it is written");
    let repair = ["repair", "--format", "json", "--now-seconds", "34200"];
    let files = [example("day.json"), plan.clone(), example("events.json")];
    let changes = route(&repair, &[&files[0], &files[1], &files[2]]).expect("it is repaired");
    assert!(changes.contains("Gas smell: ") && changes.contains(", before nobody"), "{changes}");
    assert!(!changes.contains("Boiler out: "), "it is under way: {changes}");
    let others = route(&["explain", "--format", "json", "--visit", "5"], &[&files[0], &plan]).expect("it is explained");
    assert!(others.starts_with("visit Meter: made by Mia") && others.contains("Tom could begin at"), "{others}");
    let again = route(&[&SOLVE[..], &["--from"]].concat(), &[&plan, &files[0]]).expect("it goes on");
    assert!(again.contains("\"unserved\":0"), "{again}");
}

#[test]
fn formats_are_told_as_schemas() {
    for (of, word) in [("problem", "service_seconds_of"), ("plan", "begins_seconds"), ("events", "emergency")] {
        let schema: Value =
            serde_json::from_str(&route(&["schema", of], &[]).expect("it is told")).expect("it is JSON");
        assert!(schema.to_string().contains(word), "{of}");
    }
}
