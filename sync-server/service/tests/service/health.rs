//! The health of the CMDB: scores of random CMDBs next to a plain count, and tasks that come and go with what is wrong.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{DocumentId, Record, SysId, Timestamp, Value};
use fieldline_service::cmdb::health::score::{Metric, WHOLE};
use fieldline_service::cmdb::health::{self, Evaluation, Scope};
use fieldline_storage::Storage;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::house::{DAY, House};

const CLASSES: [&str; 5] =
    ["cmdb_ci_linux_server", "cmdb_ci_server", "cmdb_ci_computer", "cmdb_ci_web_server", "cmdb_ci_service"];

/// The classes above each, as the oracle needs them.
fn is_a(class: &str, above: &str) -> bool {
    let lineage: &[&str] = match class {
        "cmdb_ci_linux_server" => &["cmdb_ci_server", "cmdb_ci_computer", "cmdb_ci_hardware"],
        "cmdb_ci_server" => &["cmdb_ci_computer", "cmdb_ci_hardware"],
        "cmdb_ci_computer" => &["cmdb_ci_hardware"],
        "cmdb_ci_web_server" => &["cmdb_ci_appl"],
        _ => &[],
    };
    class == above || above == "cmdb_ci" || lineage.contains(&above)
}

/// A CMDB drawn at random, written past the record API, which would not let such things be.
struct World {
    items: Vec<Record>,
    relations: Vec<Record>,
    depends: SysId,
    connects: SysId,
}

fn id(kind: u8, number: usize) -> SysId {
    let mut bytes = [kind; 16];
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    SysId(bytes)
}

fn draw(house: &mut House, seed: u64) -> World {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut below = |limit: usize| dice.next_u32() as usize % limit;
    let system = house.server.system();
    let mut kind = |name: &str| house.create(&system, "cmdb_rel_type", &[("name", name)]).unwrap().record.id.sys_id;
    let (depends, connects) = (kind("Depends on::Used by"), kind("Connects to::Connected by"));
    let mut world = World { items: Vec::new(), relations: Vec::new(), depends, connects };
    for number in 0..40 {
        let mut item = Record::new(DocumentId::new(CLASSES[below(5)], id(1, number)));
        for (field, word, of) in
            [("name", "n", 30), ("serial_number", "S", 25), ("os", "Debian", 1), ("asset_tag", "t", 4)]
        {
            if below(4) != 0 && (field != "os" || is_a(item.id.table.as_str(), "cmdb_ci_computer")) {
                item.set(field, Some(Value::text(format!("{word}{}", below(of)))));
            }
        }
        let age = [1, 30, 59, 60, 61, 200][below(6)];
        item.set("sys_updated_on", Some(Value::Time(Timestamp(house.now.0 - age * DAY))));
        item.set("sys_created_on", Some(Value::Time(Timestamp(house.now.0 - 300 * DAY - below(5) as i64))));
        item.set("install_status", Some(Value::Integer([1, 1, 1, 1, 7, 100][below(6)])));
        if below(15) == 0 {
            item.set("duplicate_of", Some(Value::Reference(id(1, 0))));
        }
        world.items.push(item);
    }
    for number in 0..60 {
        let mut relation = Record::new(DocumentId::new("cmdb_rel_ci", id(2, number)));
        for end in ["parent", "child"] {
            // Some lead nowhere.
            let there = if below(12) == 0 { id(9, below(9)) } else { id(1, below(12) * 3) };
            if below(20) != 0 {
                relation.set(end, Some(Value::Reference(there)));
            }
        }
        relation.set("type", Some(Value::Reference(if below(4) == 0 { connects } else { depends })));
        relation.set("port", (below(3) == 0).then(|| Value::text("80")));
        world.relations.push(relation);
    }
    let mut tx = house.storage.begin().unwrap();
    world.items.iter().chain(&world.relations).for_each(|row| tx.put_record(row).unwrap());
    tx.commit().unwrap();
    world
}

fn lasting(days: i64) -> String {
    Timestamp(days * DAY).to_rfc3339()
}

