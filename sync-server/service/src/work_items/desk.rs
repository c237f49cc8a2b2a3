//! How an organisation wants work to be offered: channels and queues, read once and kept with the rules.

use fieldline_model::condition::{Filter, Query};
use fieldline_model::{Dictionary, Record, SysId};
use fieldline_storage::{Selection, Tx};

use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::table::{self, TableError};

pub(crate) const CHANNELS: &str = "awa_service_channel";
pub(crate) const QUEUES: &str = "awa_queue";

/// Every active channel and queue, in their order.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    pub channels: Vec<Channel>,
    pub queues: Vec<Queue>,
}

/// A kind of work.
#[derive(Debug)]
pub(crate) struct Channel {
    pub id: SysId,
    order: i64,
    pub table: String,
    condition: Query,
    utilization: Option<Query>,
    pub size: i64,
    pub capacity: i64,
}

/// Where work waits.
#[derive(Debug)]
pub(crate) struct Queue {
    pub id: SysId,
    order: i64,
    pub channel: SysId,
    condition: Query,
    pub schedule: Option<SysId>,
    /// Whose it is; of the record's group where none is named.
    pub groups: Vec<SysId>,
    pub rule: super::choose::Rule,
    pub auto_accept: bool,
    pub accept_seconds: i64,
    /// How long work waits at the most; for ever where it is nothing.
    pub max_wait_seconds: Option<i64>,
}

impl Desk {
    /// Reads them.
    pub fn read(dictionary: &Dictionary, tx: &dyn Tx) -> Result<Self> {
        let active = Filter::equals("active", true);
        let rows = |table: &str| tx.select(&Selection::of(dictionary.family(table), &active), u32::MAX, 0);
        let mut channels: Vec<Channel> = rows(CHANNELS)?.iter().map(Channel::read).collect();
        channels.sort_by_key(|channel| (channel.order, channel.id));
        let is_there = |queue: &Queue| channels.iter().any(|channel| channel.id == queue.channel);
        let mut queues: Vec<Queue> = rows(QUEUES)?.iter().filter_map(Queue::read).filter(is_there).collect();
        queues.sort_by_key(|queue| (queue.order, queue.id));
        Ok(Self { channels, queues })
    }

    /// The channel of a record, if it is work.
    pub fn channel_of(&self, call: &Call<'_>, record: &Record) -> Option<&Channel> {
        let mut of_table =
            self.channels.iter().filter(|channel| call.dictionary.is_a(record.id.table.as_str(), &channel.table));
        of_table.find(|channel| call.holds(&channel.condition, record))
    }

    /// The queue a record of a channel waits in.
    pub fn queue_of(&self, call: &Call<'_>, channel: SysId, record: &Record) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.channel == channel && call.holds(&queue.condition, record))
    }

    /// A queue.
    pub fn queue(&self, id: SysId) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.id == id)
    }

    /// A channel.
    pub fn channel(&self, id: SysId) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }
}

fn number(row: &Record, field: &str, usual: i64) -> i64 {
    number_field(row, field).unwrap_or(usual)
}

impl Channel {
    fn read(row: &Record) -> Self {
        let utilization = row.text("utilization_condition");
        Self {
            id: row.id.sys_id,
            order: number(row, "order", 100),
            table: row.text("table").to_owned(),
            condition: Query::parse(row.text("condition")).query,
            utilization: (!utilization.is_empty()).then(|| Query::parse(utilization).query),
            size: number(row, "default_work_item_size", 1).max(0),
            capacity: number(row, "default_capacity", 2).max(0),
        }
    }

    /// Whether a record is work still, for whoever has it.
    pub fn is_in_use(&self, call: &Call<'_>, record: &Record) -> bool {
        match &self.utilization {
            Some(condition) => call.holds(condition, record),
            None if record.get("active").is_some() => record.says("active"),
            None => !record.text("state").starts_with("closed"),
        }
    }
}

impl Queue {
    fn read(row: &Record) -> Option<Self> {
        Some(Self {
            id: row.id.sys_id,
            order: number(row, "order", 100),
            channel: row.reference("service_channel")?,
            condition: Query::parse(row.text("condition")).query,
            schedule: row.reference("schedule"),
            groups: row.references("groups"),
            rule: super::choose::Rule::of(row.text("assignment"), row.text("skills")),
            auto_accept: row.says("auto_accept"),
            accept_seconds: number(row, "accept_seconds", 60).max(1),
            max_wait_seconds: Some(number(row, "max_wait_seconds", 120)).filter(|seconds| *seconds > 0),
        })
    }
}

/// Refuses a channel or queue that could not do what it says.
///
/// # Errors
/// Names what does not fit.
pub(crate) fn check(call: &Call<'_>, row: &Record) -> table::Result<()> {
    let invalid = |field: &str, problem: &str| Err(TableError::invalid(&row.id, Some(&field.into()), problem));
    let table = match row.id.table.as_str() {
        CHANNELS => row.text("table").to_owned(),
        _ => {
            let channel = row.reference("service_channel").map(|id| call.tx.find(call.dictionary.family(CHANNELS), id));
            let channel = channel.transpose()?.flatten();
            channel.map(|channel| channel.text("table").to_owned()).unwrap_or_default()
        }
    };
    let fields =
        call.dictionary.table(&table).map(|declared| [super::PERSON, super::GROUP].map(|name| declared.field(name)));
    if !fields.is_some_and(|fields| fields.iter().all(Option::is_some)) {
        return invalid(
            "table",
            "must be a table whose records have assigned_to and assignment_group, such as sn_customerservice_case",
        );
    }
    for field in ["condition", "utilization_condition"].into_iter().filter(|field| !row.text(field).is_empty()) {
        call.check_condition(row, &field.into(), &table, row.text(field))?;
    }
    Ok(())
}
