//! What is carried from a damaged database into a fresh one.
//!
//! Edits are the only thing on a phone that exists nowhere else, so every row of the outbox that can still be read is
//! taken: forwards to the first unreadable page, backwards to the last, by number in between, and page by page when what led
//! to them is lost. Leased numbers and the list of captured files come along. Everything else is a copy of what the server has
//! and is pulled again.
//!
//! Only a working copy is read. When its first pages are unreadable, those of an empty database of the same schema and key
//! take their place: tables are made in the same order, so their roots lie at the same pages.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fieldline_documents::edit::Act;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::blobs::BlobProgress;
use crate::error::{Doing, DoingFile};
use crate::identity::IdentityFile;
use crate::newest_mark::NewestMark;
use crate::open::{Files, connect, remove_database, unauthentic, with_suffix};
use crate::store::Store;
use crate::{DatabaseKey, Result, Tx, log, meta, migrations};

/// Most unreadable keys stepped over between the readable ends of a table: many pages of edits, under a second of trying.
const MOST_GAPS: i64 = 1_000;
/// How far counters jump after damage, so that an edit that could not be read never shares its number with a new one.
const COUNTER_JUMP: u64 = 1_000_000;
/// SQLCipher 4's page.
const PAGE_BYTES: u64 = 4096;

/// What became of a damaged database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvage {
    /// Where the damaged file lies; `None` when it was gone.
    pub set_aside: Option<PathBuf>,
    /// Edits carried over, acknowledged ones too.
    pub edits: u64,
    /// Edits carried over that the server has not acknowledged.
    pub unsent: u64,
    /// How many edits that were made after all of these could not be read.
    pub missing: u64,
    /// Whether the device still knows who it is.
    pub identity: bool,
}

impl fmt::Display for Salvage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { edits, unsent, missing, .. } = self;
        write!(
            f,
            "the database was damaged and has been replaced: {edits} edits were carried over, {unsent} of them not sent yet. \
             Everything else comes again with the next sync"
        )?;
        if *missing > 0 {
            write!(f, "; the last {missing} edits could not be read, look whether they are to be made again")?;
        }
        if self.identity { Ok(()) } else { f.write_str("; sign in again first") }
    }
}

/// Fills the fresh store with what can be read of the damaged database.
pub(crate) fn carry_over(files: &Files, key: &DatabaseKey, fresh: &Store) -> Result<Salvage> {
    let damaged = Damaged::open(files, key);
    let identity_file = IdentityFile::new(files.identity.clone(), key);
    let noted = NewestMark::of(&files.database).read().unwrap_or(0);
    let salvage = fresh.write(|tx| {
        let mut identity = None;
        if let Some(damaged) = &damaged {
            identity = damaged.meta(meta::IDENTITY);
            tx.raise_counter(damaged.next_counter())?;
            for (table, column) in [("blob", "id"), ("number_block", "id")] {
                copy_table(damaged, tx, table, column);
            }
            if !copy_table(damaged, tx, "edit", "counter") {
                copy_page_by_page(damaged, tx);
            }
        }
        if let Some(identity) = identity.or(identity_file.read()?) {
            tx.put_identity(&identity)?;
        }
        let newest = newest_edit(tx)?;
        tx.raise_counter(tx.newest_counter()?.max(newest).max(noted) + COUNTER_JUMP)?;
        settle(tx, fresh)?;
        summary(tx, noted.saturating_sub(newest))
    })?;
    drop(damaged);
    files.working_copies().iter().try_for_each(|path| remove_database(path))?;
    Ok(salvage)
}

fn newest_edit(tx: &Tx<'_>) -> Result<u64> {
    let sql = "SELECT coalesce(max(counter), 0) FROM edit";
    let newest: i64 = tx.connection.query_row(sql, [], |row| row.get(0)).doing("looking for the newest edit")?;
    Ok(newest.cast_unsigned())
}

