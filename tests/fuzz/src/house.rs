//! A real server in memory with a technician who has a phone, a job, and no scruples.

use std::sync::Arc;

use fieldline_device::SigningKey;
use fieldline_documents::{Act, ChangeHash, Document, Edit, EditId};
use fieldline_model::condition::Query;
use fieldline_model::{DeviceId, Dictionary, DocumentId, Record, SysId, Timestamp};
use fieldline_service::table::{self, Input};
use fieldline_service::{Caller, NewUser, PasswordCost, Server, SyncRefusal, question};
use fieldline_storage_sqlite::SqliteStorage;
use fieldline_sync::relay::RelayKey;
use fieldline_sync::wire::{Batch, Entry, PushedEdit, Request, Response, SignedBatch, signing_input};
use minicbor::bytes::ByteVec;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// When everything happens.
pub const NOW: Timestamp = Timestamp(1_790_000_000_000);

/// The server and who pushes to it.
pub struct House {
    /// The server.
    pub server: Server,
    /// Chance for the server.
    pub rng: ChaCha8Rng,
    /// The technician's task.
    pub task: DocumentId,
    /// The technician.
    pub user: SysId,
    /// The technician's phone.
    pub device: DeviceId,
    /// How the server sees the phone.
    pub caller: Caller,
    /// The newest edit number used.
    pub counter: u64,
    /// What the phone is let in by.
    pub token: String,
    /// What it seals requests through a kiosk with.
    pub relay_key: RelayKey,
    key: SigningKey,
    cursor: Option<ByteVec>,
}

