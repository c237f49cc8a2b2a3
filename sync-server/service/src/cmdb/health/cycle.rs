//! The job that looks at everything, opens a task for each new failure, closes those that are mended, and keeps scorecards.
//!
//! It looks in a transaction that only reads, so nobody waits for it, and writes what follows a slice a transaction. Where it has
//! come is in the job, in the same transaction; after a restart it looks anew, and what is written already is not written twice.
//! How many hours lie between two cycles an organisation says in the property [`SETTING`]; without it a cycle begins when asked for.
//!
//! A task that somebody skipped is not opened again while it fails; one that was closed as done and was not is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use fieldline_model::condition::Filter;
use fieldline_model::{Decimal, DocumentId, Record, SysId, Timestamp, Value};
use fieldline_storage::Job;
use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::measure::Failure;
use super::score::{Kpi, Metric};
use super::{Card, Evaluation, Scope, check_may, evaluate};
use crate::call::Call;
use crate::cmdb::duplicates;
use crate::error::{Result, ServiceError};
use crate::named::sys_id_of;
use crate::server::Server;
use crate::table::{self, Input};

/// The jobs that look after health; there is one.
pub(crate) const KIND: &str = "cmdb_health";
/// The property that says how many hours lie between two cycles.
pub(crate) const SETTING: &str = "glide.cmdb.health.cycle_hours";
const RESULTS: &str = "cmdb_health_result";
const CARDS: &str = "cmdb_health_scorecard";
const TASKS: &str = "cmdb_health_task";
const DUPLICATES: &str = "reconcile_duplicate_task";
/// What one transaction writes at most, so that nobody waits long for it.
const SLICE: usize = 25;
const HOUR_MILLISECONDS: i64 = 3_600_000;
/// The state of a task that somebody says need not be done.
const SKIPPED: i64 = 7;

/// How far a cycle has come.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Come {
    /// By which plan; none has the number 0.
    plan: u64,
    done: usize,
}

/// Something to be written.
#[derive(Debug, Clone)]
enum Step {
    /// A failure that has no task, by its place.
    Open(usize),
    /// A failure whose words changed.
    Reword(usize),
    /// A result that holds no more.
    Close(SysId),
    /// A de-duplication task that may be done.
    Settle(SysId),
    /// A scorecard that another follows.
    Retire(SysId),
    /// A scorecard, by its place.
    Card(usize),
}

/// What a cycle writes, in order.
struct Plan {
    /// Another one for each plan, also of one moment: what is done of one is not done of another.
    number: u64,
    evaluation: Arc<Evaluation>,
    steps: Vec<Step>,
}

/// The plan that is under way.
#[derive(Default)]
pub(crate) struct KeptPlan(Mutex<Option<Arc<Plan>>>);

impl KeptPlan {
    fn get(&self) -> Option<Arc<Plan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Begins a cycle now, unless one is under way.
///
/// # Errors
/// When the caller may not read every item.
pub fn begin(call: &mut Call<'_>) -> table::Result<()> {
    check_may(call)?;
    let held = call.tx.job(KIND)?;
    if held.is_none_or(|held| held.stopped || held.due_at > call.now) {
        call.put_job(&Job::new(KIND, KIND, call.now))?;
    }
    Ok(())
}

/// Looks at everything, unless a cycle that is under way has.
///
/// # Errors
/// When the database fails.
pub(crate) fn prepare(server: &Server, jobs: &[Job], now: Timestamp, rng: &mut dyn Rng) -> Result<()> {
    let come = jobs.first().map(come_of).unwrap_or_default();
    if server.health_plan.get().is_some_and(|plan| plan.number == come.plan) {
        return Ok(());
    }
    let plan = server.read(&server.system(), now, rng, Plan::make)?;
    server.health.keep(plan.evaluation.clone());
    *server.health_plan.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(plan));
    Ok(())
}