/// Edits that were on the wire go out again, and files of unsent edits are sent.
fn settle(tx: &Tx<'_>, fresh: &Store) -> Result<()> {
    let doing = "settling salvaged edits";
    tx.connection.execute("UPDATE edit SET state = 'local' WHERE state = 'sent'", []).doing(doing)?;
    tx.note_what_edits_take()?;
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

fn summary(tx: &Tx<'_>, missing: u64) -> Result<Salvage> {
    let edits: i64 =
        tx.connection.query_row("SELECT count(*) FROM edit", [], |row| row.get(0)).doing("counting salvaged edits")?;
    Ok(Salvage {
        set_aside: None,
        edits: edits.cast_unsigned(),
        unsent: tx.unsent_count()?,
        missing,
        identity: tx.identity()?.is_some(),
    })
}

/// A working copy of the damaged database.
///
/// SQLCipher refuses everything on a connection that has met one bad page, so every attempt has a connection of its own.
struct Damaged<'a> {
    copy: PathBuf,
    key: &'a DatabaseKey,
}

impl<'a> Damaged<'a> {
    /// `None` when nothing can be read of it.
    fn open(files: &Files, key: &'a DatabaseKey) -> Option<Self> {
        let [copy, empty] = files.working_copies();
        copy_database(&files.database, &copy).ok()?;
        let damaged = Self { copy, key };
        if damaged.has_outbox() {
            return Some(damaged);
        }
        copy_database(&files.database, &damaged.copy).ok()?;
        let stand_in = StandIn::written(empty, key, &damaged.copy).ok()?;
        stand_in.replace(&damaged.copy, stand_in.unreadable_pages(&damaged.copy, key)).ok()?;
        if !damaged.has_outbox() {
            // A database that was migrated when it was filled has its schema elsewhere, and the outbox where it always was.
            stand_in.replace(&damaged.copy, stand_in.schema_pages.clone()).ok()?;
        }
        damaged.has_outbox().then_some(damaged)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let connection = Connection::open(&self.copy)?;
        connection.execute_batch(&self.key.sqlcipher())?;
        connection.execute_batch(include_str!("sql/salvage_settings.sql"))?;
        Ok(connection)
    }

    /// Whether the schema can be read to its end: a connection that met a bad page of it would read nothing more.
    fn has_outbox(&self) -> bool {
        let counts_tables = |connection: Connection| {
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))?;
            connection.prepare("SELECT counter FROM edit").map(drop)
        };
        self.connect().and_then(counts_tables).is_ok()
    }

    fn meta(&self, name: &str) -> Option<Vec<u8>> {
        let sql = "SELECT value FROM meta WHERE name = ?1";
        self.connect()
            .and_then(|connection| connection.query_row(sql, [name], |row| row.get(0)).optional())
            .ok()
            .flatten()
    }

    fn next_counter(&self) -> u64 {
        let bytes = self.meta(meta::NEXT_COUNTER).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u64::from_be_bytes)
    }
}

fn copy_database(from: &Path, to: &Path) -> Result<()> {
    remove_database(to)?;
    for suffix in ["", "-wal"] {
        let (from, to) = (with_suffix(from, suffix), with_suffix(to, suffix));
        if from.exists() {
            fs::copy(&from, &to).doing_file("copying", &from)?;
        }
    }
    // SQLite would forget what follows a rotten frame.
    let wal = with_suffix(to, "-wal");
    if log::has_rotted(&wal)? {
        log::fold_by_hand(&wal, to)?;
        fs::remove_file(&wal).doing_file("removing", &wal)?;
    }
    Ok(())
}

/// An empty database of the same schema and key, whose pages stand in for those that cannot be read.
struct StandIn {
    file: PathBuf,
    /// How many pages its tables and their schema take.
    pages: u64,
    /// Which of them say what tables there are.
    schema_pages: Vec<u64>,
    /// How many pages the database has that it stands in for.
    there: u64,
}

