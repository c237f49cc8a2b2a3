//! What edits made here take from stock: noted with the edit, and let go of only when it is given up.
//!
//! A lease counts everything this device ever took under it, whether the server knows of it or not. What the server does not
//! know of yet is also what the figures it sent leave out.

use fieldline_documents::edit::{Act, Edit};
use fieldline_model::SysId;
use fieldline_model::plant::{self, Plant};
use rusqlite::{Params, Row, named_params};

use crate::error::Doing;
use crate::{Result, Tx, View};

/// How many units were taken (less those put back): in all, and those of edits the server has not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Taken {
    /// By every edit ever made here.
    pub in_all: i64,
    /// By edits on their way.
    pub unsent: i64,
}

const SUMS: &str = "SELECT coalesce(sum(quantity), 0),
    coalesce(sum(quantity) FILTER (WHERE (SELECT state FROM edit WHERE counter = taken.edit) IN ('local', 'sent')), 0)
    FROM taken WHERE";

impl View<'_> {
    /// What was taken here under a lease. Nothing the server holds back counts: it has not been taken until it goes through.
    pub fn taken_under(&self, lease: SysId) -> Result<Taken> {
        let is_held = "EXISTS (SELECT 1 FROM edit WHERE counter = taken.edit AND state = 'held')";
        self.sum(&format!("lease = ?1 AND NOT {is_held}"), [lease.0])
    }

    /// What was taken here of a lot: what names it, and what names its model and stockroom alone.
    pub fn taken_of(&self, stockroom: SysId, model: SysId, asset: SysId) -> Result<Taken> {
        self.sum("stockroom = ?1 AND model = ?2 AND (asset = ?3 OR asset IS NULL)", (stockroom.0, model.0, asset.0))
    }

    fn sum(&self, which: &str, params: impl Params) -> Result<Taken> {
        let read = |row: &Row<'_>| Ok(Taken { in_all: row.get(0)?, unsent: row.get(1)? });
        let taken: Taken = self
            .connection
            .prepare_cached(&format!("{SUMS} {which}"))
            .and_then(|mut sql| sql.query_row(params, read))
            .doing("counting what was taken from stock")?;
        if plant::is(Plant::LeaseForgetsUnsent) {
            return Ok(Taken { in_all: taken.in_all - taken.unsent, unsent: 0 });
        }
        Ok(taken)
    }
}

impl Tx<'_> {
    /// Notes what an edit takes, once.
    pub fn note_taken(&self, edit: &Edit) -> Result<()> {
        if edit.acts.iter().any(|act| matches!(act, Act::UsePart { .. })) {
            self.forget_taken(edit.id.counter)?;
        }
        for act in &edit.acts {
            let Act::UsePart { model, quantity, asset, stockroom, lease } = act else { continue };
            self.connection
                .prepare_cached(include_str!("sql/note_taken.sql"))
                .and_then(|mut sql| {
                    sql.execute(named_params! {
                        ":edit": edit.id.counter.cast_signed(),
                        ":stockroom": stockroom.map(|id| id.0),
                        ":model": model.0,
                        ":asset": asset.map(|id| id.0),
                        ":lease": lease.map(|id| id.0),
                        ":quantity": quantity,
                    })
                })
                .doing(format_args!("noting what edit {} takes", edit.id.counter))?;
        }
        Ok(())
    }

    /// Notes what every edit kept here takes: of a database that came from an older app, or out of a damaged one.
    pub fn note_what_edits_take(&self) -> Result<()> {
        let edits = self.unsent(0, u32::MAX)?.into_iter().chain(self.acknowledged(0, u32::MAX)?).chain(self.held()?);
        // What cannot be read takes nothing that is known here.
        edits.filter_map(|stored| stored.edit().ok()).try_for_each(|edit| self.note_taken(&edit))
    }

    /// Lets go of what an edit took: it was given up, or is made anew under another number.
    pub(crate) fn forget_taken(&self, counter: u64) -> Result<()> {
        self.connection
            .prepare_cached("DELETE FROM taken WHERE edit = ?1")
            .and_then(|mut sql| sql.execute([counter.cast_signed()]))
            .doing(format_args!("letting go of what edit {counter} took"))?;
        Ok(())
    }
}
