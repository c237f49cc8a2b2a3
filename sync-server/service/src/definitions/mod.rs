//! The dictionary as records (`sys_db_object`, `sys_dictionary`, `sys_choice`, `sys_user_role` …), readable like any table, and
//! changed by writing them.
//!
//! `shipped.rs` turns the shipped dictionary into rows; `added.rs` reads what an organisation wrote beside them. Whoever writes a
//! definition changes the dictionary in the same transaction, or is told what does not fit and changes nothing. Phones learn of
//! it from `fl_definition`, a row for each table that was added to, before any record that needs it.

mod added;
mod shipped;

use fieldline_model::condition::Filter;
use fieldline_model::{Dictionary, DocumentId, Record, SysId, Timestamp, Value};
use rand_core::Rng;

use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::server::Server;
use crate::table::TableError;

/// The tables whose rows define something.
const DEFINING: [&str; 4] = ["sys_db_object", "sys_dictionary", "sys_choice", "sys_user_role"];
/// Where phones read what was added.
pub(crate) const ADDITIONS: &str = "fl_definition";
/// What rows of the shipped dictionary belong to.
const SHIPPED_PACKAGE: &str = "fieldline";
/// The dictionary whose rows are there.
const PUBLISHED: &str = "definitions_published";

impl Server {
    /// Makes the shipped dictionary readable as records, unless it is already.
    ///
    /// # Errors
    /// When the database fails.
    pub fn publish_definitions(&self, now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
        let version = Dictionary::shipped().fingerprint().to_be_bytes();
        if self.storage().read()?.setting(PUBLISHED)?.as_deref() == Some(&version[..]) {
            return Ok(());
        }
        self.write(&self.system(), now, rng, |call| {
            call.publish()?;
            Ok(call.tx.put_setting(PUBLISHED, &version)?)
        })
    }
}

/// Whether records of a table define something.
pub(crate) fn defines(table: &str) -> bool {
    DEFINING.contains(&table)
}

/// Whether a row is part of the shipped dictionary, as it is shipped.
fn is_shipped(row: &Record) -> bool {
    row.text("sys_package") == SHIPPED_PACKAGE
}

/// The identity of a definition, the same on every server.
pub(crate) fn identity(table: &str, key: &str) -> SysId {
    const ADMIN: &str = "2831a114c611228501d4ea6c309d626d";
    if (table, key) == ("sys_user_role", "admin") {
        return ADMIN.parse().expect("32 hexadecimal digits");
    }
    sys_id_of(format!("definition/{table}/{key}"))
}

impl Call<'_> {
    fn publish(&mut self) -> Result<()> {
        let rows = shipped::rows(Dictionary::shipped());
        let ours = Filter::equals("sys_package", SHIPPED_PACKAGE);
        for old in self.rows("sys_metadata", &ours)? {
            if !rows.contains_key(&old.id) {
                self.remove_row(&old)?;
            }
        }
        for (id, row) in rows {
            let here = self.row(&id)?;
            if here.as_ref().is_none_or(|here| is_shipped(here) && !says_the_same(here, &row)) {
                self.put_row(row)?;
            }
        }
        Ok(())
    }

    /// Checks that somebody may write a definition as it now stands, and marks a shipped one that was changed.
    ///
    /// # Errors
    /// When it is shipped and may not be changed.
    pub(crate) fn check_definition(&self, before: Option<&Record>, row: &mut Record) -> Result<(), TableError> {
        if before.is_some_and(is_shipped) {
            if row.id.table != *"sys_choice" {
                let problem = "is part of the product and stays as it is; add a table, field or choice of your own";
                return Err(TableError::invalid(&row.id, None, problem));
            }
            row.set("sys_package", None);
        }
        Ok(())
    }

    /// Makes the dictionary what the definitions say, from the next thing this call does.
    ///
    /// # Errors
    /// When they do not fit together; names the definition that was written last.
    pub(crate) fn redefine(&mut self, written: &Record) -> Result<(), TableError> {
        let additions = added::additions(self)?;
        let misfit = |problem: fieldline_model::dictionary::DictionaryError| {
            TableError::invalid(&written.id, None, format!("does not fit the dictionary: {problem}"))
        };
        self.dictionary = Dictionary::with(&additions).map_err(misfit)?;
        self.pending.redefined = true;
        let mut rows = self.rows(ADDITIONS, &Filter::everything())?;
        for addition in &additions {
            let id = DocumentId::new(ADDITIONS, identity(ADDITIONS, addition.table.as_str()));
            let text = serde_json::to_string(addition).expect("plain data");
            let known = rows.iter().position(|row| row.id == id).map(|at| rows.swap_remove(at));
            if known.is_none_or(|known| known.text("definition") != text) {
                let mut row = Record::new(id);
                row.set("name", Some(Value::text(addition.table.as_str())));
                row.set("definition", Some(Value::text(text)));
                self.put_row(row)?;
            }
        }
        Ok(rows.iter().try_for_each(|gone| self.remove_row(gone))?)
    }
}

/// The dictionary with what the rows in a database add to it.
pub(crate) fn extended(shipped: Dictionary, rows: &[Record]) -> Dictionary {
    let additions: Vec<_> = rows.iter().filter_map(|row| serde_json::from_str(row.text("definition")).ok()).collect();
    if additions.is_empty() {
        return shipped;
    }
    let (dictionary, refused) = Dictionary::with_what_fits(additions);
    refused.iter().for_each(|problem| tracing::error!(%problem, "an addition to the dictionary no longer fits"));
    dictionary
}

fn says_the_same(here: &Record, row: &Record) -> bool {
    let is_stamp = |field: &str| {
        matches!(field, "sys_created_on" | "sys_created_by" | "sys_updated_on" | "sys_updated_by" | "sys_mod_count")
    };
    let said = here.fields.iter().filter(|(field, _)| !is_stamp(field.as_str()));
    said.eq(row.fields.iter())
}
