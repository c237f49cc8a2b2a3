//! Our side: the real server's process, a real device's process with its encrypted store, HTTP between them.

use std::path::Path;
use std::process::Command;

use fieldline_documents::{Act, Document};
use fieldline_model::Value;
use serde_json::{Value as Json, json};

use crate::data::sys_id;
use crate::sync::Result;
use crate::sync::content::{Author, Mix, OPEN_TASKS, edit};
use crate::sync::office::{Office, PASSWORD, Pusher};
use crate::sync::phone;
use crate::sync::process::Told;
use crate::sync::proxy::Proxy;
use crate::sync::table::{Job, Meter, Spent, Table};

/// What the table calls us.
pub const SIDE: &str = "fieldline";
const TECHNICIAN: &str = "tara";
const DISPATCHERS: [&str; 3] = ["anna", "bert", "cleo"];
/// Idle exchanges measured at once: one of them is far below what the system's clock of processor time can tell.
const IDLE_EXCHANGES: u32 = 200;
/// How often ten changes are pulled and pushed.
const TRIALS: u32 = 10;
/// How many times the records there are in the second reconnect.
const LARGE: usize = 10;

/// A filled server and the people who write on it.
pub struct Ours {
    pub office: Office,
    mix: Mix,
    people: [(Author, Pusher); 3],
    /// Ten of them, as their authors left them.
    open_tasks: Vec<Document>,
}

impl Ours {
    /// Starts the server and fills it.
    pub fn fill(data: &Path, mix: Mix) -> Result<Self> {
        let office = Office::open(data)?;
        let technician = office.hire(TECHNICIAN, "wm_agent")?;
        let mut people = Vec::new();
        for name in DISPATCHERS {
            office.hire(name, "wm_dispatcher")?;
            people.push(office.enrol(name)?);
        }
        let mut people = people.try_into().map_err(|_| "three people are three")?;
        eprintln!("filling our server with {} records and their history over HTTP", mix.records());
        let open_tasks = office.fill(mix, technician, &mut people)?;
        Ok(Self { office, mix, people, open_tasks })
    }

    /// Runs every job.
    pub fn measure(mut self, phone_directory: &Path, table: &mut Table) -> Result<()> {
        let proxy = Proxy::to(self.office.address)?;
        let mut phone = Told::start(Command::new(std::env::current_exe()?).arg(phone::COMMAND).arg(phone_directory))?;
        phone.tell(&json!(["enrol", format!("http://{}", proxy.address()), TECHNICIAN, PASSWORD]))?;
        self.initial(&mut phone, &proxy, table)?;
        let records = self.mix.records();
        self.idle(&mut phone, &proxy, table, Job::Idle, records)?;
        self.pull(&mut phone, &proxy, table)?;
        self.push(&mut phone, &proxy, table)?;
        for (what, bytes) in [
            ("client heap, steady", phone.watched.heap_bytes()),
            ("client heap, peak of everything so far", phone.watched.peak_heap_bytes()),
            ("client resident, peak, program text included", phone.watched.peak_resident_bytes()),
            ("server resident, peak", self.office.server.peak_resident_bytes()),
        ] {
            table.figure(SIDE, what, bytes as f64 / f64::from(1 << 20), "MiB");
        }
        self.large(&mut phone, &proxy, table)
    }

    /// A new phone, exchange by exchange: the day's list, every row, every history.
    fn initial(&mut self, phone: &mut Told, proxy: &Proxy, table: &mut Table) -> Result<()> {
        let meter = Meter::start(proxy, &phone.watched, &self.office.server);
        let payload = self.office.frame_bytes()?;
        let (mut today, mut usable) = (None, None);
        loop {
            let answer = phone.word("exchange")?;
            if today.is_none() && phone.word("today")?["jobs"].as_u64() == Some(OPEN_TASKS.min(self.mix.orders) as u64)
            {
                today = Some(proxy.traffic());
            }
            let [done, total] = [0, 1].map(|index| answer["progress"][index].as_u64().unwrap_or(0));
            if usable.is_none() && total > 0 && done + self.mix.documents() as u64 >= total {
                usable = Some(meter.read(&phone.watched, &self.office.server));
            }
            if answer["synced"] == true {
                break;
            }
        }
        let all = self.with_payload(meter.read(&phone.watched, &self.office.server), payload)?;
        self.check_search(phone)?;
        table.add(SIDE, self.mix.records(), Job::Usable, usable.ok_or("the phone never had every row")?);
        table.add(SIDE, self.mix.records(), Job::History, all);
        let today = today.ok_or("the day's list never came")?.down_bytes as f64;
        let share = |whole: u64| 100.0 * today / whole as f64;
        table.figure(SIDE, "bytes until today's list is there", today, "B");
        table.figure(SIDE, "  of the usable sync's", share(usable.map_or(1, |spent| spent.traffic.down_bytes)), "%");
        table.figure(SIDE, "  of the whole sync's", share(all.traffic.down_bytes), "%");
        Ok(())
    }

