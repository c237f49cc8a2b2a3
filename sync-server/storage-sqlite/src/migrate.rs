//! Brings a database to the newest schema: numbered files, each applied once, in order, all or nothing. A file that is
//! released is never edited again; the next change is the next file.

use std::fmt::Display;

use fieldline_storage::{Result, StorageError};
use rusqlite::{Connection, TransactionBehavior};

use crate::failed;

const MIGRATIONS: [&str; 14] = [
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_actor_epochs.sql"),
    include_str!("../migrations/0003_queries.sql"),
    include_str!("../migrations/0004_audit.sql"),
    include_str!("../migrations/0005_search.sql"),
    include_str!("../migrations/0006_attachments.sql"),
    include_str!("../migrations/0007_identity.sql"),
    include_str!("../migrations/0008_ways_in.sql"),
    include_str!("../migrations/0009_file_words.sql"),
    include_str!("../migrations/0010_tallies.sql"),
    include_str!("../migrations/0011_jobs.sql"),
    include_str!("../migrations/0012_children.sql"),
    include_str!("../migrations/0013_items.sql"),
    include_str!("../migrations/0014_articles.sql"),
];

/// Applies the migrations that `connection` has not seen; `name` is what errors call it.
pub(crate) fn migrate(connection: &mut Connection, name: &dyn Display) -> Result<()> {
    let doing = || format!("bringing {name} to the newest schema");
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed(doing()))?;
    let version: usize =
        transaction.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0)).map_err(failed(doing()))? as usize;
    let Some(missing) = MIGRATIONS.get(version..) else {
        let source = format!("it has schema {version}, this program knows {}; use the newer program", MIGRATIONS.len());
        return Err(StorageError::Backend { doing: doing(), source: source.into() });
    };
    for sql in missing {
        transaction.execute_batch(sql).map_err(failed(doing()))?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as u32).map_err(failed(doing()))?;
    transaction.commit().map_err(failed(doing()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrating_twice_changes_nothing_and_a_newer_file_is_refused_in_words() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, &"test").unwrap();
        migrate(&mut connection, &"test").unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let error = migrate(&mut connection, &"test").unwrap_err().to_string();
        assert!(error.contains("newer program"), "{error}");
    }
}
