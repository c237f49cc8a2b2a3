//! Parts on the way between stockrooms, what tasks need, restocking and counting.

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_service::stock::{self, Source};
use fieldline_service::{TableError, table};
use fieldline_sync::wire::Outcome;

use crate::house::{DAY, set};
use crate::stock::Shop;

impl Shop {
    fn order(&mut self, from: SysId, to: SysId, quantity: i64) -> (DocumentId, DocumentId) {
        let ivy = self.ivy.clone();
        let fields = [("from_stockroom", &*from.to_string()), ("to_stockroom", &*to.to_string())];
        let order = self.house.create(&ivy, "alm_transfer_order", &fields).unwrap().record.id;
        let line = self.line(&order, quantity).unwrap();
        (order, line)
    }

    fn line(&mut self, order: &DocumentId, quantity: i64) -> Result<DocumentId, TableError> {
        let (ivy, model) = (self.ivy.clone(), self.valve.to_string());
        let (order, quantity) = (order.sys_id.to_string(), quantity.to_string());
        let fields = [("transfer_order", &*order), ("model", &*model), ("quantity_requested", &*quantity)];
        Ok(self.house.create(&ivy, "alm_transfer_order_line", &fields)?.record.id)
    }

    fn moves(&mut self, id: &DocumentId, stage: &str) -> Result<Record, TableError> {
        let ivy = self.ivy.clone();
        Ok(self.house.update(&ivy, id, &[("stage", stage)])?.record)
    }

    fn stage(&mut self, id: &DocumentId) -> String {
        let ivy = self.ivy.clone();
        self.house.get(&ivy, id).unwrap().record.text("stage").to_owned()
    }

    /// Units on the ledger, wherever they are.
    fn everywhere(&mut self) -> i64 {
        let system = self.house.server.system();
        let rows = self.house.query(&system, "fl_stock_movement", "");
        rows.iter().map(|row| row.get("quantity").and_then(Value::as_integer).unwrap()).sum()
    }

    fn requirement(&mut self, task: &DocumentId, quantity: &str) -> SysId {
        let (ivy, model) = (self.ivy.clone(), self.valve.to_string());
        let fields =
            [("work_order_task", &*task.sys_id.to_string()), ("model", &*model), ("required_quantity", quantity)];
        self.house.create(&ivy, "sm_part_requirement", &fields).unwrap().record.id.sys_id
    }

    fn source(&mut self, requirement: SysId) -> Result<Record, TableError> {
        let (ivy, now, source) = (self.ivy.clone(), self.house.now, Source { from: self.shared, to: None });
        self.house.server.write(&ivy, now, &mut self.house.rng, |call| stock::source(call, requirement, source))
    }
}

#[test]
fn units_are_in_one_stockroom_then_in_transit_then_in_the_other_and_never_lost() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 10);
    let ivy = shop.ivy.user;
    let other = shop.room("Second depot", "warehouse", ivy);
    let (order, line) = shop.order(shop.shared, other, 4);
    shop.moves(&order, "requested").unwrap();
    assert_eq!((shop.figures(shop.shared), shop.standing(shop.shared).reserved), ((10, 0, 6), 4));
    let late = shop.line(&order, 1).unwrap_err().to_string();
    assert!(late.contains("has left Draft"), "{late}");
    shop.moves(&order, "in_transit").unwrap();
    assert_eq!((shop.stage(&line), shop.figures(shop.shared).0, shop.everywhere()), ("in_transit".into(), 6, 10));
    let cancelled = shop.moves(&line, "cancelled").unwrap_err().to_string();
    assert!(cancelled.contains("it may go to received"), "{cancelled}");
    let by = shop.ivy.clone();
    shop.house.update(&by, &line, &[("quantity_received", "3")]).unwrap();
    assert_eq!((shop.stage(&line), shop.figures(other).0, shop.everywhere()), ("in_transit".into(), 3, 10));
    shop.moves(&line, "received").unwrap();
    assert_eq!((shop.stage(&order), shop.figures(other).0, shop.everywhere()), ("received".into(), 4, 10));
    let system = shop.house.server.system();
    let transit = shop.house.query(&system, "alm_stockroom", "type=in_transit");
    assert_eq!(shop.figures(transit[0].id.sys_id).0, 0, "nothing is left on the way");
}