    /// What was measured must have happened: a text of the last record is found.
    fn check_search(&self, phone: &mut Told) -> Result<()> {
        let number = format!("WOT{:07}", 2 * self.mix.orders - 1);
        let hits = phone.tell(&json!(["search", number]))?["hits"].as_u64();
        if hits == Some(1) { Ok(()) } else { Err(format!("the phone finds {hits:?} records {number}").into()) }
    }

    fn with_payload(&self, spent: Spent, before: (u64, u64)) -> Result<Spent> {
        let after = self.office.frame_bytes()?;
        Ok(Spent { payload: Some((after.0 - before.0, after.1 - before.1)), ..spent })
    }

    fn idle(&self, phone: &mut Told, proxy: &Proxy, table: &mut Table, job: Job, records: usize) -> Result<()> {
        let payload = self.office.frame_bytes()?;
        let meter = Meter::start(proxy, &phone.watched, &self.office.server);
        phone.tell(&json!(["sync", IDLE_EXCHANGES]))?;
        let spent = meter.read(&phone.watched, &self.office.server);
        table.add(SIDE, records, job, self.with_payload(spent, payload)?.share(IDLE_EXCHANGES));
        Ok(())
    }

    /// Ten tasks get another value of one field at the office, then the phone syncs.
    fn pull(&mut self, phone: &mut Told, proxy: &Proxy, table: &mut Table) -> Result<()> {
        let mut sum = Spent { payload: Some((0, 0)), ..Spent::default() };
        for trial in 0..TRIALS {
            let mark = 20_000 + i64::from(trial);
            let (author, pusher) = &mut self.people[0];
            let set = || vec![Act::Set { field: "estimated_work_duration".into(), value: Some(Value::Integer(mark)) }];
            let edits =
                self.open_tasks.iter_mut().map(|document| edit(document, author, set())).collect::<Result<_>>()?;
            self.office.push(author, pusher, edits)?;
            let payload = self.office.frame_bytes()?;
            let meter = Meter::start(proxy, &phone.watched, &self.office.server);
            phone.word("sync")?;
            let spent = self.with_payload(meter.read(&phone.watched, &self.office.server), payload)?;
            sum = sum.plus(spent);
            self.check_held(phone, mark)?;
        }
        table.add(SIDE, self.mix.records(), Job::Pull, sum.share(TRIALS));
        Ok(())
    }

    fn check_held(&self, phone: &mut Told, mark: i64) -> Result<()> {
        let held: Json = phone.tell(&json!(["holds", mark]))?["held"].clone();
        if held == 10 { Ok(()) } else { Err(format!("the phone holds {held} of ten changes").into()) }
    }

    /// Ten tasks get another value of one field on the phone, then it syncs.
    fn push(&self, phone: &mut Told, proxy: &Proxy, table: &mut Table) -> Result<()> {
        let mut sum = Spent { payload: Some((0, 0)), ..Spent::default() };
        for trial in 0..TRIALS {
            phone.tell(&json!(["edit", 10, 30_000 + trial]))?;
            let payload = self.office.frame_bytes()?;
            let meter = Meter::start(proxy, &phone.watched, &self.office.server);
            phone.word("sync")?;
            sum = sum.plus(self.with_payload(meter.read(&phone.watched, &self.office.server), payload)?);
        }
        table.add(SIDE, self.mix.records(), Job::Push, sum.share(TRIALS));
        Ok(())
    }

    /// Ten times the records, the new ones rows of the catalogue, and the same question.
    fn large(&self, phone: &mut Told, proxy: &Proxy, table: &mut Table) -> Result<()> {
        let few = self.mix.records();
        eprintln!("importing {} more rows", few * (LARGE - 1));
        self.office
            .import("cmdb_model", (few..few * LARGE).map(|number| (sys_id(number), format!("Model {number}"))))?;
        phone.word("sync")?;
        self.idle(phone, proxy, table, Job::IdleLarge, few * LARGE)?;
        let heap = phone.watched.heap_bytes() as f64 / f64::from(1 << 20);
        table.figure(SIDE, "client heap with 10 x records", heap, "MiB");
        Ok(())
    }
}
