//! How risky a change is, and how well groups did before.

use fieldline_model::{DocumentId, Value};
use fieldline_service::change_requests::score::{self, Team};

use super::Desk;
use crate::house::{DAY, House};

#[test]
fn the_highest_risk_that_any_engine_says_counts_and_each_says_why() {
    let mut desk = Desk::new();
    let item = desk.item("lnx1");
    let condition = [
        ("name", "Critical server"),
        ("calculator", "items"),
        ("condition", "cmdb_ci.environment=Production"),
        ("risk", "2"),
    ];
    desk.made("risk_conditions", &condition);
    let asks = desk.made("change_risk_asmt", &[("name", "Questions"), ("state", "published")]);
    let question =
        |name, weight| [("metric_type", asks.as_str()), ("name", name), ("weight", weight), ("mandatory", "true")];
    let (downtime, people) = (question("Downtime", "3"), question("People", "2"));
    let (downtime, people) = (desk.made("asmt_metric", &downtime), desk.made("asmt_metric", &people));
    for (value, display) in [("0", "None"), ("5", "Hours")] {
        desk.made("asmt_metric_definition", &[("metric", &downtime), ("display", display), ("value", value)]);
    }
    for (risk, score) in [("4", "-1"), ("3", "10"), ("1", "20")] {
        desk.made("change_risk_asmt_threshold", &[("assessment", &asks), ("risk", risk), ("score", score)]);
    }
    let change = desk.change(&[("cmdb_ci", &item)]);
    let first = desk.calculated(&change);
    assert!(first.text("risk_impact_analysis").contains("Questionnaire \"Questions\": not answered."), "{first:?}");

    let id = change.sys_id.to_string();
    let taken = desk.made("asmt_assessment_instance", &[("metric_type", &asks), ("task_id", &id)]);
    let answer = |metric, value| [("instance", taken.as_str()), ("metric", metric), ("actual_value", value)];
    let said = desk.refused("asmt_metric_result", &answer(downtime.as_str(), "7"));
    assert!(said.contains("is no answer to \"Downtime\"; use one of 0 (None), 5 (Hours)"), "{said}");
    let result = desk.made("asmt_metric_result", &answer(downtime.as_str(), "5"));
    assert_eq!(
        desk.rows("asmt_metric_result", &format!("sys_id={result}"))[0].get("normalized_value"),
        Some(&Value::Integer(15))
    );
    let complete = DocumentId::new("asmt_assessment_instance", taken.parse().unwrap());
    let said = desk.write(&complete, &[("state", "complete")]).unwrap_err();
    assert!(said.contains("\"People\" must be answered first"), "{said}");
    desk.made("asmt_metric_result", &answer(people.as_str(), "1"));
    desk.write(&complete, &[("state", "complete")]).unwrap();
    assert_eq!(desk.shown(&change, "risk"), "3", "it was assessed before, so answers count at once");
    let analysis = desk.shown(&change, "risk_impact_analysis");
    assert!(analysis.starts_with("Moderate risk, the highest that was said."), "{analysis}");
    assert!(analysis.contains("17 points, more than 10: Moderate risk"), "{analysis}");

    desk.set("cmdb_ci_linux_server", &item, &[("environment", "Production")]);
    assert_eq!(desk.shown(&change, "risk"), "3");
    desk.house.wait(10_000);
    desk.house.ring();
    assert_eq!(desk.shown(&change, "risk"), "2", "what a condition looked into has changed");
    assert!(
        desk.shown(&change, "risk_impact_analysis")
            .contains("Calculator \"items\", condition \"Critical server\": High risk.")
    );
    desk.write(&change, &[("risk", "1")]).unwrap();
    desk.write(&change, &[("description", "More words")]).unwrap();
    assert_eq!(desk.shown(&change, "risk"), "1", "what somebody chose by hand holds until something else is read");
    let said = desk.refused("risk_conditions", &[("name", "x"), ("condition", "colour=red")]);
    assert!(said.contains("\"colour=red\" is no condition of change_request"), "{said}");
}

/// Takes a change to its end.
fn closed(desk: &mut Desk, code: &str) -> DocumentId {
    let change = desk.change(&[]);
    for state in ["assess", "authorize", "scheduled", "implement", "review"] {
        desk.write(&change, &[("state", state)]).unwrap();
    }
    desk.write(&change, &[("state", "closed"), ("close_code", code), ("close_notes", "Done")]).unwrap();
    change
}

#[test]
fn a_groups_score_is_the_points_of_its_changes_and_of_what_they_caused_and_feeds_the_risk() {
    let mut desk = Desk::new();
    let open = desk.change(&[("impact", "1")]);
    let before = desk.calculated(&open);
    assert!(!before.text("risk_impact_analysis").contains("Change Success Score"), "nothing was closed yet");
    closed(&mut desk, "successful");
    closed(&mut desk, "successful_issues");
    let bad = closed(&mut desk, "unsuccessful");
    let id = bad.sys_id.to_string();
    let dora = desk.house.dora.clone();
    let incident = [("short_description", "Down"), ("caused_by", &id), ("impact", "1"), ("urgency", "1")];
    desk.house.create(&dora, "incident", &incident).unwrap();
    let group = desk.group.parse().unwrap();
    let House { server, now, rng, .. } = &mut desk.house;
    let score = server.read(&dora, *now, rng, |call| score::read(call, Team::Group, group)).unwrap();
    assert_eq!((score.points, score.rating.as_str(), score.changes), (3 - 2 - 5 - 10, "Low", 3));
    let parts: Vec<i64> = score.parts.iter().map(|part| part.points).collect();
    assert_eq!(parts.iter().sum::<i64>(), score.points, "the parts explain it");
    assert!(score.parts.iter().any(|part| part.points == -10 && part.incident.is_some() && part.change.id == bad));
    desk.house.wait(10_000);
    desk.house.ring();
    assert_eq!(desk.shown(&open, "risk"), "1");
    let analysis = desk.shown(&open, "risk_impact_analysis");
    assert!(analysis.contains("Calculated (Impact + Change Success Score): High impact, -14 points of 3 changes (Low), success is low: Very High risk."), "{analysis}");
    desk.house.wait(366 * DAY);
    let House { server, now, rng, .. } = &mut desk.house;
    let later = server.read(&dora, *now, rng, |call| score::read(call, Team::Group, group)).unwrap();
    assert_eq!((later.points, later.probability), (0, None), "what is more than a year old counts no more");
}
