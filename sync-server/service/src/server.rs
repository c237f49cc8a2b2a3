//! The server itself: what it knows before anybody calls.
//!
//! Everything that must survive is in the database; what is kept here beside it is either constant for the life of the
//! process (dictionary, identity) or may be forgotten at any moment (sign-in attempts, loaded documents, counters).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use fieldline_model::condition::Filter;
use fieldline_model::plant::{self, Plant};
use fieldline_model::priority::PriorityMatrix;
use fieldline_model::{DeviceId, Dictionary, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_routing::TravelSource;
use fieldline_storage::{Selection, Storage, Tx};
use fieldline_sync::wire::WIRE_VERSION;
use minicbor::{Decode, Encode};
use rand_core::Rng;

use crate::call::{Call, Caller, Pending};
use crate::cmdb::KeptGraph;
use crate::cmdb::health::KeptHealth;
use crate::cmdb::health::cycle::KeptPlan;
use crate::definitions;
use crate::error::{Result, ServiceError};
use crate::identity::Guard;
use crate::kept::{Kept, Loaded};
use crate::known::Known;
use crate::metrics::Metrics;
use crate::passwords::PasswordCost;
use crate::query::number_field;
use crate::reading;
use crate::rules::Book;

const IDENTITY: &str = "identity";
/// Numbers skipped per prefix after a restore: more than devices can have been leased since any daily backup.
const NUMBERS_SKIPPED_AT_RESTORE: u64 = 100_000;

/// What the server knows about itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Identity {
    /// Which life of the server this is; another one after a restore from backup.
    #[n(0)]
    pub server_epoch: u64,
    /// The device its own edits come from.
    #[n(1)]
    pub device: DeviceId,
    /// The actor epoch of its own edits.
    #[n(2)]
    pub actor_epoch: u32,
    /// What cursors are authenticated with.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub cursor_key: [u8; 32],
    /// The `system` user, author of what nobody did.
    #[n(4)]
    pub system_user: SysId,
}

/// Somebody who can tell how long and how far ways are.
pub type WaySource = Arc<dyn TravelSource + Send + Sync>;

/// Who is told that a job was put into the queue.
pub type Alarm = Arc<dyn Fn() + Send + Sync>;

/// What reads a PDF, which may come from anybody; nothing when it cannot.
pub type PdfReader = Arc<dyn Fn(&[u8]) -> String + Send + Sync>;

/// Everything the server does, for one organisation.
pub struct Server {
    storage: Arc<dyn Storage>,
    dictionary: RwLock<Dictionary>,
    pub(crate) identity: Identity,
    pub(crate) wire_version: u16,
    pub(crate) password_cost: PasswordCost,
    pub(crate) guard: Guard,
    kept: Mutex<Kept>,
    pub(crate) known: Mutex<Known>,
    pub(crate) graph: KeptGraph,
    pub(crate) health: KeptHealth,
    pub(crate) health_plan: KeptPlan,
    priorities: RwLock<PriorityMatrix>,
    book: RwLock<Arc<Book>>,
    roads: OnceLock<WaySource>,
    pdfs: OnceLock<PdfReader>,
    mail_addresses: OnceLock<Vec<String>>,
    alarms: RwLock<Vec<Alarm>>,
    requests_per_hour: AtomicU32,
    /// What it has done since it started.
    pub metrics: Metrics,
}

impl Server {
    /// Opens the server on a database, which is given an identity the first time.
    ///
    /// # Errors
    /// When the database fails or holds an identity that cannot be read.
    pub fn open(storage: Arc<dyn Storage>, dictionary: Dictionary, now: Timestamp, rng: &mut dyn Rng) -> Result<Self> {
        let identity = read_identity(&*storage.read()?)?;
        let is_new = identity.is_none();
        let identity = identity.unwrap_or_else(|| draw_identity(rng));
        let server = Self {
            wire_version: WIRE_VERSION,
            password_cost: PasswordCost::default(),
            guard: Guard::default(),
            kept: Mutex::default(),
            known: Mutex::default(),
            graph: KeptGraph::default(),
            health: KeptHealth::default(),
            health_plan: KeptPlan::default(),
            priorities: RwLock::default(),
            book: RwLock::default(),
            roads: OnceLock::new(),
            pdfs: OnceLock::new(),
            mail_addresses: OnceLock::new(),
            alarms: RwLock::default(),
            requests_per_hour: AtomicU32::new(0),
            metrics: Metrics::default(),
            storage,
            dictionary: RwLock::new(dictionary),
            identity,
        };
        if is_new {
            server.write(&server.system(), now, rng, |call| call.found())?;
        }
        server.reload_priorities(&*server.storage.read()?)?;
        server.reload_definitions()?;
        server.ship_records(now, rng)?;
        let book = Book::read(&server.dictionary(), &*server.storage.read()?)?;
        server.take_book(book);
        server.adopt_rows(now, rng)?;
        Ok(server)
    }

