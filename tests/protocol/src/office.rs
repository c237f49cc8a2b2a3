//! The server and a dispatcher who works on it.

use std::collections::BTreeSet;
use std::sync::Arc;

use fieldline_device::{Enrolment, SigningKey};
use fieldline_model::condition::Query;
use fieldline_model::{Dictionary, DocumentId, Record, SysId, Timestamp};
use fieldline_service::table::{self, Detail, Input};
use fieldline_service::{Call, Caller, NewUser, PasswordCost, Server, SyncRefusal, attachments, question};
use fieldline_storage::Storage;
use fieldline_storage_sqlite::SqliteStorage;
use fieldline_sync::frame::FrameError;
use fieldline_sync::relay::Envelope;
use fieldline_sync::session::Reply;
use fieldline_sync::wire::WIRE_VERSION;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tempfile::TempDir;

use crate::Phone;

/// 2026-03-02 08:00 UTC, a Monday.
const MORNING: Timestamp = Timestamp(1_772_438_400_000);

/// The name of a backup in its folder.
const BACKUP: &str = "backup.db";

/// A server in memory, with a dispatcher.
pub struct Office {
    /// The server.
    pub server: Server,
    /// The time everywhere.
    pub now: Timestamp,
    /// The dice everywhere.
    pub rng: ChaCha8Rng,
    storage: Arc<SqliteStorage>,
    dispatcher: Caller,
    /// What was put by.
    backup: Option<TempDir>,
}

impl Office {
    /// Opens an empty office.
    pub fn open() -> Self {
        let storage = Arc::new(SqliteStorage::in_memory().expect("a database in memory"));
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let server = serve(&storage, Dictionary::shipped(), WIRE_VERSION, MORNING, &mut rng);
        let dispatcher = Caller { user: SysId([0; 16]), roles: BTreeSet::new(), device: None };
        let mut office = Self { server, now: MORNING, rng, storage, dispatcher, backup: None };
        let roles = ["wm_dispatcher", "wm_qualifier", "itil"];
        let user = office.lets_in("dora", &roles);
        office.dispatcher = Caller { user, roles: roles.map(String::from).into(), device: None };
        office
    }

    /// Another build of the server takes over the same database.
    pub fn runs(&mut self, wire_version: u16, dictionary: &Dictionary) {
        self.server = serve(&self.storage, dictionary, wire_version, self.now, &mut self.rng);
    }

    /// Lets time pass.
    pub fn waits(&mut self, milliseconds: i64) {
        self.now = self.now.plus_milliseconds(milliseconds);
    }

    /// A morning: an office, Mia's phone, and jobs on it.
    pub fn with_jobs<const N: usize>(jobs: [&str; N]) -> (Self, Phone, [DocumentId; N]) {
        let mut office = Self::open();
        let mut phone = office.hires("mia");
        let jobs = jobs.map(|what| office.sends(&phone, what));
        phone.syncs(&mut office);
        (office, phone, jobs)
    }

    /// Hires a technician with a new phone.
    pub fn hires(&mut self, name: &str) -> Phone {
        let user = self.lets_in(name, &["wm_agent"]);
        self.gives_a_phone_to(user)
    }

    /// Lets a phone's owner enrol it again: it is another device from then on.
    pub fn enrols_again(&mut self, phone: &mut Phone) {
        let enrolment = self.enrolment_for(phone.user());
        phone.device().enrol(enrolment).expect("a phone can be enrolled again");
    }

    /// Gives somebody one more, empty phone.
    pub fn gives_another_phone_to(&mut self, phone: &Phone) -> Phone {
        self.gives_a_phone_to(phone.user())
    }

    fn gives_a_phone_to(&mut self, user: SysId) -> Phone {
        Phone::new(self.enrolment_for(user))
    }

    fn enrolment_for(&mut self, user: SysId) -> Enrolment {
        let key = SigningKey::random(&mut self.rng);
        let system = self.server.system();
        let enrolled = self.server.enrol_device(&system, user, "phone", key.public_key(), self.now, &mut self.rng);
        let enrolled = enrolled.expect("a technician can be given a phone");
        let (device, token, server) = (enrolled.device, enrolled.session.token, "here".to_owned());
        let relay_key = Some(enrolled.relay_key);
        Enrolment { device, epoch: 1, user, token, server, key, relay_key }
    }

    /// Makes the shipped dictionary readable as records.
    pub fn publishes_definitions(&mut self) {
        self.server.publish_definitions(self.now, &mut self.rng).expect("the database works");
    }

    /// Adds a definition to the dictionary.
    pub fn defines(&mut self, table: &str, fields: &[(&str, &str)]) {
        let (system, fields) = (self.server.system(), input(fields));
        let defined = self.server.write(&system, self.now, &mut self.rng, |call| table::create(call, table, &fields));
        defined.expect("the definition fits");
    }

    /// The `sys_id` of a table's own record.
    pub fn object(&mut self, table: &str) -> String {
        let query = Query::parse(&format!("name={table}")).query;
        let system = self.server.system();
        let found = self
            .server
            .read(&system, self.now, &mut self.rng, |call| question::query(call, "sys_db_object", &query, 1, 0));
        found.expect("tables can be read").records[0].id.sys_id.to_string()
    }

    /// Creates a job for somebody.
    pub fn sends(&mut self, phone: &Phone, what: &str) -> DocumentId {
        self.sends_a("wm_task", phone, what)
    }

    /// Creates a job of some table for somebody.
    pub fn sends_a(&mut self, table: &str, phone: &Phone, what: &str) -> DocumentId {
        let who = phone.user().to_string();
        let fields = input(&[("short_description", what), ("assigned_to", &who), ("state", "16")]);
        let by = self.dispatcher.clone();
        let created = self.server.write(&by, self.now, &mut self.rng, |call| table::create(call, table, &fields));
        created.expect("a dispatcher may create a job").record.id
    }

