//! One transaction: a connection held until the end, undone unless committed.

use std::fmt::Display;
use std::ops::Deref;
use std::sync::MutexGuard;

use fieldline_storage::{Result, Settings, Tx};
use rusqlite::{Connection, OptionalExtension, Params, Row};

use crate::{SqliteStorage, failed};

/// The connection of a transaction and whom it goes back to.
pub(crate) enum Held<'a> {
    Writer(MutexGuard<'a, Connection>),
    /// `None` only while it is being given back.
    Reader(&'a SqliteStorage, Option<Connection>),
}

impl Deref for Held<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        match self {
            Self::Writer(connection) => connection,
            Self::Reader(_, connection) => connection.as_ref().expect("given back only in drop"),
        }
    }
}

/// An open transaction. What its methods call `doing` is put into words only when the database failed.
pub(crate) struct Transaction<'a> {
    held: Held<'a>,
    writes: bool,
}

impl<'a> Transaction<'a> {
    pub(crate) fn write(connection: MutexGuard<'a, Connection>) -> Result<Self> {
        step(&connection, "BEGIN IMMEDIATE").map_err(failed("beginning a transaction"))?;
        Ok(Self { held: Held::Writer(connection), writes: true })
    }

    /// The state is fixed here and not at the first query, so what is read cannot depend on how long the caller waited.
    pub(crate) fn read(held: Held<'a>) -> Result<Self> {
        let transaction = Self { held, writes: false };
        step(&transaction.held, "BEGIN DEFERRED").map_err(failed("beginning to read"))?;
        transaction.first("beginning to read", "SELECT head FROM feed", [], |_| Ok(()))?;
        Ok(transaction)
    }

    /// Runs a statement that changes rows; returns how many. That a reading transaction refuses is said here and not by
    /// `PRAGMA query_only`, which would throw away every prepared statement each time it is switched.
    pub(crate) fn run(&self, doing: impl Display, sql: &str, params: impl Params) -> Result<usize> {
        self.must_write(&doing)?;
        self.held.prepare_cached(sql).and_then(|mut statement| statement.execute(params)).map_err(failed(doing))
    }

    /// Fails in a transaction that only reads.
    pub(crate) fn must_write(&self, doing: impl Display) -> Result<()> {
        if self.writes { Ok(()) } else { Err(failed(doing)("this transaction only reads; begin one that writes")) }
    }

    /// The first row, if any.
    pub(crate) fn first<T>(
        &self,
        doing: impl Display,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.held
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read).optional())
            .map_err(failed(doing))
    }

    /// The first row for each of many keys; every key has one.
    pub(crate) fn each<T>(
        &self,
        doing: impl Display,
        sql: &str,
        keys: impl IntoIterator<Item = i64>,
        mut read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let all = self
            .held
            .prepare_cached(sql)
            .and_then(|mut statement| keys.into_iter().map(|key| statement.query_row([key], &mut read)).collect());
        all.map_err(failed(doing))
    }

    /// Every row, into whatever collects.
    pub(crate) fn all<T, C: FromIterator<T>>(
        &self,
        doing: impl Display,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<C> {
        self.held
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, read)?.collect())
            .map_err(failed(doing))
    }
}

/// Begins or ends a transaction, by a statement that is not prepared every time.
fn step(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

impl Tx for Transaction<'_> {
    fn commit(self: Box<Self>) -> Result<()> {
        step(&self.held, "COMMIT").map_err(failed("committing"))
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        // What cannot be undone here is undone when the connection closes or the file is opened again.
        let undone = self.held.is_autocommit() || step(&self.held, "ROLLBACK").is_ok();
        if let Held::Reader(storage, connection) = &mut self.held
            && let Some(connection) = connection.take()
            && undone
        {
            storage.keep_reader(connection);
        }
    }
}

impl Settings for Transaction<'_> {
    fn setting(&self, name: &str) -> Result<Option<Vec<u8>>> {
        self.first("reading a setting", "SELECT value FROM setting WHERE name = ?1", [name], |row| row.get(0))
    }

    fn put_setting(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let sql = "INSERT INTO setting (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value";
        self.run("writing a setting", sql, (name, value)).map(drop)
    }
}
