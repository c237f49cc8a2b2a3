//! Service levels: clocks that tasks are given by definitions (`contract_sla`), kept as rows of `task_sla`.
//!
//! * `agreement.rs` reads definitions and refuses those that promise nothing or contradict themselves; `schedule.rs` reads working
//!   hours.
//! * `follow.rs` moves the clocks of a task with each of its changes; `past.rs` knows what it met earlier. What a technician did with
//!   the radio off counts from when it was done.
//! * `timer.rs` notices breaches and the percentages before them at their moment: each clock that runs has one job in the queue.
//! * `event.rs` tells webhooks and flows what happens to clocks.
//!
//! What elapses is worked out when somebody reads it. The engine, definitions and clocks as rows are the model's, the same on phones.

pub(crate) mod agreement;
mod event;
mod follow;
mod past;
pub(crate) mod schedule;
pub(crate) mod timer;

use fieldline_model::condition::Filter;
use fieldline_model::sla::{Agreement, BusinessTime, row};
use fieldline_model::{Record, SysId, Timestamp, UserZone};

use crate::call::Call;
use crate::error::Result;

pub(crate) use event::SlaEvent;

/// Where the clocks are.
pub(crate) const CLOCKS: &str = "task_sla";

impl Call<'_> {
    /// A record as somebody reads it: what elapses by itself is of this moment.
    pub(crate) fn as_of_now(&self, mut record: Record) -> Record {
        if record.id.table == *CLOCKS {
            let agreement = record.reference("sla").and_then(|id| self.book.agreement(id));
            if let Some(agreement) = agreement {
                self.show_elapsed(agreement, &mut record, self.now);
            }
        }
        record
    }

    /// When the first promise about a task was broken, if any was.
    pub(crate) fn first_breach(&self, task: SysId) -> Result<Option<Timestamp>> {
        let clocks = self.rows(CLOCKS, &Filter::equals("task", task))?;
        let breached = clocks.iter().filter(|clock| clock.says("has_breached"));
        Ok(breached.filter_map(|clock| clock.time("planned_end_time")).min())
    }

    fn show_elapsed(&self, agreement: &Agreement, record: &mut Record, at: Timestamp) {
        let Some(clock) = row::clock(record) else { return };
        let zone = UserZone::named(record.text("timezone"));
        row::show_elapsed(record, &clock, at, BusinessTime { calendar: agreement.calendar(), zone: &zone });
    }
}