/// Writes the next slice.
///
/// # Errors
/// When the database fails.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    let Some(plan) = call.server.health_plan.get() else { return Ok(()) };
    let done = Some(come_of(job)).filter(|come| come.plan == plan.number).map_or(0, |come| come.done);
    let next = plan.steps.len().min(done + SLICE);
    for step in &plan.steps[done..next] {
        call.because("the health of the CMDB".into(), |call| plan.take(call, step))?;
    }
    let again = Job { attempts: 0, problem: None, ..job.clone() };
    if next < plan.steps.len() {
        let come = serde_json::to_vec(&Come { plan: plan.number, done: next }).expect("plain data");
        return Ok(call.put_job(&Job { due_at: call.now, payload: come, ..again })?);
    }
    match call.hours_between()? {
        Some(hours) => {
            let due_at = call.now.plus_milliseconds(hours.saturating_mul(HOUR_MILLISECONDS));
            call.put_job(&Job { due_at, payload: Vec::new(), ..again })?;
        }
        None => drop(call.tx.remove_job(&job.name)?),
    }
    Ok(())
}

fn come_of(job: &Job) -> Come {
    serde_json::from_slice(&job.payload).unwrap_or_default()
}

impl Call<'_> {
    /// Lets the job follow what the property says.
    pub(crate) fn time_health(&mut self) -> Result<()> {
        match self.hours_between()? {
            Some(_) => self.put_job(&Job::new(KIND, KIND, self.now)),
            None => Ok(self.tx.remove_job(KIND).map(drop)?),
        }
    }

    fn hours_between(&self) -> Result<Option<i64>> {
        let hours = self.property_as::<i64>(SETTING)?;
        Ok(hours.filter(|hours| *hours > 0))
    }
}

impl Plan {
    fn make(call: &mut Call<'_>) -> Result<Self> {
        let number = call.rng.next_u64().max(1);
        let evaluation = Arc::new(evaluate(call)?);
        let mut steps = Vec::new();
        let mut results: BTreeMap<SysId, Record> = BTreeMap::new();
        results.extend(call.rows(RESULTS, &Filter::everything())?.into_iter().map(|row| (row.id.sys_id, row)));
        let tasks = call.rows("task", &Filter::equals("active", true))?;
        let open: BTreeSet<SysId> = tasks.iter().map(|task| task.id.sys_id).collect();
        for (failure, place) in evaluation.measured.failures.iter().zip(0..) {
            match results.remove(&identity(failure)) {
                None => steps.push(Step::Open(place)),
                Some(held) => {
                    if is_to_be_opened_again(call, &held, &open)? {
                        steps.push(Step::Open(place));
                    } else if held.text("details") != failure.detail {
                        steps.push(Step::Reword(place));
                    }
                }
            }
        }
        steps.extend(results.into_keys().map(Step::Close));
        let duplicates = tasks.iter().filter(|task| task.id.table == *DUPLICATES);
        steps.extend(duplicates.map(|task| Step::Settle(task.id.sys_id)));
        let cards = call.rows(CARDS, &Filter::equals("status", "Complete"))?;
        steps.extend(cards.iter().map(|card| Step::Retire(card.id.sys_id)));
        steps.extend((0..evaluation.cards().len()).map(Step::Card));
        Ok(Self { number, evaluation, steps })
    }

    fn take(&self, call: &mut Call<'_>, step: &Step) -> table::Result<()> {
        match step {
            Step::Open(place) => open(call, &self.evaluation, *place),
            Step::Reword(place) => reword(call, &self.evaluation.measured.failures[*place]),
            Step::Close(result) => close(call, *result),
            Step::Settle(task) => duplicates::settle(call, *task),
            Step::Retire(card) => retire(call, *card),
            Step::Card(place) => keep(call, &self.evaluation.cards()[*place], self.evaluation.at),
        }
    }
}

