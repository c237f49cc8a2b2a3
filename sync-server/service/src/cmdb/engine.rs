//! Brings a payload through: each item once what it depends on is known, then the relations between them.

use std::collections::BTreeMap;

use fieldline_model::{Record, SysId};

use super::identify::{Found, Identified, Key, identify, key};
use super::payload::{
    Companion, CompanionOutcome, Indices, Item, ItemOutcome, Outcome, Payload, Problem, Relation, RelationOutcome,
};
use super::precedence::Precedence;
use super::reconcile::{self, Written};
use super::rules::{Rule, rule_for};
use super::{ROOT, companions, duplicates, is_class, is_source, relations};
use crate::call::Call;
use crate::error::ServiceError;
use crate::table::{self, Input, Result, TableError};

/// What a payload is brought through with.
pub(super) struct Engine<'e, 's> {
    call: &'e mut Call<'s>,
    source: &'e str,
    rules: Precedence,
    items: Vec<Item>,
    payload: &'e Payload,
    /// The host of an item that is on record already.
    pub(super) hosts: BTreeMap<usize, SysId>,
    /// What is known of each item: nothing yet, or what became of it.
    done: Vec<Option<ItemOutcome>>,
    known: Vec<Option<SysId>>,
    /// What is called how within the payload.
    named: BTreeMap<String, SysId>,
    /// By what each item would be recognised first.
    keys: Vec<Option<Key>>,
    /// The items being brought through, which depend on each other.
    under_way: Vec<usize>,
}

/// What stops an item.
enum Stop {
    Problem(Problem),
    Service(ServiceError),
}

impl From<TableError> for Stop {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Service(error) => Self::Service(error),
            other => Self::Problem(Problem::new("INVALID_INPUT_DATA", other.to_string())),
        }
    }
}

impl From<ServiceError> for Stop {
    fn from(error: ServiceError) -> Self {
        Self::Service(error)
    }
}

fn stop<T>(error: &'static str, message: impl Into<String>) -> std::result::Result<T, Stop> {
    Err(Stop::Problem(Problem::new(error, message)))
}

impl<'e, 's> Engine<'e, 's> {
    pub(super) fn new(call: &'e mut Call<'s>, source: &'e str, payload: &'e Payload) -> Result<Self> {
        let (count, rules) = (payload.items.len(), Precedence::read(call)?);
        let keys = payload.items.iter().map(|item| key(call, item)).collect();
        Ok(Self {
            call,
            source,
            rules,
            items: payload.items.clone(),
            payload,
            hosts: BTreeMap::new(),
            done: vec![None; count],
            known: vec![None; count],
            named: BTreeMap::new(),
            keys,
            under_way: Vec::new(),
        })
    }

