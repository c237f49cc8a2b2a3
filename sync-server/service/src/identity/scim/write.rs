//! A resource as it was sent, written to rows. A person made here has an account without a password: they sign in through a
//! provider, or once an administrator has given them one.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::Filter;
use fieldline_model::dictionary::Merge;
use fieldline_model::{DocumentId, Record, SysId, Value as FieldValue};
use fieldline_storage::Account;
use serde_json::Value;

use super::attributes::{EXTERNAL, Resource, Several, Shape, resource};
use super::{Result, ScimError};
use crate::accounts::USER_NAME_CHARACTERS;
use crate::call::Call;
use crate::table::{TableError, declared};

const USER_NAME: &str = "user_name";
const NAME: &str = "name";

/// Makes a row.
pub fn create(call: &mut Call<'_>, of: &Resource, sent: &Value) -> Result<Record> {
    let mut row = Record::new(DocumentId::new(of.table, call.new_sys_id()));
    row.set("active", Some(FieldValue::Boolean(true)));
    write(call, of, row, sent, true)
}

/// Makes a row what was sent; what is left out is emptied.
pub fn replace(call: &mut Call<'_>, of: &Resource, row: Record, sent: &Value) -> Result<Record> {
    protect(call, &row)?;
    write(call, of, row, sent, false)
}

/// Removes a row and its memberships.
pub fn delete(call: &mut Call<'_>, of: &Resource, row: &Record) -> Result<()> {
    protect(call, row)?;
    let memberships = match of.membership {
        Some(list) => call.rows("sys_user_grmember", &Filter::equals(list.here, row.id.sys_id))?,
        None => Vec::new(),
    };
    let people: BTreeSet<SysId> = memberships.iter().filter_map(|row| row.reference("user")).collect();
    let before = administrators(call, &people)?;
    memberships.iter().try_for_each(|membership| call.remove_row(membership))?;
    keeps_administrators(call, &people, &before)?;
    Ok(call.remove_row(row)?)
}

/// Which of these people are administrators, by whatever gives it to them.
fn administrators(call: &Call<'_>, people: &BTreeSet<SysId>) -> Result<BTreeSet<SysId>> {
    let mut found = BTreeSet::new();
    for user in people {
        let row = call.tx.find(call.dictionary.family("sys_user"), *user)?;
        let given = row.as_ref().map_or("", |row| row.text("roles"));
        if call.all_roles(*user, given)?.contains("admin") {
            found.insert(*user);
        }
    }
    Ok(found)
}

/// Whoever is no administrator makes none and unmakes none, by no group either.
fn keeps_administrators(call: &Call<'_>, people: &BTreeSet<SysId>, before: &BTreeSet<SysId>) -> Result<()> {
    match call.caller.is_administrator() || administrators(call, people)? == *before {
        true => Ok(()),
        false => {
            Err(ScimError::Denied("only an administrator may change who administrators are; the group makes some"))
        }
    }
}

/// Whoever is no administrator changes no administrator, nor who gets an administrator's rights by a group.
fn protect(call: &Call<'_>, row: &Record) -> Result<()> {
    let has_admin = row.text("roles").split(',').any(|role| role.trim() == "admin");
    let account = call.tx.account_of(row.id.sys_id)?;
    let is_system = row.id.sys_id == call.server.identity.system_user;
    let above = has_admin || account.is_some_and(|account| account.roles.contains("admin"));
    match is_system || above && !call.caller.is_administrator() {
        true => Err(ScimError::Denied("only an administrator may change this one")),
        false => Ok(()),
    }
}