    /// Takes what the organisation has added to the dictionary it was opened with.
    fn reload_definitions(&self) -> Result<()> {
        let (dictionary, all) = (self.dictionary(), Filter::everything());
        let additions = Selection::of(dictionary.family(definitions::ADDITIONS), &all);
        let rows = self.storage.read()?.select(&additions, u32::MAX, 0)?;
        let extended = definitions::extended(dictionary.clone(), &rows);
        *self.dictionary.write().unwrap_or_else(PoisonError::into_inner) = extended;
        Ok(())
    }

    /// Lets dispatch measure ways on roads from now on; where they end, it is as the crow flies. Only the first roads count.
    pub fn use_roads(&self, roads: WaySource) {
        let _ = self.roads.set(roads);
    }

    /// Lets somebody else read PDFs from now on, such as a process of its own that may fail alone. Only the first counts.
    pub fn read_pdfs_by(&self, reader: PdfReader) {
        let _ = self.pdfs.set(reader);
    }

    /// Knows from now on which addresses of mail are its own, so that it never answers itself. Only the first count.
    pub fn know_mail_addresses(&self, addresses: Vec<String>) {
        let _ = self.mail_addresses.set(addresses);
    }

    /// The addresses of mail that are its own.
    pub(crate) fn mail_addresses(&self) -> &[String] {
        self.mail_addresses.get().map_or(&[], Vec::as_slice)
    }

    /// Tells somebody from now on when a job has been put into the queue, so that they need not look.
    pub fn tell_of_jobs(&self, alarm: Alarm) {
        self.alarms.write().unwrap_or_else(PoisonError::into_inner).push(alarm);
    }

    /// What a PDF says.
    pub(crate) fn said_in_pdf(&self, bytes: &[u8]) -> String {
        self.pdfs.get().map_or_else(|| reading::pdf::text_of(bytes), |reader| reader(bytes))
    }

    /// The roads ways are measured on, if there are any.
    pub(crate) fn roads(&self) -> Option<&WaySource> {
        self.roads.get()
    }

    /// Lets each account send this many requests an hour from now on; 0 sets no limit.
    pub fn limit_requests(&self, per_hour: u32) {
        self.requests_per_hour.store(per_hour, Ordering::Relaxed);
    }

    /// How many requests an account may send in an hour, if that is limited.
    pub fn requests_per_hour(&self) -> Option<u32> {
        Some(self.requests_per_hour.load(Ordering::Relaxed)).filter(|limit| *limit > 0)
    }

    /// Begins another life after the database was restored from a backup: devices offer again what they hold, the server's
    /// own edits and new numbers cannot repeat lost ones.
    ///
    /// # Errors
    /// When the database fails.
    pub fn restored(mut self, now: Timestamp, rng: &mut dyn Rng) -> Result<Self> {
        if !plant::is(Plant::RestoredServerKeepsItsEpoch) {
            self.identity.server_epoch = rng.next_u64();
        }
        self.identity.actor_epoch = self.identity.actor_epoch.saturating_add(1);
        self.write(&self.system(), now, rng, |call| {
            let prefixes: BTreeSet<String> =
                call.dictionary.tables().filter_map(|table| table.number_prefix.clone()).collect();
            for prefix in prefixes {
                call.tx.lease_numbers(&prefix, NUMBERS_SKIPPED_AT_RESTORE)?;
            }
            call.write_identity()
        })?;
        Ok(self)
    }

    /// Uses other costs for password hashes made from here on.
    pub fn with_password_cost(mut self, cost: PasswordCost) -> Self {
        self.password_cost = cost;
        self
    }

    /// Speaks wire versions up to this one only, as an older server does; for testing how it gets on with newer apps.
    pub fn with_wire_version(mut self, newest: u16) -> Self {
        self.wire_version = newest;
        self
    }

