//! Whether an edit fits its table: what a form would not have let through, checked again where edits are admitted.
//!
//! Shape is what the dictionary says about the edit alone. Who may do it (roles) and when (the stage) is judged elsewhere:
//! a step that the stage forbids is no mistake of shape, it merges and is kept as a refused step.

use fieldline_model::dictionary::{Field, FieldType, Kind, Merge, Table};
use fieldline_model::life_cycle::StepRule;
use fieldline_model::{Decimal, Dictionary, FieldName, SysId, Timestamp, Value};

use crate::caps;
use crate::edit::{Act, Edit, EditError};
use crate::files::Attachment;

/// What time may be spent on.
const KINDS_OF_TIME: [&str; 5] = ["travel", "work", "break", "admin", "other"];

/// What is wrong with one act: the field, if any, and the problem.
type Problem = (Option<FieldName>, String);

/// Checks an edit against the dictionary; `creating` says that it is the record's first.
///
/// # Errors
/// Names the record, the field, what was given, and what would be right.
pub fn check_shape(edit: &Edit, dictionary: &Dictionary, creating: bool) -> Result<(), EditError> {
    edit.check_cost()?;
    let wrong = |(field, problem)| EditError { document: edit.document.clone(), field, problem };
    let name = edit.document.table.as_str();
    let table = dictionary.table(name).ok_or_else(|| wrong((None, format!("there is no table \"{name}\""))))?;
    if table.kind != Kind::Document {
        return Err(wrong((None, format!("records of {name} are looked up, not edited; ask the server to change it"))));
    }
    let shape = Shape { edit, dictionary, table, creating };
    edit.acts.iter().try_for_each(|act| shape.act(act)).and_then(|()| shape.mandatory()).map_err(wrong)
}

struct Shape<'a> {
    edit: &'a Edit,
    dictionary: &'a Dictionary,
    table: &'a Table,
    creating: bool,
}

