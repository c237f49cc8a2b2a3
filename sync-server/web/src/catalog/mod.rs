//! The Service Catalog API: what there is (`browse.rs`), the cart (`cart.rs`), the wish list (`wishlist.rs`), orders
//! (`order.rs`) and order guides (`guide.rs`).

mod browse;
mod cart;
mod guide;
mod order;
mod wishlist;

use fieldline_model::value::Decimal;
use fieldline_service::catalog::cart::Pick;
use fieldline_service::catalog::variables::Answers;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use crate::endpoint::Endpoint;
use crate::refusal::Refusal;
use crate::table::texts;

/// Where the API lives.
const BASE: &str = "/api/sn_sc/{v}servicecatalog";
/// What prices are in.
const CURRENCY: &str = "USD";

pub fn endpoints() -> Vec<Endpoint> {
    let kept = [cart::endpoints(), wishlist::endpoints()];
    let ordered = [order::endpoints(), guide::endpoints()];
    browse::endpoints().into_iter().chain(kept.into_iter().chain(ordered).flatten()).collect()
}

/// An order of an item as it is sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Order {
    #[serde(rename = "sysparm_quantity", deserialize_with = "quantity")]
    quantity: Option<i64>,
    #[serde(rename = "sysparm_requested_for")]
    requested_for: Option<String>,
    variables: Option<Map<String, Value>>,
}

impl Order {
    fn answers(&mut self) -> Result<Answers, Refusal> {
        texts(self.variables.take().unwrap_or_default().into())
    }

    /// What is picked of an item.
    fn pick(&mut self, item: &str) -> Result<Pick, Refusal> {
        let (answers, quantity) = (self.answers()?, self.quantity.unwrap_or(1));
        Ok(Pick { item: item.to_owned(), quantity, answers, guide: None })
    }
}

/// A number, or a text that is one. Anything else is no quantity, which is for the service to say.
fn quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let given = Option::<Value>::deserialize(deserializer)?;
    let read = |value: Value| match value {
        Value::Number(number) => number.as_i64().unwrap_or_default(),
        Value::String(text) => text.trim().parse().unwrap_or_default(),
        _ => 0,
    };
    Ok(given.filter(|value| !value.is_null()).map(read))
}

