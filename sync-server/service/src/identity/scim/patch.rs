//! Changes of parts (RFC 7644, section 3.5.2), done to the resource as it is shown. Directories write them in several ways:
//! with a path, with dotted names as members of the value, with "Add" for "add".

use serde_json::{Map, Value, json};

use super::attributes::Resource;
use super::filter::{Expression, Operator, matches, parse_path};
use super::{Result, ScimError};

/// Operations in one request.
const OPERATIONS: usize = 1_000;

/// Applies every operation, in order.
///
/// # Errors
/// When one cannot be done; the resource must then be dropped.
pub fn apply(of: &Resource, whole: &mut Value, sent: &Value) -> Result<()> {
    let operations = member(sent, "Operations").and_then(Value::as_array);
    let operations = operations.ok_or_else(|| syntax("send the changes as a list named Operations"))?;
    if operations.len() > OPERATIONS {
        return Err(syntax("send at most 1000 operations at a time"));
    }
    let Value::Object(whole) = whole else { return Ok(()) };
    operations.iter().try_for_each(|operation| one(of, whole, operation))
}

fn syntax(detail: &str) -> ScimError {
    ScimError::invalid("invalidSyntax", detail)
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Add,
    Replace,
    Remove,
}

fn one(of: &Resource, whole: &mut Map<String, Value>, operation: &Value) -> Result<()> {
    let word = member(operation, "op").and_then(Value::as_str).unwrap_or_default();
    let act = match word.to_ascii_lowercase().as_str() {
        "add" => Act::Add,
        "replace" => Act::Replace,
        "remove" => Act::Remove,
        _ => return Err(syntax("op must be add, replace or remove")),
    };
    let path = member(operation, "path").and_then(Value::as_str).filter(|path| !path.is_empty());
    let value = member(operation, "value");
    match (path, value) {
        (Some(path), value) if act == Act::Remove => at(of, whole, act, path, value.unwrap_or(&Value::Null)),
        (None, _) if act == Act::Remove => Err(ScimError::invalid("noTarget", "a removal needs a path")),
        (Some(path), Some(value)) => at(of, whole, act, path, value),
        (None, Some(Value::Object(members))) => {
            // What a resource does not have is left out here, as it is when the whole is sent.
            let known = members.iter().filter(|(name, _)| is_known(of, name));
            known.into_iter().try_for_each(|(name, value)| extended(of, whole, act, name, value))
        }
        (_, _) => Err(ScimError::value("an addition or replacement needs a value; without a path, an object")),
    }
}

fn is_known(of: &Resource, name: &str) -> bool {
    let attribute = of.within(name).1.split(['.', '[']).next().unwrap_or_default();
    of.written(name).or_else(|| of.written(attribute)).is_some()
}

/// A member of a value without a path: an attribute, or the extension with attributes in it.
fn extended(of: &Resource, whole: &mut Map<String, Value>, act: Act, name: &str, value: &Value) -> Result<()> {
    match (of.extension, value) {
        (Some(extension), Value::Object(members)) if extension.eq_ignore_ascii_case(name) => {
            let each = |(name, value): (&String, &Value)| at(of, whole, act, &format!("{extension}:{name}"), value);
            members.iter().try_for_each(each)
        }
        _ => at(of, whole, act, name, value),
    }
}

fn at(of: &Resource, whole: &mut Map<String, Value>, act: Act, path: &str, value: &Value) -> Result<()> {
    let (attribute, which, part) = parse_path(path)?;
    let (extends, name) = of.within(&attribute);
    let (name, dotted) = name.split_once('.').map_or((name, None), |(name, part)| (name, Some(part.to_owned())));
    let unknown =
        || ScimError::invalid("invalidPath", "the path names something a resource of this kind does not have");
    let name = of.written(name).ok_or_else(unknown)?;
    let object = match of.extension.filter(|_| extends) {
        Some(extension) => {
            let inner = whole.entry(extension).or_insert_with(|| json!({}));
            inner.as_object_mut().ok_or_else(unknown)?
        }
        None => whole,
    };
    match (which, part.or(dotted)) {
        (Some(which), part) => among(object, act, name, &which, part.as_deref(), value),
        (None, Some(part)) => {
            inside(object.entry(name).or_insert_with(|| json!({})), act, &part, value);
            Ok(())
        }
        (None, None) => {
            plain(object, act, name, value);
            Ok(())
        }
    }
}

