//! A district: a dispatch group in and around Monaco with technicians, rosters, skills and sites.

use fieldline_model::{DocumentId, Record, SysId, Timestamp};
use fieldline_service::dispatch::report::Report;
use fieldline_service::dispatch::{self, Ask, DispatchError};

use crate::house::{House, MORNING};

pub const HOUR: i64 = 3_600_000;
/// Where everybody's day begins: Monaco.
pub const DEPOT: (&str, &str) = ("43.7384", "7.4246");
/// 13 km away as the crow flies.
pub const NICE: (&str, &str) = ("43.7102", "7.2620");
pub const MENTON: (&str, &str) = ("43.7747", "7.4975");

/// So many hours after eight in the morning.
pub fn at(hours: i64) -> Timestamp {
    MORNING.plus_milliseconds(hours * HOUR)
}

/// A house whose Dora dispatches for one group.
pub struct District {
    pub house: House,
    pub group: SysId,
    pub depot: SysId,
}

impl District {
    /// Nobody is in the group yet.
    pub fn new() -> Self {
        let mut house = House::new();
        let group = house.create(&house.server.system(), "sys_user_group", &[("name", "Riviera")]);
        let group = group.unwrap().record.id.sys_id;
        let mut district = Self { house, group, depot: SysId([0; 16]) };
        district.depot = district.site(DEPOT);
        district
    }

    pub fn site(&mut self, (latitude, longitude): (&str, &str)) -> SysId {
        self.row("cmn_location", &[("name", "Site"), ("latitude", latitude), ("longitude", longitude)])
    }

    pub fn skill(&mut self, name: &str) -> SysId {
        self.row("cmn_skill", &[("name", name)])
    }

    pub fn row(&mut self, table: &str, fields: &[(&str, &str)]) -> SysId {
        let system = self.house.server.system();
        self.house.create(&system, table, fields).unwrap().record.id.sys_id
    }

    /// Takes somebody into the group who sets out from the depot and works from one hour to another.
    pub fn rosters(&mut self, user: SysId, from: i64, until: i64) {
        let (user_text, group, depot) = (user.to_string(), self.group.to_string(), self.depot.to_string());
        self.row("sys_user_grmember", &[("user", &user_text), ("group", &group)]);
        self.row("wm_agent_schedule_attribute_plan", &[("user", &user_text), ("start_location", &depot)]);
        self.span(user, "work", from, until);
    }

    pub fn span(&mut self, user: SysId, kind: &str, from: i64, until: i64) {
        let (user, from, until) = (user.to_string(), at(from).to_string(), at(until).to_string());
        let fields = [("user", &*user), ("type", kind), ("start_date_time", &from), ("end_date_time", &until)];
        self.row("cmn_schedule_span", &fields);
    }

    pub fn learns(&mut self, user: SysId, skill: SysId) {
        let (user, skill) = (user.to_string(), skill.to_string());
        self.row("sys_user_has_skill", &[("user", &user), ("skill", &skill)]);
    }

    /// A qualified task of an hour at a site.
    pub fn task(&mut self, site: SysId, fields: &[(&str, &str)]) -> DocumentId {
        let (group, site) = (self.group.to_string(), site.to_string());
        let mut all = vec![
            ("short_description", "Boiler"),
            ("dispatch_group", &*group),
            ("location", &*site),
            ("state", "10"),
            ("estimated_work_duration", "3600"),
        ];
        all.retain(|(name, _)| fields.iter().all(|(given, _)| given != name));
        all.extend(fields);
        let dora = self.house.dora.clone();
        self.house.create(&dora, "wm_task", &all).unwrap().record.id
    }

    pub fn ask(&self) -> Ask {
        Ask { group: self.group, from: MORNING, days: 1, iterations: 2_000, seed: Some(1), dry_run: false }
    }

    pub fn plans(&mut self) -> Report {
        let ask = self.ask();
        self.tries(&ask).unwrap()
    }

    pub fn tries(&mut self, ask: &Ask) -> Result<Report, DispatchError> {
        let house = &mut self.house;
        dispatch::plan(&house.server, &house.dora, ask, house.now, &mut house.rng)
    }

    pub fn record(&mut self, id: &DocumentId) -> Record {
        let dora = self.house.dora.clone();
        self.house.get(&dora, id).unwrap().record
    }
}

/// What a report says of a task, by its identity.
pub fn unserved<'r>(report: &'r Report, task: &DocumentId) -> Vec<&'r str> {
    let unserved = report.unserved.iter().find(|unserved| unserved.task.sys_id == task.sys_id);
    unserved.map(|one| one.in_the_way.iter().map(|way| way.reason.as_str()).collect()).unwrap_or_default()
}

pub fn refusal<'r>(report: &'r Report, task: &DocumentId) -> Option<&'r str> {
    report.refused.iter().find(|refused| refused.task.sys_id == task.sys_id).map(|refused| refused.reason.as_str())
}