impl StandIn {
    /// Writes one for a database, and pads it to the same length, because the first page says how long the file is.
    fn written(file: PathBuf, key: &DatabaseKey, damaged: &Path) -> Result<Self> {
        let doing = "writing an empty database";
        let length = fs::metadata(damaged).doing_file(doing, damaged)?.len();
        remove_database(&file)?;
        let mut connection = connect(&file, key).doing(doing)?;
        migrations::migrate(&mut connection)?;
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).doing(doing)?;
        let roots = roots(&connection).doing(doing)?;
        let padding = "INSERT INTO meta (name, value) VALUES ('padding', zeroblob(?1))";
        connection.execute(padding, [length.cast_signed()]).doing(doing)?;
        connection.pragma_update(None, "journal_mode", "DELETE").doing(doing)?;
        let pages = pages.cast_unsigned();
        let schema_pages = (1..=pages).filter(|page| !roots.contains(page)).collect();
        Ok(Self { file, pages, schema_pages, there: length / PAGE_BYTES })
    }

    /// The pages of its own that are missing or fail their HMAC.
    fn unreadable_pages(&self, damaged: &Path, key: &DatabaseKey) -> Vec<u64> {
        let unreadable = unreadable_pages(damaged, key).unwrap_or_else(|| vec![1]);
        unreadable.into_iter().filter(|page| *page <= self.pages).chain(self.there + 1..=self.pages).collect()
    }

    /// Puts its pages in the place of a database's.
    fn replace(&self, damaged: &Path, pages: Vec<u64>) -> Result<()> {
        let replace = || {
            let mut from = fs::File::open(&self.file)?;
            let mut to = OpenOptions::new().write(true).open(damaged)?;
            for page in pages {
                let mut bytes = vec![0; PAGE_BYTES as usize];
                from.seek(SeekFrom::Start((page - 1) * PAGE_BYTES))?;
                from.read_exact(&mut bytes)?;
                to.seek(SeekFrom::Start((page - 1) * PAGE_BYTES))?;
                to.write_all(&bytes)?;
            }
            Ok(())
        };
        replace().doing_file("standing in for unreadable pages", damaged)
    }
}

/// The first page of each table and index.
fn roots(connection: &Connection) -> rusqlite::Result<BTreeSet<u64>> {
    let mut roots = connection.prepare("SELECT rootpage FROM sqlite_schema WHERE rootpage > 0")?;
    roots.query_map([], |row| row.get::<_, i64>(0))?.map(|root| root.map(i64::cast_unsigned)).collect()
}

/// The pages that fail their HMAC, as SQLCipher reports them; `None` when it cannot even look.
fn unreadable_pages(path: &Path, key: &DatabaseKey) -> Option<Vec<u64>> {
    let look = || {
        let connection = Connection::open(path)?;
        connection.execute_batch(&key.sqlcipher())?;
        unauthentic(&connection)
    };
    let page = |line: &String| line.rsplit(' ').next()?.parse().ok();
    Some(look().ok()?.iter().filter_map(page).collect())
}

/// Copies the readable rows of a table whose key is an integer; `false` when too many in a row were unreadable.
fn copy_table(damaged: &Damaged<'_>, tx: &Tx<'_>, table: &str, column: &str) -> bool {
    let copy = |rest: &str, reached: &mut i64| {
        let sql = format!("SELECT {column}, * FROM {table} {rest}");
        damaged.connect().is_ok_and(|connection| copy_rows(&connection, &sql, tx, table, reached))
    };
    let (mut reached, mut back_to) = (0, i64::MAX);
    if copy(&format!("ORDER BY {column}"), &mut reached) {
        return true;
    }
    copy(&format!("ORDER BY {column} DESC"), &mut back_to);
    for _ in 0..MOST_GAPS {
        // What it stopped at is stepped over; beyond that there may be another readable stretch.
        reached += 1;
        let between = format!("WHERE {column} >= {reached} AND {column} < {back_to} ORDER BY {column}");
        if reached >= back_to || copy(&between, &mut reached) {
            return true;
        }
    }
    false
}

