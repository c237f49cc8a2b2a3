//! What the demo's JSON must say for a test run to pass.

use std::path::Path;

use serde_json::Value;

use crate::commands::Failed;

/// The real log that the demo imports (`tests/data/README.md`).
const INCIDENTS: u64 = 890;
const EVENTS: u64 = 5_998;

/// Checks the demo's result file.
pub fn check_demo(file: &Path) -> Result<(), Failed> {
    let told = |problem: &dyn std::fmt::Display| Failed(format!("{}: {problem}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|problem| told(&problem))?;
    let report: Value = serde_json::from_str(&text).map_err(|problem| told(&problem))?;
    let problems = problems(&report);
    if problems.is_empty() { Ok(()) } else { Err(told(&problems.join("; "))) }
}

fn problems(report: &Value) -> Vec<String> {
    let number = |key: &str| report.get(key).and_then(Value::as_u64);
    let mut problems = Vec::new();
    if report.get("converged") != Some(&Value::Bool(true)) {
        problems.push("\"converged\" is not true: a phone and the server disagree".to_owned());
    }
    for (key, wanted) in [("lost", 0), ("incidents", INCIDENTS), ("events_replayed", EVENTS)] {
        if number(key) != Some(wanted) {
            problems.push(format!("\"{key}\" is {:?}, not {wanted}", report.get(key)));
        }
    }
    for key in ["edits", "refused_steps", "bytes_up", "bytes_down"] {
        if number(key).is_none_or(|count| count == 0) {
            problems.push(format!("\"{key}\" is {:?}: the shift did not happen", report.get(key)));
        }
    }
    if report["alert"].get("the customer").is_none() {
        problems.push("\"alert\" does not say that the customer agreed".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Value {
        serde_json::json!({
            "converged": true, "edits": 400, "lost": 0, "refused_steps": 7, "incidents": 890, "events_replayed": 5998,
            "bytes_up": 100_000, "bytes_down": 200_000, "seconds": 61.5,
            "alert": { "the customer": "accepts" }
        })
    }

    #[test]
    fn a_shift_that_lost_nothing_and_converged_passes() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("demo.json");
        std::fs::write(&file, good().to_string()).expect("written");
        assert!(check_demo(&file).is_ok());
    }

    #[test]
    fn every_wrong_figure_is_named() {
        for (key, wrong) in [
            ("converged", Value::Bool(false)),
            ("lost", 1.into()),
            ("incidents", 889.into()),
            ("events_replayed", Value::Null),
            ("edits", 0.into()),
            ("alert", Value::Null),
        ] {
            let mut report = good();
            report[key] = wrong;
            let problems = problems(&report);
            assert!(problems.len() == 1 && problems[0].contains(key), "{key}: {problems:?}");
        }
    }
}
