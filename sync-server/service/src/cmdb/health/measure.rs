//! Looks at every item and relation once and says what is wrong with it.
//!
//! Items that are retired or absent, and those marked as duplicates of others, count nowhere. Of items that are one thing twice all
//! fail but the oldest. A relation counts where its parent is, or its child where the parent is not on record.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, TableName};
use fieldline_storage::Selection;

use super::rules::{OfClass, OrphanRule, Rules};
use super::score::Metric;
use crate::call::Call;
use crate::cmdb::ROOT;
use crate::cmdb::identify;
use crate::error::Result;
use crate::query::number_field;

/// The `install_status` of what is not there any more: retired, absent.
const GONE: [i64; 2] = [7, 100];

/// What was found wrong with an item or relation by a metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub metric: Metric,
    /// The item or relation.
    pub subject: DocumentId,
    /// The item it counts for, by its place.
    pub item: Option<u32>,
    pub detail: String,
}

/// Something that was looked at: for which item it counts, and what was measured of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tested {
    pub item: Option<u32>,
    /// A bit for each [`Metric`].
    pub metrics: u16,
}

/// Everything that was looked at.
#[derive(Debug, Default)]
pub(super) struct Measured {
    pub items: Vec<DocumentId>,
    pub tested: Vec<Tested>,
    /// In the order of metrics, then of subjects.
    pub failures: Vec<Failure>,
    /// Sets of items that are one thing twice, the oldest first, and the fields they are alike in.
    pub alike: Vec<(Vec<u32>, String)>,
}

/// Looks at everything.
///
/// # Errors
/// When the database fails.
pub(super) fn measure(call: &Call<'_>, rules: &Rules) -> Result<Measured> {
    let mut survey = Survey {
        call,
        measured: Measured::default(),
        places: BTreeMap::new(),
        stale: BTreeSet::new(),
        gone: BTreeSet::new(),
        keys: BTreeMap::new(),
        orphans: Vec::new(),
    };
    let classes = call.dictionary.family(ROOT);
    for class in classes {
        survey.look_at_class(class, &rules.of_class(call, class.as_str()))?;
    }
    survey.settle_duplicates();
    survey.look_at_relations()?;
    let mut measured = survey.measured;
    measured.failures.sort_by(|one, other| (one.metric, &one.subject).cmp(&(other.metric, &other.subject)));
    Ok(measured)
}

struct Survey<'s, 'c> {
    call: &'s Call<'c>,
    measured: Measured,
    places: BTreeMap<SysId, u32>,
    stale: BTreeSet<SysId>,
    /// Items that are on record and count nowhere.
    gone: BTreeSet<SysId>,
    keys: BTreeMap<identify::OwnKey, (Vec<(String, u32)>, String)>,
    /// Items that an orphan rule is about, and whether their fields are as it says; relations decide.
    orphans: Vec<(u32, OrphanTest)>,
}

/// The relations of each item: their type, and the item at the other end.
type Ends = BTreeMap<u32, Vec<(Option<SysId>, Option<u32>)>>;

struct OrphanTest {
    fields_match: Option<bool>,
    is_any: bool,
    without: Option<(Option<SysId>, Option<String>)>,
}

impl Survey<'_, '_> {
    fn look_at_class(&mut self, class: &TableName, asked: &OfClass<'_>) -> Result<()> {
        let all = Filter::everything();
        let rows = self.call.tx.select(&Selection::of(std::slice::from_ref(class), &all), u32::MAX, 0)?;
        for item in rows {
            let is_gone = number_field(&item, "install_status").is_some_and(|status| GONE.contains(&status));
            if is_gone || item.reference("duplicate_of").is_some() {
                self.gone.insert(item.id.sys_id);
            } else {
                self.look_at(&item, asked);
            }
        }
        Ok(())
    }

