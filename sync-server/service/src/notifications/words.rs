//! What people are told: templates filled with a record as they read it.

use fieldline_model::dictionary::Kind;
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::Letter;
use crate::call::Call;
use crate::error::{Result, ServiceError};
use crate::rules::{JOURNALS, Notice};
use crate::template;
use fieldline_model::UserZone;

/// As many characters as `sys_email` and `sn_inapp_notification` hold.
pub(super) const SUBJECT_CHARACTERS: usize = 255;
const BODY_CHARACTERS: usize = 65_000;

/// The newest entry of each journal.
pub(super) type Journals = [String; JOURNALS.len()];

impl Call<'_> {
    /// What was said last of a record, if a notice tells of it.
    pub(super) fn newest_said(&mut self, notice: &Notice, id: &DocumentId) -> Result<Option<Journals>> {
        let mut names = template::names(&notice.subject)
            .chain(template::names(&notice.message))
            .chain(template::names(&notice.message_html));
        let is_document = self.dictionary.table(id.table.as_str()).is_some_and(|table| table.kind == Kind::Document);
        if !is_document || !names.any(|name| JOURNALS.contains(&name)) {
            return Ok(None);
        }
        let projection = self.projection(id)?;
        let newest = |entries: &[_]| entries.last().map_or_else(String::new, text_of);
        Ok(Some([newest(&projection.comments), newest(&projection.work_notes)]))
    }

    /// What somebody is told of a record. Its number is in the subject, so that people find the record.
    pub(super) fn worded(
        &self,
        notice: &Notice,
        record: &Record,
        journals: Option<&Journals>,
        person: &Record,
    ) -> Result<Letter> {
        let zone = UserZone::named(person.text("time_zone"));
        let fill = |text: &str| {
            template::fill(text, |name| match JOURNALS.iter().position(|journal| *journal == name).zip(journals) {
                Some((journal, journals)) => Ok(journals[journal].clone()),
                None => self.read_at(record, name, &zone),
            })
        };
        let html = template::fill(&notice.message_html, |name| {
            let text = match JOURNALS.iter().position(|journal| *journal == name).zip(journals) {
                Some((journal, journals)) => journals[journal].clone(),
                None => self.read_at(record, name, &zone)?,
            };
            Ok::<_, ServiceError>(html_escape::encode_safe(&text).into_owned())
        })?;
        let html = (!html.is_empty()).then(|| html.chars().take(BODY_CHARACTERS).collect());
        Ok(Letter { html, ..letter(record, &fill(&notice.subject)?, &fill(&notice.message)?) })
    }

    /// A field at the end of a way through references as people read it; empty where the way ends before, and where not everybody
    /// may know it.
    fn read_at(&self, record: &Record, path: &str, zone: &UserZone) -> Result<String> {
        let (step, rest) = path.split_once('.').map_or((path, None), |(step, rest)| (step, Some(rest)));
        if step == "sys_id" {
            return Ok(record.id.sys_id.to_string());
        }
        let table = self.dictionary.table(record.id.table.as_str());
        let field = table.and_then(|table| table.field(step)).filter(|field| field.read.is_empty());
        let Some((field, value)) = field.zip(record.get(step)) else { return Ok(String::new()) };
        match (value, &field.reference, rest) {
            (Value::Reference(id), Some(target), Some(rest)) => {
                let next = self.tx.find(self.dictionary.family(target.as_str()), *id)?;
                next.map_or(Ok(String::new()), |next| self.read_at(&next, rest, zone))
            }
            (_, _, Some(_)) => Ok(String::new()),
            (Value::Reference(id), Some(target), None) => self.shown(target.as_str(), *id),
            (Value::List(ids), Some(target), None) => {
                let shown = ids.iter().map(|id| self.shown(target.as_str(), *id)).collect::<Result<Vec<_>>>()?;
                Ok(shown.join(", "))
            }
            (Value::Time(at), _, None) => Ok(zone.shown(*at)),
            _ => Ok(field.display(value)),
        }
    }

    /// What people read for a record.
    fn shown(&self, table: &str, id: SysId) -> Result<String> {
        let Some(record) = self.tx.find(self.dictionary.family(table), id)? else { return Ok(String::new()) };
        let display = self.dictionary.table(record.id.table.as_str()).map(|table| table.display.as_str());
        Ok(display.and_then(|display| record.get(display)).map_or_else(String::new, ToString::to_string))
    }
}

/// What somebody reads of a record: its number is in the subject, which is one line as a header must be.
pub(super) fn letter(record: &Record, subject: &str, message: &str) -> Letter {
    let number = record.text("number");
    let numbered = if subject.contains(number) { subject.to_owned() } else { format!("{number}: {subject}") };
    let subject: Vec<&str> = numbered.split_whitespace().collect();
    Letter {
        table: record.id.table.to_string(),
        sys_id: record.id.sys_id,
        subject: subject.join(" ").chars().take(SUBJECT_CHARACTERS).collect(),
        body: message.chars().take(BODY_CHARACTERS).collect(),
        html: None,
    }
}

fn text_of(entry: &fieldline_documents::journal::Entry<fieldline_documents::journal::Note>) -> String {
    entry.what.text.clone()
}
