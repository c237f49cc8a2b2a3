//! Every life cycle, walked whole: from every stage, to every stage, with every role. Each attempt works as the dictionary says,
//! or is refused with what is possible instead, and then nothing has changed.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::life_cycle::{LifeCycle, StepRule};
use fieldline_model::{Dictionary, DocumentId, FieldType, SysId, Table};
use fieldline_service::table::{self, Input};
use fieldline_service::{Caller, TableError};

use crate::house::House;

/// Somebody of no role at all, beside every role the steps name.
const NOBODY: &str = "customer";

#[test]
fn every_step_of_every_life_cycle_works_as_declared_or_says_what_would() {
    let mut house = House::new();
    let dictionary = Dictionary::shipped();
    let tables: Vec<&Table> = dictionary.tables().filter(|table| table.life_cycle.is_some()).collect();
    let mut tried = (0, 0);
    for table in &tables {
        let life_cycle = dictionary.life_cycle_of(table.name.as_str()).unwrap();
        let roles: BTreeSet<&str> = life_cycle
            .steps
            .iter()
            .flat_map(|step| &step.roles)
            .map(String::as_str)
            .chain([NOBODY, "admin", "itil"])
            .collect();
        let mut walk = Walk { house: &mut house, table, life_cycle, at: BTreeMap::new() };
        for stage in &life_cycle.stages {
            for target in &life_cycle.stages {
                for role in &roles {
                    let (done, refused) = walk.attempt(&stage.name, &target.name, role);
                    tried = (tried.0 + done, tried.1 + refused);
                }
            }
        }
    }
    eprintln!("{} life cycles: {} steps taken, {} refused", tables.len(), tried.0, tried.1);
    assert!(tried.0 > 300 && tried.1 > 1_000, "{tried:?}");
}

#[test]
fn what_is_on_hold_waits_for_something_else_when_another_reason_is_sent() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let held = [("short_description", "No link"), ("state", "3"), ("hold_reason", "4")];
    let incident = house.create(&dora, "incident", &held).unwrap().record.id;
    for (fields, shown) in [
        (vec![("hold_reason", "3")], "3"),
        (vec![("state", "3"), ("hold_reason", "Awaiting Vendor")], "4"),
        (vec![("state", "3"), ("hold_reason", "awaiting_vendor")], "4"),
        (vec![("state", "On Hold")], "4"),
    ] {
        let detail = house.update(&dora, &incident, &fields).unwrap();
        assert_eq!(detail.record.get("hold_reason").unwrap().to_string(), shown, "{fields:?}");
        assert_eq!(detail.record.get("state").unwrap().to_string(), "3");
    }
}

struct Walk<'a> {
    house: &'a mut House,
    table: &'a Table,
    life_cycle: &'a LifeCycle,
    /// A record at each stage, until somebody takes it further.
    at: BTreeMap<String, DocumentId>,
}