#[test]
fn an_order_stands_where_its_least_advanced_line_stands_and_asks_for_no_more_than_is_free() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 5);
    let (order, first) = shop.order(shop.shared, shop.van, 3);
    let second = shop.line(&order, 3).unwrap();
    let refused = shop.moves(&order, "requested").unwrap_err().to_string();
    assert!(refused.contains("2 are free there"), "{refused}");
    assert_eq!((shop.stage(&order), shop.stage(&first)), ("draft".into(), "draft".into()), "nothing of it was done");
    shop.moves(&first, "requested").unwrap();
    assert_eq!(shop.stage(&order), "draft");
    shop.moves(&second, "cancelled").unwrap();
    assert_eq!(shop.stage(&order), "requested");
    shop.moves(&first, "in_transit").unwrap();
    let skips = shop.moves(&first, "received").unwrap_err().to_string();
    assert!(skips.contains("it may go to delivered"), "into a van it is delivered: {skips}");
    shop.moves(&first, "delivered").unwrap();
    assert_eq!((shop.stage(&order), shop.figures(shop.van).0), ("partially_cancelled".into(), 3));
    let (within, line) = shop.order(shop.shared, shop.shared, 1);
    shop.moves(&line, "received").unwrap();
    assert_eq!((shop.stage(&within), shop.figures(shop.shared).0), ("received".into(), 2));
}

#[test]
fn a_serialised_asset_says_where_it_is_on_its_way() {
    let mut shop = Shop::new();
    let (ivy, model, from) = (shop.ivy.clone(), shop.valve.to_string(), shop.shared.to_string());
    let fields = [("display_name", "Pump"), ("serial_number", "SN-9"), ("model", &*model), ("stockroom", &*from)];
    let pump = shop.house.create(&ivy, "alm_asset", &fields).unwrap().record.id;
    let to = shop.room("Second depot", "warehouse", ivy.user);
    let fields = [("from_stockroom", &*from), ("to_stockroom", &*to.to_string())];
    let order = shop.house.create(&ivy, "alm_transfer_order", &fields).unwrap().record.id;
    let fields = [("transfer_order", &*order.sys_id.to_string()), ("asset", &*pump.sys_id.to_string())];
    shop.house.create(&ivy, "alm_transfer_order_line", &fields).unwrap();
    for (stage, state, substate) in
        [("requested", 6, "pending_transfer"), ("in_transit", 9, "reserved"), ("received", 6, "available")]
    {
        shop.moves(&order, stage).unwrap();
        let row = shop.house.get(&ivy, &pump).unwrap().record;
        assert_eq!((row.get("install_status"), row.text("substatus")), (Some(&Value::Integer(state)), substate));
    }
    let row = shop.house.get(&ivy, &pump).unwrap().record;
    assert_eq!((row.reference("stockroom"), shop.figures(to).0, shop.everywhere()), (Some(to), 1, 1));
}

#[test]
fn a_required_part_comes_to_the_van_for_its_task_alone_and_holds_the_task_while_on_the_way() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 5);
    let (mia, leo, dora) = (shop.house.mia.clone(), shop.house.leo.clone(), shop.house.dora.clone());
    let (_, task) = shop.house.job(mia.user, "Boiler");
    let mut phone = shop.house.phone(&mia);
    let requirement = shop.requirement(&task, "2");
    let order = shop.source(requirement).unwrap().id;
    assert!(shop.source(requirement).unwrap_err().to_string().contains("sourced already"));
    assert_eq!(shop.figures(shop.shared), (5, 0, 3));
    shop.moves(&order, "in_transit").unwrap();
    let blocked = shop.house.update(&dora, &task, &[("assigned_to", &leo.user.to_string())]).unwrap_err().to_string();
    assert!(blocked.contains("TRF") && blocked.contains("wait until it is received"), "{blocked}");
    shop.moves(&order, "delivered").unwrap();
    phone.sync(&mut shop.house);
    let lease = phone.rows.values().find(|row| row.id.table == *"fl_stock_lease").unwrap().clone();
    assert_eq!((lease.reference("task"), lease.get("granted")), (Some(task.sys_id), Some(&Value::Integer(2))));
    let (_, another) = shop.house.job(mia.user, "Pump");
    phone.sync(&mut shop.house);
    let act = |shop: &Shop| Act::UsePart {
        model: shop.valve,
        quantity: 1,
        asset: None,
        stockroom: Some(shop.van),
        lease: Some(lease.id.sys_id),
    };
    let elsewhere = phone.edit(shop.house.now, &another, &[act(&shop)]);
    let here = phone.edit(shop.house.now, &task, &[act(&shop)]);
    phone.push(&mut shop.house, &[elsewhere, here]);
    let system = shop.house.server.system();
    let verified = |shop: &mut Shop, task: &DocumentId| {
        let query = format!("cause={}^kind=use", task.sys_id);
        shop.house.query(&system, "fl_stock_movement", &query)[0].says("verified")
    };
    assert!(verified(&mut shop, &task) && !verified(&mut shop, &another));
    shop.house.update(&dora, &task, &[("assigned_to", &leo.user.to_string())]).unwrap();
}

