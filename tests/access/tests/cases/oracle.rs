//! The dictionary as Cedar policies, and the question whether they permit something.
//!
//! Source: Cedar (Cutler et al., "Cedar: A New Language for Expressive, Fast, Safe, and Analyzable Authorization", 2024).

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use fieldline_model::dictionary::{Kind, Readers};
use fieldline_model::{Dictionary, Record, Table};

use crate::rows;

/// Somebody: who, roles, and the keys whose members they may see.
#[derive(Debug, Clone)]
pub struct Person {
    pub user: String,
    pub roles: BTreeSet<String>,
    pub keys: BTreeSet<String>,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// See it.
    Read,
    /// Have it on a device.
    Hold,
    Create,
    Delete,
    /// Attach a file to it, or remove one.
    Attach,
}

/// The judge.
pub struct Oracle {
    /// The policies of each action; those of others could not apply.
    policies: BTreeMap<String, PolicySet>,
    authorizer: Authorizer,
}

impl Oracle {
    /// Translates a dictionary.
    pub fn of(dictionary: &Dictionary) -> Self {
        let mut texts = BTreeMap::new();
        for table in dictionary.tables() {
            translate(table, &mut texts);
        }
        let parsed = |text: String| PolicySet::from_str(&text).expect("generated policies are well formed");
        let policies = texts.into_iter().map(|(action, text)| (action, parsed(text))).collect();
        Self { policies, authorizer: Authorizer::new() }
    }

    /// Whether somebody may do something to a record that belongs to these keys.
    pub fn permits(&self, person: &Person, deed: Deed, record: &Record, keys: &BTreeSet<String>) -> bool {
        let action = match deed {
            Deed::Read => "read",
            Deed::Hold => "hold",
            Deed::Create => "create",
            Deed::Delete => "delete",
            Deed::Attach => "attach",
        };
        self.ask(person, action, record, keys)
    }

    /// Whether somebody who sees a record may know what a field of it holds.
    pub fn may_read(&self, person: &Person, record: &Record, field: &str) -> bool {
        self.ask(person, &format!("read {field}"), record, &BTreeSet::new())
    }

    /// Whether somebody who sees a record may write a field of it.
    pub fn may_write(&self, person: &Person, record: &Record, field: &str) -> bool {
        self.ask(person, &format!("write {field}"), record, &BTreeSet::new())
    }

    fn ask(&self, person: &Person, action: &str, record: &Record, keys: &BTreeSet<String>) -> bool {
        let (user, deed, thing) = (uid("User", "asks"), uid("Action", action), uid("Record", "is asked for"));
        let groups = person.keys.iter().filter_map(|key| key.strip_prefix("group:")).map(str::to_owned).collect();
        let attributes = [
            ("id".to_owned(), RestrictedExpression::new_string(person.user.clone())),
            ("roles".to_owned(), set(&person.roles)),
            ("keys".to_owned(), set(&person.keys)),
            ("groups".to_owned(), set(&groups)),
        ];
        let asking = Entity::new(user.clone(), attributes.into(), Default::default()).expect("plain attributes");
        let table = RestrictedExpression::new_string(record.id.table.to_string());
        let mut attributes = vec![("table".to_owned(), table), ("keys".to_owned(), set(keys))];
        attributes.extend(rows::attributes(record));
        let asked = Entity::new(thing.clone(), attributes.into_iter().collect(), Default::default());
        let entities = [asking, asked.expect("plain attributes")];
        let entities = Entities::from_entities(entities, None).expect("two entities");
        let request = Request::new(user, deed, thing, Context::empty(), None).expect("no schema to offend");
        let Some(policies) = self.policies.get(action) else { return false };
        let answer = self.authorizer.is_authorized(&request, policies, &entities);
        assert_eq!(answer.diagnostics().errors().count(), 0, "a policy could not be evaluated");
        answer.decision() == Decision::Allow
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(EntityTypeName::from_str(kind).expect("a plain name"), EntityId::new(id))
}

/// Words as a set.
pub fn set(words: &BTreeSet<String>) -> RestrictedExpression {
    RestrictedExpression::new_set(words.iter().cloned().map(RestrictedExpression::new_string))
}

fn translate(table: &Table, texts: &mut BTreeMap<String, String>) {
    let is_it = format!("resource.table == \"{}\"", table.name);
    let mut permit = |action: &str, condition: &str| {
        *texts.entry(action.to_owned()).or_default() += &format!(
            "permit(principal, action == Action::\"{action}\", resource) when {{ {is_it} && {condition} }};\n"
        );
    };
    permit("read", &one_of(&table.read));
    if table.offline.everyone {
        permit("read", "!principal.roles.contains(\"customer\")");
    }
    for action in ["read", "hold"] {
        permit(action, "principal.keys.containsAny(resource.keys)");
    }
    for rows in &table.rows {
        match rows {
            Readers::Query(query) => permit("read", &rows::condition(query)),
            Readers::ForRoles { query, roles } => {
                permit("read", &format!("{} && {}", rows::condition(query), rows::for_roles(roles)));
            }
            // The judge asks about the record a file is of.
            Readers::Of { .. } => {}
        }
    }
    permit("attach", &if table.kind == Kind::Document { "true".into() } else { unless_open(&table.write) });
    permit("create", &unless_open(&table.create));
    permit("delete", &one_of(&table.delete));
    for field in &table.fields {
        let read = format!("read {}", field.name);
        permit(&read, &unless_open(&field.read));
        if let Some(known) = &field.known {
            permit(&read, &rows::condition(known));
        }
        permit(&format!("write {}", field.name), &unless_open(&field.write));
    }
}

/// An empty list names nobody but administrators.
fn one_of(roles: &[String]) -> String {
    if roles.iter().any(|role| role == "everyone") {
        return "true".into();
    }
    let named: Vec<String> = roles.iter().map(|role| format!("\"{role}\"")).collect();
    format!(
        "principal.roles.containsAny([{}])",
        [named, vec!["\"admin\"".into(), "\"system\"".into()]].concat().join(", ")
    )
}

/// An empty list reserves nothing.
fn unless_open(roles: &[String]) -> String {
    if roles.is_empty() { "true".into() } else { one_of(roles) }
}
