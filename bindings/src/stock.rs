//! Parts and assets: what this phone may take while it can ask nobody, what a scanned code stands for, one asset out and another in.

use fieldline_device as device;
use fieldline_device::runtime::Entropy;

use crate::commands::Done;
use crate::error::FieldlineError;
use crate::fieldline::Fieldline;
use crate::guard::guarded;
use crate::ids::{RecordId, SysId, maybe};
use crate::views::{Columns, Item};

/// A right to take parts, as it stands on this phone.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, uniffi::Record)]
pub struct Lease {
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
    /// The task the parts are reserved for; any when nothing.
    pub task: Option<SysId>,
    /// How many this phone was given.
    pub granted: i64,
    /// How many it has taken, sent or not.
    pub used: i64,
    /// How many it may still take.
    pub left: i64,
}

impl From<device::stock::LeaseItem> for Lease {
    fn from(item: device::stock::LeaseItem) -> Self {
        let device::stock::LeaseItem { stockroom_name, model_name, granted, used, left, .. } = item;
        let (lease, stockroom, model) = (item.lease.into(), item.stockroom.into(), item.model.into());
        let task = item.task.map(SysId::from);
        Self { lease, stockroom_name, stockroom, model_name, model, task, granted, used, left }
    }
}

/// Parts that were taken and that nothing on this phone covers: the office is told, and so should the person be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, uniffi::Record)]
pub struct Uncovered {
    /// The part's model.
    pub model: SysId,
    /// Where it was taken from, if that was said.
    pub stockroom: Option<SysId>,
    /// How many were taken.
    pub quantity: i64,
    /// How many this phone might still have taken.
    pub left: i64,
}

impl From<device::stock::Uncovered> for Uncovered {
    fn from(uncovered: device::stock::Uncovered) -> Self {
        let device::stock::Uncovered { model, stockroom, quantity, left } = uncovered;
        Self { model: model.into(), stockroom: stockroom.map(SysId::from), quantity, left }
    }
}

/// One asset out, another in, as the technician reads them off their plates.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize, uniffi::Record)]
pub struct Swap {
    /// The job.
    pub task: RecordId,
    /// The tag or serial number of what is removed.
    pub removed: String,
    /// The tag or serial number of what is installed.
    pub installed: String,
    /// Where the removed asset is taken along to.
    pub stockroom: Option<SysId>,
    /// Whether what was removed is broken.
    pub is_defective: bool,
}

#[uniffi::export]
impl Fieldline {
    /// What this phone may take while it can ask nobody.
    pub fn leases(&self) -> Result<Vec<Lease>, FieldlineError> {
        guarded(&self.platform, "leases", || {
            let runtime = self.runtime()?;
            let leases = runtime.device().leases(runtime.now())?;
            Ok(leases.into_iter().map(Lease::from).collect())
        })
    }

    /// Every asset, part, stockroom and place a scanned code may stand for; none when nothing here bears it.
    pub fn resolve_code(&self, code: String) -> Result<Vec<Item>, FieldlineError> {
        self.ask("resolve_code", |device| {
            Ok(device.resolve_code(&code)?.into_iter().map(|item| Columns::all().item(item)).collect())
        })
    }

    /// Swaps one asset for another on a job; says which is expected when a plate is the wrong one, and writes nothing then.
    pub fn swap(&self, swap: Swap) -> Result<Vec<Done>, FieldlineError> {
        let Swap { task, removed, installed, stockroom, is_defective } = swap;
        let (task, stockroom) = (task.try_into()?, maybe(stockroom)?);
        let swap = device::Swap { task, removed, installed, stockroom, is_defective };
        guarded(&self.platform, "swap", || {
            let runtime = self.runtime()?;
            let done = runtime.device().swap(swap, runtime.now(), &mut Entropy::default())?;
            runtime.poke();
            Ok(done.into_iter().map(Done::from).collect())
        })
    }
}
