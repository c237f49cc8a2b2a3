//! Record producers: answers that become a record of another table.

use std::collections::BTreeMap;

use fieldline_model::Record;

use super::item;
use super::variables::{self, Answers};
use crate::call::Call;
use crate::preset;
use crate::table::{self, Input, Result, TableError, declared};

/// What a producer made.
pub struct Produced {
    /// The record.
    pub record: Record,
    /// The producer.
    pub producer: Record,
}

/// Makes the record of a producer's table that answers describe.
///
/// # Errors
/// When there is no such producer for the caller, a mandatory question is not answered, or an answer does not fit.
pub fn submit(call: &mut Call<'_>, producer: &str, answers: &Answers) -> Result<Produced> {
    let producer = item(call, producer).map_err(|_| TableError::NotFound(format!("producer {producer}")))?;
    let name = producer.text("table_name").to_owned();
    if name.is_empty() {
        return Err(TableError::NotFound(format!("{} is no record producer", producer.id)));
    }
    let table = declared(call, &name)?;
    let variables = variables::of_item(call, producer.id.sys_id)?;
    variables::check(&producer, &variables, answers)?;
    let mut fields = preset::fields(call, &name, producer.text("preset"))?;
    if table.field("caller_id").is_some() {
        fields.insert("caller_id".into(), call.caller.user.to_string());
    }
    let mut told = Vec::new();
    for variable in variables.iter().filter(|variable| variable.asks()) {
        let answer = variable.answer(answers);
        let maps = variable.record.says("map_to_field");
        let field = if maps { variable.record.text("field") } else { variable.name() };
        let is_journal = matches!(field, "comments" | "work_notes");
        match answer.is_empty() {
            true => {}
            false if is_journal || table.field(field).is_some() => {
                drop(fields.insert(field.to_owned(), answer.to_owned()))
            }
            false => told.push(format!("{}: {answer}", variable.record.text("question_text"))),
        }
    }
    complete(&producer, &mut fields, &told);
    let input = Input { fields, as_displayed: false };
    let record = call.implied(|call| table::create(call, &name, &input))?.record;
    Ok(Produced { record, producer })
}

/// A record has a title, and nothing that was answered is lost.
fn complete(producer: &Record, fields: &mut BTreeMap<String, String>, told: &[String]) {
    fields.entry("short_description".into()).or_insert_with(|| producer.text("name").to_owned());
    if !told.is_empty() {
        let description = fields.entry("description".into()).or_default();
        let before = if description.is_empty() { "" } else { "\n" };
        *description = format!("{description}{before}{}", told.join("\n")).chars().take(4_000).collect();
    }
}
