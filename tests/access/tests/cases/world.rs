//! A server with people of every kind and records that belong to some of them, and how it is asked over HTTP.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::Request;
use fieldline_model::condition::Filter;
use fieldline_model::{BlobHash, Dictionary, DocumentId, Record, SysId, Timestamp};
use fieldline_service::attachments::{self, File};
use fieldline_service::identity::SignIn;
use fieldline_service::table::{self, Input};
use fieldline_service::{NewUser, PasswordCost, Server};
use fieldline_storage::Selection;
use fieldline_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::Value;
use tower::ServiceExt;

use crate::device::Device;

const NOW: Timestamp = Timestamp(1_772_438_400_000);
const PASSWORD: &str = "a long enough password";
const ROLES: [&str; 10] = [
    "itil",
    "wm_agent",
    "wm_dispatcher",
    "case_agent",
    "knowledge",
    "customer",
    "itil_admin",
    "wm_manager",
    "integration",
    "admin",
];
/// The tables cases are about: worked on and looked up, open and closed, carried and not.
pub const TABLES: [&str; 11] = [
    "incident",
    "problem",
    "change_request",
    "wm_order",
    "wm_task",
    "cmn_location",
    "cmdb_ci",
    "customer_contact",
    "kb_knowledge",
    "sys_user",
    "sys_audit",
];
/// Tables that get a field with readers and writers of its own.
pub const WITH_SECRET: [&str; 3] = ["cmn_location", "cmdb_ci", "customer_contact"];

/// The field of a table that not everybody who sees a record may know.
pub fn secret_of(table: &str) -> Option<&'static str> {
    match table {
        "sys_user" => Some("home_phone"),
        table => WITH_SECRET.contains(&table).then_some("u_secret"),
    }
}

/// Somebody who asks.
pub struct Asker {
    pub user: SysId,
    pub roles: Vec<String>,
    pub authorization: String,
    pub device: Device,
}

/// Everything there is.
pub struct World {
    pub server: Arc<Server>,
    pub askers: Vec<Asker>,
    /// The files of records.
    pub files: BTreeMap<DocumentId, SysId>,
    pub rng: ChaCha8Rng,
    router: axum::Router,
}