    fn look_at(&mut self, item: &Record, asked: &OfClass<'_>) {
        let place = u32::try_from(self.measured.items.len()).expect("fewer items than memory holds");
        self.measured.items.push(item.id.clone());
        self.places.insert(item.id.sys_id, place);
        let mut metrics = bit(Metric::Required) | bit(Metric::Stale);
        let empty = |names: &mut dyn Iterator<Item = &String>| {
            names.filter(|name| item.get(name).is_none()).cloned().collect::<Vec<_>>().join(", ")
        };
        self.fail(Metric::Required, item, place, "mandatory, and empty", empty(&mut asked.mandatory.iter()));
        if !asked.recommended.is_empty() {
            metrics |= bit(Metric::Recommended);
            self.fail(Metric::Recommended, item, place, "recommended, and empty", empty(&mut asked.recommended.iter()));
        }
        let updated = item.time("sys_updated_on").map_or(0, |at| at.0);
        if self.call.now.0 - updated > asked.stale_milliseconds {
            self.stale.insert(item.id.sys_id);
            let days = asked.stale_milliseconds / 86_400_000;
            self.fail(Metric::Stale, item, place, "nobody changed it for longer than", format!("{days} days"));
        }
        if let Some(broken) = self.audited(item, asked) {
            metrics |= bit(Metric::Audit);
            self.fail(Metric::Audit, item, place, "not as these audits expect", broken.join(", "));
        }
        if let Some(rule) = asked.orphan {
            metrics |= bit(Metric::Orphan);
            self.orphans.push((place, OrphanTest::of(self.call, rule, item)));
        }
        if let Some(rule) = asked.identification {
            metrics |= bit(Metric::Duplicate);
            if let Some((key, fields)) = identify::own_key(rule, item) {
                let created = item.time("sys_created_on").map_or(0, |at| at.0);
                let set = self.keys.entry(key).or_insert_with(|| (Vec::new(), fields));
                set.0.push((format!("{created:020}{}", item.id.sys_id), place));
            }
        }
        self.measured.tested.push(Tested { item: Some(place), metrics });
    }

    /// The audits an item does not pass; `None` when none is about it.
    fn audited(&self, item: &Record, asked: &OfClass<'_>) -> Option<Vec<String>> {
        let about: Vec<_> = asked.audits.iter().filter(|audit| self.call.holds(&audit.filter, item)).collect();
        let broken = about.iter().filter(|audit| !self.call.holds(&audit.template, item));
        (!about.is_empty()).then(|| broken.map(|audit| audit.name.clone()).collect())
    }

    fn fail(&mut self, metric: Metric, item: &Record, place: u32, why: &str, what: String) {
        if !what.is_empty() {
            let (subject, item) = (item.id.clone(), Some(place));
            self.measured.failures.push(Failure { metric, subject, item, detail: format!("{why}: {what}") });
        }
    }

    /// Items with equal keys, when there are several.
    fn settle_duplicates(&mut self) {
        for (mut set, fields) in std::mem::take(&mut self.keys).into_values().filter(|(set, _)| set.len() > 1) {
            set.sort_unstable();
            let places: Vec<u32> = set.into_iter().map(|(_, place)| place).collect();
            let oldest = self.measured.items[places[0] as usize].clone();
            for place in &places[1..] {
                let subject = self.measured.items[*place as usize].clone();
                let detail = format!("alike in {fields}: {oldest}");
                self.measured.failures.push(Failure { metric: Metric::Duplicate, subject, item: Some(*place), detail });
            }
            self.measured.alike.push((places, fields));
        }
    }

