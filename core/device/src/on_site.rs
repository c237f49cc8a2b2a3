//! What a technician does on site beside the work itself: signatures and why there is none, pictures and what they show, signs of
//! life, meters that begin anew, expenses, and work that follows. Each is one edit of acts that every app and server knows.

use fieldline_documents::answers::{SIGNERS, photo_key, replaced_key, signature_key};
use fieldline_documents::{Act, AttachmentRole, EditError};
use fieldline_model::lone_worker::{self, HELP, SAFE};
use fieldline_model::{BlobHash, Decimal, DocumentId, Record, SysId, TableName, Timestamp, Value};
use fieldline_store::blobs::BlobProgress;
use rand_core::Rng;

use crate::command::Captured;
use crate::device::Device;
use crate::draft::Draft;
use crate::error::DeviceError;

/// What a technician spends on a job.
pub const EXPENSES: &str = "sm_incidentals";
/// What a photo may be said to show.
const SHOWN: [&str; 3] = ["before", "after", "other"];
/// What work that follows has in common with the job it follows from.
const SHARED: [&str; 6] = ["location", "account", "contact", "cmdb_ci", "company", "contract"];

/// What a technician does on site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OnSite {
    /// Somebody signs for the job as it stands.
    Sign {
        /// The job.
        document: DocumentId,
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
        document: DocumentId,
        /// `customer` or `technician`.
        signer: String,
        /// Why.
        reason: String,
    },
    /// Adds a picture that was drawn on; the original stays as it was taken.
    MarkUp {
        /// The job.
        document: DocumentId,
        /// The photo that was drawn on.
        original: BlobHash,
        /// The picture with what was drawn.
        picture: Captured,
    },
    /// Says what a photo shows: `before`, `after` or `other`.
    NamePhoto {
        /// The job.
        document: DocumentId,
        /// The photo.
        photo: BlobHash,
        /// What it shows.
        shows: String,
    },
    /// Says that a meter was replaced, so that it may show less than before.
    MeterReplaced {
        /// The job.
        document: DocumentId,
        /// The meter.
        meter: String,
    },
    /// Says that its author is safe.
    Safe {
        /// The job.
        document: DocumentId,
    },
    /// Calls for help.
    Help {
        /// The job.
        document: DocumentId,
    },
    /// Notes an expense.
    Spend(Expense),
    /// Opens work that follows from the job: another visit (`wm_task`), or a defect that was found (`incident`).
    FollowUp {
        /// The job.
        document: DocumentId,
        /// `wm_task` or `incident`.
        table: TableName,
        /// What is to be done.
        short_description: String,
    },
}

/// Money that was spent on a job, or a way that was driven for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expense {
    /// The job.
    pub document: DocumentId,
    /// What for, such as `mileage` or `parking`.
    pub purpose: String,
    /// How much; mileage may go without.
    pub cost: Option<Decimal>,
    /// In which currency, such as `EUR`.
    pub currency: Option<String>,
    /// How many kilometres, of mileage.
    pub quantity: Option<Decimal>,
    /// What else there is to say.
    pub description: Option<String>,
    /// The receipt.
    pub receipt: Option<Captured>,
}

impl Device {
    pub(crate) fn draft_on_site(&self, deed: OnSite, now: Timestamp, rng: &mut dyn Rng) -> Result<Draft, DeviceError> {
        let place = self.here.map(|here| here.place);
        let draft = |document: DocumentId, acts: Vec<Act>| Draft {
            document,
            acts,
            at: now,
            place,
            files: Vec::new(),
            creates: false,
            instead_of: None,
        };
        Ok(match deed {
            OnSite::Sign { document, signer, name, picture } => {
                let question = signer_key(&document, &signer)?;
                let answer = said(&document, "the name of whoever signs", name)?;
                let (act, files) = self.captured(picture, AttachmentRole::Signature, None)?;
                let signed = Act::Answer { question, answer, photo: files.first().map(|file| file.blob) };
                Draft { files, ..draft(document, vec![act, signed]) }
            }
            OnSite::RefuseSignature { document, signer, reason } => {
                let question = signer_key(&document, &signer)?;
                let answer = said(&document, "the reason why nobody signs", reason)?;
                draft(document, vec![Act::Answer { question, answer, photo: None }])
            }
            OnSite::MarkUp { document, original, picture } => {
                self.has_photo(&document, original)?;
                let (act, files) = self.captured(picture, AttachmentRole::Photo, Some(original))?;
                Draft { files, ..draft(document, vec![act]) }
            }
            OnSite::NamePhoto { document, photo, shows } => {
                self.has_photo(&document, photo)?;
                if !SHOWN.contains(&shows.as_str()) {
                    let problem = format!("\"{shows}\" is nothing a photo shows; use one of {}", SHOWN.join(", "));
                    return Err(wrong(&document, problem));
                }
                draft(document, vec![Act::Answer { question: photo_key(photo), answer: shows, photo: Some(photo) }])
            }
            OnSite::MeterReplaced { document, meter } => {
                let meter = said(&document, "the name of a meter", meter)?;
                let question = replaced_key(&meter);
                draft(document, vec![Act::Answer { question, answer: "yes".into(), photo: None }])
            }
            OnSite::Safe { document } => draft(document, vec![sign_of_life(self.who()?.user, SAFE)]),
            OnSite::Help { document } => draft(document, vec![sign_of_life(self.who()?.user, HELP)]),
            OnSite::Spend(expense) => self.draft_expense(expense, draft(new(EXPENSES, rng), Vec::new()))?,
            OnSite::FollowUp { document, table, short_description } => {
                let acts = self.first_acts(&document, &table, short_description)?;
                Draft { creates: true, ..draft(new(table.as_str(), rng), acts) }
            }
        })
    }

