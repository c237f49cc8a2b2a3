//! 5: what is left in a van is what was stocked less every movement the log has of it, on the records the phone holds; and
//! the movements of a record, summed by stockroom and model, are what its projection says. Never doubled.

use fieldline_model::Value;

use super::case::{Case, Seen, on_each};

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    on_each(seen, |phone| {
        let mut broken = Vec::new();
        for stock in &phone.van {
            let reference = |field: &str| stock.item.fields.get(field).and_then(Value::as_reference);
            let stocked = stock.item.fields.get("quantity").and_then(Value::as_integer).unwrap_or(1);
            let Some(model) = reference("model") else { continue };
            let movement = (reference("stockroom"), model);
            let held = case.meanings.iter().filter(|(id, _)| phone.items.contains_key(id));
            let used: i64 = held.filter_map(|(_, meaning)| meaning.parts.get(&movement)).sum();
            if stock.left != stocked - used {
                let name = &stock.item.display;
                broken.push(format!("{name}: {stocked} stocked, {used} used, and the van shows {} left", stock.left));
            }
        }
        for (id, view) in &phone.records {
            let (Some(meaning), Some(details)) = (case.meanings.get(id), &view.details) else { continue };
            let shown: i64 = details.parts_used().values().sum();
            let used: i64 = meaning.parts.values().sum();
            if shown != used {
                broken.push(format!("{id}: {used} parts used and {shown} shown"));
            }
        }
        broken
    })
}
