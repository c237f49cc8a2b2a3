//! Who pays for an order: the maker while the asset is under warranty, else whoever a contract or an entitlement binds, else the
//! customer. It is judged at the moment the order is made and stays so.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, Timestamp};

use crate::call::Call;
use crate::csm::entitlements::{CONTRACTS, ENTITLEMENTS, terms, units};
use crate::error::Result;

/// Whether an asset is under warranty at a moment.
pub(super) fn is_under_warranty(asset: &Record, now: Timestamp) -> bool {
    asset.time("warranty_expiration").is_some_and(|until| now < until)
}

/// Whether a customer pays for what nobody else covers. Work for the house itself is billed to nobody.
pub(super) fn is_paid_for(call: &Call<'_>, origin: &Record, asset: Option<&Record>) -> Result<bool> {
    let account = origin.reference("account").or_else(|| asset.and_then(|asset| asset.reference("account")));
    let Some(account) = account else { return Ok(false) };
    let contract = call.referred(CONTRACTS, origin.reference("contract"))?;
    if contract.is_some_and(|contract| terms::not_in_force(&contract, call.now).is_none()) {
        return Ok(false);
    }
    let of_account = call.rows(ENTITLEMENTS, &Filter::equals("account", account))?;
    let is_of_it = |entitlement: &&Record| match entitlement.reference("asset") {
        Some(entitled) => asset.is_some_and(|asset| asset.id.sys_id == entitled),
        None => is_same_product(entitlement, asset),
    };
    let covers = |entitlement: &Record| {
        let has_units = units::remaining(entitlement).is_none_or(|left| left.millionths > 0);
        has_units && terms::not_in_force(entitlement, call.now).is_none()
    };
    Ok(!of_account.iter().filter(is_of_it).any(covers))
}

/// Whether an entitlement is for a whole account, or for the product the asset is one of.
fn is_same_product(entitlement: &Record, asset: Option<&Record>) -> bool {
    let product = entitlement.reference("product");
    product.is_none_or(|product| asset.and_then(|asset| asset.reference("model")) == Some(product))
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
}
