//! The last scene: an alert in the night becomes an incident, a case for the customer it concerns before they call, a visit with
//! the radio off, a signed report that verifies, and a solution the customer accepts.
//!
//! Every step is looked up again where its next reader would look; the first that did not come about ends the demo.

use std::collections::BTreeMap;
use std::fmt;

use fieldline_device::Command;
use fieldline_device::on_site::OnSite;
use fieldline_model::{DocumentId, SysId, Value as Field};
use fieldline_service::reports::{Verdict, verify_file};
use fieldline_web::{Clock, Entropy};
use reqwest::Method;
use serde_json::{Value, json};

use super::failed::DemoFailed;
use super::office::Office;
use super::phone::Phone;
use super::setup::text;
use super::{Demo, ROUNDS_TO_COME_TOGETHER};
use crate::failed::Failed;

const CASES: &str = "sn_customerservice_case";
const HOUR_MILLISECONDS: i64 = 3_600_000;
/// What the technician notes, which is nobody's business outside.
const NOTE: &str = "The cellar was under water, and nobody had said so";
/// Who leads the desk, and who calls it: sign-in name, full name and roles.
const LEAD: (&str, &str, &[&str]) = ("lea", "Lea Lead", &["case_manager", "case_agent", "itil", "wm_dispatcher"]);
const CUSTOMER: (&str, &str, &[&str]) = ("carla", "Carla Conti", &["customer", "sn_customerservice_customer_admin"]);

/// What came about, line by line.
#[derive(Debug, Default)]
pub struct Scene {
    lines: Vec<(&'static str, String)>,
}

impl fmt::Display for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "An alert in the night")?;
        self.lines.iter().try_for_each(|(what, told)| writeln!(f, "  {what:<36} {told}"))
    }
}

impl Scene {
    /// The scene as JSON: every line.
    pub fn json(&self) -> Value {
        self.lines.iter().map(|(what, told)| ((*what).to_owned(), Value::from(told.as_str()))).collect()
    }

    fn tell(&mut self, what: &'static str, told: impl Into<String>) {
        self.lines.push((what, told.into()));
    }
}

/// Where it takes place.
pub struct Stage<'a> {
    pub demo: &'a Demo,
    pub admin: &'a Office,
}

/// What stands before the alert.
struct Boxeo {
    lead: Office,
    customer: Office,
    router: String,
    service: String,
    entitlement: String,
    group: String,
    skill: String,
    part: SysId,
    night_watch: String,
}

