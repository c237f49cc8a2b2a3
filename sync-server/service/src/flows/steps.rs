//! What steps do.

use fieldline_model::condition::Query;
use fieldline_model::{Record, SysId, Timestamp};

use super::context::Run;
use super::definition::{Deed, Fields, Row};
use super::trigger::DEEPEST;
use super::values::{Known, Named, Values};
use crate::approvals::APPROVALS;
use crate::call::Call;
use crate::table::{self, Input, Result, TableError};

/// Records that one look-up finds at the most.
const MOST_FOUND: u32 = 1_000;

/// Where a run goes after a step.
#[derive(Debug)]
pub(super) enum After {
    /// To a place.
    Go(usize),
    /// Nowhere: it is over.
    Finish,
    /// Nowhere yet: until a moment, a change of a record, or the end of other runs.
    Wait { until: Option<Timestamp>, on: Option<SysId>, runs: Vec<SysId> },
}

/// A step of a run under way.
pub(super) struct Doing<'d, 's> {
    pub call: &'d mut Call<'s>,
    pub run: &'d mut Run,
    pub step: &'d str,
    pub is_trial: bool,
}

impl Doing<'_, '_> {
    pub fn deed(&mut self, deed: &Deed, next: usize) -> Result<After> {
        let go = |()| After::Go(next);
        match deed {
            Deed::Create { table, fields, name } => self.create(table, fields, name.as_deref()).map(go),
            Deed::Update { record, fields } => self.update(record, fields).map(go),
            Deed::LookUp { table, query, name, all } => self.look_up(table, query, name, *all).map(go),
            Deed::AskApproval { record, approvers, name } => self.ask_approval(record, approvers, name, next),
            Deed::Call(ask) => self.ask_outside(ask, next),
            Deed::Notify(tell) => self.tell(tell).map(go),
            Deed::Wait { seconds } => self.wait(*seconds, next),
            Deed::WaitFor { record, condition, at_most_seconds, name } => {
                self.wait_for((record, condition), *at_most_seconds, name.as_deref(), next)
            }
            Deed::Decide { record, rows } => self.decide(record, rows).map(go),
            Deed::RunFlow { flow, record } => self.run_flow(flow, record, next),
            Deed::End {} => Ok(After::Finish),
            Deed::If { .. } | Deed::ForEach { .. } | Deed::Repeat { .. } | Deed::Parallel { .. } => Ok(After::Go(next)),
        }
    }

    pub(super) fn say(&mut self, message: &str) -> Result<()> {
        Ok(self.call.log_step(self.run, self.step, message)?)
    }

    pub(super) fn knows(&mut self, name: &str, known: Known) {
        self.run.values.known.insert(name.to_owned(), known);
    }

    fn create(&mut self, table: &str, fields: &Fields, name: Option<&str>) -> Result<()> {
        let fields = self.run.values.filled(self.call, fields)?;
        let made = table::create(self.call, table, &Input { fields, as_displayed: false })?.record;
        if let Some(name) = name {
            self.knows(name, Known::Record((&made.id).into()));
        }
        let number = made.text("number").to_owned();
        self.say(&format!("created {} {number}", made.id))
    }

    fn update(&mut self, record: &str, fields: &Fields) -> Result<()> {
        let record = self.run.values.record(self.call, record)?;
        let fields = self.run.values.filled(self.call, fields)?;
        let names: Vec<String> = fields.iter().map(|(name, text)| format!("{name}={text}")).collect();
        table::update(self.call, record.id.table.as_str(), record.id.sys_id, &Input { fields, as_displayed: false })?;
        self.say(&format!("updated {}: {}", record.id, names.join(", ")))
    }

    fn look_up(&mut self, table: &str, query: &str, name: &str, all: bool) -> Result<()> {
        let query = Query::parse(&self.run.values.text(self.call, query)?).query;
        let limit = if all { MOST_FOUND } else { 1 };
        let mut found: Vec<Named> =
            self.call.some_rows_of(table, &query, (limit, 0))?.iter().map(|record| (&record.id).into()).collect();
        let count = found.len();
        match (all, found.pop()) {
            (true, last) => self.knows(name, Known::Records(found.into_iter().chain(last).collect())),
            (false, Some(one)) => self.knows(name, Known::Record(one)),
            (false, None) => drop(self.run.values.known.remove(name)),
        }
        self.say(&format!("found {count} of {table}"))
    }

    fn holds(&self, record: &str, condition: &str) -> Result<bool> {
        let record = self.run.values.record(self.call, record)?;
        let condition = self.run.values.text(self.call, condition)?;
        Ok(self.call.holds(&Query::parse(&condition).query, &record))
    }

    fn wait(&mut self, seconds: i64, next: usize) -> Result<After> {
        let now = self.call.now;
        let fresh = now.plus_milliseconds(seconds.saturating_mul(1_000));
        let until = *self.run.values.until.entry(self.step.to_owned()).or_insert(fresh);
        if until > now && !self.is_trial {
            return Ok(After::Wait { until: Some(until), on: None, runs: Vec::new() });
        }
        self.run.values.until.remove(self.step);
        self.say(&format!("waited {seconds} seconds"))?;
        Ok(After::Go(next))
    }

