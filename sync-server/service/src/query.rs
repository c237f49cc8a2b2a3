//! What may be asked for, by whom: queries fitted to a table, and the caller's sight.
//!
//! The one place where access becomes a predicate. [`Call::sight`] says which records somebody sees; storage makes SQL of it,
//! and the same value answers for a record in memory. [`Call::resolve`] leaves out what fields the caller may not read, so
//! that neither a list nor a figure nor an order tells anything about them.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use fieldline_model::condition::{Asking, Condition, Filter, Group, Operator, Path, Query, Resolved};
use fieldline_model::{FieldType, Record, SysId, Timestamp, Utc0, Value, Zone};
use fieldline_storage::{EVERYTHING, Selection, Sight};

use crate::call::Call;
use crate::error::Result;
use crate::scope;
use crate::zone::UserZone;

impl Call<'_> {
    /// The rows of a table that a filter holds for, whoever asks.
    pub(crate) fn rows(&self, table: &str, filter: &Filter) -> Result<Vec<Record>> {
        Ok(self.tx.select(&Selection::of(self.dictionary.family(table), filter), u32::MAX, 0)?)
    }

    /// The first `limit` of these.
    pub(crate) fn some_rows(&self, table: &str, filter: &Filter, limit: u32) -> Result<Vec<Record>> {
        Ok(self.tx.select(&Selection::of(self.dictionary.family(table), filter), limit, 0)?)
    }

    /// The rows of a table that match an encoded query, in its order, whoever asks.
    pub(crate) fn rows_of_query(&self, table: &str, query: &str) -> Result<Vec<Record>> {
        self.some_rows_of(table, &Query::parse(query).query, (u32::MAX, 0))
    }

    /// A page of the rows of a table that match a query, in its order, whoever asks.
    pub(crate) fn some_rows_of(&self, table: &str, query: &Query, (limit, offset): (u32, u32)) -> Result<Vec<Record>> {
        let Resolved { filter, order, .. } = query.resolve(table, &self.anybody());
        let tables = self.dictionary.family(table);
        Ok(self.tx.select(&Selection { tables, filter: &filter, order: &order, sight: &EVERYTHING }, limit, offset)?)
    }

    /// The rows of a table whose fields have all these values, given as texts, whoever asks. None where a value is not one of
    /// its field's.
    pub(crate) fn rows_with(&self, table: &str, values: &[(&str, &str)]) -> Result<Vec<Record>> {
        let condition = |(field, value): &(&str, &str)| Condition {
            path: field.split('.').map(str::to_owned).collect(),
            operator: if value.is_empty() { Operator::IsEmpty } else { Operator::Equals },
            value: (*value).to_owned(),
        };
        let clauses = values.iter().map(|value| vec![condition(value).into()]).collect();
        let query = Query { groups: vec![Group { clauses }], order: Vec::new() };
        let Resolved { filter, ignored, .. } = query.resolve(table, &self.anybody());
        if ignored.is_empty() { self.rows(table, &filter) } else { Ok(Vec::new()) }
    }

    /// Asks for nobody in particular.
    pub(crate) fn anybody(&self) -> Asking<'_> {
        Asking {
            dictionary: &self.dictionary,
            now: self.now,
            zone: &Utc0,
            user: None,
            groups: &Vec::new,
            may_read: &|_, _| true,
        }
    }

    /// A query as it holds for a table and the caller.
    pub(crate) fn resolve(&self, table: &str, query: &Query) -> Resolved {
        self.asking(|asking| query.resolve(table, asking))
    }

    /// The way to a field of a table, and what it holds; `None` where it leads nowhere or the caller may not look.
    pub fn path(&self, table: &str, name: &str) -> Option<(Path, FieldType)> {
        let names: Vec<String> = name.split('.').map(str::to_owned).collect();
        self.asking(|asking| asking.walk(table, &names).map(|(path, field)| (path, field.field_type)))
    }

    fn asking<T>(&self, work: impl FnOnce(&Asking<'_>) -> T) -> T {
        work(&Asking {
            dictionary: &self.dictionary,
            now: self.now,
            zone: &CallersZone { call: self, zone: OnceCell::new() },
            user: Some(self.caller.user),
            groups: &|| self.groups_of(self.caller.user).unwrap_or_default(),
            may_read: &|_, field| self.caller.may(&field.read),
        })
    }

    /// The groups a user belongs to.
    pub(crate) fn groups_of(&self, user: SysId) -> Result<Vec<SysId>> {
        let rows = self.rows("sys_user_grmember", &Filter::equals("user", user))?;
        Ok(rows.iter().filter_map(|row| row.reference("group")).collect())
    }

    /// Which records the caller sees.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sight(&self) -> Result<Sight> {
        if self.caller.is_administrator() {
            return Ok(Sight::default());
        }
        let whole = self.dictionary.tables().filter(|table| self.caller.reads_all(table));
        let whole: BTreeSet<_> = whole.map(|table| table.name.clone()).collect();
        Ok(Sight { whole: Some(whole), keys: scope::keys_of(&*self.tx, self.caller.user)? })
    }

    /// Where the caller's days begin.
    pub fn callers_zone(&self) -> UserZone {
        let row = self.tx.find(self.dictionary.family("sys_user"), self.caller.user).ok().flatten();
        UserZone::named(row.as_ref().map_or("", |row| row.text("time_zone")))
    }
}

/// The caller's zone, looked up when a date asks for it.
struct CallersZone<'c, 's> {
    call: &'c Call<'s>,
    zone: OnceCell<UserZone>,
}

impl Zone for CallersZone<'_, '_> {
    fn ahead_seconds(&self, at: Timestamp) -> i32 {
        self.zone.get_or_init(|| self.call.callers_zone()).ahead_seconds(at)
    }
}

/// A number, whether the dictionary keeps it as a number or as the word of a choice.
pub(crate) fn number_field(record: &Record, field: &str) -> Option<i64> {
    match record.get(field)? {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}
