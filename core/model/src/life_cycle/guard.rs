//! What a person is told before a step is taken: who may, from where, and what has to be filled in first.
//!
//! The phone and the server ask the same question. The server leaves the stage out for edits that were made offline:
//! whether the record was still there is for the fold to judge, and nobody's finished work is sent back for it.

use std::collections::BTreeSet;

use super::{LifeCycle, StepRule};
use crate::dictionary::{Field, may};
use crate::id::FieldName;
use crate::record::Record;

/// A step somebody is about to take.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The step rule's name.
    pub step: &'a str,
    /// Where the record stands; `None` leaves that to the fold.
    pub stage: Option<&'a str>,
    /// The roles of whoever takes it.
    pub roles: &'a BTreeSet<String>,
    /// The record as it is with the fields set together with the step.
    pub record: &'a Record,
    /// Why.
    pub reason: Option<&'a str>,
    /// Whether a public comment comes with it.
    pub comment: bool,
}

/// Why a step may not be taken, and what would help.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// No step of that name.
    #[error("there is no step \"{step}\", the steps are {known}")]
    Unknown {
        /// The name given.
        step: String,
        /// The names there are.
        known: String,
    },
    /// It does not lead on from where the record stands.
    #[error("\"{step}\" does not lead on from {stage}, from there one may {possible}")]
    NotFrom {
        /// The step.
        step: String,
        /// The record's stage.
        stage: String,
        /// The steps that do lead on.
        possible: String,
    },
    /// It is reserved to others.
    #[error("\"{step}\" needs one of the roles {roles}")]
    Role {
        /// The step.
        step: String,
        /// Who may.
        roles: String,
    },
    /// A field is empty.
    #[error("{field}: must be filled in for \"{step}\"")]
    Missing {
        /// The step.
        step: String,
        /// The field.
        field: FieldName,
    },
    /// The reason is missing or none of those offered.
    #[error("\"{step}\" needs a reason, one of {reasons}")]
    Reason {
        /// The step.
        step: String,
        /// The reasons offered.
        reasons: String,
    },
    /// The reason needs a comment.
    #[error("\"{step}\" for the reason {reason} needs a comment that the customer can read")]
    Comment {
        /// The step.
        step: String,
        /// The reason given.
        reason: String,
    },
}

impl LifeCycle {
    /// Checks a step before it is taken.
    ///
    /// # Errors
    /// The first thing that stands in the way.
    pub fn check(&self, attempt: &Attempt<'_>) -> Result<&StepRule, StepError> {
        let step = attempt.step.to_owned();
        let Some(rule) = self.step(attempt.step) else {
            return Err(StepError::Unknown { step, known: names(self.steps.iter()) });
        };
        if let Some(stage) = attempt.stage.filter(|stage| !rule.from.iter().any(|from| from == stage)) {
            return Err(StepError::NotFrom { step, stage: stage.to_owned(), possible: names(self.steps_from(stage)) });
        }
        if !may(attempt.roles.iter().map(String::as_str), &rule.roles) {
            return Err(StepError::Role { step, roles: rule.roles.join(", ") });
        }
        if let Some(field) = rule.requires.iter().find(|field| attempt.record.get(field.as_str()).is_none()) {
            return Err(StepError::Missing { step, field: field.clone() });
        }
        if !rule.reasons.is_empty() && !attempt.reason.is_some_and(|reason| rule.offers(reason)) {
            return Err(StepError::Reason { step, reasons: rule.reasons.join(", ") });
        }
        match attempt.reason {
            Some(reason) if rule.comment_for.as_deref() == Some(reason) && !attempt.comment => {
                Err(StepError::Comment { step, reason: reason.to_owned() })
            }
            _ => Ok(rule),
        }
    }

    /// The step from a stage to the API's `state` (and `sub_state`) that somebody with these roles may take, for clients
    /// that write a state where a person would press a button.
    pub fn step_to_state(
        &self,
        stage: &str,
        state: i64,
        sub_state: Option<&str>,
        roles: &BTreeSet<String>,
    ) -> Option<&StepRule> {
        self.steps.iter().find(|rule| {
            let target = self.stage(&rule.to).filter(|to| to.state == state && to.sub_state.as_deref() == sub_state);
            let leads_on = rule.from.iter().any(|from| from == stage);
            target.is_some() && leads_on && may(roles.iter().map(String::as_str), &rule.roles)
        })
    }
}

impl StepRule {
    /// The reason that a client meant by the value it wrote into the step's reason field, such as `1` for
    /// `awaiting_caller`; `None` when it stands for none of the reasons.
    pub fn reason_meant(&self, field: &Field, written: &str) -> Option<&str> {
        let value = field.reason_value(written)?;
        self.reasons.iter().find(|reason| field.reason_value(reason).as_ref() == Some(&value)).map(String::as_str)
    }