    fn wait_for(
        &mut self,
        (record, condition): (&str, &str),
        at_most_seconds: Option<i64>,
        name: Option<&str>,
        next: usize,
    ) -> Result<After> {
        let (now, holds) = (self.call.now, self.holds(record, condition)? || self.is_trial);
        if let Some(seconds) = at_most_seconds {
            let until = now.plus_milliseconds(seconds.saturating_mul(1_000));
            self.run.values.until.entry(self.step.to_owned()).or_insert(until);
        }
        let until = self.run.values.until.get(self.step).copied();
        if !holds && until.is_none_or(|until| until > now) {
            let on = Some(self.run.values.record(self.call, record)?.id.sys_id);
            return Ok(After::Wait { until, on, runs: Vec::new() });
        }
        self.run.values.until.remove(self.step);
        if let Some(name) = name {
            self.knows(name, Known::Text(if holds { "held" } else { "timed_out" }.into()));
        }
        self.say(if holds { "what it waited for holds" } else { "what it waited for did not come in time" })?;
        Ok(After::Go(next))
    }

    fn ask_approval(&mut self, record: &str, approvers: &[String], name: &str, next: usize) -> Result<After> {
        let about = self.run.values.record(self.call, record)?;
        if !self.run.values.awaited.contains_key(self.step) {
            let mut asked = Vec::new();
            for approver in approvers {
                let approver = self.run.values.text(self.call, approver)?;
                asked.push(Named::from(&self.ask(&about, &approver)?.id));
            }
            self.say(&format!("asked {} to approve {}", asked.len(), about.id))?;
            self.run.values.awaited.insert(self.step.to_owned(), asked);
        }
        let mut answers = Vec::new();
        for asked in &self.run.values.awaited[self.step] {
            let row = self.call.tx.find(self.call.dictionary.family(APPROVALS), asked.sys_id)?;
            answers.push(row.map_or_else(|| "deleted".into(), |row| answer_of(&row).to_owned()));
        }
        let answer = match answers.iter().any(|answer| answer == "rejected") {
            true => "rejected",
            false if self.is_trial || answers.iter().all(|answer| answer != "requested") => "approved",
            false => return Ok(After::Wait { until: None, on: Some(about.id.sys_id), runs: Vec::new() }),
        };
        self.run.values.awaited.remove(self.step);
        self.knows(name, Known::Text(answer.into()));
        self.say(&format!("{} was {answer}", about.id))?;
        Ok(After::Go(next))
    }

    fn ask(&mut self, about: &Record, approver: &str) -> Result<Record> {
        let about = about.id.sys_id.to_string();
        let fields = [("sysapproval", about.as_str()), ("approver", approver), ("state", "requested")];
        Ok(table::create(self.call, APPROVALS, &Input::of(&fields))?.record)
    }

    fn decide(&mut self, record: &str, rows: &[Row]) -> Result<()> {
        for (number, row) in rows.iter().enumerate() {
            if row.when.is_empty() || self.holds(record, &row.when)? {
                for (name, text) in self.run.values.filled(self.call, &row.set)? {
                    self.knows(&name, Known::Text(text));
                }
                return self.say(&format!("row {} of the decision holds", number + 1));
            }
        }
        self.say("no row of the decision holds")
    }

    pub fn branch(&mut self, record: &str, condition: &str, (then, otherwise): (usize, usize)) -> Result<After> {
        let holds = self.condition_of_text(record, condition)?;
        self.say(if holds { "the condition holds" } else { "the condition does not hold" })?;
        Ok(After::Go(if holds { then } else { otherwise }))
    }

    /// In a trial what is repeated is done once: what it waits for is taken to have come.
    pub fn until(&mut self, record: &str, condition: &str, (next, again): (usize, usize)) -> Result<After> {
        let is_over = self.is_trial || self.condition_of_text(record, condition)?;
        self.say(if is_over { "it is repeated no more" } else { "it is repeated" })?;
        Ok(After::Go(if is_over { next } else { again }))
    }

    /// A condition of a record, or of a text the run knows (`record` is then its name).
    fn condition_of_text(&self, record: &str, condition: &str) -> Result<bool> {
        let Some(text) = self.run.values.plain(record) else { return self.holds(record, condition) };
        let wanted = self.run.values.text(self.call, condition)?;
        compared(&text, &wanted).map_err(|problem| TableError::invalid("the flow", None, problem))
    }

    pub fn each(&mut self, list: &str, name: &str, (body, end): (usize, usize)) -> Result<After> {
        let Some(all) = self.run.values.list(list) else {
            let problem = format!("the run knows no list \"{list}\"; look records up with \"all\": true first");
            return Err(TableError::invalid("the flow", None, problem));
        };
        let taken = self.run.values.taken.get(self.step).copied().unwrap_or_default();
        match all.get(taken).cloned() {
            Some(next) => {
                self.run.values.taken.insert(self.step.to_owned(), taken + 1);
                self.say(&format!("takes {} of {list}", taken + 1))?;
                self.knows(name, next);
                Ok(After::Go(body))
            }
            None => {
                self.run.values.taken.remove(self.step);
                self.say(&format!("took all {taken} of {list}"))?;
                Ok(After::Go(end))
            }
        }
    }