impl Stage<'_> {
    /// Plays it, with a technician's phone.
    pub async fn play(&self, phone: &mut Phone) -> Result<Scene, Failed> {
        let mut scene = Scene::default();
        let boxeo = self.open(phone).await?;
        let incident = self.alert(&boxeo, &mut scene).await?;
        let case = self.proactive_case(&boxeo, &incident, &mut scene).await?;
        let task = boxeo.send(&incident, &mut scene).await?;
        let report = boxeo.mended(phone, &task, &mut scene).await?;
        let verdict = self.verified(&report)?;
        must(verdict.is_verified(), "the report is not verified")?;
        scene.tell("its report", format!("{} kB of PDF made on the phone, sealed and verified", report.len() / 1000));
        boxeo.accepted(&case, &mut scene).await?;
        Ok(scene)
    }

    async fn open(&self, phone: &Phone) -> Result<Boxeo, Failed> {
        let sign_in = async |(user_name, name, roles): (&str, &str, &[&str])| {
            let user = self.demo.let_in((user_name, name), roles)?;
            let office = Office::sign_in(&self.demo.url(), user_name, &self.demo.password).await?;
            Ok::<_, Failed>((user.to_string(), office))
        };
        let ((_, lead), (carla, customer)) = (sign_in(LEAD).await?, sign_in(CUSTOMER).await?);
        let admin = self.admin;
        let account = admin.create("customer_account", json!({ "name": "Boxeo" })).await?;
        let contact = json!({ "name": CUSTOMER.1, "account": account, "user": carla });
        admin.create("customer_contact", contact).await?;
        let depot = json!({ "name": "Port Hercule", "latitude": "43.7353", "longitude": "7.4260" });
        let depot = admin.create("cmn_location", depot).await?;
        let service = admin.create("cmdb_ci_service", json!({ "name": "Payments" })).await?;
        let router = admin.create("cmdb_ci", json!({ "name": "router-7", "location": depot })).await?;
        let needs =
            json!({ "name": "Depends on::Used by", "parent_descriptor": "Depends on", "child_descriptor": "Used by" });
        let needs = admin.create("cmdb_rel_type", needs).await?;
        admin.create("cmdb_rel_ci", json!({ "parent": service, "child": router, "type": needs })).await?;
        let installed = json!({ "name": "Payments of Boxeo", "account": account, "configuration_item": service });
        admin.create("sn_install_base_item", installed).await?;
        let entitlement = json!({ "name": "Gold", "account": account, "unit": "cases", "per_unit": "true",
            "total_units": "5", "service_level": "gold" });
        let entitlement = lead.create("service_entitlement", entitlement).await?;
        let promise = json!({ "name": "Gold: eight hours", "collection": CASES, "duration": "1970-01-01 08:00:00",
            "start_condition": "active=true^entitlement.service_level=gold", "stop_condition": "stateIN6,3" });
        admin.create("contract_sla", promise).await?;
        let back = json!({ "name": "itsm.close_back.resolve_incident", "value": "true" });
        admin.create("sys_properties", back).await?;
        let part = admin.create("cmdb_model", json!({ "display_name": "Router RX-7" })).await?;
        let part = part.parse().map_err(|_| DemoFailed::answer("cmdb_model", &json!(part)))?;
        let (group, skill) = self.roster(phone, &depot).await?;
        let night_watch = json!({ "name": "Night watch", "trigger_type": "inbound_call", "definition": watch() });
        let night_watch = admin.create("sys_hub_flow", night_watch).await?;
        Ok(Boxeo { lead, customer, router, service, entitlement, group, skill, part, night_watch })
    }

    /// The technician's group for the night, and what it takes to be sent.
    async fn roster(&self, phone: &Phone, depot: &str) -> Result<(String, String), DemoFailed> {
        let (admin, user) = (self.admin, phone.user.to_string());
        let group = admin.create("sys_user_group", json!({ "name": "Night watch" })).await?;
        admin.create("sys_user_grmember", json!({ "user": user, "group": group })).await?;
        let skill = admin.create("cmn_skill", json!({ "name": "Networks" })).await?;
        admin.create("sys_user_has_skill", json!({ "user": user, "skill": skill })).await?;
        let base = json!({ "user": user, "start_location": depot });
        admin.create("wm_agent_schedule_attribute_plan", base).await?;
        let hour = |hours: i64| self.demo.clock.now().plus_milliseconds(hours * HOUR_MILLISECONDS).to_string();
        let hours = json!({ "user": user, "type": "work", "start_date_time": hour(1), "end_date_time": hour(9) });
        admin.create("cmn_schedule_span", hours).await?;
        Ok((group, skill))
    }

    /// The alert comes in; the incident it became.
    async fn alert(&self, boxeo: &Boxeo, scene: &mut Scene) -> Result<Value, Failed> {
        let alert = json!({ "id": "8461", "title": "router-7 is down", "host": "router-7" });
        let path = format!("/api/v1/flows/{}/call", boxeo.night_watch);
        self.admin.call(Method::POST, &path, Some(&alert)).await?;
        let incident = self.follows("incident", "correlation_id=8461").await?;
        must(text(&incident, "priority") == "1", "the incident is not critical")?;
        let impact = boxeo.lead.call(Method::GET, &format!("/api/v1/cmdb/{}/impact", boxeo.router), None).await?;
        must(impact.to_string().contains(&boxeo.service), "nobody knows that payments need the router")?;
        scene.tell("the incident", format!("{}, critical: Payments of Boxeo need router-7", text(&incident, "number")));
        Ok(incident)
    }

    async fn proactive_case(&self, boxeo: &Boxeo, incident: &Value, scene: &mut Scene) -> Result<Value, Failed> {
        let path = format!("/api/v1/incidents/{}/proactive-cases", text(incident, "sys_id"));
        boxeo.lead.call(Method::POST, &path, Some(&json!({}))).await?;
        let case = self.follows(CASES, &format!("incident={}", text(incident, "sys_id"))).await?;
        must(text(&case, "entitlement") == boxeo.entitlement, "the case comes under no entitlement")?;
        boxeo.lead.must_change(CASES, text(&case, "sys_id"), json!({ "state": "10" })).await?;
        scene.tell("the customer's case", format!("{}, before they called, under Gold", text(&case, "number")));
        Ok(case)
    }

    /// What follows from something once the server has done what is due.
    async fn follows(&self, table: &str, query: &str) -> Result<Value, Failed> {
        while self.demo.server.do_due(1_000, self.demo.clock.now(), &mut Entropy::open())? > 0 {}
        let found = self.admin.list(table, query, "").await?;
        let first = found.into_iter().next();
        first.ok_or_else(|| Failed::Usage(format!("the alert came to nothing: there is no {table} with {query}")))
    }

    fn verified(&self, report: &[u8]) -> Result<Verdict, Failed> {
        let (server, now) = (&self.demo.server, self.demo.clock.now());
        Ok(server.read(&server.system(), now, &mut Entropy::open(), |call| verify_file(call, report))?)
    }
}

