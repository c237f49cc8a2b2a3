//! Work that comes again.

use fieldline_documents::Act;
use fieldline_model::{Decimal, DocumentId, Record, SysId, Timestamp};

use crate::house::{DAY, House};

/// A house with assets that are kept up.
struct Upkeep {
    house: House,
    assets: Vec<DocumentId>,
}

impl Upkeep {
    fn new(assets: usize) -> Self {
        let mut house = House::new();
        let system = house.server.system();
        let assets = (0..assets)
            .map(|number| {
                house.create(&system, "alm_asset", &[("display_name", &*format!("Pump {number}"))]).unwrap().record.id
            })
            .collect();
        Self { house, assets }
    }

    fn row(&mut self, table: &str, fields: &[(&str, &str)]) -> SysId {
        let system = self.house.server.system();
        self.house.create(&system, table, fields).unwrap().record.id.sys_id
    }

    fn plan(&mut self, plan: &[(&str, &str)], schedule: &[(&str, &str)]) -> SysId {
        let fields = [&[("name", "Service"), ("condition", "display_nameSTARTSWITHPump")][..], plan].concat();
        let plan = self.row("wm_planned_work_plan", &fields).to_string();
        self.row("wm_planned_work_schedule", &[&[("work_plan", &*plan)][..], schedule].concat())
    }

    fn tasks(&mut self) -> Vec<Record> {
        let system = self.house.server.system();
        self.house.query(&system, "wm_task", "ORDERBYdue_date")
    }

    fn close(&mut self, task: &Record) {
        let dora = self.house.dora.clone();
        self.house.update(&dora, &task.id, &[("state", "7")]).unwrap();
    }

    fn reads(&mut self, asset: &DocumentId, value: i64) {
        let mia = self.house.mia.clone();
        let dora = self.house.dora.clone();
        self.house.update(&dora, asset, &[("assigned_to", &mia.user.to_string())]).unwrap();
        let mut phone = self.house.phone(&mia);
        phone.sync(&mut self.house);
        let reading = Act::Read { meter: "hours".into(), value: Decimal::whole(value), unit: "h".into() };
        let edit = phone.edit(self.house.now, asset, &[reading]);
        phone.push(&mut self.house, &[edit]);
    }
}

#[test]
fn over_a_year_what_is_due_each_month_is_made_once_through_restarts_and_standstills() {
    let mut upkeep = Upkeep::new(1);
    let schedule = [("first_due", "2026-03-31 08:00:00"), ("repeat", "1"), ("repeat_unit", "months")];
    upkeep.plan(&[("look_ahead_days", "7"), ("suppress", "false")], &schedule);
    for day in 0..366 {
        // The server stands still for most of September, and is started anew every ninth day.
        if !(190..=205).contains(&day) {
            upkeep.house.ring();
        }
        if day % 9 == 0 {
            upkeep.house.restart();
        }
        upkeep.house.wait(DAY);
    }
    let due: Vec<String> = upkeep.tasks().iter().map(|task| task.get("due_date").unwrap().to_string()).collect();
    let wanted = [
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
        "2026-06-30",
        "2026-07-31",
        "2026-08-31",
        "2026-09-30",
        "2026-10-31",
        "2026-11-30",
        "2026-12-31",
        "2027-01-31",
        "2027-02-28",
    ];
    assert_eq!(due, wanted.map(|day| format!("{day} 08:00:00")));
}

#[test]
fn of_what_came_due_during_a_standstill_only_the_last_is_made_and_nothing_while_an_earlier_one_is_open() {
    let mut upkeep = Upkeep::new(1);
    let schedule = [("first_due", "2026-03-09 08:00:00"), ("repeat", "1"), ("repeat_unit", "weeks")];
    upkeep.plan(&[("look_ahead_days", "0")], &schedule);
    upkeep.house.ring();
    assert_eq!(upkeep.tasks().len(), 0);
    upkeep.house.wait(30 * DAY);
    upkeep.house.ring();
    let tasks = upkeep.tasks();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].time("due_date"), Timestamp::parse("2026-03-30 08:00:00"));
    assert_eq!(tasks[0].reference("asset"), Some(upkeep.assets[0].sys_id));
    upkeep.house.wait(14 * DAY);
    upkeep.house.ring();
    assert_eq!(upkeep.tasks().len(), 1, "the earlier one is open");
    upkeep.close(&tasks[0]);
    upkeep.house.wait(7 * DAY);
    upkeep.house.ring();
    let made = upkeep.tasks();
    assert_eq!(made.last().unwrap().time("due_date"), Timestamp::parse("2026-04-20 08:00:00"));
    assert_eq!(made.len(), 2);
}

