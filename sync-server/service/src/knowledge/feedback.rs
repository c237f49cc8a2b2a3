//! What readers say of an article: ratings are averaged, and bad news opens a task for whoever keeps the article.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{Decimal, DocumentId, Record, SysId, Value};

use super::ARTICLES;
use crate::author::set;
use crate::call::Call;
use crate::query::number_field;
use crate::table::Result;

pub(crate) const FEEDBACK: &str = "kb_feedback";
const TASKS: &str = "kb_feedback_task";
/// A rating of so many stars or fewer is bad news.
const BAD_STARS: i64 = 2;

/// Counts what a reader said, and lets somebody look at the article where that is bad news.
///
/// # Errors
/// When the database fails.
pub(crate) fn given(call: &mut Call<'_>, feedback: &Record) -> Result<()> {
    let article = call.referred(ARTICLES, feedback.reference("article"))?;
    let Some(mut article) = article else { return Ok(()) };
    let stars = number_field(feedback, "rating");
    if let Some(stars) = stars {
        rate(&mut article, stars);
        call.put_row(article.clone())?;
    }
    let flagged = feedback.says("flagged");
    let bad = flagged || feedback.text("useful") == "no" || stars.is_some_and(|stars| stars <= BAD_STARS);
    if bad { open_task(call, &article, feedback) } else { Ok(()) }
}

fn rate(article: &mut Record, stars: i64) {
    let count = number_field(article, "rating_count").unwrap_or_default();
    let sum = match article.get("rating") {
        Some(Value::Decimal(rating)) => rating.millionths.saturating_mul(count),
        _ => 0,
    };
    let millionths = sum.saturating_add(stars * 1_000_000) / (count + 1);
    article.set("rating", Some(Value::Decimal(Decimal { millionths })));
    article.set("rating_count", Some(Value::Integer(count + 1)));
}

/// Opens a task about an article, or adds to the one that is open.
fn open_task(call: &mut Call<'_>, article: &Record, feedback: &Record) -> Result<()> {
    let said = match feedback.text("comments") {
        "" => "A reader was not helped and left no words.".to_owned(),
        words => format!("A reader said: {words}"),
    };
    let open = Filter::equals("active", true).and(Filter::equals("article", article.id.sys_id));
    if let Some(task) = call.some_rows(TASKS, &open, 1)?.into_iter().next() {
        return Ok(call.author_as_system(task.id, vec![Act::WorkNote { text: said }])?);
    }
    let title = format!("Look at {}: {}", article.text("number"), article.text("short_description"));
    let mut acts = vec![
        set("short_description", Value::text(title.chars().take(160).collect::<String>())),
        set("description", Value::text(said)),
        set("article", Value::Reference(article.id.sys_id)),
        set("opened_at", Value::Time(call.now)),
        set("opened_by", Value::Reference(call.server.identity().system_user)),
    ];
    acts.extend(keeper(call, article)?.map(|keeper| set("assigned_to", Value::Reference(keeper))));
    acts.extend(call.next_number(TASKS)?.map(|number| set("number", Value::Text(number))));
    let document = DocumentId::new(TASKS, call.new_sys_id());
    Ok(call.author_as_system(document, acts)?)
}

/// Who keeps an article: the manager of the group that owns it, else its author.
fn keeper(call: &Call<'_>, article: &Record) -> Result<Option<SysId>> {
    let group = call.referred("sys_user_group", article.reference("ownership_group"))?;
    let manager = group.and_then(|group| group.reference("manager"));
    Ok(manager.or_else(|| article.reference("author")))
}
