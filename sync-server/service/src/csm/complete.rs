//! What a case knows from what it names: the installed item says whose and which product it is, the asset its product, the contact
//! the account. What the case says itself stays.

use fieldline_model::{DocumentId, Record, SysId, Value};

use super::customers::{CONTACTS, INSTALLED};
use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;

/// A field of a case, the table of what it names, and which field of that fills which of the case.
type Tells = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

/// What a case may name.
const TOLD: [Tells; 4] = [
    (
        "install_base",
        INSTALLED,
        &[
            ("asset", "asset"),
            ("configuration_item", "cmdb_ci"),
            ("product", "product"),
            ("contact", "contact"),
            ("account", "account"),
            ("consumer", "consumer"),
            ("location", "location"),
        ],
    ),
    (
        "asset",
        "alm_asset",
        &[("model", "product"), ("ci", "cmdb_ci"), ("account", "account"), ("location", "location")],
    ),
    ("contact", CONTACTS, &[("account", "account")]),
    ("contract", super::CONTRACTS, &[("account", "account")]),
];

impl Call<'_> {
    /// Fills what a new case, or one that names something else now, leaves empty; tells which fields it filled.
    pub(super) fn complete_case(&mut self, changed: &Changed) -> Result<Vec<&'static str>> {
        let case = &changed.projection.record;
        let mut filled: Vec<(&'static str, SysId)> = Vec::new();
        for (field, table, tells) in TOLD {
            let is_news = changed.before.is_none() || changed.turned(&[field]);
            let told = filled.iter().find(|(name, _)| *name == field).map(|(_, id)| *id);
            let Some(named) = case.reference(field).or(told).filter(|_| is_news || told.is_some()) else { continue };
            let Some(named) = self.row(&DocumentId::new(table, named))? else { continue };
            fill(case, &named, tells, &mut filled);
        }
        if filled.is_empty() {
            return Ok(Vec::new());
        }
        let acts = filled.iter().map(|(field, id)| set(field, Value::Reference(*id))).collect();
        self.because("what it names says so".into(), |call| call.author_as_system(case.id.clone(), acts))?;
        Ok(filled.into_iter().map(|(field, _)| field).collect())
    }
}

/// Adds what a record tells of fields that nothing has filled.
fn fill(case: &Record, named: &Record, tells: &[(&str, &'static str)], filled: &mut Vec<(&'static str, SysId)>) {
    for (from, to) in tells {
        let is_open = case.get(to).is_none() && filled.iter().all(|(name, _)| name != to);
        filled.extend(named.reference(from).filter(|_| is_open).map(|id| (*to, id)));
    }
}
