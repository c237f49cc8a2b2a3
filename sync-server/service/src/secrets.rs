//! Secrets this server must send to others: what an outside system is asked with, what webhooks are signed with.
//!
//! They are written into a field like anything else and kept beside the records, so no list, search, export, audit or phone
//! has them; the record says when one was set. They are not encrypted: whoever reads the database reads them.

use fieldline_model::{Record, SysId, Value};

use crate::call::Call;
use crate::error::Result;

/// The tables that have a secret, and the field it is written into.
const FIELDS: [(&str, &str); 4] = [
    ("basic_auth_credentials", "password"),
    ("api_key_credentials", "api_key"),
    ("oauth_2_0_credentials", "client_secret"),
    ("fl_webhook", "secret"),
];
/// Says when a secret was written last.
const SET_ON: &str = "secret_set_on";

/// The field of a table whose value is a secret.
pub(crate) fn field_of(table: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(name, _)| *name == table).map(|(_, field)| *field)
}

fn setting(record: SysId) -> String {
    format!("secret/{record}")
}

impl Call<'_> {
    /// Takes what is secret out of a record that is about to be written, and keeps it beside.
    pub(crate) fn keep_secret(&mut self, record: &mut Record) -> Result<()> {
        let Some(field) = field_of(record.id.table.as_str()) else { return Ok(()) };
        let Some(Value::Text(secret)) = record.get(field).cloned() else { return Ok(()) };
        record.set(field, None);
        record.set(SET_ON, Some(Value::Time(self.now)));
        Ok(self.tx.put_setting(&setting(record.id.sys_id), secret.as_bytes())?)
    }

    /// A record's secret, if it has one.
    pub(crate) fn secret_of(&self, record: SysId) -> Result<Option<String>> {
        let kept = self.tx.setting(&setting(record))?.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(kept.filter(|secret| !secret.is_empty()))
    }

    /// Forgets the secret of a record that is gone.
    pub(crate) fn forget_secret(&mut self, record: &Record) -> Result<()> {
        match field_of(record.id.table.as_str()) {
            Some(_) => Ok(self.tx.put_setting(&setting(record.id.sys_id), b"")?),
            None => Ok(()),
        }
    }
}
