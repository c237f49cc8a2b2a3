//! The dictionary: tables, fields, choices, references, roles, merge policy, offline scope and life cycles, as data.
//!
//! Validation on the phone and on the server, projections, the record API and its metadata, forms and access rules all
//! read it, so a field is declared once. The shipped tables are the `.toml` files of `core/model/dictionary/`; a table
//! inherits the fields of the table it extends, and its life cycle, and may declare a field of it again. Roles in `write` of a
//! table hold for each of its fields that names none. [`Dictionary::parse`] refuses whatever does not fit together, so that
//! whoever holds a dictionary can rely on every name in it.
//!
//! `load.rs` reads the files, `check.rs` refuses what does not fit, `field.rs` turns text into values and back. What is left out: behaviour that is not
//! the same for every table, and the two journals (comments, work notes), which belong to every document and are no fields.

mod addition;
mod check;
mod field;
mod load;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::id::{FieldName, TableName};
use crate::life_cycle::LifeCycle;

pub use addition::Addition;
pub use field::{FieldError, LIST_LIMIT};
pub use load::{DictionaryError, SHIPPED_LIFE_CYCLES, SHIPPED_TABLES};
pub use table::{Offline, Places, Readers, Table};

/// The roles that are shipped.
const ROLES: [&str; 89] = [
    "admin",
    "system",
    "itil",
    "itil_admin",
    "approver_user",
    "case_agent",
    "case_manager",
    "customer",
    "integration",
    "user_admin",
    "role_delegator",
    "asset",
    "inventory_admin",
    "incident_manager",
    "major_incident_manager",
    "problem_admin",
    "problem_coordinator",
    "problem_manager",
    "problem_task_analyst",
    "change_manager",
    "cab_member",
    "sn_incident_read",
    "sn_incident_write",
    "sn_problem_read",
    "sn_problem_write",
    "sn_change_read",
    "sn_change_write",
    "sn_request_read",
    "sn_request_write",
    "catalog",
    "catalog_admin",
    "catalog_manager",
    "knowledge",
    "knowledge_admin",
    "knowledge_manager",
    "cmdb_read",
    "cmdb_inst_admin",
    "sn_cmdb_admin",
    "sn_cmdb_editor",
    "sn_cmdb_user",
    "sn_customerservice_agent",
    "sn_customerservice_customer",
    "sn_customerservice_customer_admin",
    "sn_customerservice_manager",
    "sn_customerservice_consumer",
    "sn_customerservice_partner",
    "assignment_rule_admin",
    "flow_designer",
    "flow_operator",
    "schedule_admin",
    "sla_admin",
    "sla_manager",
    "wm_admin",
    "wm_agent",
    "wm_approver_user",
    "wm_basic",
    "wm_dispatcher",
    "wm_initiator",
    "wm_manager",
    "wm_qualifier",
    "wm_read",
    "wm_task_initiator",
    "evt_mgmt_admin",
    "evt_mgmt_integration",
    "evt_mgmt_operator",
    "evt_mgmt_user",
    "import_admin",
    "import_set_loader",
    "import_transformer",
    "oauth_admin",
    "rest_api_explorer",
    "rest_service",
    "snc_basic_auth_api_access",
    "snc_platform_rest_api_access",
    "snc_read_only",
    "soap",
    "soap_create",
    "soap_delete",
    "soap_query",
    "soap_script",
    "soap_update",
    "web_service_admin",
    "report_admin",
    "awa_admin",
    "awa_agent",
    "awa_manager",
    "rota_admin",
    "rota_manager",
    "skill_admin",
];

/// Whoever is signed in; a table that names it may be read by all of them, and nobody holds it by name.
pub const EVERYONE: &str = "everyone";

/// Whether somebody with these roles may do what is reserved to `allowed`; an empty list reserves nothing.
pub fn may<'a>(roles: impl IntoIterator<Item = &'a str>, allowed: &[String]) -> bool {
    allowed.is_empty()
        || allowed.iter().any(|name| name == EVERYONE)
        || roles.into_iter().any(|role| matches!(role, "admin" | "system") || allowed.iter().any(|name| name == role))
}

