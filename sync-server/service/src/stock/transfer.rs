//! Transfer orders: parts on the way from one stockroom to another.
//!
//! What is requested is set aside where it lies, so nobody else has a right to it. What is shipped leaves that stockroom and lies
//! *in transit*, a place like any other, until it is received: no unit is ever in two places or in none. Whoever keeps stock
//! moves orders; technicians move those out of their own van, such as what they drop off.

use fieldline_documents::caps::MAX_QUANTITY;
use fieldline_model::asset::{IN_STOCK, IN_TRANSIT};
use fieldline_model::{DocumentId, FieldName, Record, SysId, Value};

use crate::author::set;
use crate::call::Call;
use crate::error::Result;
use crate::named::sys_id_of;
use crate::query::number_field;
use crate::stock::ledger::{Movement, Shelf};
use crate::stock::lots::van_owner;
use crate::stock::stages::{self, CANCELLED, Route};
use crate::stock::{ASSETS, KEEPERS, Place, STOCKROOMS};
use crate::table::{self, TableError};

/// The table of orders.
pub(crate) const ORDERS: &str = "alm_transfer_order";
/// The table of their lines.
pub(crate) const LINES: &str = "alm_transfer_order_line";

/// Whether a line's units are set aside where they lie.
pub(crate) const SET_ASIDE: [&str; 2] = ["requested", "shipment_preparation"];

fn wrong<T>(record: &Record, field: &str, problem: impl Into<String>) -> table::Result<T> {
    Err(TableError::invalid(&record.id, Some(&FieldName::from(field)), problem))
}

/// How many units a line is about.
pub(crate) fn requested(line: &Record) -> i64 {
    number_field(line, "quantity_requested").unwrap_or(1)
}

fn received(line: &Record) -> i64 {
    number_field(line, "quantity_received").unwrap_or(0)
}

/// Refuses an order the caller may not move, or that could not go anywhere.
///
/// # Errors
/// Says who may, or what is wrong.
pub(crate) fn prepare_order(call: &Call<'_>, before: Option<&Record>, order: &Record) -> table::Result<()> {
    check_mover(call, order)?;
    let Some(before) = before else {
        return if order.text("stage") == "draft" { Ok(()) } else { wrong(order, "stage", "a new order is a draft") };
    };
    let is_draft = before.text("stage") == "draft";
    let moved = ["from_stockroom", "to_stockroom"].iter().find(|field| before.get(field) != order.get(field));
    match moved {
        Some(field) if !is_draft || !call.lines_of(before.id.sys_id)?.is_empty() => {
            wrong(order, field, "stays what it is once there are lines; cancel the order and make another one")
        }
        _ => Ok(()),
    }
}

fn check_mover(call: &Call<'_>, order: &Record) -> table::Result<()> {
    if call.caller.may(&KEEPERS.map(str::to_owned)) {
        return Ok(());
    }
    let rooms = ["from_stockroom", "to_stockroom"].map(|field| order.reference(field));
    for room in rooms.into_iter().flatten() {
        let room = call.row(&DocumentId::new(STOCKROOMS, room))?;
        if room.as_ref().and_then(van_owner) == Some(call.caller.user) {
            return Ok(());
        }
    }
    let problem = "you may move parts out of your own van and into it; ask whoever keeps the stockroom for others";
    Err(TableError::Denied { record: order.id.to_string(), problem: problem.into() })
}

/// Moves the lines of an order where the order was written to be, and the order where its lines are.
///
/// # Errors
/// When a line cannot go there; says why.
pub(crate) fn order_written(call: &mut Call<'_>, before: Option<&Record>, order: &Record) -> table::Result<()> {
    let stage = order.text("stage");
    let Some(before) = before.filter(|before| before.text("stage") != stage) else { return Ok(()) };
    let mut moved = false;
    for line in call.lines_of(order.id.sys_id)? {
        let is_behind = stages::rank(line.text("stage")) < stages::rank(stage);
        let is_cut = stage == CANCELLED && stages::rank(line.text("stage")).is_some_and(|rank| rank < 3);
        if is_behind && line.text("stage") != CANCELLED || is_cut {
            bring(call, line, stage)?;
            moved = true;
        }
    }
    if moved {
        return Ok(call.follow_lines(order.id.sys_id)?);
    }
    let problem = format!("no line can go from {} to {stage}; look at the stages of its lines", before.text("stage"));
    wrong(order, "stage", problem)
}

