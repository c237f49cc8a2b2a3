//! Looking for records by words, over every table at once or some: numbers, titles, texts, journals.
//!
//! Who writes does not wait for the index: a record that changed is due, and its entry is made a little later, by whoever looks for
//! something or in idle moments. A field that has readers is not indexed, or its words would be told to others.
//!
//! A record is found by what its files say, too, as people who attached a manual to it expect: the hit is the record, and the
//! file's own row is found by its name. Files are read in idle moments only and outside any transaction, because they come from
//! anybody and may take long.

use fieldline_model::condition::Filter;
use fieldline_model::dictionary::Kind as TableKind;
use fieldline_model::{DocumentId, Record, TableName, Timestamp, Value};
use fieldline_storage::{Hit, Selection, Words};
use rand_core::Rng;

use crate::call::Call;
use crate::definitions;
use crate::error::Result;
use crate::knowledge;
use crate::reading::{self, Kind};
use crate::server::Server;
use crate::table::{self, TableError};

impl Server {
    /// Indexes up to `limit` records that are due; how many it were.
    ///
    /// # Errors
    /// When the database fails.
    pub fn index_due(&self, limit: u32, now: Timestamp, rng: &mut dyn Rng) -> Result<usize> {
        if self.storage().read()?.words_due(1)?.is_empty() {
            return Ok(0);
        }
        self.write(&self.system(), now, rng, |call| {
            let due = call.tx.words_due(limit)?;
            for id in &due {
                let words = call.words_of(id)?;
                call.tx.put_words(id, words.as_ref())?;
            }
            Ok(due.len())
        })
    }
}

/// The most that is kept of what all files of a record say.
const RECORD_FILES_BYTES: usize = 1 << 20;

impl Server {
    /// Reads up to `limit` files that have come and nobody has read; how many it were.
    ///
    /// # Errors
    /// When the database fails.
    pub fn read_files(&self, limit: u32, now: Timestamp, rng: &mut dyn Rng) -> Result<usize> {
        let system = self.system();
        let unread = self.storage().read()?.unread_files(limit)?;
        for blob in &unread {
            let found = self.read(&system, now, rng, |call| call.to_be_read(*blob))?;
            let words = found.map_or_else(String::new, |(kind, bytes)| match kind {
                Kind::Pdf => self.said_in_pdf(&bytes),
                kind => reading::text_of(kind, &bytes),
            });
            self.write(&system, now, rng, |call| {
                call.tx.put_file_words(*blob, &words)?;
                call.files_read_otherwise(*blob)
            })?;
        }
        Ok(unread.len())
    }
}

/// Records with all of these words that the caller sees, the best first; of every table, or of some and those that extend them.
///
/// # Errors
/// When a table does not exist or the database fails.
pub fn search(call: &Call<'_>, words: &str, tables: &[String], limit: u32) -> Result<Vec<Hit>, TableError> {
    let mut asked: Vec<TableName> = Vec::new();
    for table in tables {
        asked.extend(table::family(call, table)?.iter().cloned());
    }
    if tables.is_empty() {
        asked.extend(call.dictionary.tables().map(|table| table.name.clone()));
    }
    let (sight, everything) = (call.sight()?, Filter::everything());
    let selection = Selection { tables: &asked, filter: &everything, order: &[], sight: &sight };
    Ok(call.tx.search(words, &selection, limit)?)
}

impl Call<'_> {
    /// Notes that a record reads otherwise; definitions are not looked for by words.
    pub(crate) fn reads_otherwise(&mut self, id: &DocumentId) -> Result<()> {
        let is_definition = definitions::defines(id.table.as_str()) || id.table == *definitions::ADDITIONS;
        if is_definition { Ok(()) } else { Ok(self.tx.words_changed(id)?) }
    }

    /// What a record is found by, `None` when it is gone.
    fn words_of(&mut self, id: &DocumentId) -> Result<Option<Words>> {
        let (Some(record), Some(table)) = (self.row(id)?, self.dictionary.shared(id.table.as_str())) else {
            return Ok(None);
        };
        let is_article = self.dictionary.is_a(id.table.as_str(), knowledge::ARTICLES);
        let is_title = |field: &str| {
            field == "number" || table.display == *field || is_article && knowledge::TITLE.contains(&field)
        };
        let mut words = Words { is_article, ..Words::default() };
        for field in table.fields.iter().filter(|field| field.read.is_empty() && field.choices.is_empty()) {
            let Some(Value::Text(text)) = record.get(field.name.as_str()) else { continue };
            let part = if is_title(field.name.as_str()) { &mut words.title } else { &mut words.body };
            match is_article && field.name == *knowledge::BODY {
                true => *part += &reading::text_of(Kind::Markup, text.as_bytes()),
                false => *part += text,
            }
            part.push(' ');
        }
        if table.kind == TableKind::Document {
            words.journal = self.journal_of(&record)?;
        }
        for said in self.said_in_files_of(id)? {
            if words.journal.len() + said.len() <= RECORD_FILES_BYTES {
                words.journal.push('\n');
                words.journal += &said;
            }
        }
        Ok(Some(words))
    }

    fn journal_of(&mut self, record: &Record) -> Result<String> {
        let projection = self.projection(&record.id)?;
        let notes = projection.comments.iter().chain(&projection.work_notes);
        Ok(notes.map(|entry| entry.what.text.as_str()).collect::<Vec<_>>().join("\n"))
    }
}
