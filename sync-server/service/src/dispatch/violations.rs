//! What an assignment by hand would go against, in words a dispatcher can weigh: skills, wishes, territory, locks, what has to be over
//! first, and, where a time is given, working hours, the window, and what else the technician has to do, with the way there.
//!
//! It judges the one assignment that is asked about and searches for nothing. Ways are the same as a plan's.

use std::collections::BTreeSet;

use fieldline_model::task_times::{TaskTimes, USUAL_WORK_SECONDS};
use fieldline_model::{DocumentId, Place, Record, SysId, Timestamp, Value};
use fieldline_routing::{Region, ToldTravel, Travel, TravelSource};

use super::report::{Checked, Subject, Times, Violation, Who};
use super::roster::{Rosters, Stretch, Technician, skills};
use super::span::Span;
use super::tasks::{Site, Standing, site_of, standing};
use super::territory::Territories;
use super::{DispatchError, Result};
use crate::call::Call;

/// How far around a moment hours and other tasks are looked at.
const AROUND_MILLISECONDS: i64 = 24 * 3_600_000;

/// An assignment somebody thinks of.
struct Thought<'t> {
    task: &'t Record,
    who: Who,
    work_seconds: i64,
    site: Option<Site>,
    found: Vec<Violation>,
}

/// Says what it would go against if a technician did a task, from a moment on if one is given.
pub(super) fn of(call: &Call<'_>, task: &Record, user: SysId, start: Option<Timestamp>) -> Result<Checked> {
    let id = DocumentId::new("sys_user", user);
    let person = call.row(&id)?.ok_or_else(|| DispatchError::NotFound(id.to_string()))?;
    let who = Who { user, name: person.text("name").to_owned() };
    let work_seconds = TaskTimes::of(task).map_or(USUAL_WORK_SECONDS, |times| times.work_seconds);
    let mut thought = Thought { task, who, work_seconds, site: site_of(call, task)?, found: Vec::new() };
    if person.get("active") == Some(&Value::Boolean(false)) {
        thought.adds("inactive", "is not active any more".into());
    }
    thought.judge_wishes(user);
    thought.judge_membership(call, user)?;
    thought.judge_skills(call, user, start.unwrap_or(call.now))?;
    thought.judge_order(call, start)?;
    let times = match start {
        Some(start) => thought.judge_time(call, user, start)?,
        None => None,
    };
    Ok(Checked { task: Subject::of(task), technician: thought.who, times, violations: thought.found })
}

