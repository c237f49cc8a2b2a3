//! Leases: who may take how many units without asking.
//!
//! What a stockroom's open leases still grant never adds up to more than lies there, because a lease is granted out of what is
//! free and a use that is covered takes from the stock and from its lease alike. A technician's van is leased whole to their
//! device; units of a shared stockroom when the device asks, or when they are reserved for a task.
//!
//! A lease ends when it is given back, at its hour, or because somebody decided so. Nobody can be asked who is offline: what
//! their device takes under a lease that has ended is taken, and not verified.

use std::collections::BTreeSet;

use fieldline_documents::caps::MAX_QUANTITY;
use fieldline_documents::journal::{Entry, PartUse};
use fieldline_model::plant::{self, Plant};
use fieldline_model::stock::{LEASES, Lease, covers};
use fieldline_model::{DeviceId, DocumentId, Record, SysId, Value};

use crate::call::Call;
use crate::error::Result;
use crate::stock::ledger::BALANCES;
use crate::stock::lots::van_owner;
use crate::stock::{KEEPERS, Place, STOCKROOMS};
use crate::table::TableError;

/// How long a device keeps what it asked for out of a stockroom it shares with others.
const ASKED_MILLISECONDS: i64 = 7 * 24 * 3_600_000;

/// What a device asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Where and what.
    pub place: Place,
    /// How many at the most.
    pub quantity: i64,
}

/// Whom a lease is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holder {
    pub user: SysId,
    pub device: DeviceId,
    /// The only task it serves, if it is reserved for one.
    pub task: Option<SysId>,
}

/// Leases units to the device that asks: as many as are free, up to what it asks for. Returns its lease.
///
/// # Errors
/// When no device asks, the stockroom is somebody else's van, or nothing is free.
pub fn ask(call: &mut Call<'_>, asked: Asked) -> Result<Record, TableError> {
    let Asked { place, quantity } = asked;
    let room = DocumentId::new(STOCKROOMS, place.stockroom);
    let refused = |problem: String| TableError::Denied { record: room.to_string(), problem };
    let device =
        call.caller.device.ok_or_else(|| refused("a lease is for a device; ask from an enrolled one".into()))?;
    let row = call.row(&room)?.ok_or_else(|| TableError::NotFound(room.to_string()))?;
    if van_owner(&row).is_some_and(|owner| owner != call.caller.user) {
        return Err(refused(
            "this is somebody's van; ask them for the part, or take it from a shared stockroom".into(),
        ));
    }
    if !(1..=MAX_QUANTITY).contains(&quantity) {
        return Err(TableError::invalid(&room, None, format!("{quantity} units; ask for 1 to {MAX_QUANTITY}")));
    }
    let granted = call.free(place)?.min(quantity);
    if granted <= 0 {
        let problem = "nothing of that part is free here; use another stockroom, or have it ordered";
        return Err(TableError::invalid(&room, None, problem));
    }
    let holder = Holder { user: call.caller.user, device, task: None };
    let expires = van_owner(&row).is_none().then_some(ASKED_MILLISECONDS);
    Ok(call.lease_to(place, holder, granted, expires)?)
}

/// Ends a lease, so that what is left of it is free. Its device does so, or somebody who keeps stock.
///
/// # Errors
/// When there is no such lease, or it is not the caller's to end.
pub fn give_back(call: &mut Call<'_>, lease: SysId) -> Result<Record, TableError> {
    let id = DocumentId::new(LEASES, lease);
    let row = call.row(&id)?.ok_or_else(|| TableError::NotFound(id.to_string()))?;
    let is_own = call.caller.device.is_some_and(|device| device.to_string() == row.text("device"));
    if !is_own && !call.caller.may(&KEEPERS.map(str::to_owned)) {
        let problem = "its own device gives a lease back, or one of those who keep stock; ask them".to_owned();
        return Err(TableError::Denied { record: id.to_string(), problem });
    }
    call.end_lease(row.clone())?;
    Ok(call.row(&id)?.unwrap_or(row))
}

