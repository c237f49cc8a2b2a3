//! The initial sync of a device: first every row, today's work before anything else, then every document.
//!
//! The order is computed anew for each page. What changes meanwhile is in the feed after the position the sync began at and
//! comes down it afterwards. One thing the feed does not tell: that a record moved from "the rest" to "what today's work
//! refers to" after the latter was sent. So the rest leaves out today's work only as long as none of that changed since.

use std::collections::BTreeSet;

use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Record, Timestamp};
use fieldline_sync::wire::Progress;

use crate::cursor::{Place, Stage};
use crate::error::Result;
use crate::pull::Pull;
use crate::query::equal;

/// Ranks: the user's open jobs, what they refer to, the rest.
const JOB: u8 = 0;
const AROUND: u8 = 1;
const REST: u8 = 2;

impl Pull<'_, '_> {
    /// Sends the next items of the initial sync.
    pub fn bootstrap(&mut self, after: Option<Place>, mut done: u64) -> Result<()> {
        let items = self.items()?;
        let total = items.len() as u64;
        let mut before = None;
        for item in items {
            if after.as_ref().is_some_and(|after| item <= *after) {
                continue;
            }
            // The day's list is an answer of its own, on screen before anything else is on its way.
            if !item.snapshot && item.rank != JOB && before == Some(JOB) {
                self.page.close();
            }
            if self.page.is_full() {
                self.progress = Some(Progress { done: done.min(total), total });
                return Ok(());
            }
            match item.snapshot {
                true => self.page.snapshot(&*self.call.tx, &item.document)?,
                false => self.page.row(&*self.call.tx, &item.document)?,
            }
            done += 1;
            before = Some(item.rank);
            self.cursor.stage = Some(Stage::Bootstrap { after: Some(item), done });
        }
        self.progress = Some(Progress { done: total, total });
        self.cursor.stage = None;
        if plant::is(Plant::BootstrapEndsAtHead) {
            self.cursor.position = self.call.tx.head()?;
        }
        Ok(())
    }

    /// Everything to send, in order.
    fn items(&self) -> Result<BTreeSet<Place>> {
        let first = self.first()?;
        let first_is_unchanged = self.unchanged(&first)?;
        let sent_first: BTreeSet<&DocumentId> = first.iter().map(|place| &place.document).collect();
        let rest = crate::scope::members(&*self.call.tx, &self.keys)?;
        let rest = rest.into_iter().filter(|document| !(first_is_unchanged && sent_first.contains(document)));
        let rest = rest.map(|document| Place { snapshot: false, rank: REST, at: 0, document });
        let rows: BTreeSet<Place> = rest.chain(first.iter().cloned()).collect();
        let documents = rows.iter().filter(|place| self.is_document(&place.document));
        let snapshots: Vec<Place> = documents.map(|place| Place { snapshot: true, ..place.clone() }).collect();
        Ok(rows.into_iter().chain(snapshots).collect())
    }

    /// The user's open jobs by their start, and what they refer to.
    fn first(&self) -> Result<BTreeSet<Place>> {
        let tx = &*self.call.tx;
        let mine = equal(&[("assigned_to", self.call.caller.user.to_string()), ("active", "true".into())]);
        let jobs = tx.query(self.call.server.family("wm_task"), &mine, u32::MAX, 0)?;
        let place = |rank, at, document| Place { snapshot: false, rank, at, document };
        let mut carried: BTreeSet<DocumentId> = BTreeSet::new();
        for job in &jobs {
            let links = tx.links(&job.id)?.into_iter();
            carried.extend(links.filter(|(key, _)| self.keys.contains(key)).map(|(_, document)| document));
        }
        carried.retain(|document| jobs.iter().all(|job| job.id != *document));
        let jobs = jobs.into_iter().map(|job| place(JOB, start(&job).0, job.id));
        Ok(jobs.chain(carried.into_iter().map(|document| place(AROUND, 0, document))).collect())
    }

    fn unchanged(&self, places: &BTreeSet<Place>) -> Result<bool> {
        for place in places {
            let position = self.call.tx.record(&place.document)?.map(|(position, _)| position);
            if position.is_none_or(|position| position > self.cursor.position) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// When work on a job should begin; a job without a time comes after those that have one.
fn start(job: &Record) -> Timestamp {
    let moments = ["expected_start", "window_start"].map(|field| job.get(field).and_then(|value| value.as_time()));
    moments.into_iter().flatten().next().unwrap_or(Timestamp(i64::MAX))
}
