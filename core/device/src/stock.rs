//! What this device may take from stock, and whether what is taken is covered by it.
//!
//! The leases the server sent are the whole right; what was taken under them here counts against them at once, long before the
//! server knows. A use that no lease covers is never refused: the part is in the machine. It goes out without a lease, and the
//! person is told at once ([`Uncovered`]), so that somebody counts before the shelf is found empty.

use std::collections::BTreeMap;

use fieldline_documents::{Act, Edit};
use fieldline_model::stock::{LEASES, Lease, covers};
use fieldline_model::{DeviceId, DocumentId, FieldName, SysId, Timestamp, Value};
use fieldline_store::View;
use serde::Serialize;

use crate::device::Device;
use crate::error::DeviceError;

/// The table of counts.
pub(crate) const COUNTS: &str = "fl_stock_count";
/// Leases of one part that are looked at: one for each task it is reserved for, and some that ended.
const MOST_LEASES: u32 = 200;

/// A use that nothing held here covers: the office is told, and so is the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// The part's model.
    pub model: SysId,
    /// Where it was taken from, if that was said.
    pub stockroom: Option<SysId>,
    /// How many were taken.
    pub quantity: i64,
    /// How many this device might still have taken.
    pub left: i64,
}

/// A right to take parts, as it stands on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseItem {
    /// The lease.
    pub lease: SysId,
    /// What people recognise the stockroom by.
    pub stockroom_name: String,
    /// The stockroom.
    pub stockroom: SysId,
    /// What people recognise the part by.
    pub model_name: String,
    /// The part's model.
    pub model: SysId,
    /// The task the parts are reserved for; any when `None`.
    pub task: Option<SysId>,
    /// How many this device was given.
    pub granted: i64,
    /// How many it has taken, sent or not.
    pub used: i64,
    /// How many it may still take.
    pub left: i64,
}

/// What somebody found in a stockroom.
pub(crate) struct Counted {
    pub stockroom: SysId,
    pub model: SysId,
    pub quantity: i64,
    pub reason: String,
}

impl Counted {
    /// The fields of the count's record.
    pub fn fields(self, user: SysId) -> BTreeMap<FieldName, Value> {
        let mut fields = BTreeMap::from([
            ("stockroom".into(), Value::Reference(self.stockroom)),
            ("model".into(), Value::Reference(self.model)),
            ("quantity".into(), Value::Integer(self.quantity)),
            ("counted_by".into(), Value::Reference(user)),
        ]);
        if !self.reason.is_empty() {
            fields.insert("reason".into(), Value::text(self.reason));
        }
        fields
    }
}

impl Device {
    /// What this device may take while it can ask nobody, by stockroom and part.
    ///
    /// # Errors
    /// When the database fails.
    pub fn leases(&self, now: Timestamp) -> Result<Vec<LeaseItem>, DeviceError> {
        let device = self.who()?.device;
        self.store.read(|view| {
            let rows = view.by_table(&LEASES.into(), u32::MAX)?;
            let leases = rows.iter().filter_map(|row| Lease::read(&row.record));
            let mine = leases.filter(|lease| lease.is_open(now) && lease.device == device.to_string());
            let mut items = mine.map(|lease| item(view, lease)).collect::<Result<Vec<_>, DeviceError>>()?;
            items.sort_by(|a, b| {
                (&a.stockroom_name, &a.model_name, a.lease).cmp(&(&b.stockroom_name, &b.model_name, b.lease))
            });
            Ok(items)
        })
    }
}

fn item(view: View<'_>, lease: Lease) -> Result<LeaseItem, DeviceError> {
    let name = |id: SysId| Ok::<_, DeviceError>(view.find(id)?.map(|row| row.display).unwrap_or_default());
    let used = used(view, &lease)?;
    Ok(LeaseItem {
        lease: lease.id,
        stockroom_name: name(lease.stockroom)?,
        stockroom: lease.stockroom,
        model_name: name(lease.model)?,
        model: lease.model,
        task: lease.task,
        granted: lease.granted,
        used,
        left: lease.left(used),
    })
}

/// How many were taken under a lease. What this device remembers is all of it, unless it lost its memory; then the server
/// knows more, and what is unsent comes on top.
fn used(view: View<'_>, lease: &Lease) -> Result<i64, DeviceError> {
    let taken = view.taken_under(lease.id)?;
    Ok(taken.in_all.max(lease.used.saturating_add(taken.unsent)))
}

/// Names the lease each use in an edit is taken under, and returns those that none covers.
pub(crate) fn name_leases(
    view: View<'_>,
    edit: &mut Edit,
    device: DeviceId,
    now: Timestamp,
) -> Result<Vec<Uncovered>, DeviceError> {
    let (mut uncovered, mut taken) = (Vec::new(), BTreeMap::<SysId, i64>::new());
    let document = edit.document.clone();
    for act in &mut edit.acts {
        let Act::UsePart { model, quantity, asset, stockroom, lease } = act else { continue };
        // A serialised asset is one thing with a history of its own: who holds it is judged by that.
        *lease = None;
        if is_serialised(view, *asset)? {
            continue;
        }
        let rights = match stockroom {
            Some(stockroom) => rights(view, device, (*stockroom, *model), &document, now)?,
            None => Vec::new(),
        };
        let left = |(id, left): &(SysId, i64)| left.saturating_sub(taken.get(id).copied().unwrap_or(0));
        let covering = rights.iter().find(|right| covers(left(right), *quantity));
        match covering {
            Some((id, _)) => {
                *lease = Some(*id);
                *taken.entry(*id).or_default() += *quantity;
            }
            None if *quantity <= 0 => {}
            None => {
                let left = rights.iter().map(|right| left(right).max(0)).sum();
                uncovered.push(Uncovered { model: *model, stockroom: *stockroom, quantity: *quantity, left });
            }
        }
    }
    Ok(uncovered)
}

/// The leases that serve a record, those reserved for it first, each with what is left of it.
fn rights(
    view: View<'_>,
    device: DeviceId,
    part: (SysId, SysId),
    document: &DocumentId,
    now: Timestamp,
) -> Result<Vec<(SysId, i64)>, DeviceError> {
    let rows = view.referring(part.1, &LEASES.into(), MOST_LEASES)?;
    let leases = rows.iter().filter_map(|row| Lease::read(&row.record));
    let mut leases: Vec<Lease> =
        leases.filter(|lease| lease.is_open(now) && lease.serves(device, part, document)).collect();
    leases.sort_by_key(|lease| (lease.task.is_none(), lease.id));
    leases.iter().map(|lease| Ok((lease.id, lease.left(used(view, lease)?)))).collect()
}

fn is_serialised(view: View<'_>, asset: Option<SysId>) -> Result<bool, DeviceError> {
    let Some(asset) = asset else { return Ok(false) };
    let row = view.record(&DocumentId::new("alm_asset", asset))?;
    Ok(row.is_some_and(|row| row.record.get("serial_number").and_then(Value::as_text).is_some()))
}
