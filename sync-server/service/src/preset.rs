//! What a template says about a new record: an encoded query whose equalities are field values.

use std::collections::BTreeMap;

use fieldline_model::condition::{Condition, Operator, Query, Term};

use crate::call::Call;
use crate::error::Result;

/// The fields a preset fills; a walk such as `assignment_group.name=Network` fills the reference with the record it means.
pub(crate) fn fields(call: &Call<'_>, table: &str, preset: &str) -> Result<BTreeMap<String, String>> {
    let mut fields = BTreeMap::new();
    for (path, value) in pairs(preset) {
        match &path[..] {
            [field] => drop(fields.insert(field.clone(), value)),
            [field, rest @ ..] if !rest.is_empty() => {
                let target = call.dictionary.table(table).and_then(|table| table.field(field)?.reference.clone());
                let Some(target) = target else { continue };
                let found = call.rows_with(target.as_str(), &[(&rest.join("."), &value)])?;
                fields.extend(found.first().map(|record| (field.clone(), record.id.sys_id.to_string())));
            }
            _ => {}
        }
    }
    Ok(fields)
}

/// The fields a template names and what it writes there, where it walks nowhere.
pub(crate) fn equalities(template: &str) -> impl Iterator<Item = (String, String)> {
    pairs(template).filter_map(|(mut path, value)| Some((path.pop().filter(|_| path.is_empty())?, value)))
}

fn pairs(template: &str) -> impl Iterator<Item = (Vec<String>, String)> {
    let terms = Query::parse(template).query.groups.into_iter().flat_map(|group| group.clauses).flatten();
    terms.filter_map(|term| match term {
        Term::Condition(Condition { path, operator: Operator::Equals, value }) => Some((path, value)),
        _ => None,
    })
}