/// The whole of an attribute.
fn plain(object: &mut Map<String, Value>, act: Act, name: &str, value: &Value) {
    match (act, object.get_mut(name)) {
        (Act::Remove, Some(Value::Array(list))) if !value.is_null() => {
            let removed: Vec<&Value> = value.as_array().map_or_else(|| vec![value], |values| values.iter().collect());
            list.retain(|one| !removed.iter().any(|gone| same(one, gone)));
        }
        (Act::Remove, _) => drop(object.remove(name)),
        (Act::Add, Some(Value::Array(list))) => {
            for one in value.as_array().map_or_else(|| vec![value], |values| values.iter().collect()) {
                list.retain(|known| !same(known, one));
                list.push(one.clone());
            }
        }
        (_, Some(Value::Object(known))) if value.is_object() => {
            known.extend(value.as_object().cloned().unwrap_or_default());
        }
        _ => drop(object.insert(name.into(), value.clone())),
    }
}

/// Whether two members of a list stand for the same: one value of one type.
fn same(one: &Value, other: &Value) -> bool {
    let of = |value: &Value, name: &str| member(value, name).cloned();
    let kinds = (of(one, "type"), of(other, "type"));
    of(one, "value").is_some() && of(one, "value") == of(other, "value") && (kinds.0 == kinds.1 || kinds.1.is_none())
}

/// One part of an attribute, or of each of its values.
fn inside(value: &mut Value, act: Act, part: &str, new: &Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(|one| inside(one, act, part, new)),
        Value::Object(object) => {
            let known = object.keys().find(|name| name.eq_ignore_ascii_case(part)).cloned();
            let name = known.unwrap_or_else(|| part.to_owned());
            match act {
                Act::Remove => drop(object.remove(&name)),
                Act::Add | Act::Replace => drop(object.insert(name, new.clone())),
            }
        }
        _ => {}
    }
}

/// The values of an attribute that a filter means; one is made where none is there and the filter says what it would be.
fn among(
    object: &mut Map<String, Value>,
    act: Act,
    name: &str,
    which: &Expression,
    part: Option<&str>,
    value: &Value,
) -> Result<()> {
    let list = object.entry(name).or_insert_with(|| json!([]));
    let Value::Array(list) = list else {
        return Err(ScimError::invalid("invalidPath", "the path chooses among values of an attribute that has one"));
    };
    if act == Act::Remove && part.is_none() {
        list.retain(|one| !matches(which, one));
        return Ok(());
    }
    if act != Act::Remove && !list.iter().any(|one| matches(which, one)) {
        let described = described(which);
        list.push(described.ok_or_else(|| ScimError::invalid("noTarget", "no value is what the path's filter says"))?);
    }
    for one in list.iter_mut().filter(|one| matches(which, one)) {
        match (part, one.as_object_mut(), value.as_object()) {
            (Some(part), ..) => inside(one, act, part, value),
            (None, Some(known), Some(new)) => known.extend(new.clone()),
            _ => *one = value.clone(),
        }
    }
    Ok(())
}

/// The value a filter of equalities describes.
fn described(which: &Expression) -> Option<Value> {
    let parts = match which {
        Expression::All(parts) => parts.as_slice(),
        one => std::slice::from_ref(one),
    };
    let pair = |part: &Expression| match part {
        Expression::Test(name, Operator::Equal, value) => Some((name.clone(), value.clone())),
        _ => None,
    };
    parts.iter().map(pair).collect::<Option<Map<_, _>>>().map(Value::Object)
}

