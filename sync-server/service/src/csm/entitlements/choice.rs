//! Which entitlement a case comes under. An entitlement fits when everything it names is what the case is about; the more exactly it
//! says so, the more it weighs: an account or a consumer 1, a product 2, an asset or an installed item 3, a contract 4. It must also
//! be in force, open to the channel, and have units left.
//!
//! A case that is still open holds the unit it will take, so that no two cases are promised the last one.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};

use super::units::{self, CASES_UNIT};
use super::{ENTITLEMENTS, terms};
use crate::author::set;
use crate::call::{Call, Changed};
use crate::cases::CASES;
use crate::table::{self, Result, TableError};

/// What an entitlement may name, what that weighs, and what it is called; of fields of one weight the first counts.
const WEIGHTS: [(&str, u32, &str); 6] = [
    ("account", 1, "account"),
    ("consumer", 1, "consumer"),
    ("product", 2, "product"),
    ("asset", 3, "asset"),
    ("install_base", 3, "install base item"),
    ("contract", 4, "contract"),
];
/// What decides which entitlement a case comes under.
pub(in crate::csm) const DECIDING: [&str; 7] =
    ["account", "consumer", "product", "asset", "install_base", "contract", "contact_type"];
/// The channel of what the house opens by itself; entitlements say how customers may come, not how the house may.
const OWN_CHANNEL: &str = "monitoring";
/// Entitlements that are told of in a note.
const MOST_TOLD: usize = 5;

/// An entitlement as it suits a case.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// The entitlement.
    pub entitlement: Record,
    /// How exactly it is about the case.
    pub score: u32,
    /// What they have in common.
    pub matched: Vec<&'static str>,
    /// What stands against it, if anything does.
    pub against: Option<String>,
}

/// Weighs everything that could suit a case, the best first.
///
/// # Errors
/// When there is no such case for the caller, or the database fails.
pub fn explain(call: &Call<'_>, case: SysId) -> Result<(Record, Vec<Weighed>)> {
    let case = table::read(call, CASES, case)?;
    let weighed = weigh_all(call, &case)?;
    Ok((case, weighed))
}

/// The best of those that nothing stands against.
pub(in crate::csm) fn best(weighed: &[Weighed]) -> Option<&Weighed> {
    weighed.first().filter(|best| best.against.is_none())
}

/// Every entitlement that names something of a case, the best first and those that do not suit last.
pub(in crate::csm) fn weigh_all(call: &Call<'_>, case: &Record) -> crate::error::Result<Vec<Weighed>> {
    let named = |(field, ..): &(&str, u32, &str)| case.reference(field).map(|id| Filter::equals(field, id));
    let any = Filter::Any(WEIGHTS.iter().filter_map(named).collect());
    let mut weighed = Vec::new();
    for entitlement in call.rows(ENTITLEMENTS, &any)? {
        let left = left(call, case, &entitlement)?;
        weighed.push(weigh(case, entitlement, left, call.now));
    }
    weighed.sort_by_cached_key(|one| {
        // What ends first is used first.
        let ends = one.entitlement.time("end_date").unwrap_or(Timestamp(i64::MAX));
        (one.against.is_some(), Reverse(one.score), ends, one.entitlement.id.sys_id)
    });
    Ok(weighed)
}

/// Units that a case may still be promised, in millionths; `None` where nobody counts.
fn left(call: &Call<'_>, case: &Record, entitlement: &Record) -> crate::error::Result<Option<i64>> {
    let Some(remaining) = units::remaining(entitlement) else { return Ok(None) };
    if entitlement.text("unit") != CASES_UNIT {
        return Ok(Some(remaining.millionths));
    }
    let open = Filter::equals("entitlement", entitlement.id.sys_id).and(Filter::equals("active", true));
    let others = call.rows(CASES, &open)?.iter().filter(|other| other.id != case.id).count();
    let held = i64::try_from(others).unwrap_or(i64::MAX).saturating_mul(1_000_000);
    Ok(Some(remaining.millionths.saturating_sub(held)))
}

/// How an entitlement suits a case at a moment.
fn weigh(case: &Record, entitlement: Record, left: Option<i64>, now: Timestamp) -> Weighed {
    let (mut matched, mut weights, mut against) = (Vec::new(), BTreeSet::new(), None);
    for (field, weight, called) in WEIGHTS {
        match entitlement.reference(field) {
            None => {}
            named if named == case.reference(field) => {
                matched.push(called);
                weights.insert(weight);
            }
            Some(_) => against = against.or_else(|| Some(format!("is for another {called}"))),
        }
    }
    let against = against.or_else(|| terms::not_in_force(&entitlement, now)).or_else(|| {
        let channel = case.text("contact_type");
        let is_open = channel == OWN_CHANNEL || names(entitlement.text("channels"), channel);
        (!is_open).then(|| format!("is not for the channel \"{channel}\""))
    });
    let against = against.or_else(|| left.filter(|left| *left <= 0).map(|_| used_up(&entitlement)));
    Weighed { score: weights.iter().sum(), matched, against, entitlement }
}

fn used_up(entitlement: &Record) -> String {
    let total = entitlement.get("total_units").map(ToString::to_string).unwrap_or_default();
    format!("is used up: all {total} {} are taken or held by open cases", entitlement.text("unit"))
}

