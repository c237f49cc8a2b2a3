//! A server in this process with somebody at it: enough of an office for phones to have work and to exchange it.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use fieldline_device::{Enrolment, SigningKey};
use fieldline_model::{Dictionary, DocumentId, SysId, Timestamp};
use fieldline_service::table::{self, Input};
use fieldline_service::{Caller, NewUser, PasswordCost, Server, ServiceError};
use fieldline_storage_sqlite::SqliteStorage;
use fieldline_sync::frame;
use fieldline_sync::wire::WIRE_VERSION;
use rand_chacha::ChaCha8Rng;

/// What went wrong, in the words that a person would read.
pub type Told<T> = Result<T, String>;

/// The errors of every part, in their own words.
pub fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A server and its dispatcher.
pub struct Office {
    server: Server,
    dispatcher: Caller,
    /// Is told of everything that was acknowledged.
    witness: Box<dyn Fn()>,
}

impl Office {
    /// Opens the server on a file, which is made when there is none.
    pub fn open(database: &Path, now: Timestamp, rng: &mut ChaCha8Rng) -> Told<Self> {
        let storage = SqliteStorage::open(database).map_err(told)?;
        let dictionary = Dictionary::shipped().clone();
        let server = Server::open(Arc::new(storage), dictionary, now, rng).map_err(told)?;
        let server = server.with_password_cost(PasswordCost::cheapest());
        let found = server.storage().read().and_then(|tx| tx.account("dora")).map_err(told)?;
        let user = found.map_or(SysId([0; 16]), |account| account.user);
        Ok(Self { server, dispatcher: Caller { user, roles: roles(), device: None }, witness: Box::new(|| ()) })
    }

    /// Lets a restored database begin another life, as `sync-server restore` does.
    pub fn begin_new_life(storage: SqliteStorage, now: Timestamp, rng: &mut ChaCha8Rng) -> Result<(), ServiceError> {
        let server = Server::open(Arc::new(storage), Dictionary::shipped().clone(), now, rng)?;
        server.restored(now, rng).map(drop)
    }

    /// Calls somebody whenever the server has acknowledged something.
    pub fn seen_by(&mut self, witness: impl Fn() + 'static) {
        self.witness = Box::new(witness);
    }

    fn acknowledged<T>(&self, answer: T) -> T {
        (self.witness)();
        answer
    }

    /// The server.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Lets the dispatcher in.
    pub fn hire_dispatcher(&mut self, now: Timestamp, rng: &mut ChaCha8Rng) -> Told<()> {
        let names: Vec<String> = roles().into_iter().collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.dispatcher.user = self.let_in("dora", &names, now, rng)?;
        Ok(())
    }

    /// Lets a technician in.
    pub fn hire(&self, name: &str, now: Timestamp, rng: &mut ChaCha8Rng) -> Told<SysId> {
        self.let_in(name, &["wm_agent"], now, rng)
    }

    fn let_in(&self, user_name: &str, roles: &[&str], now: Timestamp, rng: &mut ChaCha8Rng) -> Told<SysId> {
        let new = NewUser { user_name, name: user_name, password: "a long enough password", roles };
        let user = self.server.create_user(&self.server.system(), &new, now, rng).map_err(told)?;
        Ok(self.acknowledged(user))
    }

    /// Gives a technician a phone.
    pub fn enrol(&self, user: SysId, now: Timestamp, rng: &mut ChaCha8Rng) -> Told<Enrolment> {
        let key = SigningKey::random(rng);
        let enrolled = self.server.enrol_device(&self.server.system(), user, "phone", key.public_key(), now, rng);
        let enrolled = enrolled.map_err(told)?;
        let (device, token) = (enrolled.device, enrolled.session.token);
        self.acknowledged(());
        Ok(Enrolment { device, epoch: 1, user, token, server: "in this process".into(), key, relay_key: None })
    }

    /// Answers a request as the web edge does.
    pub fn exchange(&self, token: &str, bytes: &[u8], now: Timestamp, rng: &mut ChaCha8Rng) -> Told<Vec<u8>> {
        let request = frame::decode_request(bytes, WIRE_VERSION).map_err(told)?;
        let caller = self.server.authenticate(token, now).map_err(told)?;
        let response = self.server.sync(&caller, &request, now, rng).map_err(told)?;
        Ok(self.acknowledged(frame::encode_response(&response)))
    }

    /// The dispatcher creates a task for somebody.
    pub fn sends(&self, technician: SysId, what: &str, now: Timestamp, rng: &mut ChaCha8Rng) -> Told<DocumentId> {
        let fields = [("short_description", what.to_owned()), ("assigned_to", technician.to_string())];
        let created =
            self.server.write(&self.dispatcher, now, rng, |call| table::create(call, "wm_task", &input(&fields)));
        let task = self.acknowledged(created.map_err(told)?.record.id);
        self.changes(&task, &[("state", "16".into())], now, rng)?;
        Ok(task)
    }

    /// Writes a copy of everything.
    pub fn backs_up(&self, to: &Path) -> Told<()> {
        self.server.storage().backup(to).map_err(told)?;
        self.acknowledged(());
        Ok(())
    }

    /// The dispatcher changes a record.
    pub fn changes(
        &self,
        id: &DocumentId,
        fields: &[(&str, String)],
        now: Timestamp,
        rng: &mut ChaCha8Rng,
    ) -> Told<()> {
        let change = self.server.write(&self.dispatcher, now, rng, |call| {
            table::update(call, id.table.as_str(), id.sys_id, &input(fields))
        });
        change.map(|_| self.acknowledged(())).map_err(told)
    }
}

fn roles() -> BTreeSet<String> {
    ["wm_dispatcher", "wm_qualifier", "itil"].map(String::from).into()
}

fn input(fields: &[(&str, String)]) -> Input {
    let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    Input { fields, as_displayed: false }
}
