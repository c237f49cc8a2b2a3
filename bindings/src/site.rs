//! What a technician does and is asked on site: checklists, signatures, signs of life, expenses, work that follows.

use fieldline_device::on_site;
use fieldline_device::{checklists, safety};
use fieldline_documents::answers;
use fieldline_model::checklist;

use crate::error::FieldlineError;
use crate::fieldline::Fieldline;
use crate::files::Captured;
use crate::guard::guarded;
use crate::ids::{BlobHash, RecordId, SysId, maybe};
use crate::value::{Moment, decimal, moment_out};
use crate::views::{Columns, Item};

/// What a technician does on site beside the work itself.
#[derive(Clone, serde::Deserialize, uniffi::Enum)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SiteDeed {
    /// Somebody signs for the job as it stands.
    Sign {
        /// The job.
        record: RecordId,
        /// `customer` or `technician`.
        signer: String,
        /// Their name.
        name: String,
        /// Their signature.
        picture: Captured,
    },
    /// Somebody will not sign, or cannot.
    RefuseSignature {
        /// The job.
        record: RecordId,
        /// `customer` or `technician`.
        signer: String,
        /// Why.
        reason: String,
    },
    /// Adds a picture that was drawn on; the original stays as it was taken.
    MarkUp {
        /// The job.
        record: RecordId,
        /// The photo that was drawn on.
        original: BlobHash,
        /// The picture with what was drawn.
        picture: Captured,
    },
    /// Says what a photo shows: `before`, `after` or `other`.
    NamePhoto {
        /// The job.
        record: RecordId,
        /// The photo.
        photo: BlobHash,
        /// What it shows.
        shows: String,
    },
    /// Says that a meter was replaced, so that it may show less than before.
    MeterReplaced {
        /// The job.
        record: RecordId,
        /// The meter.
        meter: String,
    },
    /// Says that this person is safe.
    Safe {
        /// The job.
        record: RecordId,
    },
    /// Calls for help.
    Help {
        /// The job.
        record: RecordId,
    },
    /// Notes an expense.
    Spend {
        /// What and how much.
        expense: Expense,
    },
    /// Opens work that follows from the job: another visit (`wm_task`), or a defect that was found (`incident`).
    FollowUp {
        /// The job.
        record: RecordId,
        /// `wm_task` or `incident`.
        table: String,
        /// What is to be done.
        short_description: String,
    },
}

/// Money that was spent on a job, or a way that was driven for it.
#[derive(Clone, serde::Deserialize, uniffi::Record)]
pub struct Expense {
    /// The job.
    pub record: RecordId,
    /// `mileage`, `car_rental`, `vendor_cost`, `material`, `accommodation`, `parking` or `other`.
    pub purpose: String,
    /// How much, in digits such as `12.5`; mileage may go without.
    #[uniffi(default = None)]
    #[serde(default)]
    pub cost: Option<String>,
    /// In which currency, such as `EUR`.
    #[uniffi(default = None)]
    #[serde(default)]
    pub currency: Option<String>,
    /// How many kilometres, of mileage.
    #[uniffi(default = None)]
    #[serde(default)]
    pub quantity: Option<String>,
    /// What else there is to say.
    #[uniffi(default = None)]
    #[serde(default)]
    pub description: Option<String>,
    /// The receipt.
    #[uniffi(default = None)]
    #[serde(default)]
    pub receipt: Option<Captured>,
}

impl TryFrom<SiteDeed> for on_site::OnSite {
    type Error = FieldlineError;

    fn try_from(deed: SiteDeed) -> Result<Self, FieldlineError> {
        Ok(match deed {
            SiteDeed::Sign { record, signer, name, picture } => {
                Self::Sign { document: record.try_into()?, signer, name, picture: picture.try_into()? }
            }
            SiteDeed::RefuseSignature { record, signer, reason } => {
                Self::RefuseSignature { document: record.try_into()?, signer, reason }
            }
            SiteDeed::MarkUp { record, original, picture } => Self::MarkUp {
                document: record.try_into()?,
                original: original.try_into()?,
                picture: picture.try_into()?,
            },
            SiteDeed::NamePhoto { record, photo, shows } => {
                Self::NamePhoto { document: record.try_into()?, photo: photo.try_into()?, shows }
            }
            SiteDeed::MeterReplaced { record, meter } => Self::MeterReplaced { document: record.try_into()?, meter },
            SiteDeed::Safe { record } => Self::Safe { document: record.try_into()? },
            SiteDeed::Help { record } => Self::Help { document: record.try_into()? },
            SiteDeed::Spend { expense } => Self::Spend(expense.try_into()?),
            SiteDeed::FollowUp { record, table, short_description } => {
                Self::FollowUp { document: record.try_into()?, table: table.as_str().into(), short_description }
            }
        })
    }
}

impl TryFrom<Expense> for on_site::Expense {
    type Error = FieldlineError;

    fn try_from(expense: Expense) -> Result<Self, FieldlineError> {
        let number = |digits: Option<String>| digits.map(|digits| decimal(&digits)).transpose();
        Ok(Self {
            document: expense.record.try_into()?,
            purpose: expense.purpose,
            cost: number(expense.cost)?,
            currency: expense.currency,
            quantity: number(expense.quantity)?,
            description: expense.description,
            receipt: maybe(expense.receipt)?,
        })
    }
}

