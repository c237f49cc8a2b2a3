//! What an order makes: a request, an item of it for each line, the answers, and the task that fulfils the item.

use fieldline_model::value::Decimal;
use fieldline_model::{Record, SysId, Value};

use super::cart::{self, Cart, Kept, Pick, check_quantity, create};
use super::item;
use super::variables::{self, Answers, Price, Variable, plus, times};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Input, Result, TableError};

/// What is said about a whole order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wishes {
    /// For whom, when not for whoever orders.
    pub requested_for: Option<String>,
    /// What else is to be known.
    pub special_instructions: String,
    /// Where it goes.
    pub delivery_address: String,
}

/// What is ordered of one item.
struct Line {
    item: Record,
    quantity: i64,
    price: Price,
    variables: Vec<Variable>,
    answers: Answers,
    guide: Option<SysId>,
}

/// What came of a checkout.
pub enum CheckedOut {
    /// The cart, to be looked at once more before it is ordered.
    Cart(Cart),
    /// The request.
    Request(Record),
}

/// Orders one item and gives the request.
///
/// # Errors
/// When there is no such item for the caller, the quantity is none, or a mandatory question is not answered.
pub fn order_now(call: &mut Call<'_>, pick: Pick, wishes: &Wishes) -> Result<Record> {
    order_all(call, vec![pick], wishes)
}

/// Orders several items at once and gives the request.
///
/// # Errors
/// As [`order_now`].
pub(super) fn order_all(call: &mut Call<'_>, picks: Vec<Pick>, wishes: &Wishes) -> Result<Record> {
    let lines = picks.into_iter().map(|pick| line(call, pick)).collect::<Result<Vec<_>>>()?;
    submit(call, &lines, wishes)
}

/// Checks the caller's cart out: orders it, or shows it once more where the organisation wants two steps
/// (`glide.sc.checkout.twostep` in `sys_properties`).
///
/// # Errors
/// When the cart is empty, or a line cannot be ordered any more.
pub fn checkout(call: &mut Call<'_>, wishes: &Wishes) -> Result<CheckedOut> {
    let property = call.rows_with("sys_properties", &[("name", "glide.sc.checkout.twostep")])?;
    match property.iter().any(|property| property.text("value") == "true") {
        true => Ok(CheckedOut::Cart(filled_cart(call)?)),
        false => Ok(CheckedOut::Request(submit_cart(call, wishes)?)),
    }
}

/// Orders what is in the caller's cart and gives the request.
///
/// # Errors
/// When the cart is empty, or a line cannot be ordered any more.
pub fn submit_cart(call: &mut Call<'_>, wishes: &Wishes) -> Result<Record> {
    let cart = filled_cart(call)?;
    let pick = |line: cart::Line| Pick {
        item: line.item.id.sys_id.to_string(),
        quantity: line.quantity,
        answers: line.answers,
        guide: line.guide.map(|guide| guide.id.sys_id),
    };
    let request = order_all(call, cart.lines.into_iter().map(pick).collect(), wishes)?;
    cart::clear(call, &cart.record)?;
    Ok(request)
}

fn filled_cart(call: &Call<'_>) -> Result<Cart> {
    let cart = cart::read(call, Kept::Cart)?.filter(|cart| !cart.lines.is_empty());
    cart.ok_or_else(|| TableError::invalid("sc_cart", None, "the cart is empty; add an item first"))
}

fn line(call: &Call<'_>, pick: Pick) -> Result<Line> {
    let Pick { item: item_id, quantity, answers, guide } = pick;
    let item = item(call, &item_id)?;
    check_quantity(&item, quantity)?;
    let variables = variables::of_item(call, item.id.sys_id)?;
    variables::check(&item, &variables, &answers)?;
    let price = variables::price(&item, &variables, &answers);
    Ok(Line { item, quantity, price, variables, answers, guide })
}

fn submit(call: &mut Call<'_>, lines: &[Line], wishes: &Wishes) -> Result<Record> {
    let requested_for = requested_for(call, lines, wishes)?;
    let total = lines.iter().fold(Decimal::default(), |sum, line| plus(sum, times(line.price.once, line.quantity)));
    let names: Vec<&str> = lines.iter().map(|line| line.item.text("name")).collect();
    let title: String = names.join(", ").chars().take(160).collect();
    let fields = [
        ("short_description", title),
        ("requested_for", requested_for.to_string()),
        ("price", total.to_string()),
        ("special_instructions", wishes.special_instructions.clone()),
        ("delivery_address", wishes.delivery_address.clone()),
    ];
    let request = create(call, "sc_request", &fields)?;
    for line in lines {
        order_line(call, &request, requested_for, line)?;
    }
    // Nobody has to set a request going that has been submitted.
    let going = Input::of(&[("request_state", "in_process"), ("stage", "delivery")]);
    Ok(call.implied(|call| table::update(call, "sc_request", request.id.sys_id, &going))?.record)
}

