//! What somebody sees: which records, and which of their fields.
//!
//! The one value that decides it. Backends make SQL of it, for lists, figures, orders, ways through references and search alike;
//! [`Sight::sees`] and [`Sight::knows`] say the same of a record in memory, which is what a backend is compared with.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::{Alone, Filter};
use fieldline_model::{DocumentId, FieldName, Record, SysId, TableName};

use crate::{Result, ScopeKey, Tx};

/// What somebody may see: every record of some tables, of the others those that belong to a key and those they glimpse; and
/// what they may know of these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sight {
    /// The tables seen whole; `None` for all of them.
    pub whole: Option<BTreeSet<TableName>>,
    /// The keys whose members are seen besides.
    pub keys: BTreeSet<ScopeKey>,
    /// What is seen besides of tables that are not seen whole.
    pub glimpses: BTreeMap<TableName, Vec<Glimpse>>,
    /// Fields that are known of some records only, and of which; of the others they are as good as empty.
    pub known: BTreeMap<TableName, BTreeMap<FieldName, Filter>>,
}

/// Some records of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Glimpse {
    /// Those a filter of the record itself holds for.
    Where(Filter),
    /// Those that name a record in sight, by its table and its identity. What is seen only so does not count in turn.
    Of {
        /// The field that names the table.
        table: FieldName,
        /// The field that names the record.
        sys_id: FieldName,
    },
}

/// Sight of everything.
pub static EVERYTHING: Sight =
    Sight { whole: None, keys: BTreeSet::new(), glimpses: BTreeMap::new(), known: BTreeMap::new() };

/// What a sight asks about records beside the one it judges.
pub trait Surroundings {
    /// Whether a record belongs to one of these keys.
    ///
    /// # Errors
    /// When the database fails.
    fn belongs(&self, record: &DocumentId, keys: &BTreeSet<ScopeKey>) -> Result<bool>;

    /// A record that another one names.
    ///
    /// # Errors
    /// When the database fails.
    fn named(&self, record: &DocumentId) -> Result<Option<Record>>;
}

impl Surroundings for &dyn Tx {
    fn belongs(&self, record: &DocumentId, keys: &BTreeSet<ScopeKey>) -> Result<bool> {
        for key in keys {
            if self.linked(key, record)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn named(&self, record: &DocumentId) -> Result<Option<Record>> {
        Ok(self.record(record)?.map(|(_, record)| record))
    }
}

impl Sight {
    /// Whether every record of a table is seen.
    pub fn sees_all(&self, table: &TableName) -> bool {
        self.whole.as_ref().is_none_or(|whole| whole.contains(table))
    }

    /// Whether a record is seen.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sees(&self, record: &Record, around: &impl Surroundings) -> Result<bool> {
        if self.sees_itself(record, around)? {
            return Ok(true);
        }
        for glimpse in self.glimpses.get(&record.id.table).into_iter().flatten() {
            let Glimpse::Of { table, sys_id } = glimpse else { continue };
            let Ok(sys_id) = record.text(sys_id.as_str()).parse::<SysId>() else { continue };
            let named = around.named(&DocumentId::new(record.text(table.as_str()), sys_id))?;
            if named.map_or(Ok(false), |named| self.sees_itself(&named, around))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a record is seen, whatever it names.
    fn sees_itself(&self, record: &Record, around: &impl Surroundings) -> Result<bool> {
        let glimpses = self.glimpses.get(&record.id.table).into_iter().flatten();
        let mut filters = glimpses.filter_map(|glimpse| match glimpse {
            Glimpse::Where(filter) => Some(filter),
            Glimpse::Of { .. } => None,
        });
        Ok(self.sees_all(&record.id.table)
            || filters.any(|filter| filter.matches(record, &Alone))
            || around.belongs(&record.id, &self.keys)?)
    }

    /// A record that is seen, without what is not known of it.
    pub fn told_of(&self, mut record: Record) -> Record {
        let rules = self.known.get(&record.id.table).into_iter().flatten();
        let hidden: Vec<_> = rules.filter(|(_, filter)| !filter.matches(&record, &Alone)).collect();
        hidden.into_iter().for_each(|(field, _)| record.set(field.clone(), None));
        record
    }

    /// Whether of a record that is seen a field is known that `known` lists.
    pub fn knows(&self, record: &Record, field: &FieldName) -> bool {
        let known = self.known.get(&record.id.table).and_then(|fields| fields.get(field));
        known.is_none_or(|filter| filter.matches(record, &Alone))
    }
}
