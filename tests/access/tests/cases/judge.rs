//! Generated cases: somebody, a record, a field, a way to ask; what the server says next to what the policies permit.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{DocumentId, Record};
use rand_core::Rng;
use serde_json::json;

use crate::oracle::{Deed, Oracle, Person};
use crate::scopes;
use crate::world::{Asker, TABLES, WITH_SECRET, World, path};

/// The ways to ask.
const WAYS: [&str; 10] = ["get", "list", "figures", "filter", "walk", "order", "search", "update", "create", "delete"];

/// What was compared, and where the two disagreed.
#[derive(Debug, Default)]
pub struct Judged {
    /// Cases by way, and how many of them were permitted.
    pub by_way: BTreeMap<&'static str, (usize, usize)>,
    /// Each disagreement in words.
    pub disagreements: Vec<String>,
}

/// A world with what the policies say of it.
pub struct Judge {
    pub world: World,
    oracle: Oracle,
    records: Vec<Record>,
    keys: BTreeMap<DocumentId, BTreeSet<String>>,
    people: Vec<Person>,
}

impl Judge {
    /// Makes a world and reads its rules.
    pub fn of(seed: u64) -> Self {
        let world = World::new(seed);
        let dictionary = world.server.dictionary();
        let records = world.records();
        let keys = scopes::keys(&dictionary, &records);
        let person = |asker: &Asker| Person {
            roles: asker.roles.iter().cloned().collect(),
            keys: scopes::keys_of(asker.user, &records),
        };
        let people = world.askers.iter().map(person).collect();
        Self { oracle: Oracle::of(&dictionary), records, keys, people, world }
    }

    /// Lets the policies be those of another dictionary, as if the server had overlooked a declaration.
    pub fn believing(self, dictionary: &fieldline_model::Dictionary) -> Self {
        Self { oracle: Oracle::of(dictionary), ..self }
    }

    fn sees(&self, asker: usize, id: &DocumentId) -> bool {
        self.oracle.permits(&self.people[asker], Deed::Read, id, &self.keys[id])
    }

    /// Judges `count` cases.
    pub async fn judge(&mut self, count: usize) -> Judged {
        let mut judged = Judged::default();
        for _ in 0..count {
            let asker = self.world.rng.next_u32() as usize % self.people.len();
            let table = TABLES[self.world.rng.next_u32() as usize % TABLES.len()];
            let of_table: Vec<&Record> = self.records.iter().filter(|record| record.id.table == *table).collect();
            let record = of_table[self.world.rng.next_u32() as usize % of_table.len()].clone();
            let way = WAYS[self.world.rng.next_u32() as usize % WAYS.len()];
            let (permitted, problem) = self.case(way, asker, &record).await;
            let (cases, allowed) = judged.by_way.entry(way).or_default();
            *cases += 1;
            *allowed += usize::from(permitted);
            if let Some(problem) = problem {
                let roles = &self.world.askers[asker].roles;
                judged.disagreements.push(format!("{way} {} by {roles:?}: {problem}", record.id));
            }
        }
        judged
    }

    async fn case(&mut self, way: &str, asker: usize, record: &Record) -> (bool, Option<String>) {
        let sees = self.sees(asker, &record.id);
        let told = match way {
            "get" => self.get(asker, record, sees).await,
            "list" => self.count(asker, record, "", "list").await.differs(sees),
            "figures" => self.count(asker, record, "", "figures").await.differs(sees),
            "filter" => self.filter(asker, record, sees).await,
            "walk" => self.walk(asker, record, sees).await,
            "order" => self.order(asker, record).await,
            "search" => self.search(asker, record, sees).await,
            "update" => self.update(asker, record, sees).await,
            "create" => self.create(asker, record).await,
            _ => self.delete(asker, record).await,
        };
        (sees, told)
    }

    async fn get(&self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let (status, answer) = self.world.ask(asker, "GET", &path(&record.id), None).await;
        if (status == 200) != sees {
            return Some(format!("answered {status}"));
        }
        let table = record.id.table.as_str();
        let has_secret =
            answer["result"].get("u_secret").is_some_and(|secret| !secret.as_str().unwrap_or("x").is_empty());
        let may = sees && WITH_SECRET.contains(&table) && self.oracle.may_read(&self.people[asker], table, "u_secret");
        (has_secret != may).then(|| format!("the secret was shown: {has_secret}, may be known: {may}"))
    }

