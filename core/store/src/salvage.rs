//! What is carried from a damaged database into a fresh one.
//!
//! Edits are the only thing on a phone that exists nowhere else, so every row of the outbox that can still be read is
//! taken: forwards to the first unreadable page, backwards to the last, and one by one in between. Leased numbers and the
//! list of captured files come along. Everything else is a copy of what the server has and is pulled again.
//!
//! Only a working copy is read. When its first pages are unreadable, those of an empty database of the same schema and key
//! take their place: tables are made in the same order, so their roots lie at the same pages.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fieldline_documents::edit::Act;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Statement, params_from_iter};

use crate::blobs::BlobProgress;
use crate::error::{Doing, DoingFile};
use crate::identity::IdentityFile;
use crate::open::{Files, connect, remove_database, with_suffix};
use crate::store::Store;
use crate::{DatabaseKey, Result, Tx, migrations};

/// Most keys tried one by one where a table cannot be read in order.
const MOST_PROBES: i64 = 100_000;
/// How far counters jump after damage, so that an edit that could not be read never shares its number with a new one.
const COUNTER_JUMP: u64 = 1_000_000;
/// SQLCipher 4's page.
const PAGE_BYTES: u64 = 4096;

/// What became of a damaged database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvage {
    /// Where the damaged file lies.
    pub set_aside: PathBuf,
    /// Edits carried over, acknowledged ones too.
    pub edits: u64,
    /// Edits carried over that the server has not acknowledged.
    pub unsent: u64,
    /// Whether the device still knows who it is.
    pub identity: bool,
}

/// Fills the fresh store with what can be read of the damaged database.
pub(crate) fn carry_over(files: &Files, key: &DatabaseKey, fresh: &Store) -> Result<Salvage> {
    let damaged = open_working_copy(files, key);
    let identity_file = IdentityFile::new(files.identity.clone(), key);
    let salvage = fresh.write(|tx| {
        let mut identity = None;
        if let Some(damaged) = &damaged {
            for (table, column) in [("edit", "counter"), ("blob", "id"), ("number_block", "id")] {
                copy_table(damaged, tx, table, column)?;
            }
            identity = read_identity(damaged);
        }
        if let Some(identity) = identity.or(identity_file.read()?) {
            tx.put_identity(&identity)?;
        }
        settle(tx, fresh)?;
        summary(tx)
    })?;
    drop(damaged);
    files.working_copies().iter().try_for_each(|path| remove_database(path))?;
    Ok(salvage)
}

/// Edits that were on the wire go out again, counters go on far beyond any seen, and files of unsent edits are sent.
fn settle(tx: &Tx<'_>, fresh: &Store) -> Result<()> {
    let doing = "settling salvaged edits";
    tx.connection.execute("UPDATE edit SET state = 'local' WHERE state = 'sent'", []).doing(doing)?;
    let newest: Option<i64> =
        tx.connection.query_row("SELECT max(counter) FROM edit", [], |row| row.get(0)).doing(doing)?;
    tx.raise_counter(newest.unwrap_or(0).cast_unsigned() + COUNTER_JUMP)?;
    for edit in tx.unsent(0, u32::MAX)? {
        for act in edit.edit().map(|edit| edit.acts).unwrap_or_default() {
            let Act::Attach { attachment } = act else { continue };
            if fresh.blob_files.contains(attachment.blob) && tx.blob(attachment.blob)?.is_none() {
                tx.put_blob(&BlobProgress::captured(attachment.blob, attachment.size_bytes, attachment.role))?;
            }
        }
    }
    Ok(())
}

fn summary(tx: &Tx<'_>) -> Result<Salvage> {
    let edits: i64 =
        tx.connection.query_row("SELECT count(*) FROM edit", [], |row| row.get(0)).doing("counting salvaged edits")?;
    Ok(Salvage {
        set_aside: PathBuf::new(),
        edits: edits.cast_unsigned(),
        unsent: tx.unsent_count()?,
        identity: tx.identity()?.is_some(),
    })
}

fn read_identity(damaged: &Connection) -> Option<Vec<u8>> {
    let sql = "SELECT value FROM meta WHERE name = 'identity'";
    damaged.query_row(sql, [], |row| row.get(0)).optional().ok().flatten()
}

/// The damaged database, opened from a copy; `None` when nothing can be read of it.
fn open_working_copy(files: &Files, key: &DatabaseKey) -> Option<Connection> {
    let [copy, empty] = files.working_copies();
    let prepare = || -> Result<()> {
        remove_database(&copy)?;
        for suffix in ["", "-wal"] {
            let (from, to) = (with_suffix(&files.database, suffix), with_suffix(&copy, suffix));
            if from.exists() {
                fs::copy(&from, &to).doing_file("copying", &from)?;
            }
        }
        Ok(())
    };
    prepare().ok()?;
    if let Some(connection) = open_tolerantly(&copy, key) {
        return Some(connection);
    }
    prepare().ok()?;
    replace_unreadable_first_pages(&copy, &empty, key).ok()?;
    open_tolerantly(&copy, key)
}