#[cfg(test)]
mod tests {
    use super::super::attributes::resource;
    use super::*;

    fn patched(of: &str, mut whole: Value, operations: Value) -> Result<Value> {
        let of = resource(of).expect("there");
        apply(of, &mut whole, &json!({ "Operations": operations }))?;
        Ok(whole)
    }

    #[test]
    fn the_ways_directories_write_changes_all_work() {
        let extension = resource("Users").and_then(|users| users.extension).expect("there");
        let user = || json!({ "userName": "mia", "active": true, "emails": [{ "type": "work", "value": "a" }] });
        let cases = [
            (json!([{ "op": "Replace", "path": "active", "value": "False" }]), json!({ "active": "False" })),
            (json!([{ "op": "replace", "value": { "active": false, "unheard": 1 } }]), json!({ "active": false })),
            (
                json!([{ "op": "Add", "path": "emails[type eq \"work\"].value", "value": "b" }]),
                json!({ "emails": [{ "type": "work", "value": "b" }] }),
            ),
            (
                json!([{ "op": "add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "7" }]),
                json!({ "phoneNumbers": [{ "type": "mobile", "value": "7" }] }),
            ),
            (json!([{ "op": "add", "value": { "name.givenName": "Mia" } }]), json!({ "name": { "givenName": "Mia" } })),
            (json!([{ "op": "remove", "path": "emails[value eq \"a\"]" }]), json!({ "emails": [] })),
            (
                json!([{ "op": "add", "path": format!("{extension}:employeeNumber"), "value": "7" }]),
                json!({ extension: { "employeeNumber": "7" } }),
            ),
            (
                json!([{ "op": "add", "value": { extension: { "gender": "f" } } }]),
                json!({ extension: { "gender": "f" } }),
            ),
        ];
        for (operations, expected) in cases {
            let whole = patched("Users", user(), operations.clone()).expect("done");
            for (name, value) in expected.as_object().expect("members") {
                assert_eq!(&whole[name], value, "{operations}");
            }
        }
    }

    #[test]
    fn members_are_added_once_and_removed_by_value_or_by_filter() {
        let group = || json!({ "members": [{ "value": "1" }, { "value": "2", "type": "User" }] });
        for (operation, expected) in [
            (
                json!({ "op": "add", "path": "members", "value": [{ "value": "2" }, { "value": "3" }] }),
                vec!["1", "2", "3"],
            ),
            (json!({ "op": "remove", "path": "members", "value": [{ "value": "2" }] }), vec!["1"]),
            (json!({ "op": "remove", "path": "members[value eq \"1\"]" }), vec!["2"]),
            (json!({ "op": "replace", "path": "members", "value": [{ "value": "9" }] }), vec!["9"]),
            (json!({ "op": "remove", "path": "members" }), vec![]),
        ] {
            let whole = patched("Groups", group(), json!([operation])).expect("done");
            let list = whole.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
            let values: Vec<_> = list.iter().filter_map(|one| one["value"].as_str()).collect();
            assert_eq!(values, expected, "{operation}");
        }
    }

    #[test]
    fn an_operation_that_cannot_be_done_is_named() {
        for (operation, kind) in [
            (json!({ "op": "move", "path": "title" }), "invalidSyntax"),
            (json!({ "op": "remove" }), "noTarget"),
            (json!({ "op": "add", "path": "nothing", "value": 1 }), "invalidPath"),
            (json!({ "op": "add", "path": "title" }), "invalidValue"),
            (json!({ "op": "add", "value": "x" }), "invalidValue"),
            (json!({ "op": "replace", "path": "emails[value co \"x\"].type", "value": "x" }), "noTarget"),
            (json!({ "op": "replace", "path": "emails[", "value": "x" }), "invalidFilter"),
        ] {
            let refused = patched("Users", json!({}), json!([operation])).expect_err("refused");
            assert!(
                matches!(refused, ScimError::Invalid { kind: given, .. } if given == kind),
                "{operation}: {refused}"
            );
        }
    }
}
