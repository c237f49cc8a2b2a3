//! Whether somebody who works alone has to be looked for: the same on the phone, which rings, and on the server, which tells others.
//!
//! A task with a check-in interval, or a risk that has one, is watched from the moment its technician sets out until it ends, or
//! they go home. Each sign of life starts the interval anew; on the road it begins after the estimated travel. A call for help
//! stands until the same person says that they are safe. Whoever works on it is its `assigned_to`.
//!
//! Left out: devices that notice a fall, and other members of a crew, who are not alone.

use crate::id::SysId;
use crate::place::Place;
use crate::record::Record;
use crate::time::Timestamp;
use crate::value::Value;

/// What a sign of life says.
pub const SAFE: &str = "safe";
/// What a call for help says.
pub const HELP: &str = "help";
/// The interval of a job with a high risk that says none.
const HIGH_RISK_SECONDS: i64 = 30 * 60;
/// The interval of a job with a medium risk that says none.
const MEDIUM_RISK_SECONDS: i64 = 60 * 60;

/// The key under which a person's signs of life are answered.
pub fn answer_key(user: SysId) -> String {
    format!("safety.{user}")
}

/// A sign of life, or a call for help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// When it was given.
    pub at: Timestamp,
    /// Where, if the phone knew.
    pub place: Option<Place>,
    /// Whether it calls for help.
    pub is_help: bool,
}

/// Somebody who is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watch {
    /// Who.
    pub user: SysId,
    /// When they were last heard of.
    pub heard_at: Timestamp,
    /// When they have to be heard of again.
    pub due_at: Timestamp,
    /// Whether they called for help.
    pub calls_for_help: bool,
}

/// How often somebody on a task has to be heard of, `None` when they need not be.
pub fn interval_seconds(task: &Record) -> Option<i64> {
    let said = task.get("check_in_interval").and_then(Value::as_integer).filter(|seconds| *seconds > 0);
    said.or_else(|| match task.text("risk_level") {
        "high" => Some(HIGH_RISK_SECONDS),
        "medium" => Some(MEDIUM_RISK_SECONDS),
        _ => None,
    })
}

/// Who is watched on a task at a stage, by the signs of its technician.
pub fn watch(task: &Record, stage: Option<&str>, signs: &[Sign]) -> Option<Watch> {
    let (interval, user) = (interval_seconds(task)?, task.reference("assigned_to")?);
    let is_on_the_road = stage == Some("en_route");
    let is_out = match stage {
        Some("en_route" | "on_site" | "work_in_progress") => true,
        Some("paused") => task.text("pause_reason") != "end_of_shift",
        _ => false,
    };
    let newest = signs.iter().max_by_key(|sign| sign.at);
    let stamps = ["actual_travel_start", "onsite_arrival", "work_start"].into_iter();
    let heard_at = stamps.filter_map(|field| task.time(field)).chain(newest.map(|sign| sign.at)).max()?;
    let travel = task.get("estimated_travel_duration").and_then(Value::as_integer).filter(|_| is_on_the_road);
    let seconds = interval.saturating_add(travel.unwrap_or(0).max(0));
    is_out.then(|| Watch {
        user,
        heard_at,
        due_at: heard_at.plus_milliseconds(seconds.saturating_mul(1_000)),
        calls_for_help: newest.is_some_and(|sign| sign.is_help),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::DocumentId;

    const MINUTE: i64 = 60_000;

    fn task(fields: &[(&str, Value)]) -> Record {
        let mut task = Record::new(DocumentId::new("wm_task", SysId([1; 16])));
        task.set("assigned_to", Some(Value::Reference(SysId([7; 16]))));
        task.set("actual_travel_start", Some(Value::Time(Timestamp(0))));
        fields.iter().for_each(|(field, value)| task.set(*field, Some(value.clone())));
        task
    }

    fn sign(minute: i64, is_help: bool) -> Sign {
        Sign { at: Timestamp(minute * MINUTE), place: None, is_help }
    }

    fn due_minute(task: &Record, stage: &str, signs: &[Sign]) -> Option<i64> {
        watch(task, Some(stage), signs).map(|watch| watch.due_at.0 / MINUTE)
    }

    #[test]
    fn a_sign_of_life_starts_the_interval_anew() {
        let high = task(&[("risk_level", Value::text("high"))]);
        assert_eq!(due_minute(&high, "work_in_progress", &[]), Some(30));
        assert_eq!(due_minute(&high, "work_in_progress", &[sign(20, false), sign(10, false)]), Some(50));
        let said = task(&[("risk_level", Value::text("high")), ("check_in_interval", Value::Integer(600))]);
        assert_eq!(due_minute(&said, "on_site", &[]), Some(10));
    }

    #[test]
    fn who_is_not_out_or_at_no_risk_is_not_watched() {
        let high = [("risk_level", Value::text("high"))];
        for stage in ["accepted", "closed_complete", "cancelled"] {
            assert_eq!(due_minute(&task(&high), stage, &[]), None, "{stage}");
        }
        assert_eq!(due_minute(&task(&[("risk_level", Value::text("low"))]), "on_site", &[]), None);
        let home = task(&[high[0].clone(), ("pause_reason", Value::text("end_of_shift"))]);
        assert_eq!(due_minute(&home, "paused", &[]), None);
        assert_eq!(due_minute(&task(&high), "paused", &[]), Some(30));
    }

    #[test]
    fn travel_is_allowed_for_on_the_road_only() {
        let far = [("risk_level", Value::text("medium")), ("estimated_travel_duration", Value::Integer(1_800))];
        assert_eq!(due_minute(&task(&far), "en_route", &[]), Some(90));
        assert_eq!(due_minute(&task(&far), "on_site", &[]), Some(60));
    }

    #[test]
    fn a_call_for_help_stands_until_they_say_that_they_are_safe() {
        let high = task(&[("risk_level", Value::text("high"))]);
        let calls = |signs: &[Sign]| watch(&high, Some("on_site"), signs).unwrap().calls_for_help;
        assert!(calls(&[sign(5, true), sign(2, false)]));
        assert!(!calls(&[sign(5, true), sign(6, false)]));
    }
}
