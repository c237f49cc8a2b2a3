//! The events of one incident, taken through our life cycle: what to write down, and what the life cycle would not allow.
//!
//! Every event is judged where our record stands, not where the log says it stood. What the life cycle has no step for is
//! not followed; the record says so in a work note, and [`Findings`] counts it by where from, where to, and why. Two things a
//! log cannot show are taken as done: the comment a caller was asked with, and the notes an incident was resolved with.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_documents::Act;
use fieldline_model::life_cycle::{Attempt, LifeCycle, StepError, StepRule};
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{Dictionary, DocumentId, FieldName, Record, Value};
use fieldline_service::import::Deed;

use super::event::{Event, State};
use super::names::sys_id_of;

const TABLE: &str = "incident";
/// Who has an incident; what is unknown here after it was known is nobody.
const WHO: [&str; 2] = ["assignment_group", "assigned_to"];
/// Stands for the question a caller was asked, which every hold for the caller needs and no log shows.
const ASKED: &str = "The caller was asked for more; the imported log does not carry the question.";

/// A real transition that the life cycle did not allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotAllowed {
    /// The log's state before.
    pub from: &'static str,
    /// The log's state after.
    pub to: &'static str,
    /// Why not.
    pub why: String,
}

/// What replaying a log found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Findings {
    /// Events replayed.
    pub events: u64,
    /// Steps taken, by name.
    pub taken: BTreeMap<String, u64>,
    /// Real transitions that were not allowed.
    pub not_allowed: BTreeMap<NotAllowed, u64>,
    /// Events whose priority is the one our table gives.
    pub priorities_equal: u64,
    /// Events with another priority: impact, urgency, the log's, ours.
    pub priorities_other: BTreeMap<(i64, i64, i64, Option<i64>), u64>,
}

impl Findings {
    /// Adds what another replay found.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.priorities_equal += other.priorities_equal;
        other.taken.into_iter().for_each(|(step, count)| *self.taken.entry(step).or_default() += count);
        other.not_allowed.into_iter().for_each(|(what, count)| *self.not_allowed.entry(what).or_default() += count);
        other
            .priorities_other
            .into_iter()
            .for_each(|(what, count)| *self.priorities_other.entry(what).or_default() += count);
    }
}

/// An incident as it is to be written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Which record.
    pub document: DocumentId,
    /// Its history, the birth first.
    pub history: Vec<Deed>,
    /// What the replay found out.
    pub findings: Findings,
}

/// Replays the events of one incident, in their order; at least one.
pub fn replay(events: &[Event], dictionary: &Dictionary, priorities: &PriorityMatrix) -> Replayed {
    let first = events.first().expect("an incident is known by its events");
    let mut replay = Replay::new(first, dictionary);
    replay.be_born(first);
    for event in events {
        replay.take(event);
        replay.findings.judge_priority(event, priorities);
    }
    Replayed { document: replay.record.id, history: replay.history, findings: replay.findings }
}

struct Replay<'a> {
    life_cycle: &'a LifeCycle,
    record: Record,
    stage: String,
    reason: Option<&'static str>,
    logged: State,
    noted: BTreeMap<&'static str, String>,
    almighty: BTreeSet<String>,
    history: Vec<Deed>,
    findings: Findings,
}

impl<'a> Replay<'a> {
    fn new(first: &Event, dictionary: &'a Dictionary) -> Self {
        let life_cycle = dictionary.life_cycle_of(TABLE).expect("the shipped incident has a life cycle");
        Self {
            life_cycle,
            record: Record::new(DocumentId::new(TABLE, sys_id_of(TABLE, &first.number))),
            stage: life_cycle.initial.clone(),
            reason: None,
            logged: State { name: "New", stage: "new", reason: None },
            noted: BTreeMap::new(),
            almighty: BTreeSet::from(["system".to_owned()]),
            history: Vec::new(),
            findings: Findings::default(),
        }
    }

    /// The incident as it was opened: its number and all the log knew of it at first.
    fn be_born(&mut self, first: &Event) {
        let by = first.opened_by.unwrap_or(first.by);
        let mut fields = first.fields.clone();
        fields.insert("number".into(), Value::text(&first.number));
        fields.insert("opened_at".into(), Value::Time(first.opened_at));
        fields.insert("opened_by".into(), Value::Reference(by));
        fields.insert("short_description".into(), Value::Text(headline(first)));
        let mut acts = self.set(&fields);
        acts.extend(self.note(&first.noted));
        self.history.push(Deed { by, at: first.opened_at, acts });
    }

    fn take(&mut self, event: &Event) {
        let mut acts = self.set(&event.fields);
        acts.extend(self.given_up(event));
        acts.extend(self.note(&event.noted));
        let mut by = event.by;
        if event.state != self.logged {
            let moved = self.step(event);
            if moved.iter().any(|act| matches!(act, Act::Transition { step, .. } if step == "resolve")) {
                by = event.resolved_by.unwrap_or(by);
            }
            acts.extend(moved);
        }
        self.logged = event.state;
        self.findings.events += 1;
        if !acts.is_empty() {
            self.history.push(Deed { by, at: event.at, acts });
        }
    }

