//! Numbers leased to this device, so that a record created offline has its final number at birth.

use fieldline_model::number::NumberBlock;
use fieldline_model::plant::{self, Plant};
use rusqlite::{OptionalExtension, named_params};

use crate::error::Doing;
use crate::{Result, Tx, View};

impl View<'_> {
    /// How many numbers of a prefix are left.
    pub fn numbers_left(&self, prefix: &str) -> Result<u64> {
        let left: i64 = self
            .connection
            .query_row(
                "SELECT coalesce(sum(end - next), 0) FROM number_block WHERE prefix = :prefix",
                named_params! {":prefix": prefix},
                |row| row.get(0),
            )
            .doing(format_args!("counting the numbers of {prefix}"))?;
        Ok(left.cast_unsigned())
    }
}

impl Tx<'_> {
    /// Gives up the numbers that are left, because somebody else may be using them. The blocks stay, so that one that comes
    /// again gives no number twice.
    pub fn give_up_numbers(&self) -> Result<()> {
        self.connection.execute("UPDATE number_block SET next = end", []).doing("giving up leased numbers")?;
        Ok(())
    }

    /// Adds a leased block; the same block again adds nothing.
    pub fn add_number_block(&self, block: &NumberBlock) -> Result<()> {
        self.connection
            .execute(
                "INSERT OR IGNORE INTO number_block (prefix, first, next, end) VALUES (:prefix, :next, :next, :end)",
                named_params! {
                    ":prefix": block.prefix, ":next": block.next.cast_signed(), ":end": block.end.cast_signed(),
                },
            )
            .doing(format_args!("keeping numbers of {}", block.prefix))?;
        Ok(())
    }

    /// Gives out the next number of a prefix, `None` when all are used up.
    pub fn take_number(&self, prefix: &str) -> Result<Option<String>> {
        let doing = format_args!("taking a number of {prefix}");
        let block = self
            .connection
            .query_row(
                "SELECT first, next, end FROM number_block WHERE prefix = :prefix AND next < end ORDER BY first",
                named_params! {":prefix": prefix},
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?)),
            )
            .optional()
            .doing(doing)?;
        let Some((first, next, end)) = block else { return Ok(None) };
        let taken = i64::from(!plant::is(Plant::NumbersUsedTwice));
        self.connection
            .execute(
                "UPDATE number_block SET next = next + :taken WHERE prefix = :prefix AND first = :first",
                named_params! {":prefix": prefix, ":first": first, ":taken": taken},
            )
            .doing(doing)?;
        let (next, end) = (next.cast_unsigned(), end.cast_unsigned());
        Ok(NumberBlock { prefix: prefix.into(), next, end }.take())
    }
}
