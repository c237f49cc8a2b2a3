//! What there is to do for a dispatch group, sorted: open tasks that can be planned, tasks that stand where they are, and tasks
//! that cannot be planned, each with what is wrong and what to do.
//!
//! Whatever somebody was told to do stands: it keeps its technician and its time, in every group, and the rest is planned
//! around it. A task that was handed out without a time keeps its technician only. A task lies where its own location is,
//! else where its order's is.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::task_times::{TaskTimes, USUAL_WORK_SECONDS};
use fieldline_model::{DocumentId, Place, Record, SysId, Timestamp, Value};

use super::report::{Refused, Subject};
use super::roster::{Rosters, place_of};
use super::span::Span;
use crate::call::Call;
use crate::error::Result;
use crate::react::stage_of;

/// A task a plan may give to somebody.
#[derive(Debug, Clone)]
pub struct Open {
    pub task: Record,
    pub place: Place,
    pub times: TaskTimes,
    pub skills: BTreeSet<SysId>,
    /// Who has it already, without a time.
    pub holder: Option<SysId>,
    /// Who rejected it last.
    pub rejected_by: Option<SysId>,
}

/// A task that keeps its technician and its time.
#[derive(Debug, Clone)]
pub struct Standing {
    pub task: Record,
    pub user: SysId,
    /// `None` when nobody knows where.
    pub place: Option<Place>,
    pub begins: Timestamp,
    /// How long it still takes.
    pub work_seconds: i64,
    /// Whether the technician is there already.
    pub is_there: bool,
    /// Whether the technician has set out.
    pub is_begun: bool,
}

/// Everything there is to do.
#[derive(Debug, Default)]
pub struct Tasks {
    pub open: Vec<Open>,
    pub standing: Vec<Standing>,
    pub refused: Vec<Refused>,
    /// How many may not begin before these days are over.
    pub later: usize,
    /// When and where each technician ended work last.
    pub last: BTreeMap<SysId, (Timestamp, Place)>,
}

/// What can be done with a task nobody has a time for.
pub enum Sorted {
    Open(Box<Open>),
    Refused(String),
    Later,
}

impl Tasks {
    /// Reads and sorts the tasks of a group, and what its technicians do for others.
    pub fn of_group(call: &Call<'_>, group: SysId, rosters: &Rosters, within: Span) -> Result<Self> {
        let users: Vec<String> = rosters.technicians.iter().map(|one| one.who.user.to_string()).collect();
        let users = users.join(",");
        let theirs = if users.is_empty() { String::new() } else { format!("^ORassigned_toIN{users}") };
        let query = format!("active=true^dispatch_group={group}{theirs}^ORDERBYnumber");
        let mut tasks = Self::default();
        for task in call.rows_of_query("wm_task", &query)? {
            tasks.add(call, group, task, within)?;
        }
        if !users.is_empty() {
            tasks.read_last(call, &users, within.from)?;
        }
        Ok(tasks)
    }

    fn add(&mut self, call: &Call<'_>, group: SysId, task: Record, within: Span) -> Result<()> {
        if let Some(standing) = standing(call, &task)? {
            self.standing.push(standing);
            return Ok(());
        }
        if task.reference("dispatch_group") != Some(group) {
            return Ok(());
        }
        match sorted(call, &task, within)? {
            Sorted::Open(open) => self.open.push(*open),
            Sorted::Refused(reason) => self.refused.push(Refused { task: Subject::of(&task), reason }),
            Sorted::Later => self.later += 1,
        }
        Ok(())
    }

    fn read_last(&mut self, call: &Call<'_>, users: &str, from: Timestamp) -> Result<()> {
        let ended = format!("assigned_toIN{users}^active=false^work_end>={from}^work_end<={}", call.now);
        for task in call.rows_of_query("wm_task", &ended)? {
            let (user, ended) = (task.reference("assigned_to"), task.time("work_end"));
            if let (Some(user), Some(ended), Some(place)) = (user, ended, lies_at(call, &task)?) {
                let last = self.last.entry(user).or_insert((ended, place));
                *last = (*last).max((ended, place));
            }
        }
        Ok(())
    }
}

/// The stage a task shows.
fn stage<'c>(call: &'c Call<'_>, task: &Record) -> &'c str {
    let life_cycle = call.dictionary.life_cycle_of("wm_task");
    life_cycle.and_then(|life_cycle| stage_of(life_cycle, task)).map_or("", |stage| &stage.name)
}

