//! What a template says about a new record: an encoded query whose equalities are field values.

use std::collections::BTreeMap;

use fieldline_model::condition::{Condition, Operator, Query, Term};

use crate::call::Call;
use crate::error::Result;

/// The fields a preset fills; a walk such as `assignment_group.name=Network` fills the reference with the record it means.
pub(crate) fn fields(call: &Call<'_>, table: &str, preset: &str) -> Result<BTreeMap<String, String>> {
    let mut fields = BTreeMap::new();
    for term in Query::parse(preset).query.groups.into_iter().flat_map(|group| group.clauses).flatten() {
        let Term::Condition(Condition { path, operator: Operator::Equals, value }) = term else { continue };
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
