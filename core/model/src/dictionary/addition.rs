//! What an organisation adds to the shipped dictionary while everybody works: tables, fields, choices, roles.
//!
//! An addition belongs to one table and travels as JSON, so that a phone learns of it as it learns of any row. Additions only
//! add: what is shipped stays as it is, and what does not fit is refused as a whole by [`Dictionary::with`].

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::load::{self, Checked, ensure, wrong};
use super::{Choice, Dictionary, DictionaryError, Field, FieldType, Kind, Parts, ROLES, Table};
use crate::id::{FieldName, TableName};

/// What is added to one table, or the table itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Addition {
    /// The table.
    pub table: TableName,
    /// The table, where it is new; with the fields below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new: Option<Table>,
    /// Fields it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<Field>,
    /// Fields that offer other choices than they are shipped with, and all choices they offer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<FieldName, Vec<Choice>>,
    /// Roles people may have beside those that are shipped, where the table is that of roles.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<String>,
}

impl Addition {
    /// Nothing, yet, for a table.
    pub fn to(table: impl Into<TableName>) -> Self {
        let (fields, choices, roles) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        Self { table: table.into(), new: None, fields, choices, roles }
    }

    /// Whether it adds nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::to(self.table.clone())
    }
}

impl Dictionary {
    /// The shipped dictionary with additions.
    ///
    /// # Errors
    /// When they do not fit; the error names the table and field.
    pub fn with(additions: &[Addition]) -> Result<Self, DictionaryError> {
        let mut additions: Vec<&Addition> = additions.iter().collect();
        additions.sort_by(|one, other| one.table.cmp(&other.table));
        let (mut declared, every, life_cycles) = load::shipped_declarations();
        let mut roles: BTreeSet<String> = ROLES.into_iter().map(str::to_owned).collect();
        for addition in &additions {
            add(&mut declared, addition)?;
            roles.extend(addition.roles.iter().cloned());
        }
        let mut tables = load::complete(&declared, &every, &life_cycles)?;
        additions.iter().try_for_each(|addition| offer(&mut tables, addition))?;
        let json = serde_json::to_string(&additions).expect("plain data");
        let fingerprint = load::fingerprint(("additions", &json), load::SHIPPED_FINGERPRINT);
        let dictionary = Self::of(Parts::new(tables, life_cycles, roles), fingerprint);
        dictionary.check()?;
        Ok(dictionary)
    }
}

impl Dictionary {
    /// The shipped dictionary with those additions that fit, whatever their order; and why others do not.
    pub fn with_what_fits(additions: Vec<Addition>) -> (Self, Vec<DictionaryError>) {
        if let Ok(all) = Self::with(&additions) {
            return (all, Vec::new());
        }
        let (mut accepted, mut waiting, mut best) = (Vec::new(), additions, Self::shipped().clone());
        loop {
            let (before, mut refused) = (waiting.len(), Vec::new());
            waiting.retain(|addition| {
                accepted.push(addition.clone());
                match Self::with(&accepted) {
                    Ok(fits) => {
                        best = fits;
                        false
                    }
                    Err(problem) => {
                        refused.push(problem);
                        accepted.pop();
                        true
                    }
                }
            });
            if waiting.len() == before || waiting.is_empty() {
                return (best, refused);
            }
        }
    }
}

fn add(declared: &mut BTreeMap<TableName, Table>, addition: &Addition) -> Checked {
    let name = &addition.table;
    if let Some(new) = &addition.new {
        let free = !declared.contains_key(name);
        ensure(free, name.as_str(), || "is the name of a table already; choose another".into())?;
        declared.insert(name.clone(), new.clone());
    }
    ensure(declared.contains_key(name), name.as_str(), || "is no table; make it first".into())?;
    for field in &addition.fields {
        let place = format!("{name}.{}", field.name);
        let known = relatives(declared, name).iter().any(|table| table.field(field.name.as_str()).is_some());
        ensure(!known, &place, || "is a field already; choose another name".into())?;
        let table = declared.get_mut(name).expect("looked up above");
        let is_set = field.field_type == FieldType::GlideList && table.kind == Kind::Document;
        ensure(!is_set, &place, || "a list cannot be added to a table people work on; use a table of its own".into())?;
        table.fields.push(field.clone());
    }
    Ok(())
}

