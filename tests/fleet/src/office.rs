//! The server and the people who feed it: hiring, the morning's work, the dispatcher's hand, and the server's own death.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldline_device::{Enrolment, SigningKey};
use fieldline_documents::Edit;
use fieldline_model::condition::{Filter, Query};
use fieldline_model::{DeviceId, Dictionary, DocumentId, SysId, TableName, Timestamp};
use fieldline_service::table::{self, Input, TableError};
use fieldline_service::{Caller, NewUser, PasswordCost, Server, SyncRefusal, question};
use fieldline_storage::Selection;
use fieldline_storage_sqlite::SqliteStorage;
use fieldline_sync::frame::FrameError;
use fieldline_sync::relay::Envelope;
use fieldline_sync::session::Reply;
use fieldline_sync::wire::WIRE_VERSION;
use rand_core::Rng;

use crate::customer::Customer;
use crate::dice::{between, happens, one_of};
use crate::phone::copy_as_it_is;
use crate::plan::MINUTE;
use crate::staff::RoleChange;

/// Where the server's files are put by.
const BACKUP: &str = "backup";
/// Sites the work is at; each has one asset.
const SITES: usize = 5;
/// Tasks each technician begins the day with.
const MORNING_TASKS: usize = 3;
/// Tasks the dispatcher's list shows.
const LIST_LIMIT: u32 = 500;

/// The server's machine and its dispatcher.
pub struct Office {
    server: Option<Server>,
    home: PathBuf,
    lives: u32,
    /// What the server falls back to when it dies; `None` for an honest server, which keeps what is on its disk.
    falls_back_to: Option<PathBuf>,
    wire_version: u16,
    dispatcher: Caller,
    groups: Vec<SysId>,
    /// Each technician's row of membership.
    memberships: Vec<DocumentId>,
    sites: Vec<SysId>,
    assets: Vec<SysId>,
    /// Whose sites they are, once the day is prepared.
    pub customer: Option<Customer>,
    /// Whether it was ever restored from a backup.
    pub was_restored: bool,
    /// Who can be sent.
    pub technicians: Vec<SysId>,
    /// Everybody who was ever in a group: the group and the person.
    pub ever_members: BTreeSet<(SysId, SysId)>,
    /// Who lost a role or got it back, in order.
    pub role_changes: Vec<RoleChange>,
}

impl Office {
    /// Opens a new server in a folder, with a dispatcher.
    pub fn open(home: &Path, now: Timestamp, rng: &mut dyn Rng) -> Self {
        let caller = Caller { user: SysId([0; 16]), roles: BTreeSet::new(), device: None };
        let mut office = Self {
            server: None,
            home: home.to_owned(),
            lives: 0,
            falls_back_to: None,
            wire_version: WIRE_VERSION,
            dispatcher: caller,
            groups: Vec::new(),
            memberships: Vec::new(),
            sites: Vec::new(),
            assets: Vec::new(),
            customer: None,
            was_restored: false,
            technicians: Vec::new(),
            ever_members: BTreeSet::new(),
            role_changes: Vec::new(),
        };
        std::fs::create_dir_all(office.dir()).expect("the simulator's folder takes files");
        office.start(now, rng);
        let user = office.let_in("dispatcher", &["wm_dispatcher", "wm_qualifier", "itil"], now, rng);
        office.dispatcher.user = user;
        office.dispatcher.roles = ["wm_dispatcher", "wm_qualifier", "itil"].map(String::from).into();
        office
    }

    /// The server.
    pub fn server(&self) -> &Server {
        self.server.as_ref().expect("the server is only gone while it starts again")
    }

    /// Dies as a killed process does and starts again.
    pub fn crash(&mut self, now: Timestamp, rng: &mut dyn Rng) {
        let files = self.falls_back_to.clone().unwrap_or_else(|| self.dir());
        self.live_on_from(&files, now, rng);
    }

    /// Puts the server's files by.
    pub fn back_up(&mut self, rng: &mut dyn Rng) {
        let backup = self.home.join(BACKUP);
        if backup.exists() {
            std::fs::remove_dir_all(&backup).expect("the simulator's folder can be emptied");
        }
        copy_as_it_is(&self.dir(), &backup, rng);
    }

