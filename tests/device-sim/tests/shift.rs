//! Three phones go through the shift of `scripts/shift.txt`, as processes that are really killed, against a real server.

use std::path::Path;
use std::process::Command;

use fieldline_stories::{Office, PASSWORD};
use serde_json::json;

#[test]
fn three_killed_cut_off_and_updated_phones_end_with_their_work_on_the_server() {
    let office = Office::open();
    let mut jobs = Vec::new();
    for number in 1..=3 {
        let user = office.hires(&format!("tech{number}"), &["wm_agent"]).to_string();
        let job = json!({ "short_description": format!("valve {number}"), "assigned_to": user, "state": "16" });
        jobs.push(office.creates("wm_task", &job));
    }
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/shift.txt");
    let mut sim = Command::new(env!("CARGO_BIN_EXE_device-sim"));
    sim.arg("run").arg(script).args(["--server", &office.url(), "--user", "tech{}", "--phones", "3"]);
    let output = sim.arg("--dir").arg(folder.path()).env("FIELDLINE_PASSWORD", PASSWORD).output().unwrap();
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}\n{}", String::from_utf8_lossy(&output.stderr));
    for (number, job) in (1..).zip(&jobs) {
        let screens = std::fs::read_to_string(folder.path().join(format!("tech{number}/screens.log"))).unwrap();
        let read = office.reads(job);
        assert_eq!(
            (read["state"].as_str(), read["close_notes"].as_str()),
            (Some("3"), Some("opened the valve")),
            "{screens}"
        );
        let row = table.lines().find(|line| line.starts_with(&format!("tech{number}"))).unwrap();
        assert!(row.contains("everything is sent"), "{row}\n{screens}");
        assert!(
            row.split_whitespace().nth(1) == Some("2") && row.split_whitespace().nth(2) == Some("0"),
            "{row}\n{screens}"
        );
    }
}
