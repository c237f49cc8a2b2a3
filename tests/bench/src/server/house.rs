//! A server on a real file with as many records as asked, and technicians with a phone and jobs each.

use std::path::Path;
use std::sync::Arc;

use fieldline_model::{Dictionary, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_service::call::Caller;
use fieldline_service::table::{self, Input};
use fieldline_service::{NewUser, PasswordCost, Server, TableError};
use fieldline_storage::{FeedEntry, Happening, Storage};
use fieldline_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::Result;
use super::phone::Phone;
use crate::data::{self, sys_id};

/// When everything is prepared: 2026-03-02 06:00 UTC.
pub const MORNING: Timestamp = Timestamp(1_772_431_200_000);
/// Records in one transaction while filling.
const FILLED_AT_ONCE: usize = 5_000;

/// What is measured.
pub struct House {
    pub server: Arc<Server>,
    pub phones: Vec<Phone>,
}

impl House {
    /// Fills a new database: jobs of every phone with their work orders and sites, and for the rest what nobody has on a phone.
    pub fn fill(dir: &Path, records: usize, phones: usize, jobs: usize) -> Result<Self> {
        let storage = Arc::new(SqliteStorage::open(dir.join("fieldline.db"))?);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let dictionary = Dictionary::shipped().clone();
        let server = Server::open(storage.clone(), dictionary, MORNING, &mut rng)?;
        let server = server.with_password_cost(PasswordCost::cheapest());
        let dispatcher = Caller { roles: ["wm_dispatcher".into(), "system".into()].into(), ..server.system() };
        let mut made = Vec::new();
        for number in 0..phones {
            let phone = Phone::enrol(&server, number, &mut rng)?;
            server.write(&dispatcher, MORNING, &mut rng, |call| {
                let site = create(call, "cmn_location", &[("name", format!("Site {number}"))])?.to_string();
                (0..jobs).try_for_each(|job| send_work(call, phone.user(), &site, job))
            })?;
            made.push(phone);
        }
        let others = records.saturating_sub(phones * (2 + 2 * jobs));
        fill_up(&*storage, others)?;
        for phone in &mut made {
            phone.first_sync(&server, &mut rng)?;
        }
        Ok(Self { server: Arc::new(server), phones: made })
    }
}

/// A technician of this name.
pub fn technician(server: &Server, name: &str, rng: &mut ChaCha8Rng) -> Result<SysId> {
    let new = NewUser { user_name: name, name, password: "measured password", roles: &["wm_agent"] };
    Ok(server.create_user(&server.system(), &new, MORNING, rng)?)
}

type Call<'c> = fieldline_service::Call<'c>;

fn create(call: &mut Call<'_>, table: &str, fields: &[(&str, String)]) -> Result<SysId, TableError> {
    let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
    Ok(table::create(call, table, &Input { fields, as_displayed: false })?.record.id.sys_id)
}

/// A work order with one task, assigned.
fn send_work(call: &mut Call<'_>, technician: SysId, site: &str, job: usize) -> Result<(), TableError> {
    let about = ("short_description", format!("Boiler {job} loses pressure"));
    let order = create(call, "wm_order", &[about.clone(), ("location", site.to_owned())])?;
    let starts = MORNING.plus_milliseconds(3_600_000 * job as i64).to_string();
    let task = [
        about,
        ("parent", order.to_string()),
        ("location", site.to_owned()),
        ("expected_start", starts),
        ("assigned_to", technician.to_string()),
        ("state", "16".to_owned()),
    ];
    create(call, "wm_task", &task).map(drop)
}

/// Rows no phone holds: what else an organisation of this size keeps.
fn fill_up(storage: &dyn Storage, records: usize) -> Result<()> {
    const TABLES: [&str; 4] = ["cmn_location", "alm_asset", "cmdb_ci", "customer_contact"];
    let numbers: Vec<usize> = (0..records).collect();
    for page in numbers.chunks(FILLED_AT_ONCE) {
        let mut tx = storage.begin()?;
        let mut entries = Vec::new();
        for number in page {
            let model = data::record(5 * number + 1);
            let id = DocumentId::new(TABLES[number % TABLES.len()], sys_id(*number));
            let mut record = Record { id: id.clone(), ..model };
            record.set("sys_updated_on", Some(Value::Time(MORNING.plus_milliseconds(*number as i64))));
            tx.put_record(&record)?;
            entries.push(FeedEntry { document: id, happening: Happening::Row });
        }
        tx.append(&entries)?;
        tx.commit()?;
    }
    Ok(())
}