    fn look_at_relations(&mut self) -> Result<()> {
        let relations = self.call.rows("cmdb_rel_ci", &Filter::everything())?;
        let mut first: BTreeMap<[String; 4], SysId> = BTreeMap::new();
        let mut ends = Ends::new();
        for relation in &relations {
            let [parent, child] = ["parent", "child"].map(|end| relation.reference(end));
            // What belongs to an item that counts nowhere counts nowhere.
            if [parent, child].into_iter().flatten().any(|end| self.gone.contains(&end)) {
                continue;
            }
            let [above, below] = [parent, child].map(|end| end.and_then(|end| self.places.get(&end).copied()));
            for (here, there) in [(above, below), (below, above)] {
                if let Some(here) = here {
                    ends.entry(here).or_default().push((relation.reference("type"), there));
                }
            }
            self.judge(relation, [parent, child], [above, below], &mut first);
        }
        self.settle_orphans(&ends);
        Ok(())
    }

    fn judge(
        &mut self,
        relation: &Record,
        ends: [Option<SysId>; 2],
        places: [Option<u32>; 2],
        first: &mut BTreeMap<[String; 4], SysId>,
    ) {
        let item = places[0].or(places[1]);
        let metrics = bit(Metric::DuplicateRelation) | bit(Metric::OrphanRelation) | bit(Metric::StaleRelation);
        self.measured.tested.push(Tested { item, metrics });
        let mut fail = |metric: Metric, detail: String| {
            self.measured.failures.push(Failure { metric, subject: relation.id.clone(), item, detail });
        };
        let said = |field: &str| relation.get(field).map_or_else(String::new, ToString::to_string);
        let key = ["parent", "child", "type", "port"].map(said);
        match first.get(&key) {
            Some(first) => fail(Metric::DuplicateRelation, format!("the same as cmdb_rel_ci/{first}")),
            None => drop(first.insert(key, relation.id.sys_id)),
        }
        let missing: Vec<&str> = ["parent", "child"]
            .into_iter()
            .zip(places)
            .filter(|(_, place)| place.is_none())
            .map(|(end, _)| end)
            .collect();
        if !missing.is_empty() {
            fail(Metric::OrphanRelation, format!("not on record: {}", missing.join(", ")));
        }
        let stale = ["parent", "child"].into_iter().zip(ends);
        let stale = stale.filter(|(_, end)| end.is_some_and(|end| self.stale.contains(&end))).map(|(end, _)| end);
        let stale: Vec<&str> = stale.collect();
        if !stale.is_empty() {
            fail(Metric::StaleRelation, format!("stale: {}", stale.join(", ")));
        }
    }

    fn settle_orphans(&mut self, ends: &Ends) {
        for (place, test) in std::mem::take(&mut self.orphans) {
            let class_of = |place: u32| self.measured.items[place as usize].table.as_str();
            let lacks = test.without.as_ref().map(|(kind, class)| {
                let related = ends.get(&place).into_iter().flatten();
                !related.into_iter().any(|(of, other)| {
                    let is_kind = kind.is_none() || *of == *kind;
                    let is_class = class.as_ref().is_none_or(|class| {
                        other.is_some_and(|other| self.call.dictionary.is_a(class_of(other), class))
                    });
                    is_kind && is_class
                })
            });
            if test.is_orphan(lacks) {
                let (subject, item) = (self.measured.items[place as usize].clone(), Some(place));
                let detail = "an orphan by the rule of its class".to_owned();
                self.measured.failures.push(Failure { metric: Metric::Orphan, subject, item, detail });
            }
        }
    }
}

impl OrphanTest {
    fn of(call: &Call<'_>, rule: &OrphanRule, item: &Record) -> Self {
        let without = rule.without.as_ref().map(|relation| (relation.kind, relation.class.clone()));
        Self { fields_match: rule.fields_match(call, item), is_any: rule.is_any, without }
    }

    /// What the fields say and, where the rule asks for relations, whether they lack.
    fn is_orphan(&self, lacks: Option<bool>) -> bool {
        match (self.fields_match, lacks) {
            (Some(fields), Some(lacks)) if self.is_any => fields || lacks,
            (Some(fields), Some(lacks)) => fields && lacks,
            (one, other) => one.or(other).unwrap_or(false),
        }
    }
}

fn bit(metric: Metric) -> u16 {
    1 << metric as u16
}
