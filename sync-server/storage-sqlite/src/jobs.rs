//! The queue.

use fieldline_model::Timestamp;
use fieldline_storage::{Job, Jobs, Result};
use rusqlite::{Row, params};

use crate::transaction::Transaction;

const COLUMNS: &str = "name, kind, due_at, payload, attempts, problem, stopped";

impl Jobs for Transaction<'_> {
    fn job(&self, name: &str) -> Result<Option<Job>> {
        let sql = format!("SELECT {COLUMNS} FROM job WHERE name = ?1");
        self.first(format_args!("reading the job {name}"), &sql, [name], job)
    }

    fn put_job(&mut self, job: &Job) -> Result<()> {
        let sql = format!("INSERT OR REPLACE INTO job ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        let Job { name, kind, due_at, payload, attempts, problem, stopped } = job;
        let values = params![name, kind, due_at.0, payload, attempts, problem, stopped];
        self.run(format_args!("writing the job {name}"), &sql, values).map(drop)
    }

    fn remove_job(&mut self, name: &str) -> Result<bool> {
        Ok(self.run(format_args!("removing the job {name}"), "DELETE FROM job WHERE name = ?1", [name])? > 0)
    }

    fn due_jobs(&self, kind: &str, now: Timestamp, limit: u32) -> Result<Vec<Job>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM job WHERE kind = ?1 AND due_at <= ?2 AND NOT stopped ORDER BY due_at, name LIMIT ?3"
        );
        self.all("looking for jobs that are due", &sql, params![kind, now.0, limit], job)
    }

    fn next_due(&self, kind: &str) -> Result<Option<Timestamp>> {
        let sql = "SELECT due_at FROM job WHERE kind = ?1 AND NOT stopped ORDER BY due_at, name LIMIT 1";
        self.first("looking for the next job", sql, [kind], |row| row.get(0).map(Timestamp))
    }

    fn stopped_jobs(&self, limit: u32) -> Result<Vec<Job>> {
        let sql = format!("SELECT {COLUMNS} FROM job WHERE stopped ORDER BY due_at, name LIMIT ?1");
        self.all("looking for stopped jobs", &sql, [limit], job)
    }
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    Ok(Job {
        name: row.get(0)?,
        kind: row.get(1)?,
        due_at: Timestamp(row.get(2)?),
        payload: row.get(3)?,
        attempts: row.get(4)?,
        problem: row.get(5)?,
        stopped: row.get(6)?,
    })
}
