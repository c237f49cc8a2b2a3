//! The schema, as numbered `.sql` files applied in order, one transaction each. A file that was released never changes.

use rusqlite::Connection;

use crate::Result;
use crate::error::{Doing, StoreError};

pub(crate) const MIGRATIONS: [&str; 6] = [
    include_str!("../migrations/001_records_documents_outbox.sql"),
    include_str!("../migrations/002_edits_write_less.sql"),
    include_str!("../migrations/003_search_in_tiers.sql"),
    include_str!("../migrations/004_documents_unread.sql"),
    include_str!("../migrations/005_news.sql"),
    include_str!("../migrations/006_what_was_taken.sql"),
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
    use fieldline_model::{DocumentId, SysId};

    use super::*;
    use crate::View;

    /// A database as an older app left it: one task with its document and an unsent edit on top.
    const FILLED: &str = "
        INSERT INTO record (table_name, sys_id, standing, position, fields, display, number)
        VALUES ('wm_task', x'07070707070707070707070707070707', 1, 9, x'A1666E756D6265728200816457303031', 'W001', 'W001');
        INSERT INTO confirmed (record, bytes) VALUES (1, x'856F4A83AAAA');
        INSERT INTO draft (record, bytes) VALUES (1, x'856F4A83BBBB');
        INSERT INTO edit (counter, epoch, table_name, sys_id, hash, body, made_at, state)
        VALUES (1, 1, 'wm_task', x'07070707070707070707070707070707', zeroblob(32), x'00', 1, 'local');";

    #[test]
    fn a_filled_database_of_any_older_app_is_brought_to_the_newest_version_with_everything_in_it() {
        for found in 1..MIGRATIONS.len() {
            let mut connection = Connection::open_in_memory().unwrap();
            MIGRATIONS[..found].iter().for_each(|sql| connection.execute_batch(sql).unwrap());
            connection.execute_batch(FILLED).unwrap();
            connection.pragma_update(None, "user_version", found as u32).unwrap();
            migrate(&mut connection).unwrap();
            let (view, id) = (View { connection: &connection }, DocumentId::new("wm_task", SysId([7; 16])));
            let listed = view.record(&id).unwrap().unwrap();
            assert_eq!(
                (listed.record.text("number"), listed.has_document, listed.unsent),
                ("W001", true, 1),
                "{found}"
            );
            let (kept, confirmed) = (view.document(&id).unwrap().unwrap(), view.confirmed(&id).unwrap().unwrap());
            assert_eq!((kept.bytes.last(), confirmed.bytes.last()), (Some(&0xbb), Some(&0xaa)), "{found}");
            assert!(!kept.is_unread && !confirmed.is_unread);
        }
    }

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
