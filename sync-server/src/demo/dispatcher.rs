//! The dispatcher, who changes the same jobs meanwhile: hands out, takes away, cancels, puts first.
//!
//! She sees only what the server knows, so whatever a phone in a cellar has done is news to her. Jobs of phones that are off
//! the air are her favourites, because that is where the trouble is.

use std::collections::BTreeSet;

use rand_core::Rng;
use serde_json::{Value, json};

use super::failed::DemoFailed;
use super::office::{Answer, Office};
use super::people::{below, chance, one_of};
use super::setup::text;

/// Changes in half an hour.
const CHANGES: usize = 5;

/// What the dispatcher did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changed {
    /// Jobs given to somebody else, or to somebody at all.
    pub reassigned: u64,
    /// Jobs cancelled.
    pub cancelled: u64,
    /// Jobs that became more or less urgent.
    pub reprioritised: u64,
    /// Descriptions and comments written.
    pub described: u64,
    /// Changes the server refused at once, because it knew better.
    pub refused_at_once: u64,
}

/// The dispatcher at the desk.
pub struct Dispatcher<'a> {
    /// The record API.
    pub office: &'a Office,
    /// Everybody who may be given a job.
    pub technicians: &'a [String],
    /// What was done so far.
    pub changed: Changed,
}

impl Dispatcher<'_> {
    /// Half an hour at the desk; `unreachable` are technicians whose phones are off the air.
    pub async fn work(&mut self, unreachable: &BTreeSet<String>, rng: &mut dyn Rng) -> Result<(), DemoFailed> {
        let fields = "sys_id,number,state,assigned_to,urgency,impact";
        let open = self.office.list("wm_task", "active=true^ORDERBYnumber", fields).await?;
        let (dark, rest): (Vec<Value>, Vec<Value>) =
            open.into_iter().partition(|task| unreachable.contains(text(task, "assigned_to")));
        for _ in 0..CHANGES {
            let pool = if !dark.is_empty() && (rest.is_empty() || chance(60, rng)) { &dark } else { &rest };
            if pool.is_empty() {
                return Ok(());
            }
            self.change(one_of(pool, rng), rng).await?;
        }
        Ok(())
    }

    async fn change(&mut self, task: &Value, rng: &mut dyn Rng) -> Result<(), DemoFailed> {
        let waits = matches!(text(task, "state"), "1" | "10");
        let (fields, count): (Value, fn(&mut Changed) -> &mut u64) = match below(100, rng) {
            _ if waits => (self.assign(rng), |changed| &mut changed.reassigned),
            0..30 => (self.assign(rng), |changed| &mut changed.reassigned),
            30..50 => (cancel(rng), |changed| &mut changed.cancelled),
            50..75 => (reprioritise(rng), |changed| &mut changed.reprioritised),
            _ => (describe(rng), |changed| &mut changed.described),
        };
        match self.office.change("wm_task", text(task, "sys_id"), fields).await? {
            Answer::Done(_) => *count(&mut self.changed) += 1,
            Answer::Refused(_) => self.changed.refused_at_once += 1,
        }
        Ok(())
    }

    fn assign(&self, rng: &mut dyn Rng) -> Value {
        json!({ "assigned_to": one_of(self.technicians, rng), "state": "16" })
    }
}

fn cancel(rng: &mut dyn Rng) -> Value {
    let reasons = ["Customer called: it works again", "Duplicate of another order", "Site is closed today"];
    json!({ "state": "7", "close_reason": one_of(&reasons, rng) })
}

fn reprioritise(rng: &mut dyn Rng) -> Value {
    json!({ "urgency": one_of(&["1", "2", "3"], rng), "impact": one_of(&["1", "2", "3"], rng) })
}

fn describe(rng: &mut dyn Rng) -> Value {
    match below(3, rng) {
        0 => json!({ "comments": "We are on it; a technician will call before arriving." }),
        1 => json!({ "estimated_work_duration": one_of(&["1800", "3600", "5400"], rng) }),
        _ => json!({ "description": format!("Customer says: room {}, ask for the key.", 100 + below(400, rng)) }),
    }
}
