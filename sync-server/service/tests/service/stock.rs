//! Parts: the ledger, the leases of devices, and what happens where more is taken than anybody had promised.

use std::collections::BTreeMap;

use fieldline_documents::Act;
use fieldline_model::{DocumentId, Record, SysId, Value};
use fieldline_service::stock::report::{self, Standing, Wanted};
use fieldline_service::stock::{self, Asked, Place};
use fieldline_service::{Caller, TableError};
use fieldline_sync::wire::Outcome;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::house::{House, Phone};

/// A house with a keeper of stock, one kind of valve, a shared stockroom and a van of Mia's.
pub struct Shop {
    pub house: House,
    pub ivy: Caller,
    pub valve: SysId,
    pub shared: SysId,
    pub van: SysId,
}

impl Shop {
    pub fn new() -> Self {
        let mut house = House::new();
        let ivy = house.person("ivy", "Ivy Inventory", &["inventory_admin", "wm_manager", "itil"]);
        let valve =
            house.create(&ivy, "cmdb_model", &[("display_name", "Valve DN50"), ("barcode", "4006381")]).unwrap();
        let mut shop = Self { valve: valve.record.id.sys_id, ivy, shared: SysId([0; 16]), van: SysId([0; 16]), house };
        shop.shared = shop.room("Depot", "warehouse", shop.ivy.user);
        shop.van = shop.room("Mia's van", "field_agent", shop.house.mia.user);
        shop
    }

    pub fn room(&mut self, name: &str, kind: &str, manager: SysId) -> SysId {
        let fields = [("name", name), ("type", kind), ("manager", &manager.to_string())];
        self.house.create(&self.ivy.clone(), "alm_stockroom", &fields).unwrap().record.id.sys_id
    }

    pub fn stock(&mut self, room: SysId, quantity: i64) -> DocumentId {
        let (room, model, quantity) = (room.to_string(), self.valve.to_string(), quantity.to_string());
        let fields = [("display_name", "Valves"), ("stockroom", &*room), ("model", &*model), ("quantity", &*quantity)];
        self.house.create(&self.ivy.clone(), "alm_asset", &fields).unwrap().record.id
    }

    pub fn standing(&mut self, room: SysId) -> Standing {
        let wanted = Wanted { stockroom: Some(room), model: Some(self.valve) };
        let (ivy, now) = (self.ivy.clone(), self.house.now);
        let found = self.house.server.read(&ivy, now, &mut self.house.rng, |call| report::stock(call, wanted));
        found.unwrap().pop().expect("there is such a part")
    }

    /// On hand, leased, available.
    pub fn figures(&mut self, room: SysId) -> (i64, i64, i64) {
        let standing = self.standing(room);
        (standing.on_hand, standing.leased, standing.available)
    }

    pub fn ask(&mut self, phone: &Phone, room: SysId, quantity: i64) -> Result<Record, TableError> {
        let asked = Asked { place: Place { stockroom: room, model: self.valve }, quantity };
        let now = self.house.now;
        self.house.server.write(&phone.caller, now, &mut self.house.rng, |call| stock::ask(call, asked))
    }

    pub fn give_back(&mut self, by: &Caller, lease: SysId) -> Result<Record, TableError> {
        let now = self.house.now;
        self.house.server.write(by, now, &mut self.house.rng, |call| stock::give_back(call, lease))
    }

    pub fn take(&self, quantity: i64, room: SysId, lease: Option<SysId>) -> Act {
        Act::UsePart { model: self.valve, quantity, asset: None, stockroom: Some(room), lease }
    }

    fn lease_of(&mut self, phone: &Phone, room: SysId) -> Option<SysId> {
        let query = format!("device={}^stockroom={room}^state=active", phone.device);
        let system = self.house.server.system();
        self.house.query(&system, "fl_stock_lease", &query).first().map(|row| row.id.sys_id)
    }

    fn reconciliations(&mut self) -> Vec<Record> {
        let ivy = self.house.server.system();
        self.house.query(&ivy, "task", "correlation_idSTARTSWITHstock/^active=true")
    }
}

fn shown(shop: &mut Shop, lot: &DocumentId) -> i64 {
    let ivy = shop.ivy.clone();
    shop.house.get(&ivy, lot).unwrap().record.get("quantity").and_then(Value::as_integer).unwrap()
}

