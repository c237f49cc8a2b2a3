//! Opening the database: the right key, the newest schema, a sound file; or else a clear answer, and nothing lost.
//!
//! A wrong key and a newer database are errors that leave the files untouched. A damaged file is set aside and a fresh one
//! takes its place that carries what could be salvaged. The replacement is built beside and moved in by one rename, so a
//! power cut anywhere on the way leaves either the damaged file, to be salvaged again, or the finished replacement.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, Once};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::blob_files::{BlobFiles, sync_directory};
use crate::closed_mark::{ClosedMark, LastTime};
use crate::error::{Doing, DoingFile};
use crate::identity::IdentityFile;
use crate::newest_mark::{self, NewestMark};
use crate::salvage::{self, Salvage};
use crate::store::Unindexed;
use crate::{DatabaseKey, Result, Store, StoreError, View, log, migrations};

/// Longest wait for another connection's lock; a write takes milliseconds, a checkpoint at the most tenths of seconds.
const BUSY: Duration = Duration::from_secs(10);
/// Prepared statements kept per connection: more than there are, so each is compiled once.
const STATEMENTS: usize = 128;
/// What the server cannot give again. A damaged page of anything else is noticed when it is read.
const ONLY_HERE: [&str; 4] = ["edit", "meta", "number_block", "blob"];
/// Damaged files kept for a look; older ones are removed so that they cannot fill the phone.
const DAMAGED_KEPT: usize = 2;

/// A store that is ready.
pub struct Opened {
    /// The store.
    pub store: Store,
    /// What was carried over, when the file was damaged and a fresh one took its place.
    pub salvage: Option<Salvage>,
}

/// The files of a store's directory.
pub(crate) struct Files {
    dir: PathBuf,
    pub(crate) database: PathBuf,
    pub(crate) key_check: PathBuf,
    pub(crate) identity: PathBuf,
    pub(crate) blobs: PathBuf,
}

impl Files {
    fn new(dir: &Path) -> Self {
        let file = |name: &str| dir.join(name);
        Self {
            dir: dir.to_owned(),
            database: file("fieldline.db"),
            key_check: file("key.check"),
            identity: file("identity.sealed"),
            blobs: file("blobs"),
        }
    }

    /// The working copy from which a damaged database is read, and what stands in for its unreadable pages.
    pub(crate) fn working_copies(&self) -> [PathBuf; 2] {
        ["fieldline.salvaging", "fieldline.empty"].map(|name| self.dir.join(name))
    }

    /// The replacement of a damaged database while it is being built.
    fn building(&self) -> PathBuf {
        self.dir.join("fieldline.building")
    }

    /// The finished replacement, until it has taken the place of the damaged database.
    fn replacement(&self) -> PathBuf {
        self.dir.join("fieldline.replacement")
    }
}

impl Store {
    /// Opens the store in `dir`, and makes it when there is none.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] and [`StoreError::UpdateNeeded`] leave every file untouched. A damaged file is no error: see
    /// [`Opened::salvage`].
    pub fn open(dir: &Path, key: &DatabaseKey) -> Result<Opened> {
        fs::create_dir_all(dir).doing_file("making the directory", dir)?;
        let files = Files::new(dir);
        require_right_key(&files, key)?;
        if files.replacement().exists() {
            move_in_replacement(&files)?;
        }
        let (store, salvage) = match open_in_place(&files, key) {
            Ok(store) => (store, None),
            Err(StoreError::Damaged { .. }) => {
                let salvage = replace_damaged(&files, key)?;
                (open_sound(&files, &files.database, key)?, Some(salvage))
            }
            Err(error) => return Err(error),
        };
        if salvage.is_none() {
            store.remove_orphans()?;
        }
        Ok(Opened { store, salvage })
    }
}

/// Whether there is a store in a directory.
pub fn is_in(dir: &Path) -> bool {
    let files = Files::new(dir);
    files.database.exists() || files.key_check.exists()
}

