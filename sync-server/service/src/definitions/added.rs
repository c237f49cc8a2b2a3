//! What an organisation wrote beside the shipped definitions, as additions.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::Filter;
use fieldline_model::dictionary::{Addition, Choice, Field, FieldType, Kind, Merge, Offline};
use fieldline_model::{Dictionary, FieldName, Record, SysId, Table, TableName, Value};

use crate::call::Call;
use crate::table::{Result, TableError};

/// The longest text a field holds that does not say.
const TEXT_CHARACTERS: usize = 40;
/// The longest text any field may hold.
const MOST_CHARACTERS: i64 = 65_000;

/// Everything that is defined beside what is shipped.
///
/// # Errors
/// Names the definition and field that cannot be understood.
pub fn additions(call: &Call<'_>) -> Result<Vec<Addition>> {
    let own = |table: &str| call.rows(table, &Filter::equals("sys_package", super::SHIPPED_PACKAGE).negated());
    let mut found = Found::default();
    for object in own("sys_db_object")? {
        let table = new_table(call, &object)?;
        found.of(object.text("name")).new = Some(table);
    }
    let is_active = |row: &Record| row.get("active") != Some(&Value::Boolean(false));
    for row in own("sys_dictionary")?.iter().filter(|row| is_active(row) && !row.text("element").is_empty()) {
        let field = field(row)?;
        found.of(row.text("name")).fields.push(field);
    }
    let offered: BTreeSet<(String, String)> = own("sys_choice")?.iter().map(subject).collect();
    for (table, element) in offered {
        let choices = choices(call, &found, &table, &element)?;
        found.of(&table).choices.insert(element.as_str().into(), choices);
    }
    let roles: BTreeSet<String> = own("sys_user_role")?.iter().map(|role| role.text("name").to_owned()).collect();
    if !roles.is_empty() {
        found.of("sys_user_role").roles = roles;
    }
    Ok(found.0.into_values().map(with_display).collect())
}

#[derive(Default)]
struct Found(BTreeMap<TableName, Addition>);

impl Found {
    fn of(&mut self, table: &str) -> &mut Addition {
        self.0.entry(table.into()).or_insert_with(|| Addition::to(table))
    }
}

fn subject(row: &Record) -> (String, String) {
    (row.text("name").to_owned(), row.text("element").to_owned())
}

fn invalid(row: &Record, field: &str, problem: impl Into<String>) -> TableError {
    TableError::invalid(&row.id, Some(&field.into()), problem)
}

/// An organisation's own names begin so, and never meet one that will be shipped.
fn own_name(row: &Record, field: &str) -> Result<()> {
    let name = row.text(field);
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
    let own = (name.starts_with("u_") || name.starts_with("x_")) && name.len() > 2;
    if own && name.bytes().all(plain) {
        return Ok(());
    }
    Err(invalid(row, field, "must begin with u_ and have only small letters, digits and _, such as u_site_code"))
}

/// A table of its own, or one that extends another and is read, created and carried by phones as that one is.
fn new_table(call: &Call<'_>, object: &Record) -> Result<Table> {
    own_name(object, "name")?;
    let parent = match object.reference("super_class") {
        Some(parent) => Some(named_object(call, object, parent)?),
        None => None,
    };
    let roles: Vec<String> = list(object.text("user_role"));
    let declared = parent.as_ref().and_then(|parent| Dictionary::shipped().table(parent.as_str()));
    let inherited = |of: fn(&Table) -> &Vec<String>| match declared {
        Some(parent) if roles.is_empty() => of(parent).clone(),
        _ if roles.is_empty() => vec!["admin".to_owned()],
        _ => roles.clone(),
    };
    let text = |field: &str| Some(object.text(field).to_owned()).filter(|text| !text.is_empty());
    Ok(Table {
        name: object.text("name").into(),
        label: text("label").unwrap_or_else(|| object.text("name").to_owned()),
        kind: declared.map_or(Kind::Reference, |parent| parent.kind),
        number_prefix: text("number_prefix"),
        display: object.text("display_field").into(),
        life_cycle: None,
        create: inherited(|parent| &parent.create),
        write: inherited(|parent| &parent.write),
        read: inherited(|parent| &parent.read),
        rows: Vec::new(),
        delete: Vec::new(),
        offline: declared.map_or_else(Offline::default, |parent| parent.offline.clone()),
        fields: Vec::new(),
        places: Default::default(),
        extends: parent,
    })
}

fn named_object(call: &Call<'_>, object: &Record, parent: SysId) -> Result<TableName> {
    let row = call.tx.find(call.dictionary.family("sys_db_object"), parent)?;
    let row = row.ok_or_else(|| invalid(object, "super_class", "is no table; send the sys_id of one, or its name"))?;
    Ok(row.text("name").into())
}

