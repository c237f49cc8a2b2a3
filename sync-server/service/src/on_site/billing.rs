//! What a work order took: time by person and kind, parts, expenses. Time that was noted twice, by steps and by hand, counts once.

use std::collections::BTreeMap;

use fieldline_model::calendar::spans::joined;
use fieldline_model::condition::Filter;
use fieldline_model::{Decimal, Record, SysId, Timestamp, Value};

use super::told::CARDS;
use crate::call::Call;
use crate::table::{self, Result, declared};

const ORDERS: &str = "wm_order";
const EXPENSES: &str = "sm_incidentals";

/// What an order took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billing {
    /// The order.
    pub order: SysId,
    /// Whether it is billed at all.
    pub billable: bool,
    /// Time by person and category.
    pub time: Vec<TimeSpent>,
    /// How many of each part were used, less those put back.
    pub parts: BTreeMap<SysId, i64>,
    /// Expenses that were incurred, by type and currency.
    pub expenses: Vec<Spent>,
}

/// Time a person spent on something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeSpent {
    /// Who.
    pub user: SysId,
    /// On what, as `time_card` has it.
    pub category: String,
    /// How long.
    pub seconds: i64,
}

/// Expenses of a type in a currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The type, as `sm_incidentals` has it.
    pub kind: String,
    /// The currency, empty where none was noted.
    pub currency: String,
    /// How much.
    pub cost: Decimal,
    /// How many kilometres, of mileage.
    pub quantity: Decimal,
}

/// What an order took.
///
/// # Errors
/// When there is no such order for the caller, or the caller may not know what people did when.
pub fn billing(call: &mut Call<'_>, order: SysId) -> Result<Billing> {
    let order = table::read(call, ORDERS, order)?;
    let cards = declared(call, CARDS)?;
    table::only(call, &cards.read, &order.id, "may know what an order took")?;
    let tasks = call.tasks_of(&order.id)?;
    let (mut time, mut spent): (Times, Costs) = Default::default();
    let mut parts: BTreeMap<SysId, i64> = BTreeMap::new();
    for task in &tasks {
        let of_task = Filter::equals("task", task.id.sys_id);
        call.rows(CARDS, &of_task)?.iter().for_each(|card| note(&mut time, card));
        for row in call.rows(EXPENSES, &of_task)?.iter().filter(|row| row.text("state") == "incurred") {
            let (cost, quantity) = spent.entry((row.text("type").into(), row.text("currency").into())).or_default();
            *cost = sum(*cost, row, "cost");
            *quantity = sum(*quantity, row, "quantity");
        }
        for (model, used) in call.projection(&task.id)?.parts_used() {
            let all = parts.entry(model).or_default();
            *all = all.saturating_add(used);
        }
    }
    let time = time.into_iter().map(|((user, category), spans)| TimeSpent { user, category, seconds: covered(spans) });
    let expense = |((kind, currency), (cost, quantity))| Spent { kind, currency, cost, quantity };
    Ok(Billing {
        order: order.id.sys_id,
        billable: order.says("billable"),
        time: time.collect(),
        parts,
        expenses: spent.into_iter().map(expense).collect(),
    })
}

/// Cost and quantity by kind and currency.
type Costs = BTreeMap<(String, String), (Decimal, Decimal)>;
/// Spans by person and category.
type Times = BTreeMap<(SysId, String), Vec<(Timestamp, Timestamp)>>;

fn note(time: &mut Times, card: &Record) {
    let span = card.time("started_at").zip(card.time("ended_at"));
    if let (Some(user), Some(span)) = (card.reference("user"), span) {
        time.entry((user, card.text("category").to_owned())).or_default().push(span);
    }
}

fn sum(sum: Decimal, row: &Record, field: &str) -> Decimal {
    let Some(Value::Decimal(more)) = row.get(field) else { return sum };
    Decimal { millionths: sum.millionths.saturating_add(more.millionths) }
}

/// How many seconds lie in any of some spans.
fn covered(mut spans: Vec<(Timestamp, Timestamp)>) -> i64 {
    spans.retain(|(from, until)| from < until);
    let milliseconds: i64 = joined(spans).iter().map(|(from, until)| until.milliseconds_since(*from)).sum();
    milliseconds / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_that_was_noted_twice_counts_once() {
        let span = |from: i64, until: i64| (Timestamp(from * 1_000), Timestamp(until * 1_000));
        assert_eq!(covered(vec![]), 0);
        assert_eq!(covered(vec![span(10, 20), span(0, 5)]), 15);
        assert_eq!(covered(vec![span(0, 10), span(2, 4), span(8, 12), span(12, 13)]), 13);
        assert_eq!(covered(vec![span(5, 1)]), 0, "a clock that ran backwards is no time");
    }
}
