//! The words of the trade: what a record is, which fields it has, how it moves through its life.
//!
//! Everything here is data and arithmetic: the same bytes in give the same answer on a phone, on the server and in the
//! simulator. There is no I/O, no clock, no randomness and no knowledge of CRDTs, storage or HTTP.
//!
//! | to know | ask |
//! | --- | --- |
//! | which tables and fields there are, whether a text fits a field | [`Dictionary`] (`dictionary/*.toml` of this crate) |
//! | where a record stands, which steps were refused and why | [`life_cycle::LifeCycle::fold`] |
//! | whether somebody may take a step | [`life_cycle::LifeCycle::check`] |
//! | the state, stamps and durations that follow from the steps | [`life_cycle::LifeCycle::facts`] |
//! | the stage of an order from its tasks | [`work_order::stage_of`] |
//! | how long a task takes and when its work may begin | [`task_times::TaskTimes`] |
//! | how much working time lies between two moments | [`calendar::Calendar::working_milliseconds`] |
//! | where a service level clock stands, and when it is breached | [`sla::step`], [`sla::Clock`] |
//! | whether answers fit a checklist, and what a step still waits for | [`checklist::Checklist::report`] |
//! | whether somebody is where the job is | [`check_in::CheckIn::of`] |
//! | when somebody who works alone has to be heard of | [`lone_worker::watch`] |
//! | whether an asset's state and substate belong together | [`asset::check_pair`] |
//! | what a device may take from stock while it can ask nobody | [`stock::Lease`] |
//! | what a barcode stands for | [`code::mark_of`] |
//! | a record's priority | [`priority::PriorityMatrix`] |
//! | which records an encoded query asks for, and whether one is among them | [`condition::Query`], [`condition::Filter`] |
//!
//! Words with two masters are settled once: a life-cycle position is a [`life_cycle::Stage`] (the API's `state`), a
//! `Task` is the ITIL parent of incident, case and work order, `Position` belongs to the feed and [`place::Place`] to the earth.

pub mod asset;
pub mod calendar;
pub mod check_in;
pub mod checklist;
pub mod code;
pub mod condition;
pub mod dictionary;
pub mod hex;
pub mod id;
pub mod life_cycle;
pub mod lone_worker;
pub mod number;
pub mod outline;
pub mod place;
pub mod plant;
pub mod priority;
pub mod record;
pub mod recurrence;
pub mod sla;
pub mod stock;
pub mod task_times;
pub mod time;
pub mod value;
pub mod work_order;
pub mod zone;

pub use dictionary::{Dictionary, Field, FieldType, Table};
pub use id::{BlobHash, DeviceId, DocumentId, FieldName, SysId, TableName};
pub use place::Place;
pub use record::{Names, Record};
pub use time::{Timestamp, Utc0, Zone};
pub use value::{Decimal, Value};
pub use zone::UserZone;