impl Thought<'_> {
    fn adds(&mut self, rule: &'static str, problem: String) {
        self.found.push(Violation { rule, problem });
    }

    fn judge_wishes(&mut self, user: SysId) {
        let task = self.task;
        let lists = |field: &str| task.references(field).contains(&user);
        if task.says("schedule_lock") {
            self.adds("schedule_lock", "the schedule of the task is locked".into());
        }
        if lists("excluded_agents") {
            self.adds("excluded", "is excluded from the task".into());
        }
        if !task.references("required_agents").is_empty() && !lists("required_agents") {
            self.adds("required", "is not among those the task is for".into());
        }
        if task.reference("assigned_to") == Some(user) && !task.text("reject_reason").is_empty() {
            self.adds("rejected", format!("rejected the task ({})", task.text("reject_reason")));
        }
        let size = task.get("crew_size").and_then(Value::as_integer).unwrap_or(1);
        let others = task.references("additional_assignee_list").len() as i64;
        if size > 1 + others {
            self.adds("crew", format!("the task takes a crew of {size}, and {others} others are named"));
        }
    }

    fn judge_membership(&mut self, call: &Call<'_>, user: SysId) -> Result<()> {
        let Some(group) = self.task.reference("dispatch_group") else { return Ok(()) };
        let member = [("group", &*group.to_string()), ("user", &*user.to_string())];
        if call.rows_with("sys_user_grmember", &member)?.is_empty() {
            self.adds("group", "is not in the dispatch group of the task".into());
        }
        let territories = Territories::of_group(call, group, call.now)?;
        let served = territories.served_by(user);
        let lies_in = self.site.as_ref().and_then(|site| territories.of(site));
        if let Some(territory) = lies_in.filter(|one| !served.is_empty() && !served.contains(&one.name)) {
            self.adds("territory", format!("does not serve {}", territory.name));
        }
        Ok(())
    }

    fn judge_skills(&mut self, call: &Call<'_>, user: SysId, at: Timestamp) -> Result<()> {
        let has = skills(call, user)?;
        for needed in self.task.references("skills") {
            let theirs = has.iter().find(|skill| skill.skill == needed);
            let problem = match theirs.map(|skill| skill.valid_until) {
                None => "lacks the skill".to_owned(),
                Some(Some(until)) if until < at => format!("had until {until} UTC the skill"),
                Some(_) => continue,
            };
            let name = call.row(&DocumentId::new("cmn_skill", needed))?;
            let name = name.map_or_else(|| needed.to_string(), |skill| skill.text("name").to_owned());
            self.adds("skill", format!("{problem} {name}"));
        }
        Ok(())
    }

    fn judge_order(&mut self, call: &Call<'_>, start: Option<Timestamp>) -> Result<()> {
        for before in call.before_task(self.task.id.sys_id)? {
            let number = before.task.text("number").to_owned();
            match (before.ends_by(), start) {
                (None, _) => self.adds("dependency", format!("{number} has to be over first and has no time yet")),
                (Some(ends), Some(start)) if start < ends => {
                    self.adds("dependency", format!("{number} has to be over first, which is planned for {ends} UTC"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Judges a time; returns it with the way there, where that is known.
    fn judge_time(&mut self, call: &Call<'_>, user: SysId, start: Timestamp) -> Result<Option<Times>> {
        let end = start.plus_milliseconds(self.work_seconds * 1_000);
        for (field, is_outside) in [
            ("window_start", self.task.time("window_start").is_some_and(|from| start < from)),
            ("window_end", self.task.time("window_end").is_some_and(|until| until < end)),
        ] {
            if is_outside {
                let limit = self.task.time(field).map(|limit| limit.to_string()).unwrap_or_default();
                self.adds("window", format!("lies outside the window of the task ({field} {limit} UTC)"));
            }
        }
        let around = Span {
            from: start.plus_milliseconds(-AROUND_MILLISECONDS),
            until: end.plus_milliseconds(AROUND_MILLISECONDS),
        };
        let roster = Rosters::of_users(call, &BTreeSet::from([user]), around)?;
        let technician = roster.technicians.first();
        let stretch = technician.and_then(|one| one.stretches.iter().find(|stretch| stretch.span.contains(start)));
        if stretch.is_none_or(|stretch| stretch.span.until < end) {
            self.adds("working_hours", "is outside the working hours of the technician".into());
        }
        let others = others_of(call, user, self.task)?;
        Ok(self.judge_ways(call, (start, end), base(technician, stretch), &others))
    }

    /// Judges whether the technician gets there from what comes before, and from there to what comes after.
    fn judge_ways(
        &mut self,
        call: &Call<'_>,
        (start, end): (Timestamp, Timestamp),
        base: Option<Place>,
        others: &[Standing],
    ) -> Option<Times> {
        let here = self.site.as_ref().map(|site| site.place);
        let before = others.iter().filter(|other| other.begins <= start).max_by_key(|other| other.begins);
        let after = others.iter().filter(|other| other.begins > start).min_by_key(|other| other.begins);
        let from = before.and_then(|before| before.place).or(base);
        let way = Ways::between(call, &[from, here, after.and_then(|after| after.place)]);
        if let Some(before) = before {
            let ends = before.begins.plus_milliseconds(before.work_seconds * 1_000);
            let there = ends.plus_milliseconds(way.seconds(0, 1) * 1_000);
            if start < there {
                let number = before.task.text("number");
                self.adds("overlap", format!("is at {number} until {ends} UTC, and could be there at {there} UTC"));
            }
        }
        if let Some(after) = after {
            let there = end.plus_milliseconds(way.seconds(1, 2) * 1_000);
            if after.begins < there {
                let (number, begins) = (after.task.text("number"), after.begins);
                self.adds("overlap", format!("has {number} at {begins} UTC, and would be there at {there} UTC"));
            }
        }
        from.zip(here).map(|_| Times {
            scheduled_travel_start: start.plus_milliseconds(-way.seconds(0, 1) * 1_000),
            travel_seconds: way.seconds(0, 1),
            travel_meters: way.meters(0, 1),
            expected_start: start,
            estimated_end: end,
        })
    }
}

/// Where a technician comes from who has nothing else to do before.
fn base(technician: Option<&Technician>, stretch: Option<&Stretch>) -> Option<Place> {
    stretch.or_else(|| technician?.stretches.first()).map(|stretch| stretch.start)
}

/// What else somebody has to do.
fn others_of(call: &Call<'_>, user: SysId, task: &Record) -> Result<Vec<Standing>> {
    let query = format!("active=true^assigned_to={user}^ORadditional_assignee_listISNOTEMPTY");
    let mut theirs = Vec::new();
    for other in call.rows_of_query("wm_task", &query)?.iter().filter(|other| other.id != task.id) {
        theirs.extend(standing(call, other)?.into_iter().filter(|standing| standing.user == user));
    }
    Ok(theirs)
}

/// Ways between a few places, of which some may not be known: from there it takes no time.
struct Ways {
    travel: Option<Travel>,
    numbers: Vec<Option<usize>>,
}

impl Ways {
    fn between(call: &Call<'_>, places: &[Option<Place>]) -> Self {
        let known: Vec<Place> = places.iter().copied().flatten().collect();
        let region = Region::default();
        let roads = call.server.roads().map(|roads| &**roads as &dyn TravelSource);
        let sources: Vec<&dyn TravelSource> = roads.into_iter().chain([&region as &dyn TravelSource]).collect();
        let travel = ToldTravel::ask(&sources, &known).ok().map(|told| told.travel);
        let mut count = 0;
        let numbers = places.iter().map(|place| {
            let number = place.map(|_| count);
            count += usize::from(place.is_some());
            number
        });
        Self { travel, numbers: numbers.collect() }
    }

    fn seconds(&self, from: usize, to: usize) -> i64 {
        self.told(from, to, |travel, from, to| travel.seconds(from, to).into())
    }

    fn meters(&self, from: usize, to: usize) -> i64 {
        self.told(from, to, |travel, from, to| travel.meters(from, to).into())
    }

    fn told(&self, from: usize, to: usize, told: impl Fn(&Travel, usize, usize) -> i64) -> i64 {
        let ends = self.numbers[from].zip(self.numbers[to]);
        self.travel.as_ref().zip(ends).map_or(0, |(travel, (from, to))| told(travel, from, to))
    }
}
