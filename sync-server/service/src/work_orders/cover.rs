//! Who pays for an order: the maker while the asset is under warranty, else whoever a contract or an entitlement binds, else the
//! customer. It is judged at the moment the order is made and stays so.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, Timestamp};

use crate::call::Call;
use crate::error::Result;
use crate::query::number_field;

/// Whether an asset is under warranty at a moment.
pub(super) fn is_under_warranty(asset: &Record, now: Timestamp) -> bool {
    asset.time("warranty_expiration").is_some_and(|until| now < until)
}

/// Whether a customer pays for what nobody else covers. Work for the house itself is billed to nobody.
pub(super) fn is_paid_for(call: &Call<'_>, origin: &Record, asset: Option<&Record>) -> Result<bool> {
    let account = origin.reference("account").or_else(|| asset.and_then(|asset| asset.reference("account")));
    let Some(account) = account else { return Ok(false) };
    let contract = call.referred("ast_contract", origin.reference("contract"))?;
    if contract.is_some_and(|contract| holds(&contract, ("starts", "ends"), call.now)) {
        return Ok(false);
    }
    let of_account = call.rows("service_entitlement", &Filter::equals("account", account))?;
    let is_of_it = |entitlement: &&Record| match entitlement.reference("asset") {
        Some(entitled) => asset.is_some_and(|asset| asset.id.sys_id == entitled),
        None => is_same_product(entitlement, asset),
    };
    let covers =
        |entitlement: &Record| holds(entitlement, ("start_date", "end_date"), call.now) && has_units_left(entitlement);
    Ok(!of_account.iter().filter(is_of_it).any(covers))
}

/// Whether an entitlement is for a whole account, or for the product the asset is one of.
fn is_same_product(entitlement: &Record, asset: Option<&Record>) -> bool {
    let product = entitlement.reference("product");
    product.is_none_or(|product| asset.and_then(|asset| asset.reference("model")) == Some(product))
}

fn holds(row: &Record, (starts, ends): (&str, &str), now: Timestamp) -> bool {
    let begun = row.time(starts).is_none_or(|starts| starts <= now);
    let is_over = row.time(ends).is_some_and(|ends| ends <= now);
    row.text("state") == "active" && row.says("active") && begun && !is_over
}

/// Whether something counted has any units left; what is not counted never runs out.
fn has_units_left(entitlement: &Record) -> bool {
    let left = match entitlement.get("remaining_units") {
        Some(fieldline_model::Value::Decimal(left)) => Some(left.millionths),
        _ => number_field(entitlement, "remaining_units"),
    };
    entitlement.text("unit").is_empty() || left.is_none_or(|left| left > 0)
}

#[cfg(test)]
mod tests {
    use fieldline_model::{DocumentId, SysId, Value};

    use super::*;

    fn row(fields: &[(&str, Value)]) -> Record {
        let mut row = Record::new(DocumentId::new("service_entitlement", SysId([1; 16])));
        fields.iter().for_each(|(field, value)| row.set(*field, Some(value.clone())));
        row
    }

    #[test]
    fn a_warranty_is_over_at_its_last_moment() {
        let asset = row(&[("warranty_expiration", Value::Time(Timestamp(10)))]);
        assert_eq!([9, 10, 11].map(|now| is_under_warranty(&asset, Timestamp(now))), [true, false, false]);
        assert!(!is_under_warranty(&row(&[]), Timestamp(0)));
    }

    #[test]
    fn what_is_not_active_or_not_in_its_time_covers_nothing() {
        let active = [("state", Value::text("active")), ("active", Value::Boolean(true))];
        let of = |more: &[(&str, Value)]| row(&[&active[..], more].concat());
        let dates = ("start_date", "end_date");
        assert!(holds(&of(&[]), dates, Timestamp(5)));
        assert!(!holds(&of(&[("start_date", Value::Time(Timestamp(6)))]), dates, Timestamp(5)));
        assert!(!holds(&of(&[("end_date", Value::Time(Timestamp(5)))]), dates, Timestamp(5)));
        assert!(!holds(&of(&[("state", Value::text("suspended"))]), dates, Timestamp(5)));
    }

    #[test]
    fn only_what_is_counted_runs_out() {
        let units =
            |unit: &str, left: i64| row(&[("unit", Value::text(unit)), ("remaining_units", Value::Integer(left))]);
        assert_eq!([has_units_left(&units("hours", 1)), has_units_left(&units("hours", 0))], [true, false]);
        assert!(has_units_left(&row(&[])));
    }
}