/// The rules of these worlds, written as records; the oracle has them in its own words below.
fn install(house: &mut House, depends: SysId) {
    let system = house.server.system();
    let (short, kind) = (lasting(30), depends.to_string());
    for (table, fields) in [
        (
            "cmdb_recommended_fields",
            &[("applies_to", "cmdb_ci_hardware"), ("recommended", "serial_number, asset_tag")][..],
        ),
        ("cmdb_recommended_fields", &[("applies_to", "cmdb_ci_server"), ("recommended", "os")]),
        ("cmdb_health_stale_rule", &[("applies_to", "cmdb_ci_server"), ("effective_duration", &short)]),
        ("cmdb_health_orphan_rule", &[("applies_to", "cmdb_ci_computer"), ("without_relation", "true")]),
        (
            "cmdb_health_orphan_rule",
            &[
                ("applies_to", "cmdb_ci_linux_server"),
                ("attributes", "asset_tagISEMPTY"),
                ("operator", "or"),
                ("without_relation", "true"),
                ("relation_type", &kind),
                ("related_class", "cmdb_ci_service"),
            ],
        ),
        (
            "cert_audit",
            &[("name", "Debian"), ("table", "cmdb_ci_server"), ("filter", "osISNOTEMPTY"), ("template", "os=Debian0")],
        ),
        (
            "cert_audit",
            &[("name", "Tag"), ("table", "cmdb_ci_linux_server"), ("template", "asset_tag=t1^ORasset_tag=t2")],
        ),
        (
            "cmdb_health_metric_pref",
            &[("kpi", "overall"), ("weights", "completeness=31,correctness=29,compliance=23,relationships=17")],
        ),
        ("cmdb_health_metric_pref", &[("kpi", "correctness"), ("weights", "orphan=50,stale=30,duplicate=20")]),
    ] {
        house.create(&system, table, fields).unwrap();
    }
}

/// How many parts of ten thousand each metric is of the whole, in the order of [`Metric`].
const PARTS: [i64; 9] = [31 * 60, 31 * 40, 29 * 50, 29 * 30, 29 * 20, 23 * 100, 17 * 34, 17 * 33, 17 * 33];

/// A plain count: for each metric, what it is asked of, and what fails. `None` for what counts for no item.
struct Oracle<'w> {
    world: &'w World,
    now: i64,
    stale_days: i64,
}

type Asked = BTreeMap<Metric, Vec<(SysId, Option<SysId>, bool)>>;