/// Whether the task of a failure that is still there was closed as if it were not.
fn is_to_be_opened_again(call: &Call<'_>, result: &Record, open: &BTreeSet<SysId>) -> Result<bool> {
    let Some(task) = result.reference("task") else { return Ok(true) };
    if open.contains(&task) {
        return Ok(false);
    }
    let task = call.tx.find(call.dictionary.family("task"), task)?;
    Ok(task.is_none_or(|task| crate::query::number_field(&task, "state") != Some(SKIPPED)))
}

/// The identity of the row about a failure: the same in every cycle.
fn identity(failure: &Failure) -> SysId {
    let named = format!("{KIND}/{}/{}", failure.metric.word(), failure.subject.sys_id);
    sys_id_of(named)
}

fn open(call: &mut Call<'_>, evaluation: &Evaluation, place: usize) -> table::Result<()> {
    let failure = &evaluation.measured.failures[place];
    let Some(subject) = call.row(&failure.subject)? else { return Ok(()) };
    let item = failure.item.map(|item| evaluation.measured.items[item as usize].clone());
    let held = call.row(&DocumentId::new(RESULTS, identity(failure)))?;
    if let Some(task) = held.and_then(|held| held.reference("task"))
        && call.row(&DocumentId::new(TASKS, task))?.is_some_and(|task| is_active(&task))
    {
        return Ok(());
    }
    let task = match failure.metric {
        Metric::Duplicate => reconcile(call, evaluation, failure)?,
        _ => Some(ask_to_mend(call, failure, &subject, item.as_ref())?),
    };
    put_result(call, failure, item.as_ref(), task)
}

fn is_active(task: &Record) -> bool {
    task.says("active")
}

fn reconcile(call: &mut Call<'_>, evaluation: &Evaluation, failure: &Failure) -> table::Result<Option<SysId>> {
    let sets = &evaluation.measured.alike;
    let Some((set, fields)) = sets.iter().find(|(set, _)| set.iter().any(|item| Some(*item) == failure.item)) else {
        return Ok(None);
    };
    let items = set.iter().map(|item| call.row(&evaluation.measured.items[*item as usize]));
    let items: Vec<Record> = items.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    duplicates::report(call, &items, fields)
}

fn ask_to_mend(
    call: &mut Call<'_>,
    failure: &Failure,
    subject: &Record,
    item: Option<&DocumentId>,
) -> table::Result<SysId> {
    let name = if subject.text("name").is_empty() { subject.id.to_string() } else { subject.text("name").to_owned() };
    let title: String = format!("{}: {name}", title(failure.metric)).chars().take(160).collect();
    let text = format!("{}: {}. The task closes itself once that is mended.", failure.subject, failure.detail);
    let description: String = text.chars().take(4_000).collect();
    let mut fields: Vec<(&str, String)> =
        vec![("short_description", title), ("description", description), ("metric", failure.metric.word().to_owned())];
    if failure.metric.kpi() == Kpi::Relationships {
        fields.push(("relation", failure.subject.sys_id.to_string()));
    }
    if let Some(item) = item.map(|item| call.row(item)).transpose()?.flatten() {
        fields.push(("cmdb_ci", item.id.sys_id.to_string()));
        let group = ["managed_by_group", "support_group"].into_iter().find_map(|field| item.reference(field));
        fields.extend(group.map(|group| ("assignment_group", group.to_string())));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(field, text)| (*field, text.as_str())).collect();
    Ok(table::create(call, TASKS, &Input::of(&fields))?.record.id.sys_id)
}

fn title(metric: Metric) -> &'static str {
    match metric {
        Metric::Required => "Fill mandatory fields",
        Metric::Recommended => "Fill recommended fields",
        Metric::Orphan => "Relate or retire an orphan",
        Metric::Stale => "Confirm or retire what nobody changed",
        Metric::Duplicate => "Choose which of duplicates stays",
        Metric::Audit => "Bring to its expected values",
        Metric::DuplicateRelation => "End a relation that is there twice",
        Metric::OrphanRelation => "End a relation without an end",
        Metric::StaleRelation => "Confirm a relation of a stale item",
    }
}