/// An amount as people read it.
fn money(amount: Decimal) -> String {
    let sign = if amount.millionths < 0 { "-" } else { "" };
    let cents = (amount.millionths.unsigned_abs() + 5_000) / 10_000;
    let whole = (cents / 100).to_string();
    let digits = whole.len();
    let grouped = whole.chars().enumerate().fold(String::new(), |mut grouped, (place, digit)| {
        if place > 0 && (digits - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
        grouped
    });
    format!("{sign}${grouped}.{:02}", cents % 100)
}

/// What the bodies look like.
pub fn schemas() -> Value {
    let text = json!({ "type": "string" });
    let yes = json!({ "type": "boolean" });
    let number = json!({ "type": "integer" });
    let result =
        |schema: Value| json!({ "type": "object", "required": ["result"], "properties": { "result": schema } });
    let list = |schema: &Value| json!({ "type": "array", "items": schema });
    let catalog = json!({
        "type": "object",
        "required": ["title", "sys_id", "has_categories", "has_items", "description"],
        "properties": {
            "title": text, "sys_id": text, "has_categories": yes, "has_items": yes, "description": text,
            "desktop_image": text, "categories": list(&json!({ "type": "object" })),
        },
    });
    let category = json!({
        "type": "object",
        "required": ["title", "sys_id"],
        "properties": {
            "title": text, "sys_id": text, "description": text, "count": number,
            "subcategories": list(&json!({ "type": "object" })),
        },
    });
    let item = json!({
        "type": "object",
        "required": ["sys_id", "name", "type", "price", "catalogs", "category"],
        "properties": {
            "sys_id": text, "name": text, "type": text, "price": text, "order": number,
            "short_description": text, "description": text, "sys_class_name": text,
            "catalogs": list(&json!({ "type": "object" })), "category": { "type": "object" },
            "variables": list(&json!({ "type": "object" })),
        },
    });
    let cart = json!({
        "type": "object",
        "required": ["cart_id", "subtotal_price"],
        "properties": { "cart_id": text, "subtotal_price": text },
    });
    let added = json!({
        "type": "object",
        "required": ["cart_id", "subtotal", "items"],
        "properties": { "cart_id": text, "subtotal": text, "items": list(&json!({ "type": "object" })) },
    });
    let request = json!({
        "type": "object",
        "required": ["request_number", "request_id"],
        "properties": { "request_number": text, "request_id": text, "sys_id": text, "number": text, "table": text },
    });
    let produced = json!({
        "type": "object",
        "required": ["sys_id", "number", "table", "record", "redirect_url", "parent_table", "parent_id"],
        "properties": {
            "sys_id": text, "number": text, "table": text, "record": text, "redirect_url": text,
            "parent_table": text, "parent_id": { "type": "null" },
        },
    });
    let wishes = json!({
        "type": "object",
        "required": ["cart_id", "items"],
        "properties": { "cart_id": text, "items": list(&json!({ "type": "object" })) },
    });
    let amount = json!({ "type": ["integer", "string"], "description": "A whole number from 1" });
    json!({
        "CatalogsResult": result(list(&catalog)),
        "CatalogResult": result(catalog),
        "CatalogCategoriesResult": result(list(&category)),
        "CatalogCategoryResult": result(category),
        "CatalogItemsResult": result(list(&item)),
        "CatalogItemResult": result(item),
        "CatalogCartResult": result(cart.clone()),
        "CatalogAddedResult": result(added),
        "CatalogCheckoutResult": result(json!({ "anyOf": [request.clone(), cart] })),
        "CatalogRequestResult": result(request),
        "CatalogWishListResult": result(wishes),
        "CatalogWishResult": result(json!({ "type": "object", "required": ["cart_item_id", "catalog_item_id"] })),
        "CatalogDelegationResult": result(json!({
            "type": "object", "required": ["result"], "properties": { "result": yes },
        })),
        "CatalogInvalidUsersResult": result(json!({
            "type": "object",
            "properties": { "invalidUsers": list(&text), "errCode": text, "errMsg": text },
        })),
        "CatalogAlsoFor": { "type": "object", "properties": { "sysparm_also_request_for": text } },
        "CatalogPicks": guide::schemas(),
        "CatalogProducedResult": result(produced),
        "CatalogVariablesResult": result(list(&json!({ "type": "object" }))),
        "CatalogTextResult": result(text.clone()),
        "CatalogOrder": {
            "type": "object",
            "properties": {
                "sysparm_quantity": amount,
                "sysparm_requested_for": { "type": ["string", "null"] },
                "variables": { "type": ["object", "null"] },
            },
        },
        "CatalogWishes": {
            "type": "object",
            "properties": {
                "requested_for": { "type": ["string", "null"] },
                "special_instructions": text,
                "delivery_address": text,
            },
        },
        "CatalogAnswer": { "type": "object", "properties": { "sysparm_value": text } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_rounded_to_cents_and_grouped_in_thousands() {
        for (amount, shown) in [
            ("0", "$0.00"),
            ("799", "$799.00"),
            ("1598.005", "$1,598.01"),
            ("1234567.8", "$1,234,567.80"),
            ("-0.5", "-$0.50"),
        ] {
            assert_eq!(money(amount.parse().expect("an amount")), shown);
        }
    }

    #[test]
    fn a_quantity_is_a_number_or_its_text() {
        for (body, wanted) in [
            (json!({ "sysparm_quantity": 2 }), Some(2)),
            (json!({ "sysparm_quantity": "3" }), Some(3)),
            (json!({ "sysparm_quantity": "many" }), Some(0)),
            (json!({ "sysparm_quantity": 1.5 }), Some(0)),
            (json!({}), None),
        ] {
            let order: Order = serde_json::from_value(body).expect("an order");
            assert_eq!(order.quantity, wanted);
        }
    }
}
