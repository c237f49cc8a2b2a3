//! What a record means altogether: by the naive rules from its history, or as the product's projection says it.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_documents::{Act, Projection};
use fieldline_model::dictionary::Merge;
use fieldline_model::life_cycle::{Refusal, StepId};
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{BlobHash, Dictionary, FieldName, FieldType, SysId, Table, Value};

use super::history::{Deed, History};
use super::life::Life;

/// What a record means.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Its fields; an empty field is not there.
    pub fields: BTreeMap<FieldName, Value>,
    /// Who wrote what each field shows.
    pub writers: BTreeMap<FieldName, SysId>,
    /// Values that are not shown, with their authors.
    pub in_doubt: BTreeSet<(FieldName, Option<Value>, SysId)>,
    /// Where it stands.
    pub stage: Option<String>,
    /// The steps followed, in their order.
    pub followed: Vec<StepId>,
    /// The steps not followed, and why.
    pub refused: BTreeMap<StepId, &'static str>,
    /// Comments, in the order of time.
    pub comments: Vec<(StepId, String)>,
    /// Work notes, in the order of time.
    pub work_notes: Vec<(StepId, String)>,
    /// The answer shown to each question, and whether somebody answered differently without knowing of it.
    pub answers: BTreeMap<String, (String, bool)>,
    /// How many answers each question was given.
    pub answers_given: BTreeMap<String, usize>,
    /// Parts used, by stockroom and model, put back ones subtracted.
    pub parts: BTreeMap<(Option<SysId>, SysId), i64>,
    /// Seconds entered, by kind.
    pub seconds: BTreeMap<String, i64>,
    /// Meter readings, in the order of time.
    pub readings: Vec<(StepId, String)>,
    /// Captured files, in the order of time.
    pub files: Vec<(StepId, BlobHash)>,
    /// Fields about which the rules here say nothing, because two people wrote them at the same millisecond.
    pub undecided: BTreeSet<FieldName>,
}

impl Meaning {
    /// By the naive rules.
    pub fn of(history: &History, dictionary: &Dictionary, priorities: &PriorityMatrix) -> Self {
        let mut meaning = Self::default();
        meaning.read_journals(history);
        meaning.read_answers(history);
        let Some(table) = dictionary.table(history.document.table.as_str()) else { return meaning };
        meaning.read_fields(history, table);
        meaning.read_stamps(history, table);
        if let Some(cycle) = dictionary.life_cycle_of(table.name.as_str()) {
            let life = Life::of(history, cycle);
            meaning.fields.extend(life.fields(history, cycle, table));
            meaning.followed = life.followed.iter().map(|step| history.id(*step)).collect();
            meaning.refused = life.refused.iter().map(|(step, why)| (history.id(*step), *why)).collect();
            meaning.stage = Some(life.stage);
        }
        if table.field("priority").is_some_and(|field| field.merge == Merge::Derived) {
            let level = |name: &str| meaning.fields.get(name).and_then(Value::as_integer);
            let priority = level("impact").zip(level("urgency")).and_then(|(i, u)| priorities.priority(i, u));
            meaning.fields.remove("priority");
            meaning.fields.extend(priority.map(|priority| ("priority".into(), Value::Integer(priority))));
        }
        meaning
    }

    fn read_fields(&mut self, history: &History, table: &Table) {
        for field in table.fields.iter().filter(|field| is_written_whole(field)) {
            let default = field.default.as_ref().and_then(|text| field.parse(text).ok().flatten());
            let shown = history.shown(&field.name);
            let value = shown.as_ref().map_or(default, |shown| shown.value.clone());
            self.fields.extend(value.map(|value| (field.name.clone(), value)));
            if let Some(shown) = shown {
                self.writers.insert(field.name.clone(), history.by(shown.deed));
                let others = shown.in_doubt.into_iter().map(|(value, by)| (field.name.clone(), value, by));
                self.in_doubt.extend(others);
                self.undecided.extend(shown.is_tied.then(|| field.name.clone()));
            }
        }
        for field in table.fields.iter().filter(|field| field.field_type == FieldType::GlideList) {
            let items: Vec<SysId> = history.set(&field.name).into_iter().collect();
            if !items.is_empty() {
                self.fields.insert(field.name.clone(), Value::List(items));
            }
        }
    }