impl Shape<'_> {
    fn act(&self, act: &Act) -> Result<(), Problem> {
        match act {
            Act::Set { field, value } => self.set(field, value.as_ref()),
            Act::Confirm { field } => self.register(field, "confirm").map(drop),
            Act::Include { field, .. } | Act::Exclude { field, .. } => self.member(field),
            Act::Comment { text } | Act::WorkNote { text } => written("a journal entry", text),
            Act::Transition { step, reason } => self.transition(step, reason.as_deref()),
            Act::Answer { question, .. } => written("the key of a question", question),
            Act::UsePart { model, quantity, .. } => part(*model, *quantity),
            Act::LogTime { kind, started_at, ended_at } => time(kind, *started_at, *ended_at),
            Act::Read { meter, value, .. } => reading(meter, *value),
            Act::Attach { attachment } => file(attachment),
            Act::Detach { .. } => Ok(()),
            Act::Rename { file_name, .. } => written("a file name", file_name),
        }
    }

    fn field(&self, name: &FieldName) -> Result<&Field, Problem> {
        let found = self.table.field(name.as_str());
        found.ok_or_else(|| (Some(name.clone()), format!("the table {} has no such field", self.table.name)))
    }

    /// A field that people write as a whole, now.
    fn register(&self, name: &FieldName, deed: &str) -> Result<&Field, Problem> {
        let field = self.field(name)?;
        let wrong = |problem: &str| Err((Some(name.clone()), problem.to_owned()));
        match field.merge {
            Merge::Derived => wrong("is computed from other facts; change those"),
            Merge::Fixed if !self.creating => wrong("is written when the record is created and never again"),
            Merge::Set => wrong(&format!("is a set; include and exclude records, do not {deed} it")),
            _ if field.field_type == FieldType::GlideList => wrong("is a set; include and exclude records"),
            _ => Ok(field),
        }
    }

    fn set(&self, name: &FieldName, value: Option<&Value>) -> Result<(), Problem> {
        let field = self.register(name, "set")?;
        let wrong = |problem: String| Err((Some(name.clone()), problem));
        match value {
            None => field.check_empty(),
            Some(Value::Text(text)) if text.is_empty() => return wrong("send no value to empty it".into()),
            Some(Value::Time(moment)) if !is_moment(*moment) => {
                return wrong(format!("{} ms is outside the years 1 to 9999", moment.0));
            }
            Some(value) => field.check(value),
        }
        .map_err(|error| {
            let problem = error.to_string();
            let problem = problem.strip_prefix(&format!("{name}: ")).unwrap_or(&problem);
            (Some(name.clone()), problem.to_owned())
        })
    }

    fn member(&self, name: &FieldName) -> Result<(), Problem> {
        let field = self.field(name)?;
        let is_set = field.merge == Merge::Set && field.field_type == FieldType::GlideList;
        is_set.then_some(()).ok_or_else(|| (Some(name.clone()), "is not a set; set its value".into()))
    }

    fn transition(&self, step: &str, reason: Option<&str>) -> Result<(), Problem> {
        let wrong = |problem: String| Err((None, problem));
        let Some(life_cycle) = self.dictionary.life_cycle_of(self.table.name.as_str()) else {
            return wrong(format!("step \"{step}\": records of {} have no life cycle", self.table.name));
        };
        let Some(rule) = life_cycle.step(step) else {
            let known: Vec<&str> = life_cycle.steps.iter().map(|rule| rule.name.as_str()).collect();
            return wrong(format!("there is no step \"{step}\"; use one of {}", known.join(", ")));
        };
        self.reason(rule, reason)
    }

    fn reason(&self, rule: &StepRule, reason: Option<&str>) -> Result<(), Problem> {
        let wrong = |problem: String| Err((None, problem));
        let offered = || rule.reasons.join(", ");
        match reason {
            None if rule.reasons.is_empty() => Ok(()),
            None => wrong(format!("step \"{}\" needs a reason; use one of {}", rule.name, offered())),
            Some(given) if rule.reasons.is_empty() => written("a reason", given),
            Some(given) if !rule.offers(given) => {
                let given: String = given.chars().take(80).collect();
                wrong(format!("step \"{}\": \"{given}\" is no reason; use one of {}", rule.name, offered()))
            }
            Some(given) if rule.comment_for.as_deref() == Some(given) && !self.has_comment() => {
                wrong(format!("step \"{}\" because of \"{given}\" needs a comment in the same edit", rule.name))
            }
            Some(_) => Ok(()),
        }
    }

    fn has_comment(&self) -> bool {
        self.edit.acts.iter().any(|act| matches!(act, Act::Comment { .. }))
    }

    /// A new record has every mandatory field that no default fills.
    fn mandatory(&self) -> Result<(), Problem> {
        let sets = |name: &FieldName| {
            self.edit.acts.iter().any(|act| matches!(act, Act::Set { field, value: Some(_) } if field == name))
        };
        let needed = |field: &&Field| field.mandatory && field.default.is_none() && field.merge != Merge::Derived;
        let missing = self.table.fields.iter().filter(needed).find(|field| self.creating && !sets(&field.name));
        missing
            .map_or(Ok(()), |field| Err((Some(field.name.clone()), "must not be empty; set it when creating".into())))
    }
}

fn is_moment(moment: Timestamp) -> bool {
    (caps::FIRST_VALUE_MOMENT..=caps::LAST_MOMENT).contains(&moment.0)
}

fn written(what: &str, text: &str) -> Result<(), Problem> {
    let empty = text.trim().is_empty();
    if empty { Err((None, format!("{what} must not be empty; write something or leave it out"))) } else { Ok(()) }
}

fn part(model: SysId, quantity: i64) -> Result<(), Problem> {
    let fits = quantity != 0 && quantity.unsigned_abs() <= caps::MAX_QUANTITY.unsigned_abs();
    let limit = caps::MAX_QUANTITY;
    fits.then_some(()).ok_or_else(|| (None, format!("part {model}: quantity {quantity}; give ±1 to ±{limit}")))
}

fn time(kind: &str, started_at: Timestamp, ended_at: Timestamp) -> Result<(), Problem> {
    if !KINDS_OF_TIME.contains(&kind) {
        return Err((None, format!("\"{kind}\" is no kind of time; use one of {}", KINDS_OF_TIME.join(", "))));
    }
    if !is_moment(started_at) || !is_moment(ended_at) || ended_at < started_at {
        return Err((None, format!("time from {started_at} to {ended_at}; it must end after it began")));
    }
    Ok(())
}

fn reading(meter: &str, value: Decimal) -> Result<(), Problem> {
    written("the name of a meter", meter)?;
    let fits = value.millionths != i64::MIN;
    fits.then_some(()).ok_or_else(|| (None, format!("meter {meter}: {value} cannot be kept; read it again")))
}