/// Removes a store's directory with all that is in it.
///
/// # Errors
/// When a file cannot be removed.
pub fn wipe(dir: &Path) -> Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        removed => removed.doing_file("removing", dir),
    }
}

/// Fails with [`StoreError::WrongKey`] unless the key is the one the files were made with.
fn require_right_key(files: &Files, key: &DatabaseKey) -> Result<()> {
    match key.matches(&files.key_check)? {
        Some(true) => Ok(()),
        None if !files.database.exists() => key.write_check(&files.key_check),
        // The check file is gone or damaged beyond its copies: only the database itself can tell.
        _ if opens_read_only(&files.database, key) => key.write_check(&files.key_check),
        _ => Err(StoreError::WrongKey(files.dir.clone())),
    }
}

fn opens_read_only(path: &Path, key: &DatabaseKey) -> bool {
    let look = || {
        set_up_sqlcipher();
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        connection.execute_batch(&key.sqlcipher())?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))
    };
    look().is_ok()
}

/// SQLite lets a second thread through while the first still sets SQLCipher up, and that thread's key is then refused. So
/// the first connection of the process is made alone, until its key is taken.
fn set_up_sqlcipher() {
    /// Setting up takes microseconds; a process where it fails a thousand times gets the error from its real connection.
    const MOST_TRIES: usize = 1000;
    static SET_UP: Once = Once::new();
    let takes_key = || Connection::open_in_memory()?.execute_batch("PRAGMA key = 'any'");
    SET_UP.call_once(|| {
        let mut tries = 0..MOST_TRIES;
        while tries.next().is_some() && takes_key().is_err() {
            std::thread::yield_now();
        }
    });
}

/// Connects with the settings every connection has.
pub(crate) fn connect(path: &Path, key: &DatabaseKey) -> rusqlite::Result<Connection> {
    set_up_sqlcipher();
    let connection = Connection::open(path)?;
    connection.execute_batch(&key.sqlcipher())?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without this, binding a parameter that a partial index might depend on prepares the statement anew, every time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.execute_batch(include_str!("sql/settings.sql"))?;
    Ok(connection)
}

/// Opens the database, unless it is empty or gone although this device was enrolled: that is damage, too.
fn open_in_place(files: &Files, key: &DatabaseKey) -> Result<Store> {
    let empty = fs::metadata(&files.database).map_or(true, |metadata| metadata.len() == 0);
    if empty && files.identity.exists() {
        return Err(damage("the file is empty or gone")).doing("opening the database");
    }
    open_sound(files, &files.database, key)
}

fn damage(verdict: &str) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT), Some(verdict.into()))
}

/// Opens a database, brings it to the newest schema and checks it; [`StoreError::Damaged`] when it is not sound.
fn open_sound(files: &Files, database: &Path, key: &DatabaseKey) -> Result<Store> {
    let doing = "opening the database";
    if log::has_rotted(&with_suffix(database, "-wal"))? {
        return Err(damage("its log has rotted")).doing(doing);
    }
    let (closed_mark, last_time) = ClosedMark::take(database);
    let mut connection = connect(database, key).doing(doing)?;
    migrations::migrate(&mut connection)?;
    match last_time {
        LastTime::ClosedInOrder => {}
        LastTime::Killed => ONLY_HERE.into_iter().try_for_each(|table| check(&connection, table, doing))?,
        LastTime::Suspect => check(&connection, "1", doing).and_then(|()| check_every_page(&connection, doing))?,
    }
    let newest_mark = NewestMark::of(database);
    if let Some(newest) = newest_mark.read()
        && !(View { connection: &connection }).has_edit(newest)?
    {
        return Err(damage("the edit saved last is missing")).doing(doing);
    }
    connection.pragma_update(None, "query_only", true).doing(doing)?;
    let (path, key_of_writer) = (database.to_owned(), key.clone());
    Ok(Store {
        writer: Mutex::default(),
        connect: Box::new(move || connect(&path, &key_of_writer)),
        reader: Mutex::new(connection),
        blob_files: BlobFiles::open(files.blobs.clone(), key)?,
        identity_file: IdentityFile::new(files.identity.clone(), key),
        unindexed: Unindexed::default(),
        is_checked: AtomicBool::new(last_time != LastTime::Killed),
        newest_mark,
        closed_mark,
    })
}

