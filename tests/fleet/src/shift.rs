//! One shift, from its plan to what came of it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use crate::plan::Plan;
use crate::world::World;

/// What came of a shift.
#[derive(Debug, Default, Clone)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The hash of everything that happened.
    pub trace_hash: String,
    /// Edits made on phones.
    pub edits: u64,
    /// Requests the server answered.
    pub exchanges: u64,
    /// Messages lost, late, cut, changed or answered by somebody else.
    pub messages_spoilt: u64,
    /// Edits that others' work was merged with.
    pub merges: u64,
    /// Steps the life cycle did not follow.
    pub refused_steps: u64,
    /// Edits held.
    pub held: u64,
    /// Edits lost with a phone that had not sent them.
    pub lost: u64,
    /// How often each sort of deed was done.
    pub deeds: BTreeMap<&'static str, u64>,
    /// Promises broken, in words.
    pub violations: Vec<String>,
}

impl Report {
    /// The figures as JSON.
    pub fn to_json(&self) -> Value {
        json!({
            "seed": self.seed, "trace_hash": self.trace_hash, "edits": self.edits, "exchanges": self.exchanges,
            "messages_spoilt": self.messages_spoilt, "merges": self.merges, "refused_steps": self.refused_steps,
            "held": self.held, "lost": self.lost, "deeds": self.deeds, "violations": self.violations,
        })
    }
}

/// Runs a plan, printing every event if asked. A panic anywhere inside is a broken promise, not the end of the run.
pub fn run(plan: &Plan, prints: bool) -> Report {
    let report = catch_unwind(AssertUnwindSafe(|| World::new(plan, prints).run()));
    report.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        let violations = vec![format!("something panicked: {}", text.unwrap_or("without words"))];
        Report { seed: plan.seed, violations, ..Report::default() }
    })
}