/// Brings a line to a stage, through those between.
fn bring(call: &mut Call<'_>, mut line: Record, stage: &str) -> table::Result<()> {
    while line.text("stage") != stage {
        let route = call.route_of(&line)?;
        let next = stages::next(line.text("stage"), route);
        let step = next.iter().find(|next| **next == stage).or_else(|| next.first().filter(|_| stage != CANCELLED));
        let Some(step) = step else { return Ok(()) };
        if stages::rank(step) > stages::rank(stage) && stage != CANCELLED {
            return Ok(());
        }
        let before = line.clone();
        line.set("stage", Some(Value::text(*step)));
        prepare_line(call, Some(&before), &mut line)?;
        call.put_row(line.clone())?;
        line_written(call, Some(&before), &line)?;
    }
    Ok(())
}

/// Refuses a line that could not be moved so, and fills in what follows from its order.
///
/// # Errors
/// Says which stages a line may take, or how many units are free.
pub(crate) fn prepare_line(call: &mut Call<'_>, before: Option<&Record>, line: &mut Record) -> table::Result<()> {
    let order = call.referred(ORDERS, line.reference("transfer_order"))?;
    let Some(order) = order else { return wrong(line, "transfer_order", "there is no such order") };
    check_mover(call, &order)?;
    for field in ["from_stockroom", "to_stockroom"] {
        line.set(field, order.get(field).cloned());
    }
    match before {
        None if order.text("stage") != "draft" => {
            return wrong(line, "transfer_order", "has left Draft; lines are added to a draft, so make another order");
        }
        None => complete_line(call, line)?,
        Some(before) => check_change(before, line)?,
    }
    let was = before.map_or("draft", |before| before.text("stage")).to_owned();
    if received(line) > before.map_or(0, received) && was == "in_transit" && received(line) == requested(line) {
        let arrived = if call.route_of(line)?.is_personal { "delivered" } else { "received" };
        line.set("stage", Some(Value::text(arrived)));
    }
    let stage = line.text("stage").to_owned();
    if stage == was {
        return Ok(());
    }
    let next = stages::next(&was, call.route_of(line)?);
    if before.is_none() || !next.contains(&stage.as_str()) {
        let allowed =
            if next.is_empty() { "it stays there".into() } else { format!("it may go to {}", next.join(", ")) };
        return wrong(line, "stage", format!("a line in {was} cannot go to {stage}; {allowed}"));
    }
    if stage == "requested" {
        check_free(call, line)?;
    }
    if was == "in_transit" {
        line.set("quantity_received", Some(Value::Integer(requested(line))));
    }
    Ok(())
}

fn complete_line(call: &Call<'_>, line: &mut Record) -> table::Result<()> {
    if let Some(asset) = line.reference("asset") {
        let asset = call.row(&DocumentId::new(ASSETS, asset))?;
        let Some(asset) = asset else { return wrong(line, "asset", "there is no such asset") };
        if asset.reference("stockroom") != line.reference("from_stockroom") {
            return wrong(line, "asset", "lies in another stockroom than the order takes from");
        }
        line.set("model", asset.get("model").cloned());
        line.set("quantity_requested", Some(Value::Integer(1)));
    }
    if line.reference("model").is_none() {
        return wrong(line, "model", "say which part, or which asset");
    }
    let quantity = requested(line);
    if !(1..=MAX_QUANTITY).contains(&quantity) {
        return wrong(line, "quantity_requested", format!("{quantity} units; ask for 1 to {MAX_QUANTITY}"));
    }
    Ok(())
}

