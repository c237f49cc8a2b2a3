//! What a user's phone must hold, by the dictionary alone: what is everyone's, what names the user or one of the user's
//! groups, what those refer to, and what travels with any of it.

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
            wanted.extend(table.offline.follow.iter().flat_map(|path| walk(case, record, path)));
        }
    }
    let companions: Vec<DocumentId> = case.records.values().flat_map(|record| along(case, record, &wanted)).collect();
    wanted.extend(companions);
    wanted
}

/// A record that travels with what is wanted, and what it refers to.
fn along(case: &Case<'_>, record: &Record, wanted: &BTreeSet<DocumentId>) -> Vec<DocumentId> {
    let Some(table) = case.dictionary.table(record.id.table.as_str()) else { return Vec::new() };
    let mut fields = table.offline.with.iter();
    let is_along = fields.any(|field| walk(case, record, field.as_str()).iter().any(|with| wanted.contains(with)));
    let followed = table.offline.follow.iter().flat_map(|path| walk(case, record, path));
    if is_along { followed.chain([record.id.clone()]).collect() } else { Vec::new() }
}

fn walk(case: &Case<'_>, from: &Record, path: &str) -> Vec<DocumentId> {
    let mut here = vec![from];
    for field in path.split('.') {
        let named = here.iter().flat_map(|record| record.references(field));
        here = named.filter_map(|id| case.records.get(&id)).collect();
    }
    here.into_iter().map(|record| record.id.clone()).collect()
}