    /// Who made the record: the first by time who had seen nothing of it. Who touched it last: the last by time whose work
    /// nobody has seen yet.
    fn read_stamps(&mut self, history: &History, table: &Table) {
        let edits = 0..history.made.len();
        let order = |edit: &usize| (history.made[*edit].edit.at, history.made[*edit].edit.id);
        let had_seen_nothing = |edit: &usize| edits.clone().all(|other| !history.had_seen(*edit, other));
        let nobody_has_seen = |edit: &usize| edits.clone().all(|other| !history.had_seen(other, *edit));
        let Some(first) = edits.clone().filter(had_seen_nothing).min_by_key(order) else { return };
        let last = edits.clone().filter(nobody_has_seen).max_by_key(order).unwrap_or(first);
        let (first, last) = (&history.made[first].edit, &history.made[last].edit);
        let mut put = |name: &str, value: Value| {
            if table.field(name).is_some() {
                self.fields.insert(name.into(), value);
            }
        };
        put("sys_created_on", Value::Time(first.at));
        put("sys_created_by", Value::Reference(first.author));
        put("sys_updated_on", Value::Time(last.at));
        put("sys_updated_by", Value::Reference(last.author));
        put("sys_mod_count", Value::Integer(history.made.len() as i64 - 1));
        for (name, value) in [("opened_at", Value::Time(first.at)), ("opened_by", Value::Reference(first.author))] {
            if table.field(name).is_some() {
                self.fields.entry(name.into()).or_insert(value);
            }
        }
    }

    fn read_journals(&mut self, history: &History) {
        for deed in history.by_time(history.deeds().map(|(deed, _)| deed).collect()) {
            let id = history.id(deed);
            match history.act(deed) {
                Act::Comment { text } => self.comments.push((id, text.clone())),
                Act::WorkNote { text } => self.work_notes.push((id, text.clone())),
                Act::UsePart { model, quantity, stockroom, .. } => {
                    *self.parts.entry((*stockroom, *model)).or_default() += quantity;
                }
                Act::LogTime { kind, started_at, ended_at } => {
                    *self.seconds.entry(kind.clone()).or_default() += (ended_at.0 - started_at.0).max(0) / 1000;
                }
                Act::Read { meter, value, unit } => self.readings.push((id, format!("{meter} {value} {unit}"))),
                Act::Attach { attachment } => self.files.push((id, attachment.blob)),
                _ => {}
            }
        }
    }

    /// The newest of the answers that no later one had seen is shown.
    fn read_answers(&mut self, history: &History) {
        let mut questions: BTreeMap<&str, Vec<Deed>> = BTreeMap::new();
        for (deed, act) in history.deeds() {
            if let Act::Answer { question, .. } = act {
                questions.entry(question).or_default().push(deed);
            }
        }
        let text = |deed: &Deed| match history.act(*deed) {
            Act::Answer { answer, .. } => answer.clone(),
            _ => String::new(),
        };
        for (question, answers) in questions {
            let is_open = |answer: &Deed| !answers.iter().any(|later| history.knew(*later, *answer));
            let open = history.by_time(answers.iter().copied().filter(is_open).collect());
            let shown = open.last().map(text).unwrap_or_default();
            let is_disputed = open.iter().any(|answer| text(answer) != shown);
            self.answers.insert(question.to_owned(), (shown, is_disputed));
            self.answers_given.insert(question.to_owned(), answers.len());
        }
    }

