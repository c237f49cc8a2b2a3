//! Which records belong to which keys, worked out the slow way: from the dictionary's words and the rows alone.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{Dictionary, DocumentId, Record, SysId, TableName, Value};

/// The keys of every record.
pub fn keys(dictionary: &Dictionary, records: &[Record]) -> BTreeMap<DocumentId, BTreeSet<String>> {
    let mut keys: BTreeMap<DocumentId, BTreeSet<String>> =
        records.iter().map(|record| (record.id.clone(), BTreeSet::new())).collect();
    for anchor in records {
        let Some(table) = dictionary.table(anchor.id.table.as_str()) else { continue };
        let offline = &table.offline;
        let named = |fields: &[fieldline_model::FieldName], word: &str| -> Vec<String> {
            fields.iter().flat_map(|field| targets(anchor, field.as_str())).map(|id| format!("{word}:{id}")).collect()
        };
        let mut own = [named(&offline.users, "user"), named(&offline.groups, "group")].concat();
        own.extend(offline.everyone.then(|| "everyone".to_owned()));
        if own.is_empty() {
            continue;
        }
        let mut carried = vec![anchor.id.clone()];
        for path in &offline.follow {
            carried.extend(walked(dictionary, records, anchor, path));
        }
        for record in carried {
            keys.entry(record).or_default().extend(own.iter().cloned());
        }
    }
    keys
}

/// The keys somebody may see the members of; customers are not everyone.
pub fn keys_of(user: SysId, is_customer: bool, records: &[Record]) -> BTreeSet<String> {
    let mine = records.iter().filter(|row| row.id.table == *"sys_user_grmember" && row.reference("user") == Some(user));
    let groups = mine.filter_map(|row| row.reference("group")).map(|group| format!("group:{group}"));
    let everyone = (!is_customer).then(|| "everyone".to_owned());
    groups.chain([format!("user:{user}")]).chain(everyone).collect()
}

fn targets(record: &Record, field: &str) -> Vec<SysId> {
    match record.get(field) {
        Some(Value::Reference(id)) => vec![*id],
        Some(Value::List(ids)) => ids.clone(),
        _ => Vec::new(),
    }
}

/// Every record a path passes.
fn walked(dictionary: &Dictionary, records: &[Record], anchor: &Record, path: &str) -> Vec<DocumentId> {
    let (mut here, mut passed) = (vec![anchor.clone()], Vec::new());
    for field in path.split('.') {
        let mut next = Vec::new();
        for record in &here {
            let table = dictionary.table(record.id.table.as_str()).and_then(|table| table.field(field));
            let Some(target) = table.and_then(|field| field.reference.clone()) else { continue };
            let in_family = |found: &TableName| dictionary.is_a(found.as_str(), target.as_str());
            let ids = targets(record, field);
            let found = records.iter().filter(|record| ids.contains(&record.id.sys_id) && in_family(&record.id.table));
            next.extend(found.cloned());
        }
        passed.extend(next.iter().map(|record| record.id.clone()));
        here = next;
    }
    passed
}
