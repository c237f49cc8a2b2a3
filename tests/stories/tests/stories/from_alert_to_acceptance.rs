//! An alert in the night becomes an incident, a case for the customer it concerns, a visit with the radio off, a signed report,
//! and a solution the customer accepts.

use std::collections::BTreeMap;

use fieldline_device::Command;
use fieldline_device::on_site::OnSite;
use fieldline_model::{DocumentId, SysId, Value};
use fieldline_stories::{ADMINISTRATOR, Office, Riviera, Technician, captured};
use reqwest::Method;
use serde_json::{Value as Json, json};

const TABLES: [&str; 4] = ["sn_customerservice_case", "incident", "wm_order", "wm_task"];

/// What a monitoring system says, in its own shape.
fn alert() -> Json {
    json!({ "id": "8461", "event_type": "metric_alert_monitor", "alert_type": "error", "title": "router-7 is down",
        "host": "router-7", "tags": ["site:harbour"] })
}

/// Boxeo, whose payments need a router in Monaco, and what it is promised.
struct Boxeo {
    riviera: Riviera,
    router: String,
    service: String,
    entitlement: DocumentId,
    part: SysId,
    night_watch: DocumentId,
}

impl Boxeo {
    fn opens() -> Self {
        let riviera = Riviera::opens();
        let office = &riviera.office;
        let carla = office.hires("carla", &["customer", "sn_customerservice_customer_admin"]).to_string();
        office.hires("boss", &["case_manager", "case_agent", "itil", "wm_dispatcher"]);
        let id = |record: DocumentId| record.sys_id.to_string();
        let made = |table: &str, fields: &Json| office.made_by(ADMINISTRATOR, table, fields);
        let account = id(made("customer_account", &json!({ "name": "Boxeo" })));
        made("customer_contact", &json!({ "name": "Carla", "account": account, "user": carla }));
        let service = id(made("cmdb_ci_service", &json!({ "name": "Payments" })));
        let place = id(riviera.depot.clone());
        let router = id(made("cmdb_ci", &json!({ "name": "router-7", "location": place })));
        let needs =
            json!({ "name": "Depends on::Used by", "parent_descriptor": "Depends on", "child_descriptor": "Used by" });
        let needs = id(made("cmdb_rel_type", &needs));
        made("cmdb_rel_ci", &json!({ "parent": service, "child": router, "type": needs }));
        let installed = json!({ "name": "Payments of Boxeo", "account": account, "configuration_item": service });
        made("sn_install_base_item", &installed);
        let entitlement = json!({ "name": "Gold", "account": account, "unit": "cases", "per_unit": "true",
            "total_units": "5", "service_level": "gold" });
        let entitlement = office.made_by("boss", "service_entitlement", &entitlement);
        made(
            "contract_sla",
            &json!({ "name": "Gold: eight hours", "collection": "sn_customerservice_case",
            "duration": "1970-01-01 08:00:00", "start_condition": "active=true^entitlement.service_level=gold",
            "stop_condition": "stateIN6,3" }),
        );
        for (name, value) in [("itsm.close_back.resolve_incident", "true"), ("fieldline.work_orders.follow_up", "true")]
        {
            made("sys_properties", &json!({ "name": name, "value": value }));
        }
        let part = made("cmdb_model", &json!({ "display_name": "Power supply 48 V" })).sys_id;
        let steps = json!([
            { "do": "look_up", "table": "cmdb_ci", "query": "name={{body.host}}", "as": "item" },
            { "do": "create", "table": "incident", "as": "incident", "fields": {
                "short_description": "{{body.title}}", "cmdb_ci": "{{item.sys_id}}", "location": "{{item.location}}",
                "contact_type": "monitoring", "impact": "1", "urgency": "1", "correlation_id": "{{body.id}}" } },
        ]);
        let night_watch = made(
            "sys_hub_flow",
            &json!({ "name": "Night watch", "trigger_type": "inbound_call",
            "definition": steps.to_string() }),
        );
        Self { riviera, router, service, entitlement, part, night_watch }
    }

    fn office(&self) -> &Office {
        &self.riviera.office
    }

    /// The alert comes in; the incident it became.
    fn is_alerted(&self) -> DocumentId {
        let path = format!("/api/v1/flows/{}/call", self.night_watch.sys_id);
        self.office().done_by(ADMINISTRATOR, Method::POST, &path, Some(&alert()));
        let made = self.office().eventually_finds("incident", "correlation_id=8461");
        fieldline_stories::record("incident", &made)
    }

