//! What the shift came to: a table for people, JSON for machines.

use std::collections::BTreeMap;
use std::fmt;

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, SysId};
use fieldline_service::Server;
use fieldline_storage::Selection;
use serde_json::{Value, json};

use super::alert::Scene;
use super::dispatcher::Changed;
use super::phone::Phone;
use super::setup::World;
use super::verdict::Verdict;
use crate::failed::Failed;
use crate::import::Report;

/// Records read at most; a shift makes far fewer.
const MANY: u32 = 100_000;

/// What the shift came to.
#[derive(Debug)]
pub struct Tally {
    /// The import.
    pub import: Report,
    /// What was set up.
    pub world: World,
    /// What the dispatcher did.
    pub changed: Changed,
    /// How it came out.
    pub verdict: Verdict,
    /// The last scene.
    pub scene: Scene,
    /// Refused steps by who was told.
    pub told: BTreeMap<String, u64>,
    /// Refused steps in words.
    pub refused: Vec<String>,
    /// Sums over the phones.
    pub phones: Sums,
    /// Edits the server took from phones.
    pub receipts: u64,
    /// Of these, made beside somebody else's.
    pub merges: u64,
    /// Captured files that arrived whole.
    pub files: u64,
    /// How long everything took.
    pub seconds: f64,
}

/// Sums over the phones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sums {
    phones: usize,
    edits: u64,
    offline: u64,
    numbered_offline: u64,
    pictures: u64,
    refused_at_once: u64,
    syncs: u64,
    cut: u64,
    bytes_up: u64,
    bytes_down: u64,
    first_job_milliseconds: Vec<u64>,
    first_job_bytes: u64,
    first_sync_bytes: u64,
}

impl Sums {
    /// Adds up what phones have seen.
    pub fn of(phones: &[Phone]) -> Self {
        let mut sums = Self { phones: phones.len(), ..Self::default() };
        for phone in phones {
            let (up, down) = phone.radio.bytes();
            let seen = &phone.seen;
            sums.edits += seen.saved.len() as u64;
            sums.offline += seen.saved.iter().filter(|saved| saved.offline).count() as u64;
            sums.numbered_offline += seen.numbered_offline;
            sums.pictures += seen.pictures;
            sums.refused_at_once += seen.refused_at_once;
            sums.syncs += seen.syncs;
            sums.cut += seen.cut;
            sums.bytes_up += up;
            sums.bytes_down += down;
            sums.first_job_milliseconds.push(seen.first_job_milliseconds);
            sums.first_job_bytes += seen.first_job_bytes;
            sums.first_sync_bytes += seen.first_sync_bytes;
        }
        sums.first_job_milliseconds.sort_unstable();
        sums
    }

    fn first_job(&self) -> (u64, u64) {
        let times = &self.first_job_milliseconds;
        (times.get(times.len() / 2).copied().unwrap_or(0), times.last().copied().unwrap_or(0))
    }

    fn first_job_percent(&self) -> f64 {
        100.0 * self.first_job_bytes as f64 / self.first_sync_bytes.max(1) as f64
    }
}

/// The review tasks of refused steps: in words, and how many each person or group was told of.
pub fn reviews(server: &Server) -> Result<(Vec<String>, BTreeMap<String, u64>), Failed> {
    let tx = server.storage().read()?;
    let name = |table: &str, sys_id: SysId| {
        let record = tx.record(&DocumentId::new(table, sys_id)).ok().flatten();
        record.map_or_else(|| "nobody".to_owned(), |(_, record)| record.text("name").to_owned())
    };
    let (mut refused, mut told) = (Vec::new(), BTreeMap::new());
    for task in tx.select(&Selection::of(&["task".into()], &Filter::everything()), MANY, 0)? {
        let person = task.reference("assigned_to").map(|user| name("sys_user", user));
        let group = task.reference("assignment_group").map(|group| name("sys_user_group", group));
        *told.entry(person.or(group).unwrap_or_else(|| "nobody".to_owned())).or_default() += 1;
        refused.push(task.text("short_description").to_owned());
    }
    Ok((refused, told))
}

impl Tally {
    /// Whether nothing differs.
    pub fn converged(&self) -> bool {
        self.verdict.differences.is_empty()
    }