impl Oracle<'_> {
    fn text<'r>(item: &'r Record, field: &str) -> &'r str {
        item.text(field)
    }

    fn counts(item: &Record) -> bool {
        let status = item.get("install_status").unwrap().to_string();
        status != "7" && status != "100" && item.reference("duplicate_of").is_none()
    }

    fn item(&self, id: Option<SysId>) -> Option<&Record> {
        self.world.items.iter().find(|item| Some(item.id.sys_id) == id)
    }

    fn is_stale(&self, item: &Record) -> bool {
        let days = if is_a(item.id.table.as_str(), "cmdb_ci_server") { 30 } else { self.stale_days };
        self.now - item.time("sys_updated_on").unwrap().0 > days * DAY
    }

    fn ask(&self) -> Asked {
        let mut asked = Asked::new();
        let mut say = |metric: Metric, subject: SysId, of: Option<SysId>, fails: bool| {
            asked.entry(metric).or_default().push((subject, of, fails));
        };
        for item in self.world.items.iter().filter(|item| Self::counts(item)) {
            let (me, class) = (item.id.sys_id, item.id.table.as_str());
            let of = Some(me);
            let empty = |field: &str| Self::text(item, field).is_empty();
            say(Metric::Required, me, of, empty("name"));
            if is_a(class, "cmdb_ci_hardware") {
                let lacks_os = is_a(class, "cmdb_ci_server") && empty("os");
                say(Metric::Recommended, me, of, empty("serial_number") || empty("asset_tag") || lacks_os);
            }
            say(Metric::Stale, me, of, self.is_stale(item));
            if is_a(class, "cmdb_ci_computer") {
                say(Metric::Orphan, me, of, self.is_orphan(item));
            }
            let first = is_a(class, "cmdb_ci_server") && !empty("os");
            let second = class == "cmdb_ci_linux_server";
            if first || second {
                let tag = Self::text(item, "asset_tag");
                let fails = first && Self::text(item, "os") != "Debian0" || second && tag != "t1" && tag != "t2";
                say(Metric::Audit, me, of, fails);
            }
            if class != "cmdb_ci_web_server" {
                say(Metric::Duplicate, me, of, self.is_younger_twin(item));
            }
        }
        for (at, relation) in self.world.relations.iter().enumerate() {
            let [parent, child] = ["parent", "child"].map(|end| self.item(relation.reference(end)));
            if [parent, child].into_iter().flatten().any(|item| !Self::counts(item)) {
                continue;
            }
            let (me, of) = (relation.id.sys_id, parent.or(child).map(|item| item.id.sys_id));
            let same = |other: &&Record| {
                ["parent", "child", "type", "port"].iter().all(|field| other.get(field) == relation.get(field))
            };
            say(Metric::DuplicateRelation, me, of, self.world.relations[..at].iter().any(|other| same(&other)));
            say(Metric::OrphanRelation, me, of, parent.is_none() || child.is_none());
            say(Metric::StaleRelation, me, of, [parent, child].into_iter().flatten().any(|item| self.is_stale(item)));
        }
        asked
    }

    fn is_orphan(&self, item: &Record) -> bool {
        let me = item.id.sys_id;
        let is_linux = item.id.table == *"cmdb_ci_linux_server";
        let mut related = self.world.relations.iter().filter(|relation| {
            let ends = ["parent", "child"].map(|end| relation.reference(end));
            let all = ends.iter().flatten().filter_map(|end| self.item(Some(*end))).all(Self::counts);
            all && ends.contains(&Some(me))
        });
        if !is_linux {
            return related.next().is_none();
        }
        let to_service = related.any(|relation| {
            let other = ["parent", "child"].map(|end| relation.reference(end)).into_iter().find(|end| *end != Some(me));
            let is_service = self.item(other.flatten()).is_some_and(|item| item.id.table == *"cmdb_ci_service");
            relation.reference("type") == Some(self.world.depends) && is_service
        });
        Self::text(item, "asset_tag").is_empty() || !to_service
    }

    /// Whether another item is recognised by the same and is older.
    fn is_younger_twin(&self, item: &Record) -> bool {
        let key = |item: &Record| {
            if item.id.table == *"cmdb_ci_web_server" {
                return None;
            }
            let rule = if is_a(item.id.table.as_str(), "cmdb_ci_hardware") { "hardware" } else { "service" };
            let fields: &[&str] = if rule == "hardware" { &["serial_number", "name"] } else { &["name"] };
            let by = fields.iter().find(|field| !Self::text(item, field).is_empty())?;
            Some((rule, by.to_string(), Self::text(item, by).to_lowercase()))
        };
        let age = |item: &Record| (item.time("sys_created_on").unwrap(), item.id.sys_id);
        let Some(own) = key(item) else { return false };
        let others = self.world.items.iter().filter(|other| Self::counts(other) && key(other).as_ref() == Some(&own));
        others.into_iter().any(|other| age(other) < age(item))
    }

    /// Everything a service needs, itself included, by going over all relations until nothing is added.
    fn needs(&self, service: SysId) -> BTreeSet<SysId> {
        let mut needed = BTreeSet::from([service]);
        loop {
            let before = needed.len();
            for relation in self.world.relations.iter().filter(|one| one.reference("type") != Some(self.world.connects))
            {
                if relation.reference("parent").is_some_and(|parent| needed.contains(&parent)) {
                    needed.extend(relation.reference("child"));
                }
            }
            if needed.len() == before {
                return needed;
            }
        }
    }

    fn is_in(&self, scope: &Scope, of: Option<SysId>, needs: &BTreeSet<SysId>) -> bool {
        match scope {
            Scope::Overall => true,
            Scope::Class(class) => self.item(of).is_some_and(|item| is_a(item.id.table.as_str(), class)),
            Scope::Service(_) => of.is_some_and(|of| needs.contains(&of)),
        }
    }
}

fn evaluate(house: &mut House) -> std::sync::Arc<Evaluation> {
    let dora = house.dora.clone();
    house.server.read(&dora, house.now, &mut house.rng, |call| health::health(call)).unwrap()
}

/// Compares every score of a world with a plain count; what differs, in words.
fn compare(evaluation: &Evaluation, oracle: &Oracle<'_>) -> Result<usize, String> {
    let (asked, mut failures) = (oracle.ask(), 0);
    for card in evaluation.cards() {
        let needs = if let Scope::Service(service) = card.scope { oracle.needs(service) } else { BTreeSet::new() };
        let losses = evaluation.losses(&card.scope).unwrap();
        let mut lost = 0;
        for metric in Metric::ALL {
            let about = asked.get(&metric).into_iter().flatten();
            let about: Vec<_> = about.filter(|(_, of, _)| oracle.is_in(&card.scope, *of, &needs)).collect();
            let failing: BTreeSet<SysId> = about.iter().filter(|one| one.2).map(|one| one.0).collect();
            let told = losses.iter().filter(|loss| loss.metric == metric);
            let told: BTreeSet<SysId> = told.map(|loss| loss.subject.sys_id).collect();
            let tested = card.counts.tested[metric as usize] as usize;
            if told != failing || tested != about.len() {
                return Err(format!(
                    "{:?} {metric:?}: {told:?} of {tested}, expected {failing:?} of {}",
                    card.scope,
                    about.len()
                ));
            }
            if !about.is_empty() {
                lost += i128::from(WHOLE) * i128::from(PARTS[metric as usize]) * failing.len() as i128
                    / (10_000 * about.len() as i128);
            }
        }
        let points: i64 = losses.iter().map(|loss| loss.points).sum();
        if i128::from(WHOLE - card.score.overall) != lost || points != WHOLE - card.score.overall {
            return Err(format!(
                "{:?}: {} points explained, {lost} lost, score {}",
                card.scope, points, card.score.overall
            ));
        }
        failures += losses.len();
    }
    Ok(failures)
}