#[test]
fn a_use_comes_off_the_stock_once_and_the_lot_shows_what_is_left() {
    let mut shop = Shop::new();
    let lot = shop.stock(shop.shared, 10);
    assert_eq!(shop.figures(shop.shared), (10, 0, 10));
    let mia = shop.house.mia.clone();
    let (_, task) = shop.house.job(mia.user, "Boiler");
    let mut phone = shop.house.phone(&mia);
    phone.sync(&mut shop.house);
    let edits = [
        phone.edit(shop.house.now, &task, &[shop.take(3, shop.shared, None)]),
        phone.edit(shop.house.now, &task, &[shop.take(-1, shop.shared, None)]),
    ];
    let request = phone.pushing(&edits);
    for _ in 0..3 {
        let response = phone.send(&mut shop.house, &request).unwrap();
        phone.absorb(&response);
    }
    assert_eq!((shown(&mut shop, &lot), shop.figures(shop.shared)), (8, (8, 0, 8)));
    let moved: Vec<(i64, bool)> = shop
        .standing(shop.shared)
        .movements
        .iter()
        .filter(|row| row.text("kind") == "use")
        .map(|row| (row.get("quantity").and_then(Value::as_integer).unwrap(), row.says("verified")))
        .collect();
    assert_eq!(moved.iter().map(|(quantity, _)| quantity).sum::<i64>(), -2);
    assert!(moved.len() == 2 && moved.iter().all(|(_, verified)| *verified), "{moved:?}");
    phone.sync(&mut shop.house);
    phone.agrees_with(&mut shop.house);
}

#[test]
fn what_people_state_on_a_lot_is_booked_as_the_difference_where_it_lies() {
    let mut shop = Shop::new();
    let (ivy, lot) = (shop.ivy.clone(), shop.stock(shop.shared, 10));
    shop.house.update(&ivy, &lot, &[("quantity", "7")]).unwrap();
    assert_eq!(shop.figures(shop.shared).0, 7);
    let other = shop.room("Second depot", "warehouse", ivy.user);
    shop.house.update(&ivy, &lot, &[("stockroom", &other.to_string())]).unwrap();
    assert_eq!((shop.figures(shop.shared).0, shop.figures(other).0), (0, 7));
    shop.house.update(&ivy, &lot, &[("install_status", "7"), ("substatus", "disposed")]).unwrap();
    assert_eq!(shop.figures(other).0, 0);
    assert_eq!(shop.standing(shop.shared).movements.len(), 3, "ten came, three went, seven went");
}

#[test]
fn a_van_is_leased_whole_to_its_technicians_phone_and_follows_what_comes_into_it() {
    let mut shop = Shop::new();
    let lot = shop.stock(shop.van, 5);
    let mia = shop.house.mia.clone();
    let (_, task) = shop.house.job(mia.user, "Boiler");
    assert_eq!(shop.figures(shop.van), (5, 0, 5), "nobody carries a phone yet");
    let mut phone = shop.house.phone(&mia);
    phone.sync(&mut shop.house);
    assert_eq!(shop.figures(shop.van), (5, 5, 0));
    let lease = shop.lease_of(&phone, shop.van).expect("leased");
    assert!(phone.rows.contains_key(&DocumentId::new("fl_stock_lease", lease)), "the phone is told of its right");
    let used = phone.edit(shop.house.now, &task, &[shop.take(2, shop.van, Some(lease))]);
    phone.push(&mut shop.house, &[used]);
    assert_eq!(shop.figures(shop.van), (3, 3, 0));
    let ivy = shop.ivy.clone();
    shop.house.update(&ivy, &lot, &[("quantity", "9")]).unwrap();
    assert_eq!(shop.figures(shop.van), (9, 9, 0), "what was put in is leased, too");
    let back = phone.edit(shop.house.now, &task, &[shop.take(-1, shop.van, Some(lease))]);
    phone.push(&mut shop.house, &[back]);
    assert_eq!(shop.figures(shop.van), (10, 10, 0));
    assert!(shop.reconciliations().is_empty());
}

