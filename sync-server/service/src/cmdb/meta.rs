//! What there is to know about a class.

use fieldline_model::dictionary::{Field, Merge};
use serde::Serialize;

use super::rules::{Entry, Rule, rule_for};
use super::{is_class, relations};
use crate::call::Call;
use crate::table::{Result, TableError, declared};

/// A class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Meta {
    /// Its table.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// The class above it.
    pub parent: String,
    /// The classes right below it.
    pub children: Vec<String>,
    /// Whether there may be classes below it.
    pub is_extendable: bool,
    /// None has its own.
    pub icon: String,
    /// None has its own.
    pub icon_url: String,
    /// Its fields.
    pub attributes: Vec<Attribute>,
    /// Which relations its items have to a host.
    pub relationship_rules: Vec<RelationshipRule>,
    /// By what its items are recognised.
    pub identification_rules: Option<IdentificationRules>,
}

/// A field of a class; flags are words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attribute {
    element: String,
    #[serde(rename = "type")]
    kind: &'static str,
    label: String,
    max_length: String,
    default_value: Option<String>,
    is_mandatory: &'static str,
    is_inherited: &'static str,
    is_read_only: &'static str,
    is_display: &'static str,
}

/// A relation an item has to its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RelationshipRule {
    parent: String,
    child: String,
    relation_type: String,
}

/// By what items of a class are recognised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdentificationRules {
    name: String,
    applies_to: String,
    active: bool,
    is_independent: bool,
    identifiers: Vec<Identifier>,
    related_rules: Vec<Identifier>,
}

/// One way to recognise an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identifier {
    order: u32,
    attributes: String,
    table: Option<String>,
    referenced_field: Option<String>,
    condition: Option<String>,
    exact_count_match: bool,
    active: bool,
    allow_fallback: bool,
    allow_null_attribute: bool,
}

/// Describes a class.
///
/// # Errors
/// When there is no such class.
pub fn describe(call: &Call<'_>, class: &str) -> Result<Meta> {
    if !is_class(call, class) {
        return Err(TableError::NotFound(format!("class {class}")));
    }
    let table = declared(call, class)?;
    let above = table.extends.as_ref().and_then(|parent| call.dictionary.table(parent.as_str()));
    let is_inherited = |field: &Field| above.is_some_and(|above| above.field(field.name.as_str()).is_some());
    let attribute = |field: &Field| attribute(field, is_inherited(field), field.name == table.display);
    let children = call.dictionary.tables().filter(|child| child.extends.as_ref() == Some(&table.name));
    let rule = rule_for(&call.dictionary, class);
    Ok(Meta {
        name: table.name.to_string(),
        label: table.label.clone(),
        parent: table.extends.as_ref().map(ToString::to_string).unwrap_or_default(),
        children: children.map(|child| child.name.to_string()).collect(),
        is_extendable: true,
        icon: String::new(),
        icon_url: String::new(),
        attributes: table.fields.iter().map(attribute).collect(),
        relationship_rules: rule.map(|rule| hosting(call, rule, class)).transpose()?.unwrap_or_default(),
        identification_rules: rule.map(identification),
    })
}

fn attribute(field: &Field, is_inherited: bool, is_display: bool) -> Attribute {
    let word = |yes: bool| if yes { "true" } else { "false" };
    Attribute {
        element: field.name.to_string(),
        kind: field.field_type.internal_type(),
        label: field.label.clone(),
        max_length: field.max_length.to_string(),
        default_value: field.default.clone(),
        is_mandatory: word(field.mandatory),
        is_inherited: word(is_inherited),
        is_read_only: word(field.merge == Merge::Derived),
        is_display: word(is_display),
    }
}

fn hosting(call: &Call<'_>, rule: &Rule, class: &str) -> Result<Vec<RelationshipRule>> {
    let mut rules = Vec::new();
    for name in &rule.hosts {
        if let (Some(kind), Some(host)) = (relations::type_named(call, name)?, &rule.host_class) {
            let (parent, child) = (class.to_owned(), host.clone());
            rules.push(RelationshipRule { parent, child, relation_type: kind.to_string() });
        }
    }
    Ok(rules)
}

fn identification(rule: &Rule) -> IdentificationRules {
    let identifier = |entry: &Entry| Identifier {
        exact_count_match: entry.exact_count,
        condition: entry.condition.clone(),
        ..Identifier::of(entry.order, &entry.attributes, entry.table.clone(), entry.reference.clone())
    };
    let related = rule.related.iter().zip(1u32..).map(|(related, place)| {
        let (table, reference) = (Some(related.table.clone()), Some(related.reference.clone()));
        Identifier::of(place * 100, &related.attributes, table, reference)
    });
    IdentificationRules {
        name: rule.name.clone(),
        applies_to: rule.applies_to.clone(),
        active: true,
        is_independent: rule.hosts.is_empty(),
        identifiers: rule.entries.iter().map(identifier).collect(),
        related_rules: related.collect(),
    }
}

impl Identifier {
    fn of(order: u32, attributes: &[String], table: Option<String>, referenced_field: Option<String>) -> Self {
        Self {
            order,
            attributes: attributes.join(","),
            table,
            referenced_field,
            condition: None,
            exact_count_match: false,
            active: true,
            allow_fallback: false,
            allow_null_attribute: false,
        }
    }
}
