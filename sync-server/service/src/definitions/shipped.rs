//! A dictionary as rows.

use std::collections::BTreeMap;

use fieldline_model::dictionary::{Field, FieldType, Kind, Merge};
use fieldline_model::{Dictionary, DocumentId, Record, Table, Value};

use super::{SHIPPED_PACKAGE, identity};

/// The kinds of fields there are: name, label, how values are kept.
const FIELD_CLASSES: [(&str, &str, &str); 9] = [
    ("string", "String", "string"),
    ("integer", "Integer", "integer"),
    ("decimal", "Decimal", "decimal"),
    ("boolean", "True/False", "boolean"),
    ("glide_date_time", "Date/Time", "datetime"),
    ("reference", "Reference", "GUID"),
    ("glide_list", "List", "string"),
    ("journal_input", "Journal input", "string"),
    ("GUID", "Sys ID (GUID)", "GUID"),
];

/// Every definition of a dictionary.
pub fn rows(dictionary: &Dictionary) -> BTreeMap<DocumentId, Record> {
    let mut rows = BTreeMap::new();
    let mut add = |row: Record| drop(rows.insert(row.id.clone(), row));
    for table in dictionary.tables() {
        let parent = table.extends.as_ref().and_then(|parent| dictionary.table(parent.as_str()));
        add(object(table));
        add(collection(table));
        if table.kind == Kind::Document && parent.is_none() {
            for (name, label) in [("comments", "Additional comments"), ("work_notes", "Work notes")] {
                add(journal(table, name, label));
            }
        }
        for field in &table.fields {
            let inherited = parent.and_then(|parent| parent.field(field.name.as_str()));
            if inherited.is_none() {
                add(entry(table, field));
            }
            if inherited.is_none_or(|inherited| inherited.choices != field.choices) {
                (0..field.choices.len()).for_each(|at| add(choice(table, field, at)));
            }
        }
    }
    dictionary.roles().iter().filter(|role| *role != "system").for_each(|role| add(self::role(role)));
    FIELD_CLASSES.iter().for_each(|class| add(field_class(class)));
    rows
}

struct Row(Record);

impl Row {
    fn new(table: &str, key: &str, name: &str) -> Self {
        let row = Self(Record::new(DocumentId::new(table, identity(table, key))));
        row.text("sys_name", name).text("sys_package", SHIPPED_PACKAGE).text("sys_policy", "protected")
    }

    fn text(self, field: &str, text: &str) -> Self {
        self.value(field, (!text.is_empty()).then(|| Value::text(text)))
    }

    fn yes(self, field: &str, yes: bool) -> Self {
        self.value(field, Some(Value::Boolean(yes)))
    }

    fn value(mut self, field: &str, value: Option<Value>) -> Self {
        self.0.set(field, value);
        self
    }
}

fn object(table: &Table) -> Record {
    let parent = table.extends.as_ref().map(|parent| Value::Reference(identity("sys_db_object", parent.as_str())));
    Row::new("sys_db_object", table.name.as_str(), &table.label)
        .text("name", table.name.as_str())
        .text("label", &table.label)
        .value("super_class", parent)
        .yes("is_extendable", true)
        .yes("ws_access", true)
        .text("number_prefix", table.number_prefix.as_deref().unwrap_or_default())
        .text("display_field", table.display.as_str())
        .0
}

/// ServiceNow's dictionary has a row for each table itself.
fn collection(table: &Table) -> Record {
    Row::new("sys_dictionary", table.name.as_str(), &table.label)
        .text("name", table.name.as_str())
        .text("column_label", &table.label)
        .text("internal_type", "collection")
        .yes("active", true)
        .0
}

fn journal(table: &Table, name: &str, label: &str) -> Record {
    Row::new("sys_dictionary", &format!("{}.{name}", table.name), label)
        .text("name", table.name.as_str())
        .text("element", name)
        .text("column_label", label)
        .text("internal_type", "journal_input")
        .value("max_length", Some(Value::Integer(4_000)))
        .yes("active", true)
        .0
}

fn entry(table: &Table, field: &Field) -> Record {
    let is_text = field.field_type == FieldType::String;
    Row::new("sys_dictionary", &format!("{}.{}", table.name, field.name), &field.label)
        .text("name", table.name.as_str())
        .text("element", field.name.as_str())
        .text("column_label", &field.label)
        .text("internal_type", internal_type(field))
        .text(
            "reference",
            field.reference.as_ref().filter(|_| !field.is_user_name()).map_or("", |table| table.as_str()),
        )
        .value("max_length", Some(Value::Integer(if is_text { field.max_length as i64 } else { 40 })))
        .yes("mandatory", field.mandatory)
        .yes("read_only", field.merge == Merge::Derived)
        .yes("display", field.name == table.display)
        .yes("primary", field.name == *"sys_id")
        .yes("active", true)
        .text("default_value", field.default.as_deref().unwrap_or_default())
        .value("choice", Some(Value::Integer(if field.choices.is_empty() { 0 } else { 1 })))
        .text("write_roles", &field.write.join(","))
        .text("read_roles", &field.read.join(","))
        .0
}

fn internal_type(field: &Field) -> &'static str {
    match field.field_type {
        _ if field.name == *"sys_id" => "GUID",
        _ if field.is_user_name() => "string",
        field_type => field_type.internal_type(),
    }
}

fn choice(table: &Table, field: &Field, at: usize) -> Record {
    let offered = &field.choices[at];
    Row::new("sys_choice", &format!("{}.{}.{}", table.name, field.name, offered.value), &offered.label)
        .text("name", table.name.as_str())
        .text("element", field.name.as_str())
        .text("value", &offered.value)
        .text("label", &offered.label)
        .value("sequence", Some(Value::Integer(at as i64)))
        .yes("inactive", false)
        .text("language", "en")
        .0
}

fn role(name: &str) -> Record {
    Row::new("sys_user_role", name, name).text("name", name).yes("grantable", true).0
}

fn field_class((name, label, scalar): &(&str, &str, &str)) -> Record {
    Row::new("sys_glide_object", name, label)
        .text("name", name)
        .text("label", label)
        .text("scalar_type", scalar)
        .yes("visible", true)
        .0
}
