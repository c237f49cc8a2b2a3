//! The checklists of a job as a screen shows them: sections and questions, what was answered, what is missing, what it scores.

use fieldline_documents::project::Answered;
use fieldline_model::checklist::{Asked, Checklist, Choice, Kind, Limits, Missing, remark_key};
use fieldline_model::{BlobHash, DocumentId};
use serde::Serialize;

use crate::device::{Device, kept_document};
use crate::error::DeviceError;
use crate::site_rules::checklists;

/// A checklist of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChecklistView {
    /// What its answers' keys begin with.
    pub key: String,
    /// What people read.
    pub title: String,
    /// The step that waits for it.
    pub before: String,
    /// Headings and questions that are shown, in order.
    pub questions: Vec<QuestionView>,
    /// What the answers score.
    pub points: i64,
    /// The most they could have scored.
    pub most_points: i64,
    /// What is still to be answered before the step.
    pub missing: Vec<MissingAnswer>,
}

/// Something that is still to be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingAnswer {
    /// The key to answer under: a question's, or that of the remark about it.
    pub key: String,
    /// What to do.
    pub problem: String,
}

/// A question, or a heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuestionView {
    /// The key to answer under.
    pub key: String,
    /// The key to write a remark under.
    pub remark_key: String,
    /// What people read.
    pub text: String,
    /// `section`, `yes_no`, `number`, `reading`, `choice`, `multi`, `text`, `date`, `photo`, `signature`, `barcode` or `rating`.
    pub kind: String,
    /// The unit of a number.
    pub unit: Option<String>,
    /// The bounds of a number.
    pub limits: Option<Limits>,
    /// What there is to choose from.
    pub choices: Vec<Choice>,
    /// The most stars of a rating.
    pub most: Option<i64>,
    /// Whether the step waits for it.
    pub is_mandatory: bool,
    /// What was answered last.
    pub answer: Option<String>,
    /// The picture that was answered with.
    pub picture: Option<BlobHash>,
    /// Why the answer does not fit.
    pub problem: Option<String>,
    /// Why the answer is not normal.
    pub warning: Option<String>,
    /// The remark about the answer.
    pub remark: Option<String>,
    /// Whether somebody who did not know of the answer gave another one; all are kept.
    pub is_disputed: bool,
}

impl Device {
    /// The checklists of a job, those that work waits for first; empty while its document is not here.
    ///
    /// # Errors
    /// When the database fails.
    pub fn checklists(&self, id: &DocumentId) -> Result<Vec<ChecklistView>, DeviceError> {
        self.store.read(|view| {
            let Some(kept) = kept_document(view, id)? else { return Ok(Vec::new()) };
            let job = self.rules.project(&kept.document);
            let checklists = checklists(view, &job.record)?;
            Ok(checklists
                .iter()
                .map(|checklist| shown(checklist, &|key| job.answer(key), &|key| job.given(key)))
                .collect())
        })
    }
}

fn shown<'a>(
    checklist: &'a Checklist,
    answered: &dyn Fn(&str) -> Option<&'a Answered>,
    given: &dyn Fn(&str) -> Option<fieldline_model::checklist::Given<'a>>,
) -> ChecklistView {
    let report = checklist.report(given);
    let is_disputed = |key: &str| answered(key).is_some_and(|answered| answered.is_disputed);
    let missing = |Missing { key, problem }: Missing| MissingAnswer { key, problem };
    ChecklistView {
        key: checklist.key.clone(),
        title: checklist.title.clone(),
        before: checklist.before.step().to_owned(),
        questions: report.asked.into_iter().map(|asked| question(&is_disputed, asked)).collect(),
        points: report.points,
        most_points: report.most_points,
        missing: report.missing.into_iter().map(missing).collect(),
    }
}

fn question(is_disputed: &dyn Fn(&str) -> bool, asked: Asked<'_>) -> QuestionView {
    let Asked { question, key, given, problem, warning, remark } = asked;
    let mut view = QuestionView {
        remark_key: remark_key(&key),
        text: question.text.clone(),
        kind: String::new(),
        unit: None,
        limits: None,
        choices: Vec::new(),
        most: None,
        is_mandatory: question.mandatory,
        answer: given.map(|given| given.text.to_owned()),
        picture: given.and_then(|given| given.picture),
        problem,
        warning,
        remark: remark.map(str::to_owned),
        is_disputed: is_disputed(&key),
        key,
    };
    view.kind = match &question.kind {
        Kind::Section => "section",
        Kind::YesNo { .. } => "yes_no",
        Kind::Text => "text",
        Kind::Date => "date",
        Kind::Photo => "photo",
        Kind::Signature => "signature",
        Kind::Barcode => "barcode",
        Kind::Number { unit, limits } => {
            (view.unit, view.limits) = (Some(unit.clone()), Some(*limits));
            "number"
        }
        Kind::Reading { unit, limits, .. } => {
            (view.unit, view.limits) = (Some(unit.clone()), Some(*limits));
            "reading"
        }
        Kind::Choice { choices } => {
            view.choices.clone_from(choices);
            "choice"
        }
        Kind::Multi { choices } => {
            view.choices.clone_from(choices);
            "multi"
        }
        Kind::Rating { most } => {
            view.most = Some(*most);
            "rating"
        }
    }
    .to_owned();
    view
}
