//! Generated cases: somebody, a record, a field, a way to ask; what the server says next to what the policies permit.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{DocumentId, Record};
use fieldline_storage::{ScopeKey, Surroundings};
use rand_core::Rng;
use serde_json::json;

use crate::oracle::{Deed, Oracle, Person};
use crate::scopes;
use crate::world::{Asker, TABLES, World, content, has_files, path, secret_of};

/// The ways to ask.
const WAYS: [&str; 13] = [
    "get", "list", "figures", "filter", "walk", "order", "search", "update", "create", "delete", "file", "attach",
    "sync",
];

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
            user: asker.user.to_string(),
            roles: asker.roles.iter().cloned().collect(),
            keys: scopes::keys_of(asker.user, asker.roles.iter().any(|role| role == "customer"), &records),
        };
        let people = world.askers.iter().map(person).collect();
        Self { oracle: Oracle::of(&dictionary), records, keys, people, world }
    }

    /// Lets the policies be those of another dictionary, as if the server had overlooked a declaration.
    pub fn believing(self, dictionary: &fieldline_model::Dictionary) -> Self {
        Self { oracle: Oracle::of(dictionary), ..self }
    }

    fn sees(&self, asker: usize, record: &Record) -> bool {
        self.oracle.permits(&self.people[asker], Deed::Read, record, &self.keys[&record.id])
    }

    fn knows(&self, asker: usize, record: &Record) -> bool {
        let secret = secret_of(record.id.table.as_str());
        secret.is_some_and(|field| self.oracle.may_read(&self.people[asker], record, field))
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
        let sees = self.sees(asker, record);
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
            "delete" => self.delete(asker, record).await,
            _ if way != "sync" && !has_files(record.id.table.as_str()) => None,
            "file" => self.file(asker, record, sees).await,
            "attach" => self.attach(asker, record, sees).await,
            _ => self.sync(asker, record, sees),
        };
        (sees, told)
    }

    async fn get(&self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let (status, answer) = self.world.ask(asker, "GET", &path(&record.id), None).await;
        if (status == 200) != sees {
            return Some(format!("answered {status}"));
        }
        let table = record.id.table.as_str();
        let secret = secret_of(table).and_then(|field| answer["result"].get(field));
        let has_secret = secret.is_some_and(|secret| !secret.as_str().unwrap_or("x").is_empty());
        let may = sees && self.knows(asker, record) && !secret_in(record).is_empty();
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

    /// A condition on what may be known of no record changes nothing; where it may be known of some, the others are as if empty.
    async fn filter(&self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let (secret, table) = (secret_in(record), record.id.table.as_str());
        let Some(field) = secret_of(table).filter(|_| !secret.is_empty()) else {
            return self.count(asker, record, "", "list").await.differs(sees);
        };
        let knows = self.knows(asker, record);
        let right = self.count(asker, record, &format!("^{field}={secret}"), "figures").await.0;
        let wrong = self.count(asker, record, &format!("^{field}=nonsense"), "list").await.0;
        let expected = match table {
            "sys_user" => (usize::from(sees && knows), 0),
            _ => (usize::from(sees), usize::from(sees && !knows)),
        };
        ((right, wrong) != expected).then(|| format!("right guess {right}, wrong guess {wrong}, expected {expected:?}"))
    }

    /// Through a reference: what is out of sight or may not be known is as good as empty.
    async fn walk(&mut self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let fields = ["location", "cmdb_ci", "contact", "assigned_to", "author"].into_iter();
        let walks: Vec<_> = fields.filter_map(|field| Some((field, record.reference(field)?))).collect();
        let (field, target) = *walks.get(self.world.rng.next_u32() as usize % walks.len().max(1))?;
        let target = self.records.iter().find(|record| record.id.sys_id == target)?;
        let visible = self.sees(asker, target);
        let name = target.text("name");
        let found = self.count(asker, record, &format!("^{field}.name={name}"), "list").await.0;
        if found != usize::from(sees && visible) {
            return Some(format!("found by the name of its {field}: {found}, sees both: {}", sees && visible));
        }
        let knows = visible && self.knows(asker, target);
        let secret = secret_of(target.id.table.as_str())?;
        let right = self.count(asker, record, &format!("^{field}.{secret}={}", secret_in(target)), "figures").await.0;
        let wrong = self.count(asker, record, &format!("^{field}.{secret}=nonsense"), "figures").await.0;
        let shown = format!("{}?sysparm_fields={field}.{secret}", path(&record.id));
        let shown = self.world.ask(asker, "GET", &shown, None).await.1["result"].to_string();
        if shown.contains("canary") != (sees && knows) {
            return Some(format!("the secret of its {field} was shown: {shown}"));
        }
        ((right != wrong) != (sees && knows)).then(|| format!("a guess at the secret of its {field}: {right}, {wrong}"))
    }

    /// An order by what may not be known is no order, among those of which it may not.
    async fn order(&self, asker: usize, record: &Record) -> Option<String> {
        let table = record.id.table.as_str();
        let secret = secret_of(table)?;
        let of_table = self.records.iter().filter(|record| record.id.table == *table);
        let known = of_table.filter(|record| self.knows(asker, record));
        let known: BTreeSet<String> = known.map(|record| record.id.sys_id.to_string()).collect();
        let mut orders = Vec::new();
        for order in ["ORDERBY", "ORDERBYDESC"] {
            let path = format!("/api/now/table/{table}?sysparm_fields=sys_id&sysparm_query={order}{secret}");
            let answer = self.world.ask(asker, "GET", &path, None).await.1["result"].clone();
            let ids = answer.as_array()?.iter().filter_map(|row| row["sys_id"].as_str().map(str::to_owned));
            let made_since = |id: &String| self.records.iter().all(|record| record.id.sys_id.to_string() != *id);
            orders.push(ids.filter(|id| !known.contains(id) && !made_since(id)).collect::<Vec<_>>());
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
        let secret = secret_in(record);
        (!secret.is_empty() && found(secret).await).then(|| "found by its secret".into())
    }

    async fn update(&mut self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let table = record.id.table.as_str();
        let field = match table {
            "sys_user" => "title",
            _ if secret_of(table).is_some() => "u_secret",
            "kb_knowledge" => "text",
            "sys_audit" => "reason",
            _ => "description",
        };
        let same = if field == "u_secret" { record.text("u_secret").to_owned() } else { format!("written by {asker}") };
        let other = format!("{same} anew");
        let (status, _) = self.world.ask(asker, "PATCH", &path(&record.id), Some(json!({ field: other }))).await;
        let may = sees && table != "sys_audit" && self.oracle.may_write(&self.people[asker], record, field);
        if (status == 200) != may {
            return Some(format!("writing {field} answered {status}, may: {may}"));
        }
        if status == 200 && field == "u_secret" {
            self.world.update(table, record.id.sys_id, &[(field, &same)]);
        }
        None
    }

    async fn create(&self, asker: usize, record: &Record) -> Option<String> {
        let table = record.id.table.as_str();
        let body = json!({ "short_description": "made by a case", "name": "made by a case" });
        let (status, answer) = self.world.ask(asker, "POST", &format!("/api/now/table/{table}"), Some(body)).await;
        let may =
            table != "sys_audit" && self.oracle.permits(&self.people[asker], Deed::Create, record, &BTreeSet::new());
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
        let mut fields = vec![("short_description", "to be deleted"), ("name", "to be deleted"), ("user_name", "gone")];
        fields.extend(self.world.rng.next_u32().is_multiple_of(2).then_some(("assigned_to", user.as_str())));
        let dictionary = self.world.server.dictionary();
        let known = |name: &str| dictionary.table(table).is_some_and(|table| table.field(name).is_some());
        fields.retain(|(name, _)| known(name));
        let id = DocumentId::new(table, self.world.create(table, &fields));
        let made = self.world.records().into_iter().find(|record| record.id == id).expect("just made");
        let keys = scopes::keys(&dictionary, std::slice::from_ref(&made)).remove(&id).unwrap_or_default();
        let person = &self.people[asker];
        let may = self.oracle.permits(person, Deed::Read, &made, &keys)
            && self.oracle.permits(person, Deed::Delete, &made, &keys);
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

    /// The file of a record: listed two ways, its row, its bytes.
    async fn file(&self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let (file, id) = (self.world.files[&record.id], record.id.sys_id);
        for list in ["/api/now/attachment", "/api/now/table/sys_attachment"] {
            let path = format!("{list}?sysparm_query=table_sys_id={id}^sys_id={file}");
            let (_, answer) = self.world.ask(asker, "GET", &path, None).await;
            if answer["result"].as_array().map(Vec::len) != Some(usize::from(sees)) {
                return Some(format!("{list} tells of its file: {answer}"));
            }
        }
        for one in ["/api/now/attachment", "/api/now/table/sys_attachment"] {
            let (status, _) = self.world.ask(asker, "GET", &format!("{one}/{file}"), None).await;
            if status != if sees { 200 } else { 404 } {
                return Some(format!("{one} answered {status} for its file"));
            }
        }
        let (status, bytes) = self.world.fetch(asker, "GET", &format!("/api/now/attachment/{file}/file"), None).await;
        let given = status == 200 && *bytes == *content(&record.id);
        (given != sees).then(|| format!("the bytes of its file: {status}"))
    }

    /// Sends a file to a record and takes one away: one's own, and somebody else's.
    async fn attach(&mut self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        let may = sees && self.oracle.permits(&self.people[asker], Deed::Attach, record, &BTreeSet::new());
        let (table, id) = (&record.id.table, record.id.sys_id);
        let path = format!("/api/now/attachment/file?table_name={table}&table_sys_id={id}&file_name=x");
        let (status, answer) = self.world.ask(asker, "POST", &path, Some(json!({ "from": asker }))).await;
        if (status == 201) != may {
            return Some(format!("attaching a file answered {status}, may: {may}"));
        }
        let others = self.world.attach(&record.id);
        for (file, is_there) in
            [(answer["result"]["sys_id"].as_str().map(str::to_owned), may), (Some(others.to_string()), true)]
        {
            let Some(file) = file.filter(|_| is_there) else { continue };
            let (status, _) = self.world.ask(asker, "DELETE", &format!("/api/now/attachment/{file}"), None).await;
            if (status == 204) != may {
                return Some(format!("removing a file answered {status}, may: {may}"));
            }
            if status != 204 {
                self.world.detach(others);
            }
        }
        None
    }

    /// What somebody's phone holds of a record, and whether it may write it.
    fn sync(&mut self, asker: usize, record: &Record, sees: bool) -> Option<String> {
        self.world.sync(asker);
        let holds = self.oracle.permits(&self.people[asker], Deed::Hold, record, &self.keys[&record.id]);
        let held = self.world.askers[asker].device.rows.get(&record.id);
        if held.is_some() != holds {
            return Some(format!("on the phone: {}, may be: {holds}", !holds));
        }
        let table = self.world.server.dictionary().table(record.id.table.as_str())?.clone();
        let leaves =
            |field: &&str| table.offline.fields.is_empty() || table.offline.fields.iter().any(|sent| *sent == **field);
        let may = holds && self.knows(asker, record) && secret_of(table.name.as_str()).filter(leaves).is_some();
        let has = held.is_some_and(|row| !secret_in(row).is_empty());
        if has != (may && !secret_in(record).is_empty()) {
            return Some(format!("its secret is on the phone: {has}"));
        }
        let is_document = table.kind == fieldline_model::dictionary::Kind::Document;
        let may = is_document && sees && self.oracle.may_write(&self.people[asker], record, "description");
        let taken = self.world.push(asker, &record.id);
        (taken != may).then(|| format!("an edit from the phone was taken: {taken}, may: {may}"))
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
                compared += 1;
                if sight.sees(record, self).expect("nothing is looked up") != self.sees(at, record) {
                    disagreements.push(format!("{} for {:?}", record.id, asker.roles));
                }
            }
        }
        (compared, disagreements)
    }
}

/// The keys of a record are those worked out here, not those the server keeps.
impl Surroundings for Judge {
    fn belongs(&self, record: &DocumentId, keys: &BTreeSet<ScopeKey>) -> fieldline_storage::Result<bool> {
        Ok(keys.iter().any(|key| self.keys[record].contains(&key.0)))
    }

    fn named(&self, record: &DocumentId) -> fieldline_storage::Result<Option<Record>> {
        Ok(self.records.iter().find(|known| known.id == *record).cloned())
    }
}

/// What not everybody who sees a record may know of it.
fn secret_in(record: &Record) -> &str {
    secret_of(record.id.table.as_str()).map_or("", |field| record.text(field))
}

struct Counted(usize);

impl Counted {
    fn differs(self, sees: bool) -> Option<String> {
        (self.0 != usize::from(sees)).then(|| format!("found {}, sees it: {sees}", self.0))
    }
}