/// A table, those it extends, and those that extend it.
fn relatives<'d>(declared: &'d BTreeMap<TableName, Table>, name: &TableName) -> Vec<&'d Table> {
    let parent = |table: &&'d Table| table.extends.as_ref().and_then(|parent| declared.get(parent));
    let ancestors = std::iter::successors(declared.get(name), parent).take(declared.len());
    let heirs = super::family(declared, name).into_iter().filter_map(|heir| declared.get(&heir));
    ancestors.chain(heirs).collect()
}

/// Lets fields of a table, and of those that inherit them, offer other choices.
fn offer(tables: &mut BTreeMap<TableName, Table>, addition: &Addition) -> Checked {
    for (name, choices) in &addition.choices {
        let place = format!("{}.{name}", addition.table);
        let heirs = super::family(tables, &addition.table);
        let declared = tables.get(&addition.table).and_then(|table| table.field(name.as_str()));
        let original = declared.ok_or_else(|| wrong(&*place, "is no field, so it offers no choices"))?.choices.clone();
        for heir in heirs {
            let field =
                tables.get_mut(&heir).and_then(|table| table.fields.iter_mut().find(|field| field.name == *name));
            if let Some(field) = field.filter(|field| field.choices == original) {
                field.choices.clone_from(choices);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(json: &str) -> Field {
        serde_json::from_str(json).expect("a field")
    }

    fn colour() -> Addition {
        let fields = vec![field(r#"{ "name": "u_colour", "label": "Colour", "type": "string" }"#)];
        Addition { fields, ..Addition::to("incident") }
    }

    #[test]
    fn what_is_added_is_there_with_everything_that_inherits_it() {
        let choices =
            [("1", "Loud"), ("2", "Quiet")].map(|(value, label)| Choice::from((value.to_owned(), label.to_owned())));
        let noise = Addition {
            fields: vec![field(r#"{ "name": "u_noise", "label": "Noise", "type": "integer" }"#)],
            choices: BTreeMap::from([("u_noise".into(), choices.to_vec())]),
            ..Addition::to("task")
        };
        let extended = Dictionary::with(&[colour(), noise.clone()]).expect("it fits");
        assert!(extended.table("incident").is_some_and(|table| table.field("u_colour").is_some()));
        assert_eq!(
            extended.table("wm_task").and_then(|table| table.field("u_noise")).expect("inherited").choices,
            choices
        );
        assert_ne!(extended.fingerprint(), Dictionary::shipped().fingerprint());
        let json = serde_json::to_string(&noise).expect("plain data");
        assert_eq!(serde_json::from_str::<Addition>(&json).expect("its own words"), noise);
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        let refused = |addition: Addition| match Dictionary::with(&[addition]) {
            Ok(_) => "it fits".to_owned(),
            Err(problem) => problem.to_string(),
        };
        let twice =
            Addition { fields: vec![field(r#"{ "name": "impact", "label": "x", "type": "integer" }"#)], ..colour() };
        assert!(refused(twice).contains("incident.impact: is a field"));
        let nowhere = Addition {
            fields: vec![field(r#"{ "name": "u_x", "label": "x", "type": "reference", "reference": "u_no" }"#)],
            ..colour()
        };
        assert!(refused(nowhere).contains("incident.u_x: refers to \"u_no\""));
        assert!(refused(Addition::to("u_no")).contains("u_no: is no table"));
        let list = r#"{ "name": "u_x", "label": "x", "type": "glide_list", "reference": "sys_user", "merge": "set" }"#;
        assert!(refused(Addition { fields: vec![field(list)], ..colour() }).contains("a list cannot be added"));
        assert!(Dictionary::with(&[Addition::to("task")]).is_ok());
        let (fits, refused) = Dictionary::with_what_fits(vec![Addition::to("u_no"), colour()]);
        assert!(fits.table("incident").is_some_and(|table| table.field("u_colour").is_some()));
        assert_eq!(refused.len(), 1);
    }
}