#[test]
fn scores_of_random_cmdbs_and_what_explains_them_are_those_of_a_plain_count() {
    let mut failures = 0;
    for seed in 0..12 {
        let mut house = House::new();
        let world = draw(&mut house, seed);
        install(&mut house, world.depends);
        let evaluation = evaluate(&mut house);
        let oracle = Oracle { world: &world, now: house.now.0, stale_days: 60 };
        failures += compare(&evaluation, &oracle).unwrap();
        let services = world.items.iter().filter(|item| item.id.table == *"cmdb_ci_service" && Oracle::counts(item));
        let needed: BTreeSet<SysId> = services.flat_map(|service| oracle.needs(service.id.sys_id)).collect();
        let lean = world.items.iter().filter(|item| Oracle::counts(item) && !needed.contains(&item.id.sys_id));
        let lean: BTreeSet<SysId> = lean.map(|item| item.id.sys_id).collect();
        assert_eq!(evaluation.without_service().into_iter().map(|id| id.sys_id).collect::<BTreeSet<_>>(), lean);
    }
    assert!(failures > 2_000, "{failures}");
}

#[test]
fn a_count_that_is_wrong_on_purpose_is_seen() {
    let mut house = House::new();
    let world = draw(&mut house, 3);
    install(&mut house, world.depends);
    let evaluation = evaluate(&mut house);
    let wrong = Oracle { world: &world, now: house.now.0, stale_days: 59 };
    assert!(compare(&evaluation, &wrong).is_err());
}

#[test]
fn rules_that_cannot_do_what_they_say_are_refused_in_words() {
    let mut house = House::new();
    let system = house.server.system();
    for (table, fields, problem) in [
        (
            "cmdb_health_metric_pref",
            &[("kpi", "completeness"), ("weights", "required=60,recommended=30")][..],
            "add up to 90",
        ),
        ("cmdb_health_metric_pref", &[("kpi", "compliance"), ("weights", "audit=100,stale=0")], "no part"),
        ("cmdb_recommended_fields", &[("applies_to", "cmdb_ci_server"), ("recommended", "os,colour")], "colour"),
        ("cmdb_recommended_fields", &[("applies_to", "incident"), ("recommended", "state")], "no class"),
        ("cert_audit", &[("name", "a"), ("table", "cmdb_ci_server"), ("template", "colour=red")], "colour"),
        (
            "cmdb_reconciliation_definition",
            &[("applies_to", "cmdb_ci_server"), ("discovery_source", "Hearsay")],
            "Hearsay",
        ),
    ] {
        let refused = house.create(&system, table, fields).unwrap_err().to_string();
        assert!(refused.contains(problem), "{refused}");
    }
    let good = [("kpi", "completeness"), ("weights", "required=25,recommended=75")];
    let rule = house.create(&system, "cmdb_health_metric_pref", &good).unwrap().record.id;
    let refused = house.update(&system, &rule, &[("weights", "required=25,recommended=70")]).unwrap_err().to_string();
    assert!(refused.contains("95"), "{refused}");
}

fn cycle(house: &mut House) {
    let dora = house.dora.clone();
    house.server.write(&dora, house.now, &mut house.rng, health::begin).unwrap();
    house.ring();
}

fn tasks(house: &mut House, query: &str) -> Vec<Record> {
    let system = house.server.system();
    let mut found = house.query(&system, "cmdb_health_task", query);
    found.extend(house.query(&system, "reconcile_duplicate_task", query));
    found
}

fn results(house: &mut House) -> BTreeMap<(String, String), Record> {
    let system = house.server.system();
    let rows = house.query(&system, "cmdb_health_result", "");
    rows.into_iter().map(|row| ((row.text("metric").into(), row.reference("ci").unwrap().to_string()), row)).collect()
}

