//! Changes as a service desk lives them: who is asked, what stands in the way, what waits while one is on hold, what boards say.

mod approvals;
mod boards;
mod conflicts;
mod holding;
mod risk;

use fieldline_model::{DocumentId, Record};
use fieldline_service::change_requests::approvals::{Answer, answer as answered};
use fieldline_service::change_requests::conflicts::check;
use fieldline_service::change_requests::risk::calculate;
use fieldline_service::{Caller, TableError};

use crate::house::House;

const HOUR: i64 = 3_600_000;

/// A service desk beside the house: an administrator, and somebody of a group who approves.
struct Desk {
    house: House,
    admin: Caller,
    anna: Caller,
    ben: Caller,
    group: String,
}

impl Desk {
    fn new() -> Self {
        let mut house = House::new();
        let admin = house.server.system();
        let anna = house.person("anna", "Anna Approver", &["itil", "change_manager"]);
        let ben = house.person("ben", "Ben Board", &["itil", "cab_member"]);
        let group = made(&mut house, &admin, "sys_user_group", &[("name", "Network")]);
        let mut desk = Self { house, admin, anna, ben, group };
        for user in [desk.anna.user, desk.ben.user] {
            let (user, group) = (user.to_string(), desk.group.clone());
            desk.made("sys_user_grmember", &[("user", &user), ("group", &group)]);
        }
        desk
    }

    fn made(&mut self, table: &str, fields: &[(&str, &str)]) -> String {
        made(&mut self.house, &self.admin.clone(), table, fields)
    }

    fn refused(&mut self, table: &str, fields: &[(&str, &str)]) -> String {
        let admin = self.admin.clone();
        self.house.create(&admin, table, fields).map(|detail| detail.record).unwrap_err().to_string()
    }

    fn change(&mut self, fields: &[(&str, &str)]) -> DocumentId {
        let (dora, group) = (self.house.dora.clone(), self.group.clone());
        let born = [&[("short_description", "New switch"), ("assignment_group", &group)], fields].concat();
        self.house.create(&dora, "change_request", &born).unwrap().record.id
    }

    fn write(&mut self, record: &DocumentId, fields: &[(&str, &str)]) -> Result<Record, String> {
        let dora = self.house.dora.clone();
        let done = self.house.update(&dora, record, fields);
        done.map(|detail| detail.record).map_err(|problem| problem.to_string())
    }

    fn set(&mut self, table: &str, id: &str, fields: &[(&str, &str)]) -> Record {
        let admin = self.admin.clone();
        self.house.update(&admin, &DocumentId::new(table, id.parse().unwrap()), fields).unwrap().record
    }

    fn shown(&mut self, record: &DocumentId, field: &str) -> String {
        let admin = self.admin.clone();
        let record = self.house.get(&admin, record).unwrap().record;
        record.get(field).map(ToString::to_string).unwrap_or_default()
    }

    fn rows(&mut self, table: &str, query: &str) -> Vec<Record> {
        let admin = self.admin.clone();
        self.house.query(&admin, table, query)
    }

    fn answers(&mut self, who: &Caller, change: &DocumentId, answer: Answer) -> Result<(), TableError> {
        let House { server, now, rng, .. } = &mut self.house;
        server.write(who, *now, rng, |call| answered(call, change.sys_id, answer, "Because").map(drop))
    }

    fn calculated(&mut self, change: &DocumentId) -> Record {
        let dora = self.house.dora.clone();
        let House { server, now, rng, .. } = &mut self.house;
        let saved = server.write(&dora, *now, rng, |call| calculate(call, None, change.sys_id));
        saved.unwrap().detail.record
    }

    /// Looks for conflicts and says of which kinds there are.
    fn conflicts(&mut self, change: &DocumentId) -> Vec<String> {
        let dora = self.house.dora.clone();
        let House { server, now, rng, .. } = &mut self.house;
        server.write(&dora, *now, rng, |call| check(call, change.sys_id)).unwrap();
        self.kinds(change)
    }

    fn kinds(&mut self, change: &DocumentId) -> Vec<String> {
        let rows = self.rows("conflict", &format!("change={}^ORDERBYtype", change.sys_id));
        rows.iter().map(|row| row.text("type").to_owned()).collect()
    }

    /// A policy of a state with one decision that asks what a definition says.
    fn policy(&mut self, state: &str, condition: &str, definition: &str) -> String {
        let policies = self.rows("chg_policy_approval", &format!("state={state}"));
        let policy = policies[0].id.sys_id.to_string();
        let fields =
            [("decision_table", policy.as_str()), ("label", "Asks"), ("condition", condition), ("answer", definition)];
        self.made("sys_decision_question", &fields);
        policy
    }

    fn of_group(&mut self, wait_for: &str) -> String {
        let fields = [
            ("name", "Peers"),
            ("approval_action", "group"),
            ("approver_source", "change_request"),
            ("group_field", "assignment_group"),
            ("wait_for", wait_for),
        ];
        self.made("chg_approval_def", &fields)
    }

    fn item(&mut self, name: &str) -> String {
        self.made("cmdb_ci_linux_server", &[("name", name)])
    }

    /// Moments from now on, in hours, as people write them.
    fn at(&self, hours: i64) -> String {
        self.house.now.plus_milliseconds(hours * HOUR).to_string()
    }

    fn planned(&mut self, item: &str, from: i64, until: i64) -> DocumentId {
        let (start, end) = (self.at(from), self.at(until));
        self.change(&[("cmdb_ci", item), ("start_date", &start), ("end_date", &end)])
    }
}

fn made(house: &mut House, by: &Caller, table: &str, fields: &[(&str, &str)]) -> String {
    house.create(by, table, fields).unwrap().record.id.sys_id.to_string()
}
