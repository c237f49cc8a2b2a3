//! The organisation: people, groups, and incidents with the histories a life cycle gives them; then the same for the floor,
//! as our server answers it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use fieldline_documents::Act;
use fieldline_model::{Dictionary, DocumentId, SysId, Timestamp, Value};
use fieldline_service::import::{Deed, import_document};
use fieldline_service::table::{self, Input};
use fieldline_service::{Call, NewUser, Server, TableError};
use fieldline_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use super::Result;
use crate::data::sys_id;
use crate::words::{text, word};

/// Who calls, who works, and the groups they work in.
pub const CALLERS: usize = 2_000;
pub const WORKERS: usize = 200;
pub const GROUPS: usize = 40;

/// Whoever asks: an integration.
pub const USER_NAME: &str = "integration.measured";
pub const PASSWORD: &str = "a long enough password";

/// When the oldest incident was opened, 2025-01-01 00:00 UTC, and how far they are apart.
const BEGIN: Timestamp = Timestamp(1_735_689_600_000);
const APART_MILLISECONDS: i64 = 5 * 60_000;
const HOUR_MILLISECONDS: i64 = 3_600_000;
/// Incidents in one transaction while filling.
const FILLED_AT_ONCE: usize = 2_000;

/// Where the databases are.
pub struct House {
    pub directory: PathBuf,
    pub records: usize,
}

/// The identity of an incident.
pub fn incident(number: usize) -> SysId {
    sys_id(number)
}

/// The identity of somebody who calls.
pub fn caller(number: usize) -> SysId {
    sys_id(10_000_000 + number)
}

/// The identity of somebody who works on incidents.
pub fn worker(number: usize) -> SysId {
    sys_id(20_000_000 + number)
}

/// The identity of a group.
pub fn group(number: usize) -> SysId {
    sys_id(30_000_000 + number)
}

impl House {
    pub fn at(directory: &Path, records: usize) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        Ok(Self { directory: directory.to_owned(), records })
    }

    /// The same in another folder, where it may be written to.
    pub fn copied(&self, directory: &Path) -> Result<Self> {
        let copy = Self::at(directory, self.records)?;
        for entry in std::fs::read_dir(&self.directory)? {
            let from = entry?.path();
            std::fs::copy(&from, directory.join(from.file_name().unwrap_or_default()))?;
        }
        Ok(copy)
    }

    /// The floor's database, which is there when it is full.
    pub fn floor(&self) -> PathBuf {
        self.directory.join("floor.db")
    }

    /// Fills our side, unless it is full.
    pub fn fill(&self) -> Result<()> {
        let is_full = self.directory.join("filled");
        if is_full.exists() {
            return Ok(());
        }
        let storage = Arc::new(SqliteStorage::open(self.directory.join("fieldline.db"))?);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let server = Server::open(storage, Dictionary::shipped().clone(), BEGIN, &mut rng)?;
        server.publish_definitions(BEGIN, &mut rng)?;
        let new = NewUser { user_name: USER_NAME, name: "Measured", password: PASSWORD, roles: &["integration"] };
        server.create_user(&server.system(), &new, BEGIN, &mut rng)?;
        server.write(&server.system(), BEGIN, &mut rng, people)?;
        server.write(&server.system(), BEGIN, &mut rng, nothing_closes_by_itself)?;
        let numbers: Vec<usize> = (0..self.records).collect();
        for page in numbers.chunks(FILLED_AT_ONCE) {
            let now = BEGIN.plus_milliseconds(APART_MILLISECONDS * page[0] as i64 + 30 * 24 * HOUR_MILLISECONDS);
            server.write(&server.system(), now, &mut rng, |call| {
                page.iter().try_for_each(|number| {
                    let id = DocumentId::new("incident", incident(*number));
                    import_document(call, &id, history(*number)).map(drop)
                })
            })?;
            eprint!("\rfilling: {} of {} incidents ", page[0] + page.len(), self.records);
        }
        eprintln!("and what they are found by");
        while server.index_due(FILLED_AT_ONCE as u32, BEGIN, &mut rng)? > 0 {}
        Ok(std::fs::write(is_full, "")?)
    }
}