    /// Brings everything through.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) fn run(mut self) -> Result<Outcome> {
        for index in 0..self.items.len() {
            self.bring(index)?;
        }
        let payload = self.payload;
        let relations = payload.relations.iter().enumerate();
        let relations = relations.map(|(index, relation)| self.relate(index, relation)).collect::<Result<Vec<_>>>()?;
        let items = std::mem::take(&mut self.done).into_iter().flatten().collect();
        let outcome = Outcome { items, additional_committed_items: [], relations, additional_committed_relations: [] };
        self.park(&outcome)?;
        Ok(outcome)
    }

    /// Keeps the payload when something in it could not be written.
    fn park(&mut self, outcome: &Outcome) -> Result<()> {
        let problems: Vec<&Problem> = (outcome.items.iter().flat_map(|item| &item.errors))
            .chain(outcome.relations.iter().flat_map(|relation| &relation.errors))
            .collect();
        if problems.is_empty() {
            return Ok(());
        }
        let json = |what: serde_json::Result<String>| what.expect("texts and numbers can be written as JSON");
        let payload = json(serde_json::to_string(self.payload));
        let error = json(serde_json::to_string(&problems));
        let fields = [("source", self.source), ("input_payload", &payload), ("error", &error)];
        match table::create(self.call, "cmdb_ire_incomplete_payloads", &Input::of(&fields)) {
            Err(TableError::Service(error)) => Err(error.into()),
            // Too long to be kept, or the caller may not: the answer says all the same what was wrong.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Brings an item through, after what it depends on.
    fn bring(&mut self, index: usize) -> Result<()> {
        if self.done[index].is_some() {
            return Ok(());
        }
        self.under_way.push(index);
        let mut outcome = ItemOutcome::of(&self.items[index].class_name, index);
        match self.attempt(index, &mut outcome) {
            Ok(()) => {}
            Err(Stop::Service(error)) => return Err(error.into()),
            Err(Stop::Problem(problem)) => {
                outcome.error_count = 1;
                outcome.errors.push(problem);
            }
        }
        self.under_way.pop();
        self.done[index] = Some(outcome);
        Ok(())
    }

    fn attempt(&mut self, index: usize, outcome: &mut ItemOutcome) -> std::result::Result<(), Stop> {
        if let Some(problem) = &self.items[index].unreadable {
            return stop("INVALID_INPUT_DATA", problem);
        }
        let source = self.source_of(index)?;
        let class = self.items[index].class_name.clone();
        if !is_class(self.call, &class) {
            return stop("INVALID_INPUT_DATA", format!("{class} is no class of configuration items"));
        }
        let rule = rule_for(&self.call.dictionary, &class);
        let Some(rule) = rule else {
            return stop("IDENTIFICATION_RULE_MISSING", format!("Identity Rule Missing for table [{class}]"));
        };
        self.fill_references(index)?;
        self.check_twins(index)?;
        let host = self.host_of(index, rule)?;
        let known = self.recognise(index, rule, host, outcome)?;
        let Written { operation, sys_id, info } =
            reconcile::write(self.call, &self.rules, &self.items[index], &source, known)?;
        (outcome.operation, outcome.sys_id, outcome.info) = (operation, sys_id.to_string(), info);
        self.known[index] = Some(sys_id);
        if let Some(name) = self.items[index].internal_id.clone() {
            self.named.insert(name, sys_id);
        }
        self.bring_companions(index, rule, sys_id, outcome)
    }

    fn source_of(&self, index: usize) -> std::result::Result<String, Stop> {
        let info = self.items[index].sys_object_source_info.as_ref();
        let own = info.and_then(|info| info.source_name.clone()).filter(|name| !name.is_empty());
        let source = own.unwrap_or_else(|| self.source.to_owned());
        let choice = "a choice value from field [discovery_source] in table [cmdb_ci]";
        match () {
            () if source.is_empty() => {
                stop("INVALID_INPUT_DATA", format!("In payload no data source exist. You need to provide {choice}"))
            }
            () if !is_source(self.call, &source) => {
                let problem = format!("In payload invalid data source [{source}] exist. You need to provide {choice}");
                stop("INVALID_INPUT_DATA", problem)
            }
            () => Ok(source),
        }
    }

    /// Fills the fields that refer to other items of the payload.
    fn fill_references(&mut self, index: usize) -> std::result::Result<(), Stop> {
        let Some(own) = self.items[index].internal_id.clone() else { return Ok(()) };
        let payload = self.payload;
        for reference in payload.reference_items.iter().filter(|reference| reference.referenced_by == own) {
            let target = self.items.iter().position(|item| item.internal_id.as_ref() == Some(&reference.referenced));
            let Some(target) = target else {
                let problem = format!("no item of the payload is called {}", reference.referenced);
                return stop("INVALID_INPUT_DATA", problem);
            };
            let sys_id = self.depend_on(index, target)?;
            self.items[index].values.insert(reference.reference_field.clone(), sys_id.to_string());
        }
        Ok(())
    }

    /// The record of an item that another depends on.
    fn depend_on(&mut self, index: usize, other: usize) -> std::result::Result<SysId, Stop> {
        if self.under_way.contains(&other) {
            return stop("MULTIPLE_DEPENDENCIES", format!("items {index} and {other} depend on each other"));
        }
        self.bring(other)?;
        let problem = || {
            format!(
                "Abandoning processing payload item {index}, since it depends on payload item {other} that has errors"
            )
        };
        self.known[other].map_or_else(|| stop("ABANDONED", problem()), Ok)
    }

    /// Two items of a payload must not be one.
    fn check_twins(&self, index: usize) -> std::result::Result<(), Stop> {
        let Some(key) = &self.keys[index] else { return Ok(()) };
        let alike = self.keys.iter().enumerate().filter(|(_, other)| other.as_ref() == Some(key));
        let mut other = alike.map(|(other, _)| other).filter(|other| *other != index);
        let Some(other) = other.next() else { return Ok(()) };
        let (class, values) = key;
        let fields = values.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let (one, two) = (index.min(other), index.max(other));
        let problem = format!(
            "Found duplicate items in the payload (index {one} and {two}), using className [{class}] and fields \
             [{fields}]. Remove duplicate items from payload"
        );
        stop("DUPLICATE_PAYLOAD_RECORDS", problem)
    }

    /// The host of an item whose class does not stand alone.
    fn host_of(&mut self, index: usize, rule: &Rule) -> std::result::Result<Option<SysId>, Stop> {
        if rule.hosts.is_empty() {
            return Ok(None);
        }
        if let Some(host) = self.hosts.get(&index) {
            return Ok(Some(*host));
        }
        let payload = self.payload;
        let counts = |relation: &&Relation| rule.hosts.contains(&relation.type_name);
        let mut hosts = payload.relations.iter().filter(counts).filter_map(|relation| {
            let parent = self.end(relation.parent, relation.parent_id.as_deref());
            let child = self.end(relation.child, relation.child_id.as_deref());
            (parent == Some(index)).then_some(child).flatten()
        });
        let Some(host) = hosts.next() else {
            let (class, rules) = (&self.items[index].class_name, rule.hosts.join(", "));
            let problem = format!(
                "In payload no relations defined for dependent class [{class}] that matches any containment/hosting \
                 rules: [{rules}]. Add appropriate relations in payload for item {index}"
            );
            return stop("MISSING_DEPENDENCY", problem);
        };
        self.depend_on(index, host).map(Some)
    }

    /// The index of an item that a relation names.
    fn end(&self, index: Option<usize>, name: Option<&str>) -> Option<usize> {
        let named = || self.items.iter().position(|item| item.internal_id.as_deref() == name);
        index.or_else(|| name.and_then(|_| named())).filter(|index| *index < self.items.len())
    }

    fn recognise(
        &mut self,
        index: usize,
        rule: &Rule,
        host: Option<SysId>,
        outcome: &mut ItemOutcome,
    ) -> std::result::Result<Option<Record>, Stop> {
        let item = &self.items[index];
        if let Some(given) = item.values.get("sys_id").filter(|text| !text.is_empty()) {
            let sys_id = given.parse::<SysId>().ok();
            let found = sys_id.map(|id| self.call.tx.find(self.call.dictionary.family(ROOT), id)).transpose();
            let found = found.map_err(ServiceError::from)?.flatten();
            let problem = || {
                let class = &item.class_name;
                format!("Found invalid sys_id in payload. No record with sys_id [{given}] exist in table [{class}]")
            };
            return found.map_or_else(|| stop("INVALID_INPUT_DATA", problem()), |record| Ok(Some(record)));
        }
        let Identified { attempts, entry, found } = identify(self.call, rule, item, host)?;
        outcome.identification_attempts = attempts;
        if let Some(entry) = entry {
            outcome.identifier_entry_sys_id = entry.to_string();
        }
        match found {
            Found::One(record) => Ok(Some(record)),
            Found::None => Ok(None),
            Found::Untried => {
                let class = &item.class_name;
                let problem = format!(
                    "In payload missing minimum set of input values for criterion (matching) attributes from identify \
                     rule for table [{class}]. Add these input values in payload item {index}"
                );
                stop("MISSING_MATCHING_ATTRIBUTES", problem)
            }
            Found::Several { records, fields, table } => {
                duplicates::report(self.call, &records, &fields).map_err(Stop::from)?;
                let problem = format!("Found duplicate records in table [{table}] using fields [{fields}]");
                stop("MULTIPLE_DUPLICATE_RECORDS", problem)
            }
        }
    }

    fn bring_companions(
        &mut self,
        index: usize,
        rule: &Rule,
        item: SysId,
        outcome: &mut ItemOutcome,
    ) -> std::result::Result<(), Stop> {
        let Item { lookup, related, .. } = self.items[index].clone();
        for (sub_index, companion) in lookup.iter().enumerate() {
            let sys_id = self.bring_companion(rule, item, companion, outcome)?.map(|sys_id| sys_id.to_string());
            outcome.related_sys_ids.push(sys_id.clone());
            outcome.related_items.push(CompanionOutcome {
                class_name: companion.class_name.clone(),
                sys_id,
                input_indices: [Indices { main_index: index, sub_index }],
                markers: [],
                merged_payload_ids: [],
            });
        }
        for companion in &related {
            self.bring_companion(rule, item, companion, outcome)?;
        }
        Ok(())
    }

    /// Writes a record that came along; one that does not fit is left out with a warning.
    fn bring_companion(
        &mut self,
        rule: &Rule,
        item: SysId,
        companion: &Companion,
        outcome: &mut ItemOutcome,
    ) -> std::result::Result<Option<SysId>, Stop> {
        let table = companion.class_name.as_str();
        let Some((reference, attributes)) = rule.companion(table) else {
            let problem =
                format!("Identity Rule for table [{}] missing Related Rule for class [{table}]", rule.applies_to);
            outcome.warnings.push(Problem::new("IDENTIFICATION_RULE_FOR_RELATED_ITEM_MISSING", problem));
            return Ok(None);
        };
        match companions::write(self.call, (reference, attributes), item, companion) {
            Ok(sys_id) => {
                if let Some(name) = companion.internal_id.clone() {
                    self.named.insert(name, sys_id);
                }
                Ok(Some(sys_id))
            }
            Err(TableError::Service(error)) => Err(error.into()),
            Err(problem) => {
                outcome.warnings.push(Problem::new("INVALID_INPUT_DATA", problem.to_string()));
                Ok(None)
            }
        }
    }

    fn relate(&mut self, index: usize, relation: &Relation) -> Result<RelationOutcome> {
        let mut outcome = RelationOutcome::of(index);
        let related = match self.ends(index, relation) {
            Ok((parent, child, kind)) => relations::relate(self.call, parent, child, kind).map_err(Stop::from),
            Err(problem) => Err(problem),
        };
        match related {
            Ok((operation, sys_id)) => (outcome.operation, outcome.sys_id) = (operation, sys_id.to_string()),
            Err(Stop::Service(error)) => return Err(error.into()),
            Err(Stop::Problem(problem)) => {
                outcome.error_count = 1;
                outcome.errors.push(problem);
            }
        }
        Ok(outcome)
    }

    fn ends(&self, index: usize, relation: &Relation) -> std::result::Result<(SysId, SysId, SysId), Stop> {
        if let Some(problem) = &relation.unreadable {
            return stop("INVALID_INPUT_DATA", problem);
        }
        let Relation { parent, child, parent_id, child_id, type_name, .. } = relation;
        let Some(kind) = relations::type_named(self.call, type_name)? else {
            let problem = format!("No such relationship with name [{type_name}] exist in table [cmdb_rel_type]");
            return stop("INVALID_INPUT_DATA", problem);
        };
        let record = |item: Option<usize>, name: &Option<String>, which: &str| {
            let by_name = || name.as_ref().and_then(|name| self.named.get(name).copied());
            match item {
                Some(item) if item >= self.known.len() => stop(
                    "INVALID_INPUT_DATA",
                    format!("Payload relations '{index}' has invalid {which} record index: [{item}]"),
                ),
                item => item.map_or_else(by_name, |item| self.known[item]).map_or_else(
                    || stop("ABANDONED", format!("While processing relations encountered errors in its {which} item")),
                    Ok,
                ),
            }
        };
        Ok((record(*parent, parent_id, "parent")?, record(*child, child_id, "child")?, kind))
    }
}
