//! 6: time entered, and the seconds travelled and worked, are what the list of events says.
//!
//! There is no engine for service levels yet; this covers every clock there is: time entries, the derived durations and the
//! moments stamped by steps.

use fieldline_model::{FieldType, Value};

use super::case::{Case, Seen, on_each};

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let mut broken = Vec::new();
    for (id, row) in &case.rows {
        let (Some(meaning), Some(table)) = (case.meanings.get(id), case.dictionary.table(id.table.as_str())) else {
            continue;
        };
        let is_clock = |name: &str, kind: FieldType| name.ends_with("_duration") || kind == FieldType::GlideDateTime;
        for field in table.fields.iter().filter(|field| is_clock(field.name.as_str(), field.field_type)) {
            let (wanted, shown) = (meaning.fields.get(&field.name), row.get(field.name.as_str()));
            if wanted != shown && !meaning.undecided.contains(&field.name) {
                let text = |value: Option<&Value>| value.map_or("empty".into(), Value::to_string);
                broken.push(format!(
                    "{id}: {} is {} by its events and {} on the server",
                    field.name,
                    text(wanted),
                    text(shown)
                ));
            }
        }
    }
    broken.extend(on_each(seen, |phone| {
        let mut broken = Vec::new();
        for (id, view) in &phone.records {
            let (Some(meaning), Some(details)) = (case.meanings.get(id), &view.details) else { continue };
            let shown: i64 = details.time_entries.iter().map(|entry| entry.what.seconds()).sum();
            let entered: i64 = meaning.seconds.values().sum();
            if shown != entered {
                broken.push(format!("{id}: {entered} seconds entered and {shown} shown"));
            }
        }
        broken
    }));
    broken
}