fn check_change(before: &Record, line: &Record) -> table::Result<()> {
    let settled = ["transfer_order", "model", "asset", "quantity_requested"];
    let changed = settled.iter().find(|field| before.get(field) != line.get(field));
    if let Some(field) = changed.filter(|_| before.text("stage") != "draft") {
        return wrong(line, field, "stays what it is once the line has left Draft; cancel it and make another one");
    }
    let (was, is) = (received(before), received(line));
    if is < was || is > requested(line) || is > was && before.text("stage") != "in_transit" {
        let problem =
            format!("{was} were received and {} are on the way; give a number in between", requested(line) - was);
        return wrong(line, "quantity_received", problem);
    }
    Ok(())
}

fn check_free(call: &Call<'_>, line: &Record) -> table::Result<()> {
    let Some(place) = place_of(line, "from_stockroom") else { return Ok(()) };
    let room = call.row(&DocumentId::new(STOCKROOMS, place.stockroom))?;
    // What lies in a van is leased to its technician, who or whose keeper is the one that takes it out.
    let is_van = room.as_ref().and_then(van_owner).is_some();
    let there = call.on_hand(place)?.saturating_sub(call.set_aside(place)?);
    let free = if is_van { there } else { call.free(place)? };
    if free >= requested(line) {
        return Ok(());
    }
    wrong(
        line,
        "quantity_requested",
        format!("{} are free there; ask for fewer, or take from another stockroom", free.max(0)),
    )
}

fn place_of(line: &Record, field: &str) -> Option<Place> {
    Some(Place { stockroom: line.reference(field)?, model: line.reference("model")? })
}

/// Does what a line's new stage asks for.
///
/// # Errors
/// When the database fails.
pub(crate) fn line_written(call: &mut Call<'_>, before: Option<&Record>, line: &Record) -> table::Result<()> {
    let was = before.map_or("draft", |before| before.text("stage"));
    let stage = line.text("stage");
    if stage != was {
        match stage {
            "requested" => call.set_line_aside(line)?,
            "in_transit" => call.ship(line)?,
            CANCELLED => call.let_line_go(line)?,
            _ => {}
        }
    }
    let arrived = received(line) - before.map_or(0, received);
    if was == "in_transit" && arrived > 0 {
        call.receive_units(line, arrived)?;
    }
    if let Some(order) = line.reference("transfer_order").filter(|_| stage != was) {
        call.follow_lines(order)?;
    }
    Ok(())
}

