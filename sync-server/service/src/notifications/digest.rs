//! Mails of one rule to one person within its interval become one mail.
//!
//! They are gathered in the job that writes it, which is due when the interval that the first of them began is over.

use fieldline_model::{DocumentId, SysId};
use fieldline_storage::Job;
use serde::{Deserialize, Serialize};

use super::{Letter, outbox};
use crate::call::Call;
use crate::error::{Result, ServiceError};
use crate::table;

/// The jobs that write one mail of several.
pub(crate) const KIND: &str = "digest";
/// Letters that are kept whole; of others the mail says how many there were.
const MOST_LETTERS: usize = 100;
/// As many characters as `sys_email` holds.
const BODY_CHARACTERS: usize = 65_000;

/// What was gathered.
#[derive(Debug, Serialize, Deserialize)]
struct Gathered {
    rule: SysId,
    table: String,
    person: SysId,
    letters: Vec<Letter>,
    left_out: usize,
}

impl Gathered {
    fn read(job: &Job) -> Result<Self> {
        serde_json::from_slice(&job.payload).map_err(|problem| ServiceError::damaged(&job.name, problem))
    }

    fn body(&self) -> String {
        let letter = |letter: &Letter| format!("{}\n\n{}", letter.subject, letter.body).trim_end().to_owned();
        let mut parts: Vec<String> = self.letters.iter().map(letter).collect();
        if self.left_out > 0 {
            parts.push(format!("... and {} more", self.left_out));
        }
        parts.join("\n\n----\n\n").chars().take(BODY_CHARACTERS).collect()
    }
}

impl Call<'_> {
    /// Adds a letter to those that become one mail.
    pub(super) fn gather(&mut self, rule: SysId, minutes: i64, person: &DocumentId, letter: Letter) -> Result<()> {
        let name = format!("digest/{rule}/{}", person.sys_id);
        let job = self.tx.job(&name)?;
        let mut gathered = match &job {
            Some(job) => Gathered::read(job)?,
            None => {
                let (table, person) = (person.table.to_string(), person.sys_id);
                Gathered { rule, table, person, letters: Vec::new(), left_out: 0 }
            }
        };
        match gathered.letters.len() < MOST_LETTERS {
            true => gathered.letters.push(letter),
            false => gathered.left_out += 1,
        }
        let due_at = self.now.plus_milliseconds(minutes.saturating_mul(60_000));
        let payload = serde_json::to_vec(&gathered).expect("plain data");
        self.put_job(&job.unwrap_or_else(|| Job::new(name, KIND, due_at)).with(payload))
    }
}

/// Writes the mail that a job gathered; nothing where its reader has left or wants no mail any more.
///
/// # Errors
/// When the database fails.
pub(crate) fn write(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let gathered = Gathered::read(job)?;
    let person = call.row(&DocumentId::new(gathered.table.as_str(), gathered.person))?;
    let to = person.filter(super::recipients::is_active).and_then(|person| outbox::address(&person).map(str::to_owned));
    let rule = call.row(&DocumentId::new("sysevent_email_action", gathered.rule))?;
    let Some((to, rule)) = to.zip(rule) else { return Ok(()) };
    let subject = format!("{}: {}", rule.text("name"), gathered.letters.len() + gathered.left_out);
    let letter = Letter { table: String::new(), sys_id: gathered.rule, subject, body: gathered.body(), html: None };
    Ok(call.post(Some(gathered.rule), &to, &letter, None)?)
}
