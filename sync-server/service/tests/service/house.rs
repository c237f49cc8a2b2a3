//! A server with people, and phones that speak the wire without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fieldline_documents::{Act, ChangeHash, Document, Edit, EditId, packed};
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{DeviceId, Dictionary, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_service::table::{self, Detail, Input};
use fieldline_service::{Caller, NewUser, PasswordCost, Server, SignIn, SyncRefusal, TableError, question};
use fieldline_storage_sqlite::SqliteStorage;
use fieldline_sync::wire::{
    Batch, Entry, Outcome, Progress, PushedEdit, Request, Response, SignedBatch, scope_term, signing_input,
};
use minicbor::bytes::ByteVec;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use ring::signature::{Ed25519KeyPair, KeyPair};

pub const PASSWORD: &str = "correct horse";
pub const MORNING: Timestamp = Timestamp(1_772_438_400_000);
pub const DAY: i64 = 86_400_000;

pub struct House {
    pub server: Server,
    pub storage: Arc<SqliteStorage>,
    pub now: Timestamp,
    pub rng: ChaCha8Rng,
    pub dora: Caller,
    pub mia: Caller,
    pub leo: Caller,
}

impl House {
    /// Dora dispatches and works the service desk; Mia and Leo are technicians.
    pub fn new() -> Self {
        let storage = Arc::new(SqliteStorage::in_memory().unwrap());
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let dictionary = Dictionary::shipped().clone();
        let server = Server::open(storage.clone(), dictionary, MORNING, &mut rng).unwrap();
        let server = server.with_password_cost(PasswordCost::cheapest());
        let mut person = |user_name, name, roles: &[&str]| person(&server, &mut rng, (user_name, name), roles);
        let dora = person("dora", "Dora Dispatcher", &["wm_dispatcher", "wm_qualifier", "itil"]);
        let mia = person("mia", "Mia Miller", &["wm_agent"]);
        let leo = person("leo", "Leo Lang", &["wm_agent"]);
        Self { server, storage, now: MORNING, rng, dora, mia, leo }
    }

    /// Somebody more.
    pub fn person(&mut self, user_name: &str, name: &str, roles: &[&str]) -> Caller {
        person(&self.server, &mut self.rng, (user_name, name), roles)
    }

    /// Opens the server anew on the same database.
    pub fn restart(&mut self) {
        let dictionary = Dictionary::shipped().clone();
        let server = Server::open(self.storage.clone(), dictionary, self.now, &mut self.rng).unwrap();
        self.server = server.with_password_cost(PasswordCost::cheapest());
    }

    pub fn wait(&mut self, milliseconds: i64) {
        self.now = self.now.plus_milliseconds(milliseconds);
    }

    /// Does what is due until nothing is; how many jobs that were.
    pub fn ring(&mut self) -> u32 {
        let done = self.server.do_due(1_000, self.now, &mut self.rng).unwrap();
        if done == 0 { 0 } else { done + self.ring() }
    }

    pub fn create(&mut self, by: &Caller, table: &str, fields: &[(&str, &str)]) -> Result<Detail, TableError> {
        let input = input(fields);
        self.server.write(by, self.now, &mut self.rng, |call| table::create(call, table, &input))
    }

    pub fn update(&mut self, by: &Caller, record: &DocumentId, fields: &[(&str, &str)]) -> Result<Detail, TableError> {
        let input = input(fields);
        let (table, sys_id) = (record.table.as_str(), record.sys_id);
        self.server.write(by, self.now, &mut self.rng, |call| table::update(call, table, sys_id, &input))
    }

    pub fn get(&mut self, by: &Caller, record: &DocumentId) -> Result<Detail, TableError> {
        let (table, sys_id) = (record.table.as_str(), record.sys_id);
        self.server.read(by, self.now, &mut self.rng, |call| table::get(call, table, sys_id))
    }

    pub fn query(&mut self, by: &Caller, table: &str, text: &str) -> Vec<Record> {
        let query = fieldline_model::condition::Query::parse(text).query;
        let found =
            self.server.read(by, self.now, &mut self.rng, |call| question::query(call, table, &query, 1_000, 0));
        found.unwrap().records
    }

    /// A task in an order, handed to somebody: order and task.
    pub fn job(&mut self, who: SysId, title: &str) -> (DocumentId, DocumentId) {
        let dora = self.dora.clone();
        let site = self.create(&dora, "cmn_location", &[("name", title)]).unwrap().record.id;
        let site = site.sys_id.to_string();
        let order = self.create(&dora, "wm_order", &[("short_description", title), ("location", &site)]).unwrap();
        let order = order.record.id;
        let (parent, who) = (order.sys_id.to_string(), who.to_string());
        let fields = [
            ("short_description", title),
            ("parent", &parent),
            ("assigned_to", &who),
            ("state", "16"),
            ("location", &site),
        ];
        (order, self.create(&dora, "wm_task", &fields).unwrap().record.id)
    }

    pub fn phone(&mut self, of: &Caller) -> Phone {
        Phone::enrol(self, of)
    }
}

fn person(server: &Server, rng: &mut ChaCha8Rng, (user_name, name): (&str, &str), roles: &[&str]) -> Caller {
    let new = NewUser { user_name, name, password: PASSWORD, roles };
    server.create_user(&server.system(), &new, MORNING, rng).unwrap();
    let session = server.sign_in(SignIn { user_name, password: PASSWORD, address: None }, MORNING, rng).unwrap();
    server.authenticate(&session.token, MORNING).unwrap()
}

fn input(fields: &[(&str, &str)]) -> Input {
    let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Input { fields, as_displayed: false }
}

/// The least a phone must do: apply what comes, remember where it stands.
pub struct Phone {
    pub user: SysId,
    pub caller: Caller,
    pub device: DeviceId,
    pub epoch: u32,
    pub counter: u64,
    pub budget_bytes: u32,
    pub cursor: Option<ByteVec>,
    pub rows: BTreeMap<DocumentId, Record>,
    pub documents: BTreeMap<DocumentId, Document>,
    pub wants: BTreeSet<DocumentId>,
    pub progress: Vec<Progress>,
    key: Ed25519KeyPair,
}

impl Phone {
    fn enrol(house: &mut House, of: &Caller) -> Self {
        let mut seed = [0; 32];
        house.rng.fill_bytes(&mut seed);
        let key = Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public: [u8; 32] = key.public_key().as_ref().try_into().unwrap();
        let enrolled = house.server.enrol_device(of, of.user, "phone", public, house.now, &mut house.rng).unwrap();
        let caller = house.server.authenticate(&enrolled.session.token, house.now).unwrap();
        Self {
            user: of.user,
            caller,
            device: enrolled.device,
            epoch: 1,
            counter: 0,
            budget_bytes: 64 << 10,
            cursor: None,
            rows: BTreeMap::new(),
            documents: BTreeMap::new(),
            wants: BTreeSet::new(),
            progress: Vec::new(),
            key,
        }
    }

    /// An edit on top of what the phone has, applied there.
    pub fn edit(&mut self, now: Timestamp, document: &DocumentId, acts: &[Act]) -> PushedEdit {
        self.counter += 1;
        let id = EditId { device: self.device, epoch: self.epoch, counter: self.counter };
        let held = self.documents.entry(document.clone()).or_insert_with(|| Document::seed(document.clone()));
        let edit = Edit::new(document.clone(), id, self.user, now, &held.heads());
        let edit = acts.iter().cloned().fold(edit, Edit::act);
        let applied = held.apply(&edit).unwrap();
        pushed(&edit, applied.hash)
    }

    pub fn request(&self) -> Request {
        Request {
            budget_bytes: self.budget_bytes,
            cursor: self.cursor.clone(),
            wants: self.wants.iter().cloned().collect(),
            ..Request::of(self.device, self.epoch, 42)
        }
    }

    pub fn pushing(&self, edits: &[PushedEdit]) -> Request {
        let bytes = minicbor::to_vec(Batch { edits: edits.to_vec() }).unwrap();
        let signature = self.key.sign(&signing_input(self.device, self.epoch, &bytes));
        let signature = signature.as_ref().try_into().unwrap();
        Request { push: Some(SignedBatch { bytes: bytes.into(), signature }), ..self.request() }
    }

    pub fn send(&self, house: &mut House, request: &Request) -> Result<Response, SyncRefusal> {
        house.server.sync(&self.caller, request, house.now, &mut house.rng)
    }

    /// Pushes edits and takes the answer.
    pub fn push(&mut self, house: &mut House, edits: &[PushedEdit]) -> Vec<Outcome> {
        let response = self.send(house, &self.pushing(edits)).unwrap();
        self.absorb(&response);
        response.receipts.into_iter().map(|receipt| receipt.outcome).collect()
    }

    /// Exchanges until nothing more is waiting; returns how many exchanges it took.
    pub fn sync(&mut self, house: &mut House) -> usize {
        for exchanges in 1..10_000 {
            let response = self.send(house, &self.request()).unwrap();
            self.absorb(&response);
            if !response.more && self.wants.is_empty() {
                return exchanges;
            }
        }
        panic!("the server always has more");
    }

    pub fn absorb(&mut self, response: &Response) {
        for entry in &response.entries {
            self.take(entry);
        }
        self.cursor = Some(response.cursor.clone());
        self.progress.extend(response.progress);
        if let Some(checksum) = response.scope_checksum {
            assert_eq!(checksum, self.checksum(), "the phone holds exactly its scope");
        }
    }

    fn take(&mut self, entry: &Entry) {
        match entry {
            Entry::Row { document, bytes, .. } => {
                self.rows.insert(document.clone(), minicbor::decode(bytes).unwrap());
            }
            Entry::Snapshot { document, heads, bytes, .. } => {
                let heads: Vec<ChangeHash> =
                    heads.iter().map(|head| ChangeHash(head.as_slice().try_into().unwrap())).collect();
                let whole = Document::verify(document.clone(), bytes, &heads).unwrap();
                self.documents.insert(document.clone(), whole);
                self.wants.remove(document);
            }
            Entry::Packed { document, bytes, is_told_by_its_row, .. } => {
                let whole = self.rows.get(document).and_then(|row| packed::unpack(row, bytes, 1 << 20));
                let Some(whole) = whole.filter(|whole| Document::is_whole(whole)) else {
                    self.wants.insert(document.clone());
                    return;
                };
                let whole = Document::check(document.clone(), &whole).unwrap();
                let projection = whole.project(Dictionary::shipped(), &PriorityMatrix::default());
                assert_eq!(*is_told_by_its_row, projection.is_told_by_its_row());
                self.documents.insert(document.clone(), whole);
            }
            Entry::Edit { document, body, hash, .. } => match self.documents.get_mut(document) {
                Some(held) => {
                    let applied = held.apply(&Edit::decode(body).unwrap()).unwrap();
                    assert_eq!(applied.hash.0[..16], hash[..]);
                }
                None => drop(self.wants.insert(document.clone())),
            },
            Entry::Leave { document } => {
                self.rows.remove(document);
                self.documents.remove(document);
                self.wants.remove(document);
            }
        }
    }

    pub fn checksum(&self) -> u64 {
        self.rows.keys().fold(0, |sum: u64, id| sum.wrapping_add(scope_term(&id.table, id.sys_id)))
    }

    /// Asserts that every document held is the server's.
    pub fn agrees_with(&self, house: &mut House) {
        for (id, held) in &self.documents {
            let system = house.server.system();
            let theirs = house.get(&system, id).unwrap();
            let dictionary = house.server.dictionary().clone();
            let ours = held.project(&dictionary, &house.server.priorities());
            assert_eq!(ours.record, theirs.record, "{id}");
        }
    }
}

pub fn pushed(edit: &Edit, hash: ChangeHash) -> PushedEdit {
    let hash = hash.0[..16].try_into().unwrap();
    PushedEdit { counter: edit.id.counter, hash, body: edit.encode().into(), epoch: None }
}

pub fn note(text: &str) -> Act {
    Act::WorkNote { text: text.into() }
}

pub fn step(name: &str) -> Act {
    Act::Transition { step: name.into(), reason: None }
}

pub fn set(field: &str, value: Value) -> Act {
    Act::Set { field: field.into(), value: Some(value) }
}

pub fn describe(text: &str) -> Act {
    set("short_description", Value::text(text))
}
