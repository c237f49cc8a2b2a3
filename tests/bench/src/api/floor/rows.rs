//! A record as a row with a column for each field, and as the JSON ours answers.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use fieldline_model::{Dictionary, FieldType, Timestamp};
use rusqlite::types::{Value as Sql, ValueRef};
use rusqlite::{Connection, Row, params_from_iter};
use serde_json::{Map, Value};

/// The columns of the table, in the order of an answer.
pub struct Columns {
    names: String,
    insert: String,
    all: Vec<Column>,
}

struct Column {
    name: String,
    /// What comes before the value in JSON: `"name":`.
    key: String,
    /// What a reference's link begins with.
    link: Option<String>,
    is_number: bool,
}

impl Columns {
    pub fn of_incidents() -> Self {
        let table = Dictionary::shipped().table("incident").expect("shipped");
        let column = |name: String| {
            let field = table.field(&name);
            let leads = field.filter(|field| field.field_type == FieldType::Reference && !field.is_user_name());
            let target = leads.and_then(|field| field.reference.as_ref());
            let link = target.map(|table| format!("http://measured/api/now/table/{table}/"));
            let is_number = field.is_some_and(|field| field.field_type == FieldType::Integer);
            Column { key: format!("\"{name}\":"), link, is_number, name }
        };
        let fields = table.fields.iter().map(|field| field.name.to_string());
        let all: Vec<Column> = fields.chain(["comments", "work_notes"].map(str::to_owned)).map(column).collect();
        let names = all.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ");
        let marks = (1..=all.len()).map(|mark| format!("?{mark}")).collect::<Vec<_>>().join(", ");
        let insert = format!("INSERT INTO incident ({names}) VALUES ({marks})");
        Self { names, insert, all }
    }

    pub fn names(&self) -> &str {
        &self.names
    }

    /// The columns as a table declares them.
    pub fn declared(&self) -> String {
        let declared = |Column { name, is_number, .. }: &Column| {
            let holds = if *is_number { "INTEGER" } else { "TEXT" };
            format!("\"{name}\" {holds}{}", if name == "sys_id" { " PRIMARY KEY" } else { "" })
        };
        self.all.iter().map(declared).collect::<Vec<_>>().join(", ")
    }

    /// Inserts a record as ours answers it.
    pub fn insert(&self, connection: &Connection, record: &Map<String, Value>) -> rusqlite::Result<()> {
        let text = |column: &Column| record.get(&column.name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let values = self.all.iter().map(|column| text(column).map_or(Sql::Null, |text| Sql::from(text.to_owned())));
        connection.prepare_cached(&self.insert)?.execute(params_from_iter(values)).map(drop)
    }

    /// A row as JSON.
    pub fn json(&self, row: &Row<'_>) -> rusqlite::Result<String> {
        let mut json = String::with_capacity(3_000);
        json.push('{');
        for (at, column) in self.all.iter().enumerate() {
            json += if at > 0 { "," } else { "" };
            json += &column.key;
            match (row.get_ref(at)?, &column.link) {
                (ValueRef::Text(id), Some(link)) => {
                    let id = std::str::from_utf8(id)?;
                    write!(json, "{{\"link\":\"{link}{id}\",\"value\":\"{id}\"}}")
                }
                (ValueRef::Integer(number), _) => write!(json, "\"{number}\""),
                (ValueRef::Text(text), _) => write!(json, "{}", Value::from(std::str::from_utf8(text)?)),
                _ => write!(json, "\"\""),
            }
            .expect("writing to a String cannot fail");
        }
        json.push('}');
        Ok(json)
    }
}

/// This moment as it is stored.
#[expect(clippy::disallowed_methods, reason = "a server's time comes from the machine")]
pub fn now() -> String {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(since_1970.as_millis() as i64).to_string()
}