fn write(call: &mut Call<'_>, of: &Resource, mut row: Record, sent: &Value, creating: bool) -> Result<Record> {
    let before = row.clone();
    let fields = fields(of, &row, sent)?;
    let table = declared(call, of.table)?;
    for (name, text) in fields {
        let Some(field) = table.field(name) else { continue };
        let value = field.parse(&text).map_err(|error| TableError::field(&row.id, &error))?;
        if let (Some(FieldValue::Reference(id)), Some(target)) = (&value, &field.reference)
            && call.tx.find(call.dictionary.family(target.as_str()), *id)?.is_none()
        {
            return Err(ScimError::value(format!("{name}: there is no {target} {id}")));
        }
        row.set(name, value);
    }
    for field in table.fields.iter().filter(|field| field.merge != Merge::Derived) {
        if row.get(field.name.as_str()).is_none() {
            field.check_empty().map_err(|error| TableError::field(&row.id, &error))?;
        }
    }
    if of.table == "sys_user" {
        name_is_free(call, &row)?;
    }
    if creating || row != before {
        call.put_row(row.clone())?;
        follow_account(call, &row, creating)?;
    }
    if of.name == "Groups" {
        set_members(call, row.id.sys_id, sent)?;
    }
    Ok(call.row(&row.id)?.unwrap_or(row))
}

fn name_is_free(call: &Call<'_>, row: &Record) -> Result<()> {
    let name = row.text(USER_NAME);
    let fits = (1..=USER_NAME_CHARACTERS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if !fits || name.eq_ignore_ascii_case("system") {
        return Err(ScimError::value(format!(
            "userName must have 1 to {USER_NAME_CHARACTERS} characters and not be system"
        )));
    }
    let rows = call.some_rows("sys_user", &Filter::equals(USER_NAME, name), 2)?;
    let account = call.tx.account(name)?.map(|account| account.user);
    let mut others = rows.iter().map(|row| row.id.sys_id).chain(account).filter(|user| *user != row.id.sys_id);
    others.next().map_or(Ok(()), |_| Err(ScimError::Taken(format!("userName {name}"))))
}

/// Gives a new person an account, and an account its person's new name.
fn follow_account(call: &mut Call<'_>, row: &Record, creating: bool) -> Result<()> {
    if row.id.table != *"sys_user" {
        return Ok(());
    }
    let (user, user_name) = (row.id.sys_id, row.text(USER_NAME).to_owned());
    let active = row.get("active") != Some(&FieldValue::Boolean(false));
    let account = match call.tx.account_of(user)? {
        Some(account) => Account { user_name, ..account },
        None if creating => Account { user, user_name, password_hash: String::new(), roles: BTreeSet::new(), active },
        None => return Ok(()),
    };
    call.tx.put_account(&account)?;
    if creating { Ok(call.resubscribe(user)?) } else { Ok(()) }
}

/// Texts by field: of every field a resource of this kind has, empty for what was not sent.
fn fields(of: &Resource, row: &Record, sent: &Value) -> Result<BTreeMap<&'static str, String>> {
    let extension = of.extension.and_then(|extension| member(sent, extension));
    let mut fields = BTreeMap::new();
    for single in of.single.iter().filter(|single| single.field != NAME || of.name != "Users") {
        let from = if single.extends { extension } else { Some(sent) };
        let value = from.and_then(|from| walk(from, single.path));
        let text = match single.shape {
            Shape::Id | Shape::Moment => continue,
            Shape::Boolean => match value {
                // Whoever was locked out here is not let in again by not being mentioned.
                None => continue,
                Some(value) => boolean(single.path, value)?,
            },
            Shape::Text => text(single.path, value)?,
            Shape::External => match text(single.path, value)? {
                // A source of another kind is not the directory's to empty.
                empty if empty.is_empty() && !row.text(single.field).starts_with(EXTERNAL) => continue,
                empty if empty.is_empty() => empty,
                external => format!("{EXTERNAL}{external}"),
            },
        };
        fields.insert(single.field, text);
    }
    for several in of.several {
        let one = member(sent, several.name).and_then(|list| chosen(several, list));
        for (part, field) in several.parts {
            fields.insert(*field, text(several.name, one.and_then(|one| member(one, part)))?);
        }
    }
    for link in of.links {
        let value = extension.and_then(|extension| member(extension, link.name));
        let id = value.map(|value| member(value, "value").unwrap_or(value));
        fields.insert(link.field, text(link.name, id)?);
    }
    if of.name == "Users" {
        fields.insert(NAME, full_name(row, sent)?);
    }
    Ok(fields)
}