    async fn count(&self, asker: usize, record: &Record, more: &str, how: &str) -> Counted {
        let (table, id) = (&record.id.table, record.id.sys_id);
        let query = format!("sysparm_query=sys_id={id}{more}");
        let count = if how == "figures" {
            let path = format!("/api/now/stats/{table}?sysparm_count=true&{query}");
            let (_, answer) = self.world.ask(asker, "GET", &path, None).await;
            answer["result"]["stats"]["count"].as_str().and_then(|count| count.parse().ok()).unwrap_or(usize::MAX)
        } else {
            let (_, answer) = self.world.ask(asker, "GET", &format!("/api/now/table/{table}?{query}"), None).await;
            answer["result"].as_array().map_or(usize::MAX, Vec::len)
        };
        Counted(count)
    }

    /// A condition on what may not be known changes nothing.
    async fn filter(&self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let table = record.id.table.as_str();
        let secret = record.text("u_secret").to_owned();
        if secret.is_empty() {
            return self.count(asker, record, "", "list").await.differs(sees);
        }
        let knows = self.oracle.may_read(&self.people[asker], table, "u_secret");
        let right = self.count(asker, record, &format!("^u_secret={secret}"), "figures").await.0;
        let wrong = self.count(asker, record, "^u_secret=nonsense", "list").await.0;
        let expected = (usize::from(sees), usize::from(sees && !knows));
        ((right, wrong) != expected).then(|| format!("right guess {right}, wrong guess {wrong}, expected {expected:?}"))
    }

    /// Through a reference: what is out of sight or may not be known is as good as empty.
    async fn walk(&self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let (field, target) =
            ["location", "cmdb_ci", "contact"].into_iter().find_map(|field| Some((field, record.reference(field)?)))?;
        let target = self.records.iter().find(|record| record.id.sys_id == target)?;
        let visible = self.sees(asker, &target.id);
        let name = target.text("name");
        let found = self.count(asker, record, &format!("^{field}.name={name}"), "list").await.0;
        if found != usize::from(sees && visible) {
            return Some(format!("found by the name of its {field}: {found}, sees both: {}", sees && visible));
        }
        let knows = visible && self.oracle.may_read(&self.people[asker], target.id.table.as_str(), "u_secret");
        let right =
            self.count(asker, record, &format!("^{field}.u_secret={}", target.text("u_secret")), "figures").await.0;
        let wrong = self.count(asker, record, &format!("^{field}.u_secret=nonsense"), "figures").await.0;
        (right != wrong && !knows).then(|| format!("a guess at the secret of its {field} told: {right} and {wrong}"))
    }

    /// An order by what may not be known is no order.
    async fn order(&self, asker: usize, record: &Record) -> Option<String> {
        let table = record.id.table.as_str();
        if !WITH_SECRET.contains(&table) || self.oracle.may_read(&self.people[asker], table, "u_secret") {
            return None;
        }
        let mut orders = Vec::new();
        for order in ["ORDERBYu_secret", "ORDERBYDESCu_secret"] {
            let path = format!("/api/now/table/{table}?sysparm_fields=sys_id&sysparm_query={order}");
            orders.push(self.world.ask(asker, "GET", &path, None).await.1["result"].clone());
        }
        (orders[0] != orders[1]).then(|| "the order tells about the secret".into())
    }

    async fn search(&self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let table = record.id.table.as_str();
        let title =
            [record.text("short_description"), record.text("name")].into_iter().find(|text| !text.is_empty())?;
        let found = async |words: &str| {
            let path = format!("/api/v1/search?words={words}&tables={table}&limit=200");
            let (_, answer) = self.world.ask(asker, "GET", &path, None).await;
            let id = record.id.sys_id.to_string();
            answer["hits"].as_array().is_some_and(|hits| hits.iter().any(|hit| hit["sys_id"] == *id))
        };
        if found(title).await != sees {
            return Some(format!("found by its title: {}", !sees));
        }
        let secret = record.text("u_secret");
        (!secret.is_empty() && found(secret).await).then(|| "found by its secret".into())
    }

