//! Mails whoever opened a case the articles that may answer it, once, when an organisation wants that.
//!
//! Named is what they may read, the best first, and nothing they read within thirty days. Off unless the property says `true`.
//!
//! Source: ServiceNow "Auto-responder for cases": skips articles viewed in the last 30 days.

use std::collections::BTreeSet;

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{Record, SysId};
use fieldline_storage::Job;

use crate::call::{Call, Changed};
use crate::cases::CASES;
use crate::error::Result;
use crate::knowledge::search::{self, Found};
use crate::table;

/// The jobs that answer new cases.
pub(crate) const KIND: &str = "auto_respond";
/// The property that lets it answer.
const ON: &str = "fieldline.case.auto_responder";
const ARTICLES: usize = 3;
/// How long an article that somebody read is not named again.
const READ_MILLISECONDS: i64 = 30 * 24 * 60 * 60_000;

impl Call<'_> {
    /// Sees to it that a case that was just opened is answered.
    pub(crate) fn answer_soon(&mut self, changed: &Changed) -> Result<()> {
        let case = &changed.projection.record;
        if changed.before.is_some() || case.id.table != *CASES || self.property(ON)?.as_deref() != Some("true") {
            return Ok(());
        }
        self.put_job(&Job::of(KIND, case.id.sys_id, self.now))
    }

    /// Whoever opened a case, as somebody mail goes to and as somebody who reads.
    fn submitter(&self, case: &Record) -> Result<Option<(Record, Option<SysId>)>> {
        let contact = self.referred("customer_contact", case.reference("contact"))?;
        let user = match &contact {
            Some(contact) => contact.reference("user"),
            None => case.reference("opened_by").filter(|user| *user != self.server.identity().system_user),
        };
        let person = self.referred("sys_user", user)?;
        let has_address = |row: &Record| !row.text("email").trim().is_empty();
        Ok(person.filter(has_address).or(contact.filter(has_address)).map(|person| (person, user)))
    }

    /// The articles for a case that its reader may read and has not.
    fn articles_for(&mut self, case: &Record, user: Option<SysId>) -> table::Result<Vec<Found>> {
        let reader = self.reader(user)?;
        let words = format!("{} {}", case.text("short_description"), case.text("description"));
        let outer = std::mem::replace(&mut self.caller, reader);
        let found = search::search(self, &words, &Query::parse("workflow_state=published").query);
        self.caller = outer;
        let (mut found, read) = (found?, self.read_by(user)?);
        found.retain(|one| !read.contains(&one.article.id.sys_id));
        found.truncate(ARTICLES);
        Ok(found)
    }

    fn read_by(&self, user: Option<SysId>) -> Result<BTreeSet<SysId>> {
        let Some(user) = user else { return Ok(BTreeSet::new()) };
        let since = self.now.plus_milliseconds(-READ_MILLISECONDS);
        let seen = Filter::equals("user", user).and(Filter::equals("viewed", true));
        let views = self.rows("kb_use", &seen)?;
        let lately = views.iter().filter(|view| view.time("sys_created_on") > Some(since));
        Ok(lately.filter_map(|view| view.reference("article")).collect())
    }
}

/// Answers a case.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let case = call.referred(CASES, job.record())?;
    let Some(case) = case.filter(|case| case.says("active")) else { return Ok(()) };
    let Some((person, user)) = call.submitter(&case)? else { return Ok(()) };
    let found = call.articles_for(&case, user)?;
    if found.is_empty() {
        return Ok(());
    }
    let words = case.text("short_description");
    let named = found.iter().map(|one| {
        let (article, snippet) = (&one.article, one.snippet(words));
        format!("{} {}\n{snippet}\n", article.text("number"), article.text("short_description"))
    });
    let body = format!(
        "We have your case and will answer it. These articles may help meanwhile:\n\n{}\nIf one of them does, tell us by answering this mail.",
        named.collect::<Vec<_>>().join("\n")
    );
    let subject = format!("{}: {words}", case.text("number"));
    Ok(call.mail_to(&person, &case, &subject, &body)?)
}
