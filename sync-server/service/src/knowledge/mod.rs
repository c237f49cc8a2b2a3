//! Knowledge: where an article may go, which version that makes it, and what readers' words lead to.
//!
//! * `version.rs` counts versions: each step 0.01, each publication the next whole number.
//! * Here is which state follows which, and what a publication does to the version before it.
//! * `moments.rs` publishes what is scheduled and outdates what is past its last day; `feedback.rs` counts ratings and opens tasks.
//! * [`search`] finds what answers a description; [`used`] notes what people looked for, read, and used for a task;
//!   [`deflection`] counts what that spared the desk.
//! * `confidence.rs` says how far an article can be relied on; [`drafting`] begins articles from tasks and problems;
//!   `quality.rs` scores reviews by the checklist of a base.
//!
//! Left out: translations, blocks.
//!
//! Source: ServiceNow "Knowledge article states", "Knowledge article version numbers".

mod confidence;
pub mod deflection;
pub mod drafting;
mod feedback;
mod moments;
pub(crate) mod quality;
pub mod search;
pub mod used;
mod version;
mod words;

use fieldline_model::{DocumentId, Record, SysId, Value};

use crate::call::Call;
use crate::table::{self, Result, TableError};

pub(crate) use feedback::{FEEDBACK, given};
pub(crate) use moments::{KIND, come};

pub(crate) const ARTICLES: &str = "kb_knowledge";
const BASES: &str = "kb_knowledge_base";
const STATE: &str = "workflow_state";
/// The base an article is in.
pub(crate) const BASE: &str = "kb_knowledge_base";
/// By what people recognise an article.
pub(crate) const TITLE: [&str; 2] = ["short_description", "meta"];
/// What it says, as HTML.
pub(crate) const BODY: &str = "text";

/// Which states follow a state.
const FOLLOW: [(&str, &[&str]); 7] = [
    ("draft", &["review", "scheduled_publish", "published"]),
    ("review", &["draft", "scheduled_publish", "published"]),
    ("scheduled_publish", &["draft", "published"]),
    ("published", &["pending_retirement", "retired", "outdated"]),
    ("pending_retirement", &["published", "retired"]),
    ("outdated", &["published", "retired"]),
    ("retired", &["draft"]),
];

/// Numbers and stamps an article that is about to be written.
///
/// # Errors
/// When the article cannot go where it is sent; says where it can.
pub(crate) fn prepare(call: &Call<'_>, before: Option<&Record>, article: &mut Record) -> Result<()> {
    check_contributor(call, before, article)?;
    let to = article.text(STATE).to_owned();
    let from = before.map_or("", |before| before.text(STATE));
    if from == to {
        return Ok(());
    }
    confidence::settle(call, before, article);
    if before.is_some() {
        check_step(call, article, from, &to)?;
    }
    let given = before.is_none() && !article.text("version").is_empty();
    if !given {
        let version = version::next(before.map_or("", |before| before.text("version")), to == "published");
        article.set("version", Some(Value::Text(version)));
    }
    let now = Some(Value::Time(call.now));
    match to.as_str() {
        "published" if before.is_some() || article.get("published").is_none() => article.set("published", now),
        "retired" => article.set("retired", now),
        "scheduled_publish" if article.get("published").is_none() => {
            let problem = "says when a scheduled article is published; send a moment along";
            return Err(TableError::invalid(&article.id, Some(&"published".into()), problem));
        }
        _ => {}
    }
    Ok(())
}

/// Refuses what somebody writes into a base that is not theirs to write, or takes out of one.
fn check_contributor(call: &Call<'_>, before: Option<&Record>, article: &Record) -> Result<()> {
    let bases = before.into_iter().chain([article]).filter_map(|article| article.reference(BASE));
    for base in bases {
        if !call.contributes_to(base)? {
            let problem =
                "its knowledge base names who contributes to it, and you are not among them; ask whoever keeps it";
            return Err(TableError::Denied { record: article.id.to_string(), problem: problem.into() });
        }
    }
    Ok(())
}

fn check_step(call: &Call<'_>, article: &Record, from: &str, to: &str) -> Result<()> {
    let next = FOLLOW.iter().find(|(state, _)| *state == from).map_or(&[][..], |(_, next)| next);
    let invalid = |problem: String| TableError::invalid(&article.id, Some(&STATE.into()), problem);
    if !next.contains(&to) {
        return Err(invalid(format!("\"{to}\" does not follow \"{from}\"; use one of {}", next.join(", "))));
    }
    let base = call.referred(BASES, article.reference(BASE))?;
    let reviews = base.is_some_and(|base| base.text("publication") == "approval");
    if reviews && from == "draft" && matches!(to, "published" | "scheduled_publish") {
        return Err(invalid("this knowledge base publishes after a review; send it to review first".into()));
    }
    Ok(())
}

/// Lets the version before a publication step back, and sets the moments of an article that was written.
///
/// # Errors
/// When the database fails.
pub(crate) fn written(call: &mut Call<'_>, before: Option<&Record>, article: &Record) -> Result<()> {
    let was = before.map_or("", |before| before.text(STATE));
    if article.text(STATE) == "published" && was != "published" {
        for other in versions_of(call, article)? {
            if other.id != article.id && other.text(STATE) == "published" {
                let mut other = other;
                other.set(STATE, Some(Value::text("outdated")));
                call.put_row(other)?;
            }
        }
    }
    Ok(moments::set(call, article)?)
}

/// Every version of an article: they share a number.
fn versions_of(call: &Call<'_>, article: &Record) -> Result<Vec<Record>> {
    match article.text("number") {
        "" => Ok(Vec::new()),
        number => Ok(call.rows_with(ARTICLES, &[("number", number)])?),
    }
}

/// Begins a new version of a published article: a draft beside it that becomes the article when it is published.
///
/// # Errors
/// When the article is not published, or somebody has begun one already.
pub fn check_out(call: &mut Call<'_>, article: SysId) -> Result<Record> {
    let article = table::read(call, ARTICLES, article)?;
    let declared = table::declared(call, ARTICLES)?;
    let invalid = |problem: String| Err(TableError::invalid(&article.id, Some(&STATE.into()), problem));
    table::only(call, &declared.write, &article.id, "may write articles")?;
    if article.text(STATE) != "published" {
        return invalid("only what is published has a version to go on from; change the draft itself".into());
    }
    let open = |other: &&Record| matches!(other.text(STATE), "draft" | "review" | "scheduled_publish");
    if let Some(other) = versions_of(call, &article)?.iter().find(open) {
        return invalid(format!("version {} is under way already ({})", other.text("version"), other.id));
    }
    let mut draft = Record { id: DocumentId::new(ARTICLES, call.new_sys_id()), ..article.clone() };
    draft.set(STATE, Some(Value::text("draft")));
    draft.set("base_version", Some(Value::Reference(article.id.sys_id)));
    draft.set("version", Some(Value::Text(version::next(article.text("version"), false))));
    draft.set("published", None);
    for stamp in ["sys_created_on", "sys_created_by", "sys_mod_count"] {
        draft.set(stamp, None);
    }
    call.put_row(draft.clone())?;
    table::read(call, ARTICLES, draft.id.sys_id)
}