/// Checks a table, or with `1` the whole file, up to the first thing that is wrong.
pub(crate) fn check(connection: &Connection, what: &str, doing: &str) -> Result<()> {
    let verdict: String =
        connection.query_row(&format!("PRAGMA quick_check({what})"), [], |row| row.get(0)).doing(doing)?;
    if verdict == "ok" { Ok(()) } else { Err(damage(&verdict)).doing(doing) }
}

/// Checks the HMAC of every page in the file, also of those that hold nothing and will be written over.
fn check_every_page(connection: &Connection, doing: &str) -> Result<()> {
    match unauthentic(connection).doing(doing)?.first() {
        Some(complaint) => Err(damage(complaint)).doing(doing),
        None => Ok(()),
    }
}

/// What SQLCipher says of pages that fail their HMAC.
pub(crate) fn unauthentic(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare("PRAGMA cipher_integrity_check")?;
    check.query_map([], |row| row.get(0))?.collect()
}

/// Builds the replacement of a damaged database, moves it in, and says what it carries.
fn replace_damaged(files: &Files, key: &DatabaseKey) -> Result<Salvage> {
    let building = files.building();
    remove_database(&building)?;
    let fresh = open_sound(files, &building, key)?;
    let mut salvage = salvage::carry_over(files, key, &fresh)?;
    fresh.fold_into_one_file()?;
    fs::rename(&building, files.replacement())
        .and_then(|()| sync_directory(&building))
        .doing_file("finishing", &building)?;
    remove_database(&building)?;
    salvage.set_aside = move_in_replacement(files)?;
    Ok(salvage)
}

/// Sets the damaged database aside and puts the finished replacement in its place. Can be repeated after a power cut.
fn move_in_replacement(files: &Files) -> Result<Option<PathBuf>> {
    let aside = next_damaged_name(files)?;
    for suffix in ["", "-wal"] {
        let (from, to) = (with_suffix(&files.database, suffix), with_suffix(&aside, suffix));
        if from.exists() {
            fs::rename(&from, &to).doing_file("setting aside", &from)?;
        }
    }
    remove_database(&files.database)?;
    fs::rename(files.replacement(), &files.database)
        .and_then(|()| sync_directory(&files.database))
        .doing_file("putting in place", &files.database)?;
    Ok(aside.exists().then_some(aside))
}

/// The first free name `fieldline.db.damaged-N`; makes room by removing the oldest.
fn next_damaged_name(files: &Files) -> Result<PathBuf> {
    let name = |number: usize| with_suffix(&files.database, &format!(".damaged-{number}"));
    let number = (1..).find(|number| !name(*number).exists()).expect("there are endless numbers");
    if number <= DAMAGED_KEPT {
        return Ok(name(number));
    }
    remove_database(&name(1))?;
    for number in 1..number - 1 {
        for suffix in ["", "-wal"] {
            let (from, to) = (with_suffix(&name(number + 1), suffix), with_suffix(&name(number), suffix));
            if from.exists() {
                fs::rename(&from, &to).doing_file("renaming", &from)?;
            }
        }
    }
    Ok(name(number - 1))
}

pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Removes a database with its write-ahead log and note; nothing happens when there is none.
pub(crate) fn remove_database(path: &Path) -> Result<()> {
    for suffix in ["", "-wal", "-shm", "-journal", newest_mark::SUFFIX] {
        let path = with_suffix(path, suffix);
        if path.exists() {
            fs::remove_file(&path).doing_file("removing", &path)?;
        }
    }
    Ok(())
}