    /// Whether a reason is one of those offered; `other` may go on after a colon.
    pub fn offers(&self, reason: &str) -> bool {
        let word = if reason.starts_with("other:") { "other" } else { reason };
        self.reasons.iter().any(|offered| offered == word)
    }
}

fn names<'a>(rules: impl Iterator<Item = &'a StepRule>) -> String {
    rules.map(|rule| rule.name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dictionary::Dictionary;
    use crate::id::{DocumentId, SysId};
    use crate::value::Value;

    fn roles(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn problem(table: &str, step: &str, change: impl FnOnce(&mut Attempt<'_>, &mut Record)) -> String {
        let mut record = Record::new(DocumentId::new(table, SysId([1; 16])));
        let nobody = roles(&["itil", "wm_agent"]);
        let empty = record.clone();
        let mut attempt = Attempt { step, stage: None, roles: &nobody, record: &empty, reason: None, comment: false };
        change(&mut attempt, &mut record);
        let attempt = Attempt { record: &record, ..attempt };
        let life_cycle = Dictionary::shipped().life_cycle_of(table).expect("has one");
        life_cycle.check(&attempt).map_or_else(|problem| problem.to_string(), |rule| format!("to {}", rule.to))
    }

    #[test]
    fn a_step_that_may_not_be_taken_is_explained() {
        assert!(
            problem("incident", "fly", |_, _| {}).starts_with("there is no step \"fly\", the steps are begin, hold")
        );
        let stage = problem("incident", "close", |attempt, _| attempt.stage = Some("new"));
        assert_eq!(stage, "\"close\" does not lead on from new, from there one may begin, hold, resolve, cancel");
        let role = problem("wm_task", "cancel", |_, _| {});
        assert_eq!(role, "\"cancel\" needs one of the roles wm_dispatcher, wm_qualifier");
        assert_eq!(problem("incident", "resolve", |_, _| {}), "close_code: must be filled in for \"resolve\"");
        let resolved = problem("incident", "resolve", |_, record| {
            record.set("close_code", Some(Value::text("Solved")));
            record.set("close_notes", Some(Value::text("Cable was loose")));
        });
        assert_eq!(resolved, "to resolved");
    }

    #[test]
    fn a_reason_is_one_of_those_offered_and_awaiting_the_caller_needs_a_comment() {
        let hold = |reason: Option<&'static str>, comment: bool| {
            problem("incident", "hold", |attempt, _| (attempt.reason, attempt.comment) = (reason, comment))
        };
        assert!(hold(None, false).starts_with("\"hold\" needs a reason, one of awaiting_caller, "));
        assert!(hold(Some("lunch"), false).starts_with("\"hold\" needs a reason"));
        assert!(hold(Some("awaiting_caller"), false).contains("needs a comment"));
        assert_eq!(hold(Some("awaiting_caller"), true), "to on_hold");
        assert_eq!(hold(Some("awaiting_vendor"), false), "to on_hold");
        let other = problem("wm_task", "pause", |attempt, _| attempt.reason = Some("other: hail"));
        assert_eq!(other, "to paused");
    }

    #[test]
    fn a_client_that_writes_a_state_takes_the_step_its_roles_allow() {
        let task = Dictionary::shipped().life_cycle("work_order_task").expect("shipped");
        let step = |stage, state, sub_state, role| {
            task.step_to_state(stage, state, sub_state, &roles(&[role])).map(|rule| rule.name.as_str())
        };
        assert_eq!(step("assigned", 10, None, "wm_agent"), Some("reject"));
        assert_eq!(step("assigned", 10, None, "wm_dispatcher"), Some("withdraw"));
        assert_eq!(step("accepted", 17, Some("en_route"), "wm_agent"), Some("start_travel"));
        assert_eq!(step("paused", 18, None, "admin"), Some("resume"));
        assert_eq!(step("closed_complete", 18, None, "admin"), None);
    }

    #[test]
    fn the_number_of_a_reason_means_the_reason() {
        let incident = Dictionary::shipped().table("incident").expect("shipped");
        let field = incident.field("hold_reason").expect("declared");
        let life_cycle = Dictionary::shipped().life_cycle("incident").expect("shipped");
        let hold = life_cycle.step("hold").expect("declared");
        assert_eq!(hold.reason_meant(field, "1"), Some("awaiting_caller"));
        assert_eq!(hold.reason_meant(field, "awaiting_vendor"), Some("awaiting_vendor"));
        assert_eq!(hold.reason_meant(field, "2"), None);
    }
}
