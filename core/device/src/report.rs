//! The service report of a task: what a customer gets to see of the work, as the phone knows it, with the radio off.
//!
//! It says only what is meant for customers: never a work note, nor who else is on the way. It is sealed by this device over
//! the newest changes of the record, so that the server can say later whether it is what was made, and of which history.
//! Photos are shown as their small versions where there are any; what is not on this phone is counted, not shown.

use fieldline_documents::answers::{Signature, is_reserved, photo_key};
use fieldline_documents::{Attachment, AttachmentRole, Projection};
use fieldline_model::{BlobHash, DocumentId, Record, TableName, Timestamp, UserZone, Value};
use fieldline_report::{Block, Origin, Picture, Section, Sheet};
use fieldline_store::View;

use crate::checklists::{ChecklistView, QuestionView};
use crate::command::Captured;
use crate::device::{Device, Rules, newest_document};
use crate::error::DeviceError;
use crate::form::{name_of, shown};
use crate::on_site::EXPENSES;
use crate::site_rules::JOBS;

/// More expenses than a job has.
const MOST_EXPENSES: u32 = 100;
/// More photos than anybody leafs through on paper.
const MOST_PHOTOS: usize = 24;
/// A photo without a small version that is larger than this is counted, not shown: a report has to go through thin lines.
const LARGEST_PHOTO_BYTES: u64 = 400_000;
/// What is said of the site, of the thing and of the work, in the words of their fields.
const CUSTOMER: [&str; 3] = ["account", "contact", "location"];
const EQUIPMENT: [&str; 2] = ["asset", "cmdb_ci"];
const WORK: [&str; 16] = [
    "parent",
    "work_type",
    "state",
    "assigned_to",
    "window_start",
    "window_end",
    "actual_travel_start",
    "onsite_arrival",
    "work_start",
    "work_end",
    "pause_reason",
    "close_reason",
    "close_notes",
    "signed_by",
    "signed_on",
    "signature_refusal",
];
const DURATIONS: [(&str, &str); 2] =
    [("Travel", "actual_travel_duration"), ("Work without pauses", "actual_work_duration")];

impl Device {
    /// The service report of a work order task as it stands here: a sealed PDF.
    ///
    /// # Errors
    /// When the record is no such task or not on this device.
    pub fn service_report(&self, task: &DocumentId, now: Timestamp) -> Result<Captured, DeviceError> {
        let (sheet, origin) = self.sheet_of(task, now)?;
        let key = &self.who()?.key;
        let number = sheet.title.rsplit(' ').next().unwrap_or_default();
        Ok(Captured {
            bytes: fieldline_report::write(&sheet, &origin, &|message| key.sign(message)),
            file_name: format!("{number} {}.pdf", &now.to_string()[..10]),
            content_type: "application/pdf".into(),
        })
    }

    /// What the report says, and as of which changes of the record.
    pub(crate) fn sheet_of(&self, task: &DocumentId, now: Timestamp) -> Result<(Sheet, Origin), DeviceError> {
        let owner = self.who()?;
        if task.table != *JOBS {
            return Err(DeviceError::NoReport(task.clone()));
        }
        let checklists = self.checklists(task)?;
        self.store.read(|view| {
            let document = newest_document(view, task)?.document;
            let author = view.record(&DocumentId::new("sys_user", owner.user))?;
            let zone = author.as_ref().map(|author| author.record.text("time_zone").to_owned());
            let zone_name = zone.filter(|zone| UserZone::is_known(zone)).unwrap_or_else(|| "UTC".into());
            let writer = Writer {
                view,
                rules: &self.rules,
                photo: &|blob| self.store.blob_files().read(blob).ok().flatten(),
                zone: UserZone::named(&zone_name),
                zone_name,
            };
            let author = author.map(|author| author.display).unwrap_or_default();
            let job = Job { details: self.rules.project(&document), signatures: document.signatures(), checklists };
            let sheet = writer.sheet(&job, author, now)?;
            let heads = document.full_heads().into_iter().map(|head| head.0).collect();
            Ok((sheet, Origin { record: task.clone(), device: owner.device, heads }))
        })
    }
}