    /// Puts values in fields; those that hold them already are left alone.
    fn set(&mut self, fields: &BTreeMap<FieldName, Value>) -> Vec<Act> {
        let new = fields.iter().filter(|(name, value)| self.record.get(name.as_str()) != Some(value));
        let new: Vec<_> = new.map(|(name, value)| (name.clone(), value.clone())).collect();
        new.into_iter()
            .map(|(field, value)| {
                self.record.set(field.clone(), Some(value.clone()));
                Act::Set { field, value: Some(value) }
            })
            .collect()
    }

    /// Takes it from those who had it before this event and are unknown after it.
    fn given_up(&mut self, event: &Event) -> Vec<Act> {
        let lost = WHO.into_iter().filter(|field| !event.fields.contains_key(*field));
        let lost: Vec<_> = lost.filter(|field| self.record.get(field).is_some()).collect();
        lost.into_iter()
            .map(|field| {
                self.record.set(field, None);
                Act::Set { field: field.into(), value: None }
            })
            .collect()
    }

    /// A work note of what has no field and was not said before.
    fn note(&mut self, noted: &BTreeMap<&'static str, String>) -> Option<Act> {
        let new = noted.iter().filter(|(column, text)| self.noted.get(*column) != Some(text));
        let lines: Vec<String> = new.map(|(column, text)| format!("{column}: {text}")).collect();
        self.noted.clone_from(noted);
        (!lines.is_empty()).then(|| Act::WorkNote { text: lines.join("\n") })
    }

    /// The acts that bring the record where the log says it went, or a work note that it did not follow.
    fn step(&mut self, event: &Event) -> Vec<Act> {
        let to = event.state;
        if self.stage == to.stage && (to.stage != "on_hold" || self.reason == to.reason) {
            return Vec::new();
        }
        let mut acts = Vec::new();
        if to.stage == "resolved"
            && let Some(code) = &event.close_code
        {
            acts = self.set(&BTreeMap::from([("close_code".into(), code.clone())]));
        }
        match self.judge(to) {
            Ok(step) => {
                *self.findings.taken.entry(step.clone()).or_default() += 1;
                to.stage.clone_into(&mut self.stage);
                self.reason = to.reason;
                let asked = self.life_cycle.step(&step).is_some_and(|rule| rule.comment_for.as_deref() == to.reason);
                if asked && to.reason.is_some() {
                    acts.push(Act::Comment { text: ASKED.into() });
                }
                acts.push(Act::Transition { step, reason: to.reason.map(str::to_owned) });
            }
            Err(why) => {
                let text =
                    format!("The imported log goes from {} to {} here. Not followed: {why}", self.logged.name, to.name);
                acts.push(Act::WorkNote { text });
                let what = NotAllowed { from: self.logged.name, to: to.name, why };
                *self.findings.not_allowed.entry(what).or_default() += 1;
            }
        }
        acts
    }

    /// The step that leads where the log went, or why there is none.
    fn judge(&self, to: State) -> Result<String, String> {
        let leads_there = |rule: &&StepRule| rule.to == to.stage;
        let from_here = self.life_cycle.steps_from(&self.stage).find(leads_there);
        let Some(rule) = from_here.or_else(|| self.life_cycle.steps.iter().find(leads_there)) else {
            return Err(format!("no step leads to {}", to.stage));
        };
        let mut record = self.record.clone();
        record.set("close_notes", Some(Value::text("as the log cannot show")));
        let attempt = Attempt {
            step: &rule.name,
            stage: Some(&self.stage),
            roles: &self.almighty,
            record: &record,
            reason: to.reason,
            comment: true,
        };
        match self.life_cycle.check(&attempt) {
            Ok(rule) => Ok(rule.name.clone()),
            // Every hold needs a reason, so one without is a reason that has no name here.
            Err(StepError::Reason { reasons, .. }) => Err(format!("\"{}\" is none of the reasons {reasons}", to.name)),
            Err(problem) => Err(problem.to_string()),
        }
    }
}

/// What an incident of a log without texts is called.
fn headline(event: &Event) -> String {
    let field = |name: &str| event.fields.get(name).and_then(Value::as_text);
    let kind: Vec<&str> = ["category", "subcategory"].into_iter().filter_map(field).collect();
    let symptom = event.noted.get("u_symptom").map(String::as_str);
    let words: Vec<&str> = kind.into_iter().chain(symptom).collect();
    let text = if words.is_empty() { format!("Imported incident {}", event.number) } else { words.join(", ") };
    text.chars().take(160).collect()
}

