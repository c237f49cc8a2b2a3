//! What there is to do for a dispatch group, sorted: open tasks that can be planned, tasks that stand where they are, and tasks
//! that cannot be planned, each with what is wrong and what to do.
//!
//! Whatever somebody was told to do stands: it keeps its technician and its time, in every group, and the rest is planned
//! around it. A task that was handed out without a time keeps its technician only. A task lies where its own location is,
//! else where its order's is. What comes after others begins after them: after their plan where they are planned, too, else
//! after the time they have. A task that takes a crew takes the time of each who is in it.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::task_times::{TaskTimes, USUAL_WORK_SECONDS};
use fieldline_model::{DocumentId, Place, Record, SysId, Timestamp, Value};

use super::report::{Refused, Subject};
use super::roster::{Rosters, place_of};
use super::span::Span;
use crate::call::Call;
use crate::error::Result;
use crate::work_orders::dependency::Before;

/// The largest crew that is planned.
const MOST_CREW: i64 = 10;

/// A task a plan may give to somebody.
#[derive(Debug, Clone)]
pub struct Open {
    pub task: Record,
    pub site: Site,
    pub times: TaskTimes,
    pub skills: BTreeSet<SysId>,
    /// How many do it together.
    pub crew: usize,
    /// Who has it already, without a time.
    pub holder: Option<SysId>,
    /// When not empty, nobody else does it.
    pub required: BTreeSet<SysId>,
    /// Nobody of these does it: who is excluded, and who rejected it last.
    pub excluded: BTreeSet<SysId>,
    /// What has to be over first and is not.
    pub waits_for: Vec<Before>,
}

/// Where something is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub place: Place,
    /// Its location, and those above it.
    pub locations: Vec<SysId>,
}

/// A task that keeps its technician and its time.
#[derive(Debug, Clone)]
pub struct Standing {
    pub task: Record,
    pub user: SysId,
    /// Whether it is theirs, or they only help.
    pub leads: bool,
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
        let helped = "^ORadditional_assignee_listISNOTEMPTY";
        let query = format!("active=true^dispatch_group={group}{theirs}{helped}^ORDERBYnumber");
        let mut tasks = Self::default();
        for task in call.rows_of_query("wm_task", &query)? {
            tasks.add(call, group, task, within)?;
        }
        tasks.put_in_order(within);
        if !users.is_empty() {
            tasks.read_last(call, &users, within.from)?;
        }
        Ok(tasks)
    }

    /// Leaves out what waits for something that nobody plans and that has no time.
    fn put_in_order(&mut self, within: Span) {
        let (mut admitted, mut waiting) = (BTreeSet::new(), std::mem::take(&mut self.open));
        let open: BTreeSet<SysId> = waiting.iter().map(|open| open.task.id.sys_id).collect();
        loop {
            let is_known = |before: &Before| match open.contains(&before.task.id.sys_id) {
                true => admitted.contains(&before.task.id.sys_id),
                false => before.ends_by().is_some(),
            };
            let (ready, rest): (Vec<Open>, Vec<Open>) =
                waiting.into_iter().partition(|open| open.waits_for.iter().all(is_known));
            waiting = rest;
            if ready.is_empty() {
                break;
            }
            for mut open in ready {
                open.wait_for_those_with_a_time(&admitted);
                match open.times.earliest.is_some_and(|earliest| earliest >= within.until) {
                    true => self.later += 1,
                    false => {
                        admitted.insert(open.task.id.sys_id);
                        self.open.push(open);
                    }
                }
            }
        }
        for open in waiting {
            let first = open.waits_for.first().map_or("another task", |before| before.task.text("number"));
            let reason = format!("comes after {first}, which is neither planned nor has a time; plan that one first");
            self.refused.push(Refused { task: Subject::of(&open.task), reason });
        }
    }

    fn add(&mut self, call: &Call<'_>, group: SysId, task: Record, within: Span) -> Result<()> {
        let standing = standing(call, &task)?;
        if !standing.is_empty() {
            self.standing.extend(standing);
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
            if let (Some(user), Some(ended), Some(site)) = (user, ended, site_of(call, &task)?) {
                let last = self.last.entry(user).or_insert((ended, site.place));
                *last = (*last).max((ended, site.place));
            }
        }
        Ok(())
    }
}

impl Open {
    /// Begins after what is not planned but has a time; what is planned stays what it waits for.
    pub fn wait_for_those_with_a_time(&mut self, planned: &BTreeSet<SysId>) {
        let earliest = &mut self.times.earliest;
        self.waits_for.retain(|before| {
            let is_planned = planned.contains(&before.task.id.sys_id);
            *earliest = (*earliest).max(before.ends_by().filter(|_| !is_planned));
            is_planned
        });
    }
}

