//! Restocking: a part that falls below its rule's threshold is brought up to the maximum by a transfer order.
//!
//! What is on the way counts, so one shortage makes one order however often it is looked at. The order asks for what is free in
//! the parent stockroom; where nothing is free, the next movement there or here looks again.

use fieldline_model::{Record, SysId, Value};
use fieldline_storage::Job;

use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;
use crate::stock::Place;
use crate::stock::transfer::{LINES, ORDERS};
use crate::table::{self, Input};

/// The jobs that look at one rule each.
pub(crate) const KIND: &str = "restock";
/// The table of rules.
pub(crate) const RULES: &str = "alm_stock_rule";

/// Looks at a rule.
///
/// # Errors
/// When the database fails, or the order is refused.
pub(crate) fn ring(call: &mut Call<'_>, job: &Job) -> table::Result<()> {
    call.tx.remove_job(&job.name)?;
    let rule = call.referred(RULES, job.record())?;
    let Some((rule, quantity)) = rule.map(|rule| call.wanted(&rule).map(|wanted| (rule, wanted))).transpose()? else {
        return Ok(());
    };
    if quantity <= 0 {
        return Ok(());
    }
    let id = |id: Option<SysId>| id.map(|id| id.to_string()).unwrap_or_default();
    let (from, to, model) =
        (id(rule.reference("parent_stockroom")), id(rule.reference("stockroom")), id(rule.reference("model")));
    let why = "made by a stock rule";
    let order = Input::of(&[("from_stockroom", &from), ("to_stockroom", &to), ("comments", why)]);
    let order = table::create(call, ORDERS, &order)?.record.id.sys_id;
    let line =
        [("transfer_order", &*order.to_string()), ("model", &*model), ("quantity_requested", &*quantity.to_string())];
    table::create(call, LINES, &Input::of(&line))?;
    table::update(call, ORDERS, order, &Input::of(&[("stage", "requested")]))?;
    Ok(())
}

impl Call<'_> {
    /// Has the rules looked at that a change of stock may concern.
    pub(crate) fn look_at_rules(&mut self, place: Place) -> Result<()> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        for field in ["stockroom", "parent_stockroom"] {
            for rule in self.rows_with(RULES, &[(field, &stockroom), ("model", &model)])? {
                self.look_at_rule(&rule)?;
            }
        }
        Ok(())
    }

    /// Has a rule looked at.
    pub(crate) fn look_at_rule(&mut self, rule: &Record) -> Result<()> {
        self.put_job(&Job::of(KIND, rule.id.sys_id, self.now))
    }

    /// How many a rule asks for now, and the parent stockroom can give.
    fn wanted(&self, rule: &Record) -> Result<i64> {
        let number =
            |field: &str| rule.get(field).and_then(Value::as_integer).or(number_field(rule, field)).unwrap_or(0);
        let model = rule.reference("model");
        let place = |room: &str| Some(Place { stockroom: rule.reference(room)?, model: model? });
        let (Some(here), Some(parent)) = (place("stockroom"), place("parent_stockroom")) else { return Ok(0) };
        let coming = self.on_hand(here)?.saturating_add(self.on_the_way(here)?);
        if coming >= number("threshold") {
            return Ok(0);
        }
        Ok(number("maximum").saturating_sub(coming).min(self.free(parent)?))
    }
}