#[test]
fn a_use_nobody_promised_is_taken_and_opens_one_task_for_the_keeper() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 1);
    let (mia, leo) = (shop.house.mia.clone(), shop.house.leo.clone());
    let (_, of_mia) = shop.house.job(mia.user, "Boiler");
    let (_, of_leo) = shop.house.job(leo.user, "Pump");
    let (mut phone, mut other) = (shop.house.phone(&mia), shop.house.phone(&leo));
    phone.sync(&mut shop.house);
    other.sync(&mut shop.house);
    let lease = shop.ask(&phone, shop.shared, 4).unwrap();
    assert_eq!(lease.get("granted"), Some(&Value::Integer(1)), "there is one, and Mia has the right to it");
    let refused = shop.ask(&other, shop.shared, 1).unwrap_err().to_string();
    assert!(refused.contains("nothing of that part is free"), "{refused}");
    // Leo takes it all the same, and his word arrives first.
    let taken = other.edit(shop.house.now, &of_leo, &[shop.take(1, shop.shared, None)]);
    let again = other.edit(shop.house.now, &of_leo, &[shop.take(1, shop.shared, None)]);
    assert!(other.push(&mut shop.house, &[taken, again]).iter().all(|it| matches!(it, Outcome::Accepted { .. })));
    let covered = phone.edit(shop.house.now, &of_mia, &[shop.take(1, shop.shared, Some(lease.id.sys_id))]);
    phone.push(&mut shop.house, &[covered]);
    assert_eq!(shop.figures(shop.shared).0, -2, "one there, three taken");
    let tasks = shop.reconciliations();
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    assert_eq!(tasks[0].reference("assigned_to"), Some(shop.ivy.user));
    let text = tasks[0].text("description");
    assert!(text.contains("Leo Lang") && text.contains("Valve DN50") && text.contains("Count"), "{text}");
    let verified = |row: &&Record| row.text("kind") == "use" && row.says("verified");
    assert_eq!(shop.standing(shop.shared).movements.iter().filter(verified).count(), 1, "only Mia had a right");
}

#[test]
fn what_is_taken_under_a_lease_that_was_taken_back_is_not_verified() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 3);
    let (mia, leo, ivy) = (shop.house.mia.clone(), shop.house.leo.clone(), shop.ivy.clone());
    let (_, task) = shop.house.job(mia.user, "Boiler");
    let (mut silent, other) = (shop.house.phone(&mia), shop.house.phone(&leo));
    silent.sync(&mut shop.house);
    let lease = shop.ask(&silent, shop.shared, 3).unwrap().id.sys_id;
    let offline = silent.edit(shop.house.now, &task, &[shop.take(2, shop.shared, Some(lease))]);
    assert!(matches!(shop.give_back(&leo, lease), Err(TableError::Denied { .. })), "it is not his to end");
    shop.give_back(&ivy, lease).unwrap();
    let granted = shop.ask(&other, shop.shared, 3).unwrap();
    assert_eq!(granted.get("granted"), Some(&Value::Integer(3)));
    silent.push(&mut shop.house, &[offline]);
    assert_eq!(shop.figures(shop.shared), (1, 3, -2), "taken all the same, and somebody is told");
    assert_eq!(shop.reconciliations().len(), 1);
}

#[test]
fn a_lease_ends_at_its_hour_and_a_locked_phone_holds_nothing() {
    let mut shop = Shop::new();
    shop.stock(shop.shared, 3);
    shop.stock(shop.van, 4);
    let mia = shop.house.mia.clone();
    let phone = shop.house.phone(&mia);
    shop.ask(&phone, shop.shared, 3).unwrap();
    assert_eq!(shop.figures(shop.shared), (3, 3, 0));
    shop.house.wait(8 * crate::house::DAY);
    assert_eq!(shop.figures(shop.shared), (3, 0, 3));
    let (now, device) = (shop.house.now, phone.device);
    shop.house.server.revoke_device(&mia, device, now, &mut shop.house.rng).unwrap();
    assert_eq!(shop.figures(shop.van), (4, 0, 4));
    let next = shop.house.phone(&mia);
    assert_eq!(shop.figures(shop.van), (4, 4, 0), "the next phone has the van");
    assert!(shop.lease_of(&next, shop.van).is_some() && shop.lease_of(&phone, shop.van).is_none());
}

