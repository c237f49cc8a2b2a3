//! Whether this person has to say that they are safe, worked out on the phone: it rings when they do not, radio on or off. The server
//! works out the same from what it has heard, and tells others.

use fieldline_model::lone_worker;
use fieldline_model::{TableName, Timestamp};
use serde::Serialize;

use crate::device::{Device, kept_document};
use crate::error::DeviceError;
use crate::site_rules::JOBS;
use crate::view::Item;

/// More jobs than one person has in hand.
const MOST_JOBS: u32 = 1_000;

/// Somebody on a job that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SafetyTimer {
    /// The job.
    pub task: Item,
    /// When they last gave a sign of life.
    pub heard_at: Timestamp,
    /// When they have to give the next.
    pub due_at: Timestamp,
    /// Whether that has passed: the phone rings.
    pub is_overdue: bool,
    /// Whether they called for help and have not said since that they are safe.
    pub calls_for_help: bool,
}

impl Device {
    /// The jobs on which this person is watched, the one that is due first at the front.
    ///
    /// # Errors
    /// When the device is not enrolled or the database fails.
    pub fn safety(&self, now: Timestamp) -> Result<Vec<SafetyTimer>, DeviceError> {
        let user = self.who()?.user;
        self.store.read(|view| {
            let mut timers = Vec::new();
            for listed in view.by_table(&TableName::from(JOBS), MOST_JOBS)? {
                let job = &listed.record;
                if lone_worker::interval_seconds(job).is_none() || job.reference("assigned_to") != Some(user) {
                    continue;
                }
                let Some(kept) = kept_document(view, &job.id)? else { continue };
                let job = self.rules.project(&kept.document);
                let watch = lone_worker::watch(&job.record, job.stage.as_deref(), &job.signs_of(user));
                timers.extend(watch.map(|watch| SafetyTimer {
                    task: listed.into(),
                    heard_at: watch.heard_at,
                    due_at: watch.due_at,
                    is_overdue: watch.due_at <= now,
                    calls_for_help: watch.calls_for_help,
                }));
            }
            timers.sort_by_key(|timer| timer.due_at);
            Ok(timers)
        })
    }
}