    /// The dictionary in force.
    pub fn dictionary(&self) -> Dictionary {
        self.dictionary.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who the server is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The caller that may do everything and whom nobody can sign in as.
    pub fn system(&self) -> Caller {
        Caller { user: self.identity.system_user, roles: BTreeSet::from(["system".into()]), device: None }
    }

    /// The database, for backups.
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// Does `work` in one transaction: everything it did becomes durable together, or nothing.
    ///
    /// # Errors
    /// Whatever `work` returns, and when the database fails.
    pub fn write<T, E: From<ServiceError>>(
        &self,
        caller: &Caller,
        now: Timestamp,
        rng: &mut dyn Rng,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut call = self.begin(caller, now, rng)?;
        let done = work(&mut call)?;
        call.append()?;
        self.commit(call)?;
        Ok(done)
    }

    /// A call that may write; dropping it undoes everything.
    pub(crate) fn begin<'a>(&'a self, caller: &Caller, now: Timestamp, rng: &'a mut dyn Rng) -> Result<Call<'a>> {
        let tx = self.storage.begin()?;
        Ok(self.call(caller.clone(), now, rng, tx, true))
    }

    /// Makes what a call did durable; its documents are kept loaded.
    pub(crate) fn commit(&self, mut call: Call<'_>) -> Result<()> {
        let rules_changed = call.pending.ruled || call.pending.redefined;
        let book = rules_changed.then(|| Book::read(&call.dictionary, &*call.tx)).transpose()?;
        let related = self.graph.change(&mut *call.tx, std::mem::take(&mut call.pending.related))?;
        call.tx.commit()?;
        if let Some(related) = related {
            related.happened();
        }
        if call.pending.queued {
            self.alarms.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(|alarm| alarm());
        }
        if let Some(book) = book {
            self.take_book(book);
        }
        if call.pending.redefined {
            *self.dictionary.write().unwrap_or_else(PoisonError::into_inner) = call.dictionary;
        }
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).give_back(call.documents);
        Ok(())
    }

    fn take_book(&self, book: Book) {
        *self.book.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(book);
    }

    /// A document that another call has given back.
    pub(crate) fn take_kept(&self, id: &DocumentId) -> Option<Loaded> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).take(id)
    }

    /// A call on a transaction.
    pub(crate) fn call<'a>(
        &'a self,
        caller: Caller,
        now: Timestamp,
        rng: &'a mut dyn Rng,
        tx: Box<dyn Tx + 'a>,
        writes: bool,
    ) -> Call<'a> {
        let (dictionary, everybodys) = (self.dictionary(), None);
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner).clone();
        let (documents, pending) = (BTreeMap::new(), Pending::default());
        Call { server: self, dictionary, book, caller, now, rng, tx, writes, everybodys, documents, pending }
    }

    /// Does `work` on one consistent state, waiting for nobody.
    ///
    /// # Errors
    /// Whatever `work` returns, and when the database fails.
    pub fn read<T, E: From<ServiceError>>(
        &self,
        caller: &Caller,
        now: Timestamp,
        rng: &mut dyn Rng,
        work: impl FnOnce(&mut Call<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let tx = self.storage.read().map_err(ServiceError::from)?;
        work(&mut self.call(caller.clone(), now, rng, tx, false))
    }

    /// The priority of each impact and urgency.
    pub fn priorities(&self) -> PriorityMatrix {
        self.priorities.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the priorities from their table; a pair without a row keeps the shipped priority.
    pub(crate) fn reload_priorities(&self, tx: &dyn Tx) -> Result<()> {
        let mut matrix = PriorityMatrix::default();
        let (dictionary, all) = (self.dictionary(), Filter::everything());
        if dictionary.table(PRIORITY_TABLE).is_some() {
            for row in tx.select(&Selection::of(dictionary.family(PRIORITY_TABLE), &all), u32::MAX, 0)? {
                if let [Some(impact), Some(urgency), Some(priority)] =
                    ["impact", "urgency", "priority"].map(|field| number_field(&row, field))
                {
                    matrix.set(impact, urgency, priority);
                }
            }
        }
        *self.priorities.write().unwrap_or_else(PoisonError::into_inner) = matrix;
        Ok(())
    }
}

/// The table an organisation changes its priorities in.
pub(crate) const PRIORITY_TABLE: &str = "dl_u_priority";

impl Call<'_> {
    /// What a new database needs before anything else.
    fn found(&mut self) -> Result<()> {
        self.write_identity()?;
        let mut system = Record::new(DocumentId::new("sys_user", self.server.identity.system_user));
        system.set("user_name", Some(Value::text("system")));
        system.set("name", Some(Value::text("System")));
        system.set("active", Some(Value::Boolean(true)));
        self.put_row(system)
    }

    fn write_identity(&mut self) -> Result<()> {
        let bytes = minicbor::to_vec(&self.server.identity).expect("encoding to memory cannot fail");
        Ok(self.tx.put_setting(IDENTITY, &bytes)?)
    }
}

fn read_identity(tx: &dyn Tx) -> Result<Option<Identity>> {
    let Some(bytes) = tx.setting(IDENTITY)? else { return Ok(None) };
    minicbor::decode(&bytes).map(Some).map_err(|problem| ServiceError::damaged("the server's identity", problem))
}

fn draw_identity(rng: &mut dyn Rng) -> Identity {
    let mut draw = [0; 64];
    rng.fill_bytes(&mut draw);
    let (device, rest) = draw.split_at(16);
    let (user, key) = rest.split_at(16);
    Identity {
        server_epoch: rng.next_u64(),
        device: DeviceId(device.try_into().expect("split at 16")),
        actor_epoch: 1,
        cursor_key: key.try_into().expect("64 less 32 is 32"),
        system_user: SysId(user.try_into().expect("split at 16")),
    }
}
