//! One asset out, another in: what was removed and what was installed are read off their plates, and a wrong plate is said
//! before anything is written.
//!
//! The whole swap is one transaction: the part in the job, the removed asset in the stockroom it is taken along to, and a note
//! that says both. A technician who stands before another machine than the job says is told which one is expected.

use std::collections::BTreeMap;

use fieldline_model::asset::IN_STOCK;
use fieldline_model::code::mark_of;
use fieldline_model::{DocumentId, FieldName, Record, SysId, Timestamp, Value};
use fieldline_store::View;
use rand_core::Rng;

use crate::command::{Command, Done};
use crate::device::Device;
use crate::error::DeviceError;

const ASSETS: &str = "alm_asset";
/// What an asset's plate bears.
const PLATE: [&str; 2] = ["asset_tag", "serial_number"];

/// A swap, as the technician reads it off two plates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    /// The job.
    pub task: DocumentId,
    /// The tag or serial number of what is removed.
    pub removed: String,
    /// The tag or serial number of what is installed.
    pub installed: String,
    /// Where the removed asset is taken along to.
    pub stockroom: Option<SysId>,
    /// Whether what was removed is broken.
    pub is_defective: bool,
}

/// The two assets of a swap.
struct Pair {
    removed: Record,
    installed: Record,
}

impl Device {
    /// Swaps one asset for another on a job.
    ///
    /// # Errors
    /// [`DeviceError::OtherAsset`] when what is to be removed is not what the job is about, [`DeviceError::NoSuchPlate`] when
    /// nothing here bears a plate, [`DeviceError::NotInStock`] when what is to be installed is not there to be; nothing is
    /// written then.
    pub fn swap(&mut self, swap: Swap, now: Timestamp, rng: &mut dyn Rng) -> Result<Vec<Done>, DeviceError> {
        let Pair { removed, installed } = self.store.read(|view| pair(view, &swap))?;
        let name = |asset: &Record| format!("{} {}", asset.text("display_name"), asset.text("serial_number"));
        let text = format!("Removed {}, installed {}.", name(&removed), name(&installed));
        let substate = if swap.is_defective { "defective" } else { "available" };
        let taken_along: BTreeMap<FieldName, Option<Value>> = BTreeMap::from([
            ("install_status".into(), Some(Value::Integer(IN_STOCK))),
            ("substatus".into(), Some(Value::text(substate))),
            ("stockroom".into(), swap.stockroom.map(Value::Reference)),
            ("location".into(), None),
        ]);
        let used = Command::UsePart {
            document: swap.task.clone(),
            model: installed.reference("model").unwrap_or(installed.id.sys_id),
            quantity: 1,
            asset: Some(installed.id.sys_id),
            stockroom: installed.reference("stockroom"),
        };
        let commands = vec![
            used,
            Command::SetFields { document: removed.id, fields: taken_along },
            Command::WorkNote { document: swap.task, text },
        ];
        self.execute_together(commands, now, rng)
    }
}

fn pair(view: View<'_>, swap: &Swap) -> Result<Pair, DeviceError> {
    let task = view.record(&swap.task)?.ok_or_else(|| DeviceError::NotHere(swap.task.clone()))?.record;
    let expected = task.reference("asset").map(|id| view.record(&DocumentId::new(ASSETS, id))).transpose()?.flatten();
    let removed = match expected {
        Some(expected) if mark_of(&expected.record, &PLATE, &swap.removed).is_none() => {
            let serial = expected.record.text("serial_number").to_owned();
            return Err(DeviceError::OtherAsset { seen: swap.removed.clone(), expected: expected.display, serial });
        }
        Some(expected) => expected.record,
        None => with_plate(view, &swap.removed)?,
    };
    let installed = with_plate(view, &swap.installed)?;
    let in_stock = installed.get("install_status").and_then(Value::as_integer) == Some(IN_STOCK);
    if !in_stock || installed.id == removed.id {
        return Err(DeviceError::NotInStock { plate: swap.installed.clone() });
    }
    Ok(Pair { removed, installed })
}

/// The one asset here that bears a plate.
fn with_plate(view: View<'_>, plate: &str) -> Result<Record, DeviceError> {
    let rows = view.by_table(&ASSETS.into(), u32::MAX)?;
    let mut bearing = rows.into_iter().filter(|row| mark_of(&row.record, &PLATE, plate).is_some());
    match (bearing.next(), bearing.next()) {
        (Some(one), None) => Ok(one.record),
        (first, _) => Err(DeviceError::NoSuchPlate { plate: plate.to_owned(), is_on_several: first.is_some() }),
    }
}
