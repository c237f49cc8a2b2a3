//! A row as a resource.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId, Value as FieldValue};
use serde_json::{Map, Value, json};

use super::attributes::{EXTERNAL, Link, Membership, Resource, Shape, resource};
use super::{Result, Wanted};
use crate::call::Call;

/// A row as a resource; lists that are not wanted are not looked up.
pub fn json(call: &Call<'_>, of: &Resource, row: &Record, wanted: &Wanted, base: &str) -> Result<Value> {
    let (mut core, mut extension) = (Map::new(), Map::new());
    for single in of.single {
        let Some(value) = value(row, single.field, single.shape) else { continue };
        put(if single.extends { &mut extension } else { &mut core }, single.path, value);
    }
    for several in of.several {
        let parts = several.parts.iter().filter_map(|(part, field)| {
            let text = row.text(field);
            (!text.is_empty()).then(|| ((*part).to_owned(), Value::from(text)))
        });
        let mut one: Map<_, _> = parts.collect();
        if one.is_empty() {
            continue;
        }
        one.insert("type".into(), several.kind.into());
        one.insert("primary".into(), (several.kind == "work").into());
        if let Value::Array(list) = core.entry(several.name).or_insert_with(|| json!([])) {
            list.push(one.into());
        }
    }
    for link in
        of.links.iter().filter(|_| of.extension.is_some_and(|extension| wanted_extension(wanted, of, extension)))
    {
        extension.extend(linked(call, link, row, base)?.map(|value| (link.name.to_owned(), value)));
    }
    if let Some(list) = of.membership.filter(|list| wanted.has(of, list.name)) {
        core.insert(list.name.into(), members(call, list, row.id.sys_id, base)?.into());
    }
    let mut schemas = vec![of.schema];
    if let Some(name) = of.extension.filter(|_| !extension.is_empty()) {
        schemas.push(name);
        core.insert(name.into(), extension.into());
    }
    put(&mut core, "meta.resourceType", of.kind.into());
    put(&mut core, "meta.location", address(base, of.name, row.id.sys_id).into());
    let mut whole = Map::from_iter([("schemas".to_owned(), json!(schemas))]);
    whole.extend(core);
    Ok(whole.into())
}

/// Names of other rows are looked up only where the extension may be asked for.
fn wanted_extension(wanted: &Wanted, of: &Resource, extension: &str) -> bool {
    wanted.only.is_empty() || wanted.only.iter().any(|path| path.eq_ignore_ascii_case(extension) || of.within(path).0)
}

fn value(row: &Record, field: &str, shape: Shape) -> Option<Value> {
    match shape {
        Shape::Id => Some(row.id.sys_id.to_string().into()),
        Shape::Boolean => Some((row.get(field) != Some(&FieldValue::Boolean(false))).into()),
        Shape::Moment => row.time(field).map(|moment| moment.to_rfc3339().into()),
        Shape::External => row.text(field).strip_prefix(EXTERNAL).map(Value::from),
        Shape::Text => Some(row.text(field)).filter(|text| !text.is_empty()).map(Value::from),
    }
}

/// Puts a value where a dotted name leads.
fn put(object: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((head, part)) = path.split_once('.') else { return drop(object.insert(path.into(), value)) };
    if let Value::Object(inner) = object.entry(head).or_insert_with(|| json!({})) {
        inner.insert(part.into(), value);
    }
}

fn linked(call: &Call<'_>, link: &Link, row: &Record, base: &str) -> Result<Option<Value>> {
    let Some(id) = row.reference(link.field) else { return Ok(None) };
    let mut value = json!({ "value": id, "$ref": address(base, link.to, id) });
    if let Some(name) = name_of(call, link.to, id)? {
        value[link.label] = name.into();
    }
    Ok(Some(value))
}

fn members(call: &Call<'_>, list: &Membership, of: SysId, base: &str) -> Result<Vec<Value>> {
    let rows = call.rows("sys_user_grmember", &Filter::equals(list.here, of))?;
    let mut members: Vec<SysId> = rows.iter().filter_map(|row| row.reference(list.there)).collect();
    members.sort_unstable();
    members.dedup();
    let kind = resource(list.to).map_or("", |to| to.kind);
    let shown = |id: SysId| {
        let mut value = json!({ "value": id, "$ref": address(base, list.to, id) });
        // A person is a member of a group; a group is something a person has directly.
        value["type"] = if list.to == "Groups" { "direct".into() } else { kind.into() };
        if let Some(name) = name_of(call, list.to, id)? {
            value["display"] = name.into();
        }
        Ok(value)
    };
    members.into_iter().map(shown).collect()
}

fn name_of(call: &Call<'_>, name: &str, id: SysId) -> Result<Option<String>> {
    let Some(to) = resource(name) else { return Ok(None) };
    let row = call.tx.find(call.dictionary.family(to.table), id)?;
    Ok(row.map(|row| row.text("name").to_owned()).filter(|name| !name.is_empty()))
}

fn address(base: &str, name: &str, id: SysId) -> String {
    format!("{base}/{name}/{id}")
}
