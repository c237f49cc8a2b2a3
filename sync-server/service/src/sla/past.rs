//! What a task met before it had a clock, read off the audit: a retroactive start counts the pauses since then.

use fieldline_model::sla::{Agreement, Met, Update};
use fieldline_model::{Record, Timestamp};

use crate::call::Call;
use crate::error::Result;

impl Call<'_> {
    /// What a task met since a retroactive start, oldest first; nothing where nobody asks for it.
    pub(super) fn met_earlier(
        &self,
        agreement: &Agreement,
        update: &Update<'_>,
        attaches: bool,
        task: &Record,
    ) -> Result<Vec<(Timestamp, Met)>> {
        let asked =
            attaches && update.met.start && agreement.terms.retroactive_start && agreement.terms.retroactive_pause;
        if !asked {
            return Ok(Vec::new());
        }
        Ok(self.replayed(agreement, task, &self.changes_of(task)?))
    }

    /// Undoes one change after the other and asks each time.
    fn replayed(&self, agreement: &Agreement, task: &Record, oldest_first: &[Record]) -> Vec<(Timestamp, Met)> {
        let mut past = Vec::new();
        let mut was = task.clone();
        for line in oldest_first.iter().rev() {
            let at = line.time("sys_created_on").unwrap_or_default();
            if past.last().is_none_or(|(last, _)| *last != at) {
                past.push((at, self.pauses_then(agreement, &was)));
            }
            let table = self.dictionary.table(task.id.table.as_str());
            let field = table.and_then(|table| table.field(line.text("fieldname")));
            if let Some(field) = field {
                was.set(field.name.clone(), field.parse(line.text("oldvalue")).ok().flatten());
            }
        }
        past.push((task.time("sys_created_on").unwrap_or_default(), self.pauses_then(agreement, &was)));
        past.reverse();
        past
    }

    fn pauses_then(&self, agreement: &Agreement, was: &Record) -> Met {
        let [pause, resume] = agreement
            .pauses_by()
            .map(|query| query.is_some_and(|query| !query.asks_of_a_change() && self.holds(query, was)));
        Met { start: true, pause, resume, ..Met::default() }
    }
}
