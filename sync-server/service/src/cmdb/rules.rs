//! Identification rules as data (`rules.toml`).

use std::sync::LazyLock;

use fieldline_model::{Dictionary, SysId};
use serde::Deserialize;

use crate::named::sys_id_of;

/// How items of a class are recognised.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    pub name: String,
    pub applies_to: String,
    /// Relation types that lead to the host; none for a class that stands alone.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// What a host may be.
    pub host_class: Option<String>,
    #[serde(rename = "entry")]
    pub entries: Vec<Entry>,
    /// Records that come along and do not identify.
    #[serde(default)]
    pub related: Vec<Related>,
}

/// One way to recognise an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub order: u32,
    pub attributes: Vec<String>,
    /// The table of records that refer to the item, when these tell it apart.
    pub table: Option<String>,
    /// Their field that does.
    pub reference: Option<String>,
    /// Which of them count, an encoded query.
    pub condition: Option<String>,
    /// Whether the item must have exactly the records that were sent.
    #[serde(default)]
    pub exact_count: bool,
}

/// Records of a table that come along with an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Related {
    pub table: String,
    pub reference: String,
    /// What tells them apart within one item.
    pub attributes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    #[serde(rename = "rule")]
    rules: Vec<Rule>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| toml::from_str(include_str!("rules.toml")).expect("a test reads it"));

/// The rule of a class: its own, else that of the nearest class above.
pub(super) fn rule_for(dictionary: &Dictionary, class: &str) -> Option<&'static Rule> {
    let own = RULES.rules.iter().find(|rule| rule.applies_to == class);
    own.or_else(|| rule_for(dictionary, dictionary.table(class)?.extends.as_ref()?.as_str()))
}

impl Rule {
    /// Where and by what records of a table that come along are told apart.
    pub fn companion(&self, table: &str) -> Option<(&str, &[String])> {
        let related = self.related.iter().find(|related| related.table == table);
        let related = related.map(|related| (related.reference.as_str(), related.attributes.as_slice()));
        let entry = || self.entries.iter().find(|entry| entry.table.as_deref() == Some(table));
        related.or_else(|| entry().and_then(|entry| Some((entry.reference.as_deref()?, entry.attributes.as_slice()))))
    }

    /// The identity of an entry in answers: the same on every server.
    pub fn identity(&self, entry: &Entry) -> SysId {
        let named = format!("identifier/{}/{}", self.name, entry.order);
        sys_id_of(named)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_names_tables_and_fields_there_are() {
        let dictionary = Dictionary::shipped();
        for rule in &RULES.rules {
            let entries =
                rule.entries.iter().map(|entry| (entry.table.as_deref(), &entry.reference, &entry.attributes));
            for (table, reference, attributes) in entries {
                let table = table.unwrap_or(&rule.applies_to);
                for field in reference.iter().chain(attributes) {
                    assert!(dictionary.walk(table, &[field]).is_some(), "{}: {table}.{field}", rule.name);
                }
            }
            for related in &rule.related {
                for field in related.attributes.iter().chain([&related.reference]) {
                    assert!(dictionary.walk(&related.table, &[field]).is_some(), "{}: {field}", rule.name);
                }
            }
            assert!(rule.entries.windows(2).all(|pair| pair[0].order < pair[1].order), "{}", rule.name);
        }
        assert_eq!(rule_for(dictionary, "cmdb_ci_linux_server").map(|rule| rule.name.as_str()), Some("Hardware Rule"));
        assert!(rule_for(dictionary, "incident").is_none());
    }
}