/// How a table's records travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Worked on by many, offline too: one mergeable document a record.
    Document,
    /// Looked up: the server's word, versioned rows that come down the feed.
    Reference,
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Text of at most `max_length` characters.
    String,
    /// A whole number.
    Integer,
    /// A number with up to six decimals.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A moment in UTC.
    GlideDateTime,
    /// One record of the table named by `reference`.
    Reference,
    /// A set of records of the table named by `reference`.
    GlideList,
}

impl FieldType {
    /// How `sys_dictionary` writes it in `internal_type`.
    pub fn internal_type(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::GlideDateTime => "glide_date_time",
            Self::Reference => "reference",
            Self::GlideList => "glide_list",
        }
    }
}

/// What happens when two people write a field without knowing of each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// One value is shown, the other stays visible as an alternative until somebody confirms.
    #[default]
    Register,
    /// Adding wins over a removal that had not seen it.
    Set,
    /// Written when the record is created and never again.
    Fixed,
    /// Computed from other facts by the fold or the projection; nobody writes it.
    Derived,
}

/// One value a choice field may take; written `["value", "label"]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(String, String)", into = "(String, String)")]
pub struct Choice {
    /// The stored value.
    pub value: String,
    /// What people read.
    pub label: String,
}

impl From<(String, String)> for Choice {
    fn from((value, label): (String, String)) -> Self {
        Self { value, label }
    }
}

impl From<Choice> for (String, String) {
    fn from(choice: Choice) -> Self {
        (choice.value, choice.label)
    }
}

/// One field of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The Table API's name.
    pub name: FieldName,
    /// What people read.
    pub label: String,
    /// What it holds.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// The table a reference or list points to.
    pub reference: Option<TableName>,
    /// The longest text in characters.
    #[serde(default = "default_max_length")]
    pub max_length: usize,
    /// Whether a record may not be saved without it.
    #[serde(default)]
    pub mandatory: bool,
    /// The values allowed; empty when any value of the type is.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// The value of a new record, in the Table API's text form.
    pub default: Option<String>,
    /// What happens on concurrent writes.
    #[serde(default)]
    pub merge: Merge,
    /// Roles that may write it; empty when everybody in scope may.
    #[serde(default)]
    pub write: Vec<String>,
    /// Roles that may know what it holds; empty when whoever sees the record may.
    #[serde(default)]
    pub read: Vec<String>,
    /// The records of which whoever sees them knows it without such a role, as an encoded query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<String>,
}

fn default_max_length() -> usize {
    255
}

/// All tables and life cycles of an organisation.
#[derive(Debug, Clone)]
pub struct Dictionary {
    /// Empty until it is asked for: then what is shipped.
    parts: Arc<OnceLock<Parts>>,
    fingerprint: u64,
}

/// What a dictionary is made of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub tables: BTreeMap<TableName, Arc<Table>>,
    pub life_cycles: BTreeMap<String, LifeCycle>,
    /// Each table with every table that extends it.
    pub families: BTreeMap<TableName, Vec<TableName>>,
    /// The fields by which records of any table carry others or name who holds them.
    pub carrying: BTreeSet<FieldName>,
    /// Tables whose records travel with others, the field that names those, and their table.
    pub companions: Vec<(TableName, FieldName, TableName)>,
    /// The roles a person may have.
    pub roles: BTreeSet<String>,
}

impl Parts {
    pub(crate) fn new(
        tables: BTreeMap<TableName, Table>,
        life_cycles: BTreeMap<String, LifeCycle>,
        roles: BTreeSet<String>,
    ) -> Self {
        let families = tables.keys().map(|table| (table.clone(), family(&tables, table))).collect();
        let carrying = tables.values().flat_map(carrying).collect();
        let companions = tables.values().flat_map(companions).collect();
        let tables = tables.into_iter().map(|(name, table)| (name, Arc::new(table.whole()))).collect();
        Self { tables, life_cycles, families, carrying, companions, roles }
    }
}

fn carrying(table: &Table) -> Vec<FieldName> {
    let named = table.offline.users.iter().chain(&table.offline.groups).cloned();
    let followed = table.offline.follow.iter().flat_map(|path| path.split('.')).map(FieldName::from);
    named.chain(followed).chain(table.offline.with.iter().cloned()).collect()
}

