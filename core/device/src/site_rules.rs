//! What the phone sees to before an edit of a job is made: answers that fit, readings that can be, checklists that are done before
//! the step that waits for them; and what it writes down with a step: where it was taken, and that its author is alive.
//!
//! It judges by what is here. A checklist whose version has not come yet is judged by the server alone; and what was done without
//! being asked, by an older app or in the office, merges all the same.

use fieldline_documents::answers::replaced_key;
use fieldline_documents::{Act, Edit, EditError, Projection};
use fieldline_model::check_in::{CheckIn, Fix};
use fieldline_model::checklist::{Before, Checklist, Given, Kind};
use fieldline_model::lone_worker::{self, SAFE};
use fieldline_model::{Decimal, Dictionary, DocumentId, FieldName, Record, SysId, TableName, Timestamp, Value};
use fieldline_store::View;

use crate::error::DeviceError;
use crate::on_site::{sign_of_life, wrong};

/// What people work on at a site.
pub(crate) const JOBS: &str = "wm_task";
pub(crate) const VERSIONS: &str = "fl_checklist_version";
const READINGS: &str = "fl_meter_reading";
/// More readings than a phone holds of an asset.
const MOST_READINGS: u32 = 10_000;

/// A job about to be edited.
pub(crate) struct Site<'a> {
    pub dictionary: &'a Dictionary,
    pub view: View<'a>,
    pub before: &'a Projection,
    pub here: Option<Fix>,
}

