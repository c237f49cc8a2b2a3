//! What a user's phone must hold, by the dictionary alone: what is everyone's, what names the user or one of the user's
//! groups, and what those refer to.

use std::collections::BTreeSet;

use fieldline_model::{DocumentId, FieldName, Record, SysId};

use super::case::Case;

/// Everything in a user's scope.
pub fn in_scope(case: &Case<'_>, user: SysId) -> BTreeSet<DocumentId> {
    let memberships = case.records.values().filter(|record| record.id.table == "sys_user_grmember");
    let groups: BTreeSet<SysId> = memberships
        .filter(|row| row.reference("user") == Some(user))
        .filter_map(|row| row.reference("group"))
        .collect();
    let mut wanted = BTreeSet::new();
    for record in case.records.values() {
        let Some(table) = case.dictionary.table(record.id.table.as_str()) else { continue };
        let names = |field: &FieldName| record.reference(field.as_str());
        let mine = table.offline.users.iter().any(|field| names(field) == Some(user))
            || table.offline.groups.iter().any(|field| names(field).is_some_and(|group| groups.contains(&group)));
        if mine || table.offline.everyone {
            wanted.insert(record.id.clone());
            wanted.extend(table.offline.follow.iter().filter_map(|path| walk(case, record, path)));
        }
    }
    wanted
}

fn walk(case: &Case<'_>, from: &Record, path: &str) -> Option<DocumentId> {
    let mut record = from;
    for field in path.split('.') {
        record = case.records.get(&record.reference(field)?)?;
    }
    Some(record.id.clone())
}
