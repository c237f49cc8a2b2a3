//! Questionnaires: what somebody answers about one change counts as often as the question's weight says, and the highest threshold
//! that the sum exceeds is the risk.
//!
//! Of the questionnaires that are published the first whose condition holds is asked; the last complete set of answers counts.

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{FieldName, Record, Value};

use super::{Verdict, again, shown};
use crate::call::Call;
use crate::change_requests::CHANGES;
use crate::error::Result;
use crate::query::number_field;
use crate::table::{self, TableError};

pub(crate) const ASSESSMENTS: &str = "change_risk_asmt";
const THRESHOLDS: &str = "change_risk_asmt_threshold";
const METRICS: &str = "asmt_metric";
const OFFERED: &str = "asmt_metric_definition";
const INSTANCES: &str = "asmt_assessment_instance";
const RESULTS: &str = "asmt_metric_result";

pub(super) fn verdict(call: &Call<'_>, change: &Record) -> Result<Option<Verdict>> {
    let mut published =
        call.rows(ASSESSMENTS, &Filter::equals("active", true).and(Filter::equals("state", "published")))?;
    published.sort_by_key(|row| (number_field(row, "order").unwrap_or(100), row.id.sys_id));
    let asked = published.into_iter().find(|row| call.holds(&Query::parse(row.text("condition")).query, change));
    asked.map(|assessment| answered(call, change, &assessment)).transpose()
}

fn answered(call: &Call<'_>, change: &Record, assessment: &Record) -> Result<Verdict> {
    let name = assessment.text("name");
    let of_change = Filter::equals("task_id", change.id.sys_id).and(Filter::equals("state", "complete"));
    let instances = call.rows(INSTANCES, &of_change.and(Filter::equals("metric_type", assessment.id.sys_id)))?;
    let Some(last) =
        instances.iter().max_by_key(|row| (row.time("taken_on"), row.time("sys_updated_on"), row.id.sys_id))
    else {
        return Ok(Verdict { risk: None, impact: None, says: format!("Questionnaire \"{name}\": not answered.") });
    };
    let score = score_of(call, last)?;
    let thresholds = call.rows(THRESHOLDS, &Filter::equals("assessment", assessment.id.sys_id))?;
    let exceeded = thresholds.iter().filter_map(|row| Some((number_field(row, "score")?, number_field(row, "risk")?)));
    let highest = exceeded.filter(|(limit, _)| score > *limit).max_by_key(|(limit, risk)| (*limit, -risk));
    let says = match highest {
        Some((limit, risk)) => {
            format!("Questionnaire \"{name}\": {score} points, more than {limit}: {} risk.", shown(call, "risk", risk))
        }
        None => format!("Questionnaire \"{name}\": {score} points, no more than any threshold."),
    };
    Ok(Verdict { risk: highest.map(|(_, risk)| risk), impact: None, says })
}

/// The sum of answers, each times the weight its question has now.
fn score_of(call: &Call<'_>, instance: &Record) -> Result<i64> {
    let mut score: i64 = 0;
    for result in call.rows(RESULTS, &Filter::equals("instance", instance.id.sys_id))? {
        let metric = call.referred(METRICS, result.reference("metric"))?;
        let metric = metric.filter(|metric| metric.get("active") != Some(&Value::Boolean(false)));
        let weight = metric.and_then(|metric| number_field(&metric, "weight")).unwrap_or_default();
        let value = number_field(&result, "actual_value").unwrap_or_default();
        score = score.saturating_add(value.saturating_mul(weight));
    }
    Ok(score)
}

/// Refuses an answer that its question does not offer, and a questionnaire that is complete without its mandatory answers.
///
/// # Errors
/// Names the question.
pub(crate) fn check(call: &Call<'_>, row: &mut Record) -> table::Result<()> {
    match row.id.table.as_str() {
        RESULTS => check_answer(call, row),
        INSTANCES if row.text("state") == "complete" => {
            check_complete(call, row)?;
            if row.time("taken_on").is_none() {
                row.set("taken_on", Some(Value::Time(call.now)));
                row.set("user", Some(Value::Reference(call.caller.user)));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_answer(call: &Call<'_>, row: &mut Record) -> table::Result<()> {
    let invalid = |field: &str, problem: String| TableError::invalid(&row.id, Some(&FieldName::from(field)), problem);
    let find = |field: &str, table: &str| call.referred(table, row.reference(field));
    let (metric, instance) = (find("metric", METRICS)?, find("instance", INSTANCES)?);
    let (Some(metric), Some(instance)) = (metric, instance) else {
        return Err(invalid("metric", "there is no such question or questionnaire; name ones there are".into()));
    };
    if metric.reference("metric_type") != instance.reference("metric_type") {
        let problem =
            format!("\"{}\" is no question of this questionnaire; answer one of its own", metric.text("name"));
        return Err(invalid("metric", problem));
    }
    let mut offered = call.rows(OFFERED, &Filter::equals("metric", metric.id.sys_id))?;
    offered.sort_by_key(|one| number_field(one, "value"));
    let value = number_field(row, "actual_value");
    if !offered.is_empty() && !offered.iter().any(|one| number_field(one, "value") == value) {
        let offered: Vec<String> = offered
            .iter()
            .map(|one| format!("{} ({})", number_field(one, "value").unwrap_or_default(), one.text("display")))
            .collect();
        let problem = format!("is no answer to \"{}\"; use one of {}", metric.text("name"), offered.join(", "));
        return Err(invalid("actual_value", problem));
    }
    let weight = number_field(&metric, "weight").unwrap_or_default();
    row.set("normalized_value", Some(Value::Integer(value.unwrap_or_default().saturating_mul(weight))));
    Ok(())
}

fn check_complete(call: &Call<'_>, instance: &Record) -> table::Result<()> {
    let Some(assessment) = instance.reference("metric_type") else { return Ok(()) };
    let answers = call.rows(RESULTS, &Filter::equals("instance", instance.id.sys_id))?;
    let metrics = Filter::equals("metric_type", assessment).and(Filter::equals("active", true));
    for metric in call.rows(METRICS, &metrics.and(Filter::equals("mandatory", true)))? {
        if !answers.iter().any(|answer| answer.reference("metric") == Some(metric.id.sys_id)) {
            let problem = format!("\"{}\" must be answered first; add a row of {RESULTS}", metric.text("name"));
            return Err(TableError::invalid(&instance.id, Some(&"state".into()), problem));
        }
    }
    Ok(())
}

/// Lets a change that was assessed follow answers about it.
///
/// # Errors
/// When the database fails.
pub(crate) fn written(call: &mut Call<'_>, row: &Record) -> Result<()> {
    let instance = match row.id.table.as_str() {
        INSTANCES => Some(row.clone()),
        RESULTS => call.referred(INSTANCES, row.reference("instance"))?,
        _ => None,
    };
    let change = instance.and_then(|instance| instance.reference("task_id"));
    let change = call.referred(CHANGES, change)?;
    change.map_or(Ok(()), |change| again(call, &change))
}