/// A task that stands, once for each who does it; none when it does not.
pub fn standing(call: &Call<'_>, task: &Record) -> Result<Vec<Standing>> {
    let Some(leader) = task.reference("assigned_to") else { return Ok(Vec::new()) };
    let (now, expected, stage) = (call.now, task.time("expected_start"), call.stage_shown(task).unwrap_or_default());
    let begins = match stage {
        "assigned" | "accepted" => expected,
        "en_route" => Some(expected.unwrap_or(now)),
        "on_site" | "work_in_progress" | "paused" => Some(now),
        _ => None,
    };
    let Some(begins) = begins else { return Ok(Vec::new()) };
    let takes = TaskTimes::of(task).map_or(USUAL_WORK_SECONDS, |times| times.work_seconds);
    let is_worked_on = matches!(stage, "work_in_progress" | "paused");
    let ends = task.time("work_start").filter(|_| is_worked_on).map(|start| start.plus_milliseconds(takes * 1_000));
    let theirs = Standing {
        task: task.clone(),
        user: leader,
        leads: true,
        place: site_of(call, task)?.map(|site| site.place),
        begins,
        work_seconds: ends.map_or(takes, |ends| ends.milliseconds_since(now).max(0) / 1_000),
        is_there: is_worked_on || stage == "on_site",
        is_begun: !matches!(stage, "assigned" | "accepted"),
    };
    let others = task.references("additional_assignee_list").into_iter().filter(|user| *user != leader);
    let helps = others.map(|user| Standing { user, leads: false, ..theirs.clone() }).collect::<Vec<_>>();
    Ok([theirs].into_iter().chain(helps).collect())
}

/// How many do a task together, or why that is not known.
fn crew_of(task: &Record) -> Result<usize, String> {
    let said = task.get("crew_size").and_then(Value::as_integer);
    let named = 1 + task.references("additional_assignee_list").len() as i64;
    match said.unwrap_or(named) {
        1 if task.says("needs_crew") => Err("needs a crew, and says not of how many; fill in crew_size".into()),
        size @ 1..=MOST_CREW => Ok(size as usize),
        size => Err(format!("needs a crew of {size}; plans know crews of 1 to {MOST_CREW}, correct crew_size")),
    }
}

/// Whether a task can be planned within some days, and as what.
pub fn sorted(call: &Call<'_>, task: &Record, within: Span) -> Result<Sorted> {
    let stage = call.stage_shown(task).unwrap_or_default();
    if stage == "draft" {
        return Ok(Sorted::Refused("is a draft; qualify it, then plan again".into()));
    }
    if task.says("schedule_lock") {
        return Ok(Sorted::Refused("has a locked schedule; unlock it (schedule_lock=false) to have it planned".into()));
    }
    let crew = match crew_of(task) {
        Ok(crew) => crew,
        Err(problem) => return Ok(Sorted::Refused(problem)),
    };
    let mut times = match TaskTimes::of(task) {
        Ok(times) => times,
        Err(problem) => return Ok(Sorted::Refused(problem.to_string())),
    };
    let (over, waits_for): (Vec<Before>, Vec<Before>) =
        call.before_task(task.id.sys_id)?.into_iter().partition(|before| before.allows_from().is_some());
    times.earliest = over.iter().map(Before::allows_from).chain([times.earliest]).max().flatten();
    if times.earliest.is_some_and(|earliest| earliest >= within.until) {
        return Ok(Sorted::Later);
    }
    if let Some(latest) = times.latest.filter(|latest| *latest < within.from.max(call.now)) {
        let problem = format!("had to begin by {latest} UTC, which is over; agree another window, or empty it");
        return Ok(Sorted::Refused(problem));
    }
    let Some(site) = site_of(call, task)? else {
        let problem = "has no position: give it a location, and the location a latitude and a longitude";
        return Ok(Sorted::Refused(problem.into()));
    };
    let skills: BTreeSet<SysId> = task.references("skills").into_iter().collect();
    if let Some(problem) = unknown_skill(call, &skills)? {
        return Ok(Sorted::Refused(problem));
    }
    let has_it = task.reference("assigned_to");
    let holder = has_it.filter(|_| matches!(stage, "assigned" | "accepted"));
    let is_rejected = stage == "pending_dispatch" && !task.text("reject_reason").is_empty();
    let listed = |field: &str| -> BTreeSet<SysId> { task.references(field).into_iter().collect() };
    if holder.is_some() && crew > 1 + task.references("additional_assignee_list").len() {
        let problem = format!("is assigned to one of a crew of {crew}; name the others, or withdraw it");
        return Ok(Sorted::Refused(problem));
    }
    let required = match holder {
        Some(holder) if crew > 1 => [holder].into_iter().chain(listed("additional_assignee_list")).collect(),
        Some(holder) => BTreeSet::from([holder]),
        None => listed("required_agents"),
    };
    let excluded = listed("excluded_agents").into_iter().chain(has_it.filter(|_| is_rejected)).collect();
    let task = task.clone();
    Ok(Sorted::Open(Box::new(Open { task, site, times, skills, crew, holder, required, excluded, waits_for })))
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
pub fn site_of(call: &Call<'_>, task: &Record) -> Result<Option<Site>> {
    let own = task.reference("location");
    let order = || -> Result<Option<SysId>> {
        let order = call.referred("wm_order", task.reference("parent"))?;
        Ok(order.and_then(|order| order.reference("location")))
    };
    let location = match own {
        Some(location) => Some(location),
        None => order()?,
    };
    let place = location.map(|location| place_of(call, location)).transpose()?.flatten();
    let Some((location, place)) = location.zip(place) else { return Ok(None) };
    Ok(Some(Site { place, locations: with_those_above(call, location)? }))
}

/// A location and those above it; a circle ends where it closes.
fn with_those_above(call: &Call<'_>, location: SysId) -> Result<Vec<SysId>> {
    let mut all = vec![location];
    while let Some(row) = call.referred("cmn_location", all.last().copied())? {
        match row.reference("parent").filter(|above| !all.contains(above)) {
            Some(above) => all.push(above),
            None => break,
        }
    }
    Ok(all)
}