impl Walk<'_> {
    /// Tries to go from a stage to another one with a role; how many steps were taken, and refused.
    fn attempt(&mut self, from: &str, to: &str, role: &str) -> (usize, usize) {
        let Some(record) = self.record_at(from) else { return (0, 0) };
        let is_administrator = matches!(role, "admin" | "system");
        let names = |roles: &[String]| is_administrator || roles.iter().any(|name| name == role || name == "everyone");
        let may = |step: &&StepRule| step.roles.is_empty() || names(&step.roles);
        let life_cycle = self.life_cycle;
        let rule = life_cycle.steps_from(from).filter(may).find(|step| step.to == to);
        let inputs = rule.map(Self::reason_of).unwrap_or_default();
        let caller = Caller { user: SysId([7; 16]), roles: BTreeSet::from([role.to_owned()]), device: None };
        let fields: Vec<(&str, &str)> =
            inputs.iter().map(|(name, text)| (name.as_str(), text.as_str())).chain([("state", to)]).collect();
        let done = self.house.update(&caller, &record, &fields);
        let what = format!("{} from {from} to {to} as {role}", self.table.name);
        let stands = self.stage_of(&record);
        let sees = names(&self.table.read);
        match (sees, from == to, rule) {
            (false, ..) => {
                assert!(matches!(done, Err(TableError::NotFound(_))), "{what}: {done:?}");
                assert_eq!(stands, from, "{what}");
                (0, 1)
            }
            (true, true, _) => {
                assert!(done.is_ok(), "{what}: {done:?}");
                assert_eq!(stands, from, "{what}");
                (0, 0)
            }
            (true, false, Some(_)) => {
                assert!(done.is_ok(), "{what}: {done:?}");
                assert_eq!(stands, to, "{what}");
                self.at.remove(from);
                (1, 0)
            }
            (true, false, None) => {
                let refused = done.expect_err(&what).to_string();
                let helps = refused.contains("use one of") || refused.contains("with your roles nothing else can");
                assert!(helps && refused.contains("cannot be reached from"), "{what}: {refused}");
                assert_eq!(stands, from, "{what}");
                (0, 1)
            }
        }
    }

    /// The reason a step asks for, in the field that shows it.
    fn reason_of(rule: &StepRule) -> Vec<(String, String)> {
        let field = rule.reason_field.as_ref().map(ToString::to_string);
        let reason = rule.reasons.iter().find(|reason| rule.comment_for.as_ref() != Some(reason));
        field.zip(reason.cloned()).into_iter().collect()
    }

    fn stage_of(&mut self, record: &DocumentId) -> String {
        let system = self.house.server.system();
        self.house.get(&system, record).unwrap().projection_of_document.unwrap().stage.unwrap()
    }

    /// A record at a stage, with every field filled that a step from there could ask for; `None` when no way leads there.
    fn record_at(&mut self, stage: &str) -> Option<DocumentId> {
        if let Some(record) = self.at.get(stage) {
            return Some(record.clone());
        }
        let way = self.way_to(stage)?;
        let system = self.house.server.system();
        let born = self.born();
        let born: Vec<(&str, &str)> = born.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let record = self.house.create(&system, self.table.name.as_str(), &born).unwrap().record.id;
        for (name, to) in way {
            let rule = self.life_cycle.step(&name).unwrap();
            let mut fields = Self::reason_of(rule);
            fields.push(("state".into(), to));
            let input = Input { fields: fields.into_iter().collect(), as_displayed: false };
            let (table, sys_id) = (record.table.to_string(), record.sys_id);
            let stepped = self.house.server.write(&system, self.house.now, &mut self.house.rng, |call| {
                table::update(call, &table, sys_id, &input)
            });
            stepped.unwrap();
        }
        self.at.insert(stage.to_owned(), record.clone());
        Some(record)
    }

    /// The fields that any step requires, filled.
    fn born(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::from([("short_description".to_owned(), "A walk".to_owned())]);
        for name in self.life_cycle.steps.iter().flat_map(|step| &step.requires) {
            let field = self.table.field(name.as_str()).unwrap();
            let text = match (field.choices.first(), field.field_type) {
                (Some(choice), _) => choice.value.clone(),
                (None, FieldType::Reference) => self.house.mia.user.to_string(),
                (None, FieldType::GlideDateTime) => self.house.now.to_string(),
                (None, _) => "1".to_owned(),
            };
            fields.insert(name.to_string(), text);
        }
        fields
    }

    /// The steps from the first stage to another one, each with the stage it leads to.
    fn way_to(&self, stage: &str) -> Option<Vec<(String, String)>> {
        let mut ways = BTreeMap::from([(self.life_cycle.initial.clone(), Vec::new())]);
        let mut next = vec![self.life_cycle.initial.clone()];
        while let Some(here) = next.pop() {
            for step in self.life_cycle.steps_from(&here) {
                if !ways.contains_key(&step.to) {
                    let mut way: Vec<(String, String)> = ways[&here].clone();
                    way.push((step.name.clone(), step.to.clone()));
                    ways.insert(step.to.clone(), way);
                    next.insert(0, step.to.clone());
                }
            }
        }
        ways.remove(stage)
    }
}