/// Opens a damaged database as far as its schema can be read.
fn open_tolerantly(path: &Path, key: &DatabaseKey) -> Option<Connection> {
    let open = || {
        let connection = Connection::open(path)?;
        connection.execute_batch(&key.sqlcipher())?;
        // Lets SQLite go on when the file is shorter than its header says.
        connection.execute_batch("PRAGMA writable_schema = ON; PRAGMA temp_store = MEMORY;")?;
        connection
            .query_row("SELECT count(*) FROM sqlite_schema WHERE name = 'edit'", [], |row| row.get::<_, i64>(0))?;
        connection.prepare("SELECT * FROM edit")?;
        Ok::<_, rusqlite::Error>(connection)
    };
    open().ok()
}

/// Puts the pages of an empty database in the place of those first pages that fail their HMAC.
fn replace_unreadable_first_pages(copy: &Path, empty: &Path, key: &DatabaseKey) -> Result<()> {
    let doing = "standing in for unreadable pages";
    remove_database(empty)?;
    let mut fresh = connect(empty, key).doing(doing)?;
    migrations::migrate(&mut fresh)?;
    let schema_pages: u64 =
        fresh.query_row("PRAGMA page_count", [], |row| row.get::<_, i64>(0)).doing(doing)?.cast_unsigned();
    fresh.pragma_update(None, "journal_mode", "DELETE").doing(doing)?;
    drop(fresh);
    let pages = unreadable_pages(copy, key).unwrap_or_else(|| (1..=schema_pages).collect());
    let replace = || {
        let mut from = fs::File::open(empty)?;
        let mut to = OpenOptions::new().write(true).open(copy)?;
        for page in pages.into_iter().filter(|page| *page <= schema_pages) {
            let mut bytes = vec![0; PAGE_BYTES as usize];
            from.seek(SeekFrom::Start((page - 1) * PAGE_BYTES))?;
            from.read_exact(&mut bytes)?;
            to.seek(SeekFrom::Start((page - 1) * PAGE_BYTES))?;
            to.write_all(&bytes)?;
        }
        Ok(())
    };
    replace().doing_file(doing, copy)
}

/// The pages that fail their HMAC, as SQLCipher reports them; `None` when it cannot even look.
fn unreadable_pages(path: &Path, key: &DatabaseKey) -> Option<Vec<u64>> {
    let look = || {
        let connection = Connection::open(path)?;
        connection.execute_batch(&key.sqlcipher())?;
        let mut check = connection.prepare("PRAGMA cipher_integrity_check")?;
        check.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let page = |line: &String| line.rsplit(' ').next()?.parse().ok();
    Some(look().ok()?.iter().filter_map(page).collect())
}

/// Copies every readable row of a table whose key is an integer.
fn copy_table(damaged: &Connection, tx: &Tx<'_>, table: &str, column: &str) -> Result<()> {
    let select = |rest: &str| damaged.prepare(&format!("SELECT {column}, * FROM {table} {rest}"));
    let mut reached = 0;
    let ended = select(&format!("ORDER BY {column}")).is_ok_and(|sql| copy_rows(sql, tx, table, &mut reached));
    if ended {
        return Ok(());
    }
    let mut back_to = i64::MAX;
    if let Ok(sql) = select(&format!("ORDER BY {column} DESC")) {
        copy_rows(sql, tx, table, &mut back_to);
    }
    let until = back_to.min(reached.saturating_add(MOST_PROBES));
    for probe in reached + 1..until {
        if let Ok(sql) = select(&format!("WHERE {column} = {probe}")) {
            copy_rows(sql, tx, table, &mut reached);
        }
    }
    Ok(())
}

/// Copies rows until the first that cannot be read; `true` when there was none. `reached` is the last key read.
fn copy_rows(mut sql: Statement<'_>, tx: &Tx<'_>, table: &str, reached: &mut i64) -> bool {
    let columns: Vec<String> = sql.column_names().into_iter().skip(1).map(str::to_owned).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({marks})", columns.join(", "));
    let Ok(mut rows) = sql.query([]) else { return false };
    loop {
        let Ok(next) = rows.next() else { return false };
        let Some(row) = next else { return true };
        let values = (1..=columns.len()).map(|index| row.get::<_, Value>(index)).collect::<rusqlite::Result<Vec<_>>>();
        let (Ok(key), Ok(values)) = (row.get(0), values) else { continue };
        // A row the fresh schema refuses is as unreadable as one on a damaged page.
        if tx.connection.prepare_cached(&insert).and_then(|mut sql| sql.execute(params_from_iter(values))).is_ok() {
            *reached = key;
        }
    }
}
