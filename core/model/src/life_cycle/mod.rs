//! Life cycles as data, and the fold that says where a record stands.
//!
//! A replica cannot refuse an edit without cutting its author off, so steps merge like everything else and are judged
//! afterwards. [`LifeCycle::fold`] (`fold.rs`) is a pure function of the *set* of steps, so replicas that hold the same
//! steps agree on the stage. [`LifeCycle::check`] (`guard.rs`) is what a person is told before taking a step: roles,
//! required fields, reasons. [`LifeCycle::facts`] (`facts.rs`) is what the followed steps make of the record's fields:
//! state, stamps, seconds worked.
//!
//! Left out: storing a stage anywhere, and whatever happens *because* of a step; that is the server's to do.

mod facts;
mod fold;
#[cfg(test)]
mod fold_tests;
mod guard;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::id::{DeviceId, FieldName, SysId};
use crate::time::Timestamp;

pub use guard::{Attempt, StepError};

/// One place a record can be in its life.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Its name in steps and histories, such as `work_in_progress`.
    pub name: String,
    /// What people read.
    pub label: String,
    /// The Table API's `state`; several stages may share one and differ in `sub_state`.
    pub state: i64,
    /// What tells stages of one `state` apart.
    pub sub_state: Option<String>,
    /// How far the work has come; of concurrent steps the furthest is judged first.
    pub rank: i64,
    /// Whether reaching it means that somebody did real work.
    #[serde(default)]
    pub work: bool,
    /// Whether the record still needs somebody (`active`).
    #[serde(default = "yes")]
    pub active: bool,
    /// The field that adds up the seconds spent here.
    pub seconds_in: Option<FieldName>,
}

fn yes() -> bool {
    true
}

/// One way from stage to stage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRule {
    /// Its name in histories, such as `complete`.
    pub name: String,
    /// What the button says.
    pub label: String,
    /// Stages it may start from.
    pub from: Vec<String>,
    /// The stage it leads to.
    pub to: String,
    /// Roles that may take it; empty when everybody in scope may.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Fields that must not be empty.
    #[serde(default)]
    pub requires: Vec<FieldName>,
    /// How early it is judged among concurrent steps, when not by the rank of the stage it leads to.
    pub rank: Option<i64>,
    /// Reasons to choose from; when not empty, one must be given (`other` also as `other: and why`).
    #[serde(default)]
    pub reasons: Vec<String>,
    /// The field that shows the reason while this is the latest step.
    pub reason_field: Option<FieldName>,
    /// Whether a public comment must come with it when this reason is given.
    pub comment_for: Option<String>,
    /// Fields it empties, before its stamps.
    #[serde(default)]
    pub clears: Vec<FieldName>,
    /// Fields it fills when empty, with the action time (a moment), the author (a reference) or, always, how often it
    /// was taken (a whole number).
    #[serde(default)]
    pub stamps: Vec<FieldName>,
}

/// The stages of a kind of record and the steps between them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LifeCycle {
    /// Its name in the dictionary.
    pub name: String,
    /// The stage of a new record.
    pub initial: String,
    /// Every stage.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
    /// Every step.
    #[serde(rename = "step")]
    pub steps: Vec<StepRule>,
}

/// A step's identity: which edit of which device took it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
pub struct StepId {
    /// The device that took it.
    #[n(0)]
    pub device: DeviceId,
    /// Its actor epoch.
    #[n(1)]
    pub epoch: u32,
    /// The edit's number on that device.
    #[n(2)]
    pub counter: u64,
    /// Which act of the edit.
    #[n(3)]
    pub act: u32,
}

/// A step somebody took, allowed or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// Its identity.
    pub id: StepId,
    /// The name of its [`StepRule`].
    pub name: String,
    /// The latest steps its author knew of.
    pub after: Vec<StepId>,
    /// Who took it.
    pub by: SysId,
    /// When, by the author's device.
    pub at: Timestamp,
    /// Why, where the rule asks.
    pub reason: Option<String>,
}

/// Why the fold did not follow a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The step does not lead on from the stage the record had.
    NotFrom {
        /// That stage.
        stage: String,
    },
    /// Work had been done that the author could not know of.
    WorkWasDone {
        /// The stage the work had reached.
        stage: String,
    },
    /// Somebody else had already taken the record there.
    AlreadyThere {
        /// That stage.
        stage: String,
        /// Who was first.
        by: SysId,
    },
    /// No step of that name exists here; a newer app may know it.
    UnknownStep,
}

/// A step that was kept but not followed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedStep {
    /// What was done.
    pub step: Step,
    /// Why the record did not follow.
    pub refusal: Refusal,
}

/// Where a record stands and how it came there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The name of the stage.
    pub stage: String,
    /// The steps followed, in the order they count.
    pub accepted: Vec<Step>,
    /// The steps kept but not followed, in the order they were judged.
    pub refused: Vec<RefusedStep>,
    /// The steps that somebody took again, from another device, without knowing that they had.
    pub repeated: Vec<Step>,
}

impl LifeCycle {
    /// A stage by name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.name == name)
    }

    /// A step rule by name.
    pub fn step(&self, name: &str) -> Option<&StepRule> {
        self.steps.iter().find(|step| step.name == name)
    }

    /// The steps that lead on from a stage.
    pub fn steps_from<'a>(&'a self, stage: &str) -> impl Iterator<Item = &'a StepRule> {
        self.steps.iter().filter(move |step| step.from.iter().any(|from| from == stage))
    }
}
