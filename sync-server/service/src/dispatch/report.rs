//! What a plan says to people and machines: who goes where and when, who stays unserved and why, and what could not be planned.

use std::collections::BTreeMap;

use fieldline_model::{Record, SysId, Timestamp};
use fieldline_routing::Source;
use serde::{Serialize, Serializer};

fn moment<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&moment.to_rfc3339())
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Who {
    /// What people call them.
    pub name: String,
    /// The `sys_user` record.
    pub user: SysId,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject {
    /// What people call it.
    pub number: String,
    /// The `wm_task` record.
    pub sys_id: SysId,
}

impl Subject {
    pub(super) fn of(task: &Record) -> Self {
        Self { number: task.text("number").to_owned(), sys_id: task.id.sys_id }
    }
}

/// A way and the work at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Times {
    /// When to set out.
    #[serde(serialize_with = "moment")]
    pub scheduled_travel_start: Timestamp,
    /// How long the way takes.
    pub travel_seconds: i64,
    /// How long the way is.
    pub travel_meters: i64,
    /// When the technician arrives and the work begins.
    #[serde(serialize_with = "moment")]
    pub expected_start: Timestamp,
    /// When the work ends.
    #[serde(serialize_with = "moment")]
    pub estimated_end: Timestamp,
}

/// A task somebody is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The task.
    pub task: Subject,
    /// Who.
    pub technician: Who,
    /// Who does it with them.
    pub crew: Vec<Who>,
    /// When.
    #[serde(flatten)]
    pub times: Times,
    /// Whether the technician and the time stood before and were planned around.
    pub stands: bool,
    /// Whether publishing the plan changes the task.
    pub changes: bool,
    /// What was taken for granted.
    pub notes: Vec<String>,
}

/// What keeps a technician from a task, or from working at all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InTheWay {
    /// Who.
    pub technician: Who,
    /// What is in the way, or would have to give way.
    pub reason: String,
}

/// A task nobody can do in these days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unserved {
    /// The task.
    pub task: Subject,
    /// For each technician why not.
    pub in_the_way: Vec<InTheWay>,
}

/// A task that cannot be planned as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The task.
    pub task: Subject,
    /// What is wrong and what to do.
    pub reason: String,
}

/// What was planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The first moment planned.
    #[serde(serialize_with = "moment")]
    pub from: Timestamp,
    /// The first moment after.
    #[serde(serialize_with = "moment")]
    pub until: Timestamp,
    /// What the search began with; the same one gives the same plan as long as nothing changes.
    pub seed: u32,
    /// Who does what, by technician and time.
    pub planned: Vec<Planned>,
    /// What nobody can do.
    pub unserved: Vec<Unserved>,
    /// What cannot be planned, or was not published because it changed meanwhile.
    pub refused: Vec<Refused>,
    /// Which members of the group cannot be planned, or not on every day, and what is missing.
    pub absent: Vec<InTheWay>,
    /// How many tasks may not begin before these days are over.
    pub later: usize,
    /// How many of the ways between places each source told: roads, or as the crow flies.
    pub ways: BTreeMap<Source, usize>,
    /// How many tasks were changed.
    pub published: usize,
}

/// What it would take a technician to do one task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// Who.
    pub technician: Who,
    /// When, if there is room: the cheapest.
    #[serde(flatten)]
    pub room: Option<Room>,
    /// What is in the way, if there is none.
    pub reason: Option<String>,
}

/// Room for a task in a working day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Room {
    /// When, at the earliest.
    #[serde(flatten)]
    pub times: Times,
    /// By how much it and others would end after their windows, where those are not fixed.
    pub late_seconds: i64,
    /// How much more there is to drive.
    pub added_travel_seconds: i64,
}

/// Who could do one task, the best first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidates {
    /// The task.
    pub task: Subject,
    /// The technicians.
    pub candidates: Vec<Candidate>,
    /// Which members of the group cannot be planned, or not on every day, and what is missing.
    pub absent: Vec<InTheWay>,
}

/// Hours that can be offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// The earliest moment to promise.
    #[serde(serialize_with = "moment")]
    pub slot_start: Timestamp,
    /// The first moment after.
    #[serde(serialize_with = "moment")]
    pub slot_end: Timestamp,
    /// Who would come.
    pub technician: Who,
    /// Who would come with them.
    pub crew: Vec<Who>,
    /// When, as things stand.
    #[serde(flatten)]
    pub room: Room,
}

/// The hours that can be offered, the cheapest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Slots {
    /// The slots.
    pub slots: Vec<Slot>,
    /// Why there is none, for each technician.
    pub in_the_way: Vec<InTheWay>,
    /// Which members of the group cannot be planned, or not on every day, and what is missing.
    pub absent: Vec<InTheWay>,
}

/// Something an assignment would go against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// A word for the rule.
    pub rule: &'static str,
    /// What is against it.
    pub problem: String,
}

/// What an assignment would go against, and when it would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// The task.
    pub task: Subject,
    /// Who.
    pub technician: Who,
    /// When, with the way there, where a time was given and both ends are known.
    #[serde(flatten)]
    pub times: Option<Times>,
    /// What it would go against; nothing when it may be.
    pub violations: Vec<Violation>,
}

/// What came of an assignment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assigned {
    /// The task.
    pub task: Subject,
    /// Who; `None` when nobody has room.
    pub technician: Option<Who>,
    /// Who does it with them.
    pub crew: Vec<Who>,
    /// Whether the task is assigned now.
    pub is_assigned: bool,
    /// When, with the way there.
    #[serde(flatten)]
    pub times: Option<Times>,
    /// What it goes against, or would.
    pub violations: Vec<Violation>,
    /// What is in the way of each technician, when nobody has room.
    pub in_the_way: Vec<InTheWay>,
    /// Why it could be assigned to nobody as it is.
    pub reason: Option<String>,
}

impl Assigned {
    /// Nothing has come of it yet.
    pub(super) fn not_yet(task: &Record) -> Self {
        Self {
            task: Subject::of(task),
            technician: None,
            crew: Vec::new(),
            is_assigned: false,
            times: None,
            violations: Vec::new(),
            in_the_way: Vec::new(),
            reason: None,
        }
    }
}