fn put_result(
    call: &mut Call<'_>,
    failure: &Failure,
    item: Option<&DocumentId>,
    task: Option<SysId>,
) -> table::Result<()> {
    let mut row = Record::new(DocumentId::new(RESULTS, identity(failure)));
    let is_relation = failure.metric.kpi() == Kpi::Relationships;
    row.set("relation", is_relation.then_some(Value::Reference(failure.subject.sys_id)));
    row.set("ci", item.map(|item| Value::Reference(item.sys_id)));
    row.set("class_name", item.map(|item| Value::text(item.table.as_str())));
    row.set("metric", Some(Value::text(failure.metric.word())));
    row.set("kpi", Some(Value::text(failure.metric.kpi().word())));
    row.set("details", Some(Value::text(failure.detail.chars().take(4_000).collect::<String>())));
    row.set("task", task.map(Value::Reference));
    Ok(call.put_row(row)?)
}

fn reword(call: &mut Call<'_>, failure: &Failure) -> table::Result<()> {
    let Some(mut row) = call.row(&DocumentId::new(RESULTS, identity(failure)))? else { return Ok(()) };
    row.set("details", Some(Value::text(failure.detail.chars().take(4_000).collect::<String>())));
    Ok(call.put_row(row)?)
}

/// Forgets a result that holds no more, and closes its task.
fn close(call: &mut Call<'_>, result: SysId) -> table::Result<()> {
    let Some(row) = call.row(&DocumentId::new(RESULTS, result))? else { return Ok(()) };
    let task = call.referred(TASKS, row.reference("task"))?;
    if let Some(task) = task.filter(is_active) {
        call.step_towards(&task, "closed_complete")?;
    }
    Ok(call.remove_row(&row)?)
}

/// Scores of services are kept once, others for ever.
fn retire(call: &mut Call<'_>, card: SysId) -> table::Result<()> {
    let Some(mut row) = call.row(&DocumentId::new(CARDS, card))? else { return Ok(()) };
    if row.text("type") == "service" {
        return Ok(call.remove_row(&row)?);
    }
    row.set("status", Some(Value::text("Historic")));
    Ok(call.put_row(row)?)
}

fn keep(call: &mut Call<'_>, card: &Card, at: Timestamp) -> table::Result<()> {
    let (kind, name) = match &card.scope {
        Scope::Overall => ("overall", "Overall".to_owned()),
        Scope::Class(class) => ("class", class.clone()),
        Scope::Service(service) => {
            let service =
                call.tx.find(call.dictionary.family(super::SERVICES), *service).map_err(ServiceError::from)?;
            ("service", service.map_or_else(String::new, |service| service.text("name").to_owned()))
        }
    };
    let named = format!("{KIND}/card/{}/{:?}", at.0, card.scope);
    let id = sys_id_of(named);
    let mut row = Record::new(DocumentId::new(CARDS, id));
    let points = |millionths: i64| Some(Value::Decimal(Decimal { millionths }));
    row.set("name", Some(Value::text(name)));
    row.set("type", Some(Value::text(kind)));
    row.set("status", Some(Value::text("Complete")));
    row.set("processed_at", Some(Value::Time(at)));
    row.set("score", points(card.score.overall));
    for (kpi, score) in &card.score.kpis {
        row.set(kpi.word(), points(*score));
    }
    row.set("items", i64::try_from(card.items).ok().map(Value::Integer));
    match &card.scope {
        Scope::Overall => {}
        Scope::Class(class) => row.set("class_name", Some(Value::text(class.as_str()))),
        Scope::Service(service) => row.set("service", Some(Value::Reference(*service))),
    }
    Ok(call.put_row(row)?)
}
