//! What an answer brings into the scope: rows, and documents whole or beside their rows.

use fieldline_documents::{Document, packed};
use fieldline_model::dictionary::Kind;
use fieldline_model::plant::{self, Plant};
use fieldline_model::{DocumentId, Record};
use fieldline_store::arrivals::Known;
use fieldline_store::records::Standing;
use fieldline_sync::caps;
use fieldline_sync::wire::{HoldReason, Position};

use crate::error::DeviceError;
use crate::replica::{Absorbing, NEWER_ROWS};

impl Absorbing<'_, '_> {
    pub fn replace(&mut self, id: &DocumentId, position: Position, whole: Document) -> Result<(), DeviceError> {
        self.bench.replace(id, position, whole)?;
        if self.tx.standing(id)? != Some(Standing::InScope) {
            self.tx.put_standing(id, Standing::InScope)?;
        }
        Ok(())
    }

    /// A document beside the row that is here. One whose row says all that is shown of it is kept as it is, and read when
    /// somebody works on it. With another row here than the server had, the whole is asked for.
    pub fn packed(&mut self, id: &DocumentId, position: Position, bytes: &[u8], told: bool) -> Result<(), DeviceError> {
        let row = self.tx.bare_row(id, position)?;
        let whole = row.as_ref().and_then(|row| packed::unpack(&row.record, bytes, caps::MAX_RESPONSE_INFLATED_BYTES));
        let (Some(row), Some(whole)) = (row, whole.filter(|whole| Document::is_whole(whole))) else {
            return Ok(self.tx.want(id)?);
        };
        if told && !self.has_unsent && !self.has_held {
            return Ok(self.tx.put_unread(&row, &whole)?);
        }
        match Document::check(id.clone(), &whole) {
            Ok(document) => self.replace(id, position, document),
            Err(_) => Ok(self.tx.want(id)?),
        }
    }

    /// A row enters the scope. A document that is here keeps the word on its own fields; its edits or snapshot follow.
    pub fn row(&mut self, id: &DocumentId, position: Position, bytes: &[u8]) -> Result<(), DeviceError> {
        let record = match minicbor::decode(bytes) {
            Ok(record) => record,
            Err(_) => match Record::decode_known(bytes) {
                Ok(record) => {
                    self.tx.put_meta(NEWER_ROWS, Some(&[1]))?;
                    record
                }
                Err(_) => return Ok(()),
            },
        };
        if record.id != *id {
            return Ok(());
        }
        match self.tx.known(id)? {
            None => {
                self.rules.show_new_row(self.tx, &record, position)?;
                self.noting.came(self.tx, self.rules, id)?;
            }
            Some(known) => self.row_again(&record, position, known)?,
        }
        if self.has_held && self.tx.release(id, HoldReason::Record)? > 0 {
            self.tx.want(id)?;
        }
        Ok(())
    }

    /// The row of a record of which something is here.
    fn row_again(&mut self, record: &Record, position: Position, known: Known) -> Result<(), DeviceError> {
        let (id, here) = (&record.id, known.position);
        let has_document = known.has_document && !plant::is(Plant::RowOverwritesUnsentWork);
        if !has_document && position >= here {
            self.rules.show_row(self.tx, record)?;
            self.tx.put_position(id, position)?;
        } else if has_document && position > here {
            self.tx.want(id)?;
        }
        self.tx.put_standing(id, Standing::InScope)?;
        let table = self.rules.dictionary.table(id.table.as_str());
        if table.is_some_and(|table| table.kind == Kind::Reference) {
            self.tx.unwant(id)?;
        }
        Ok(())
    }
}