/// A checklist of a job.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct ChecklistView {
    /// What its answers' keys begin with.
    pub key: String,
    /// What people read.
    pub title: String,
    /// The step that waits for it: `start_work` or `complete`.
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct MissingAnswer {
    /// The key to answer under: a question's, or that of the remark about it.
    pub key: String,
    /// What to do.
    pub problem: String,
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct QuestionChoice {
    /// What the answer says.
    pub value: String,
    /// What people read.
    pub label: String,
    /// What it scores.
    pub points: i64,
}

/// A question, or a heading.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
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
    /// What there is to choose from.
    pub choices: Vec<QuestionChoice>,
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
    /// Why the answer is not normal; a remark has to say more.
    pub warning: Option<String>,
    /// The remark about the answer.
    pub remark: Option<String>,
    /// Whether somebody who did not know of the answer gave another one; all are kept.
    pub is_disputed: bool,
}

impl From<checklists::ChecklistView> for ChecklistView {
    fn from(view: checklists::ChecklistView) -> Self {
        let missing = |checklists::MissingAnswer { key, problem }| MissingAnswer { key, problem };
        Self {
            key: view.key,
            title: view.title,
            before: view.before,
            questions: view.questions.into_iter().map(QuestionView::from).collect(),
            points: view.points,
            most_points: view.most_points,
            missing: view.missing.into_iter().map(missing).collect(),
        }
    }
}

impl From<checklists::QuestionView> for QuestionView {
    fn from(view: checklists::QuestionView) -> Self {
        let choice = |checklist::Choice { value, label, points }| QuestionChoice { value, label, points };
        Self {
            key: view.key,
            remark_key: view.remark_key,
            text: view.text,
            kind: view.kind,
            unit: view.unit,
            choices: view.choices.into_iter().map(choice).collect(),
            most: view.most,
            is_mandatory: view.is_mandatory,
            answer: view.answer,
            picture: view.picture.map(BlobHash::from),
            problem: view.problem,
            warning: view.warning,
            remark: view.remark,
            is_disputed: view.is_disputed,
        }
    }
}

/// That somebody signed, or would not.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Signature {
    /// `customer` or `technician`.
    pub signer: String,
    /// Who signed; nothing when nobody did.
    pub name: Option<String>,
    /// Why nobody did.
    pub refused: Option<String>,
    /// The signature.
    pub picture: Option<BlobHash>,
    /// On whose phone.
    pub by: SysId,
    /// When.
    pub at: Moment,
    /// The SHA-256 of the changes that were signed.
    pub covers: String,
    /// How many edits of the record are not among what was signed.
    pub edits_since: u64,
    /// Whether somebody who did not know of it holds another one.
    pub is_disputed: bool,
}

impl From<answers::Signature> for Signature {
    fn from(signature: answers::Signature) -> Self {
        Self {
            signer: signature.signer,
            name: signature.name,
            refused: signature.refused,
            picture: signature.picture.map(BlobHash::from),
            by: signature.by.into(),
            at: moment_out(signature.at),
            covers: signature.covers,
            edits_since: signature.edits_since as u64,
            is_disputed: signature.is_disputed,
        }
    }
}

/// A job on which this person has to be heard of.
#[derive(Debug, Clone, PartialEq, serde::Serialize, uniffi::Record)]
pub struct SafetyTimer {
    /// The job.
    pub task: Item,
    /// When they last gave a sign of life.
    pub heard_at: Moment,
    /// When they have to give the next; an app rings then.
    pub due_at: Moment,
    /// Whether that has passed.
    pub is_overdue: bool,
    /// Whether they called for help and have not said since that they are safe.
    pub calls_for_help: bool,
}

impl From<safety::SafetyTimer> for SafetyTimer {
    fn from(timer: safety::SafetyTimer) -> Self {
        Self {
            task: Columns::all().item(timer.task),
            heard_at: moment_out(timer.heard_at),
            due_at: moment_out(timer.due_at),
            is_overdue: timer.is_overdue,
            calls_for_help: timer.calls_for_help,
        }
    }
}

#[uniffi::export]
impl Fieldline {
    /// The checklists of a job, those that work waits for first. They are answered with [`crate::Command::Answer`].
    pub fn checklists(&self, record: RecordId) -> Result<Vec<ChecklistView>, FieldlineError> {
        let id = record.try_into()?;
        let shown = |views: Vec<checklists::ChecklistView>| views.into_iter().map(ChecklistView::from).collect();
        self.ask("checklists", |device| Ok(shown(device.checklists(&id)?)))
    }

    /// Who signed for a job last, or would not, and what that covers.
    pub fn signatures(&self, record: RecordId) -> Result<Vec<Signature>, FieldlineError> {
        let id = record.try_into()?;
        let shown = |signatures: Vec<answers::Signature>| signatures.into_iter().map(Signature::from).collect();
        self.ask("signatures", |device| Ok(shown(device.signatures(&id)?)))
    }

    /// The jobs on which this person has to be heard of, the one that is due first at the front.
    pub fn safety(&self) -> Result<Vec<SafetyTimer>, FieldlineError> {
        guarded(&self.platform, "safety", || {
            let runtime = self.runtime()?;
            let timers = runtime.device().safety(runtime.now())?;
            Ok(timers.into_iter().map(SafetyTimer::from).collect())
        })
    }
}