/// A table is recognised by the field it names, else by its first text, else by its identity.
fn with_display(mut addition: Addition) -> Addition {
    if let Some(table) = addition.new.as_mut().filter(|table| table.display == *"") {
        let parent = table.extends.as_ref().and_then(|parent| Dictionary::shipped().table(parent.as_str()));
        let inherited = parent.map(|parent| parent.display.clone());
        let text = addition.fields.iter().find(|field| field.field_type == FieldType::String);
        let own = || text.map_or_else(|| FieldName::from("sys_id"), |field| field.name.clone());
        table.display = inherited.unwrap_or_else(own);
    }
    addition
}

fn field(row: &Record) -> Result<Field> {
    own_name(row, "element")?;
    let (field_type, merge) = match row.text("internal_type") {
        "" | "string" | "choice" | "email" | "url" | "phone_number_e164" | "html" | "translated_text" => {
            (FieldType::String, Merge::Register)
        }
        "integer" | "longint" => (FieldType::Integer, Merge::Register),
        "decimal" | "float" | "price" | "currency" => (FieldType::Decimal, Merge::Register),
        "boolean" => (FieldType::Boolean, Merge::Register),
        "glide_date_time" | "glide_date" | "due_date" => (FieldType::GlideDateTime, Merge::Register),
        "reference" => (FieldType::Reference, Merge::Register),
        "glide_list" => (FieldType::GlideList, Merge::Set),
        other => {
            let problem = format!(
                "\"{other}\" is no type of a field here; use string, integer, decimal, boolean, glide_date_time, \
                 reference or glide_list"
            );
            return Err(invalid(row, "internal_type", problem));
        }
    };
    let refers = matches!(field_type, FieldType::Reference | FieldType::GlideList);
    let reference = Some(row.text("reference")).filter(|table| refers && !table.is_empty()).map(TableName::from);
    if refers && reference.is_none() {
        return Err(invalid(row, "reference", "must name the table the field refers to"));
    }
    let text = |field: &str| Some(row.text(field).to_owned()).filter(|text| !text.is_empty());
    Ok(Field {
        name: row.text("element").into(),
        label: text("column_label").unwrap_or_else(|| row.text("element").to_owned()),
        field_type,
        reference,
        max_length: longest(row)?,
        mandatory: row.says("mandatory"),
        choices: Vec::new(),
        default: text("default_value"),
        merge,
        write: list(row.text("write_roles")),
        read: list(row.text("read_roles")),
        known: None,
    })
}

fn longest(row: &Record) -> Result<usize> {
    let Some(Value::Integer(given)) = row.get("max_length") else { return Ok(TEXT_CHARACTERS) };
    let fits = (1..=MOST_CHARACTERS).contains(given);
    let wrong = || invalid(row, "max_length", format!("must be between 1 and {MOST_CHARACTERS}"));
    fits.then_some(*given as usize).ok_or_else(wrong)
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// What a field offers: its shipped choices as the rows change them, in the rows' order.
fn choices(call: &Call<'_>, found: &Found, table: &str, element: &str) -> Result<Vec<Choice>> {
    let of_field = Filter::equals("name", table).and(Filter::equals("element", element));
    let rows = call.rows("sys_choice", &of_field)?;
    let shipped = Dictionary::shipped().table(table).and_then(|table| table.field(element));
    let added = found.0.get(table).is_some_and(|addition| addition.fields.iter().any(|field| field.name == *element));
    if let Some(row) = rows.first().filter(|_| shipped.is_none() && !added) {
        return Err(invalid(row, "element", format!("{table} has no field {element} of its own; make it first")));
    }
    let mut offered: BTreeMap<String, (i64, String)> = BTreeMap::new();
    let known = shipped.map(|field| field.choices.as_slice()).unwrap_or_default();
    for (at, choice) in known.iter().enumerate() {
        offered.insert(choice.value.clone(), (at as i64, choice.label.clone()));
    }
    for row in &rows {
        let place = row.get("sequence").and_then(Value::as_integer).unwrap_or(i64::MAX);
        match row.get("inactive") {
            Some(Value::Boolean(true)) => drop(offered.remove(row.text("value"))),
            _ => drop(offered.insert(row.text("value").to_owned(), (place, row.text("label").to_owned()))),
        }
    }
    let mut offered: Vec<_> = offered.into_iter().map(|(value, (place, label))| (place, value, label)).collect();
    offered.sort();
    Ok(offered.into_iter().map(|(_, value, label)| Choice { value, label }).collect())
}
