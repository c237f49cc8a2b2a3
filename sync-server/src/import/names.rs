//! Records that a log names and does not describe: people, groups, places, configuration items.
//!
//! Such a record's `sys_id` follows from its table and name, so each is created once however often a log is imported and
//! whichever row names it first.

use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_service::named;

/// A record known by nothing but its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    /// Its table.
    pub table: &'static str,
    /// What people call it, without repeated blanks.
    pub name: String,
}

impl Named {
    /// A record by its name.
    pub fn new(table: &'static str, name: &str) -> Self {
        Self { table, name: name.split_whitespace().collect::<Vec<_>>().join(" ") }
    }

    /// Its identity.
    pub fn sys_id(&self) -> SysId {
        sys_id_of(self.table, &self.name)
    }

    /// The record as far as it is known.
    pub fn record(&self) -> Record {
        let mut record = Record::new(DocumentId::new(self.table, self.sys_id()));
        record.set("name", Some(Value::text(&self.name)));
        if self.table == "sys_user" {
            record.set("user_name", Some(Value::text(self.name.to_lowercase().replace(' ', "."))));
            // Somebody who only appears in a log is nobody to assign work to.
            record.set("active", Some(Value::Boolean(false)));
        }
        record
    }
}

/// The identity of an imported record, from its table and the key it has in the system it came from.
pub fn sys_id_of(table: &str, key: &str) -> SysId {
    named::sys_id_of(format!("import/{table}/{key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_record_however_it_is_spaced() {
        let named = Named::new("sys_user", " Opened by  8 ");
        assert_eq!(named.sys_id(), Named::new("sys_user", "Opened by 8").sys_id());
        assert_eq!(named.record().text("user_name"), "opened.by.8");
        assert_ne!(named.sys_id(), Named::new("sys_user_group", "Opened by 8").sys_id());
    }
}
