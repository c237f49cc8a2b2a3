//! A device that was swapped on a visit: an asset takes the place of another one as the same configuration item.
//!
//! The item is given the new device's serial number and model, the old device is no longer it, and a change says so, of the type the
//! organisation wants. It is done where a visit to the item is under way; what is moved at a desk is somebody's own correction.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};

use crate::author::set;
use crate::call::{Call, Changed};
use crate::change_requests::CHANGES;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::table::{self, Input, TableError};

pub(crate) const ASSETS: &str = "alm_asset";
/// Of which type the change is; `none` for no change.
const SETTING: &str = "csm.replacement.change_type";
/// A swap is done when it is told, so its change is written down afterwards.
const USUAL_TYPE: &str = "emergency";
/// Stages of a visit that is under way.
const UNDER_WAY: [&str; 3] = ["on_site", "work_in_progress", "paused"];

impl Call<'_> {
    /// Lets the CMDB follow an asset that took the place of another one.
    pub(crate) fn react_to_replacement(&mut self, changed: &Changed) -> Result<()> {
        let new = &changed.projection.record;
        let is_told = !self.pending.imported.contains(&new.id);
        let is_news = is_told && (changed.before.is_none() || changed.turned(&["ci"]));
        let Some(item) = new.reference("ci").filter(|_| is_news) else { return Ok(()) };
        let olds = self.rows(ASSETS, &Filter::equals("ci", item))?;
        let Some(old) = olds.into_iter().find(|old| old.id != new.id) else { return Ok(()) };
        let Some(visit) = self.visit_to(item, &old)? else { return Ok(()) };
        let Some(item) = self.tx.find(self.dictionary.family("cmdb_ci"), item)? else { return Ok(()) };
        let why = format!("{} replaced it on {}", new.text("display_name"), visit.text("number"));
        self.because(why, |call| {
            let acts = vec![set("ci", None), Act::WorkNote { text: replaced(&old, new, &visit) }];
            call.author_as_system(old.id.clone(), acts)?;
            call.propose_change(&item, &old, new, &visit)?;
            call.give_device(item, new)
        })
    }

    /// The visit under way to an item or the asset that was it.
    fn visit_to(&self, item: SysId, old: &Record) -> Result<Option<Record>> {
        let about = vec![Filter::equals("cmdb_ci", item), Filter::equals("asset", old.id.sys_id)];
        let open = Filter::Any(about).and(Filter::equals("active", true));
        let visits = self.rows("wm_task", &open)?;
        let is_there = |visit: &Record| self.stage_shown(visit).is_some_and(|stage| UNDER_WAY.contains(&stage));
        Ok(visits.into_iter().find(is_there))
    }

    fn give_device(&mut self, mut item: Record, new: &Record) -> Result<()> {
        for (field, from) in [("serial_number", "serial_number"), ("model_id", "model"), ("asset_tag", "asset_tag")] {
            item.set(field, new.get(from).cloned());
        }
        item.set("asset", Some(Value::Reference(new.id.sys_id)));
        self.put_row(item)
    }

    fn propose_change(&mut self, item: &Record, old: &Record, new: &Record, visit: &Record) -> Result<()> {
        let kind = self.property(SETTING)?.unwrap_or_else(|| USUAL_TYPE.into());
        let id = DocumentId::new(CHANGES, sys_id_of(format!("replaced/{}/{}/{}", item.id, old.id, new.id)));
        if kind == "none" || self.exists(&id)? {
            return Ok(());
        }
        let title: String = format!("{} was replaced", item.text("name")).chars().take(160).collect();
        let input = Input::of(&[
            ("sys_id", &id.sys_id.to_string()),
            ("type", &kind),
            ("short_description", &title),
            ("description", &replaced(old, new, visit)),
            ("cmdb_ci", &item.id.sys_id.to_string()),
            ("parent", &visit.id.sys_id.to_string()),
        ]);
        match self.implied(|call| table::create(call, CHANGES, &input)) {
            Err(TableError::Service(error)) => Err(error),
            // The device is there, whatever keeps a change from being written.
            Err(problem) => {
                tracing::error!(item = %item.id, %problem, "no change could be written for a replaced device");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}

fn replaced(old: &Record, new: &Record, visit: &Record) -> String {
    let called = |asset: &Record| match asset.text("serial_number") {
        "" => asset.text("display_name").to_owned(),
        serial => format!("{} ({serial})", asset.text("display_name")),
    };
    format!("{} took the place of {} on {}.", called(new), called(old), visit.text("number"))
}
