//! A server whose clock the test turns, and who sends for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use fieldline_due::Surroundings;
use fieldline_http::{Allowed, Sender};
use fieldline_model::condition::Query;
use fieldline_model::{Dictionary, DocumentId, Record, Timestamp};
use fieldline_service::outgoing::Request;
use fieldline_service::table::{self, Input};
use fieldline_service::{Call, Server, TableError, jobs, question};
use fieldline_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use tokio::task::JoinHandle;

use crate::SECRET;
use crate::outside::Outside;

pub const MORNING: i64 = 1_772_438_400_000;
pub const MINUTE: i64 = 60_000;

pub struct House {
    pub server: Arc<Server>,
    storage: Arc<SqliteStorage>,
    clock: Arc<AtomicI64>,
    rng: ChaCha8Rng,
}

impl House {
    pub fn new() -> Self {
        let (storage, mut rng) = (Arc::new(SqliteStorage::in_memory().unwrap()), ChaCha8Rng::seed_from_u64(7));
        let server =
            Server::open(storage.clone(), Dictionary::shipped().clone(), Timestamp(MORNING), &mut rng).unwrap();
        Self { server: Arc::new(server), storage, clock: Arc::new(AtomicI64::new(MORNING)), rng }
    }

    /// Opens the server anew on the same database.
    pub fn restart(&mut self) {
        let dictionary = Dictionary::shipped().clone();
        let server = Server::open(self.storage.clone(), dictionary, self.now(), &mut self.rng).unwrap();
        self.server = Arc::new(server);
    }

    pub fn now(&self) -> Timestamp {
        Timestamp(self.clock.load(Ordering::Relaxed))
    }

    pub fn clock(&self) -> impl Fn() -> Timestamp + Send + Sync + use<> {
        let clock = self.clock.clone();
        move || Timestamp(clock.load(Ordering::Relaxed))
    }

    pub fn wait(&self, milliseconds: i64) {
        self.clock.fetch_add(milliseconds, Ordering::Relaxed);
    }

    pub fn write<T>(&mut self, work: impl FnOnce(&mut Call<'_>) -> Result<T, TableError>) -> T {
        let (system, now) = (self.server.system(), self.now());
        self.server.write(&system, now, &mut self.rng, work).unwrap()
    }

    pub fn create(&mut self, table: &str, fields: &[(&str, &str)]) -> DocumentId {
        self.write(|call| table::create(call, table, &Input::of(fields))).record.id
    }

    pub fn update(&mut self, id: &DocumentId, fields: &[(&str, &str)]) {
        self.write(|call| table::update(call, id.table.as_str(), id.sys_id, &Input::of(fields)));
    }

    pub fn delete(&mut self, id: &DocumentId) {
        self.write(|call| table::delete(call, id.table.as_str(), id.sys_id));
    }

    pub fn rows(&mut self, table: &str, query: &str) -> Vec<Record> {
        let query = Query::parse(query).query;
        self.write(|call| question::query(call, table, &query, 10_000, 0)).records
    }

    pub fn record(&mut self, id: &DocumentId) -> Record {
        self.write(|call| table::get(call, id.table.as_str(), id.sys_id)).record
    }

    pub fn incident(&mut self, title: &str) -> DocumentId {
        self.create("incident", &[("short_description", title)])
    }

    /// A flow that new incidents begin.
    pub fn flow(&mut self, name: &str, steps: &str) -> DocumentId {
        let when = [("trigger_type", "record_create"), ("table", "incident")];
        self.create("sys_hub_flow", &[&[("name", name), ("definition", steps)], &when[..]].concat())
    }

    /// A webhook of incidents.
    pub fn webhook(&mut self, outside: &Outside, more: &[(&str, &str)]) -> DocumentId {
        let fields = [("name", "Told"), ("collection", "incident"), ("url", &outside.url), ("secret", SECRET)];
        self.create("fl_webhook", &[&fields[..], more].concat())
    }

    pub fn run_of(&mut self, record: &DocumentId) -> Record {
        self.rows("sys_flow_context", &format!("source_record={}", record.sys_id)).remove(0)
    }

    pub fn retry(&mut self, job: &str) {
        self.write(|call| jobs::retry(call, job));
    }

    /// Does what is due inside until nothing is.
    pub fn ring(&mut self) {
        while self.server.do_due(100, self.now(), &mut self.rng).unwrap() > 0 {}
    }

    /// Somebody who may send to this machine.
    pub fn sender(&self) -> Sender {
        Sender::new(Allowed::these(["127.0.0.1".to_owned()])).unwrap()
    }

    pub fn claim(&mut self) -> Vec<Request> {
        let now = self.now();
        self.server.claim_requests(100, now, &mut self.rng).unwrap()
    }

    /// Sends what is due, one after the other.
    pub async fn send_due(&mut self, sender: &Sender) {
        for request in self.claim() {
            let (clock, now) = (self.clock(), self.now());
            let outcome = sender.send(&request, &clock).await;
            self.server.request_ended((request.id, request.claimed_until), &outcome, now, &mut self.rng).unwrap();
        }
    }

    pub fn begin_sending(&self) -> JoinHandle<Infallible> {
        let around =
            Surroundings { clock: Arc::new(self.clock()), chance: Arc::new(|| Box::new(ChaCha8Rng::seed_from_u64(8))) };
        tokio::spawn(fieldline_http::keep_sending(self.server.clone(), self.sender(), around))
    }
}

pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), waiting).await.expect(what);
}
