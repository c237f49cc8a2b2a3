//! A closed incident stays closed. Whose trouble is back asks for it in a comment ("please reopen") and is given a new
//! incident that refers to the old one, one for each such comment however often it arrives.
//!
//! A resolved one is reopened by the step of its life cycle, by whoever holds it: its caller, who works on it, and agents.

use fieldline_documents::{Act, EditId};
use fieldline_model::dictionary::Merge;
use fieldline_model::life_cycle::StepId;
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::incident::INCIDENTS;
use crate::author::set;
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::react::id_of_what_follows;

const WORDS: &str = "please reopen";
/// The property that names what a new incident takes over from the closed one, with commas.
const SETTING: &str = "com.snc.incident.clone_fields_on_reopen";
const TAKEN_OVER: &str = "caller_id,short_description,description,category,subcategory,cmdb_ci,business_service,location,\
                          assignment_group,impact,urgency";

impl Call<'_> {
    /// Opens a new incident for each comment of this change that asks for a closed one.
    pub(super) fn open_again_what_is_asked_for(&mut self, changed: &Changed) -> Result<()> {
        let closed = &changed.projection.record;
        if changed.before.is_none() || changed.projection.stage.as_deref() != Some("closed") {
            return Ok(());
        }
        let whose = ["caller_id", "opened_by"].map(|field| closed.reference(field));
        for comment in &changed.projection.comments {
            let edit = EditId { device: comment.device, epoch: comment.epoch, counter: comment.counter };
            let is_new = changed.commented.contains_key(&edit);
            let asks = whose.contains(&Some(comment.by)) && comment.what.text.to_lowercase().contains(WORDS);
            if is_new && asks {
                let why = format!("{} was closed and is asked for again", closed.text("number"));
                self.because(why, |call| call.open_again(closed, edit.act(comment.act), comment.by))?;
            }
        }
        Ok(())
    }

    fn open_again(&mut self, closed: &Record, comment: StepId, by: SysId) -> Result<()> {
        let id = DocumentId::new(INCIDENTS, id_of_what_follows("reopened", &closed.id, comment));
        if self.exists(&id)? {
            return Ok(());
        }
        let mut acts = self.taken_over(closed)?;
        acts.push(set("parent", Value::Reference(closed.id.sys_id)));
        acts.push(set("opened_by", Value::Reference(by)));
        acts.push(set("opened_at", Value::Time(self.now)));
        acts.extend(self.next_number(INCIDENTS)?.map(|number| set("number", Value::text(number))));
        let text = format!("{} was closed; a comment there asks for it to be reopened.", closed.text("number"));
        acts.push(Act::WorkNote { text });
        self.author_as_system(id, acts)
    }

    fn taken_over(&self, closed: &Record) -> Result<Vec<Act>> {
        let names = self.property(SETTING)?.unwrap_or_else(|| TAKEN_OVER.to_owned());
        let table = self.dictionary.table(INCIDENTS);
        let field = |name: &str| table?.field(name).filter(|field| field.merge == Merge::Register);
        let taken = names.split(',').filter_map(|name| field(name.trim()));
        let values = taken.filter_map(|field| Some(set(field.name.as_str(), closed.get(field.name.as_str())?.clone())));
        Ok(values.collect())
    }
}