#[test]
fn a_task_that_is_cancelled_cancels_what_was_ordered_for_it() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 5);
    let (mia, dora) = (shop.house.mia.clone(), shop.house.dora.clone());
    let (_, task) = shop.house.job(mia.user, "Boiler");
    let requirement = shop.requirement(&task, "2");
    let order = shop.source(requirement).unwrap().id;
    shop.house.update(&dora, &task, &[("state", "7")]).unwrap();
    assert_eq!((shop.stage(&order), shop.figures(shop.shared)), ("cancelled".into(), (5, 0, 5)));
}

#[test]
fn a_technician_drops_off_out_of_their_own_van_and_nobody_elses() {
    let mut shop = Shop::new();
    shop.stock(shop.van, 4);
    let (mia, leo) = (shop.house.mia.clone(), shop.house.leo.clone());
    let phone = shop.house.phone(&mia);
    assert_eq!(shop.figures(shop.van), (4, 4, 0));
    let (from, to) = (shop.van.to_string(), shop.shared.to_string());
    let fields = [("from_stockroom", &*from), ("to_stockroom", &*to)];
    assert!(matches!(shop.house.create(&leo, "alm_transfer_order", &fields), Err(TableError::Denied { .. })));
    let order = shop.house.create(&mia, "alm_transfer_order", &fields).unwrap().record.id;
    let (id, model) = (order.sys_id.to_string(), shop.valve.to_string());
    let line = [("transfer_order", &*id), ("model", &*model), ("quantity_requested", "3")];
    shop.house.create(&mia, "alm_transfer_order_line", &line).unwrap();
    shop.house.update(&mia, &order, &[("stage", "requested")]).unwrap();
    assert_eq!(shop.figures(shop.van), (4, 1, 0), "what she drops off is no longer hers to use");
    shop.moves(&order, "received").unwrap();
    assert_eq!((shop.figures(shop.van), shop.figures(shop.shared).0), ((1, 1, 0), 3));
    drop(phone);
}

#[test]
fn a_van_that_falls_below_its_threshold_is_restocked_once() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 20);
    let lot = shop.stock(shop.van, 5);
    let (ivy, model) = (shop.ivy.clone(), shop.valve.to_string());
    let fields = [
        ("stockroom", &*shop.van.to_string()),
        ("parent_stockroom", &*shop.shared.to_string()),
        ("model", &*model),
        ("threshold", "3"),
        ("maximum", "8"),
    ];
    shop.house.create(&ivy, "alm_stock_rule", &fields).unwrap();
    shop.house.ring();
    let orders = |shop: &mut Shop| shop.house.query(&ivy, "alm_transfer_order", "");
    assert!(orders(&mut shop).is_empty(), "five are enough");
    for left in ["2", "1"] {
        shop.house.update(&ivy, &lot, &[("quantity", left)]).unwrap();
        shop.house.ring();
    }
    let made = orders(&mut shop);
    assert_eq!(made.len(), 1, "what is on the way counts: {made:?}");
    assert_eq!(made[0].text("stage"), "requested");
    shop.moves(&made[0].id.clone(), "delivered").unwrap();
    shop.house.ring();
    assert_eq!((shop.figures(shop.van).0, orders(&mut shop).len()), (7, 1));
}