/// Whether a list of words with commas has one; an empty list has every word.
fn names(list: &str, word: &str) -> bool {
    list.trim().is_empty() || list.split(',').any(|one| one.trim().eq_ignore_ascii_case(word))
}

/// Refuses an entitlement that somebody gives a case that does not suit it.
///
/// # Errors
/// Says what stands against it.
pub(in crate::csm) fn check(call: &Call<'_>, before: Option<&Record>, case: &Record) -> Result<()> {
    let given = case.reference("entitlement");
    let Some(id) = given.filter(|_| before.and_then(|before| before.reference("entitlement")) != given) else {
        return Ok(());
    };
    let Some(entitlement) = call.row(&DocumentId::new(ENTITLEMENTS, id))? else { return Ok(()) };
    let left = left(call, case, &entitlement)?;
    match weigh(case, entitlement, left, call.now).against {
        Some(problem) => {
            let problem = format!("{problem}; choose another one, or leave it empty to be given the best");
            Err(TableError::invalid(&case.id, Some(&"entitlement".into()), problem))
        }
        None => Ok(()),
    }
}

impl Call<'_> {
    /// Gives a case that is new, or of which something decisive changed, the best entitlement there is. What stands against all of
    /// them is noted on the case, which is worked on all the same.
    pub(in crate::csm) fn settle_entitlement(&mut self, changed: &Changed) -> crate::error::Result<()> {
        let case = &changed.projection.record;
        let is_given = match &changed.before {
            None => case.get("entitlement").is_some(),
            Some(_) => changed.turned(&["entitlement"]) || !changed.turned(&DECIDING),
        };
        if is_given || !case.says("active") {
            return Ok(());
        }
        let weighed = weigh_all(self, case)?;
        let best = best(&weighed);
        let given = best.map(|best| best.entitlement.id.sys_id);
        if given == case.reference("entitlement") && best.is_some() {
            return Ok(());
        }
        let mut acts = Vec::new();
        if given != case.reference("entitlement") {
            acts.push(set("entitlement", given.map(Value::Reference)));
        }
        let why = match best {
            Some(best) => format!("it fits best: {} (score {})", best.matched.join(", "), best.score),
            None => {
                acts.extend(told_of(&weighed));
                "no entitlement fits".into()
            }
        };
        if acts.is_empty() {
            return Ok(());
        }
        self.because(why, |call| call.author_as_system(case.id.clone(), acts))
    }
}

/// A note of what stands against entitlements that would have been about a case.
fn told_of(weighed: &[Weighed]) -> Option<Act> {
    let line = |one: &Weighed| {
        let (number, name) = (one.entitlement.text("number"), one.entitlement.text("name"));
        Some(format!("{number} \"{name}\" {}", one.against.as_ref()?))
    };
    let lines: Vec<String> = weighed.iter().filter_map(line).take(MOST_TOLD).collect();
    (!lines.is_empty())
        .then(|| Act::WorkNote { text: format!("No entitlement covers this case. {}.", lines.join("; ")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> SysId {
        SysId([number; 16])
    }

    fn case() -> Record {
        let mut case = Record::new(DocumentId::new(CASES, id(1)));
        for (field, number) in [("account", 2), ("product", 3), ("asset", 4), ("contract", 5)] {
            case.set(field, Some(Value::Reference(id(number))));
        }
        case.set("contact_type", Some(Value::text("phone")));
        case
    }

    fn entitlement(named: &[(&str, u8)]) -> Record {
        let mut entitlement = Record::new(DocumentId::new(ENTITLEMENTS, id(9)));
        entitlement.set("state", Some(Value::text("active")));
        for (field, number) in named {
            entitlement.set(*field, Some(Value::Reference(id(*number))));
        }
        entitlement
    }

    fn weighed(entitlement: Record) -> Weighed {
        weigh(&case(), entitlement, None, Timestamp(1_000))
    }

    #[test]
    fn each_thing_an_entitlement_names_weighs_its_own() {
        for (named, score) in [
            (&[("account", 2)][..], 1),
            (&[("product", 3)], 2),
            (&[("account", 2), ("asset", 4)], 4),
            (&[("account", 2), ("product", 3), ("asset", 4), ("contract", 5)], 10),
        ] {
            let one = weighed(entitlement(named));
            assert_eq!((one.score, one.against), (score, None), "{named:?}");
        }
    }

    #[test]
    fn what_stands_against_an_entitlement_is_said_in_words() {
        let about = || entitlement(&[("account", 2)]);
        let with = |field: &str, value: Value| {
            let mut entitlement = about();
            entitlement.set(field, Some(value));
            weighed(entitlement).against
        };
        assert_eq!(
            weighed(entitlement(&[("account", 2), ("asset", 7)])).against.as_deref(),
            Some("is for another asset")
        );
        assert_eq!(with("state", Value::text("suspended")).as_deref(), Some("is suspended"));
        assert!(with("start_date", Value::Time(Timestamp(2_000))).is_some_and(|text| text.starts_with("begins at")));
        assert!(with("end_date", Value::Time(Timestamp(1_000))).is_some_and(|text| text.starts_with("ended at")));
        assert_eq!(with("channels", Value::text("web, email")).as_deref(), Some("is not for the channel \"phone\""));
        assert_eq!(with("channels", Value::text("web, Phone")), None);
        let none_left = weigh(&case(), about(), Some(0), Timestamp(1_000));
        assert!(none_left.against.is_some_and(|text| text.starts_with("is used up")));
    }
}
