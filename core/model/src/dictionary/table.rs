//! One table: its fields, who writes and reads it, and which devices hold its records.

use serde::{Deserialize, Serialize};

use super::{Field, Kind};
use crate::id::{FieldName, TableName};

/// Which devices hold a table's records while the radio is off.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offline {
    /// Every device holds every record (small look-up tables).
    #[serde(default)]
    pub everyone: bool,
    /// Fields naming the user whose devices hold the record.
    #[serde(default)]
    pub users: Vec<FieldName>,
    /// Fields naming the group whose members' devices hold the record.
    #[serde(default)]
    pub groups: Vec<FieldName>,
    /// References (dot-walked) to records that travel along with this one.
    #[serde(default)]
    pub follow: Vec<String>,
    /// References to records that a record of this table travels with: whoever holds one of those holds it, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<FieldName>,
    /// The only fields of a row that leave for a device, beside those every table has; all of them when empty.
    #[serde(default)]
    pub fields: Vec<FieldName>,
}

/// Records of a table that people see who read neither all of it nor hold them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Readers {
    /// Those that match an encoded query of the table's own fields; it may ask who the caller is and which groups they are in.
    Query(String),
    /// Those that match it, of which each is for the roles that a field of it names with commas; for anybody where it is empty.
    ForRoles {
        /// The encoded query.
        query: String,
        /// The field that names the roles.
        roles: FieldName,
    },
    /// Those that name, by its table and its identity, a record the caller sees.
    Of {
        /// The field that names the table.
        table: FieldName,
        /// The field that names the record.
        sys_id: FieldName,
    },
}

impl Readers {
    /// What it asks of the record itself.
    pub fn query(&self) -> Option<&str> {
        match self {
            Self::Query(query) | Self::ForRoles { query, .. } => Some(query),
            Self::Of { .. } => None,
        }
    }
}

/// One table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The Table API's name.
    pub name: TableName,
    /// What people read.
    pub label: String,
    /// The table whose fields it inherits.
    pub extends: Option<TableName>,
    /// How its records travel.
    pub kind: Kind,
    /// What its record numbers begin with; `None` when its records have no number.
    pub number_prefix: Option<String>,
    /// The field people recognise a record by.
    pub display: FieldName,
    /// The life cycle its `state` moves through.
    pub life_cycle: Option<String>,
    /// Roles that may create a record; empty when every signed-in person may.
    #[serde(default)]
    pub create: Vec<String>,
    /// Roles that may write its own fields, unless a field names others.
    #[serde(default)]
    pub write: Vec<String>,
    /// Roles that may delete a record; administrators always may.
    #[serde(default)]
    pub delete: Vec<String>,
    /// Roles that may read every record; others read what their scope holds, and `rows`.
    #[serde(default)]
    pub read: Vec<String>,
    /// Which records others read beside those; what a table inherits unless it declares its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<Readers>,
    /// Which devices hold its records.
    #[serde(default)]
    pub offline: Offline,
    /// Its fields, inherited ones first.
    #[serde(default, rename = "field")]
    pub fields: Vec<Field>,
    /// Where its fields are, by name.
    #[serde(skip)]
    pub places: Places,
}

/// The places of a table's fields in the order of their names; empty until the table is whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Places(Vec<usize>);

impl Table {
    /// A field by name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.place(name).map(|place| &self.fields[place])
    }

    /// The place of a field among the others.
    pub fn place(&self, name: &str) -> Option<usize> {
        let Places(places) = &self.places;
        if places.is_empty() {
            return self.fields.iter().position(|field| field.name == name);
        }
        let found = places.binary_search_by(|place| self.fields[*place].name.as_str().cmp(name));
        found.ok().map(|at| places[at])
    }

    /// Its fields in the order of their names, each with its place among `fields`.
    pub fn by_name(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.places.0.iter().map(|place| (*place, &self.fields[*place]))
    }

    /// Says that no field is added from here on.
    pub(super) fn whole(self) -> Self {
        let mut places: Vec<usize> = (0..self.fields.len()).collect();
        places.sort_unstable_by_key(|place| &self.fields[*place].name);
        Self { places: Places(places), ..self }
    }
}