impl Site<'_> {
    /// Checks an edit, and adds what is written down with it.
    pub fn see_to(&self, edit: &mut Edit) -> Result<(), DeviceError> {
        if edit.document.table != *JOBS {
            return Ok(());
        }
        let checklists = checklists(self.view, &self.before.record)?;
        let mut added = Vec::new();
        for act in &edit.acts {
            match act {
                Act::Answer { question, answer, photo } => {
                    let given = Given { text: answer, picture: *photo };
                    added.extend(self.answer(edit, &checklists, question, &given)?);
                }
                Act::Read { meter, value, .. } => self.reading(meter, *value)?,
                Act::Transition { step, .. } => {
                    self.is_done(&checklists, step)?;
                    added.extend(self.check_in(edit, step)?);
                    added.extend(self.sign_of_life(edit));
                }
                _ => {}
            }
        }
        edit.acts.extend(added);
        Ok(())
    }

    /// Refuses an answer that does not fit; what a reading of a meter answers is noted as a reading, too.
    fn answer(
        &self,
        edit: &Edit,
        checklists: &[Checklist],
        key: &str,
        given: &Given<'_>,
    ) -> Result<Option<Act>, DeviceError> {
        let Some(question) = checklists.iter().find_map(|checklist| checklist.question(key)) else { return Ok(None) };
        // An emptied answer takes back what was said.
        if given.text.trim().is_empty() && given.picture.is_none() {
            return Ok(None);
        }
        question.check(given).map_err(|problem| wrong(&edit.document, format!("{key}: {problem}")))?;
        let attached = |act: &Act| matches!(act, Act::Attach { attachment } if Some(attachment.blob) == given.picture);
        let is_here = self.before.attachments.iter().any(|file| Some(file.what.blob) == given.picture);
        if given.picture.is_some() && !is_here && !edit.acts.iter().any(attached) {
            let problem = format!("{key}: the picture is not on this record; add it first, then answer with it");
            return Err(wrong(&edit.document, problem));
        }
        let Kind::Reading { meter, unit, .. } = &question.kind else { return Ok(None) };
        let value: Decimal =
            given.text.trim().parse().map_err(|()| wrong(&edit.document, format!("{key}: no number")))?;
        self.reading(meter, value)?;
        Ok(Some(Act::Read { meter: meter.clone(), value, unit: unit.clone() }))
    }

    /// Refuses what a meter cannot show: less than before, unless it was replaced since.
    fn reading(&self, meter: &str, value: Decimal) -> Result<(), DeviceError> {
        let Some((at, before)) = self.newest_reading(meter)?.filter(|(_, before)| value < *before) else {
            return Ok(());
        };
        let replaced = self.before.answer(&replaced_key(meter)).map(|answered| &answered.latest);
        if replaced.is_some_and(|entry| entry.what.answer == "yes" && entry.at >= at) {
            return Ok(());
        }
        let problem = format!(
            "meter {meter}: {value} is less than the {before} it showed on {at} UTC; read it again, or say first that the \
             meter was replaced"
        );
        Err(wrong(&self.before.record.id, problem))
    }

    fn newest_reading(&self, meter: &str) -> Result<Option<(Timestamp, Decimal)>, DeviceError> {
        let here = self.before.readings.iter().filter(|entry| entry.what.meter == meter);
        let mut all: Vec<(Timestamp, Decimal)> = here.map(|entry| (entry.at, entry.what.value)).collect();
        if let Some(asset) = self.before.record.reference("asset") {
            let rows = self.view.referring(asset, &TableName::from(READINGS), MOST_READINGS)?;
            let of_meter = rows.iter().map(|row| &row.record).filter(|row| row.text("meter") == meter);
            all.extend(of_meter.filter_map(|row| match row.get("value")? {
                Value::Decimal(value) => Some((row.time("read_at")?, *value)),
                _ => None,
            }));
        }
        Ok(all.into_iter().max_by_key(|(at, _)| *at))
    }

    /// Refuses a step whose checklists are not done, and says what is missing.
    fn is_done(&self, checklists: &[Checklist], step: &str) -> Result<(), DeviceError> {
        for checklist in checklists.iter().filter(|checklist| checklist.before.step() == step) {
            let missing = checklist.report(&|key| self.before.given(key)).missing;
            if !missing.is_empty() {
                let problems: Vec<&str> = missing.iter().map(|missing| missing.problem.as_str()).collect();
                let problem = format!("\"{}\" is not done: {}", checklist.title, problems.join("; "));
                let (document, field) = (self.before.record.id.clone(), Some(FieldName::from("checklists")));
                return Err(EditError { document, field, problem }.into());
            }
        }
        Ok(())
    }

    /// How the arrival went, once a job.
    fn check_in(&self, edit: &Edit, step: &str) -> Result<Vec<Act>, DeviceError> {
        let record = &self.before.record;
        let is_arrival = ["arrive", "start_work"].contains(&step) && record.get("check_in_status").is_none();
        let is_known = self.dictionary.table(JOBS).is_some_and(|table| table.field("check_in_status").is_some());
        let site = record.reference("location").map(|id| self.view.record(&DocumentId::new("cmn_location", id)));
        let site = site.transpose()?.flatten().map(|listed| listed.record);
        let located = site.filter(|site| is_arrival && is_known && site.place().is_some());
        let Some(site) = located else { return Ok(Vec::new()) };
        let check_in = CheckIn::of(Some(&site), self.here, step == "start_work");
        let explains = |act: &Act| matches!(act, Act::Set { field, value: Some(_) } if *field == *"check_in_reason");
        if check_in.is_outside() && step == "arrive" && !edit.acts.iter().any(explains) {
            let metres = check_in.distance_metres.unwrap_or_default().round();
            let problem = format!("this is {metres} metres from {}; say in a reason why", site.text("name"));
            let (document, field) = (edit.document.clone(), Some(FieldName::from("check_in_reason")));
            return Err(EditError { document, field, problem }.into());
        }
        let metres = |metres: f64| Value::Integer(metres.round() as i64);
        let accuracy = self.here.map(|here| metres(here.accuracy_metres));
        let values = [
            ("check_in_status", Some(Value::text(check_in.status))),
            ("check_in_distance", check_in.distance_metres.map(metres)),
            ("check_in_accuracy", accuracy),
        ];
        let set = |(field, value): (&str, Option<Value>)| Some(Act::Set { field: field.into(), value: Some(value?) });
        Ok(values.into_iter().filter_map(set).collect())
    }

    /// Whoever takes a step on a job that is watched is alive, and says where.
    fn sign_of_life(&self, edit: &Edit) -> Option<Act> {
        let record = &self.before.record;
        let is_watched = lone_worker::interval_seconds(record).is_some();
        let is_theirs = record.reference("assigned_to") == Some(edit.author);
        (is_watched && is_theirs).then(|| sign_of_life(edit.author, SAFE))
    }
}

/// The checklists of a job whose versions are here.
pub(crate) fn checklists(view: View<'_>, job: &Record) -> Result<Vec<Checklist>, DeviceError> {
    let mut read = Vec::new();
    for version in job.references("checklists") {
        read.extend(checklist(view, version)?);
    }
    // A risk assessment comes first.
    read.sort_by_key(|checklist: &Checklist| checklist.before == Before::Complete);
    Ok(read)
}

fn checklist(view: View<'_>, version: SysId) -> Result<Option<Checklist>, DeviceError> {
    let row = view.record(&DocumentId::new(VERSIONS, version))?;
    let read = row.map(|row| Checklist::read(row.record.text("definition")));
    Ok(read.and_then(|read| read.inspect_err(|problem| tracing::warn!(%problem, "a checklist of a newer app")).ok()))
}