    /// An order with a task for a technician, planned by the optimiser.
    fn sends(&self, incident: &DocumentId) -> (DocumentId, DocumentId) {
        let made = self.office().done_by(
            "boss",
            Method::POST,
            &format!("/api/v1/work-orders/from/{incident}"),
            Some(&json!({})),
        );
        let order = fieldline_stories::record("wm_order", &made);
        let task = fieldline_stories::record("wm_task", &made["tasks"][0]);
        let group = self.riviera.group.sys_id.to_string();
        let dispatched = json!({ "dispatch_group": group, "state": "10", "estimated_work_duration": "3600" });
        self.office().changes(&task, &dispatched);
        let plan = self.riviera.plans(json!({}));
        assert_eq!(plan["planned"][0]["task"]["sys_id"], json!(task.sys_id.to_string()), "{plan}");
        (order, task)
    }
}

/// Everything that is done in the cellar, before the phone has a line again.
fn mends(mia: &Technician, task: &DocumentId, part: SysId) -> Vec<u8> {
    mia.takes(task, &["accept", "start_travel", "arrive", "start_work"]);
    let document = task.clone();
    mia.does(Command::UsePart { document: document.clone(), model: part, quantity: 1, asset: None, stockroom: None });
    mia.notes(task, "The cellar was under water, and nobody had said so");
    mia.does(Command::Transition {
        document: document.clone(),
        step: "complete".into(),
        reason: None,
        fields: BTreeMap::from([("close_notes".into(), Some(Value::text("Replaced the power supply")))]),
        comment: None,
    });
    let picture = captured(vec![0xff, 0xd8, 0xff], "signature.jpg");
    let (signer, name) = ("customer".to_owned(), "Carla Customer".to_owned());
    mia.does(Command::OnSite(OnSite::Sign { document: document.clone(), signer, name, picture }));
    mia.does(Command::AddReport { document });
    let details = mia.sees(task).and_then(|view| view.details).expect("the job is on the phone");
    let report = details.attachments.last().expect("the report was added").what.blob;
    mia.phone().file(report).expect("a phone reads its own files").expect("it was made here")
}

#[test]
fn an_alert_in_the_night_ends_with_a_signed_report_and_a_customer_who_agrees() {
    let boxeo = Boxeo::opens();
    let office = boxeo.office();
    let mia = boxeo.riviera.hires("mia", 8);

    let incident = boxeo.is_alerted();
    assert_eq!(office.reads(&incident)["priority"], "1");
    let impact = office.done_by("boss", Method::GET, &format!("/api/v1/cmdb/{}/impact", boxeo.router), None);
    assert!(impact.to_string().contains(&boxeo.service), "whom it concerns: {impact}");
    office.done_by(
        "boss",
        Method::POST,
        &format!("/api/v1/incidents/{}/proactive-cases", incident.sys_id),
        Some(&json!({})),
    );
    let case = office.eventually_finds("sn_customerservice_case", &format!("incident={}", incident.sys_id));
    assert_eq!(case["entitlement"], json!(boxeo.entitlement.sys_id.to_string()));
    let case = fieldline_stories::record("sn_customerservice_case", &case);
    let clocks = |stage: &str| office.finds("task_sla", &format!("task={}^stage={stage}", case.sys_id));
    assert_eq!(clocks("in_progress").len(), 1);
    office.done_by("boss", Method::PATCH, &format!("/api/now/table/{case}"), Some(&json!({ "state": "10" })));

    let (order, task) = boxeo.sends(&incident);
    mia.syncs();
    assert!(mia.sees(&incident).is_some(), "why she is sent travels along");
    let report = mends(&mia, &task, boxeo.part);
    mia.syncs();

    let state = |id: &DocumentId| office.reads_as("boss", id)["state"].as_str().unwrap_or_default().to_owned();
    assert_eq!((state(&order), state(&incident)), ("3".into(), "6".into()));
    let file = tempfile::NamedTempFile::new().expect("there is room");
    std::fs::write(file.path(), &report).expect("there is room");
    let (verified, said) = office.runs(&["report", "verify", file.path().to_str().expect("a plain path")], "");
    assert!(verified && said.contains("attached"), "{said}");

    let path = format!("/api/v1/portal/cases/{}", case.sys_id);
    let seen = office.done_by("carla", Method::GET, &path, None);
    assert_eq!(seen["state"]["label"], "Resolved", "{seen}");
    office.done_by("carla", Method::POST, &format!("{path}/accept"), None);
    assert_eq!((state(&case), clocks("completed").len()), ("3".into(), 1));
    assert_eq!(clocks("completed")[0]["has_breached"], "false");
    assert_eq!(office.reads_as("boss", &boxeo.entitlement)["remaining_units"], "4");

    let told = format!("/api/v1/records/{case}/timeline");
    let whole = office.done_by("boss", Method::GET, &told, None);
    let records = whole["records"].as_array().cloned().unwrap_or_default();
    for table in TABLES {
        assert!(records.iter().any(|record| record["table"] == table), "{table} is part of it: {whole}");
    }
    assert!(whole.to_string().contains("under water"));
    let public = office.done_by("carla", Method::GET, &format!("{told}?audience=customer"), None).to_string();
    assert!(public.contains("Accept solution") && !public.contains("under water"), "{public}");
}
