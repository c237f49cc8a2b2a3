//! Checklists: what a technician answers on a job, which answers fit, what is still to be answered, and what it scores.
//!
//! A [`Checklist`] is one version of what an organisation wrote, whole in one text, so a phone judges by the version its task
//! carries however often the organisation writes it anew. Answers are texts under keys (`boiler.pressure`); an answer is checked
//! alone by [`Question::check`], all of them together by [`Checklist::report`]. `rows.rs` reads what people wrote down.
//!
//! An answer beyond a hard limit is refused; one outside what is normal is taken, and wants a remark before the job ends. What is
//! not shown counts for nothing. Left out: questions repeated for several things, formulas over answers.
//!
//! Source: ServiceNow "Field Service Management questionnaires" for the types of questions; the rest is ours.

mod answer;
mod report;
pub mod rows;

use serde::{Deserialize, Serialize};

use crate::value::Decimal;

pub use answer::{Given, Verdict};
pub use report::{Asked, Missing, Report};

/// What an answer's key ends in that holds the remark about another answer.
pub const REMARK: &str = "remark";

/// Which step of a task waits for a checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Before {
    /// Work may not begin: a risk assessment.
    StartWork,
    /// The task may not be closed as complete.
    Complete,
}

impl Before {
    /// The step of the life cycle.
    pub fn step(self) -> &'static str {
        match self {
            Self::StartWork => "start_work",
            Self::Complete => "complete",
        }
    }
}

/// One version of a checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checklist {
    /// What its answers' keys begin with.
    pub key: String,
    /// What people read.
    pub title: String,
    /// Which step waits for it.
    pub before: Before,
    /// Its questions and the headings of its sections, in order.
    pub questions: Vec<Question>,
}

/// A question, or the heading of a section, which holds for the questions up to the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its name within the checklist.
    pub key: String,
    /// What people read.
    pub text: String,
    /// What an answer to it is.
    pub kind: Kind,
    /// Whether the step waits for its answer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mandatory: bool,
    /// When it is shown; always without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_if: Option<ShowIf>,
}

/// A question is shown when an earlier one was answered with one of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowIf {
    /// The earlier question's key.
    pub question: String,
    /// The answers that show it.
    pub is: Vec<String>,
}

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    /// Nothing: the heading of a section.
    Section,
    /// `yes` or `no`.
    YesNo {
        /// What a yes scores.
        points: i64,
    },
    /// A number.
    Number {
        /// In which unit.
        unit: String,
        /// What it may be, and what is normal.
        limits: Limits,
    },
    /// What a meter of the asset shows.
    Reading {
        /// The meter.
        meter: String,
        /// In which unit.
        unit: String,
        /// What it may be, and what is normal.
        limits: Limits,
    },
    /// One of several.
    Choice {
        /// What there is to choose from.
        choices: Vec<Choice>,
    },
    /// Any of several, with commas.
    Multi {
        /// What there is to choose from.
        choices: Vec<Choice>,
    },
    /// Words.
    Text,
    /// A day, such as `2026-03-31`.
    Date,
    /// A picture.
    Photo,
    /// Somebody's signature.
    Signature,
    /// What a scanner read.
    Barcode,
    /// A number of stars, which is what it scores.
    Rating {
        /// The most there are.
        most: i64,
    },
}

/// Bounds of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// What is less is refused.
    pub lower: Option<Decimal>,
    /// What is more is refused.
    pub upper: Option<Decimal>,
    /// What is less is not normal.
    pub normal_from: Option<Decimal>,
    /// What is more is not normal.
    pub normal_to: Option<Decimal>,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What the answer says.
    pub value: String,
    /// What people read.
    pub label: String,
    /// What it scores.
    pub points: i64,
}

impl Checklist {
    /// Reads a version back.
    ///
    /// # Errors
    /// When the text is none, or one of a newer app.
    pub fn read(definition: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(definition)
    }

    /// The text of this version.
    pub fn definition(&self) -> String {
        serde_json::to_string(self).expect("a checklist has only named fields and plain values")
    }

    /// The key under which a question of this checklist is answered.
    pub fn answer_key(&self, question: &Question) -> String {
        format!("{}.{}", self.key, question.key)
    }

    /// The question that is answered under a key.
    pub fn question(&self, answer_key: &str) -> Option<&Question> {
        let key = answer_key.strip_prefix(self.key.as_str())?.strip_prefix('.')?;
        self.questions.iter().find(|question| question.key == key)
    }
}

/// The key under which the remark about an answer is written.
pub fn remark_key(answer_key: &str) -> String {
    format!("{answer_key}.{REMARK}")
}