impl Call<'_> {
    /// The lines of an order.
    pub(crate) fn lines_of(&self, order: SysId) -> Result<Vec<Record>> {
        self.rows_with(LINES, &[("transfer_order", &order.to_string())])
    }

    /// How many of a part are set aside where they lie for lines that were requested.
    pub(crate) fn set_aside(&self, place: Place) -> Result<i64> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        let lines = self.rows_with(LINES, &[("from_stockroom", &stockroom), ("model", &model)])?;
        let waiting = lines.iter().filter(|line| SET_ASIDE.contains(&line.text("stage")));
        Ok(waiting.map(requested).fold(0, i64::saturating_add))
    }

    /// How many of a part are on their way to a stockroom or about to be.
    pub(crate) fn on_the_way(&self, place: Place) -> Result<i64> {
        let (stockroom, model) = (place.stockroom.to_string(), place.model.to_string());
        let lines = self.rows_with(LINES, &[("to_stockroom", &stockroom), ("model", &model)])?;
        let open = lines.iter().filter(|line| stages::rank(line.text("stage")).is_some_and(|rank| rank < 4));
        Ok(open.map(|line| requested(line) - received(line)).fold(0, i64::saturating_add))
    }

    pub(crate) fn route_of(&self, line: &Record) -> Result<Route> {
        let (from, to) = (line.reference("from_stockroom"), line.reference("to_stockroom"));
        let room = self.referred(STOCKROOMS, to)?;
        Ok(Route { is_same: from == to, is_personal: room.as_ref().and_then(van_owner).is_some() })
    }

    /// Takes an order where its lines stand.
    pub(crate) fn follow_lines(&mut self, order: SysId) -> Result<()> {
        let lines = self.lines_of(order)?;
        let stages: Vec<&str> = lines.iter().map(|line| line.text("stage")).collect();
        let Some(mut order) = self.row(&DocumentId::new(ORDERS, order))? else { return Ok(()) };
        let stage = stages::of_order(&stages);
        if order.text("stage") == stage {
            return Ok(());
        }
        order.set("stage", Some(Value::text(stage)));
        self.put_row(order)
    }

    /// What is asked for out of a van is no longer its technician's to take.
    fn set_line_aside(&mut self, line: &Record) -> Result<()> {
        self.say_on_asset(line, IN_STOCK, "pending_transfer", None)?;
        place_of(line, "from_stockroom").map_or(Ok(()), |place| self.shrink_leases(place))
    }

    fn let_line_go(&mut self, line: &Record) -> Result<()> {
        self.say_on_asset(line, IN_STOCK, "available", None)?;
        place_of(line, "from_stockroom").map_or(Ok(()), |place| self.lease_the_rest(place))
    }

    fn ship(&mut self, line: &Record) -> Result<()> {
        let transit = self.transit()?;
        self.carry(line, "from_stockroom", requested(line).saturating_neg(), "shipped", None)?;
        self.carry_at(line, transit, requested(line), "shipped", None)?;
        self.say_on_asset(line, IN_TRANSIT, "reserved", Some(transit))
    }

    fn receive_units(&mut self, line: &Record, arrived: i64) -> Result<()> {
        let transit = self.transit()?;
        let through = Some(received(line));
        self.carry_at(line, transit, arrived.saturating_neg(), "received", through)?;
        self.carry(line, "to_stockroom", arrived, "received", through)?;
        let to = line.reference("to_stockroom");
        let is_delivered = line.text("stage") == "delivered";
        self.say_on_asset(line, IN_STOCK, if is_delivered { "reserved" } else { "available" }, to)?;
        self.deliver_to_requirement(line, arrived)?;
        place_of(line, "to_stockroom").map_or(Ok(()), |place| self.lease_the_rest(place))
    }

    fn carry(&mut self, line: &Record, room: &str, quantity: i64, kind: &'static str, at: Option<i64>) -> Result<()> {
        let Some(stockroom) = line.reference(room) else { return Ok(()) };
        self.carry_at(line, stockroom, quantity, kind, at)
    }

    /// Books units of a line into a stockroom or out of it, once for each stretch of the way.
    fn carry_at(
        &mut self,
        line: &Record,
        stockroom: SysId,
        quantity: i64,
        kind: &'static str,
        through: Option<i64>,
    ) -> Result<()> {
        let Some(model) = line.reference("model") else { return Ok(()) };
        let serialised = line.reference("asset");
        let lot = match serialised {
            Some(_) => None,
            None => self.lot_at(Place { stockroom, model }, None)?.map(|lot| lot.id),
        };
        let asset = serialised.or(lot.as_ref().map(|lot| lot.sys_id));
        let shelf = Shelf { stockroom: Some(stockroom), model: Some(model), asset };
        let id = sys_id_of(format!("{kind}/{}/{stockroom}/{}", line.id, through.unwrap_or(0)));
        let (cause, by, at) = (line.id.clone(), self.caller.user, self.now);
        let reason = String::new();
        self.move_stock(id, &Movement { shelf, quantity, kind, cause, by, at, is_verified: true, reason })?;
        lot.map_or(Ok(()), |lot| self.show_on_lot(&lot))
    }

    /// The place of what is on its way.
    pub(crate) fn transit(&mut self) -> Result<SysId> {
        let id = DocumentId::new(STOCKROOMS, sys_id_of("stockroom/in transit"));
        if self.row(&id)?.is_none() {
            let mut room = Record::new(id.clone());
            room.set("name", Some(Value::text("In transit")));
            room.set("type", Some(Value::text("in_transit")));
            self.put_row(room)?;
        }
        Ok(id.sys_id)
    }

    fn say_on_asset(&mut self, line: &Record, state: i64, substate: &str, room: Option<SysId>) -> Result<()> {
        let Some(asset) = line.reference("asset") else { return Ok(()) };
        let mut acts = vec![set("install_status", Value::Integer(state)), set("substatus", Value::text(substate))];
        acts.extend(room.map(|room| set("stockroom", Value::Reference(room))));
        self.author_as_system(DocumentId::new(ASSETS, asset), acts)
    }
}