#[test]
fn what_is_due_on_a_day_may_be_one_order_by_a_template() {
    let mut upkeep = Upkeep::new(3);
    let group = upkeep.row("sys_user_group", &[("name", "Riviera")]).to_string();
    let template =
        upkeep.row("cmdb_workorder_product_model", &[("name", "Inspection"), ("dispatch_group", &group)]).to_string();
    let task = [("name", "Look"), ("parent", &*template), ("work_type", "planned_maintenance")];
    upkeep.row("cmdb_servicetask_product_model", &task);
    let schedule = [("first_due", "2026-03-05 08:00:00"), ("repeat", "10"), ("repeat_unit", "days")];
    upkeep.plan(&[("template", &template), ("group_orders", "true"), ("look_ahead_days", "5")], &schedule);
    upkeep.house.ring();
    let tasks = upkeep.tasks();
    let orders: std::collections::BTreeSet<_> = tasks.iter().map(|task| task.reference("parent")).collect();
    let assets: std::collections::BTreeSet<_> = tasks.iter().filter_map(|task| task.reference("asset")).collect();
    assert_eq!((tasks.len(), orders.len(), assets.len()), (3, 1, 3));
    assert!(tasks.iter().all(|task| task.text("work_type") == "planned_maintenance"));
    upkeep.house.ring();
    assert_eq!(upkeep.tasks().len(), 3);
}

#[test]
fn a_meter_that_passes_another_so_many_units_has_work_due_once() {
    let mut upkeep = Upkeep::new(1);
    upkeep.plan(&[], &[("trigger", "meter"), ("meter", "hours"), ("every", "500")]);
    let asset = upkeep.assets[0].clone();
    let made = |upkeep: &mut Upkeep, value| {
        upkeep.reads(&asset, value);
        upkeep.house.wait(3_600_000);
        upkeep.house.ring();
        upkeep.tasks().len()
    };
    assert_eq!([made(&mut upkeep, 620), made(&mut upkeep, 990)], [0, 0], "what it had passed before is nobody's");
    assert_eq!([made(&mut upkeep, 1_010), made(&mut upkeep, 1_200)], [1, 1]);
    let task = upkeep.tasks().remove(0);
    upkeep.close(&task);
    assert_eq!(made(&mut upkeep, 2_700), 2, "two more multiples at once are one visit");
}

#[test]
fn a_condition_has_work_due_each_time_it_comes_true() {
    let mut upkeep = Upkeep::new(2);
    upkeep.plan(&[], &[("trigger", "condition"), ("condition", "substatus=defective")]);
    let (dora, asset) = (upkeep.house.dora.clone(), upkeep.assets[1].clone());
    let made = |upkeep: &mut Upkeep, substatus: &str| {
        upkeep.house.update(&dora, &asset, &[("substatus", substatus)]).unwrap();
        upkeep.house.wait(3_600_000);
        upkeep.house.ring();
        upkeep.tasks().len()
    };
    assert_eq!(
        [made(&mut upkeep, "available"), made(&mut upkeep, "defective"), made(&mut upkeep, "defective")],
        [0, 1, 1]
    );
    let task = upkeep.tasks().remove(0);
    upkeep.close(&task);
    assert_eq!([made(&mut upkeep, "available"), made(&mut upkeep, "defective")], [1, 2]);
}

#[test]
fn a_schedule_that_means_nothing_is_refused_by_name() {
    let mut upkeep = Upkeep::new(0);
    let system = upkeep.house.server.system();
    let plan = upkeep.row("wm_planned_work_plan", &[("name", "Service")]).to_string();
    for (fields, field) in [
        (&[("trigger", "duration")][..], "first_due"),
        (&[("trigger", "duration"), ("first_due", "2026-03-05"), ("repeat", "0")], "repeat"),
        (&[("trigger", "meter")], "meter"),
        (&[("trigger", "meter"), ("meter", "hours"), ("every", "0")], "every"),
        (&[("trigger", "condition"), ("condition", "no_such_field=1")], "condition"),
    ] {
        let fields = [&[("work_plan", &*plan)][..], fields].concat();
        let refused = upkeep.house.create(&system, "wm_planned_work_schedule", &fields);
        let refused = refused.expect_err(field).to_string();
        assert!(refused.contains(field), "{refused}");
    }
}

#[test]
fn where_one_is_made_at_a_time_the_next_is_made_once_the_one_before_is_done() {
    let mut upkeep = Upkeep::new(1);
    let schedule = [("first_due", "2026-03-09 08:00:00"), ("repeat", "1"), ("repeat_unit", "weeks")];
    upkeep.plan(&[("look_ahead_days", "30")], &schedule);
    upkeep.house.ring();
    let tasks = upkeep.tasks();
    assert_eq!(tasks.len(), 1, "four are within the days ahead");
    upkeep.close(&tasks[0]);
    upkeep.house.wait(DAY);
    upkeep.house.ring();
    let due: Vec<_> = upkeep.tasks().iter().map(|task| task.time("due_date")).collect();
    assert_eq!(due, ["2026-03-09 08:00:00", "2026-03-16 08:00:00"].map(Timestamp::parse));
}
