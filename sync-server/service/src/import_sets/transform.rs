//! One row through one transform map: values by field, the record they mean, and what is written.

use std::collections::BTreeMap;

use chrono::{NaiveDate, NaiveDateTime};
use fieldline_model::dictionary::{Field, FieldType};
use fieldline_model::{Record, SysId, Table};

use super::map::{ChoiceAction, FieldMap, TransformMap, is_column};
use super::{Status, Transformed};
use crate::call::Call;
use crate::table::{self, Input, Result, TableError, declared};

/// Makes a record of a row.
///
/// # Errors
/// When the database fails; whatever is wrong with the row or the map is in the result.
pub(super) fn transform(
    call: &mut Call<'_>,
    map: &TransformMap,
    row: &BTreeMap<String, String>,
) -> Result<Transformed> {
    match attempt(call, map, row) {
        Ok(done) => Ok(done),
        Err(TableError::Service(error)) => Err(error.into()),
        Err(problem) => Ok(Transformed::without_record(map, Status::Error, problem.to_string())),
    }
}

fn attempt(call: &mut Call<'_>, map: &TransformMap, row: &BTreeMap<String, String>) -> Result<Transformed> {
    let skipped = |why: String| Ok(Transformed::without_record(map, Status::Skipped, why));
    let table = declared(call, map.target.as_str())?;
    let mut fields = BTreeMap::new();
    for entry in &map.entries {
        match value(call, map, &table, entry, row)? {
            Found::Text(text) => drop(fields.insert(entry.target.clone(), text)),
            Found::Nothing => {}
            Found::Rejected(why) => return skipped(why),
        }
    }
    let existing = match recognise(call, map, &fields)? {
        Recognised::New => None,
        Recognised::Record(record) => Some(record),
        Recognised::Unclear(why) => return skipped(why),
    };
    write(call, map, existing.as_ref(), Input { fields, as_displayed: true })
}

fn write(call: &mut Call<'_>, map: &TransformMap, existing: Option<&Record>, input: Input) -> Result<Transformed> {
    let (status, record) = match existing {
        None => (Status::Inserted, table::create(call, map.target.as_str(), &input)?.record),
        Some(before) => {
            let input =
                Input { fields: input.fields.into_iter().filter(|(name, _)| name != "sys_id").collect(), ..input };
            let after = table::update(call, map.target.as_str(), before.id.sys_id, &input)?.record;
            let is_as_before = call.row(&before.id)?.as_ref() == Some(before);
            (if is_as_before { Status::Ignored } else { Status::Updated }, after)
        }
    };
    Ok(Transformed::of(call, map, status, &record))
}

/// What a row says about a field.
enum Found {
    Text(String),
    Nothing,
    Rejected(String),
}

fn value(
    call: &mut Call<'_>,
    map: &TransformMap,
    table: &Table,
    entry: &FieldMap,
    row: &BTreeMap<String, String>,
) -> Result<Found> {
    let wrong = |problem: &str| TableError::invalid(&map.name, Some(&entry.target.as_str().into()), problem);
    if entry.target.contains('.') {
        return Err(wrong("a transform map does not walk through references; map the reference itself"));
    }
    let field = table.field(&entry.target);
    let is_journal = matches!(entry.target.as_str(), "comments" | "work_notes") && field.is_none();
    let sent = row.iter().find(|(column, _)| is_column(column, &entry.source)).map(|(_, text)| text.trim());
    let text = if entry.constant.is_empty() { sent.unwrap_or_default() } else { &entry.constant };
    let Some(field) = field else {
        let known = is_journal.then(|| Found::Text(text.to_owned()));
        return known.ok_or_else(|| wrong(&format!("the table {} has no such field", table.name)));
    };
    if text.is_empty() {
        let counts = map.copies_empty || entry.coalesce;
        return Ok(if counts { Found::Text(String::new()) } else { Found::Nothing });
    }
    match field.field_type {
        FieldType::Reference => referenced(call, field, entry, text),
        FieldType::GlideDateTime if !entry.date_format.is_empty() => {
            let moment = moment(text, &entry.date_format);
            let problem = || wrong(&format!("\"{text}\" is not a date as {}", entry.date_format));
            moment.map(Found::Text).ok_or_else(problem)
        }
        _ => Ok(chosen(field, entry, text)),
    }
}

fn chosen(field: &Field, entry: &FieldMap, text: &str) -> Found {
    let is_it = |given: &str| given.eq_ignore_ascii_case(text);
    let known = field.choices.is_empty() || field.choices.iter().any(|one| is_it(&one.value) || is_it(&one.label));
    match entry.otherwise {
        ChoiceAction::Ignore if !known => Found::Nothing,
        ChoiceAction::Reject if !known => Found::Rejected(format!("{}: \"{text}\" is no choice", field.name)),
        _ => Found::Text(text.to_owned()),
    }
}