/// Writes a task's sheet from what is in one view of the database.
struct Writer<'a> {
    view: View<'a>,
    rules: &'a Rules,
    /// A file's content, `None` when it is not whole on this device.
    photo: &'a dyn Fn(BlobHash) -> Option<Vec<u8>>,
    zone: UserZone,
    zone_name: String,
}

/// What is known of a task.
struct Job {
    details: Projection,
    signatures: Vec<Signature>,
    checklists: Vec<ChecklistView>,
}

type Facts = Vec<(String, String)>;

impl Writer<'_> {
    fn sheet(&self, job: &Job, author: String, now: Timestamp) -> Result<Sheet, DeviceError> {
        let (details, record) = (&job.details, &job.details.record);
        let section = |heading: &str, blocks: Vec<Block>| Section { heading: heading.into(), blocks };
        let made = vec![
            ("Made by".into(), author.clone()),
            ("Made".into(), format!("{} {}", self.zone.shown(now), self.zone_name)),
        ];
        Ok(Sheet {
            title: format!("Service report {}", record.text("number")),
            subtitle: record.text("short_description").to_owned(),
            author,
            made_at: now,
            sections: vec![
                section("Customer", facts(self.customer(record)?)),
                section("Equipment", facts(self.equipment(record)?)),
                section("Work", facts(self.work(record)?)),
                section("Checklists", self.checklists(job)),
                section("Parts", self.parts(details)?),
                section("Readings", self.readings(details)),
                section("Time", self.time(details)),
                section("Incidentals", self.expenses(record)?),
                section("Remarks", self.remarks(details)?),
                section("Photos", self.photos(details)?),
                section("Signatures", self.signatures(job)?),
                section("This report", facts(made)),
            ],
        })
    }

    /// What some fields of a record hold, in words people read; empty ones are left out.
    fn fields(&self, record: &Record, names: &[&str]) -> Result<Facts, DeviceError> {
        let table = self.rules.dictionary.table(record.id.table.as_str());
        let mut facts = Vec::new();
        for field in names.iter().filter_map(|name| table?.field(name)) {
            let Some(value) = record.get(field.name.as_str()) else { continue };
            let what = match value {
                Value::Time(at) => self.zone.shown(*at),
                value => shown(self.view, field, value)?,
            };
            facts.push((field.label.clone(), what));
        }
        Ok(facts)
    }

    /// The fields of the task, or where it leaves them empty those of its order.
    fn own_or_of_the_order(&self, record: &Record, names: &[&str]) -> Result<Facts, DeviceError> {
        let order = self.referred(record, "parent", "wm_order")?;
        let mut facts = Vec::new();
        for name in names {
            let holder = if record.get(name).is_some() { Some(record) } else { order.as_ref() };
            facts.extend(holder.map(|holder| self.fields(holder, &[*name])).transpose()?.unwrap_or_default());
        }
        Ok(facts)
    }

    fn referred(&self, record: &Record, field: &str, table: &str) -> Result<Option<Record>, DeviceError> {
        let Some(id) = record.reference(field) else { return Ok(None) };
        Ok(self.view.record(&DocumentId::new(table, id))?.map(|listed| listed.record))
    }

    fn customer(&self, record: &Record) -> Result<Facts, DeviceError> {
        let mut facts = self.own_or_of_the_order(record, &CUSTOMER)?;
        if let Some(site) = self.referred(record, "location", "cmn_location")? {
            facts.extend(self.fields(&site, &["street", "zip", "city", "country"])?);
        }
        Ok(facts)
    }

    fn equipment(&self, record: &Record) -> Result<Facts, DeviceError> {
        let mut facts = self.own_or_of_the_order(record, &EQUIPMENT)?;
        if let Some(asset) = self.referred(record, "asset", "alm_asset")? {
            facts.extend(self.fields(&asset, &["model", "serial_number", "asset_tag"])?);
        }
        Ok(facts)
    }

    fn work(&self, record: &Record) -> Result<Facts, DeviceError> {
        let mut facts = self.fields(record, &WORK)?;
        let seconds = |field: &str| record.get(field).and_then(Value::as_integer);
        let spent = DURATIONS.iter().filter_map(|(label, field)| Some(((*label).into(), duration(seconds(field)?))));
        facts.extend(spent);
        facts.push(("Times are in".into(), self.zone_name.clone()));
        Ok(facts)
    }

    fn checklists(&self, job: &Job) -> Vec<Block> {
        let mut blocks = Vec::new();
        for list in &job.checklists {
            let score = format!(": {} of {} points", list.points, list.most_points);
            let score = if list.most_points > 0 { score } else { String::new() };
            blocks.push(Block::Text(format!("{}{score}", list.title)));
            blocks.extend(table(&["Question", "Answer", "Remark"], list.questions.iter().map(question).collect()));
        }
        let asked: Vec<&QuestionView> = job.checklists.iter().flat_map(|list| &list.questions).collect();
        let is_asked = |key: &str| asked.iter().any(|asked| asked.key == key || asked.remark_key == key);
        let others = job.details.answers.iter().filter(|answered| {
            let key = &answered.latest.what.question;
            !is_reserved(key) && !is_asked(key)
        });
        let row = |answered: &fieldline_documents::project::Answered| {
            let what = &answered.latest.what;
            vec![what.question.clone(), what.answer.clone(), disputed(answered.is_disputed).to_owned()]
        };
        blocks.extend(table(&["Question", "Answer", "Remark"], others.map(row).collect()));
        blocks
    }

    fn parts(&self, details: &Projection) -> Result<Vec<Block>, DeviceError> {
        let mut rows = Vec::new();
        for entry in &details.parts {
            let model = name_of(self.view, "cmdb_model", entry.what.model)?;
            let asset = entry.what.asset.map(|asset| self.view.record(&DocumentId::new("alm_asset", asset)));
            let asset = asset.transpose()?.flatten();
            let serial = asset.map(|asset| asset.record.text("serial_number").to_owned()).unwrap_or_default();
            rows.push(vec![model, serial, entry.what.quantity.to_string()]);
        }
        Ok(table(&["Part", "Serial number", "Quantity"], rows))
    }

    fn readings(&self, details: &Projection) -> Vec<Block> {
        let rows = details.readings.iter().map(|entry| {
            let value = format!("{} {}", entry.what.value, entry.what.unit);
            vec![entry.what.meter.clone(), value, self.zone.shown(entry.at)]
        });
        table(&["Meter", "Value", "When"], rows.collect())
    }

    fn time(&self, details: &Projection) -> Vec<Block> {
        let rows = details.time_entries.iter().map(|entry| {
            let what = &entry.what;
            let span = format!("{} to {}", self.zone.shown(what.started_at), self.zone.shown(what.ended_at));
            vec![what.kind.clone(), span, duration(what.seconds())]
        });
        table(&["Kind", "When", "How long"], rows.collect())
    }

    /// What the job cost beside work and parts, as far as its receipts are here.
    fn expenses(&self, record: &Record) -> Result<Vec<Block>, DeviceError> {
        let listed = self.view.referring(record.id.sys_id, &TableName::from(EXPENSES), MOST_EXPENSES)?;
        let row = |expense: &Record| {
            let text = |field: &str| expense.get(field).map(ToString::to_string).unwrap_or_default();
            let amount = [text("quantity"), text("cost"), text("currency")].join(" ");
            vec![text("type"), text("description"), amount.trim().to_owned()]
        };
        let rows = listed.iter().map(|listed| row(&listed.record)).collect();
        Ok(table(&["For", "Description", "Amount"], rows))
    }

    /// What customers may read of the journal.
    fn remarks(&self, details: &Projection) -> Result<Vec<Block>, DeviceError> {
        let mut facts = Vec::new();
        for entry in &details.comments {
            let who = format!("{}, {}", name_of(self.view, "sys_user", entry.by)?, self.zone.shown(entry.at));
            facts.push((who, entry.what.text.clone()));
        }
        Ok(self::facts(facts))
    }

    fn photos(&self, details: &Projection) -> Result<Vec<Block>, DeviceError> {
        let (mut pictures, mut left_out) = (Vec::new(), 0);
        for entry in details.attachments.iter().filter(|entry| entry.what.role == AttachmentRole::Photo) {
            let has_room = pictures.len() < MOST_PHOTOS;
            let Some(bytes) = has_room.then(|| self.content(details, &entry.what)).flatten() else {
                left_out += 1;
                continue;
            };
            let shows = details.given(&photo_key(entry.what.blob)).map(|given| given.text.to_owned());
            let drawn_on = entry.what.of.map(|_| "drawn on".to_owned());
            let who = name_of(self.view, "sys_user", entry.by)?;
            let words =
                [Some(entry.what.file_name.clone()), shows, drawn_on, Some(who), Some(self.zone.shown(entry.at))];
            pictures.push(Picture { caption: words.into_iter().flatten().collect::<Vec<_>>().join(", "), bytes });
        }
        let mut blocks = pictures_in_a_block(pictures);
        if left_out > 0 {
            blocks.push(Block::Text(format!("{left_out} more, not shown here, are kept with the record.")));
        }
        Ok(blocks)
    }

    /// Who signed, who would not and why, and pictures of signatures that an older app took.
    fn signatures(&self, job: &Job) -> Result<Vec<Block>, DeviceError> {
        let (mut words, mut pictures) = (Vec::new(), Vec::new());
        for signature in &job.signatures {
            let at = self.zone.shown(signature.at);
            let said = match (&signature.name, &signature.refused) {
                (Some(name), _) => format!("signed by {name}, {at}{}", disputed(signature.is_disputed)),
                (None, Some(reason)) => format!("not signed: {reason}, {at}{}", disputed(signature.is_disputed)),
                (None, None) => continue,
            };
            let bytes = signature.picture.and_then(self.photo);
            let caption = signature.name.clone().unwrap_or_default();
            pictures.extend(bytes.map(|bytes| Picture { caption, bytes }));
            words.push((capitalised(&signature.signer), said));
        }
        let is_told = |blob| job.signatures.iter().any(|signature| signature.picture == Some(blob));
        let files = job.details.attachments.iter().filter(|entry| entry.what.role == AttachmentRole::Signature);
        for entry in files.filter(|entry| !is_told(entry.what.blob)) {
            let bytes = (self.photo)(entry.what.blob);
            let caption = format!("{}, {}", entry.what.file_name, self.zone.shown(entry.at));
            pictures.extend(bytes.map(|bytes| Picture { caption, bytes }));
        }
        let mut blocks = facts(words);
        blocks.extend(pictures_in_a_block(pictures));
        Ok(blocks)
    }

    /// A picture's small version, or else itself.
    fn content(&self, details: &Projection, picture: &Attachment) -> Option<Vec<u8>> {
        let is_small = |file: &Attachment| file.role == AttachmentRole::Thumbnail && file.of == Some(picture.blob);
        let small = details.attachments.iter().find(|entry| is_small(&entry.what));
        let small = small.and_then(|small| (self.photo)(small.what.blob));
        small.or_else(|| (self.photo)(picture.blob).filter(|_| picture.size_bytes <= LARGEST_PHOTO_BYTES))
    }
}

