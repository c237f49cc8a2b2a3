//! Questions about a table's records: which there are, a page of them, how many, and figures.
//!
//! A question is fitted to its table and to who asks once, and is then asked as often as need be.

use fieldline_model::condition::{Filter, Path, Query, Resolved, Sort};
use fieldline_model::{Record, TableName};
use fieldline_storage::{Aggregation, Bucket, Selection, Sight};

use crate::bookmark::Bookmark;
use crate::call::Call;
use crate::table::{Result, TableError, family};

/// A page of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The records, in the query's order.
    pub records: Vec<Record>,
    /// How many match altogether and are the caller's to see.
    pub total: u64,
}

/// A question about a table's records: a query that fits it, and who asks.
#[derive(Debug, Clone)]
pub struct Question {
    tables: Vec<TableName>,
    filter: Filter,
    order: Vec<Sort>,
    sight: Sight,
    /// What of the query was left out, as written.
    pub ignored: Vec<String>,
}

impl Question {
    /// A query as it holds for a table and the caller; what the table does not have or the caller may not ask is left out.
    ///
    /// # Errors
    /// When there is no such table or the database fails.
    pub fn new(call: &Call<'_>, table: &str, query: &Query) -> Result<Self> {
        let tables = family(call, table)?.to_vec();
        let Resolved { filter, mut order, ignored } = call.resolve(table, query);
        // Storage has every table in the order of its numbers, but not many tables at once.
        if order.is_empty() && tables.len() == 1 {
            let path = call.path(table, "number").map(|(path, _)| path);
            order.extend(path.map(|path| Sort { path, descending: false }));
        }
        Ok(Self { tables, filter, order, sight: call.sight()?, ignored })
    }

    fn selection(&self) -> Selection<'_> {
        Selection { tables: &self.tables, filter: &self.filter, order: &self.order, sight: &self.sight }
    }

    /// The records asked for that the caller sees.
    ///
    /// # Errors
    /// When the database fails.
    pub fn records(&self, call: &Call<'_>, limit: u32, offset: u32) -> Result<Vec<Record>> {
        let records = call.tx.select(&self.selection(), limit, offset)?;
        Ok(records.into_iter().map(|record| call.as_of_now(record)).collect())
    }

    /// The next of these after a place, or the first ones, and the place to go on from when there are more.
    ///
    /// # Errors
    /// When the place belongs to another order, or the database fails.
    pub fn page(
        &self,
        call: &Call<'_>,
        limit: u32,
        from: Option<&Bookmark>,
    ) -> Result<(Vec<Record>, Option<Bookmark>)> {
        let last = ["sys_id", "sys_class_name"].map(|field| Sort { path: Path::of(field), descending: false });
        let order: Vec<Sort> = self.order.iter().cloned().chain(last).collect();
        let behind = match from.map(|from| from.place(&order, &self.tables)) {
            Some(Some(place)) => Filter::after(&order, place),
            Some(None) => {
                let problem = "the cursor belongs to a list of another order; begin this one without";
                return Err(TableError::invalid(&self.tables[0], None, problem));
            }
            None => Filter::everything(),
        };
        let filter = self.filter.clone().and(behind);
        let selection = Selection { order: &order, filter: &filter, ..self.selection() };
        let mut records = call.tx.select(&selection, limit.saturating_add(1), 0)?;
        let more = records.len() > limit as usize;
        records.truncate(limit as usize);
        let place = |last| Bookmark::at(last, &order, &self.tables, (call, &self.sight));
        let next = records.last().filter(|_| more).map(place);
        Ok((records.into_iter().map(|record| call.as_of_now(record)).collect(), next))
    }

    /// How many they are.
    ///
    /// # Errors
    /// When the database fails.
    pub fn count(&self, call: &Call<'_>) -> Result<u64> {
        Ok(call.tx.count(&self.selection())?)
    }

    /// Some of them, and how many they are in all; a page that is not full says that by itself.
    ///
    /// # Errors
    /// When the database fails.
    pub fn found(&self, call: &Call<'_>, limit: u32, offset: u32) -> Result<Found> {
        let records = self.records(call, limit, offset)?;
        let is_last = records.len() < limit as usize && (offset == 0 || !records.is_empty());
        let total = if is_last { u64::from(offset) + records.len() as u64 } else { self.count(call)? };
        Ok(Found { records, total })
    }

    /// Figures about them.
    ///
    /// # Errors
    /// When the database fails.
    pub fn aggregate(&self, call: &Call<'_>, asked: &Aggregation) -> Result<Vec<Bucket>> {
        Ok(call.tx.aggregate(&self.selection(), asked)?)
    }
}

/// Records of a table, and of tables that extend it, that match and that the caller may see, and how many there are.
///
/// # Errors
/// When there is no such table or the database fails.
pub fn query(call: &Call<'_>, table: &str, query: &Query, limit: u32, offset: u32) -> Result<Found> {
    Question::new(call, table, query)?.found(call, limit, offset)
}
