//! Tells people of a record because something must be told to them, whatever an organisation's rules of notification say.

use std::collections::BTreeSet;

use fieldline_model::{DocumentId, Record, SysId};

use super::outbox::address;
use super::recipients::is_active;
use super::{Letter, words};
use crate::call::Call;
use crate::error::Result;
use crate::rules::{Channel, Notice};

impl Call<'_> {
    /// Tells people of a record as a notice says, by its channel alone; returns how many.
    pub(crate) fn tell_as(&mut self, notice: &Notice, about: &Record) -> Result<usize> {
        let mut told = 0;
        for person in self.recipients(notice, about, &BTreeSet::new())? {
            let letter = self.worded(notice, about, None, &person)?;
            match (notice.channel, address(&person).map(str::to_owned)) {
                (Channel::Email, None) | (Channel::Webhook(_), _) => continue,
                (Channel::Email, Some(to)) => self.post(None, &to, &letter, Some(&about.id))?,
                (Channel::InApp, _) => self.tell_in_app(&person, letter)?,
            }
            told += 1;
        }
        Ok(told)
    }

    /// Mails somebody something of a record, if they read mail.
    pub(crate) fn mail_to(&mut self, person: &Record, about: &Record, subject: &str, body: &str) -> Result<()> {
        let Some(to) = address(person).map(str::to_owned).filter(|_| is_active(person)) else { return Ok(()) };
        self.post(None, &to, &words::letter(about, subject, body), Some(&about.id))
    }

    /// Tells somebody, by mail if they read any and inside the app; nobody who has left.
    pub(crate) fn tell_now(&mut self, user: SysId, about: &DocumentId, subject: &str, body: &str) -> Result<()> {
        let person = self.tx.find(self.dictionary.family("sys_user"), user)?.filter(is_active);
        let Some(person) = person else { return Ok(()) };
        let subject: String = subject.chars().take(words::SUBJECT_CHARACTERS).collect();
        let (table, body) = (about.table.to_string(), body.to_owned());
        let letter = Letter { table, sys_id: about.sys_id, subject, body, html: None };
        if let Some(to) = address(&person).map(str::to_owned) {
            self.post(None, &to, &letter, Some(about))?;
        }
        self.tell_in_app(&person, letter)
    }

    /// Writes a mail about a record to somebody who need not sign in here, such as a customer; nothing to who reads none.
    pub(crate) fn write_to_contact(
        &mut self,
        contact: &Record,
        about: &Record,
        subject: &str,
        body: &str,
    ) -> Result<()> {
        match address(contact).filter(|_| is_active(contact)).map(str::to_owned) {
            Some(to) => self.post(None, &to, &words::letter(about, subject, body), Some(&about.id)),
            None => Ok(()),
        }
    }
}