/// Copies the edits of pages that no readable page leads to any more: lets the outbox begin at each page in turn. A page of
/// another table gives no row that the fresh outbox accepts.
fn copy_page_by_page(damaged: &Damaged<'_>, tx: &Tx<'_>) {
    let pages = fs::metadata(&damaged.copy).map_or(0, |metadata| metadata.len() / PAGE_BYTES);
    for page in 2..=pages {
        let begin_at = |connection: Connection| {
            connection.execute_batch("PRAGMA synchronous = OFF")?;
            connection.execute("UPDATE sqlite_schema SET rootpage = ?1 WHERE name = 'edit'", [page.cast_signed()])
        };
        if damaged.connect().and_then(begin_at).is_ok()
            && let Ok(connection) = damaged.connect()
        {
            copy_rows(&connection, "SELECT counter, * FROM edit", tx, "edit", &mut 0);
        }
    }
}

/// Copies rows until the first that cannot be read; `true` when there was none. `reached` is the last key read.
fn copy_rows(damaged: &Connection, sql: &str, tx: &Tx<'_>, table: &str, reached: &mut i64) -> bool {
    let Ok(mut select) = damaged.prepare(sql) else { return false };
    let columns: Vec<String> = select.column_names().skip(1).map(str::to_owned).collect();
    let marks = vec!["?"; columns.len()].join(", ");
    let insert = format!("INSERT OR IGNORE INTO {table} ({}) VALUES ({marks})", columns.join(", "));
    let Ok(mut rows) = select.query([]) else { return false };
    loop {
        let Ok(next) = rows.next() else { return false };
        let Some(row) = next else { return true };
        let values = (1..=columns.len()).map(|index| row.get::<_, Value>(index)).collect::<rusqlite::Result<Vec<_>>>();
        let (Ok(key), Ok(values)) = (row.get(0), values) else { return false };
        *reached = key;
        // A row the fresh schema refuses is as unreadable as one on a damaged page.
        let insert = tx.connection.prepare_cached(&insert);
        insert.and_then(|mut sql| sql.execute(params_from_iter(values))).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database as the first version of the app left it: records that fill pages, and a hundred unsent edits.
    const FILLED: &str = "
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 300)
        INSERT INTO record (table_name, sys_id, standing, position, fields, display)
        SELECT 'wm_task', randomblob(16), 1, n, randomblob(900), 'Task ' || n FROM number;
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 100)
        INSERT INTO edit (counter, epoch, table_name, sys_id, hash, body, made_at, state)
        SELECT n, 1, 'wm_task', randomblob(16), zeroblob(32), randomblob(100), n, 'local' FROM number;";

    #[test]
    fn a_rotten_page_costs_at_most_what_is_on_it_wherever_migrations_put_the_schema() {
        let (dir, key) = (tempfile::tempdir().unwrap(), DatabaseKey::new([7; 32]));
        let database = dir.path().join("fieldline.db");
        let old = connect(&database, &key).unwrap();
        old.execute_batch(migrations::MIGRATIONS[0]).unwrap();
        old.execute_batch(FILLED).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);
        drop(Store::open(dir.path(), &key).unwrap());
        let later = connect(&database, &key).unwrap();
        for number in 0..40 {
            let table =
                format!("CREATE TABLE of_a_later_version_{number} (x TEXT) -- {:200}", "as its migration has it");
            later.execute_batch(&table).unwrap();
        }
        drop(later);
        let whole = fs::read(&database).unwrap();
        let mut fewest = u64::MAX;
        for page in 0..whole.len() as u64 / PAGE_BYTES {
            let mut rotten = whole.clone();
            rotten[(page * PAGE_BYTES + 1_000) as usize] ^= 1;
            fs::write(&database, rotten).unwrap();
            let opened = Store::open(dir.path(), &key).unwrap();
            fewest = fewest.min(opened.store.read(|view| view.unsent_count()).unwrap());
        }
        assert!(fewest >= 70, "a page holds fewer than thirty edits, {fewest} were kept");
    }
}
