//! The initial sync of a device: first every row, today's work before anything else, then every document.
//!
//! A page costs what it carries: the cursor says after which record it goes on. What changes meanwhile is in the feed after
//! the position the sync began at and comes down it afterwards. One thing the feed does not tell: that a record moved from
//! "the rest" to "what today's work refers to" after the latter was sent. So the rest leaves today's work out only as long as
//! that has been, record for record, the same in every page.

use std::collections::BTreeSet;

use fieldline_model::condition::Filter;
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Record, Timestamp};
use fieldline_sync::wire::{PACKED_SINCE, Progress};

use crate::cursor::{Bootstrap, Place, Stage};
use crate::error::Result;
use crate::pull::Pull;
use crate::scope::{checksum, members};

/// Ranks: the user's open jobs, what they refer to, the rest.
const JOB: u8 = 0;
const AROUND: u8 = 1;
const REST: u8 = 2;
/// Records looked at per key and step; bounds memory, not the answer.
const MEMBERS_AT_ONCE: u32 = 512;

impl Pull<'_, '_> {
    /// Sends the next items of the initial sync.
    pub fn bootstrap(&mut self, mut at: Bootstrap) -> Result<()> {
        let first = self.first()?;
        let documents: BTreeSet<DocumentId> = first.iter().map(|place| place.document.clone()).collect();
        let sum = checksum(&documents);
        if at.after.is_none() {
            (at.total, at.first) = (self.total()?, Some(sum));
        }
        at.first = at.first.filter(|before| *before == sum);
        let left_out = if at.first.is_some() { documents } else { BTreeSet::new() };
        let mut before = None;
        loop {
            let places = self.places(at.after.as_ref(), &first, &left_out)?;
            if places.is_empty() {
                break;
            }
            for place in places {
                // The day's list is an answer of its own, on screen before anything else is on its way.
                if !place.snapshot && place.rank != JOB && before == Some(JOB) {
                    self.page.close();
                }
                if self.page.is_full() {
                    self.progress = Some(at.progress());
                    return Ok(());
                }
                before = Some(place.rank);
                self.send(&place)?;
                (at.after, at.done) = (Some(place), at.done + 1);
                self.cursor.stage = Some(Stage::Bootstrap(at.clone()));
            }
        }
        self.progress = Some(Progress { done: at.total, total: at.total });
        self.cursor.stage = None;
        if plant::is(Plant::BootstrapEndsAtHead) {
            self.cursor.position = self.call.tx.head()?;
        }
        Ok(())
    }

    /// A row before its document: a device that understands that is sent of the document what the row did not say.
    fn send(&mut self, place: &Place) -> Result<()> {
        let tx = &*self.call.tx;
        match place.snapshot {
            false => self.page.row(tx, &place.document),
            true if self.speaks >= PACKED_SINCE => self.page.packed(tx, &place.document),
            true => self.page.snapshot(tx, &place.document),
        }
    }

    /// How many items there are: every row, and every document once more.
    fn total(&self) -> Result<u64> {
        let rows = members(&*self.call.tx, &self.keys)?;
        let documents = rows.iter().filter(|document| self.is_document(document)).count();
        Ok((rows.len() + documents) as u64)
    }

    /// Some of the places after one, in order; none when there is nothing left.
    fn places(
        &self,
        after: Option<&Place>,
        first: &BTreeSet<Place>,
        left_out: &BTreeSet<DocumentId>,
    ) -> Result<Vec<Place>> {
        for snapshot in [false, true] {
            let place = |place: &Place| Place { snapshot, ..place.clone() };
            let is_sent = |place: &Place| !snapshot || self.is_document(&place.document);
            let is_next = |place: &Place| after.is_none_or(|after| place > after);
            let first: Vec<Place> = first.iter().map(place).filter(|place| is_sent(place) && is_next(place)).collect();
            if !first.is_empty() {
                return Ok(first);
            }
            let mut from = match after {
                Some(after) if after.snapshot && !snapshot => continue,
                Some(after) if after.snapshot == snapshot && after.rank == REST => Some(after.document.clone()),
                _ => None,
            };
            while let Some(batch) = self.rest(from.as_ref())? {
                let places = batch.iter().filter(|document| !left_out.contains(document));
                let places = places.map(|document| Place { snapshot, rank: REST, at: 0, document: document.clone() });
                let places: Vec<Place> = places.filter(is_sent).collect();
                if !places.is_empty() {
                    return Ok(places);
                }
                from = batch.last().cloned();
            }
        }
        Ok(Vec::new())
    }

    /// Some of the records in scope after one, in the order of their names; `None` when there is none.
    fn rest(&self, from: Option<&DocumentId>) -> Result<Option<BTreeSet<DocumentId>>> {
        let mut all = BTreeSet::new();
        let mut complete_to = None;
        for key in &self.keys {
            let members = self.call.tx.members_after(key, from, MEMBERS_AT_ONCE)?;
            if members.len() == MEMBERS_AT_ONCE as usize {
                complete_to = complete_to.into_iter().chain(members.last().cloned()).min();
            }
            all.extend(members);
        }
        all.retain(|document| complete_to.as_ref().is_none_or(|end| document <= end));
        Ok((!all.is_empty()).then_some(all))
    }

    /// The user's open jobs by their start, and what they refer to.
    fn first(&self) -> Result<BTreeSet<Place>> {
        let tx = &*self.call.tx;
        let mine = Filter::equals("assigned_to", self.call.caller.user).and(Filter::equals("active", true));
        let jobs = self.call.rows("wm_task", &mine)?;
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
}

impl Bootstrap {
    fn progress(&self) -> Progress {
        Progress { done: self.done.min(self.total), total: self.total }
    }
}

/// When work on a job should begin; a job without a time comes after those that have one.
fn start(job: &Record) -> Timestamp {
    let moments = ["expected_start", "window_start"].map(|field| job.get(field).and_then(|value| value.as_time()));
    moments.into_iter().flatten().next().unwrap_or(Timestamp(i64::MAX))
}
