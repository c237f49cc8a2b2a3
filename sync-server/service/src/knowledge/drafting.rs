//! Articles that begin with what is known already: one from the task that was solved, a known error from a problem.
//!
//! What somebody wrote for the people of one task is not fit for all readers, so it becomes a draft that its author goes over. One
//! task makes one article.

use fieldline_model::{DocumentId, Record, SysId, Value};

use super::ARTICLES;
use crate::author::{Authored, set};
use crate::call::Call;
use crate::table::{self, Input, Result, TableError};

const PROBLEM: &str = "problem";
/// The topic of what is known and not mended.
const KNOWN_ERROR: &str = "Known Error";
/// The base that known errors go to, where there is one of this name.
const KNOWN_ERROR_BASE: &str = "Known Error";
const TITLE_CHARACTERS: usize = 160;
const WORKAROUND_CHARACTERS: usize = 4_000;

/// Begins the article of a task: what was wrong, why, and what helped.
///
/// # Errors
/// When there is no such task for the caller, it has an article already, or the caller may not write articles.
pub fn from_task(call: &mut Call<'_>, task: SysId) -> Result<Record> {
    let task = table::read(call, "task", task)?;
    let source = task.id.sys_id.to_string();
    if let Some(article) = call.rows_with(ARTICLES, &[("source", &source)])?.first() {
        let problem = format!("has the article {} already; go on with it", article.text("number"));
        return Err(TableError::invalid(&task.id, None, problem));
    }
    let is_problem = task.id.table == *PROBLEM;
    let mut input = Input::of(&[("source", &source), ("workflow_state", "draft"), ("text", &told(&task))]);
    let mut put = |field: &str, text: String| input.fields.insert(field.to_owned(), text);
    put("short_description", task.text("short_description").chars().take(TITLE_CHARACTERS).collect());
    put("author", call.caller.user.to_string());
    if let Some(item) = task.reference("cmdb_ci") {
        put("cmdb_ci", item.to_string());
    }
    if is_problem {
        put("topic", KNOWN_ERROR.to_owned());
        put("workaround", task.text("workaround").chars().take(WORKAROUND_CHARACTERS).collect());
        put("cause", task.text("cause_notes").chars().take(WORKAROUND_CHARACTERS).collect());
        if let Some(base) = call.rows_with(super::BASES, &[("title", KNOWN_ERROR_BASE)])?.first() {
            put("kb_knowledge_base", base.id.sys_id.to_string());
        }
    }
    let article = table::create(call, ARTICLES, &input)?.record;
    if is_problem {
        say_which(call, task.id, article.id.sys_id)?;
    }
    Ok(article)
}

/// Notes on a problem that it is a known error, and which article tells of it.
fn say_which(call: &mut Call<'_>, problem: DocumentId, article: SysId) -> Result<()> {
    let acts = vec![set("known_error", Value::Boolean(true)), set("known_error_article", Value::Reference(article))];
    let (author, at) = (call.caller.user, call.now);
    call.author(Authored { document: problem, author, at, acts })?;
    Ok(())
}

/// What is known of a task, as HTML.
fn told(task: &Record) -> String {
    let parts = [
        ("Symptom", "description"),
        ("Cause", "cause"),
        ("Cause", "cause_notes"),
        ("Workaround", "workaround"),
        ("Fix", "fix_notes"),
        ("Resolution", "close_notes"),
        ("Resolution", "resolution_notes"),
    ];
    let known =
        parts.iter().map(|(heading, field)| (heading, task.text(field).trim())).filter(|(_, text)| !text.is_empty());
    let shown = |text: &str| html_escape::encode_text(text).replace('\n', "<br>");
    known.map(|(heading, text)| format!("<h2>{heading}</h2><p>{}</p>", shown(text))).collect()
}
