//! Tells people what changed, as an organisation's rules (`rules/notice.rs`) say: as mail that waits to be sent, or inside the app.
//!
//! * What a record was before a call and is after it is one change, however many edits, rules and roll-ups made it: nobody is
//!   told twice of it by one rule, and everybody reads how it ended. It is told in the transaction that changes it.
//! * `recipients.rs` finds who is told: never who made the change unless the rule says so, nobody inactive, and of work notes only
//!   who may read them. `words.rs` fills templates for each of them, moments by their clocks.
//! * `directly.rs` tells somebody what must be told to them without any rule.
//! * `outbox.rs` writes a mail for each, with a job that sends it; `digest.rs` gathers several into one.
//! * `sending.rs` hands mail out to whoever can send it, and hears what became of it. Nothing is sent here.
//!
//! * A rule may tell a webhook (`webhooks/`) in place of people.
//!
//! Left out: push, and subscriptions of people's own. Mail that comes in is followed elsewhere (`mail_in/`).

pub(crate) mod digest;
mod directly;
mod outbox;
mod recipients;
mod sending;
mod words;

use std::collections::BTreeSet;

use fieldline_documents::{Act, Edit};
use fieldline_model::{DocumentId, Record, SysId, Value};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::error::Result;
use crate::rules::{Action, Channel, JOURNALS, Notice, Rule};
use crate::webhooks::{Told, WEBHOOKS};

pub use sending::Mail;

/// How a record changed during a call.
#[derive(Debug)]
pub(crate) struct News {
    /// Its row before the call, `None` when it is new.
    before: Option<Record>,
    /// Who changed it.
    authors: BTreeSet<SysId>,
    said: Said,
}

/// What was said of a record during a call, the newest of each journal.
#[derive(Debug, Default)]
pub(crate) struct Said([Option<String>; JOURNALS.len()]);

impl Said {
    /// What edits say.
    pub fn in_edits(edits: &[Edit]) -> Self {
        let mut said = Self::default();
        for act in edits.iter().flat_map(|edit| &edit.acts) {
            match act {
                Act::Comment { text } => said.0[0] = Some(text.clone()),
                Act::WorkNote { text } => said.0[1] = Some(text.clone()),
                _ => {}
            }
        }
        said
    }
}

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Letter {
    /// The record it is about.
    table: String,
    sys_id: SysId,
    subject: String,
    body: String,
    /// The same as HTML.
    #[serde(default)]
    html: Option<String>,
}

impl Call<'_> {
    /// Notes that a record changes, if anybody is to be told of its table. Nobody is of a history made elsewhere.
    pub(crate) fn note_news(
        &mut self,
        id: &DocumentId,
        before: Option<&Record>,
        authors: impl IntoIterator<Item = SysId>,
        said: Said,
    ) {
        let is_history = self.pending.is_history || self.pending.imported.contains(id);
        if is_history || !self.book.tells_of(&self.dictionary, id.table.as_str()) {
            return;
        }
        let first = || News { before: before.cloned(), authors: BTreeSet::new(), said: Said::default() };
        let news = self.pending.news.entry(id.clone()).or_insert_with(first);
        news.authors.extend(authors);
        for (held, new) in news.said.0.iter_mut().zip(said.0) {
            *held = new.or(held.take());
        }
    }

    /// Notes that somebody who signs in nowhere said what changed of a record, so that they are not told of it.
    pub(crate) fn said_by(&mut self, id: &DocumentId, person: SysId) {
        if let Some(news) = self.pending.news.get_mut(id) {
            news.authors.insert(person);
        }
    }

    /// Tells people of everything that changed during this call.
    pub(crate) fn tell_of_news(&mut self) -> Result<()> {
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        for (id, mut news) in std::mem::take(&mut self.pending.news) {
            let Some(record) = self.row(&id)? else { continue };
            news.authors.insert(self.caller.user);
            let mut judged = record.clone();
            for (journal, said) in JOURNALS.iter().zip(&news.said.0) {
                if let Some(said) = said {
                    judged.set(*journal, Some(Value::text(said.as_str())));
                }
            }
            for rule in book.of(&dictionary, id.table.as_str()) {
                if !matches!(rule.action, Action::Notify(_) | Action::Post(_))
                    || !self.has_come(&rule.when, news.before.as_ref(), &judged)
                {
                    continue;
                }
                match &rule.action {
                    Action::Notify(notice) => self.tell(rule, notice, &news, &record)?,
                    Action::Post(hook) => self.tell_webhook(rule, hook, news.before.as_ref(), &record)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, rule: &Rule, notice: &Notice, news: &News, record: &Record) -> Result<()> {
        if let Channel::Webhook(webhook) = notice.channel {
            return self.tell_by_webhook(webhook, notice, record);
        }
        let people = self.recipients(notice, record, &news.authors)?;
        if people.is_empty() {
            return Ok(());
        }
        let journals = self.newest_said(notice, &record.id)?;
        for person in people {
            let letter = self.worded(notice, record, journals.as_ref(), &person)?;
            match notice.channel {
                Channel::Email => self.write_to(rule.id.sys_id, notice, &person, letter)?,
                Channel::InApp => self.tell_in_app(&person, letter)?,
                Channel::Webhook(_) => {}
            }
        }
        Ok(())
    }

    /// Tells a webhook what people would read.
    fn tell_by_webhook(&mut self, webhook: SysId, notice: &Notice, record: &Record) -> Result<()> {
        let Some(row) = self.row(&DocumentId::new(WEBHOOKS, webhook))? else { return Ok(()) };
        let journals = self.newest_said(notice, &record.id)?;
        let letter = self.worded(notice, record, journals.as_ref(), &row)?;
        self.tell_through(webhook, record, &letter.subject, &letter.body).map(drop)
    }

    /// Tells people and groups something of a record; returns how many it reaches.
    pub(crate) fn tell_people(
        &mut self,
        to: &BTreeSet<SysId>,
        channel: Channel,
        about: &Record,
        (subject, message): (&str, &str),
    ) -> Result<usize> {
        let (mut told, people) = (0, self.people_of(to, channel)?);
        for person in &people {
            let letter = words::letter(about, subject, message);
            match channel {
                Channel::InApp => self.tell_in_app(person, letter)?,
                _ => match outbox::address(person).map(str::to_owned) {
                    Some(to) => self.post(None, &to, &letter, Some(&about.id))?,
                    None => continue,
                },
            }
            told += 1;
        }
        Ok(told)
    }

    /// Tells a webhook something of a record; returns how many that reaches.
    pub(crate) fn tell_through(
        &mut self,
        webhook: SysId,
        about: &Record,
        subject: &str,
        message: &str,
    ) -> Result<usize> {
        let row = self.row(&DocumentId::new(WEBHOOKS, webhook))?;
        let Some(row) = row.filter(recipients::is_active) else { return Ok(0) };
        self.post_event(webhook, row.text("url"), &Told::of_notice(subject, message, about))?;
        Ok(1)
    }
}
