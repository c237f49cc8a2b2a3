//! A work item follows its record: somebody's when the record is, waiting when it is nobody's, over when it is.

use fieldline_model::condition::Filter;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_storage::Job;

use super::desk::{Channel, Queue};
use super::{ITEMS, KIND, PERSON, TAKE_BACK};
use crate::call::{Call, Changed};
use crate::error::Result;
use crate::query::number_field;

impl Call<'_> {
    /// Lets the work item of a document that changed follow it.
    pub(crate) fn follow_work(&mut self, changed: &Changed) -> Result<()> {
        self.settle_work(&changed.projection.record)
    }

    /// Lets the work item of a record follow it.
    pub(crate) fn settle_work(&mut self, record: &Record) -> Result<()> {
        let (book, dictionary) = (self.book.clone(), self.dictionary.clone());
        let mut channels = book.desk().channels.iter();
        if !channels.any(|channel| dictionary.is_a(record.id.table.as_str(), &channel.table)) {
            return Ok(());
        }
        let item = self.open_item_of(&record.id)?;
        let channel = book.desk().channel_of(self, record).filter(|channel| channel.is_in_use(self, record));
        match (channel, item) {
            (None, None) => Ok(()),
            (None, Some(item)) => self.end_item(item),
            (Some(channel), item) => {
                let queue = book.desk().queue_of(self, channel.id, record);
                self.keep_item(channel, queue, item, record)
            }
        }
    }

    fn keep_item(
        &mut self,
        channel: &Channel,
        queue: Option<&Queue>,
        item: Option<Record>,
        record: &Record,
    ) -> Result<()> {
        let (has, is_new) = (record.reference(PERSON), item.is_none());
        if is_new && has.is_none() && queue.is_none() {
            return Ok(());
        }
        let mut item = item.unwrap_or_else(|| self.new_item(channel, record));
        let before = item.clone();
        item.set("priority", record.get("priority").cloned());
        match (has, before.text("state")) {
            (Some(agent), state) if state != "accepted" || before.reference(PERSON) != Some(agent) => {
                self.gives(&mut item, agent)?;
            }
            (None, "accepted") => {
                waits(&mut item, self.now);
                self.place(&mut item, queue);
            }
            (None, "" | "queued") => {
                waits(&mut item, before.time("queued_at").unwrap_or(self.now));
                self.place(&mut item, queue);
            }
            _ => {}
        }
        if item == before {
            return Ok(());
        }
        self.put_row(item)?;
        self.offer_soon()
    }

    /// Puts an item where its record belongs, unless somebody handed it over.
    fn place(&self, item: &mut Record, queue: Option<&Queue>) {
        let is_there = item.reference("queue").is_some_and(|queue| self.book.desk().queue(queue).is_some());
        if !(item.says("transferred") && is_there) {
            item.set("queue", queue.map(|queue| Value::Reference(queue.id)));
            item.set("transferred", None);
        }
    }

    fn new_item(&mut self, channel: &Channel, record: &Record) -> Record {
        let mut item = Record::new(DocumentId::new(ITEMS, self.new_sys_id()));
        item.set("parent", Some(Value::text(record.id.sys_id.to_string())));
        item.set("document_table", Some(Value::text(record.id.table.as_str())));
        item.set("document_id", Some(Value::text(record.id.sys_id.to_string())));
        item.set("service_channel", Some(Value::Reference(channel.id)));
        item.set("size", Some(Value::Integer(channel.size)));
        item
    }

    fn gives(&mut self, item: &mut Record, agent: SysId) -> Result<()> {
        self.tx.remove_job(&Job::name_of(TAKE_BACK, item.id.sys_id))?;
        item.set("state", Some(Value::text("accepted")));
        item.set(PERSON, Some(Value::Reference(agent)));
        item.set("accepted_at", Some(Value::Time(self.now)));
        item.set("accept_until", None);
        item.set("transferred", None);
        Ok(())
    }

    fn end_item(&mut self, mut item: Record) -> Result<()> {
        self.tx.remove_job(&Job::name_of(TAKE_BACK, item.id.sys_id))?;
        let state = if item.text("state") == "accepted" { "closed_complete" } else { "canceled" };
        item.set("state", Some(Value::text(state)));
        item.set("closed_at", Some(Value::Time(self.now)));
        item.set("accept_until", None);
        self.put_row(item)?;
        self.offer_soon()
    }

    /// The item of a record that is not over.
    pub(super) fn open_item_of(&self, record: &DocumentId) -> Result<Option<Record>> {
        let items = self.rows(ITEMS, &Filter::equals("parent", &*record.sys_id.to_string()))?;
        Ok(items.into_iter().find(|item| !matches!(item.text("state"), "closed_complete" | "canceled")))
    }

    /// Has what waits offered once this is done, where work is offered at all.
    pub(crate) fn offer_soon(&mut self) -> Result<()> {
        if self.book.desk().channels.is_empty() {
            return Ok(());
        }
        self.put_job(&Job::new(KIND, KIND, self.now))
    }
}

/// An item that waits from a moment on.
pub(super) fn waits(item: &mut Record, since: fieldline_model::Timestamp) {
    item.set("state", Some(Value::text("queued")));
    item.set("queued_at", Some(Value::Time(since)));
    for field in [PERSON, "offered_at", "accept_until", "accepted_at"] {
        item.set(field, None);
    }
}

/// How items of a queue wait: the most urgent first, then whoever waits longest.
pub(super) fn in_turn(item: &Record) -> (i64, Option<fieldline_model::Timestamp>, SysId) {
    (number_field(item, "priority").unwrap_or(i64::MAX), item.time("queued_at"), item.id.sys_id)
}