    /// The figures as JSON.
    pub fn json(&self) -> Value {
        let (phones, verdict) = (&self.phones, &self.verdict);
        let (median, longest) = phones.first_job();
        json!({
            "converged": self.converged(),
            "edits": phones.edits, "edits_offline": phones.offline, "numbered_offline": phones.numbered_offline,
            "receipts": self.receipts, "merges": self.merges,
            "lost": verdict.lost, "doubled": verdict.doubled, "held": verdict.held,
            "refused_steps": self.refused.len(), "told": self.told,
            "incidents": self.import.created, "events_replayed": self.import.findings.events,
            "import": self.import.json(),
            "work_orders": self.world.orders, "phones": phones.phones,
            "pictures": phones.pictures, "files_whole": self.files,
            "dispatcher": {
                "reassigned": self.changed.reassigned, "cancelled": self.changed.cancelled,
                "reprioritised": self.changed.reprioritised, "described": self.changed.described,
                "refused_at_once": self.changed.refused_at_once,
            },
            "syncs": phones.syncs, "syncs_cut": phones.cut,
            "bytes_up": phones.bytes_up, "bytes_down": phones.bytes_down,
            "first_job_milliseconds": { "median": median, "longest": longest },
            "first_job_bytes": phones.first_job_bytes, "first_sync_bytes": phones.first_sync_bytes,
            "alert": self.scene.json(),
            "records_compared": verdict.compared, "differences": verdict.differences,
            "seconds": self.seconds,
        })
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let (phones, verdict, changed) = (&self.phones, &self.verdict, &self.changed);
        let (median, longest) = phones.first_job();
        let told: Vec<String> = self.told.iter().map(|(who, count)| format!("{who} {count}")).collect();
        let waiting = self.world.orders - self.world.assigned;
        vec![
            ("real incidents, events replayed", format!("{}, {}", self.import.created, self.import.findings.events)),
            ("work orders on site", format!("{}, {waiting} of them waiting for dispatch at dawn", self.world.orders)),
            ("phones", format!("{}, each with its own encrypted database", phones.phones)),
            ("edits made on phones", format!("{}, {} of them with the radio off", phones.edits, phones.offline)),
            ("records numbered with the radio off", phones.numbered_offline.to_string()),
            (
                "commands refused at once",
                format!("{}, by the phone, before anything was saved", phones.refused_at_once),
            ),
            (
                "the dispatcher meanwhile",
                format!(
                    "{} reassigned, {} cancelled, {} reprioritised, {} described, {} refused at once",
                    changed.reassigned,
                    changed.cancelled,
                    changed.reprioritised,
                    changed.described,
                    changed.refused_at_once,
                ),
            ),
            ("receipts", format!("{}, {} of them merged with somebody else's edit", self.receipts, self.merges)),
            ("refused steps, and who was told", format!("{}: {}", self.refused.len(), told.join(", "))),
            ("photos and signatures", format!("{} taken, {} files whole on the server", phones.pictures, self.files)),
            ("syncs", format!("{}, {} more cut in the middle", phones.syncs, phones.cut)),
            (
                "bytes on the wire",
                format!("{} up, {} down, HTTP included", size(phones.bytes_up), size(phones.bytes_down)),
            ),
            (
                "first job on screen",
                format!(
                    "{median} ms (longest {longest} ms), after {:.1} % of the first sync's bytes",
                    phones.first_job_percent(),
                ),
            ),
            ("edits lost, doubled, held", format!("{}, {}, {}", verdict.lost, verdict.doubled, verdict.held)),
            ("everything converged", format!("{} ({} records compared)", yes(self.converged()), verdict.compared)),
            ("took", format!("{:.1} s", self.seconds)),
        ]
    }
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "NO" }
}

fn size(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1000.0)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, figure) in self.lines() {
            writeln!(f, "{what:<38} {figure}")?;
        }
        for refused in self.refused.iter().take(5) {
            writeln!(f, "  refused: {refused}")?;
        }
        for difference in self.verdict.differences.iter().take(20) {
            writeln!(f, "  differs: {difference}")?;
        }
        write!(f, "\n{}", self.scene)
    }
}