#[test]
fn a_serialised_part_is_used_once_and_a_second_claim_is_flagged_with_both_kept() {
    let mut shop = Shop::new();
    let (mia, leo, ivy) = (shop.house.mia.clone(), shop.house.leo.clone(), shop.ivy.clone());
    let model = shop.valve.to_string();
    let item = shop.house.create(&ivy, "cmdb_ci", &[("name", "Pump head"), ("install_status", "6")]).unwrap().record.id;
    let fields = [
        ("display_name", "Pump head"),
        ("serial_number", "SN-1"),
        ("model", &*model),
        ("stockroom", &*shop.shared.to_string()),
        ("ci", &*item.sys_id.to_string()),
    ];
    let pump = shop.house.create(&ivy, "alm_asset", &fields).unwrap().record.id;
    assert_eq!(shop.figures(shop.shared).0, 1);
    let claim = |shop: &mut Shop, who: &Caller| {
        let (_, task) = shop.house.job(who.user, "Pump");
        let mut phone = shop.house.phone(who);
        phone.sync(&mut shop.house);
        let (model, asset, stockroom) = (shop.valve, Some(pump.sys_id), Some(shop.shared));
        let act = Act::UsePart { model, quantity: 1, asset, stockroom, lease: None };
        let edit = phone.edit(shop.house.now, &task, &[act]);
        phone.push(&mut shop.house, &[edit]);
        task
    };
    let first = claim(&mut shop, &mia);
    let row = shop.house.get(&ivy, &pump).unwrap().record;
    let site = shop.house.get(&ivy, &first).unwrap().record.reference("location");
    assert_eq!((row.get("install_status"), row.reference("location")), (Some(&Value::Integer(1)), site));
    assert_eq!(shop.house.get(&ivy, &item).unwrap().record.get("install_status"), Some(&Value::Integer(1)));
    assert!(shop.reconciliations().is_empty());
    let second = claim(&mut shop, &leo);
    let tasks = shop.reconciliations();
    assert!(tasks.len() == 1 && tasks[0].text("short_description").contains("SN-1 was used twice"), "{tasks:?}");
    let row = shop.house.get(&ivy, &pump).unwrap().record;
    assert_eq!(row.reference("location"), site, "the first stays what the record says");
    for task in [first, second] {
        assert_eq!(shop.house.get(&ivy, &task).unwrap().projection_of_document.unwrap().parts.len(), 1);
    }
    assert_eq!(shop.figures(shop.shared).0, 0);
}

#[test]
fn a_state_keeps_its_substates_and_an_item_and_its_asset_show_the_same() {
    let mut shop = Shop::new();
    let ivy = shop.ivy.clone();
    let item = shop.house.create(&ivy, "cmdb_ci", &[("name", "Pump"), ("install_status", "1")]).unwrap().record.id;
    let fields = [("display_name", "Pump"), ("serial_number", "SN-2"), ("ci", &*item.sys_id.to_string())];
    let asset = shop.house.create(&ivy, "alm_asset", &fields).unwrap().record.id;
    shop.house.update(&ivy, &item, &[("asset", &asset.sys_id.to_string())]).unwrap();
    let wrong = shop.house.update(&ivy, &asset, &[("install_status", "8"), ("substatus", "available")]);
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("substatus") && wrong.contains("lost, stolen"), "{wrong}");
    shop.house.update(&ivy, &asset, &[("install_status", "8"), ("substatus", "stolen")]).unwrap();
    let status = |shop: &mut Shop, id: &DocumentId, field: &str| {
        shop.house.get(&ivy, id).unwrap().record.get(field).map(ToString::to_string).unwrap_or_default()
    };
    assert_eq!(status(&mut shop, &item, "install_status"), "8");
    shop.house.update(&ivy, &item, &[("install_status", "5")]).unwrap();
    let pair = (status(&mut shop, &asset, "install_status"), status(&mut shop, &asset, "substatus"));
    assert_eq!(pair, ("6".into(), "pending_repair".into()));
}

/// What a phone that keeps to its leases knows.
struct Keeper {
    phone: Phone,
    task: DocumentId,
    taken: BTreeMap<SysId, i64>,
    outbox: Vec<fieldline_sync::wire::PushedEdit>,
}

