//! Rights to stock: what a device may take from a stockroom while it can ask nobody.
//!
//! A lease is a right to some units of one model in one stockroom, held by one device. The server grants leases only out of
//! what is on hand and not granted to others, so whatever several devices take under their leases while the radio is off is
//! there for each of them. The phone and the server judge by the same words: [`Lease::serves`], [`Lease::left`] and [`covers`].
//!
//! What it leaves out: who grants a lease and takes it back (the server), and what a device has taken that the server does
//! not know of (the phone's store).

use crate::{DeviceId, DocumentId, Record, SysId, Timestamp, Value};

/// The table of leases.
pub const LEASES: &str = "fl_stock_lease";

/// A right to take units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Its record.
    pub id: SysId,
    /// Who may take them.
    pub device: String,
    /// From where.
    pub stockroom: SysId,
    /// Of what.
    pub model: SysId,
    /// The task they are reserved for; any when `None`.
    pub task: Option<SysId>,
    /// How many in all.
    pub granted: i64,
    /// How many of them the server knows to be taken.
    pub used: i64,
    /// Whether it was not given back or taken away.
    pub is_active: bool,
    /// Until when it holds; for ever when `None`.
    pub expires_at: Option<Timestamp>,
}

impl Lease {
    /// Reads a row; `None` when it is no lease that could serve anybody.
    pub fn read(row: &Record) -> Option<Self> {
        let number = |field: &str| row.get(field).and_then(Value::as_integer).unwrap_or(0);
        Some(Self {
            id: row.id.sys_id,
            device: row.text("device").to_owned(),
            stockroom: row.reference("stockroom")?,
            model: row.reference("model")?,
            task: row.reference("task"),
            granted: number("granted"),
            used: number("used"),
            is_active: row.text("state") == "active",
            expires_at: row.time("expires_at"),
        })
    }

    /// Whether it holds at a moment.
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.is_active && self.expires_at.is_none_or(|end| now < end)
    }

    /// Whether it is a right of a device to take a part from a stockroom on a record.
    pub fn serves(&self, device: DeviceId, (stockroom, model): (SysId, SysId), record: &DocumentId) -> bool {
        let is_for_it = self.task.is_none_or(|task| task == record.sys_id);
        is_for_it && (self.stockroom, self.model) == (stockroom, model) && self.device == device.to_string()
    }

    /// How many may still be taken when so many were.
    pub fn left(&self, taken: i64) -> i64 {
        self.granted.saturating_sub(taken)
    }
}

/// Whether what is left covers a use; putting back needs no right.
pub fn covers(left: i64, quantity: i64) -> bool {
    quantity <= left.max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(fields: &[(&str, Value)]) -> Lease {
        let mut row = Record::new(DocumentId::new(LEASES, SysId([9; 16])));
        row.set("stockroom", Some(Value::Reference(SysId([1; 16]))));
        row.set("model", Some(Value::Reference(SysId([2; 16]))));
        row.set("state", Some(Value::text("active")));
        fields.iter().for_each(|(field, value)| row.set(*field, Some(value.clone())));
        Lease::read(&row).expect("it has all it needs")
    }

    #[test]
    fn a_lease_serves_its_device_its_place_its_part_and_the_task_it_is_reserved_for() {
        let (device, part) = (DeviceId([7; 16]), (SysId([1; 16]), SysId([2; 16])));
        let job = DocumentId::new("wm_task", SysId([3; 16]));
        let mine = lease(&[("device", Value::text(device.to_string()))]);
        assert!(mine.serves(device, part, &job));
        assert!(!mine.serves(DeviceId([8; 16]), part, &job));
        assert!(!mine.serves(device, (part.1, part.0), &job));
        let reserved = Lease { task: Some(SysId([4; 16])), ..mine };
        assert!(!reserved.serves(device, part, &job));
    }

    #[test]
    fn what_is_left_covers_what_is_not_more_and_putting_back_is_always_covered() {
        let five = lease(&[("granted", Value::Integer(5)), ("used", Value::Integer(2))]);
        assert_eq!((five.left(five.used), five.left(7)), (3, -2));
        assert!(covers(3, 3) && !covers(3, 4) && covers(-2, -1) && covers(0, 0) && !covers(-2, 1));
    }

    #[test]
    fn a_lease_ends_when_it_is_given_back_or_at_its_hour() {
        let until = lease(&[("expires_at", Value::Time(Timestamp(100)))]);
        assert!(until.is_open(Timestamp(99)) && !until.is_open(Timestamp(100)));
        assert!(!lease(&[("state", Value::text("returned"))]).is_open(Timestamp(1)));
    }
}
