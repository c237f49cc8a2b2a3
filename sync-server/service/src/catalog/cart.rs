//! A person's cart and wish list: lines with answers, kept until they are ordered.

use fieldline_model::condition::Filter;
use fieldline_model::{Record, SysId};

use super::variables::{self, Answers, Price, plus, times};
use super::{ITEMS, item};
use crate::call::Call;
use crate::query::number_field;
use crate::table::{self, Input, Result, TableError};

const CARTS: &str = "sc_cart";
const LINES: &str = "sc_cart_item";
const ANSWERS: &str = "sc_item_option";
/// More of one item than anybody orders.
const MOST: i64 = 100_000;

/// Where a person keeps items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// To be ordered.
    Cart,
    /// To be ordered perhaps.
    WishList,
}

impl Kept {
    fn name(self) -> &'static str {
        match self {
            Self::Cart => "DEFAULT",
            Self::WishList => "WISHLIST",
        }
    }
}

/// What is put there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pick {
    /// The item's sys_id, as it was sent.
    pub item: String,
    /// How many.
    pub quantity: i64,
    /// What was answered.
    pub answers: Answers,
    /// The order guide that offered it.
    pub guide: Option<SysId>,
}

/// A line of a cart.
pub struct Line {
    /// The `sc_cart_item` record.
    pub record: Record,
    /// The item.
    pub item: Record,
    /// How many.
    pub quantity: i64,
    /// What one costs.
    pub price: Price,
    /// What was answered.
    pub answers: Answers,
    /// The order guide that offered it.
    pub guide: Option<Record>,
}

/// A cart.
pub struct Cart {
    /// The `sc_cart` record.
    pub record: Record,
    /// Its lines, oldest first.
    pub lines: Vec<Line>,
}

impl Cart {
    /// What all of it costs.
    pub fn price(&self) -> Price {
        self.lines.iter().fold(Price::default(), |sum, line| Price {
            once: plus(sum.once, times(line.price.once, line.quantity)),
            recurring: plus(sum.recurring, times(line.price.recurring, line.quantity)),
        })
    }
}

/// The caller's cart or wish list, `None` while nothing was ever put into it.
///
/// # Errors
/// When the database fails.
pub fn read(call: &Call<'_>, kept: Kept) -> Result<Option<Cart>> {
    let own = Filter::equals("user", call.caller.user).and(Filter::equals("name", kept.name()));
    let own = call.some_rows(CARTS, &own, 1)?;
    own.into_iter().next().map(|record| filled(call, record)).transpose()
}

fn filled(call: &Call<'_>, record: Record) -> Result<Cart> {
    let mut records = call.rows(LINES, &Filter::equals("cart", record.id.sys_id))?;
    records.sort_by_key(|line| (number_field(line, "order").unwrap_or_default(), line.id.sys_id));
    let lines = records.into_iter().map(|line| read_line(call, line)).collect::<Result<Vec<_>>>()?;
    Ok(Cart { record, lines: lines.into_iter().flatten().collect() })
}

/// A line, `None` when its item is gone.
fn read_line(call: &Call<'_>, record: Record) -> Result<Option<Line>> {
    let Some(item) = record.reference("cat_item") else { return Ok(None) };
    let Some(item) = call.tx.find(call.dictionary.family(ITEMS), item)? else { return Ok(None) };
    let mut answers = Answers::new();
    for answer in call.rows(ANSWERS, &Filter::equals("cart_item", record.id.sys_id))? {
        let Some(variable) = answer.reference("item_option_new") else { continue };
        let variable = call.tx.find(call.dictionary.family("item_option_new"), variable)?;
        answers.extend(variable.map(|variable| (variable.text("name").to_owned(), answer.text("value").to_owned())));
    }
    let quantity = number_field(&record, "quantity").unwrap_or(1);
    let [once, recurring] = ["price", "recurring_price"].map(|field| variables::amount(&record, field));
    let guide = record.reference("order_guide").map(|guide| call.tx.find(call.dictionary.family(ITEMS), guide));
    let guide = guide.transpose()?.flatten();
    Ok(Some(Line { record, item, quantity, price: Price { once, recurring }, answers, guide }))
}

/// Puts an item into the caller's cart or wish list; a wish may leave questions open.
///
/// # Errors
/// When there is no such item for the caller, the quantity is none, or a mandatory question of an order is not answered.
pub fn add(call: &mut Call<'_>, kept: Kept, pick: &Pick) -> Result<Cart> {
    let item = item(call, &pick.item)?;
    check_quantity(&item, pick.quantity)?;
    let variables = variables::of_item(call, item.id.sys_id)?;
    if kept == Kept::Cart {
        variables::check(&item, &variables, &pick.answers)?;
    }
    let price = variables::price(&item, &variables, &pick.answers);
    let cart = match read(call, kept)? {
        Some(cart) => cart.record,
        None => begin(call, kept)?,
    };
    let order = call.rows(LINES, &Filter::equals("cart", cart.id.sys_id))?.len();
    let fields = [
        ("cart", cart.id.sys_id.to_string()),
        ("cat_item", item.id.sys_id.to_string()),
        ("quantity", pick.quantity.to_string()),
        ("price", price.once.to_string()),
        ("recurring_price", price.recurring.to_string()),
        ("order", order.to_string()),
        ("order_guide", pick.guide.map(|guide| guide.to_string()).unwrap_or_default()),
    ];
    let line = create(call, LINES, &fields)?.id.sys_id;
    answer(call, line, &variables, &pick.answers)?;
    filled(call, cart)
}

