//! A step that tells people, or a webhook, something of a record.

use std::collections::BTreeSet;

use fieldline_model::SysId;
use serde::Deserialize;

use super::steps::Doing;
use crate::rules::Channel;
use crate::table::{Result, TableError};
use crate::webhooks::WEBHOOKS;

/// Who is told what, and how.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tell {
    /// The record it is about.
    record: String,
    /// People and groups, as texts that name them: `{{trigger.assignment_group.manager}}`.
    #[serde(default)]
    to: Vec<String>,
    #[serde(default)]
    by: By,
    /// The name of the webhook that is told.
    #[serde(default)]
    webhook: String,
    subject: String,
    #[serde(default)]
    message: String,
}

/// How.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    #[default]
    Email,
    InApp,
    Webhook,
}

impl Tell {
    /// Refuses what would reach nobody.
    pub fn check(&self) -> Result<(), String> {
        match self.by {
            By::Webhook if self.webhook.is_empty() => Err("names no webhook to tell".into()),
            By::Email | By::InApp if self.to.is_empty() => Err("names nobody to tell".into()),
            _ => Ok(()),
        }
    }
}

impl Doing<'_, '_> {
    pub fn tell(&mut self, tell: &Tell) -> Result<()> {
        let about = self.run.values.record(self.call, &tell.record)?;
        let subject = self.run.values.text(self.call, &tell.subject)?;
        let message = self.run.values.text(self.call, &tell.message)?;
        let told = match tell.by {
            By::Webhook => self.call.tell_through(self.webhook(&tell.webhook)?, &about, &subject, &message)?,
            By::Email => {
                self.call.tell_people(&self.people(&tell.to)?, Channel::Email, &about, (&subject, &message))?
            }
            By::InApp => {
                self.call.tell_people(&self.people(&tell.to)?, Channel::InApp, &about, (&subject, &message))?
            }
        };
        self.say(&format!("told {told}: {subject}"))
    }

    fn webhook(&self, name: &str) -> Result<SysId> {
        let name = self.run.values.text(self.call, name)?;
        let found = self.call.rows_with(WEBHOOKS, &[("name", &name)])?;
        let problem = || TableError::invalid("the flow", None, format!("there is no webhook \"{name}\" to tell"));
        found.first().map(|row| row.id.sys_id).ok_or_else(problem)
    }

    /// The records that texts name; an empty text names nobody.
    fn people(&self, to: &[String]) -> Result<BTreeSet<SysId>> {
        let mut people = BTreeSet::new();
        for text in to {
            let text = self.run.values.text(self.call, text)?;
            for word in text.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                let problem = || format!("\"{word}\" is nobody to tell; name people or groups by their identities");
                people.insert(word.parse().map_err(|_| TableError::invalid("the flow", None, problem()))?);
            }
        }
        Ok(people)
    }
}