impl Call<'_> {
    /// Whether a use is covered: by the lease it names, which has so much less to grant from then on, or by what is free.
    pub(crate) fn is_covered(
        &mut self,
        record: &DocumentId,
        entry: &Entry<PartUse>,
        place: Option<Place>,
    ) -> Result<bool> {
        let quantity = entry.what.quantity;
        match (place, entry.what.lease) {
            (Some(place), Some(lease)) => Ok(self.take_under(lease, place, record, entry)? || quantity <= 0),
            (Some(place), None) => Ok(quantity <= 0 || self.free(place)? >= quantity),
            (None, _) => Ok(quantity <= 0),
        }
    }

    fn take_under(&mut self, lease: SysId, place: Place, record: &DocumentId, entry: &Entry<PartUse>) -> Result<bool> {
        let Some(mut row) = self.row(&DocumentId::new(LEASES, lease))? else { return Ok(false) };
        let quantity = entry.what.quantity;
        let part = (place.stockroom, place.model);
        let is_covered = Lease::read(&row).is_some_and(|lease| {
            let holds = lease.is_open(self.now) && lease.serves(entry.device, part, record);
            holds && covers(lease.left(lease.used), quantity)
        });
        if is_covered && !plant::is(Plant::LeaseNotConsumed) {
            let used = row.get("used").and_then(Value::as_integer).unwrap_or(0);
            row.set("used", Some(Value::Integer(used.saturating_add(quantity))));
            self.put_row(row)?;
        }
        Ok(is_covered)
    }

    /// How many of a part in a stockroom nobody has a right to.
    pub(crate) fn free(&self, place: Place) -> Result<i64> {
        let granted = self.leased(place)?.saturating_add(self.set_aside(place)?);
        Ok(self.on_hand(place)?.saturating_sub(granted))
    }

    /// How many the open leases of a part in a stockroom still grant.
    pub(crate) fn leased(&self, place: Place) -> Result<i64> {
        let leases = self.leases_of(place)?;
        let open = leases.iter().filter_map(Lease::read).filter(|lease| lease.is_open(self.now));
        Ok(open.map(|lease| lease.left(lease.used).max(0)).fold(0, i64::saturating_add))
    }

    fn leases_of(&self, place: Place) -> Result<Vec<Record>> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        self.rows_with(LEASES, &[("stockroom", &stockroom), ("model", &model)])
    }

    /// Leases what is free in somebody's van to their device. Where a lease was ended by decision, the device has to ask.
    pub(crate) fn lease_the_rest(&mut self, place: Place) -> Result<()> {
        let room = self.row(&DocumentId::new(STOCKROOMS, place.stockroom))?;
        let Some(user) = room.as_ref().and_then(van_owner) else { return Ok(()) };
        let free = self.free(place)?;
        if free <= 0 {
            return Ok(());
        }
        let leases = self.leases_of(place)?;
        let active = leases.iter().find(|lease| lease.text("state") == "active" && lease.reference("task").is_none());
        let device = match active.and_then(|lease| lease.text("device").parse().ok()) {
            Some(device) => Some(device),
            None => self.newest_device(user)?,
        };
        let ended = |device: DeviceId| leases.iter().any(|lease| lease.text("device") == device.to_string());
        match device {
            Some(device) if active.is_some() || !ended(device) => {
                self.lease_to(place, Holder { user, device, task: None }, free, None).map(drop)
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn newest_device(&self, user: SysId) -> Result<Option<DeviceId>> {
        let devices = self.tx.devices()?;
        let mut own = devices.iter().filter(|device| device.user == user && device.revoked_at.is_none());
        Ok(own.next().map(|device| device.id))
    }

    /// Grants units on top of what the holder has of them already.
    pub(crate) fn lease_to(
        &mut self,
        place: Place,
        holder: Holder,
        quantity: i64,
        expires_in: Option<i64>,
    ) -> Result<Record> {
        let is_same = |row: &Record| {
            let is_open = Lease::read(row).is_some_and(|lease| lease.is_open(self.now));
            is_open && row.text("device") == holder.device.to_string() && row.reference("task") == holder.task
        };
        let mut row = match self.leases_of(place)?.into_iter().find(is_same) {
            Some(row) => row,
            None => self.new_lease(place, holder),
        };
        let granted = row.get("granted").and_then(Value::as_integer).unwrap_or(0);
        row.set("granted", Some(Value::Integer(granted.saturating_add(quantity))));
        row.set("expires_at", expires_in.map(|time| Value::Time(self.now.plus_milliseconds(time))));
        self.put_row(row.clone())?;
        Ok(row)
    }

    fn new_lease(&mut self, place: Place, holder: Holder) -> Record {
        let mut row = Record::new(DocumentId::new(LEASES, self.new_sys_id()));
        row.set("user", Some(Value::Reference(holder.user)));
        row.set("device", Some(Value::text(holder.device.to_string())));
        row.set("stockroom", Some(Value::Reference(place.stockroom)));
        row.set("model", Some(Value::Reference(place.model)));
        row.set("task", holder.task.map(Value::Reference));
        row.set("used", Some(Value::Integer(0)));
        row.set("state", Some(Value::text("active")));
        row
    }

    fn end_lease(&mut self, mut row: Record) -> Result<()> {
        if row.text("state") == "active" {
            row.set("state", Some(Value::text("returned")));
            self.put_row(row)?;
        }
        Ok(())
    }

    /// Ends the leases of a device that was locked out; another device of its person takes over.
    pub(crate) fn device_locked(&mut self, device: DeviceId) -> Result<()> {
        let rows = self.rows_with(LEASES, &[("device", &device.to_string()), ("state", "active")])?;
        for row in rows {
            let place = Lease::read(&row).map(|lease| Place { stockroom: lease.stockroom, model: lease.model });
            self.end_lease(row)?;
            place.map_or(Ok(()), |place| self.lease_the_rest(place))?;
        }
        Ok(())
    }

    /// Leases somebody's vans to a device they have bound.
    pub(crate) fn lease_vans_of(&mut self, user: SysId) -> Result<()> {
        let vans = self.rows_with(STOCKROOMS, &[("manager", &user.to_string()), ("type", "field_agent")])?;
        vans.into_iter().try_for_each(|van| self.lease_van(van.id.sys_id))
    }

    /// Lets leases follow a stockroom that became, or is no more, somebody's van.
    pub(crate) fn stockroom_written(&mut self, before: Option<&Record>, after: &Record) -> Result<()> {
        let was = before.and_then(van_owner);
        if was == van_owner(after) {
            return Ok(());
        }
        let rows = self.rows_with(LEASES, &[("stockroom", &after.id.sys_id.to_string()), ("state", "active")])?;
        for row in rows.into_iter().filter(|row| row.reference("user") == was) {
            self.end_lease(row)?;
        }
        self.lease_van(after.id.sys_id)
    }

    fn lease_van(&mut self, stockroom: SysId) -> Result<()> {
        let balances = self.rows_with(BALANCES, &[("stockroom", &stockroom.to_string())])?;
        let models: BTreeSet<SysId> = balances.iter().filter_map(|balance| balance.reference("model")).collect();
        models.into_iter().try_for_each(|model| self.lease_the_rest(Place { stockroom, model }))
    }
}