    /// What differs between two meanings, by name; nothing when they agree.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let undecided: BTreeSet<&FieldName> = self.undecided.iter().chain(&other.undecided).collect();
        let mut found = Vec::new();
        let names: BTreeSet<&FieldName> = self.fields.keys().chain(other.fields.keys()).collect();
        for name in names.into_iter().filter(|name| !undecided.contains(name)) {
            let (one, two) = (self.fields.get(name), other.fields.get(name));
            if one != two {
                found.push(format!("{name} is {} and not {}", shown(two), shown(one)));
            }
        }
        let decided =
            |doubts: &BTreeSet<(FieldName, Option<Value>, SysId)>| -> BTreeSet<(FieldName, Option<Value>, SysId)> {
                doubts.iter().filter(|(name, ..)| !undecided.contains(name)).cloned().collect()
            };
        let written = |writers: &BTreeMap<FieldName, SysId>| -> Vec<(FieldName, SysId)> {
            writers.iter().filter(|(name, _)| !undecided.contains(name)).map(|(name, by)| (name.clone(), *by)).collect()
        };
        for (what, differs) in [
            ("who wrote the fields", written(&self.writers) != written(&other.writers)),
            ("the values in doubt", decided(&self.in_doubt) != decided(&other.in_doubt)),
            ("the stage", self.stage != other.stage),
            ("the steps followed", self.followed != other.followed),
            ("the steps refused", self.refused != other.refused),
            ("the comments", self.comments != other.comments),
            ("the work notes", self.work_notes != other.work_notes),
            ("the answers", self.answers != other.answers || self.answers_given != other.answers_given),
            ("the parts used", self.parts != other.parts),
            ("the time entered", self.seconds != other.seconds),
            ("the readings", self.readings != other.readings),
            ("the files", self.files != other.files),
        ] {
            found.extend(differs.then(|| format!("{what} differ")));
        }
        found
    }
}

fn is_written_whole(field: &fieldline_model::Field) -> bool {
    matches!(field.merge, Merge::Register | Merge::Fixed) && field.field_type != FieldType::GlideList
}

fn shown(value: Option<&Value>) -> String {
    value.map_or("empty".into(), |value| value.to_string().chars().take(60).collect())
}

/// The product's word, in the same terms.
impl From<&Projection> for Meaning {
    fn from(projection: &Projection) -> Self {
        let mut parts: BTreeMap<(Option<SysId>, SysId), i64> = BTreeMap::new();
        for part in &projection.parts {
            *parts.entry((part.what.stockroom, part.what.model)).or_default() += part.what.quantity;
        }
        let mut seconds: BTreeMap<String, i64> = BTreeMap::new();
        for entry in &projection.time_entries {
            *seconds.entry(entry.what.kind.clone()).or_default() += entry.what.seconds();
        }
        let why = |refusal: &Refusal| match refusal {
            Refusal::NotFrom { .. } => "not from here",
            Refusal::WorkWasDone { .. } => "work was done",
            Refusal::AlreadyThere { .. } => "already there",
            Refusal::UnknownStep => "unknown",
        };
        let answered = projection.answers.iter();
        Self {
            fields: projection.record.fields.clone(),
            writers: projection.provenance.iter().map(|(name, origin)| (name.clone(), origin.by)).collect(),
            in_doubt: projection
                .alternatives
                .iter()
                .map(|other| (other.field.clone(), other.value.clone(), other.origin.by))
                .collect(),
            stage: projection.stage.clone(),
            followed: projection.accepted.iter().map(|step| step.id).collect(),
            refused: projection.refused.iter().map(|refused| (refused.step.id, why(&refused.refusal))).collect(),
            comments: projection.comments.iter().map(|entry| (entry.id(), entry.what.text.clone())).collect(),
            work_notes: projection.work_notes.iter().map(|entry| (entry.id(), entry.what.text.clone())).collect(),
            answers: answered
                .clone()
                .map(|one| (one.latest.what.question.clone(), (one.latest.what.answer.clone(), one.is_disputed)))
                .collect(),
            answers_given: answered.map(|one| (one.latest.what.question.clone(), 1 + one.others.len())).collect(),
            parts,
            seconds,
            readings: projection
                .readings
                .iter()
                .map(|entry| (entry.id(), format!("{} {} {}", entry.what.meter, entry.what.value, entry.what.unit)))
                .collect(),
            files: projection.attachments.iter().map(|entry| (entry.id(), entry.what.blob)).collect(),
            undecided: BTreeSet::new(),
        }
    }
}