impl Boxeo {
    /// Orders a visit and lets the optimiser plan it; the task.
    async fn send(&self, incident: &Value, scene: &mut Scene) -> Result<DocumentId, Failed> {
        let path = format!("/api/v1/work-orders/from/incident/{}", text(incident, "sys_id"));
        let made = self.lead.call(Method::POST, &path, Some(&json!({}))).await?;
        let task = text(&made["tasks"][0], "sys_id").to_owned();
        let wanted = json!({ "dispatch_group": self.group, "state": "10", "estimated_work_duration": "3600",
            "skills": self.skill });
        self.lead.must_change("wm_task", &task, wanted).await?;
        let ask = json!({ "group": self.group });
        let plan = self.lead.call(Method::POST, "/api/v1/dispatch/plan", Some(&ask)).await?;
        let planned = &plan["planned"][0];
        must(text(&planned["task"], "sys_id") == task, "the visit was not planned")?;
        let (number, who) = (text(&planned["task"], "number"), text(&planned["technician"], "name"));
        scene.tell("the visit", format!("{number}, planned for {who}, who knows networks"));
        let task = task.parse().map_err(|_| DemoFailed::answer(&path, &made))?;
        Ok(DocumentId::new("wm_task", task))
    }

    /// Everything that is done in the cellar, and what it is worth once the phone has a line again; the report.
    async fn mended(&self, phone: &mut Phone, task: &DocumentId, scene: &mut Scene) -> Result<Vec<u8>, Failed> {
        phone.sync(0).await?;
        phone.radio.switch(false);
        let (before, refused) = (phone.seen.saved.len(), phone.seen.refused_at_once);
        let document = || task.clone();
        for step in ["accept", "start_travel", "arrive", "start_work"] {
            phone.step(document(), step, None, None)?;
        }
        let part =
            Command::UsePart { document: document(), model: self.part, quantity: 1, asset: None, stockroom: None };
        phone.execute(part)?;
        phone.execute(Command::WorkNote { document: document(), text: NOTE.into() })?;
        let notes = ("close_notes".into(), Field::text("Replaced the router"));
        phone.step(document(), "complete", None, Some(notes))?;
        let (signer, name) = ("customer".to_owned(), CUSTOMER.1.to_owned());
        let picture = phone.drawn_signature();
        phone.execute(Command::OnSite(OnSite::Sign { document: document(), signer, name, picture }))?;
        phone.execute(Command::AddReport { document: document() })?;
        must(phone.seen.refused_at_once == refused, "the phone refused some of the work")?;
        scene.tell("done with the radio off", format!("{} edits, signed", phone.seen.saved.len() - before));
        let report = phone.newest_file(task)?;
        phone.come_back();
        for _ in 0..ROUNDS_TO_COME_TOGETHER {
            phone.sync(0).await?;
        }
        must(phone.is_quiet()?, "the phone did not come to rest")?;
        Ok(report)
    }

    /// The customer agrees, and what that leaves.
    async fn accepted(&self, case: &Value, scene: &mut Scene) -> Result<(), Failed> {
        let path = format!("/api/v1/portal/cases/{}", text(case, "sys_id"));
        let seen = self.customer.call(Method::GET, &path, None).await?;
        must(seen["state"]["label"] == "Resolved", "no solution is proposed to the customer")?;
        must(!seen.to_string().contains(NOTE), "the customer reads what was noted in the house")?;
        self.customer.call(Method::POST, &format!("{path}/accept"), None).await?;
        let clocks = format!("task={}^stage=completed^has_breached=false", text(case, "sys_id"));
        must(self.lead.list("task_sla", &clocks, "sys_id").await?.len() == 1, "the promise was not kept")?;
        let query = format!("sys_id={}", self.entitlement);
        let entitlement = self.lead.list("service_entitlement", &query, "remaining_units").await?;
        let left = entitlement.first().map(|row| text(row, "remaining_units")).unwrap_or_default();
        must(left == "4", "the case was not taken off the entitlement")?;
        let number = text(case, "number");
        scene.tell("the customer", format!("accepts {number} within eight hours; {left} of 5 cases are left"));
        Ok(())
    }
}

/// What is done about an alert, as a flow.
fn watch() -> String {
    let steps = json!([
        { "do": "look_up", "table": "cmdb_ci", "query": "name={{body.host}}", "as": "item" },
        { "do": "create", "table": "incident", "as": "incident", "fields": BTreeMap::from([
            ("short_description", "{{body.title}}"), ("cmdb_ci", "{{item.sys_id}}"),
            ("location", "{{item.location}}"), ("contact_type", "monitoring"), ("impact", "1"), ("urgency", "1"),
            ("correlation_id", "{{body.id}}"),
        ]) },
    ]);
    steps.to_string()
}

fn must(is_so: bool, else_told: &str) -> Result<(), Failed> {
    if is_so { Ok(()) } else { Err(Failed::Usage(format!("the alert did not end well: {else_told}"))) }
}
