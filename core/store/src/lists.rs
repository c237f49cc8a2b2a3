//! The lists screens show. Each reads one index and returns whole rows, newest state first; none loads a document.

use fieldline_model::{DocumentId, Record, SysId, TableName, Timestamp};
use fieldline_sync::wire::Position;
use rusqlite::{Params, Row, named_params};

use crate::documents::document_id;
use crate::edits::StoredEdit;
use crate::error::Doing;
use crate::records::{Standing, decode_fields, starts_at};
use crate::{Result, View};

/// Who does a task with whom it is assigned to.
const CREW: &str = "additional_assignee_list";

/// A record as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its fields.
    pub record: Record,
    /// What people recognise it by.
    pub display: String,
    /// Its folded stage; `None` for records without a life cycle.
    pub stage: Option<String>,
    /// The server's position of what is held.
    pub position: Position,
    /// How it came to be here and whether it may stay.
    pub standing: Standing,
    /// How many things about it need this person.
    pub attention: u32,
    /// Whether it can be edited now, or its document must be fetched first.
    pub has_document: bool,
    /// How many edits of it the server has not acknowledged.
    pub unsent: u64,
}

/// A thing in somebody's van.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stocked {
    /// The asset record: what was stocked, and how many.
    pub item: Listed,
    /// How many were taken here that the asset record does not show yet.
    pub unsent: i64,
}

/// What waits for a person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NeedsAttention {
    /// Records with refused steps or alternatives.
    pub records: Vec<Listed>,
    /// Edits the server kept aside.
    pub held: Vec<StoredEdit>,
}

/// How many records of a table are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateCount {
    /// The table.
    pub table: TableName,
    /// The Table API's `state`; `None` for records without one.
    pub state: Option<i64>,
    /// How many.
    pub records: u64,
}

/// A stretch of time `[from, until)`, such as somebody's day in their own time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first moment inside.
    pub from: Timestamp,
    /// The first moment after.
    pub until: Timestamp,
}

/// A row before its fields are decoded, which can fail in its own way.
fn listed(row: &Row<'_>) -> rusqlite::Result<(DocumentId, Vec<u8>, Listed)> {
    let id = document_id(row)?;
    let empty = Listed {
        record: Record::new(id.clone()),
        display: row.get("display")?,
        stage: row.get("stage")?,
        position: Position(row.get::<_, i64>("position")?.cast_unsigned()),
        standing: Standing::from_column(row.get("standing")?),
        attention: row.get("attention")?,
        has_document: row.get("has_document")?,
        unsent: row.get::<_, i64>("unsent")?.cast_unsigned(),
    };
    Ok((id, row.get("fields")?, empty))
}