    /// Restores the server from its last backup, as its administrator does; `false` when there is none.
    pub fn go_back(&mut self, now: Timestamp, rng: &mut dyn Rng) -> bool {
        let backup = self.home.join(BACKUP);
        if !backup.exists() {
            return false;
        }
        self.live_on_from(&backup, now, rng);
        self.was_restored = true;
        let server = self.server.take().expect("it was just started");
        self.server = Some(server.restored(now, rng).expect("a restored server starts"));
        true
    }

    /// Dies, and another build starts.
    pub fn run_build(&mut self, wire_version: u16, now: Timestamp, rng: &mut dyn Rng) {
        self.wire_version = wire_version;
        self.crash(now, rng);
    }

    fn live_on_from(&mut self, files: &Path, now: Timestamp, rng: &mut dyn Rng) {
        let old = self.dir();
        self.lives += 1;
        copy_as_it_is(files, &self.dir(), rng);
        self.server = None;
        std::fs::remove_dir_all(old).expect("the simulator's folder can be emptied");
        self.start(now, rng);
    }

    /// Makes this a server that loses what it acknowledged after this moment when it dies.
    pub fn remember_only_the_morning(&mut self, rng: &mut dyn Rng) {
        let morning = self.home.join("morning");
        copy_as_it_is(&self.dir(), &morning, rng);
        self.falls_back_to = Some(morning);
    }

    /// Lets a technician in.
    pub fn hire(&mut self, index: usize, now: Timestamp, rng: &mut dyn Rng) -> SysId {
        let user = self.let_in(&format!("technician-{index}"), &["wm_agent"], now, rng);
        self.technicians.push(user);
        user
    }

    /// Lets somebody in who will turn out to be hostile.
    pub fn hire_an_attacker(&mut self, now: Timestamp, rng: &mut dyn Rng) -> Enrolment {
        let user = self.let_in("mallory", &["wm_agent"], now, rng);
        self.enrol(user, now, rng)
    }

    /// Binds a phone to a technician.
    pub fn enrol(&mut self, user: SysId, now: Timestamp, rng: &mut dyn Rng) -> Enrolment {
        let key = SigningKey::random(rng);
        let admin = self.server().system();
        let enrolled = self.server().enrol_device(&admin, user, "a phone", key.public_key(), now, rng);
        let enrolled = enrolled.expect("a technician can be given a phone");
        let server = "simulated".into();
        let (device, token, relay_key) = (enrolled.device, enrolled.session.token, Some(enrolled.relay_key));
        Enrolment { device, epoch: 1, user, token, server, key, relay_key }
    }

    /// Puts sites, assets and everybody's first tasks on the server.
    pub fn prepare_the_day(&mut self, technicians: usize, now: Timestamp, rng: &mut dyn Rng) {
        for site in 0..SITES {
            let name = format!("Site {site}");
            let location = self.system_creates("cmn_location", &[("name", name.clone())], now, rng);
            let fields = [("display_name", format!("Boiler of {name}")), ("location", location.to_string())];
            self.assets.push(self.system_creates("alm_asset", &fields, now, rng));
            self.sites.push(location);
        }
        self.customer = Some(self.take_on_a_customer(&self.sites, now, rng));
        self.stock_the_vans(now, rng);
        self.promise_visits(now, rng);
        for name in ["North", "South", "West"] {
            self.groups.push(self.system_creates("sys_user_group", &[("name", name.into())], now, rng));
        }
        for technician in 0..technicians {
            let group = self.groups[technician % self.groups.len()];
            self.ever_members.insert((group, self.technicians[technician]));
            let fields = [("user", self.technicians[technician].to_string()), ("group", group.to_string())];
            let row = self.system_creates("sys_user_grmember", &fields, now, rng);
            self.memberships.push(DocumentId::new("sys_user_grmember", row));
        }
        for _ in 0..MORNING_TASKS {
            for technician in 0..technicians {
                self.send_work(self.technicians[technician], now, rng);
            }
        }
    }

    /// Puts a technician into another group, or the same one again.
    pub fn regroup(&mut self, technician: usize, now: Timestamp, rng: &mut dyn Rng) {
        let group = *one_of(rng, &self.groups).expect("there are groups");
        self.ever_members.insert((group, self.technicians[technician]));
        let row = self.memberships[technician].sys_id;
        let changed = self.server().write(&self.server().system(), now, rng, |call| {
            table::update(call, "sys_user_grmember", row, &input(&[("group", group.to_string())]))
        });
        changed.expect("a technician can change groups");
    }

