//! What people did with knowledge: what they looked for, what they read, what they used for a task.
//!
//! Each of it is a row of its own, so that what articles are worth is counted from what happened (`deflection.rs`). Counts on an
//! article follow from them; to be read changes nothing of an article, so neither its stamps nor its words are made anew.

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::{FeedEntry, Happening};

use super::ARTICLES;
use crate::author::Authored;
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Result, TableError};

pub(super) const SEARCHES: &str = "ts_query_kb";
pub(super) const USES: &str = "kb_use";
const APPLIED: &str = "m2m_kb_task";
/// As many characters as a search keeps.
const TERM_CHARACTERS: usize = 1_000;
/// The state in which an article may be told to others.
const PUBLISHED: &str = "published";
/// Who works on tasks and may say what helped.
const WORKERS: [&str; 4] = ["itil", "case_agent", "wm_agent", "wm_dispatcher"];

/// Which search led to an article, and as which of its results.
#[derive(Debug, Clone, Copy, Default)]
pub struct Led {
    /// The search.
    pub search: Option<SysId>,
    /// 1 is the first.
    pub rank: Option<u32>,
}

/// Notes that the caller looked for something, and how much they found.
///
/// # Errors
/// When the database fails.
pub fn note_search(call: &mut Call<'_>, words: &str, results: usize) -> Result<SysId> {
    let id = call.new_sys_id();
    let mut search = Record::new(DocumentId::new(SEARCHES, id));
    search.set("search_term", Some(Value::text(words.chars().take(TERM_CHARACTERS).collect::<String>())));
    search.set("user", Some(Value::Reference(call.caller.user)));
    search.set("results", Some(Value::Integer(i64::try_from(results).unwrap_or(i64::MAX))));
    call.put_row(search)?;
    Ok(id)
}

/// Notes that the caller reads an article.
///
/// # Errors
/// When there is no such article for the caller.
pub fn note_view(call: &mut Call<'_>, article: SysId, led: Led) -> Result<Record> {
    let article = table::read(call, ARTICLES, article)?;
    let mut view = use_of(call, &article, "viewed");
    view.set("search_id", led.search.map(Value::Reference));
    view.set("search_rank", led.rank.map(|rank| Value::Integer(rank.into())));
    call.put_row(view)?;
    count(call, article, "view_count")
}

/// Attaches an article to a task that it helped with: once for each task, however often it is said.
///
/// # Errors
/// When there is no such article or task for the caller, or it may not be told to whoever reads the task.
pub fn attach(call: &mut Call<'_>, article: SysId, task: SysId) -> Result<Record> {
    let (article, task) = (table::read(call, ARTICLES, article)?, table::read(call, "task", task)?);
    table::only(call, &WORKERS, &task.id, "attach articles")?;
    if article.text(super::STATE) != PUBLISHED {
        let problem = "only a published article helps others, too; publish it first";
        return Err(TableError::invalid(&article.id, Some(&super::STATE.into()), problem));
    }
    let (with, to) = (article.id.sys_id.to_string(), task.id.sys_id.to_string());
    if !call.rows_with(APPLIED, &[("kb_knowledge", &with), ("task", &to)])?.is_empty() {
        return Ok(article);
    }
    let mut applied = Record::new(DocumentId::new(APPLIED, call.new_sys_id()));
    applied.set("kb_knowledge", Some(Value::Reference(article.id.sys_id)));
    applied.set("task", Some(Value::Reference(task.id.sys_id)));
    call.put_row(applied)?;
    let mut used = use_of(call, &article, "used");
    used.set("task", Some(Value::Reference(task.id.sys_id)));
    call.put_row(used)?;
    let text = format!("Article {} was used: {}", article.text("number"), article.text("short_description"));
    let (author, at, acts) = (call.caller.user, call.now, vec![Act::WorkNote { text }]);
    call.author(Authored { document: task.id, author, at, acts })?;
    count(call, article, "use_count")
}

/// A new row that says the caller did this with an article.
fn use_of(call: &mut Call<'_>, article: &Record, what: &str) -> Record {
    let mut row = Record::new(DocumentId::new(USES, call.new_sys_id()));
    row.set("article", Some(Value::Reference(article.id.sys_id)));
    row.set("user", Some(Value::Reference(call.caller.user)));
    row.set(what, Some(Value::Boolean(true)));
    row
}

/// Counts one more, and leaves the rest of the article as it is.
fn count(call: &mut Call<'_>, mut article: Record, field: &str) -> Result<Record> {
    let counted = number_field(&article, field).unwrap_or_default().saturating_add(1);
    article.set(field, Some(Value::Integer(counted)));
    put_quietly(call, &article)?;
    Ok(article)
}

/// Writes what is counted of an article; nobody changed it, so it has no new stamps and reads as before.
pub(super) fn put_quietly(call: &mut Call<'_>, article: &Record) -> Result<()> {
    call.tx.put_record(article)?;
    call.pending.entries.push(FeedEntry { document: article.id.clone(), happening: Happening::Row });
    Ok(())
}
