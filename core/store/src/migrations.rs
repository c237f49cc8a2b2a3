//! The schema, as numbered `.sql` files applied in order, one transaction each. A file that was released never changes.

use rusqlite::Connection;

use crate::Result;
use crate::error::{Doing, StoreError};

const MIGRATIONS: [&str; 3] = [
    include_str!("../migrations/001_records_documents_outbox.sql"),
    include_str!("../migrations/002_edits_write_less.sql"),
    include_str!("../migrations/003_search_in_tiers.sql"),
];

/// Brings a database to the newest version; refuses one that a newer app wrote, without touching it.
pub(crate) fn migrate(connection: &mut Connection) -> Result<()> {
    let found: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .doing("reading the database's version")?;
    let known = MIGRATIONS.len() as u32;
    if found > known {
        return Err(StoreError::UpdateNeeded { found, known });
    }
    for (version, sql) in (1..).zip(MIGRATIONS).skip(found as usize) {
        let doing = format_args!("bringing the database to version {version}");
        let tx = connection.transaction().doing(doing)?;
        tx.execute_batch(sql).doing(doing)?;
        tx.pragma_update(None, "user_version", version).doing(doing)?;
        tx.commit().doing(doing)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_of_a_newer_app_is_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection).unwrap();
        migrate(&mut connection).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut connection).unwrap_err();
        assert!(matches!(error, StoreError::UpdateNeeded { found: 99, .. }), "{error}");
        assert!(error.to_string().contains("update the app"));
    }
}