#[test]
fn a_count_is_what_there_is_from_its_moment_on_in_whatever_order_all_of_it_comes() {
    for is_count_first in [true, false] {
        let mut shop = Shop::new();
        shop.stock(shop.van, 6);
        let mia = shop.house.mia.clone();
        let (_, task) = shop.house.job(mia.user, "Boiler");
        let mut phone = shop.house.phone(&mia);
        phone.sync(&mut shop.house);
        let at = |minute: i64| shop.house.now.plus_milliseconds(minute * 60_000);
        let (first, counted, last) = (at(1), at(2), at(3));
        let take = |shop: &Shop, quantity| shop.take(quantity, shop.van, None);
        let used = [phone.edit(first, &task, &[take(&shop, 1)]), phone.edit(last, &task, &[take(&shop, 2)])];
        let count = DocumentId::new("fl_stock_count", SysId([0xc0; 16]));
        let found = [
            set("stockroom", Value::Reference(shop.van)),
            set("model", Value::Reference(shop.valve)),
            set("quantity", Value::Integer(4)),
            set("counted_by", Value::Reference(mia.user)),
            set("reason", Value::text("one fell into the harbour")),
        ];
        let count_edit = phone.edit(counted, &count, &found);
        shop.house.wait(DAY);
        let batches: [&[_]; 2] = [&used, std::slice::from_ref(&count_edit)];
        let order = if is_count_first { [1, 0] } else { [0, 1] };
        for batch in order {
            phone.push(&mut shop.house, batches[batch]);
        }
        assert_eq!(shop.figures(shop.van).0, 2, "four were counted and two taken since");
        let ivy = shop.ivy.clone();
        let row = shop.house.get(&ivy, &count).unwrap().record;
        let expected = if is_count_first { (6, -2) } else { (5, -1) };
        let number = |field: &str| row.get(field).and_then(Value::as_integer).unwrap();
        assert_eq!((row.text("state"), number("on_ledger"), number("difference")), ("booked", expected.0, expected.1));
        let reasons = shop.standing(shop.van).movements;
        assert!(reasons.iter().any(|row| row.text("reason").contains("harbour")));
    }
}

#[test]
fn a_lot_that_is_edited_used_and_counted_in_one_exchange_is_counted_once() {
    let mut shop = Shop::new();
    let (lot, mia, ivy) = (shop.stock(shop.van, 6), shop.house.mia.clone(), shop.ivy.clone());
    shop.house.update(&ivy, &lot, &[("assigned_to", &mia.user.to_string())]).unwrap();
    let (_, task) = shop.house.job(mia.user, "Boiler");
    let mut phone = shop.house.phone(&mia);
    phone.sync(&mut shop.house);
    let at = |minute: i64| shop.house.now.plus_milliseconds(minute * 60_000);
    let (counted, edited, used) = (at(1), at(2), at(3));
    let found = [
        set("stockroom", Value::Reference(shop.van)),
        set("model", Value::Reference(shop.valve)),
        set("quantity", Value::Integer(6)),
        set("counted_by", Value::Reference(mia.user)),
    ];
    let edits = [
        phone.edit(counted, &DocumentId::new("fl_stock_count", SysId([0xc0; 16])), &found),
        phone.edit(edited, &lot, &[set("display_name", Value::text("Valves, second drawer"))]),
        phone.edit(used, &task, &[shop.take(2, shop.van, None)]),
    ];
    shop.house.wait(DAY);
    let outcomes = phone.push(&mut shop.house, &edits);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Accepted { .. })), "{outcomes:?}");
    assert_eq!(shop.figures(shop.van).0, 4, "six were counted and two taken since");
    let kinds: Vec<String> = shop.standing(shop.van).movements.iter().map(|row| row.text("kind").to_owned()).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "stated").count(), 1, "nobody stated anything since: {kinds:?}");
}

#[test]
fn a_count_of_a_stockroom_that_somebody_else_keeps_is_put_before_its_keeper() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 6);
    let leo = shop.house.leo.clone();
    let (room, model) = (shop.shared.to_string(), shop.valve.to_string());
    let fields = [("stockroom", &*room), ("model", &*model), ("quantity", "2"), ("reason", "looked empty")];
    let count = shop.house.server.write(&leo, shop.house.now, &mut shop.house.rng, |call| {
        table::create(call, "fl_stock_count", &table::Input::of(&fields))
    });
    let id = count.unwrap().record.id;
    let ivy = shop.ivy.clone();
    assert_eq!(shop.house.get(&ivy, &id).unwrap().record.text("state"), "to_decide");
    assert_eq!(shop.figures(shop.shared).0, 6);
    let system = shop.house.server.system();
    let tasks = shop.house.query(&system, "task", "correlation_idSTARTSWITHstock/^active=true");
    assert!(tasks.len() == 1 && tasks[0].text("description").contains("Leo Lang"), "{tasks:?}");
    let fields = [("stockroom", &*room), ("model", &*model), ("quantity", "5")];
    shop.house.wait(1_000);
    shop.house.create(&ivy, "fl_stock_count", &fields).unwrap();
    assert_eq!(shop.figures(shop.shared).0, 5);
    let open = shop.house.query(&system, "task", "correlation_idSTARTSWITHstock/^active=true");
    assert!(open.is_empty(), "the keeper's count settled it");
}