/// The record a text means in the table a field refers to.
fn referenced(call: &mut Call<'_>, field: &Field, entry: &FieldMap, text: &str) -> Result<Found> {
    let Some(target) = field.reference.as_ref().and_then(|name| call.dictionary.shared(name.as_str())) else {
        return Ok(Found::Nothing);
    };
    let table = target.name.as_str();
    if let Ok(sys_id) = text.parse::<SysId>()
        && call.tx.find(call.dictionary.family(table), sys_id)?.is_some()
    {
        return Ok(Found::Text(sys_id.to_string()));
    }
    let looked_up_in = if entry.looked_up_in.is_empty() { target.display.as_str() } else { &entry.looked_up_in };
    let people = (table == "sys_user" && entry.looked_up_in.is_empty()).then_some("user_name");
    for name in [looked_up_in].into_iter().chain(people) {
        match &call.rows_with(table, &[(name, text)])?[..] {
            [] => {}
            [one] => return Ok(Found::Text(one.id.sys_id.to_string())),
            _ => {
                let problem = format!("several records of {} have the {name} \"{text}\"", target.label);
                return Err(TableError::invalid(table, Some(&field.name), problem));
            }
        }
    }
    match entry.otherwise {
        ChoiceAction::Ignore => Ok(Found::Nothing),
        ChoiceAction::Reject => Ok(Found::Rejected(format!("{}: no {} \"{text}\"", field.name, target.label))),
        ChoiceAction::Create => {
            let made = table::create(call, table, &Input::of(&[(looked_up_in, text)]))?;
            Ok(Found::Text(made.record.id.sys_id.to_string()))
        }
    }
}

/// Which record a row is about.
enum Recognised {
    New,
    Record(Record),
    Unclear(String),
}

fn recognise(call: &Call<'_>, map: &TransformMap, fields: &BTreeMap<String, String>) -> Result<Recognised> {
    let entries: Vec<&FieldMap> = map.entries.iter().filter(|entry| entry.coalesce).collect();
    let text = |entry: &FieldMap| fields.get(&entry.target).map(String::as_str).unwrap_or_default();
    if entries.is_empty() {
        return Ok(Recognised::New);
    }
    if let Some(empty) = entries.iter().find(|entry| text(entry).is_empty() && !entry.coalesce_empty) {
        let why = format!("{} is empty, so there is nothing to recognise the record by", empty.target);
        return Ok(if map.creates_unrecognised { Recognised::New } else { Recognised::Unclear(why) });
    }
    let values: Vec<(&str, &str)> = entries.iter().map(|entry| (entry.target.as_str(), text(entry))).collect();
    let mut found = call.rows_with(map.target.as_str(), &values)?;
    let exact = |record: &Record, entry: &FieldMap| !entry.case_sensitive || record.text(&entry.target) == text(entry);
    found.retain(|record| entries.iter().all(|entry| exact(record, entry)));
    match found.len() {
        0 => Ok(Recognised::New),
        1 => Ok(Recognised::Record(found.swap_remove(0))),
        many => {
            let problem = format!("{many} records are alike in what the map recognises them by; merge them first");
            Err(TableError::invalid(&map.target, None, problem))
        }
    }
}

/// A moment written in a pattern such as `dd-MM-yyyy HH:mm:ss`, as the record API takes it.
fn moment(text: &str, pattern: &str) -> Option<String> {
    let letters = [("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M"), ("ss", "%S"), ("yy", "%y")];
    let pattern = letters.iter().fold(pattern.to_owned(), |pattern, (from, to)| pattern.replace(from, to));
    let whole = NaiveDateTime::parse_from_str(text, &pattern).ok();
    let moment = whole.or_else(|| NaiveDate::parse_from_str(text, &pattern).ok()?.and_hms_opt(0, 0, 0))?;
    Some(moment.format("%Y-%m-%d %H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_the_pattern_of_its_map() {
        for (text, pattern, moment_) in [
            ("31-12-2025", "dd-MM-yyyy", Some("2025-12-31 00:00:00")),
            ("12/31/25 07:05:09", "MM/dd/yy HH:mm:ss", Some("2025-12-31 07:05:09")),
            ("2025-13-01", "yyyy-MM-dd", None),
        ] {
            assert_eq!(moment(text, pattern).as_deref(), moment_, "{text}");
        }
    }
}
