//! What changed while its owner did not look: records that came and left, and what others did to those that are here.
//!
//! It is noted as it comes, in the transaction that takes it in, and kept until the owner has looked. The first sync brings
//! everything there is and is no news. Only records with a life cycle count: nobody waits for a new skill.

use fieldline_documents::{Act, Edit};
use fieldline_model::{DocumentId, SysId, Table, Timestamp, Value};
use fieldline_store::news::{NewsKind, NewsRow};
use fieldline_store::records::Standing;
use fieldline_store::{StoreError, Tx, View};
use serde::Serialize;

use crate::device::{Device, Rules};
use crate::error::DeviceError;
use crate::form::shown;
use crate::replica::SYNCED_AT;
use crate::view::deed;

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    /// It came to this device.
    Came,
    /// Somebody else edited it.
    Edited,
    /// It left this device.
    Left,
}

/// One thing that happened while its owner did not look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct News {
    /// Its number, by which it is looked at; newer ones are higher.
    pub id: u64,
    /// The record.
    pub document: DocumentId,
    /// What people recognise the record by.
    pub display: String,
    /// What happened.
    pub happened: Happened,
    /// Who did it, for edits.
    pub by: Option<SysId>,
    /// Their name, when it is here.
    pub by_name: Option<String>,
    /// When: the author's moment of an edit, else when this device learned of it.
    pub at: Timestamp,
    /// What was done.
    pub deeds: Vec<String>,
}

/// Whose news is noted, and as of when.
pub(crate) struct Noting {
    user: SysId,
    at: Timestamp,
    is_on: bool,
}

impl Noting {
    pub fn since_the_first_sync(tx: &Tx<'_>, user: SysId, at: Timestamp) -> Result<Self, StoreError> {
        Ok(Self { user, at, is_on: tx.meta(SYNCED_AT)?.is_some() })
    }

    fn counts(&self, rules: &Rules, id: &DocumentId) -> bool {
        self.is_on && rules.dictionary.life_cycle_of(id.table.as_str()).is_some()
    }

    pub fn came(&self, tx: &Tx<'_>, rules: &Rules, id: &DocumentId) -> Result<(), StoreError> {
        if self.counts(rules, id) { tx.add_news(id, &NewsKind::Came, self.at) } else { Ok(()) }
    }

    pub fn edited(&self, tx: &Tx<'_>, rules: &Rules, edit: &Edit, body: &[u8]) -> Result<(), StoreError> {
        if edit.author == self.user || !self.counts(rules, &edit.document) {
            return Ok(());
        }
        tx.add_news(&edit.document, &NewsKind::Edited { edit: body.to_vec() }, self.at)
    }

    pub fn left(&self, tx: &Tx<'_>, rules: &Rules, id: &DocumentId) -> Result<(), StoreError> {
        // One that unsent work holds is told to leave again and again, and was said to have left the first time.
        if !self.counts(rules, id) || tx.standing(id)? == Some(Standing::Leaving) {
            return Ok(());
        }
        let display = tx.record(id)?.map(|listed| listed.display).unwrap_or_default();
        tx.add_news(id, &NewsKind::Left { display }, self.at)
    }
}

impl Device {
    /// What happened since this person last looked, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn what_changed(&self) -> Result<Vec<News>, DeviceError> {
        self.store.read(|view| view.news()?.into_iter().map(|row| news(&self.rules, view, row)).collect())
    }

    /// Says that this person has looked at everything up to a number.
    ///
    /// # Errors
    /// When the database fails.
    pub fn looked_at(&mut self, through: u64) -> Result<(), DeviceError> {
        Ok(self.store.write(|tx| tx.forget_news(through))?)
    }
}

fn news(rules: &Rules, view: View<'_>, row: NewsRow) -> Result<News, DeviceError> {
    let NewsRow { id, document, kind, at } = row;
    let here = view.record(&document)?.map(|listed| listed.display).unwrap_or_default();
    let told =
        News { id, document, display: here, happened: Happened::Came, by: None, by_name: None, at, deeds: Vec::new() };
    Ok(match kind {
        NewsKind::Came => told,
        NewsKind::Left { display } => News { happened: Happened::Left, display, ..told },
        NewsKind::Edited { edit } => match Edit::decode(&edit) {
            Ok(edit) => {
                let author = view.record(&DocumentId::new("sys_user", edit.author))?;
                let table = rules.dictionary.table(told.document.table.as_str());
                let deeds = edit.acts.iter().map(|act| in_words(view, table, act));
                News {
                    deeds: deeds.collect::<Result<_, DeviceError>>()?,
                    happened: Happened::Edited,
                    by: Some(edit.author),
                    by_name: author.map(|author| author.display),
                    at: edit.at,
                    ..told
                }
            }
            Err(_) => News { happened: Happened::Edited, ..told },
        },
    })
}

/// An act in the words of the form: the field's label, and the value as people read it.
fn in_words(view: View<'_>, table: Option<&Table>, act: &Act) -> Result<String, DeviceError> {
    let Some(field) = act.field().zip(table).and_then(|(name, table)| table.field(name.as_str())) else {
        return Ok(deed(act));
    };
    let label = &field.label;
    Ok(match act {
        Act::Set { value: Some(value), .. } => format!("{label}: {}", shown(view, field, value)?),
        Act::Set { value: None, .. } => format!("{label}: emptied"),
        Act::Include { item, .. } => format!("{label}: +{}", shown(view, field, &Value::Reference(*item))?),
        Act::Exclude { item, .. } => format!("{label}: -{}", shown(view, field, &Value::Reference(*item))?),
        _ => format!("{label}: confirmed"),
    })
}
