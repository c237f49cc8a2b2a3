//! What a scanned code stands for: every asset, part, stockroom and place it may mean, of those the caller sees.

use fieldline_model::Record;
use fieldline_model::code::{MARKS, MAX_CHARACTERS, identity, mark_of};

use crate::call::Call;
use crate::table::{Result, TableError};

/// A record a code may stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// The record.
    pub record: Record,
    /// The field whose mark it is; `sys_id` where the code is the record's identity.
    pub by: &'static str,
}

/// Everything a code may stand for.
///
/// # Errors
/// When it is no code that anything could bear, or nothing the caller sees bears it.
pub fn resolve(call: &Call<'_>, code: &str) -> Result<Vec<Meant>> {
    let code = code.trim();
    if code.is_empty() || code.chars().count() > MAX_CHARACTERS {
        return Err(TableError::invalid("code", None, format!("a code has 1 to {MAX_CHARACTERS} characters")));
    }
    let mut meant = Vec::new();
    for (table, fields) in MARKS {
        if let Some(id) = identity(code) {
            let found = call.tx.find(call.dictionary.family(table), id)?;
            meant.extend(found.map(|record| Meant { record, by: "sys_id" }));
        }
        for field in fields {
            let rows = call.rows_with(table, &[(field, code)])?;
            let exact = rows.into_iter().filter(|row| mark_of(row, &[field], code).is_some());
            meant.extend(exact.map(|record| Meant { record, by: field }));
        }
    }
    let mut seen = Vec::with_capacity(meant.len());
    for one in meant {
        if call.sees(&one.record)? && seen.iter().all(|other: &Meant| other.record.id != one.record.id) {
            seen.push(one);
        }
    }
    if seen.is_empty() {
        let problem =
            "no asset, part, stockroom or place bears this code; check it, or write down what it was found on";
        return Err(TableError::NotFound(format!("\"{code}\": {problem}; such a record")));
    }
    Ok(seen)
}