/// What was newly said of a person's name: as a whole, else in parts, else what it was, else how they sign in.
fn full_name(row: &Record, sent: &Value) -> Result<String> {
    let said = |path| text(path, walk(sent, path));
    let old = row.text(NAME);
    let parts = [said("name.givenName")?, said("name.familyName")?];
    let joined = parts.join(" ").trim().to_owned();
    let old_joined = format!("{} {}", row.text("first_name"), row.text("last_name")).trim().to_owned();
    let whole = [said("displayName")?, said("name.formatted")?];
    let new = whole.iter().find(|name| !name.is_empty() && name.as_str() != old).cloned();
    let from_parts =
        (joined != old_joined && !joined.is_empty() && (old.is_empty() || old == old_joined)).then_some(joined);
    let kept = Some(old.to_owned()).filter(|old| !old.is_empty());
    new.or(from_parts).or(kept).map_or_else(|| said("userName"), Ok)
}

/// The value of one type: that of the type, else, of the first type, the primary or any that names no type.
fn chosen<'v>(several: &Several, list: &'v Value) -> Option<&'v Value> {
    let list = list.as_array()?;
    let kind = |one: &Value| member(one, "type").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let typed = list.iter().find(|one| kind(one) == several.kind);
    let primary = || list.iter().find(|one| member(one, "primary") == Some(&Value::Bool(true)) && kind(one).is_empty());
    let untyped = || list.iter().find(|one| kind(one).is_empty());
    let only = || list.first().filter(|_| several.name == "emails");
    typed.or_else(|| (several.kind == "work").then(|| primary().or_else(untyped).or_else(only)).flatten())
}

fn set_members(call: &mut Call<'_>, group: SysId, sent: &Value) -> Result<()> {
    let list = member(sent, "members").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut wanted = BTreeSet::new();
    for one in list {
        let id = member(one, "value").and_then(Value::as_str).unwrap_or_default();
        let user: SysId = id.parse().map_err(|_| ScimError::value("members: a value is no id of a user"))?;
        wanted.insert(user);
    }
    let rows = call.rows("sys_user_grmember", &Filter::equals("group", group))?;
    let known: BTreeSet<SysId> = rows.iter().filter_map(|row| row.reference("user")).collect();
    let people: BTreeSet<SysId> = wanted.symmetric_difference(&known).copied().collect();
    let before = administrators(call, &people)?;
    for row in rows.iter().filter(|row| row.reference("user").is_none_or(|user| !wanted.contains(&user))) {
        call.remove_row(row)?;
    }
    for user in wanted.difference(&known) {
        let users = resource("Users").map_or("", |users| users.table);
        if call.tx.find(call.dictionary.family(users), *user)?.is_none() {
            return Err(ScimError::value(format!("members: there is no user {user}")));
        }
        let mut row = Record::new(DocumentId::new("sys_user_grmember", call.new_sys_id()));
        row.set("user", Some(FieldValue::Reference(*user)));
        row.set("group", Some(FieldValue::Reference(group)));
        call.put_row(row)?;
    }
    keeps_administrators(call, &people, &before)
}

/// A member, whatever its case.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let found = value.as_object()?.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    found.filter(|value| !value.is_null())
}

fn walk<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |value, name| member(value, name))
}

fn text(name: &str, value: Option<&Value>) -> Result<String> {
    match value {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.trim().to_owned()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(_) => Err(ScimError::value(format!("{name} must be text"))),
    }
}

/// Some directories write yes and no as words.
fn boolean(name: &str, value: &Value) -> Result<String> {
    let word = match value {
        Value::Bool(yes) => yes.to_string(),
        Value::String(word) => word.to_lowercase(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "false" => Ok(word),
        _ => Err(ScimError::value(format!("{name} must be true or false"))),
    }
}