    /// Changes a record.
    pub fn changes(&mut self, id: &DocumentId, fields: &[(&str, &str)]) {
        let (by, fields) = (self.dispatcher.clone(), input(fields));
        let (table, sys_id) = (id.table.as_str(), id.sys_id);
        let changed =
            self.server.write(&by, self.now, &mut self.rng, |call| table::update(call, table, sys_id, &fields));
        changed.expect("a dispatcher may change a job");
    }

    /// The names of a record's files, as the server lists them.
    pub fn files_of(&mut self, id: &DocumentId) -> Vec<String> {
        self.file_rows(id).into_iter().map(|row| row.text("file_name").to_owned()).collect()
    }

    fn file_rows(&mut self, id: &DocumentId) -> Vec<Record> {
        let query = Query::parse(&format!("table_name={}^table_sys_id={}", id.table, id.sys_id)).query;
        let by = self.dispatcher.clone();
        let found = self.server.read(&by, self.now, &mut self.rng, |call| attachments::query(call, &query, 99, 0));
        found.expect("files can be listed").records
    }

    fn file(&mut self, id: &DocumentId, name: &str) -> SysId {
        let rows = self.file_rows(id);
        rows.iter().find(|row| row.text("file_name") == name).expect("it is listed").id.sys_id
    }

    /// Removes a file of a record.
    pub fn removes_file(&mut self, id: &DocumentId, name: &str) {
        let (file, by) = (self.file(id, name), self.dispatcher.clone());
        let removed = self.server.write(&by, self.now, &mut self.rng, |call| attachments::remove(call, file));
        removed.expect("a dispatcher may remove a file");
    }

    /// Renames a file of a record.
    pub fn renames_file(&mut self, id: &DocumentId, name: &str, new: &str) {
        let (file, by) = (self.file(id, name), self.dispatcher.clone());
        let work = |call: &mut Call<'_>| attachments::change(call, file, "file_name", new);
        self.server.write(&by, self.now, &mut self.rng, work).expect("a dispatcher may rename a file");
    }

    /// What the server has of a record.
    pub fn reads(&mut self, id: &DocumentId) -> Detail {
        let (by, table, sys_id) = (self.server.system(), id.table.as_str(), id.sys_id);
        let read = self.server.read(&by, self.now, &mut self.rng, |call| table::get(call, table, sys_id));
        read.expect("the record is there")
    }

    /// The work notes the server has on a record.
    pub fn notes_on(&mut self, id: &DocumentId) -> Vec<String> {
        let document = self.reads(id).projection_of_document.expect("work is on documents");
        document.work_notes.into_iter().map(|note| note.what.text).collect()
    }

    /// Answers a frame as the web edge does.
    pub fn answers(&mut self, token: &str, frame: &[u8]) -> Reply {
        let Ok(caller) = self.server.authenticate(token, self.now) else { return Reply::NeedsSignIn };
        match self.server.answer(&caller, frame, self.now, &mut self.rng) {
            Ok(answer) => Reply::Body(answer),
            Err(SyncRefusal::Frame(FrameError::OtherVersion { .. })) => Reply::OtherVersion,
            Err(SyncRefusal::Frame(_)) => Reply::Failed,
            Err(SyncRefusal::Revoked) => Reply::Revoked,
            Err(refusal) => panic!("a phone was refused: {refusal}"),
        }
    }

    /// Answers what a kiosk brings; `None` when it is worth nothing.
    pub fn answers_kiosk(&mut self, envelope: &Envelope) -> Option<Envelope> {
        match self.server.answer_envelope(envelope, self.now, &mut self.rng) {
            Ok(answer) => Some(answer),
            Err(SyncRefusal::Sealed) => None,
            Err(refusal) => panic!("a kiosk was refused: {refusal}"),
        }
    }

    /// Locks somebody's phone.
    pub fn locks(&mut self, phone: &Phone) {
        let (system, device) = (self.server.system(), phone.enrolment().device);
        self.server.revoke_device(&system, device, self.now, &mut self.rng).expect("an administrator may lock a phone");
    }

    /// Puts a copy of everything by.
    pub fn backs_up(&mut self) {
        let folder = tempfile::tempdir().expect("there is room for a backup");
        self.storage.backup(&folder.path().join(BACKUP)).expect("a database can be copied");
        self.backup = Some(folder);
    }

    /// Goes on from what was put by, as another life.
    pub fn is_restored(&mut self) {
        let folder = self.backup.as_ref().expect("something was put by");
        self.storage = Arc::new(SqliteStorage::open(folder.path().join(BACKUP)).expect("the copy is whole"));
        let server = serve(&self.storage, Dictionary::shipped(), WIRE_VERSION, self.now, &mut self.rng);
        self.server = server.restored(self.now, &mut self.rng).expect("the server starts");
    }

    fn lets_in(&mut self, user_name: &str, roles: &[&str]) -> SysId {
        let user = NewUser { user_name, name: user_name, password: "a long enough password", roles };
        let created = self.server.create_user(&self.server.system(), &user, self.now, &mut self.rng);
        created.expect("a new name can be let in")
    }
}

fn serve(
    storage: &Arc<SqliteStorage>,
    dictionary: &Dictionary,
    wire_version: u16,
    now: Timestamp,
    rng: &mut ChaCha8Rng,
) -> Server {
    let server = Server::open(storage.clone(), dictionary.clone(), now, rng).expect("the server starts");
    server.with_password_cost(PasswordCost::cheapest()).with_wire_version(wire_version)
}

fn input(fields: &[(&str, &str)]) -> Input {
    let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Input { fields, as_displayed: false }
}