/// Whatever phones take offline, deliver late, twice and in any order between them: the stock is conserved to the unit, and no
/// lease pays for more than it was granted.
#[test]
fn stock_is_conserved_and_no_lease_pays_twice_whatever_comes_in_whatever_order() {
    for seed in 0..12_u64 {
        let mut shop = Shop::new();
        let lot = shop.stock(shop.shared, 12);
        let (mia, leo) = (shop.house.mia.clone(), shop.house.leo.clone());
        let mut keepers: Vec<Keeper> = [&mia, &leo, &mia]
            .into_iter()
            .map(|who| {
                let (_, task) = shop.house.job(who.user, "Job");
                let mut phone = shop.house.phone(who);
                phone.sync(&mut shop.house);
                Keeper { phone, task, taken: BTreeMap::new(), outbox: Vec::new() }
            })
            .collect();
        let (mut put_in, mut taken) = (12, 0);
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..60 {
            shop.house.wait(1_000);
            let roll = dice.next_u32();
            let keeper = &mut keepers[(roll >> 8) as usize % 3];
            let quantity = i64::from(roll >> 16) % 4 + 1;
            match roll % 8 {
                0 => drop(shop.ask(&keeper.phone, shop.shared, quantity)),
                1..=3 => {
                    let (device, now) = (keeper.phone.device.to_string(), shop.house.now);
                    let system = shop.house.server.system();
                    let query = format!("device={device}^state=active");
                    let lease = shop.house.query(&system, "fl_stock_lease", &query).pop();
                    let covered = lease.filter(|lease| {
                        let granted = lease.get("granted").and_then(Value::as_integer).unwrap();
                        keeper.taken.get(&lease.id.sys_id).unwrap_or(&0) + quantity <= granted
                    });
                    let lease = covered.map(|lease| lease.id.sys_id);
                    lease.into_iter().for_each(|lease| *keeper.taken.entry(lease).or_default() += quantity);
                    let act = shop.take(quantity, shop.shared, lease);
                    keeper.outbox.push(keeper.phone.edit(now, &keeper.task, &[act]));
                    taken += quantity;
                }
                4 => {
                    let act = shop.take(-1, shop.shared, None);
                    keeper.outbox.push(keeper.phone.edit(shop.house.now, &keeper.task, &[act]));
                    taken -= 1;
                }
                5 => {
                    let ivy = shop.ivy.clone();
                    let more = shop.figures(shop.shared).0 + quantity;
                    shop.house.update(&ivy, &lot, &[("quantity", &more.to_string())]).unwrap();
                    put_in += quantity;
                }
                _ => {
                    let request = keeper.phone.pushing(&keeper.outbox);
                    for _ in 0..=roll % 2 {
                        let response = keeper.phone.send(&mut shop.house, &request).unwrap();
                        keeper.phone.absorb(&response);
                    }
                }
            }
            adds_up(&mut shop, seed);
        }
        for keeper in &mut keepers {
            let outbox = std::mem::take(&mut keeper.outbox);
            keeper.phone.push(&mut shop.house, &outbox);
        }
        adds_up(&mut shop, seed);
        assert_eq!(shop.figures(shop.shared).0, put_in - taken, "seed {seed}");
        assert_eq!(shown(&mut shop, &lot), put_in - taken, "seed {seed}");
    }
}

/// The balance is the sum of the movements, and each lease has granted at least what was taken under it and verified.
fn adds_up(shop: &mut Shop, seed: u64) {
    let system = shop.house.server.system();
    let number = |row: &Record, field: &str| row.get(field).and_then(Value::as_integer).unwrap_or(0);
    let sum: i64 = shop.house.query(&system, "fl_stock_movement", "").iter().map(|row| number(row, "quantity")).sum();
    let kept: i64 = shop.house.query(&system, "fl_stock_balance", "").iter().map(|row| number(row, "quantity")).sum();
    assert_eq!(sum, kept, "seed {seed}");
    for lease in shop.house.query(&system, "fl_stock_lease", "") {
        let (granted, used) = (number(&lease, "granted"), number(&lease, "used"));
        assert!(used <= granted, "seed {seed}: {granted} granted and {used} used");
    }
}