#[test]
fn each_failure_has_one_task_that_closes_itself_when_it_is_mended() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let system = house.server.system();
    house
        .create(&system, "cmdb_recommended_fields", &[("applies_to", "cmdb_ci_server"), ("recommended", "os")])
        .unwrap();
    let mut server = |fields: &[(&str, &str)]| house.create(&dora, "cmdb_ci_server", fields).unwrap().record.id;
    let bare = server(&[("name", "bare")]);
    let [one, two, three] = [("a", "1"), ("b", "2"), ("c", "3")]
        .map(|(name, _)| server(&[("name", name), ("serial_number", "S1"), ("os", "x")]));
    cycle(&mut house);
    assert_eq!(tasks(&mut house, "").len(), 2, "one for the empty field, one for the three that are alike");
    let held = results(&mut house);
    assert_eq!(
        held.keys().map(|(metric, _)| metric.as_str()).collect::<Vec<_>>(),
        ["duplicate", "duplicate", "recommended"]
    );
    let alike = house.query(&system, "duplicate_audit_result", "");
    assert_eq!(alike.len(), 3);
    cycle(&mut house);
    assert_eq!(tasks(&mut house, "").len(), 2, "however often it is looked");

    house.wait(DAY);
    house.update(&dora, &bare, &[("os", "Debian")]).unwrap();
    house.update(&dora, &two, &[("duplicate_of", &one.sys_id.to_string())]).unwrap();
    cycle(&mut house);
    assert_eq!(tasks(&mut house, "active=true").len(), 1, "two are still alike");
    house.update(&dora, &three, &[("serial_number", "S2")]).unwrap();
    cycle(&mut house);
    assert_eq!(tasks(&mut house, "active=true").len(), 0);
    assert_eq!(tasks(&mut house, "state=3").len(), 2);
    assert!(results(&mut house).is_empty());
    let cards = house.query(&system, "cmdb_health_scorecard", "type=overall^status=Complete");
    assert_eq!(cards.len(), 1);
    assert_eq!(cards[0].get("score").unwrap().to_string(), "100");
    assert_eq!(
        house.query(&system, "cmdb_health_scorecard", "type=overall^status=Historic").len(),
        1,
        "of the day before"
    );
}

#[test]
fn a_task_that_was_skipped_stays_so_and_one_that_was_not_done_comes_again() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let system = house.server.system();
    house
        .create(&system, "cmdb_recommended_fields", &[("applies_to", "cmdb_ci_server"), ("recommended", "os")])
        .unwrap();
    for name in ["skipped", "said to be done"] {
        house.create(&dora, "cmdb_ci_server", &[("name", name)]).unwrap();
    }
    cycle(&mut house);
    let open = tasks(&mut house, "ORDERBYnumber");
    for (task, state) in open.iter().zip(["7", "3"]) {
        house.update(&dora, &task.id, &[("state", state)]).unwrap();
    }
    cycle(&mut house);
    assert_eq!(tasks(&mut house, "").len(), 3);
    assert_eq!(tasks(&mut house, "active=true").len(), 1);
}

#[test]
fn a_cycle_is_done_in_slices_goes_on_after_a_restart_and_comes_again_by_itself() {
    let mut house = House::new();
    let dora = house.dora.clone();
    let system = house.server.system();
    house
        .create(&system, "cmdb_recommended_fields", &[("applies_to", "cmdb_ci_server"), ("recommended", "os")])
        .unwrap();
    for number in 0..60 {
        house.create(&dora, "cmdb_ci_server", &[("name", &format!("s{number}"))]).unwrap();
    }
    house.create(&system, "sys_properties", &[("name", "glide.cmdb.health.cycle_hours"), ("value", "24")]).unwrap();
    assert_eq!(house.server.do_due(1, house.now, &mut house.rng).unwrap(), 1);
    let first = tasks(&mut house, "").len();
    assert!(first > 0 && first < 60, "{first}");
    // Somebody writes between two slices, and the server is started anew.
    house.create(&dora, "cmdb_ci_server", &[("name", "late"), ("os", "x")]).unwrap();
    house.restart();
    house.ring();
    assert_eq!(tasks(&mut house, "").len(), 60);
    assert_eq!(house.server.next_due().unwrap(), Some(Timestamp(house.now.0 + DAY)));
    house.wait(DAY);
    house.create(&dora, "cmdb_ci_server", &[("name", "later")]).unwrap();
    house.ring();
    assert_eq!(tasks(&mut house, "").len(), 61);
    house.create(&system, "sys_properties", &[("name", "other"), ("value", "1")]).unwrap();
    assert!(house.server.next_due().unwrap().is_some());
}

#[test]
fn health_is_told_to_those_who_may_read_every_item() {
    let mut house = House::new();
    let mia = house.mia.clone();
    let refused =
        house.server.read(&mia, house.now, &mut house.rng, |call| health::health(call)).unwrap_err().to_string();
    assert!(refused.contains("itil"), "{refused}");
}
