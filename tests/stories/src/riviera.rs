//! A dispatch group on the Riviera, whose day begins in an hour at a depot in Monaco.

use fieldline_device::runtime::now;
use fieldline_model::{DocumentId, Timestamp};
use reqwest::Method;
use serde_json::{Value as Json, json};

use crate::{ADMINISTRATOR, DISPATCHER, Office, Technician};

/// Where the depot is.
pub const MONACO: (f64, f64) = (43.7384, 7.4246);

/// A dispatch group whose day begins in an hour, at a depot in Monaco.
pub struct Riviera {
    /// Its office.
    pub office: Office,
    /// The group.
    pub group: DocumentId,
    /// Where everybody sets out.
    pub depot: DocumentId,
    /// When the day begins.
    pub begins: Timestamp,
}

impl Riviera {
    /// Opens an office with the group.
    pub fn opens() -> Self {
        let office = Office::open();
        let group = office.made_by(ADMINISTRATOR, "sys_user_group", &json!({ "name": "Riviera" }));
        let depot = site(&office, MONACO);
        Self { office, group, depot, begins: now().plus_milliseconds(3_600_000) }
    }

    /// Somebody with a phone joins the group and works for some hours of the day.
    pub fn hires(&self, name: &str, hours: i64) -> Technician {
        let technician = self.office.technician(name);
        let user = technician.user().to_string();
        let member = json!({ "user": user, "group": self.group.sys_id.to_string() });
        self.office.made_by(ADMINISTRATOR, "sys_user_grmember", &member);
        let base = json!({ "user": user, "start_location": self.depot.sys_id.to_string() });
        self.office.creates("wm_agent_schedule_attribute_plan", &base);
        let ends = self.begins.plus_milliseconds(hours * 3_600_000);
        let (begins, ends) = (self.begins.to_string(), ends.to_string());
        let hours = json!({ "user": user, "type": "work", "start_date_time": begins, "end_date_time": ends });
        self.office.creates("cmn_schedule_span", &hours);
        technician
    }

    /// A task of an hour that waits to be dispatched.
    pub fn needs(&self, what: &str, location: &DocumentId, more: Json) -> DocumentId {
        let mut task = json!({
            "short_description": what, "dispatch_group": self.group.sys_id.to_string(), "state": "10",
            "location": location.sys_id.to_string(), "estimated_work_duration": "3600",
        });
        add(&mut task, more);
        self.office.creates("wm_task", &task)
    }

    /// Plans the group's day.
    pub fn plans(&self, more: Json) -> Json {
        let mut ask = json!({ "group": self.group.sys_id.to_string() });
        add(&mut ask, more);
        let answer = self.office.asks(DISPATCHER, Method::POST, "/api/v1/dispatch/plan", Some(&ask));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body
    }

    /// Who is to do a task and when, as the office reads it.
    pub fn stands(&self, task: &DocumentId) -> (Json, Json) {
        let task = self.office.reads(task);
        (task["assigned_to"].clone(), task["expected_start"].clone())
    }
}

fn add(fields: &mut Json, more: Json) {
    if let (Json::Object(fields), Json::Object(more)) = (fields, more) {
        fields.extend(more);
    }
}

/// A place to go to.
pub fn site(office: &Office, (latitude, longitude): (f64, f64)) -> DocumentId {
    let degrees = json!({ "latitude": latitude.to_string(), "longitude": longitude.to_string() });
    office.creates(
        "cmn_location",
        &json!({ "name": "Site", "latitude": degrees["latitude"], "longitude": degrees["longitude"] }),
    )
}
