//! Which record a mail is about: the one of a mail it answers, else the one whose number is in its subject.
//!
//! Every mail this server sends or takes has a row under an identity that follows from its Message-ID, so a conversation is found
//! without searching. The identities of mails that were sent cannot be guessed; a number can, which is why who writes is asked
//! before anything is said in the record.

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId};

use super::letter::Letter;
use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::rules::TOLD;

/// The longest number records are called by.
const NUMBER_CHARACTERS: usize = 40;

/// The identity of the row of a mail that came in.
pub(super) fn row_of(message_id: &str) -> SysId {
    sys_id_of(format!("mail/{message_id}"))
}

impl Call<'_> {
    /// The row of a mail with a Message-ID that was sent or came in.
    pub(super) fn mail_known_as(&self, message_id: &str) -> Result<Option<Record>> {
        let sent = message_id.trim_start_matches('<').split('@').next().and_then(|local| local.parse::<SysId>().ok());
        for id in sent.into_iter().chain([row_of(message_id)]) {
            let row = self.row(&DocumentId::new(TOLD[0], id))?;
            if let Some(row) = row.filter(|row| row.text("message_id") == message_id) {
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    /// The task a letter is about, if it is about one.
    pub(super) fn thread_of(&self, letter: &Letter<'_>) -> Result<Option<Record>> {
        for reference in &letter.references {
            let about = self.mail_known_as(reference)?.and_then(|mail| mail.text("instance").parse::<SysId>().ok());
            let record = about.map(|id| self.tx.find(self.dictionary.family("task"), id)).transpose()?.flatten();
            if record.is_some() {
                return Ok(record);
            }
        }
        self.numbered_in(&letter.subject)
    }

    /// The task whose number is a word of a text.
    fn numbered_in(&self, text: &str) -> Result<Option<Record>> {
        let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
        for word in words.filter(|word| word.len() <= NUMBER_CHARACTERS) {
            let number = word.to_ascii_uppercase();
            let tables = self.dictionary.family("task").iter().filter(|name| {
                let prefix = self.dictionary.table(name.as_str()).and_then(|table| table.number_prefix.as_deref());
                let digits = prefix.and_then(|prefix| number.strip_prefix(prefix));
                digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
            });
            for table in tables {
                let found = self.some_rows(table.as_str(), &Filter::equals("number", number.as_str()), 1)?;
                if let Some(record) = found.into_iter().next() {
                    return Ok(Some(record));
                }
            }
        }
        Ok(None)
    }
}
