//! What is over and done is deleted after a while: finished runs of flows with their logs, requests and mail that were sent, and mail that came in.
//!
//! One job looks once a day, and deletes a few hundred rows in one transaction until there are no more. After how many days an
//! organisation says in properties; 0 is never. What failed stays until somebody has seen to it.

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{Record, Timestamp};
use fieldline_storage::Job;
use rand_core::Rng;

use crate::call::Call;
use crate::error::Result;
use crate::flows;
use crate::outgoing;
use crate::rules::TOLD;
use crate::server::Server;
use crate::table;

/// The job, and its kind.
pub(crate) const KIND: &str = "retention";
const DAY_MILLISECONDS: i64 = 86_400_000;
/// Rows of one transaction, their logs not counted.
const AT_ONCE: u32 = 200;

/// What is deleted.
struct Kept {
    table: &'static str,
    /// What is over.
    query: &'static str,
    /// Since when.
    since: &'static str,
    property: &'static str,
    days: i64,
}

const KEPT: [Kept; 4] = [
    Kept {
        table: flows::CONTEXTS,
        query: "stateINcomplete,cancelled",
        since: "ended",
        property: "fieldline.retention.flow_days",
        days: 30,
    },
    Kept {
        table: outgoing::TABLE,
        query: "state=sent",
        since: "sent",
        property: "fieldline.retention.http_days",
        days: 30,
    },
    Kept { table: TOLD[0], query: "state=sent", since: "sent", property: "fieldline.retention.mail_days", days: 90 },
    Kept {
        table: TOLD[0],
        query: "stateINprocessed,ignored",
        since: "received_at",
        property: "fieldline.retention.mail_days",
        days: 90,
    },
];

impl Server {
    /// Lets what is over be deleted from now on.
    ///
    /// # Errors
    /// When the database fails.
    pub fn keep_tidy(&self, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        if self.storage().read()?.job(KIND)?.is_some() {
            return Ok(());
        }
        self.write(&self.system(), now, rng, |call| call.put_job(&Job::new(KIND, KIND, now)))
    }
}

/// Deletes some of what is over, and looks again at once if there may be more, else in a day.
///
/// # Errors
/// When the database fails.
pub(crate) fn tidy(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    let mut is_all = true;
    for kept in &KEPT {
        let over = call.over(kept)?;
        is_all &= u32::try_from(over.len()).unwrap_or(AT_ONCE) < AT_ONCE;
        for row in &over {
            if kept.table == flows::CONTEXTS {
                for line in call.rows(flows::LOG, &Filter::equals("parent", row.id.sys_id))? {
                    call.discard_row(&line)?;
                }
            }
            call.discard_row(row)?;
        }
    }
    let due_at = if is_all { call.now.plus_milliseconds(DAY_MILLISECONDS) } else { call.now };
    Ok(call.put_job(&Job { due_at, attempts: 0, problem: None, ..job.clone() })?)
}

impl Call<'_> {
    /// Rows that are kept no longer.
    fn over(&self, kept: &Kept) -> table::Result<Vec<Record>> {
        let days = self.property_as(kept.property)?.unwrap_or(kept.days);
        if days <= 0 {
            return Ok(Vec::new());
        }
        let before = self.now.plus_milliseconds(-days.saturating_mul(DAY_MILLISECONDS));
        let query = Query::parse(&format!("{}^{}<{before}", kept.query, kept.since)).query;
        Ok(self.some_rows_of(kept.table, &query, (AT_ONCE, 0))?)
    }
}