    pub fn fork(&mut self, starts: &[&str], end: usize) -> Result<After> {
        if self.run.values.awaited.contains_key(self.step) {
            return self.joined(end);
        }
        let Some(flow) = self.run.flow() else { return Ok(After::Go(end)) };
        let runs: Vec<(SysId, &str)> = starts.iter().map(|start| (flow, *start)).collect();
        let values = Values { awaited: Default::default(), ..self.run.values.clone() };
        self.begin_runs(&runs, &values)
    }

    fn run_flow(&mut self, flow: &str, record: &str, next: usize) -> Result<After> {
        if self.run.values.awaited.contains_key(self.step) {
            return self.joined(next);
        }
        let (name, about) = (self.run.values.text(self.call, flow)?, self.run.values.record(self.call, record)?);
        let depth = self.run.values.depth + 1;
        let found = self.call.book.flow_named(&name).map(|flow| flow.id);
        let wrong = |problem: String| TableError::invalid("the flow", None, problem);
        let found = found.ok_or_else(|| wrong(format!("there is no flow \"{name}\" to run")))?;
        if depth > DEEPEST {
            return Err(wrong(format!("flows run each other more than {DEEPEST} deep; check whether one runs itself")));
        }
        self.begin_runs(&[(found, "")], &Values::about(&about.id, depth))
    }

    /// Begins runs and waits for them.
    fn begin_runs(&mut self, runs: &[(SysId, &str)], values: &Values) -> Result<After> {
        let (book, mut begun) = (self.call.book.clone(), Vec::new());
        let about = values.record(self.call, super::values::TRIGGER)?.id;
        for (flow, start) in runs {
            let Some(flow) = book.flow(*flow) else { continue };
            let id = self.call.new_sys_id();
            let mut run = Run::new(id, flow, &about, values.clone()).begun_by(self.run.id());
            run.stands(super::context::State::InProgress, start);
            self.call.keep_run(&run)?;
            if !self.is_trial {
                self.call.carry_on(id)?;
            }
            begun.push(id);
        }
        self.say(&format!("began {} runs", begun.len()))?;
        let named = begun.iter().map(|id| Named { table: super::context::CONTEXTS.into(), sys_id: *id }).collect();
        self.run.values.awaited.insert(self.step.to_owned(), named);
        Ok(After::Wait { until: None, on: None, runs: begun })
    }

    /// Goes on once every run that was begun is over.
    fn joined(&mut self, next: usize) -> Result<After> {
        for awaited in &self.run.values.awaited[self.step] {
            let run = self.call.run(awaited.sys_id)?;
            if run.is_some_and(|run| !run.is_over()) {
                return Ok(After::Wait { until: None, on: None, runs: Vec::new() });
            }
        }
        self.run.values.awaited.remove(self.step);
        self.say("all runs are done")?;
        Ok(After::Go(next))
    }
}

/// What a row of an approval says to whoever waits for it.
fn answer_of(row: &Record) -> &str {
    match row.text("state") {
        // What waits because its change is on hold comes back.
        "not_required" if row.says("on_hold") => "requested",
        // What was taken back was not agreed to.
        "cancelled" => "rejected",
        state => state,
    }
}

/// Whether a text is as a condition wants it: `=`, `!=`, and for numbers `>`, `>=`, `<`, `<=`.
fn compared(text: &str, wanted: &str) -> Result<bool, String> {
    let number = |text: &str| {
        text.trim().parse::<f64>().map_err(|_| format!("\"{text}\" is no number to compare with \"{wanted}\""))
    };
    let by = |word: &str, holds: fn(f64, f64) -> bool| Ok(holds(number(text)?, number(word)?));
    if let Some(word) = wanted.strip_prefix("!=") {
        return Ok(text != word);
    }
    match (wanted.strip_prefix(">="), wanted.strip_prefix("<="), wanted.strip_prefix('>'), wanted.strip_prefix('<')) {
        (Some(word), ..) => by(word, |a, b| a >= b),
        (_, Some(word), ..) => by(word, |a, b| a <= b),
        (_, _, Some(word), _) => by(word, |a, b| a > b),
        (_, _, _, Some(word)) => by(word, |a, b| a < b),
        _ => Ok(text == wanted.trim_start_matches('=')),
    }
}

#[cfg(test)]
mod tests {
    use super::compared;

    #[test]
    fn texts_are_compared_as_words_and_as_numbers() {
        for (text, wanted, holds) in [
            ("approved", "=approved", true),
            ("approved", "approved", true),
            ("approved", "!=approved", false),
            ("12", ">=3", true),
            ("3", ">3", false),
            ("2", "<3", true),
            ("3", "<=3", true),
        ] {
            assert_eq!(compared(text, wanted), Ok(holds), "{text} {wanted}");
        }
        assert!(compared("many", ">3").is_err());
    }
}