fn file(attachment: &Attachment) -> Result<(), Problem> {
    written("a file name", &attachment.file_name)?;
    written("a media type", &attachment.content_type)?;
    let fits = i64::try_from(attachment.size_bytes).is_ok();
    fits.then_some(()).ok_or_else(|| (None, format!("{}: no file is that long", attachment.file_name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{description, edit, set, step, task};

    fn check(act: Act, creating: bool) -> Result<(), String> {
        let heads = crate::Document::seed(task()).heads();
        let edit = edit(1, 1, &heads).act(act);
        let edit = if creating { edit.act(description("Boiler")) } else { edit };
        check_shape(&edit, Dictionary::shipped(), creating).map_err(|error| error.to_string())
    }

    #[test]
    fn what_does_not_fit_is_refused_with_record_field_and_remedy() {
        let pause = |reason: &str| Act::Transition { step: "pause".into(), reason: Some(reason.into()) };
        for (act, problem) in [
            (set("colour", None), "field \"colour\": the table wm_task has no such field"),
            (set("state", Value::Integer(3)), "field \"state\": is computed from other facts; change those"),
            (
                set("number", Value::text("WOT1")),
                "field \"number\": is written when the record is created and never again",
            ),
            (set("skills", None), "field \"skills\": is a set; include and exclude records, do not set it"),
            (set("impact", Value::text("2")), "field \"impact\": \"2\" is not a whole number"),
            (set("short_description", None), "field \"short_description\": must not be empty"),
            (set("description", Value::text("")), "field \"description\": send no value to empty it"),
            (
                set("due_date", Value::Time(Timestamp(i64::MAX))),
                "field \"due_date\": 9223372036854775807 ms is outside the years 1 to 9999",
            ),
            (
                Act::Include { field: "impact".into(), item: SysId([1; 16]) },
                "field \"impact\": is not a set; set its value",
            ),
            (Act::Comment { text: " ".into() }, "a journal entry must not be empty; write something or leave it out"),
            (step("fly"), "there is no step \"fly\"; use one of qualify, schedule"),
            (step("pause"), "step \"pause\" needs a reason; use one of waiting_for_parts"),
            (pause("lunch"), "step \"pause\": \"lunch\" is no reason; use one of waiting_for_parts"),
            (part_act(0), "quantity 0; give ±1 to ±1000000"),
            (part_act(i64::MIN), "quantity -9223372036854775808; give ±1 to ±1000000"),
        ] {
            let error = check(act, false).expect_err(problem);
            assert!(error.starts_with(&task().to_string()) && error.contains(problem), "{error}");
        }
        for act in [set("description", None), pause("break"), pause("other: rain"), step("accept"), part_act(-1)] {
            assert_eq!(check(act, false), Ok(()));
        }
    }

    fn part_act(quantity: i64) -> Act {
        Act::UsePart { model: SysId([1; 16]), quantity, asset: None, stockroom: None, lease: None }
    }

    #[test]
    fn a_new_record_may_have_its_number_and_must_have_what_is_mandatory() {
        assert_eq!(check(set("number", Value::text("WOT0042017")), true), Ok(()));
        let heads = crate::Document::seed(task()).heads();
        let bare = edit(1, 1, &heads).act(set("number", Value::text("WOT0042017")));
        let error = check_shape(&bare, Dictionary::shipped(), true).expect_err("has no short description").to_string();
        assert!(error.ends_with("field \"short_description\": must not be empty; set it when creating"), "{error}");
    }

    #[test]
    fn waiting_for_the_caller_needs_a_comment_that_the_caller_can_read() {
        let incident = fieldline_model::DocumentId::new("incident", SysId([7; 16]));
        let hold = Act::Transition { step: "hold".into(), reason: Some("awaiting_caller".into()) };
        let heads = crate::Document::seed(incident.clone()).heads();
        let silent = Edit { document: incident, ..edit(1, 1, &heads).act(hold) };
        assert!(check_shape(&silent, Dictionary::shipped(), false).is_err());
        let spoken = silent.act(Act::Comment { text: "Which room is it?".into() });
        assert!(check_shape(&spoken, Dictionary::shipped(), false).is_ok());
    }
}