impl Findings {
    fn judge_priority(&mut self, event: &Event, priorities: &PriorityMatrix) {
        let level = |name: &str| event.fields.get(name).and_then(Value::as_integer);
        let (Some(logged), Some(impact), Some(urgency)) = (event.priority, level("impact"), level("urgency")) else {
            return;
        };
        match priorities.priority(impact, urgency) {
            Some(ours) if ours == logged => self.priorities_equal += 1,
            ours => *self.priorities_other.entry((impact, urgency, logged, ours)).or_default() += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::event::Reader;

    const HEADER: &str = "number,incident_state,sys_updated_at,sys_updated_by,opened_at,opened_by,impact,urgency,priority,closed_code,resolved_by,rfc";

    fn event(state: &str, at: &str, rest: &str) -> Event {
        let table = Dictionary::shipped().table(TABLE).expect("shipped");
        let row = format!("INC0000045,{state},{at},Updated by 21,29-02-2016 01:16,Opened by 8,{rest}");
        Reader::new(HEADER.split(',').enumerate(), table).event(&row.split(',').collect()).expect("well formed")
    }

    fn replayed(events: &[Event]) -> Replayed {
        let mut priorities = PriorityMatrix::default();
        priorities.set(3, 3, 4);
        replay(events, Dictionary::shipped(), &priorities)
    }

    fn steps(replayed: &Replayed) -> Vec<(&str, Option<&str>)> {
        let acts = replayed.history.iter().flat_map(|deed| &deed.acts);
        let steps = acts.filter_map(|act| match act {
            Act::Transition { step, reason } => Some((step.as_str(), reason.as_deref())),
            _ => None,
        });
        steps.collect()
    }

    const REST: &str = "3 - Low,3 - Low,4 - Low,code 5,Resolved by 149,?";

    #[test]
    fn an_incident_is_born_when_it_was_opened_and_goes_through_every_step() {
        let events = [
            event("New", "29-02-2016 01:23", REST),
            event("Awaiting User Info", "29-02-2016 02:00", REST),
            event("Active", "29-02-2016 03:00", REST),
            event("Resolved", "29-02-2016 04:00", REST),
            event("Active", "29-02-2016 05:00", REST),
            event("Resolved", "29-02-2016 06:00", REST),
            event("Closed", "05-03-2016 12:00", REST),
        ];
        let replayed = replayed(&events);
        let named = ["hold", "resume", "resolve", "reopen", "resolve", "close"];
        assert_eq!(steps(&replayed).iter().map(|(step, _)| *step).collect::<Vec<_>>(), named);
        assert_eq!(steps(&replayed)[0].1, Some("awaiting_caller"));
        assert_eq!(replayed.history[0].at.to_string(), "2016-02-29 01:16:00");
        assert_eq!(replayed.history.len(), 7, "an event that changes nothing writes nothing");
        assert!(replayed.findings.not_allowed.is_empty());
        assert_eq!((replayed.findings.events, replayed.findings.priorities_equal), (7, 7));
    }

    #[test]
    fn a_transition_the_life_cycle_has_no_step_for_is_noted_and_the_next_one_followed() {
        let events = [
            event("Awaiting Problem", "29-02-2016 01:23", REST),
            event("Awaiting User Info", "29-02-2016 02:00", REST),
            event("Awaiting Evidence", "29-02-2016 03:00", REST),
            event("Resolved", "29-02-2016 04:00", REST),
        ];
        let replayed = replayed(&events);
        let taken = [("hold", Some("awaiting_problem")), ("hold", Some("awaiting_caller")), ("resolve", None)];
        assert_eq!(steps(&replayed), taken);
        let found: Vec<_> = replayed.findings.not_allowed.keys().map(|what| (what.from, what.to)).collect();
        assert_eq!(found, [("Awaiting User Info", "Awaiting Evidence")]);
        let noted =
            |act: &Act| matches!(act, Act::WorkNote { text } if text.contains("Not followed: \"Awaiting Evidence\""));
        assert!(replayed.history[3].acts.iter().any(noted));
    }

    #[test]
    fn resolving_without_a_code_is_not_allowed_and_a_first_reason_must_be_known() {
        let unknown = "3 - Low,3 - Low,5 - Planning,?,?,CHG0000047";
        let evidence = replayed(&[event("Awaiting Evidence", "29-02-2016 01:23", unknown)]);
        let why = &evidence.findings.not_allowed.keys().next().expect("not allowed").why;
        assert!(why.starts_with("\"Awaiting Evidence\" is none of the reasons awaiting_caller"), "{why}");
        let resolved = replayed(&[event("Resolved", "29-02-2016 01:23", unknown)]);
        let why = &resolved.findings.not_allowed.keys().next().expect("not allowed").why;
        assert_eq!(why, "close_code: must be filled in for \"resolve\"");
        assert_eq!(resolved.findings.priorities_other.keys().next(), Some(&(3, 3, 5, Some(4))));
        let note = Act::WorkNote { text: "rfc: CHG0000047".into() };
        assert!(resolved.history[0].acts.contains(&note), "what has no field is kept as a note");
    }
}