impl World {
    /// Makes one from a seed.
    pub fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let storage = Arc::new(SqliteStorage::in_memory().expect("memory"));
        let server = Server::open(storage, Dictionary::shipped().clone(), NOW, &mut rng).expect("opens");
        let server = Arc::new(server.with_password_cost(PasswordCost::cheapest()));
        server.publish_definitions(NOW, &mut rng).expect("the database works");
        let router = fieldline_web::router(server.clone(), Arc::new(|| NOW));
        let mut world = Self { server, askers: Vec::new(), files: BTreeMap::new(), rng, router };
        for table in WITH_SECRET {
            let fields = [("name", table), ("element", "u_secret"), ("internal_type", "string")];
            let roles = [("read_roles", "itil,case_agent"), ("write_roles", "itil_admin,wm_manager")];
            world.create("sys_dictionary", &[&fields[..], &roles[..]].concat());
        }
        (0..10).for_each(|number| world.hires(number));
        let groups: Vec<SysId> =
            (0..3).map(|number| world.create("sys_user_group", &[("name", &format!("Group {number}"))])).collect();
        for at in 0..world.askers.len() {
            for group in &groups {
                if world.happens(3) {
                    let (user, group) = (world.askers[at].user.to_string(), group.to_string());
                    world.create("sys_user_grmember", &[("user", &user), ("group", &group)]);
                }
            }
        }
        world.fill(&groups);
        world.attach_to_all();
        world
    }

    fn happens(&mut self, one_in: u32) -> bool {
        self.rng.next_u32().is_multiple_of(one_in)
    }

    fn hires(&mut self, number: usize) {
        let name = format!("asker{number}");
        let roles: Vec<&str> = ROLES
            .into_iter()
            .filter(|role| {
                let one_in = if *role == "admin" { 12 } else { 4 };
                self.rng.next_u32().is_multiple_of(one_in)
            })
            .collect();
        let new = NewUser { user_name: &name, name: &name, password: PASSWORD, roles: &roles };
        let user = self.server.create_user(&self.server.system(), &new, NOW, &mut self.rng).expect("a new name");
        let session = self
            .server
            .sign_in(SignIn { user_name: &name, password: PASSWORD, address: None }, NOW, &mut self.rng)
            .expect("the right password");
        let roles = roles.into_iter().map(str::to_owned).collect();
        self.update("sys_user", user, &[("home_phone", &format!("canary{number}home"))]);
        let device = Device::enrol(&self.server, user, &session.token, NOW, &mut self.rng);
        self.askers.push(Asker { user, roles, authorization: format!("Bearer {}", session.token), device });
    }

    /// A sys_id of one of these, or none.
    fn some(&mut self, of: &[SysId]) -> String {
        let at = self.rng.next_u32() as usize % (of.len() + 1);
        of.get(at).map(ToString::to_string).unwrap_or_default()
    }

    fn fill(&mut self, groups: &[SysId]) {
        let people: Vec<SysId> = self.askers.iter().map(|asker| asker.user).collect();
        let named = |world: &mut Self, table: &str, field: &str| -> Vec<SysId> {
            (0..6)
                .map(|number| {
                    let (name, secret) = (format!("{table} {number}"), format!("canary{number}{}", &table[..3]));
                    world.create(table, &[(field, &name), ("u_secret", &secret)])
                })
                .collect()
        };
        let sites = named(self, "cmn_location", "name");
        let things = named(self, "cmdb_ci", "name");
        let contacts = named(self, "customer_contact", "name");
        for number in 0..12 {
            let (title, author, group) = (format!("article {number}"), self.some(&people), self.some(groups));
            let states = ["draft", "published", "published", "outdated", "retired"];
            let state = states[self.rng.next_u32() as usize % states.len()];
            let roles = ["", "wm_agent", "customer,case_agent_x", "wm_agent,customer", "customer_x"];
            let roles = roles[self.rng.next_u32() as usize % roles.len()];
            let fields = [("short_description", title.as_str()), ("author", &author), ("ownership_group", &group)];
            self.create("kb_knowledge", &[&fields[..], &[("workflow_state", state), ("roles", roles)]].concat());
        }
        for table in ["incident", "problem", "change_request", "wm_order", "wm_task", "incident", "wm_task"] {
            for number in 0..6 {
                let title = format!("{table} title {number}");
                let (who, caller, group) = (self.some(&people), self.some(&people), self.some(groups));
                let (site, thing, contact) = (self.some(&sites), self.some(&things), self.some(&contacts));
                let mut fields =
                    vec![("short_description", title.as_str()), ("assigned_to", &who), ("assignment_group", &group)];
                fields.extend([("location", site.as_str()), ("cmdb_ci", &thing), ("contact", &contact)]);
                fields.extend((table == "incident").then_some(("caller_id", caller.as_str())));
                let made = self.create(table, &fields);
                self.update(table, made, &[("description", "changed once")]);
            }
        }
    }

    fn attach_to_all(&mut self) {
        for record in self.records().into_iter().filter(|record| has_files(record.id.table.as_str())) {
            let file = self.attach(&record.id);
            self.files.insert(record.id, file);
        }
    }

    /// Attaches a file to a record, as the server itself.
    pub fn attach(&mut self, record: &DocumentId) -> SysId {
        let bytes = content(record);
        let blob = ring::digest::digest(&ring::digest::SHA256, &bytes).as_ref().try_into().expect("32 bytes");
        let (name, content_type) = (format!("{}.txt", record.sys_id), "text/plain".to_owned());
        let file = File { blob: BlobHash(blob), size_bytes: bytes.len() as u64, name, content_type };
        let (system, mut from) = (self.server.system(), Cursor::new(bytes));
        let made = self.server.write(&system, NOW, &mut self.rng, |call| {
            attachments::keep(call, &file, &mut from)?;
            attachments::attach(call, record.table.as_str(), record.sys_id, &file)
        });
        made.unwrap_or_else(|problem| panic!("{record}: {problem}")).id.sys_id
    }

    /// Removes a file, as the server itself.
    pub fn detach(&mut self, file: SysId) {
        let system = self.server.system();
        let gone = self.server.write(&system, NOW, &mut self.rng, |call| attachments::remove(call, file));
        gone.unwrap_or_else(|problem| panic!("{file}: {problem}"));
    }

    /// Lets somebody's phone take what is new.
    pub fn sync(&mut self, asker: usize) {
        self.askers[asker].device.sync(&self.server, NOW, &mut self.rng);
    }

    /// Pushes an edit of a record from somebody's phone; whether it was taken.
    pub fn push(&mut self, asker: usize, record: &DocumentId) -> bool {
        self.askers[asker].device.describes(&self.server, record, NOW, &mut self.rng)
    }

    /// Creates a record as the server itself.
    pub fn create(&mut self, table: &str, fields: &[(&str, &str)]) -> SysId {
        let (system, input) = (self.server.system(), input(fields));
        let made = self.server.write(&system, NOW, &mut self.rng, |call| table::create(call, table, &input));
        made.unwrap_or_else(|problem| panic!("{table}: {problem}")).record.id.sys_id
    }

    /// Changes a record as the server itself.
    pub fn update(&mut self, table: &str, id: SysId, fields: &[(&str, &str)]) {
        let (system, input) = (self.server.system(), input(fields));
        let done = self.server.write(&system, NOW, &mut self.rng, |call| table::update(call, table, id, &input));
        done.unwrap_or_else(|problem| panic!("{table}/{id}: {problem}"));
    }

    /// Every record of the tables cases are about, and who belongs to which group.
    pub fn records(&self) -> Vec<Record> {
        let tx = self.server.storage().read().expect("the database can be read");
        let (dictionary, all) = (self.server.dictionary(), Filter::everything());
        let tables = TABLES.into_iter().chain(["sys_user_grmember", "alm_asset"]);
        tables
            .flat_map(|table| {
                tx.select(&Selection::of(&dictionary.family(table)[..1], &all), 10_000, 0).expect("readable")
            })
            .collect()
    }

    /// Asks over HTTP; the status and the JSON that came.
    pub async fn ask(&self, asker: usize, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let (status, body) = self.fetch(asker, method, path, body).await;
        (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    /// Asks over HTTP; the status and the bytes that came.
    pub async fn fetch(&self, asker: usize, method: &str, path: &str, body: Option<Value>) -> (u16, Bytes) {
        let request = Request::builder().method(method).uri(path.replace(' ', "%20").replace('^', "%5E"));
        let request = request.header("host", "here").header("authorization", &self.askers[asker].authorization);
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        let answer = self.router.clone().oneshot(request.expect("well formed")).await.expect("a router answers");
        let status = answer.status().as_u16();
        (status, to_bytes(answer.into_body(), usize::MAX).await.expect("a whole body"))
    }
}

/// Whether records of a table have files here.
pub fn has_files(table: &str) -> bool {
    TABLES.contains(&table) && table != "sys_audit"
}

/// What is in the file of a record.
pub fn content(record: &DocumentId) -> Vec<u8> {
    format!("the file of {record}").into_bytes()
}

fn input(fields: &[(&str, &str)]) -> Input {
    let fields: BTreeMap<String, String> =
        fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Input { fields, as_displayed: false }
}

/// The path of a record.
pub fn path(id: &DocumentId) -> String {
    format!("/api/now/table/{id}")
}
