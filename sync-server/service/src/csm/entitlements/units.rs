//! What closed cases take from an entitlement: one case, or the hours worked on it.
//!
//! Each case has one row of its own, so it takes its units once, however often it is looked at; what remains is the total less the
//! sum of the rows, and never less than nothing.

use fieldline_documents::Act;
use fieldline_model::condition::Filter;
use fieldline_model::value::Decimal;
use fieldline_model::{DocumentId, Record, SysId, Value};

use super::ENTITLEMENTS;
use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::query::number_field;

const USES: &str = "fl_entitlement_use";
pub(super) const CASES_UNIT: &str = "cases";
const HOURS_UNIT: &str = "hours";
const HOUR_SECONDS: i64 = 3_600;

/// What remains of an entitlement whose units are counted.
pub(crate) fn remaining(entitlement: &Record) -> Option<Decimal> {
    decimal(entitlement, "remaining_units").filter(|_| entitlement.says("per_unit"))
}

fn decimal(record: &Record, field: &str) -> Option<Decimal> {
    match record.get(field)? {
        Value::Decimal(number) => Some(*number),
        _ => None,
    }
}

/// Works out what remains of an entitlement that is about to be written.
///
/// # Errors
/// When the database fails.
pub(super) fn count(call: &Call<'_>, entitlement: &mut Record) -> Result<()> {
    let Some(total) = decimal(entitlement, "total_units").filter(|_| entitlement.says("per_unit")) else {
        return Ok(());
    };
    let uses = call.rows(USES, &Filter::equals("entitlement", entitlement.id.sys_id))?;
    let used: i64 = uses.iter().filter_map(|row| decimal(row, "units")).map(|units| units.millionths).sum();
    let millionths = total.millionths.saturating_sub(used).max(0);
    entitlement.set("remaining_units", Some(Value::Decimal(Decimal { millionths })));
    Ok(())
}

impl Call<'_> {
    /// Takes from a case's entitlement what the case has used.
    pub(in crate::csm) fn take_units(&mut self, case: &Record) -> Result<()> {
        let id = DocumentId::new(USES, sys_id_of(format!("entitlement use/{}", case.id)));
        let entitlement = self.referred(ENTITLEMENTS, case.reference("entitlement"))?;
        let Some(mut entitlement) = entitlement.filter(|one| one.says("per_unit")) else {
            return Ok(());
        };
        if self.row(&id)?.is_some() {
            return Ok(());
        }
        let units = match entitlement.text("unit") {
            HOURS_UNIT => hours(self.worked_seconds(case)?),
            _ => Decimal::whole(1),
        };
        let before = remaining(&entitlement);
        let mut taken = Record::new(id);
        taken.set("entitlement", Some(Value::Reference(entitlement.id.sys_id)));
        taken.set("case", Some(Value::Reference(case.id.sys_id)));
        taken.set("units", Some(Value::Decimal(units)));
        self.put_row(taken)?;
        count(self, &mut entitlement)?;
        let (number, unit) = (entitlement.text("number").to_owned(), entitlement.text("unit").to_owned());
        self.put_row(entitlement)?;
        match before.filter(|before| before.millionths < units.millionths) {
            Some(before) => {
                let text = format!("{units} {unit} were used where {before} remained in {number}; settle the rest.");
                self.author_as_system(case.id.clone(), vec![Act::WorkNote { text }])
            }
            None => Ok(()),
        }
    }

    /// The time people entered for a case, its tasks and the visits made for it; a visit without entries took the time it took.
    fn worked_seconds(&mut self, case: &Record) -> Result<i64> {
        let mut worked: Vec<Record> = vec![case.clone()];
        worked.extend(self.rows("sn_customerservice_task", &Filter::equals("parent", case.id.sys_id))?);
        for order in self.orders_of(case.id.sys_id)? {
            worked.extend(self.tasks_of(&order.id)?);
        }
        let mut seconds = 0;
        for record in worked {
            let entered: i64 = self.projection(&record.id)?.time_entries.iter().map(|entry| entry.what.seconds()).sum();
            let told = record.time("time_worked").map(|worked| worked.0 / 1_000);
            let measured = || told.or_else(|| number_field(&record, "actual_work_duration")).unwrap_or_default();
            seconds += if entered > 0 { entered } else { measured() };
        }
        Ok(seconds)
    }

    /// The work orders that were opened for a task.
    pub(in crate::csm) fn orders_of(&self, task: SysId) -> Result<Vec<Record>> {
        let from = ["initiated_from", "parent"].map(|field| Filter::equals(field, task));
        self.rows("wm_order", &Filter::Any(from.to_vec()))
    }
}

fn hours(seconds: i64) -> Decimal {
    Decimal { millionths: seconds.max(0).saturating_mul(1_000_000) / HOUR_SECONDS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_an_hour_is_a_quarter() {
        assert_eq!(hours(900).to_string(), "0.25");
        assert_eq!(hours(7_200).to_string(), "2");
        assert_eq!(hours(-5).to_string(), "0");
    }
}