fn begin(call: &mut Call<'_>, kept: Kept) -> Result<Record> {
    let user = call.caller.user.to_string();
    create(call, CARTS, &[("name", kept.name().to_owned()), ("user", user.clone()), ("requested_for", user)])
}

/// Writes down the answers of a line.
fn answer(call: &mut Call<'_>, line: SysId, variables: &[variables::Variable], answers: &Answers) -> Result<()> {
    for variable in variables.iter().filter(|variable| variable.asks()) {
        let fields = [
            ("cart_item", line.to_string()),
            ("item_option_new", variable.record.id.sys_id.to_string()),
            ("value", variable.answer(answers).to_owned()),
            ("order", number_field(&variable.record, "order").unwrap_or_default().to_string()),
        ];
        create(call, ANSWERS, &fields)?;
    }
    Ok(())
}

/// Changes how many a line of the caller's cart asks for, and what it answers.
///
/// # Errors
/// When the caller's cart has no such line, or what is sent does not fit.
pub fn change(call: &mut Call<'_>, line: &str, quantity: Option<i64>, answers: Option<&Answers>) -> Result<Cart> {
    let (cart, line) = own_line(call, line)?;
    if let Some(quantity) = quantity {
        check_quantity(&line.item, quantity)?;
        let fields = Input::of(&[("quantity", &quantity.to_string())]);
        call.implied(|call| table::update(call, LINES, line.record.id.sys_id, &fields))?;
    }
    if let Some(answers) = answers {
        let variables = variables::of_item(call, line.item.id.sys_id)?;
        let mut all = line.answers.clone();
        all.extend(answers.clone());
        variables::check(&line.item, &variables, &all)?;
        forget_answers(call, line.record.id.sys_id)?;
        answer(call, line.record.id.sys_id, &variables, &all)?;
        let price = variables::price(&line.item, &variables, &all);
        let (once, recurring) = (price.once.to_string(), price.recurring.to_string());
        let fields = Input::of(&[("price", &once), ("recurring_price", &recurring)]);
        call.implied(|call| table::update(call, LINES, line.record.id.sys_id, &fields))?;
    }
    filled(call, cart)
}

/// Takes a line out of the caller's cart.
///
/// # Errors
/// When the caller's cart has no such line.
pub fn remove(call: &mut Call<'_>, line: &str) -> Result<()> {
    let (_, line) = own_line(call, line)?;
    remove_line(call, &line.record)
}

fn own_line(call: &Call<'_>, line: &str) -> Result<(Record, Line)> {
    let mut found = None;
    for kept in [Kept::Cart, Kept::WishList] {
        let Some(Cart { record, lines }) = read(call, kept)? else { continue };
        let line = lines.into_iter().find(|one| one.record.id.sys_id.to_string() == line);
        found = found.or(line.map(|line| (record, line)));
    }
    found.ok_or_else(|| TableError::invalid("cart_item_id", None, "is no line of your cart"))
}

/// Empties a cart and removes it.
///
/// # Errors
/// When there is no such cart, or it is another's and the caller does not look after the catalogue.
pub fn empty(call: &mut Call<'_>, cart: &str) -> Result<()> {
    let sys_id = cart.parse::<SysId>().ok();
    let found = sys_id.map(|id| call.tx.find(call.dictionary.family(CARTS), id)).transpose()?.flatten();
    let is_own = |cart: &Record| cart.reference("user") == Some(call.caller.user);
    let may = |cart: &Record| is_own(cart) || call.caller.may(&["catalog_admin".to_owned()]);
    let Some(cart) = found.filter(may) else {
        return Err(TableError::invalid("cart_id", None, "is no cart of yours"));
    };
    clear(call, &cart)?;
    Ok(call.remove_row(&cart)?)
}

/// Takes every line out of a cart.
pub(super) fn clear(call: &mut Call<'_>, cart: &Record) -> Result<()> {
    for line in call.rows(LINES, &Filter::equals("cart", cart.id.sys_id))? {
        remove_line(call, &line)?;
    }
    Ok(())
}

fn remove_line(call: &mut Call<'_>, line: &Record) -> Result<()> {
    forget_answers(call, line.id.sys_id)?;
    Ok(call.remove_row(line)?)
}

fn forget_answers(call: &mut Call<'_>, line: SysId) -> Result<()> {
    for answer in call.rows(ANSWERS, &Filter::equals("cart_item", line))? {
        call.remove_row(&answer)?;
    }
    Ok(())
}

/// How many of an item may be ordered.
pub(super) fn check_quantity(item: &Record, quantity: i64) -> Result<()> {
    let most = if item.says("no_quantity") { 1 } else { MOST };
    if (1..=most).contains(&quantity) {
        return Ok(());
    }
    Err(TableError::invalid(&item.id, None, format!("sysparm_quantity must be a whole number from 1 to {most}")))
}

/// Writes a record that the catalogue needs.
pub(super) fn create(call: &mut Call<'_>, table: &str, fields: &[(&str, String)]) -> Result<Record> {
    let fields = fields.iter().filter(|(_, text)| !text.is_empty());
    let fields = fields.map(|(field, text)| ((*field).to_owned(), text.clone())).collect();
    let input = Input { fields, as_displayed: false };
    Ok(call.implied(|call| table::create(call, table, &input))?.record)
}
