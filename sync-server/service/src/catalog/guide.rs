//! Order guides: one form that asks once and offers several items. It offers all of its items that the caller may order;
//! rules that leave out some by what was answered are not kept.

use fieldline_model::{Record, SysId, Value};

use super::cart::{self, Kept, Pick};
use super::order::{self, CheckedOut, Wishes};
use super::variables::{self, Answers};
use super::{ITEMS, is_offered, item};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{Result, TableError};

/// The items a guide offers for these answers.
///
/// # Errors
/// When there is no such guide for the caller, or a mandatory question of it is not answered.
pub fn submit(call: &Call<'_>, guide_id: &str, answers: &Answers) -> Result<Vec<Record>> {
    let guide = guide(call, guide_id)?;
    variables::check(&guide, &variables::of_item(call, guide.id.sys_id)?, answers)?;
    offered(call, &guide)
}

/// Puts items of a guide into the caller's cart, or orders them at once where the guide has two steps itself.
///
/// # Errors
/// When there is no such guide for the caller, nothing is picked, or a pick is none of its items or does not fit.
pub fn checkout(call: &mut Call<'_>, guide_id: &str, mut picks: Vec<Pick>) -> Result<CheckedOut> {
    let guide = guide(call, guide_id)?;
    let offered: Vec<String> = offered(call, &guide)?.iter().map(|item| item.id.sys_id.to_string()).collect();
    let wrong = |problem: &str| Err(TableError::invalid(&guide.id, None, problem));
    if picks.is_empty() || picks.len() > offered.len() {
        return wrong("items must name some of what the guide offers, each once");
    }
    for pick in &mut picks {
        if !offered.contains(&pick.item) {
            return wrong("items must name only what the guide offers you");
        }
        pick.guide = Some(guide.id.sys_id);
    }
    if guide.says("two_step") {
        return Ok(CheckedOut::Request(order::order_all(call, picks, &Wishes::default())?));
    }
    let mut cart = None;
    for pick in &picks {
        cart = Some(cart::add(call, Kept::Cart, pick)?);
    }
    cart.map(CheckedOut::Cart).ok_or_else(|| TableError::NotFound("the cart".into()))
}

fn guide(call: &Call<'_>, sys_id: &str) -> Result<Record> {
    let found = item(call, sys_id)?;
    match found.id.table == *"sc_cat_item_guide" {
        true => Ok(found),
        false => Err(TableError::invalid(&found.id, None, "is no order guide; order the item itself")),
    }
}

fn offered(call: &Call<'_>, guide: &Record) -> Result<Vec<Record>> {
    let Some(Value::List(items)) = guide.get("items") else { return Ok(Vec::new()) };
    let find = |item: &SysId| call.tx.find(call.dictionary.family(ITEMS), *item);
    let mut found: Vec<Record> = items.iter().map(find).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    found.retain(|item| item.says("active") && is_offered(call, item));
    found.sort_by_key(|item| (number_field(item, "order").unwrap_or_default(), item.id.sys_id));
    Ok(found)
}
