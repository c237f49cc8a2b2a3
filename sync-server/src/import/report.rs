//! What an import did, for people and for machines.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::replay::{Findings, Replayed};
use super::source::Source;
use crate::failed::Failed;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Well-formed rows read.
    pub rows: u64,
    /// Records created.
    pub created: u64,
    /// Records changed.
    pub changed: u64,
    /// Records left alone because they had been imported before.
    pub already_here: u64,
    /// Edits written.
    pub edits: u64,
    /// Reference records created for names.
    pub named: u64,
    /// The organisation's own priorities that were loaded: impact, urgency, priority.
    pub priorities: Vec<(i64, i64, i64)>,
    /// What replaying events found out.
    pub findings: Findings,
    /// Rows not loaded.
    pub rejected: u64,
    /// The file they are in, with the reasons.
    pub errors: Option<PathBuf>,
}

impl Report {
    /// Counts a replayed record that was loaded.
    pub fn add(&mut self, replayed: Replayed) {
        self.created += 1;
        self.edits += replayed.history.len() as u64;
        self.findings.add(replayed.findings);
    }

    /// Ends the import.
    ///
    /// # Errors
    /// When the error file cannot be written.
    pub fn finish(mut self, source: Source) -> Result<Self, Failed> {
        (self.rejected, self.errors) = source.finish()?;
        Ok(self)
    }

    /// The report as JSON.
    pub fn json(&self) -> Value {
        let not_allowed = self.findings.not_allowed.iter();
        let not_allowed: Vec<Value> = not_allowed
            .map(|(what, count)| json!({ "from": what.from, "to": what.to, "why": what.why, "count": count }))
            .collect();
        json!({
            "rows": self.rows, "created": self.created, "changed": self.changed, "already_here": self.already_here,
            "rejected": self.rejected, "errors_file": self.errors,
            "edits": self.edits, "named": self.named, "priorities": self.priorities,
            "events_replayed": self.findings.events, "steps": self.findings.taken, "not_allowed": not_allowed,
            "priorities_equal": self.findings.priorities_equal,
            "priorities_other": self.findings.priorities_other.values().sum::<u64>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows: {} records created, {} changed", self.rows, self.created, self.changed)?;
        if self.already_here > 0 {
            write!(f, ", {} were here already", self.already_here)?;
        }
        if self.findings.events > 0 {
            self.replayed(f)?;
        }
        if let Some(path) = &self.errors {
            write!(f, "\n{} rows were not loaded; {} says why, row by row", self.rejected, path.display())?;
        }
        Ok(())
    }
}

impl Report {
    fn replayed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let findings = &self.findings;
        write!(
            f,
            "\n{} events replayed as {} edits; {} people, groups, places and items named",
            findings.events, self.edits, self.named
        )?;
        let taken: Vec<String> = findings.taken.iter().map(|(step, count)| format!("{count} {step}")).collect();
        write!(f, "\nsteps taken: {}", taken.join(", "))?;
        let refused: u64 = findings.not_allowed.values().sum();
        write!(f, "\n{refused} real transitions the life cycle did not allow (each is a work note of its incident):")?;
        for (what, count) in &findings.not_allowed {
            write!(f, "\n  {count:>5}  {} to {}: {}", what.from, what.to, what.why)?;
        }
        write!(f, "\n{} priorities as our table has them", findings.priorities_equal)?;
        for (impact, urgency, priority) in &self.priorities {
            write!(
                f,
                "; impact {impact} and urgency {urgency} make {priority} in this organisation, loaded into its table"
            )?;
        }
        for ((impact, urgency, logged, ours), count) in &findings.priorities_other {
            let ours = ours.map_or("nothing".to_owned(), |ours| ours.to_string());
            write!(f, "\n  {count:>5}  impact {impact}, urgency {urgency}: {logged} in the log, {ours} here")?;
        }
        Ok(())
    }
}
