//! What may be asked for, by whom: queries fitted to a table, and the caller's sight.
//!
//! The one place where access becomes a predicate. [`Call::sight`] says which records somebody sees, and of which of them a
//! field is known to them; storage makes SQL of it, and the same value answers for a record in memory. [`Call::resolve`]
//! leaves out fields the caller may read of no record, so that neither a list nor a figure nor an order tells anything.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use fieldline_model::condition::{Alone, Asking, Check, Condition, Filter, Group, Operator, Path, Query, Resolved};
use fieldline_model::dictionary::{Field, Readers};
use fieldline_model::{FieldType, Record, SysId, Table, Timestamp, Utc0, Value, Zone};
use fieldline_storage::{EVERYTHING, Glimpse, ScopeKey, Selection, Sight};

use crate::call::Call;
use crate::error::Result;
use crate::knowledge;
use crate::scope;
use fieldline_model::UserZone;

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
        self.filter_of(table, values).map_or_else(|| Ok(Vec::new()), |filter| self.rows(table, &filter))
    }

    /// That fields of a table have all these values; `None` where a value is not one of its field's.
    pub(crate) fn filter_of(&self, table: &str, values: &[(&str, &str)]) -> Option<Filter> {
        let condition = |(field, value): &(&str, &str)| Condition {
            path: field.split('.').map(str::to_owned).collect(),
            operator: if value.is_empty() { Operator::IsEmpty } else { Operator::Equals },
            value: (*value).to_owned(),
        };
        let clauses = values.iter().map(|value| vec![condition(value).into()]).collect();
        let query = Query { groups: vec![Group { clauses }], order: Vec::new() };
        let Resolved { filter, ignored, .. } = query.resolve(table, &self.anybody());
        ignored.is_empty().then_some(filter)
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
            may_read: &|_, field| self.caller.may_ask_of(field),
        })
    }

    /// The groups a user belongs to.
    pub(crate) fn groups_of(&self, user: SysId) -> Result<Vec<SysId>> {
        let rows = self.rows("sys_user_grmember", &Filter::equals("user", user))?;
        Ok(rows.iter().filter_map(|row| row.reference("group")).collect())
    }

    /// The members of a group.
    pub(crate) fn members_of(&self, group: SysId) -> Result<Vec<SysId>> {
        let rows = self.rows("sys_user_grmember", &Filter::equals("group", group))?;
        Ok(rows.iter().filter_map(|row| row.reference("user")).collect())
    }

    /// Which records the caller sees.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sight(&self) -> Result<Sight> {
        if self.caller.is_administrator() {
            return Ok(Sight::default());
        }
        let keys = scope::keys_of(&*self.tx, self.caller.user)?;
        let mut sight = Sight { whole: Some(BTreeSet::new()), keys, ..Sight::default() };
        for table in self.dictionary.tables() {
            self.look_at(table, &mut sight);
        }
        self.close_bases(&mut sight)?;
        Ok(sight)
    }

    /// Takes out of a sight the articles of knowledge bases that are not for the caller, but for those the caller keeps.
    fn close_bases(&self, sight: &mut Sight) -> Result<()> {
        let closed = self.closed_bases()?;
        if closed.is_empty() {
            return Ok(());
        }
        let in_base = Check::Is(closed.iter().map(|base| base.to_string().as_str().into()).collect());
        let elsewhere = Filter::Test(Path::of(knowledge::BASE), in_base).negated();
        for table in self.dictionary.family(knowledge::ARTICLES) {
            let Some(declared) = self.dictionary.table(table.as_str()) else { continue };
            let is_whole = sight.whole.as_mut().is_some_and(|whole| whole.remove(table));
            let mut glimpses = Vec::new();
            if is_whole {
                glimpses.push(Glimpse::Where(elsewhere.clone()));
            }
            for rows in &declared.rows {
                glimpses.push(match (self.glimpse(declared, rows, &sight.keys), rows) {
                    (Glimpse::Where(filter), Readers::ForRoles { .. }) => Glimpse::Where(filter.and(elsewhere.clone())),
                    (glimpse, _) => glimpse,
                });
            }
            sight.glimpses.insert(table.clone(), glimpses);
        }
        Ok(())
    }

    /// Adds to a sight what the caller sees of a table.
    fn look_at(&self, table: &Table, sight: &mut Sight) {
        if self.caller.reads_all(table) {
            sight.whole.get_or_insert_default().insert(table.name.clone());
        } else if !table.rows.is_empty() {
            let glimpses = table.rows.iter().map(|rows| self.glimpse(table, rows, &sight.keys)).collect();
            sight.glimpses.insert(table.name.clone(), glimpses);
        }
        for field in table.fields.iter().filter(|field| !self.caller.may(&field.read)) {
            if let Some(known) = &field.known {
                let filter = self.own_filter(table, known, &sight.keys);
                sight.known.entry(table.name.clone()).or_default().insert(field.name.clone(), filter);
            }
        }
    }

    fn glimpse(&self, table: &Table, rows: &Readers, keys: &BTreeSet<ScopeKey>) -> Glimpse {
        match rows {
            Readers::Query(query) => Glimpse::Where(self.own_filter(table, query, keys)),
            Readers::ForRoles { query, roles } => {
                let is_mine = self.caller.roles.iter().map(|role| names(roles.as_str(), role));
                let is_open = Filter::Test(Path::of(roles.as_str()), Check::Filled).negated();
                let for_me = Filter::Any([is_open].into_iter().chain(is_mine).collect());
                Glimpse::Where(self.own_filter(table, query, keys).and(for_me))
            }
            Readers::Of { table, sys_id } => Glimpse::Of { table: table.clone(), sys_id: sys_id.clone() },
        }
    }

    /// What the dictionary says of rows, as it holds for the caller, whose groups the keys tell without looking them up.
    fn own_filter(&self, table: &Table, query: &str, keys: &BTreeSet<ScopeKey>) -> Filter {
        let groups = || keys.iter().filter_map(scope::group_of).collect();
        let asking = Asking { user: Some(self.caller.user), groups: &groups, ..self.anybody() };
        Query::parse(query).query.resolve(table.name.as_str(), &asking).filter
    }

    /// Whether the caller sees a record.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) fn sees(&self, record: &Record) -> Result<bool> {
        let table = self.dictionary.table(record.id.table.as_str());
        let is_article = self.dictionary.is_a(record.id.table.as_str(), knowledge::ARTICLES);
        let sees_all = !is_article && table.is_some_and(|table| self.caller.reads_all(table));
        Ok(sees_all || self.sight()?.sees(record, &&*self.tx)?)
    }

    /// Whether the caller may know what a field of a record holds, if they see the record.
    pub(crate) fn knows(&self, record: &Record, field: &Field) -> bool {
        if self.caller.may(&field.read) {
            return true;
        }
        let table = self.dictionary.table(record.id.table.as_str());
        let rule = table.zip(field.known.as_deref());
        rule.is_some_and(|(table, query)| self.own_filter(table, query, &BTreeSet::new()).matches(record, &Alone))
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

/// That a text lists a name, with commas between names.
fn names(field: &str, name: &str) -> Filter {
    let test = |check| Filter::Test(Path::of(field), check);
    let name = name.to_lowercase();
    Filter::Any(vec![
        test(Check::Is(vec![name.as_str().into()])),
        test(Check::StartsWith(format!("{name},"))),
        test(Check::EndsWith(format!(",{name}"))),
        test(Check::Contains(format!(",{name},"))),
    ])
}

/// A number, whether the dictionary keeps it as a number or as the word of a choice.
pub(crate) fn number_field(record: &Record, field: &str) -> Option<i64> {
    match record.get(field)? {
        Value::Integer(number) => Some(*number),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    }
}