/// A question, its answer and what else there is to say about it; a heading stands alone.
fn question(question: &QuestionView) -> Vec<String> {
    let unit = question.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let answer = question.answer.as_ref().map(|answer| format!("{answer}{unit}")).unwrap_or_default();
    let remarks = [question.warning.as_deref(), question.remark.as_deref(), Some(disputed(question.is_disputed))];
    let remarks: Vec<&str> = remarks.into_iter().flatten().filter(|remark| !remark.is_empty()).collect();
    vec![question.text.clone(), answer, remarks.join("; ")]
}

fn disputed(is_disputed: bool) -> &'static str {
    if is_disputed { " (somebody else said otherwise)" } else { "" }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn pictures_in_a_block(pictures: Vec<Picture>) -> Vec<Block> {
    if pictures.is_empty() { Vec::new() } else { vec![Block::Pictures(pictures)] }
}

fn facts(facts: Facts) -> Vec<Block> {
    if facts.is_empty() { Vec::new() } else { vec![Block::Facts(facts)] }
}

fn table(columns: &[&str], rows: Vec<Vec<String>>) -> Vec<Block> {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    if rows.is_empty() { Vec::new() } else { vec![Block::Table { columns, rows }] }
}

/// Seconds as hours and minutes, begun minutes counting.
fn duration(seconds: i64) -> String {
    let minutes = seconds.max(0).saturating_add(59) / 60;
    format!("{} h {:02} min", minutes / 60, minutes % 60)
}