    async fn update(&self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let table = record.id.table.as_str();
        let field = match table {
            _ if WITH_SECRET.contains(&table) => "u_secret",
            "kb_knowledge" => "text",
            "sys_audit" => "reason",
            _ => "description",
        };
        let same = if field == "u_secret" { record.text("u_secret").to_owned() } else { format!("written by {asker}") };
        let other = format!("{same} anew");
        let (status, _) = self.world.ask(asker, "PATCH", &path(&record.id), Some(json!({ field: other }))).await;
        let may = sees && table != "sys_audit" && self.oracle.may_write(&self.people[asker], table, field);
        if (status == 200) != may {
            return Some(format!("writing {field} answered {status}, may: {may}"));
        }
        if status == 200 && field == "u_secret" {
            let back = self.world.server.system();
            let input =
                fieldline_service::table::Input { fields: [(field.to_owned(), same)].into(), as_displayed: false };
            let mut rng = self.world.rng.clone();
            let done = self.world.server.write(&back, fieldline_model::Timestamp(0), &mut rng, |call| {
                fieldline_service::table::update(call, table, record.id.sys_id, &input)
            });
            done.expect("the server may write it back");
        }
        None
    }

    async fn create(&self, asker: usize, record: &Record) -> Option<String> {
        let table = record.id.table.as_str();
        let body = json!({ "short_description": "made by a case", "name": "made by a case" });
        let (status, answer) = self.world.ask(asker, "POST", &format!("/api/now/table/{table}"), Some(body)).await;
        let may = self.oracle.permits(&self.people[asker], Deed::Create, &record.id, &BTreeSet::new());
        ((status == 201) != may && status != 400).then(|| format!("creating answered {status}, may: {may}: {answer}"))
    }

    /// A record of its own is made to be deleted.
    async fn delete(&mut self, asker: usize, record: &Record) -> Option<String> {
        let table = record.id.table.as_str();
        if table == "sys_audit" {
            let (status, _) = self.world.ask(asker, "DELETE", &path(&record.id), None).await;
            return (status == 204).then(|| "an audit line was deleted".into());
        }
        let user = self.world.askers[asker].user.to_string();
        let mut fields = vec![("short_description", "to be deleted"), ("name", "to be deleted")];
        fields.extend(self.world.rng.next_u32().is_multiple_of(2).then_some(("assigned_to", user.as_str())));
        let dictionary = self.world.server.dictionary();
        let known = |name: &str| dictionary.table(table).is_some_and(|table| table.field(name).is_some());
        fields.retain(|(name, _)| known(name));
        let id = DocumentId::new(table, self.world.create(table, &fields));
        let made = self.world.records().into_iter().find(|record| record.id == id).expect("just made");
        let keys = scopes::keys(&dictionary, std::slice::from_ref(&made)).remove(&id).unwrap_or_default();
        let person = &self.people[asker];
        let may = self.oracle.permits(person, Deed::Read, &id, &keys)
            && self.oracle.permits(person, Deed::Delete, &id, &keys);
        let (status, _) = self.world.ask(asker, "DELETE", &path(&id), None).await;
        if status != 204 {
            let (system, mut rng) = (self.world.server.system(), self.world.rng.clone());
            let gone = self.world.server.write(&system, fieldline_model::Timestamp(0), &mut rng, |call| {
                fieldline_service::table::delete(call, table, id.sys_id)
            });
            gone.expect("the server may delete it");
        }
        ((status == 204) != may).then(|| format!("deleting answered {status}, may: {may}"))
    }

    /// What the server's own predicate in memory says of every record and person, next to the policies.
    pub fn predicates(&self) -> (usize, Vec<String>) {
        let (mut compared, mut disagreements) = (0, Vec::new());
        let (dictionary, system) = (self.world.server.dictionary(), self.world.server.system());
        for (at, asker) in self.world.askers.iter().enumerate() {
            let roles = asker.roles.iter().cloned().collect();
            let caller = fieldline_service::Caller { user: asker.user, roles, ..system.clone() };
            let mut rng = self.world.rng.clone();
            let sight = self.world.server.read(&caller, fieldline_model::Timestamp(0), &mut rng, |call| call.sight());
            let sight = sight.expect("the database can be read");
            for record in self.records.iter().filter(|record| dictionary.table(record.id.table.as_str()).is_some()) {
                let keys = self.keys[&record.id].iter().cloned().map(fieldline_storage::ScopeKey).collect();
                compared += 1;
                if sight.sees(&record.id, &keys) != self.sees(at, &record.id) {
                    disagreements.push(format!("{} for {:?}", record.id, asker.roles));
                }
            }
        }
        (compared, disagreements)
    }
}

struct Counted(usize);

impl Counted {
    fn differs(self, sees: bool) -> Option<String> {
        (self.0 != usize::from(sees)).then(|| format!("found {}, sees it: {sees}", self.0))
    }
}