impl House {
    /// A fresh house.
    pub fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let storage = Arc::new(SqliteStorage::in_memory().expect("a database in memory opens"));
        let dictionary = Dictionary::shipped().clone();
        let server = Server::open(storage, dictionary, NOW, &mut rng).expect("a new server starts");
        let server = server.with_password_cost(PasswordCost::cheapest());
        let new = NewUser { user_name: "eve", name: "Eve", password: "nobody knows it", roles: &["wm_agent", "itil"] };
        let user = server.create_user(&server.system(), &new, NOW, &mut rng).expect("a new name can be let in");
        let key = SigningKey::random(&mut rng);
        let admin = server.system();
        let enrolled = server.enrol_device(&admin, user, "phone", key.public_key(), NOW, &mut rng);
        let enrolled = enrolled.expect("a user can be given a phone");
        let caller = server.authenticate(&enrolled.session.token, NOW).expect("a fresh token works");
        let (device, task) = (enrolled.device, DocumentId::new("wm_task", SysId([0; 16])));
        let (token, relay_key) = (enrolled.session.token, enrolled.relay_key);
        let mut house =
            Self { server, rng, task, user, device, caller, counter: 0, token, relay_key, key, cursor: None };
        house.task = house.creates("wm_task", &[("short_description", "Boiler"), ("assigned_to", &user.to_string())]);
        house
    }

    /// Lets the office create a record.
    pub fn creates(&mut self, name: &str, fields: &[(&str, &str)]) -> DocumentId {
        let input = input(fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        let made =
            self.server.write(&self.server.system(), NOW, &mut self.rng, |call| table::create(call, name, &input));
        made.unwrap_or_else(|error| panic!("the office cannot create a {name}: {error}")).record.id
    }

    /// Where a phone that has everything stands.
    pub fn cursor(&mut self) -> Result<Option<ByteVec>, String> {
        if self.cursor.is_none() {
            let mut request = Request { budget_bytes: u32::MAX, ..self.request() };
            while let Some(response) = self.exchange(&request)? {
                request.cursor = Some(response.cursor);
                if !response.more {
                    break;
                }
            }
            self.cursor = request.cursor;
        }
        Ok(self.cursor.clone())
    }

    /// A request that asks for nothing.
    pub fn request(&self) -> Request {
        Request::of(self.device, 1, 1)
    }

    /// A batch under the phone's own, right signature.
    pub fn signed(&self, batch: Vec<u8>) -> SignedBatch {
        let signature = self.key.sign(&signing_input(self.device, 1, &batch));
        SignedBatch { bytes: batch.into(), signature }
    }

    /// Has the server answer; a failure of the server's own is a broken promise, a refusal is not.
    pub fn exchange(&mut self, request: &Request) -> Result<Option<Response>, String> {
        match self.server.sync(&self.caller, request, NOW, &mut self.rng) {
            Ok(response) => Ok(Some(response)),
            Err(SyncRefusal::Service(error)) => Err(format!("the server failed: {error}")),
            Err(_) => Ok(None),
        }
    }

    /// The document as the server would send it.
    pub fn document(&mut self, id: &DocumentId) -> Result<Document, String> {
        let mut request = self.request();
        request.wants = vec![id.clone()];
        let response = self.exchange(&request)?.ok_or("asking for a document was refused")?;
        let snapshot = response.entries.iter().find_map(|entry| match entry {
            Entry::Snapshot { document, heads, bytes, .. } if document == id => Some((heads, bytes)),
            _ => None,
        });
        let (heads, bytes) = snapshot.ok_or_else(|| format!("{id} is not sent"))?;
        let heads: Option<Vec<ChangeHash>> =
            heads.iter().map(|head| head[..].try_into().ok().map(ChangeHash)).collect();
        Document::verify(id.clone(), bytes, &heads.unwrap_or_default()).map_err(|problem| problem.to_string())
    }

    /// An honest edit of the phone on top of a document, and what it pushes.
    pub fn pushes(&mut self, document: &mut Document, acts: &[Act]) -> PushedEdit {
        self.counter += 1;
        let id = EditId { device: self.device, epoch: 1, counter: self.counter };
        let edit = Edit::new(document.id().clone(), id, self.user, NOW, &document.heads_for(self.device, 1));
        let edit = acts.iter().cloned().fold(edit, Edit::act);
        let applied = document.apply(&edit).expect("an honest edit applies");
        let hash = applied.hash.0[..16].try_into().expect("a hash has 32 bytes");
        PushedEdit { counter: self.counter, hash, body: edit.encode().into(), epoch: None }
    }

    /// A request with edits.
    pub fn pushing(&self, edits: Vec<PushedEdit>) -> Request {
        let batch = minicbor::to_vec(Batch { edits }).expect("encoding into memory does not fail");
        Request { push: Some(self.signed(batch)), ..self.request() }
    }

    /// Lets the office write on the task; only a failure of the server's own is an error.
    pub fn office_notes(&mut self, text: &str) -> Result<(), String> {
        let (fields, task) = (input([("work_notes".to_owned(), text.to_owned())].into_iter()), self.task.sys_id);
        let system = self.server.system();
        let noted =
            self.server.write(&system, NOW, &mut self.rng, |call| table::update(call, "wm_task", task, &fields));
        noted.map(drop).map_err(|problem| format!("the office can no longer write on the task: {problem}"))
    }

    /// Rows of a table that match an encoded query.
    pub fn query(&mut self, table: &str, text: &str) -> Result<Vec<Record>, String> {
        let query = Query::parse(text).query;
        let found = self
            .server
            .read(&self.server.system(), NOW, &mut self.rng, |call| question::query(call, table, &query, 50, 0));
        found.map(|found| found.records).map_err(|problem| problem.to_string())
    }

    /// Sixteen random bytes.
    pub fn draw(&mut self) -> [u8; 16] {
        let mut bytes = [0; 16];
        self.rng.fill_bytes(&mut bytes);
        bytes
    }
}

impl Default for House {
    fn default() -> Self {
        Self::new()
    }
}

/// Fields as the record API takes them.
pub fn input(fields: impl Iterator<Item = (String, String)>) -> Input {
    Input { fields: fields.collect(), as_displayed: false }
}
