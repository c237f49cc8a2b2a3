//! What the dictionary says of single rows, as Cedar: its queries are read here by themselves, as far as they go.

use std::collections::BTreeSet;

use cedar_policy::RestrictedExpression;
use fieldline_model::{FieldName, Record};

use crate::oracle::set;

/// A record's fields as texts, and as the words they list with commas.
pub fn attributes(record: &Record) -> Vec<(String, RestrictedExpression)> {
    let mut fields = vec![("sys_id".to_owned(), record.id.sys_id.to_string())];
    fields.extend(record.fields.iter().map(|(name, value)| (name.to_string(), value.to_string())));
    fields.retain(|(_, text)| !text.is_empty());
    let listed = |text: &str| -> BTreeSet<String> { text.split(',').map(str::to_owned).collect() };
    let lists = fields.iter().map(|(name, text)| (name.clone(), set(&listed(text)))).collect::<Vec<_>>();
    let texts = fields.into_iter().map(|(name, text)| (name, RestrictedExpression::new_string(text)));
    let record = |fields| RestrictedExpression::new_record(fields).expect("each name once");
    vec![("fields".to_owned(), record(texts.collect::<Vec<_>>())), ("lists".to_owned(), record(lists))]
}

/// An encoded query as a condition: equal to a word, the caller or one of the caller's groups, or one of some words.
pub fn condition(query: &str) -> String {
    let all = query.split('^').fold(Vec::<Vec<String>>::new(), |mut all, term| {
        match (term.strip_prefix("OR"), all.last_mut()) {
            (Some(term), Some(last)) => last.push(test(term)),
            _ => all.push(vec![test(term)]),
        }
        all
    });
    let any: Vec<String> = all.iter().map(|any| format!("({})", any.join(" || "))).collect();
    format!("({})", any.join(" && "))
}

fn test(term: &str) -> String {
    let of = |field: &str, holds: &str| format!("(resource.fields has {field} && {})", holds.replace('@', field));
    match term.split_once('=') {
        Some((field, "javascript:gs.getUserID()")) => of(field, "resource.fields.@ == principal.id"),
        Some((field, "javascript:gs.getUser().getMyGroups()")) => {
            of(field, "principal.groups.contains(resource.fields.@)")
        }
        Some((field, word)) => of(field, &format!("resource.fields.@ == \"{word}\"")),
        None => {
            let (field, words) = term.split_once("IN").expect("the dictionary uses no other operator yet");
            let words: Vec<String> = words.split(',').map(|word| format!("\"{word}\"")).collect();
            of(field, &format!("[{}].contains(resource.fields.@)", words.join(", ")))
        }
    }
}

/// A row is for the roles it names; for anybody when it names none.
pub fn for_roles(field: &FieldName) -> String {
    format!("(!(resource.lists has {field}) || principal.roles.containsAny(resource.lists.{field}))")
}