fn companions(table: &Table) -> Vec<(TableName, FieldName, TableName)> {
    let with = table.offline.with.iter();
    let named = with.filter_map(|name| Some((name, table.field(name.as_str())?.reference.clone()?)));
    named.map(|(name, of)| (table.name.clone(), name.clone(), of)).collect()
}

/// A table and every table that extends it, however far down; the table itself first.
fn family(tables: &BTreeMap<TableName, Table>, table: &TableName) -> Vec<TableName> {
    let mut found = vec![table.clone()];
    let mut next = 0;
    while next < found.len() {
        let children = tables.values().filter(|child| child.extends.as_ref() == Some(&found[next]));
        let children: Vec<TableName> = children.map(|child| child.name.clone()).collect();
        found.extend(children);
        next += 1;
    }
    found
}

impl PartialEq for Dictionary {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint && self.parts() == other.parts()
    }
}

impl Eq for Dictionary {}

impl Dictionary {
    fn of(parts: Parts, fingerprint: u64) -> Self {
        Self { parts: Arc::new(OnceLock::from(parts)), fingerprint }
    }

    fn parts(&self) -> &Parts {
        self.parts.get_or_init(load::shipped_parts)
    }

    /// A table by name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.parts().tables.get(name).map(Arc::as_ref)
    }

    /// A table by name, to keep.
    pub fn shared(&self, name: &str) -> Option<Arc<Table>> {
        self.parts().tables.get(name).cloned()
    }

    /// The fields by which records of any table carry others into somebody's scope, or name who holds them.
    pub fn carrying_fields(&self) -> &BTreeSet<FieldName> {
        &self.parts().carrying
    }

    /// The tables whose records travel with a record of a table, each with the field that names it.
    pub fn companions_of<'d>(&'d self, table: &'d str) -> impl Iterator<Item = (&'d TableName, &'d FieldName)> {
        let of_it = self.parts().companions.iter().filter(move |(_, _, of)| self.is_a(table, of.as_str()));
        of_it.map(|(companion, field, _)| (companion, field))
    }

    /// Every table in name order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.parts().tables.values().map(Arc::as_ref)
    }

    /// The roles a person may have. `admin` and `system` may do everything that the shape of a record allows.
    pub fn roles(&self) -> &BTreeSet<String> {
        &self.parts().roles
    }

    /// A number that is another one when any table or life cycle is: what was read by this dictionary is told by it.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// A life cycle by name.
    pub fn life_cycle(&self, name: &str) -> Option<&LifeCycle> {
        self.parts().life_cycles.get(name)
    }

    /// The life cycle of a table's records, `None` when they have none.
    pub fn life_cycle_of(&self, table: &str) -> Option<&LifeCycle> {
        self.life_cycle(self.table(table)?.life_cycle.as_deref()?)
    }

    /// A table and every table that extends it, however far down; the table itself first. Empty when there is none.
    pub fn family(&self, table: &str) -> &[TableName] {
        self.parts().families.get(table).map_or(&[], Vec::as_slice)
    }

    /// The topmost table a table extends, itself when it extends none.
    pub fn root_of(&self, table: &TableName) -> TableName {
        let parent = self.table(table.as_str()).and_then(|table| table.extends.as_ref());
        parent.map_or_else(|| table.clone(), |parent| self.root_of(parent))
    }

    /// The fields a dot-walk such as `parent.account.name` passes, `None` when it leads nowhere.
    pub fn walk(&self, table: &str, path: &[impl AsRef<str>]) -> Option<Vec<&Field>> {
        let mut at = self.table(table);
        let mut fields = Vec::with_capacity(path.len());
        for name in path {
            let field = at?.field(name.as_ref())?;
            at = field.reference.as_ref().and_then(|table| self.table(table.as_str()));
            fields.push(field);
        }
        (!fields.is_empty()).then_some(fields)
    }

    /// Whether `table` is `ancestor` or extends it, however far up.
    pub fn is_a(&self, table: &str, ancestor: &str) -> bool {
        let mut next = self.table(table);
        while let Some(table) = next {
            if table.name == *ancestor {
                return true;
            }
            next = table.extends.as_ref().and_then(|parent| self.table(parent.as_str()));
        }
        false
    }
}
