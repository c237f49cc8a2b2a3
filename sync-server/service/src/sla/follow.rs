//! What a change of a task makes of its clocks.

use fieldline_model::condition::Filter;
use fieldline_model::plant::{self, Plant};
use fieldline_model::sla::{Agreement, BusinessTime, Clock, Moved, Update, row, step};
use fieldline_model::{DocumentId, Record, SysId, Timestamp, UserZone, Value};
use fieldline_storage::Job;

use super::{CLOCKS, SlaEvent, agreement, timer};
use crate::call::{Call, Changed};
use crate::error::Result;

impl Call<'_> {
    /// Whether a clock could hear of a document.
    pub(crate) fn has_clocks(&self, id: &DocumentId) -> bool {
        self.book.agreements_of(&self.dictionary, id.table.as_str()).next().is_some()
    }

    /// Moves the clocks of a task with a change of it, from each state it came through to the next.
    pub(crate) fn follow_agreements(&mut self, changed: &Changed) -> Result<()> {
        if !self.has_clocks(&changed.projection.record.id) {
            return Ok(());
        }
        let last = (changed.done_at, &changed.projection.record);
        let mut before = changed.before.as_ref();
        for (done_at, task) in changed.between.iter().map(|(at, task)| (*at, task)).chain([last]) {
            let at = if plant::is(Plant::ClocksRunByArrival) { self.now } else { done_at.min(self.now) };
            self.move_clocks(before, task, at)?;
            before = Some(task);
        }
        Ok(())
    }

    fn move_clocks(&mut self, before: Option<&Record>, task: &Record, at: Timestamp) -> Result<()> {
        let mut rows = self.rows(CLOCKS, &Filter::equals("task", task.id.sys_id))?;
        // A task has at most one clock that runs by a definition.
        rows.retain(|row| row.says("active"));
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        for agreement in book.agreements_of(&dictionary, task.id.table.as_str()) {
            let own = rows.iter().position(|row| row.reference("sla") == Some(agreement.id));
            let row = own.map(|own| rows.swap_remove(own));
            if agreement.active || row.is_some() {
                let why = agreement::named(agreement);
                self.because(why, |call| call.move_clock(agreement, row, (before, task), at))?;
            }
        }
        Ok(())
    }

    fn move_clock(
        &mut self,
        agreement: &Agreement,
        row: Option<Record>,
        (before, task): (Option<&Record>, &Record),
        at: Timestamp,
    ) -> Result<()> {
        let met = agreement.met(|query| self.holds(&query.of_change(before, task), task));
        let clock = row.as_ref().and_then(row::clock);
        if clock.is_none() && !met.start {
            return Ok(());
        }
        let zone_name = self.zone_of(agreement, row.as_ref(), task)?;
        let zone = UserZone::named(&zone_name);
        let business = BusinessTime { calendar: agreement.calendar(), zone: &zone };
        let mut update = Update::new(at, met);
        (update.due, update.retroactive_start) = (task.time("due_date"), task.time(&agreement.starts_at));
        let history = self.met_earlier(agreement, &update, clock.is_none(), task)?;
        update.history = &history;
        let step = step(&agreement.terms, business, clock.as_ref(), &update);
        if let (Some(moved), Some(row)) = (step.existing, row) {
            self.write_clock(agreement, row, (&moved, clock.as_ref()), business)?;
        }
        if let Some(moved) = step.attached.filter(|_| agreement.active) {
            let row = self.new_clock(agreement, task.id.sys_id, &zone_name);
            self.write_clock(agreement, row, (&moved, None), business)?;
        }
        Ok(())
    }

    fn new_clock(&mut self, agreement: &Agreement, task: SysId, zone: &str) -> Record {
        let mut row = Record::new(DocumentId::new(CLOCKS, self.new_sys_id()));
        row.set("task", Some(Value::Reference(task)));
        row.set("sla", Some(Value::Reference(agreement.id)));
        row.set("schedule", agreement.schedule.map(Value::Reference));
        row.set("timezone", Some(zone).filter(|zone| !zone.is_empty()).map(Value::text));
        row
    }

    /// Writes a clock that moved, and sets the job that wakes it next.
    fn write_clock(
        &mut self,
        agreement: &Agreement,
        mut row: Record,
        (moved, was): (&Moved, Option<&Clock>),
        business: BusinessTime<'_>,
    ) -> Result<()> {
        let clock = &moved.clock;
        if was == Some(clock) {
            return Ok(());
        }
        row::write(&mut row, clock);
        row::show_elapsed(&mut row, clock, self.now, business);
        let id = row.id.sys_id;
        if clock.has_breached && !was.is_some_and(|was| was.has_breached) {
            self.note_breach(agreement, &row)?;
        }
        self.put_row(row)?;
        match timer::next(clock, self.now, id, business) {
            Some(job) => self.put_job(&job)?,
            None => drop(self.tx.remove_job(&Job::name_of(timer::KIND, id))?),
        }
        SlaEvent::between(was, clock).into_iter().try_for_each(|event| self.tell_of_clock(agreement, id, event))
    }

    /// The time zone of a clock: that of its schedule, else the one its definition points to; what it was given at first stays.
    fn zone_of(&self, agreement: &Agreement, row: Option<&Record>, task: &Record) -> Result<String> {
        if let Some(row) = row {
            return Ok(row.text("timezone").to_owned());
        }
        if let Some(zone) = agreement.own_zone() {
            return Ok(zone.to_owned());
        }
        let pointed = self.walked(task, &agreement.zone_path)?;
        Ok(pointed.filter(|zone| !zone.is_empty()).unwrap_or_else(|| agreement.zone.clone()))
    }

    /// The text at the end of a way through references; `None` where the way ends before.
    fn walked(&self, record: &Record, path: &[String]) -> Result<Option<String>> {
        let [step, rest @ ..] = path else { return Ok(None) };
        if rest.is_empty() {
            return Ok(Some(record.text(step).to_owned()));
        }
        let table =
            self.dictionary.table(record.id.table.as_str()).and_then(|table| table.field(step)?.reference.clone());
        let (Some(table), Some(id)) = (table, record.reference(step)) else { return Ok(None) };
        match self.tx.find(self.dictionary.family(table.as_str()), id)? {
            Some(record) => self.walked(&record, rest),
            None => Ok(None),
        }
    }
}