impl View<'_> {
    fn list(&self, doing: &str, sql: &str, params: impl Params) -> Result<Vec<Listed>> {
        let rows: Vec<_> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut sql| sql.query_map(params, listed)?.collect())
            .doing(doing)?;
        let decode = |(id, fields, row): (DocumentId, Vec<u8>, Listed)| {
            Ok(Listed { record: decode_fields(&id, &fields)?, ..row })
        };
        rows.into_iter().map(decode).collect()
    }

    /// A record.
    pub fn record(&self, id: &DocumentId) -> Result<Option<Listed>> {
        let params = (id.sys_id.0, id.table.as_str());
        let sql = "SELECT * FROM listed WHERE sys_id = ?1 AND table_name = ?2";
        Ok(self.list("reading a record", sql, params)?.pop())
    }

    /// A record whose table is not known, as references name it.
    pub fn find(&self, sys_id: SysId) -> Result<Option<Listed>> {
        Ok(self.list("finding a record", "SELECT * FROM listed WHERE sys_id = ?1", [sys_id.0])?.pop())
    }

    /// What somebody has to do in a day, by start: what begins in it, and before that what is overdue or has no time. The work of a
    /// crew is each one's.
    pub fn today(&self, user: SysId, day: Span, limit: u32) -> Result<Vec<Listed>> {
        let params = named_params! {":user": user.0, ":from": day.from.0, ":until": day.until.0, ":limit": limit};
        let mut work = self.list("listing today's work", include_str!("sql/today.sql"), params)?;
        let params = named_params! {":user": user.0, ":from": day.from.0, ":until": day.until.0};
        let of_others = self.list("listing a crew's work", include_str!("sql/today_of_others.sql"), params)?;
        let of_crews = of_others.into_iter().filter(|row| row.record.references(CREW).contains(&user));
        let alone = work.len();
        work.extend(of_crews);
        if work.len() > alone {
            work.sort_by_cached_key(|row| (starts_at(&row.record), row.record.text("number").to_owned()));
            work.truncate(limit as usize);
        }
        Ok(work)
    }

    /// The records of a table in a state, by number.
    pub fn by_state(&self, table: &TableName, state: i64, limit: u32) -> Result<Vec<Listed>> {
        let sql = "SELECT * FROM listed WHERE table_name = ?1 AND state = ?2 ORDER BY number LIMIT ?3";
        self.list("listing by state", sql, (table.as_str(), state, limit))
    }

    /// How many records each table has in each state.
    pub fn counts(&self) -> Result<Vec<StateCount>> {
        let read = |row: &Row<'_>| {
            let table: String = row.get(0)?;
            let records: i64 = row.get(2)?;
            Ok(StateCount { table: table.as_str().into(), state: row.get(1)?, records: records.cast_unsigned() })
        };
        self.connection
            .prepare_cached("SELECT table_name, state, count(fields) FROM record GROUP BY table_name, state")
            .and_then(|mut sql| sql.query_map([], read)?.collect())
            .doing("counting records")
    }

    /// The records of a table, by what people recognise them by.
    pub fn by_table(&self, table: &TableName, limit: u32) -> Result<Vec<Listed>> {
        let sql = "SELECT * FROM listed WHERE table_name = ?1 ORDER BY display LIMIT ?2";
        self.list("listing a table", sql, (table.as_str(), limit))
    }

    /// Work and assets at a site, open ones first.
    pub fn by_site(&self, location: SysId, limit: u32) -> Result<Vec<Listed>> {
        let sql = "SELECT * FROM listed WHERE location = ?1 ORDER BY active IS 0, starts_at, number LIMIT ?2";
        self.list("listing a site", sql, (location.0, limit))
    }

    /// Work on an asset or configuration item, open ones first.
    pub fn by_asset(&self, asset: SysId, limit: u32) -> Result<Vec<Listed>> {
        self.list(
            "listing an asset's work",
            "SELECT * FROM listed WHERE asset = ?1 OR configuration_item = ?1
             ORDER BY active IS 0, starts_at, number LIMIT ?2",
            (asset.0, limit),
        )
    }

    /// The records of a table that refer to a record in any field, such as the tasks of an order.
    pub fn referring(&self, target: SysId, table: &TableName, limit: u32) -> Result<Vec<Listed>> {
        self.list(
            "listing what refers to a record",
            "SELECT * FROM listed WHERE id IN (SELECT record FROM refers WHERE target = ?1) AND table_name = ?2
             ORDER BY number, display LIMIT ?3",
            (target.0, table.as_str(), limit),
        )
    }

    /// What is in the stockrooms a person keeps: assets, and what was taken of them here since the server counted.
    pub fn van_stock(&self, user: SysId, limit: u32) -> Result<Vec<Stocked>> {
        let sql = include_str!("sql/van_stock.sql");
        let items = self.list("listing van stock", sql, named_params! {":user": user.0, ":limit": limit})?;
        let stocked = |item: Listed| Ok(Stocked { unsent: self.unsent_of_lot(&item.record)?, item });
        items.into_iter().map(stocked).collect()
    }

    fn unsent_of_lot(&self, asset: &Record) -> Result<i64> {
        let place = asset.reference("stockroom").zip(asset.reference("model"));
        let taken = place.map(|(stockroom, model)| self.taken_of(stockroom, model, asset.id.sys_id));
        Ok(taken.transpose()?.unwrap_or_default().unsent)
    }

    /// What waits for a person's decision.
    pub fn needs_attention(&self, limit: u32) -> Result<NeedsAttention> {
        let sql = "SELECT * FROM listed WHERE attention > 0 ORDER BY starts_at, number LIMIT ?1";
        Ok(NeedsAttention { records: self.list("listing what needs attention", sql, [limit])?, held: self.held()? })
    }

    /// The hits of [`crate::Store::search`], whole.
    pub(crate) fn search(&self, text: &str, limit: u32) -> Result<Vec<Listed>> {
        let mut rows = Vec::new();
        for hit in self.hits(text, limit as usize)? {
            rows.extend(self.list("reading a hit", "SELECT * FROM listed WHERE id = ?1", [hit])?);
        }
        Ok(rows)
    }
}