    fn draft_expense(&self, expense: Expense, draft: Draft) -> Result<Draft, DeviceError> {
        let Expense { document, purpose, cost, currency, quantity, description, receipt } = expense;
        let is_mileage = purpose == "mileage";
        let counts = |number: &Option<Decimal>| number.is_some_and(|number| number > Decimal::default());
        if is_mileage && !counts(&quantity) {
            return Err(wrong(&document, "mileage needs how many kilometres it was (quantity)".into()));
        }
        let is_currency = |code: &String| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        let says_how_much = counts(&cost) && currency.as_ref().is_some_and(is_currency);
        if !is_mileage && !says_how_much {
            let problem = "an expense needs how much it was (cost) and in which currency, such as EUR";
            return Err(wrong(&document, problem.into()));
        }
        let values = [
            ("task", Some(Value::Reference(document.sys_id))),
            ("user", Some(Value::Reference(self.who()?.user))),
            ("type", Some(Value::Text(purpose))),
            ("incurred_at", Some(Value::Time(draft.at))),
            ("cost", cost.map(Value::Decimal)),
            ("currency", currency.map(Value::Text)),
            ("quantity", quantity.map(Value::Decimal)),
            ("description", description.filter(|text| !text.is_empty()).map(Value::Text)),
        ];
        let mut acts = first(values);
        let mut files = Vec::new();
        if let Some(receipt) = receipt {
            let (act, captured) = self.captured(receipt, AttachmentRole::Photo, None)?;
            acts.push(act);
            files = captured;
        }
        Ok(Draft { acts, files, creates: true, ..draft })
    }

    /// What a record begins with that follows from a job.
    fn first_acts(&self, job: &DocumentId, table: &TableName, title: String) -> Result<Vec<Act>, DeviceError> {
        let from = self.projection(job)?.record;
        let title = Some(Value::Text(said(job, "what is to be done", title)?));
        let copied = |field: &&'static str| Some((*field, Some(from.get(field)?.clone())));
        let mut values: Vec<(&str, Option<Value>)> = SHARED.iter().filter_map(copied).collect();
        values.push(("short_description", title));
        match table.as_str() {
            "wm_task" => values.extend(["parent", "asset", "work_type"].iter().filter_map(copied)),
            "incident" => {
                values.push(("parent", Some(Value::Reference(job.sys_id))));
                values.push(("caller_id", Some(Value::Reference(self.who()?.user))));
                values.push(("description", Some(Value::Text(found_on(&from)))));
            }
            other => {
                let problem = format!("{other} does not follow from a job; open a wm_task or an incident");
                return Err(wrong(job, problem));
            }
        }
        Ok(first(values))
    }

    fn captured(
        &self,
        captured: Captured,
        role: AttachmentRole,
        of: Option<BlobHash>,
    ) -> Result<(Act, Vec<BlobProgress>), DeviceError> {
        let mut files = Vec::new();
        Ok((self.capture(captured, role, of, &mut files)?, files))
    }

    fn has_photo(&self, document: &DocumentId, photo: BlobHash) -> Result<(), DeviceError> {
        let attachments = self.projection(document)?.attachments;
        let is_it = attachments.iter().any(|file| file.what.blob == photo && file.what.role == AttachmentRole::Photo);
        let problem = || format!("{photo} is no photo of it; add the photo first");
        is_it.then_some(()).ok_or_else(|| wrong(document, problem()))
    }
}

/// That somebody says how they are.
pub(crate) fn sign_of_life(user: SysId, answer: &str) -> Act {
    Act::Answer { question: lone_worker::answer_key(user), answer: answer.into(), photo: None }
}

pub(crate) fn wrong(document: &DocumentId, problem: String) -> DeviceError {
    EditError { document: document.clone(), field: None, problem }.into()
}

fn signer_key(document: &DocumentId, signer: &str) -> Result<String, DeviceError> {
    let known = SIGNERS.contains(&signer);
    let problem = || format!("\"{signer}\" does not sign; use one of {}", SIGNERS.join(", "));
    known.then(|| signature_key(signer)).ok_or_else(|| wrong(document, problem()))
}

fn said(document: &DocumentId, what: &str, text: String) -> Result<String, DeviceError> {
    match text.trim().is_empty() {
        true => Err(wrong(document, format!("{what} is missing; write it down"))),
        false => Ok(text),
    }
}

fn new(table: &str, rng: &mut dyn Rng) -> DocumentId {
    let mut sys_id = [0; 16];
    rng.fill_bytes(&mut sys_id);
    DocumentId::new(table, SysId(sys_id))
}

fn first<'a>(values: impl IntoIterator<Item = (&'a str, Option<Value>)>) -> Vec<Act> {
    let set =
        |(field, value): (&str, Option<Value>)| value.map(|value| Act::Set { field: field.into(), value: Some(value) });
    values.into_iter().filter_map(set).collect()
}

fn found_on(job: &Record) -> String {
    format!("Found on {}: {}", job.text("number"), job.text("short_description"))
}