fn requested_for(call: &Call<'_>, lines: &[Line], wishes: &Wishes) -> Result<SysId> {
    let asked = lines.iter().find_map(|line| variables::requested_for(&line.variables, &line.answers));
    let Some(named) = wishes.requested_for.as_deref().filter(|text| !text.is_empty()) else {
        return Ok(asked.unwrap_or(call.caller.user));
    };
    let sys_id = named.parse::<SysId>().ok();
    let person = sys_id.map(|id| call.tx.find(call.dictionary.family("sys_user"), id)).transpose()?.flatten();
    let problem = "sysparm_requested_for must be the sys_id of a user";
    Ok(person.ok_or_else(|| TableError::invalid("sc_request", None, problem))?.id.sys_id)
}

fn order_line(call: &mut Call<'_>, request: &Record, requested_for: SysId, line: &Line) -> Result<()> {
    let item = &line.item;
    let needs_approval = item.says("needs_approval");
    let group = item.reference("group").map(|group| group.to_string()).unwrap_or_default();
    let days = number_field(item, "delivery_days").unwrap_or_default();
    let delivery =
        (days > 0).then(|| Value::Time(call.now.plus_milliseconds(days.saturating_mul(86_400_000))).to_string());
    let catalog = match item.get("sc_catalogs") {
        Some(Value::List(catalogs)) => catalogs.first().map(ToString::to_string),
        _ => None,
    };
    let name = item.text("name").to_owned();
    let fields = [
        ("short_description", name.clone()),
        ("request", request.id.sys_id.to_string()),
        ("parent", request.id.sys_id.to_string()),
        ("cat_item", item.id.sys_id.to_string()),
        ("sc_catalog", catalog.clone().unwrap_or_default()),
        ("requested_for", requested_for.to_string()),
        ("quantity", line.quantity.to_string()),
        ("price", line.price.once.to_string()),
        ("recurring_price", line.price.recurring.to_string()),
        ("recurring_frequency", item.text("recurring_frequency").to_owned()),
        ("assignment_group", group.clone()),
        ("estimated_delivery", delivery.clone().unwrap_or_default()),
        ("due_date", delivery.unwrap_or_default()),
        ("order_guide", line.guide.map(|guide| guide.to_string()).unwrap_or_default()),
        ("stage", if needs_approval { "waiting_for_approval" } else { "fulfillment" }.to_owned()),
        ("approval", if needs_approval { "requested" } else { "not requested" }.to_owned()),
    ];
    let ordered = create(call, "sc_req_item", &fields)?;
    keep_answers(call, &ordered, line)?;
    if needs_approval {
        ask_manager(call, &ordered, requested_for)?;
    }
    let task = item.text("fulfillment_task");
    let fields = [
        ("short_description", if task.is_empty() { name } else { task.to_owned() }),
        ("request", request.id.sys_id.to_string()),
        ("request_item", ordered.id.sys_id.to_string()),
        ("parent", ordered.id.sys_id.to_string()),
        ("sc_catalog", catalog.unwrap_or_default()),
        ("assignment_group", group),
        ("state", if needs_approval { "-5" } else { "" }.to_owned()),
    ];
    create(call, "sc_task", &fields).map(drop)
}

fn keep_answers(call: &mut Call<'_>, ordered: &Record, line: &Line) -> Result<()> {
    for variable in line.variables.iter().filter(|variable| variable.asks()) {
        let fields = [
            ("item_option_new", variable.record.id.sys_id.to_string()),
            ("value", variable.answer(&line.answers).to_owned()),
            ("order", number_field(&variable.record, "order").unwrap_or_default().to_string()),
        ];
        let answer = create(call, "sc_item_option", &fields)?.id.sys_id.to_string();
        let owned = [("request_item", ordered.id.sys_id.to_string()), ("sc_item_option", answer)];
        create(call, "sc_item_option_mtom", &owned)?;
    }
    Ok(())
}

/// Asks the manager of whoever gets it; without one, whoever works the task decides.
fn ask_manager(call: &mut Call<'_>, ordered: &Record, requested_for: SysId) -> Result<()> {
    let person = call.tx.find(call.dictionary.family("sys_user"), requested_for)?;
    let Some(manager) = person.and_then(|person| person.reference("manager")) else { return Ok(()) };
    let fields = [
        ("approver", manager.to_string()),
        ("sysapproval", ordered.id.sys_id.to_string()),
        ("source_table", "sc_req_item".to_owned()),
    ];
    create(call, "sysapproval_approver", &fields).map(drop)
}
