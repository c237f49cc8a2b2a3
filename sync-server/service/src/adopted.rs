//! A database of an older server loses nothing by a newer one: rows of tables whose records have become documents since are made
//! documents that say what they said, and rows that travel otherwise now are sent to whoever holds them now. Both once.
//!
//! Left out: what set fields hold, of which no such table has any.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::dictionary::{Kind, Merge, Table};
use fieldline_model::{Record, Timestamp};
use fieldline_storage::Selection;
use rand_core::Rng;

use crate::approvals::APPROVALS;
use crate::author::Authored;
use crate::call::Call;
use crate::error::{Result, ServiceError};
use crate::scope::Blobs;
use crate::server::Server;

/// How far down [`TABLES`] was seen to.
const ADOPTED: &str = "adopted_tables";
/// Tables that were rows once, or travelled otherwise; a new one goes to the end.
const TABLES: [&str; 4] = [APPROVALS, "contract_sla", "cmn_schedule", "task_sla"];
/// Rows looked at together.
const SOME: u32 = 10_000;
/// What was a field of a row and is a journal of a document.
const COMMENTS: &str = "comments";

impl Server {
    /// Makes documents of what older servers kept as rows.
    pub(crate) fn adopt_rows(&self, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        let seen = self.storage().read()?.setting(ADOPTED)?.and_then(|seen| seen.first().copied()).unwrap_or(0);
        for (table, number) in TABLES.iter().zip(1_u8..).filter(|(_, number)| *number > seen) {
            self.write(&self.system(), now, rng, |call| {
                call.adopt_table(table)?;
                Ok::<_, ServiceError>(call.tx.put_setting(ADOPTED, &[number])?)
            })?;
        }
        Ok(())
    }
}

impl Call<'_> {
    fn adopt_table(&mut self, name: &str) -> Result<()> {
        let (dictionary, all) = (self.dictionary.clone(), Filter::everything());
        let Some(table) = dictionary.shared(name) else { return Ok(()) };
        for offset in (0..).step_by(SOME as usize) {
            let rows = self.tx.select(&Selection::of(dictionary.family(name), &all), SOME, offset)?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                if table.kind == Kind::Document {
                    self.adopt(&table, row)?;
                }
                self.relink(None, row, &Blobs::default())?;
            }
        }
        Ok(())
    }

    fn adopt(&mut self, table: &Table, row: &Record) -> Result<()> {
        if self.exists(&row.id)? {
            return Ok(());
        }
        let fields = table.fields.iter().filter(|field| field.merge != Merge::Derived);
        let said = fields.filter(|field| !field.name.as_str().starts_with("sys_"));
        let said = said.filter_map(|field| Some((field.name.clone(), row.get(field.name.as_str())?.clone())));
        let mut acts: Vec<Act> = said.map(|(field, value)| Act::Set { field, value: Some(value) }).collect();
        let comments = Some(row.text(COMMENTS)).filter(|text| !text.is_empty());
        acts.extend(comments.map(|text| Act::Comment { text: text.to_owned() }));
        // It is what was, and nobody is to be reminded of it.
        self.pending.imported.insert(row.id.clone());
        let (author, at) = (self.server.identity().system_user, row.time("sys_created_on").unwrap_or(self.now));
        self.author(Authored { document: row.id.clone(), author, at, acts }).map(drop)
    }
}
