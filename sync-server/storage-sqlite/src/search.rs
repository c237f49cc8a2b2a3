//! Records by their words, in an FTS5 index beside them.

use fieldline_model::DocumentId;
use fieldline_storage::{Hit, Result, Search, Selection, Words};
use rusqlite::params_from_iter;

use crate::query::Compiler;
use crate::row::document;
use crate::transaction::Transaction;

impl Search for Transaction<'_> {
    fn words_changed(&mut self, record: &DocumentId) -> Result<()> {
        let sql = "INSERT INTO search_entry (table_name, sys_id, due) VALUES (?1, ?2, 1)
                   ON CONFLICT DO UPDATE SET due = 1 WHERE due = 0";
        let params = (record.table.as_str(), record.sys_id.to_string());
        self.run(format_args!("noting that {record} reads otherwise"), sql, params).map(drop)
    }

    fn words_due(&self, limit: u32) -> Result<Vec<DocumentId>> {
        let sql = "SELECT table_name, sys_id FROM search_entry WHERE due = 1 ORDER BY id LIMIT ?1";
        self.all("looking for what to index", sql, [limit], |row| document(row, 0))
    }

    fn put_words(&mut self, record: &DocumentId, words: Option<&Words>) -> Result<()> {
        let doing = format_args!("indexing {record}");
        let names = (record.table.as_str(), record.sys_id.to_string());
        let entry = "SELECT id FROM search_entry WHERE table_name = ?1 AND sys_id = ?2";
        let Some(id) = self.first(doing, entry, (names.0, &names.1), |row| row.get::<_, i64>(0))? else {
            return Ok(());
        };
        self.run(doing, "DELETE FROM search WHERE rowid = ?1", [id])?;
        self.run(doing, "DELETE FROM article WHERE rowid = ?1", [id])?;
        match words {
            Some(Words { title, body, journal, is_article }) => {
                let sql = "INSERT INTO search (rowid, title, body, journal) VALUES (?1, ?2, ?3, ?4)";
                self.run(doing, sql, (id, title, body, journal))?;
                if *is_article {
                    let sql = "INSERT INTO article (rowid, title, body, said) VALUES (?1, ?2, ?3, ?4)";
                    self.run(doing, sql, (id, title, body, journal))?;
                }
                self.run(doing, "UPDATE search_entry SET due = 0 WHERE id = ?1", [id])?;
            }
            None => drop(self.run(doing, "DELETE FROM search_entry WHERE id = ?1", [id])?),
        }
        Ok(())
    }

    /// A word of the title counts more than one of a text, and that more than one of a journal.
    fn search(&self, words: &str, selection: &Selection<'_>, limit: u32) -> Result<Vec<Hit>> {
        match expression(words) {
            Some(wanted) => self.ranked(&Index { name: "search", weights: "8.0, 2.0, 1.0" }, wanted, selection, limit),
            None => Ok(Vec::new()),
        }
    }

    /// The weights are those that ranked the even articles of the labelled set best (`service/tests/service/knowledge_search.rs`).
    fn described(&self, beginnings: &[String], selection: &Selection<'_>, limit: u32) -> Result<Vec<Hit>> {
        let quoted = beginnings.iter().filter_map(|beginning| expression(beginning));
        let wanted = quoted.collect::<Vec<_>>().join(" OR ");
        match wanted.is_empty() {
            true => Ok(Vec::new()),
            false => self.ranked(&Index { name: "article", weights: "4.0, 1.0, 0.5" }, wanted, selection, limit),
        }
    }
}

/// An index of words, and what a word of each of its columns counts.
struct Index {
    name: &'static str,
    weights: &'static str,
}

impl Transaction<'_> {
    fn ranked(&self, index: &Index, wanted: String, selection: &Selection<'_>, limit: u32) -> Result<Vec<Hit>> {
        let Index { name, weights } = index;
        let mut compiler = Compiler::new(selection.sight);
        let condition = compiler.condition(selection)?;
        let (wanted, limit) = (compiler.bind(wanted), compiler.bind(i64::from(limit)));
        let sql = format!(
            "SELECT r.rowid, -bm25({name}, {weights}) AS score FROM {name}
             JOIN search_entry AS e ON e.id = {name}.rowid
             JOIN {condition} AND r.sys_id = e.sys_id AND r.table_name = e.table_name AND {name} MATCH {wanted}
             ORDER BY score DESC, r.sys_id LIMIT {limit}"
        );
        let sql = sql.replacen(" WHERE ", " ON ", 1);
        let found: Vec<(i64, f64)> =
            self.all("searching", &sql, params_from_iter(compiler.values), |row| Ok((row.get(0)?, row.get(1)?)))?;
        found.into_iter().map(|(row, score)| Ok(Hit { record: self.at(selection, row)?, score })).collect()
    }
}

/// Every word must be there, or one that begins so; what is no letter or digit parts words.
pub(crate) fn expression(words: &str) -> Option<String> {
    let words = words.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let quoted: Vec<String> = words.map(|word| format!("\"{word}\"*")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" "))
}