    /// Locks a device out.
    pub fn revoke(&mut self, device: DeviceId, now: Timestamp, rng: &mut dyn Rng) {
        // A server that was restored may not know the device, and whom it does not know it does not let in.
        drop(self.server().revoke_device(&self.server().system(), device, now, rng));
    }

    /// How often the server's log has what somebody did to a record at a moment.
    pub fn times(&self, document: &DocumentId, author: SysId, at: Timestamp) -> usize {
        let tx = self.server().storage().read().expect("the server's database can be read");
        let edits = tx.edits(document, 0).expect("a document's edits can be read");
        let is_it = |body: &[u8]| Edit::decode(body).is_ok_and(|edit| edit.author == author && edit.at == at);
        edits.iter().filter(|(_, stored)| is_it(&stored.body)).count()
    }

    /// Every record of some tables.
    pub fn documents(&self, tables: &[TableName]) -> Vec<DocumentId> {
        let tx = self.server().storage().read().expect("the server's database can be read");
        let records =
            tx.select(&Selection::of(tables, &Filter::everything()), LIST_LIMIT, 0).expect("every table can be listed");
        records.into_iter().map(|record| record.id).collect()
    }

    /// Answers somebody hostile; whatever is said, the server lives.
    pub fn exchange_with_anybody(
        &self,
        token: &str,
        bytes: &[u8],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> Result<(), String> {
        let Ok(caller) = self.server().authenticate(token, now) else { return Ok(()) };
        match self.server().answer(&caller, bytes, now, rng) {
            Err(SyncRefusal::Service(error)) => Err(format!("a hostile request made the server fail: {error}")),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// The device a token lets in.
    pub fn device_of(&self, token: &str, now: Timestamp) -> Option<DeviceId> {
        self.server().authenticate(token, now).ok()?.device
    }

    /// Answers a request as the web edge does.
    pub fn exchange(&self, token: &str, bytes: &[u8], now: Timestamp, rng: &mut dyn Rng) -> Reply {
        let Ok(caller) = self.server().authenticate(token, now) else { return Reply::NeedsSignIn };
        match self.server().answer(&caller, bytes, now, rng) {
            Ok(answer) => Reply::Body(answer),
            Err(SyncRefusal::Frame(FrameError::OtherVersion { .. })) => Reply::OtherVersion,
            Err(SyncRefusal::Frame(_)) => Reply::Failed,
            Err(SyncRefusal::Revoked) => Reply::Revoked,
            Err(refusal) => panic!("an honest phone was refused: {refusal}"),
        }
    }

    /// Answers what a kiosk brings, if it is worth anything.
    pub fn answer_kiosk(&self, envelope: &Envelope, now: Timestamp, rng: &mut dyn Rng) -> Option<Envelope> {
        match self.server().answer_envelope(envelope, now, rng) {
            Ok(answer) => Some(answer),
            Err(SyncRefusal::Service(error)) => panic!("an envelope made the server fail: {error}"),
            Err(_) => None,
        }
    }

    /// Creates a work order with one task, sometimes with a second one for a colleague, and sends somebody.
    pub fn send_work(&mut self, technician: SysId, now: Timestamp, rng: &mut dyn Rng) -> String {
        let place = rng.next_u32() as usize % SITES;
        let (site, asset) = (self.sites[place].to_string(), self.assets[place].to_string());
        let start = now.plus_milliseconds(between(rng, 0, 300) * MINUTE).to_string();
        let about = |what: &str| ("short_description", format!("{what}, ordered at {}", now.0));
        let customer = self.customer.as_ref().expect("there is a customer before there is work");
        customer.is_written_to(self, place, now, rng);
        let from = ("initiated_from", customer.case(place).to_string());
        let order = [about("Boiler work"), ("location", site.clone()), ("asset", asset.clone()), from];
        let order = self.dispatcher_creates("wm_order", &order, now, rng);
        let colleague = *one_of(rng, &self.technicians).expect("somebody was hired");
        let crew = if rng.next_u32().is_multiple_of(2) { vec![technician, colleague] } else { vec![technician] };
        for member in crew {
            let fields = [
                about("Visit"),
                ("parent", order.to_string()),
                ("location", site.clone()),
                ("asset", asset.clone()),
                ("expected_start", start.clone()),
                ("assigned_to", member.to_string()),
                ("assignment_group", self.group_for_a_task(rng)),
            ];
            let task = self.dispatcher_creates("wm_task", &fields, now, rng);
            self.change(&DocumentId::new("wm_task", task), &[("state", "16".into())], now, rng);
        }
        "sends work".into()
    }

    /// Most tasks are one person's; some may be done by anybody in a group.
    fn group_for_a_task(&self, rng: &mut dyn Rng) -> String {
        let group = one_of(rng, &self.groups).filter(|_| happens(rng, 200));
        group.map(ToString::to_string).unwrap_or_default()
    }

    /// The tasks on the dispatcher's list that match an encoded query.
    pub fn tasks(&self, query: &str, now: Timestamp, rng: &mut dyn Rng) -> Vec<DocumentId> {
        let query = Query::parse(query).query;
        let found = self
            .server()
            .read(&self.dispatcher, now, rng, |call| question::query(call, "wm_task", &query, LIST_LIMIT, 0));
        found.expect("a dispatcher may see tasks").records.into_iter().map(|record| record.id).collect()
    }

    /// Lets the dispatcher move the order of a task to another site.
    pub fn move_the_order_of(&mut self, task: &DocumentId, now: Timestamp, rng: &mut dyn Rng) -> String {
        let tx = self.server().storage().read().expect("the server's database can be read");
        let row = tx.record(task).expect("a row can be read");
        drop(tx);
        let Some(order) = row.and_then(|(_, row)| row.reference("parent")) else { return "sees no order".into() };
        let place = rng.next_u32() as usize % SITES;
        let there = [("location", self.sites[place].to_string()), ("asset", self.assets[place].to_string())];
        self.change(&DocumentId::new("wm_order", order), &there, now, rng)
    }

    /// Lets the dispatcher change a record; says what became of it.
    pub fn change(&mut self, id: &DocumentId, fields: &[(&str, String)], now: Timestamp, rng: &mut dyn Rng) -> String {
        let changed = self.server().write(&self.dispatcher, now, rng, |call| {
            table::update(call, id.table.as_str(), id.sys_id, &input(fields))
        });
        let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        match changed {
            Ok(_) => format!("sets {}", names.join(" and ")),
            Err(TableError::Service(error)) => panic!("the server failed: {error}"),
            Err(error) => format!("may not set {}: {error}", names.join(" and ")),
        }
    }

    fn dispatcher_creates(&self, table: &str, fields: &[(&str, String)], now: Timestamp, rng: &mut dyn Rng) -> SysId {
        self.create(&self.dispatcher, table, fields, now, rng)
    }

    pub(crate) fn system_creates(
        &self,
        table: &str,
        fields: &[(&str, String)],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> SysId {
        self.create(&self.server().system(), table, fields, now, rng)
    }

    fn create(
        &self,
        caller: &Caller,
        table: &str,
        fields: &[(&str, String)],
        now: Timestamp,
        rng: &mut dyn Rng,
    ) -> SysId {
        let created = self.server().write(caller, now, rng, |call| table::create(call, table, &input(fields)));
        created.unwrap_or_else(|error| panic!("the office cannot create a {table}: {error}")).record.id.sys_id
    }

    pub(crate) fn let_in(&self, user_name: &str, roles: &[&str], now: Timestamp, rng: &mut dyn Rng) -> SysId {
        let user = NewUser { user_name, name: user_name, password: "simulated password", roles };
        let created = self.server().create_user(&self.server().system(), &user, now, rng);
        created.expect("a new name can be let in")
    }

    fn start(&mut self, now: Timestamp, rng: &mut dyn Rng) {
        let storage = SqliteStorage::open(self.dir().join("server.db")).expect("the server's database opens");
        let dictionary = Dictionary::shipped().clone();
        let server = Server::open(Arc::new(storage), dictionary, now, rng).expect("the server starts");
        self.server = Some(server.with_password_cost(PasswordCost::cheapest()).with_wire_version(self.wire_version));
    }

    fn dir(&self) -> PathBuf {
        self.home.join(format!("life-{}", self.lives))
    }
}

/// Fields as the record API takes them.
pub(crate) fn input(fields: &[(&str, String)]) -> Input {
    Input {
        fields: fields.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect(),
        as_displayed: false,
    }
}
