//! Which attributes an answer has (RFC 7644, section 3.9).

use serde_json::{Map, Value};

use super::attributes::Resource;

/// Which attributes are asked for; all of them unless some are named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// These and no others.
    pub only: Vec<String>,
    /// All but these.
    pub but: Vec<String>,
}

impl Wanted {
    /// Whether any part of an attribute will be in the answer.
    pub(super) fn has(&self, of: &Resource, name: &str) -> bool {
        let names = |list: &[String], whole: bool| {
            list.iter().any(|path| {
                let (_, path) = of.within(path);
                let (attribute, part) = path.split_once('.').map_or((path, None), |(head, part)| (head, Some(part)));
                attribute.eq_ignore_ascii_case(name) && !(whole && part.is_some())
            })
        };
        if self.only.is_empty() { !names(&self.but, true) } else { names(&self.only, false) }
    }

    /// What is asked for of a resource; `schemas` and `id` are always there.
    pub(super) fn select(&self, of: &Resource, whole: Value) -> Value {
        let Value::Object(mut whole) = whole else { return whole };
        if !self.only.is_empty() {
            let mut selected = Map::new();
            for always in ["schemas", "id"] {
                selected.extend(whole.get(always).map(|value| (always.to_owned(), value.clone())));
            }
            for path in &self.only {
                copy(of, path, &whole, &mut selected);
            }
            return selected.into();
        }
        for path in self.but.iter().filter(|path| !["schemas", "id"].contains(&path.to_lowercase().as_str())) {
            let (container, names) = place(of, path);
            remove(&mut whole, container.into_iter().chain(names).collect::<Vec<_>>().as_slice());
        }
        whole.into()
    }
}

/// Where an attribute is: in the extension or not, and the names that lead to it.
fn place<'p>(of: &Resource, path: &'p str) -> (Option<&'static str>, Vec<&'p str>) {
    if let Some(extension) = of.extension.filter(|extension| extension.eq_ignore_ascii_case(path)) {
        return (Some(extension), Vec::new());
    }
    let (extends, name) = of.within(path);
    (of.extension.filter(|_| extends), name.split('.').collect())
}

fn copy(of: &Resource, path: &str, whole: &Map<String, Value>, selected: &mut Map<String, Value>) {
    let (container, names) = place(of, path);
    let names: Vec<&str> = container.into_iter().chain(names).collect();
    let Some(part) = only(&Value::Object(whole.clone()), &names) else { return };
    merge(selected, part);
}

/// A value with nothing but what lies on a way.
fn only(value: &Value, names: &[&str]) -> Option<Value> {
    let [first, rest @ ..] = names else { return Some(value.clone()) };
    match value {
        Value::Array(items) => Some(items.iter().filter_map(|item| only(item, names)).collect()),
        Value::Object(members) => {
            let (name, found) = members.iter().find(|(name, _)| name.eq_ignore_ascii_case(first))?;
            Some(Value::Object(Map::from_iter([(name.clone(), only(found, rest)?)])))
        }
        _ => None,
    }
}

fn merge(into: &mut Map<String, Value>, part: Value) {
    let Value::Object(part) = part else { return };
    for (name, value) in part {
        match (into.get_mut(&name), value) {
            (Some(Value::Object(known)), value @ Value::Object(_)) => merge(known, value),
            (Some(Value::Array(known)), Value::Array(more)) if known.len() == more.len() => {
                known
                    .iter_mut()
                    .zip(more)
                    .for_each(|(known, more)| known.as_object_mut().map_or((), |known| merge(known, more)));
            }
            (_, value) => drop(into.insert(name, value)),
        }
    }
}

fn remove(members: &mut Map<String, Value>, names: &[&str]) {
    let [first, rest @ ..] = names else { return };
    let Some(name) = members.keys().find(|name| name.eq_ignore_ascii_case(first)).cloned() else { return };
    match (rest, members.get_mut(&name)) {
        ([], _) => drop(members.remove(&name)),
        (_, Some(Value::Object(inner))) => remove(inner, rest),
        (_, Some(Value::Array(items))) => {
            items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| remove(item, rest));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::attributes::resource;
    use super::*;

    #[test]
    fn named_attributes_and_their_parts_are_answered_and_id_always() {
        let users = resource("Users").expect("there");
        let extension = users.extension.expect("there");
        let whole = json!({
            "schemas": [], "id": "1", "userName": "mia", "name": { "givenName": "Mia", "familyName": "M" },
            "emails": [{ "value": "a", "type": "work" }], extension: { "gender": "f", "employeeNumber": "7" },
        });
        let select = |only: &[&str], but: &[&str]| {
            let [only, but] = [only, but].map(|list| list.iter().map(|name| (*name).to_owned()).collect());
            Wanted { only, but }.select(users, whole.clone())
        };
        let number = format!("{extension}:employeeNumber");
        assert_eq!(
            select(&["USERNAME", "name.givenName", "emails.value", &number], &[]),
            json!({
                "schemas": [], "id": "1", "userName": "mia", "name": { "givenName": "Mia" }, "emails": [{ "value": "a" }],
                extension: { "employeeNumber": "7" },
            })
        );
        assert_eq!(
            select(&[], &["id", "name", "emails.type", &number]),
            json!({
                "schemas": [], "id": "1", "userName": "mia", "emails": [{ "value": "a" }], extension: { "gender": "f" },
            })
        );
        assert_eq!(select(&["nothing"], &[]), json!({ "schemas": [], "id": "1" }));
    }
}