/// Who is there.
fn people(call: &mut Call<'_>) -> Result<(), TableError> {
    let rng = &mut ChaCha8Rng::seed_from_u64(2);
    for (count, who, kind) in [(CALLERS, caller as fn(usize) -> SysId, "caller"), (WORKERS, worker, "worker")] {
        for number in 0..count {
            let name = format!("{} {}", word(rng.next_u32() as usize % 1_000), word(rng.next_u32() as usize % 1_000));
            let fields = [("user_name", format!("{kind}.{number}")), ("name", name)];
            create(call, "sys_user", who(number), fields)?;
        }
    }
    (0..GROUPS)
        .try_for_each(|number| create(call, "sys_user_group", group(number), [("name", format!("Group {number}"))]))
}

/// The floor has no jobs, and both must answer alike.
fn nothing_closes_by_itself(call: &mut Call<'_>) -> Result<(), TableError> {
    let fields = [("name", "glide.ui.autoclose.time".to_owned()), ("value", "0".to_owned())];
    create(call, "sys_properties", sys_id(40_000_000), fields)
}

fn create<const N: usize>(
    call: &mut Call<'_>,
    table: &str,
    id: SysId,
    fields: [(&str, String); N],
) -> Result<(), TableError> {
    let fields = fields.into_iter().chain([("sys_id", id.to_string())]);
    let fields = fields.map(|(name, text)| (name.to_owned(), text)).collect();
    table::create(call, table, &Input { fields, as_displayed: false }).map(drop)
}

/// What was done to an incident: one in ten is new, two are being worked on, one rests, one is resolved, five are closed.
fn history(number: usize) -> Vec<Deed> {
    let rng = &mut ChaCha8Rng::seed_from_u64(1_000_000 + number as u64);
    let mut draw = |of: usize| rng.next_u32() as usize % of;
    let (person, agent, team, stage) = (caller(draw(CALLERS)), worker(draw(WORKERS)), group(draw(GROUPS)), draw(10));
    let (impact, urgency) = (1 + draw(3) as i64, 1 + draw(3) as i64);
    let opened = BEGIN.plus_milliseconds(APART_MILLISECONDS * number as i64);
    let set = |field: &str, value: Value| Act::Set { field: field.into(), value: Some(value) };
    let mut birth = vec![
        set("short_description", Value::text(text(rng, 6))),
        set("description", Value::text(text(rng, 40))),
        set("category", Value::text(["network", "hardware", "software"][number % 3])),
        set("caller_id", Value::Reference(person)),
        set("impact", Value::Integer(impact)),
        set("urgency", Value::Integer(urgency)),
        set("assignment_group", Value::Reference(team)),
        set("opened_at", Value::Time(opened)),
        set("opened_by", Value::Reference(person)),
    ];
    if stage > 0 {
        birth.push(set("assigned_to", Value::Reference(agent)));
    }
    let step = |step: &str, reason: Option<&str>| Act::Transition { step: step.into(), reason: reason.map(Into::into) };
    let closing = ["close_code", "close_notes"].map(|field| set(field, Value::text(text(rng, 3)))).into_iter();
    let resolve = closing.chain([step("resolve", None)]).collect();
    let steps: Vec<Vec<Act>> = match stage {
        0 => vec![],
        1 | 2 => vec![vec![step("begin", None)]],
        3 => vec![vec![step("hold", Some("awaiting_vendor"))]],
        4 => vec![vec![step("begin", None)], resolve],
        _ => vec![vec![step("begin", None)], resolve, vec![step("close", None)]],
    };
    let later = (1..).zip(steps).map(|(hours, acts)| {
        let at = opened.plus_milliseconds(hours * HOUR_MILLISECONDS);
        Deed { by: agent, at, acts }
    });
    [Deed { by: person, at: opened, acts: birth }].into_iter().chain(later).collect()
}
