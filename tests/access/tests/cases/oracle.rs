//! The dictionary as Cedar policies, and the question whether they permit something.
//!
//! Source: Cedar (Cutler et al., "Cedar: A New Language for Expressive, Fast, Safe, and Analyzable Authorization", 2024).

use std::collections::BTreeSet;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use fieldline_model::{Dictionary, DocumentId, Table};

/// Somebody: roles, and the keys whose members they may see.
#[derive(Debug, Clone)]
pub struct Person {
    pub roles: BTreeSet<String>,
    pub keys: BTreeSet<String>,
}

/// What may be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    Read,
    Create,
    Delete,
}

/// The judge.
pub struct Oracle {
    policies: PolicySet,
    authorizer: Authorizer,
}

impl Oracle {
    /// Translates a dictionary.
    pub fn of(dictionary: &Dictionary) -> Self {
        let mut text = String::new();
        for table in dictionary.tables() {
            translate(table, &mut text);
        }
        let policies = PolicySet::from_str(&text).expect("generated policies are well formed");
        Self { policies, authorizer: Authorizer::new() }
    }

    /// Whether somebody may do something to a record that belongs to these keys.
    pub fn permits(&self, person: &Person, deed: Deed, record: &DocumentId, keys: &BTreeSet<String>) -> bool {
        let action = match deed {
            Deed::Read => "read",
            Deed::Create => "create",
            Deed::Delete => "delete",
        };
        self.ask(person, action, record.table.as_str(), keys)
    }

    /// Whether somebody who sees a record may know what a field holds.
    pub fn may_read(&self, person: &Person, table: &str, field: &str) -> bool {
        self.ask(person, &format!("read {field}"), table, &BTreeSet::new())
    }

    /// Whether somebody who sees a record may write a field of it.
    pub fn may_write(&self, person: &Person, table: &str, field: &str) -> bool {
        self.ask(person, &format!("write {field}"), table, &BTreeSet::new())
    }

    fn ask(&self, person: &Person, action: &str, table: &str, keys: &BTreeSet<String>) -> bool {
        let (user, deed, thing) = (uid("User", "asks"), uid("Action", action), uid("Record", "is asked for"));
        let attributes = [("roles".to_owned(), set(&person.roles)), ("keys".to_owned(), set(&person.keys))];
        let asking = Entity::new(user.clone(), attributes.into(), Default::default()).expect("plain attributes");
        let table = RestrictedExpression::new_string(table.to_owned());
        let attributes = [("table".to_owned(), table), ("keys".to_owned(), set(keys))];
        let asked = Entity::new(thing.clone(), attributes.into(), Default::default()).expect("plain attributes");
        let entities = Entities::from_entities([asking, asked], None).expect("two entities");
        let request = Request::new(user, deed, thing, Context::empty(), None).expect("no schema to offend");
        let answer = self.authorizer.is_authorized(&request, &self.policies, &entities);
        assert_eq!(answer.diagnostics().errors().count(), 0, "a policy could not be evaluated");
        answer.decision() == Decision::Allow
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(EntityTypeName::from_str(kind).expect("a plain name"), EntityId::new(id))
}

fn set(words: &BTreeSet<String>) -> RestrictedExpression {
    RestrictedExpression::new_set(words.iter().cloned().map(RestrictedExpression::new_string))
}

fn translate(table: &Table, text: &mut String) {
    let is_it = format!("resource.table == \"{}\"", table.name);
    let whole = if table.offline.everyone { vec!["everyone".to_owned()] } else { table.read.clone() };
    *text += &permit("read", &format!("{is_it} && {}", one_of(&whole)));
    *text += &permit("read", &format!("{is_it} && principal.keys.containsAny(resource.keys)"));
    *text += &permit("create", &format!("{is_it} && {}", unless_open(&table.create)));
    *text += &permit("delete", &format!("{is_it} && {}", one_of(&table.delete)));
    for field in &table.fields {
        *text += &permit(&format!("read {}", field.name), &format!("{is_it} && {}", unless_open(&field.read)));
        *text += &permit(&format!("write {}", field.name), &format!("{is_it} && {}", unless_open(&field.write)));
    }
}

fn permit(action: &str, condition: &str) -> String {
    format!("permit(principal, action == Action::\"{action}\", resource) when {{ {condition} }};\n")
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
