//! What a person's words find, and in which order: at a cost that does not grow with how common the words are.
//!
//! Relevance as FTS5 computes it reads every occurrence of every word, and an unfinished word first gathers everything that
//! begins like it: tens of milliseconds where a screen has room for fifty rows. So the order is a plain one: whole words
//! before unfinished ones; a number or a title before everything else that was written; and among equals what came to the
//! phone last. Only the newest hits are looked at, and an unfinished word is first completed from the words there are.

use rusqlite::Params;

use crate::error::Doing;
use crate::{Result, View};

/// More words than anybody types; each costs a look-up.
const MOST_WORDS: usize = 16;
/// The newest hits among which those in a number or a title come first.
const CANDIDATES: usize = 200;
/// An unfinished word shorter than this is taken as it stands: too much begins like it.
const SHORTEST_UNFINISHED: usize = 2;
/// Words an unfinished one may be completed to.
const MOST_COMPLETIONS: usize = 64;
/// An unfinished word that stands alone needs no more completions once they occur in so many records.
const ENOUGH_RECORDS: i64 = 2_000;

impl View<'_> {
    /// The rows in which every word of a text occurs, the last one perhaps unfinished, the most telling first.
    pub(crate) fn hits(&self, text: &str, limit: usize) -> Result<Vec<i64>> {
        let words = words(text);
        let Some((last, finished)) = words.split_last() else { return Ok(Vec::new()) };
        let mut hits = Vec::new();
        self.add_hits(&query(finished, &[quoted(last)]), limit, &mut hits)?;
        if hits.len() < limit {
            // With another word to narrow it down, only the right completion may find anything.
            let enough = if finished.is_empty() { ENOUGH_RECORDS } else { i64::MAX };
            let completions = self.completions(last, enough)?;
            if !completions.is_empty() {
                self.add_hits(&query(finished, &completions), limit, &mut hits)?;
            }
        }
        Ok(hits)
    }

    fn add_hits(&self, query: &str, limit: usize, hits: &mut Vec<i64>) -> Result<()> {
        let newest = self.rowids(
            "SELECT rowid FROM search WHERE search MATCH ?1 ORDER BY rowid DESC LIMIT ?2",
            (query, CANDIDATES.max(limit) as u32),
        )?;
        let Some(oldest) = newest.last() else { return Ok(()) };
        let telling = self.rowids(
            "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid >= ?2 ORDER BY rowid DESC LIMIT ?3",
            (format!("{{number title}} : ({query})"), oldest, limit as u32),
        )?;
        for hit in telling.into_iter().chain(newest) {
            if hits.len() < limit && !hits.contains(&hit) {
                hits.push(hit);
            }
        }
        Ok(())
    }

    fn rowids(&self, sql: &str, params: impl Params) -> Result<Vec<i64>> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut sql| sql.query_map(params, |row| row.get(0))?.collect())
            .doing("searching")
    }

    /// What an unfinished word may become, quoted. Words are kept in lower case and without accents; where lower case alone
    /// does not lead there, FTS5 is left to gather what begins like the word.
    fn completions(&self, unfinished: &str, enough: i64) -> Result<Vec<String>> {
        if !unfinished.is_ascii() {
            return Ok(vec![format!("{}*", quoted(unfinished))]);
        }
        let (from, mut completions, mut records) = (unfinished.to_ascii_lowercase(), Vec::new(), 0);
        if from.len() < SHORTEST_UNFINISHED {
            return Ok(completions);
        }
        let mut gather = || {
            let mut sql =
                self.connection.prepare_cached("SELECT term, doc FROM word WHERE term >= ?1 AND term < ?2")?;
            let mut rows = sql.query([&from, &format!("{from}\u{10ffff}")])?;
            while let Some(row) = rows.next()?
                && completions.len() < MOST_COMPLETIONS
                && records < enough
            {
                completions.push(quoted(&row.get::<_, String>(0)?));
                records += row.get::<_, i64>(1)?;
            }
            Ok(())
        };
        gather().doing("completing a word")?;
        Ok(completions)
    }
}

fn words(text: &str) -> Vec<&str> {
    let words = text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.take(MOST_WORDS).collect()
}

fn quoted(word: &str) -> String {
    format!("\"{word}\"")
}

/// Every finished word, and one of the last ones, as FTS5 is asked.
fn query(finished: &[&str], last: &[String]) -> String {
    let mut all: Vec<String> = finished.iter().copied().map(quoted).collect();
    all.push(format!("({})", last.join(" OR ")));
    all.join(" AND ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_people_type_is_words_and_never_syntax() {
        for (typed, asked) in [
            ("boiler leak", "\"boiler\" AND (\"leak\")"),
            ("WOT0042017", "(\"WOT0042017\")"),
            ("\"; DROP -- NEAR(a* OR b", "\"DROP\" AND \"NEAR\" AND \"a\" AND \"OR\" AND (\"b\")"),
            ("café—n° 5", "\"café\" AND \"n\" AND (\"5\")"),
        ] {
            let words = words(typed);
            let (last, finished) = words.split_last().expect("there are words");
            assert_eq!(query(finished, &[quoted(last)]), asked, "{typed}");
        }
        assert!(words("  *()^:- ").is_empty() && words("").is_empty());
    }
}