/// A task that stands, if it does.
fn standing(call: &Call<'_>, task: &Record) -> Result<Option<Standing>> {
    let Some(user) = task.reference("assigned_to") else { return Ok(None) };
    let (now, expected, stage) = (call.now, task.time("expected_start"), stage(call, task));
    let begins = match stage {
        "assigned" | "accepted" => expected,
        "en_route" => Some(expected.unwrap_or(now)),
        "on_site" | "work_in_progress" | "paused" => Some(now),
        _ => None,
    };
    let Some(begins) = begins else { return Ok(None) };
    let takes = TaskTimes::of(task).map_or(USUAL_WORK_SECONDS, |times| times.work_seconds);
    let is_worked_on = matches!(stage, "work_in_progress" | "paused");
    let ends = task.time("work_start").filter(|_| is_worked_on).map(|start| start.plus_milliseconds(takes * 1_000));
    let work_seconds = ends.map_or(takes, |ends| ends.milliseconds_since(now).max(0) / 1_000);
    Ok(Some(Standing {
        task: task.clone(),
        user,
        place: lies_at(call, task)?,
        begins,
        work_seconds,
        is_there: is_worked_on || stage == "on_site",
        is_begun: !matches!(stage, "assigned" | "accepted"),
    }))
}

/// Whether a task can be planned within some days, and as what.
pub fn sorted(call: &Call<'_>, task: &Record, within: Span) -> Result<Sorted> {
    let stage = stage(call, task);
    if stage == "draft" {
        return Ok(Sorted::Refused("is a draft; qualify it, then plan again".into()));
    }
    if task.says("needs_crew") {
        return Ok(Sorted::Refused("needs a crew, and plans send one technician; assign it by hand".into()));
    }
    let times = match TaskTimes::of(task) {
        Ok(times) => times,
        Err(problem) => return Ok(Sorted::Refused(problem.to_string())),
    };
    if times.earliest.is_some_and(|earliest| earliest >= within.until) {
        return Ok(Sorted::Later);
    }
    if let Some(latest) = times.latest.filter(|latest| *latest < within.from.max(call.now)) {
        let problem = format!("had to begin by {latest} UTC, which is over; agree another window, or empty it");
        return Ok(Sorted::Refused(problem));
    }
    let Some(place) = lies_at(call, task)? else {
        let problem = "has no position: give it a location, and the location a latitude and a longitude";
        return Ok(Sorted::Refused(problem.into()));
    };
    let skills: BTreeSet<SysId> = task.references("skills").into_iter().collect();
    if let Some(problem) = unknown_skill(call, &skills)? {
        return Ok(Sorted::Refused(problem));
    }
    let has_it = task.reference("assigned_to");
    let holder = has_it.filter(|_| matches!(stage, "assigned" | "accepted"));
    let rejected_by = has_it.filter(|_| stage == "pending_dispatch" && !task.text("reject_reason").is_empty());
    Ok(Sorted::Open(Box::new(Open { task: task.clone(), place, times, skills, holder, rejected_by })))
}

fn unknown_skill(call: &Call<'_>, skills: &BTreeSet<SysId>) -> Result<Option<String>> {
    for skill in skills {
        match call.row(&DocumentId::new("cmn_skill", *skill))? {
            None => {
                let problem = "which cmn_skill does not have; take it out of skills, or create it";
                return Ok(Some(format!("needs the skill {skill}, {problem}")));
            }
            Some(row) if row.get("active") == Some(&Value::Boolean(false)) => {
                let problem = "which is not in use any more; replace it in skills";
                return Ok(Some(format!("needs the skill {}, {problem}", row.text("name"))));
            }
            Some(_) => {}
        }
    }
    Ok(None)
}

/// Where a task is to be done.
fn lies_at(call: &Call<'_>, task: &Record) -> Result<Option<Place>> {
    if let Some(location) = task.reference("location") {
        return place_of(call, location);
    }
    let order = task.reference("parent").map(|order| call.row(&DocumentId::new("wm_order", order))).transpose()?;
    let location = order.flatten().and_then(|order| order.reference("location"));
    Ok(location.map(|location| place_of(call, location)).transpose()?.flatten())
}
