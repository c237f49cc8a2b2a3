//! A customer calls, somebody goes there with the radio off, and the customer agrees that it is mended.

use fieldline_device::Command;
use fieldline_model::{DocumentId, Value};
use fieldline_stories::{ADMINISTRATOR, Office};
use reqwest::Method;
use serde_json::json;

fn field(office: &Office, id: &DocumentId, field: &str) -> String {
    let read = office.reads_as(ADMINISTRATOR, id);
    read[field].as_str().unwrap_or_else(|| panic!("{read} has {field}")).to_owned()
}

#[test]
fn a_call_becomes_a_visit_in_a_cellar_and_a_solution_that_the_customer_accepts() {
    let office = Office::open();
    let carla = office.hires("carla", &["customer"]).to_string();
    office.hires("ann", &["case_agent"]);
    office.hires("boss", &["case_manager", "itil", "wm_dispatcher"]);
    let mia = office.technician("mia");
    let account = office.made_by(ADMINISTRATOR, "customer_account", &json!({ "name": "Boxeo" })).sys_id.to_string();
    let contact = json!({ "name": "Carla Customer", "account": account, "user": carla });
    let contact = office.made_by(ADMINISTRATOR, "customer_contact", &contact).sys_id.to_string();
    let asset = json!({ "display_name": "Boiler in the cellar", "account": account });
    let asset = office.made_by(ADMINISTRATOR, "alm_asset", &asset).sys_id.to_string();
    let gold = json!({ "name": "Gold", "account": account, "asset": asset, "channels": "phone", "per_unit": "true",
        "unit": "cases", "total_units": "3", "service_level": "gold" });
    let gold = office.made_by("boss", "service_entitlement", &gold);
    let promise = json!({ "name": "Gold: four hours", "collection": "sn_customerservice_case",
        "duration": "1970-01-01 04:00:00", "start_condition": "active=true^entitlement.service_level=gold",
        "stop_condition": "stateIN6,3" });
    office.creates("contract_sla", &promise);

    // On the phone with Carla.
    let called = json!({ "short_description": "The boiler is cold", "contact": contact, "asset": asset,
        "contact_type": "phone", "work_notes": "She was cross" });
    let case = office.made_by("ann", "sn_customerservice_case", &called);
    assert_eq!(field(&office, &case, "entitlement"), gold.sys_id.to_string());
    let clocks = |stage: &str| office.finds("task_sla", &format!("task={}^stage={stage}", case.sys_id)).len();
    assert_eq!(clocks("in_progress"), 1);
    let order = office.creates(
        "wm_order",
        &json!({ "short_description": "Boiler is cold", "initiated_from": case.sys_id.to_string() }),
    );
    let task = office.sends_to(&order, &mia, "Look at the boiler");
    mia.syncs();
    assert!(mia.sees(&case).is_some(), "what it is for travels along");

    // In the cellar.
    mia.takes(&task, &["accept", "start_work"]);
    mia.notes(&task, "Somebody had turned it off");
    mia.does(Command::Transition {
        document: task.clone(),
        step: "complete".into(),
        reason: None,
        fields: [("close_notes".into(), Some(Value::text("Lit the burner and tested it")))].into(),
        comment: None,
    });
    mia.syncs();

    let path = format!("/api/v1/portal/cases/{}", case.sys_id);
    let seen = office.done_by("carla", Method::GET, &path, None);
    assert_eq!(
        (&seen["state"]["label"], &seen["actions"]),
        (&json!("Resolved"), &json!(["comment", "accept", "reject"]))
    );
    assert_eq!(seen["resolution"]["notes"], "Lit the burner and tested it");
    assert_eq!(seen["work_orders"][0]["visits"][0]["technician"], "mia");
    assert_eq!((clocks("completed"), field(&office, &gold, "remaining_units").as_str()), (1, "3"));

    let closed = office.done_by("carla", Method::POST, &format!("{path}/accept"), None);
    assert_eq!(closed["state"]["label"], "Closed");
    assert_eq!((field(&office, &case, "state"), field(&office, &gold, "remaining_units")), ("3".into(), "2".into()));
    office.done_by("carla", Method::POST, &format!("{path}/survey"), Some(&json!({ "score": 5 })));
    let figures = office.done_by("boss", Method::GET, "/api/v1/case-surveys/figures", None);
    assert_eq!((&figures["answered"], &figures["scores"]["5"]), (&json!(1), &json!(1)));

    let told = format!("/api/v1/records/{case}/timeline");
    let whole = office.done_by("boss", Method::GET, &told, None);
    let tables: Vec<&str> =
        whole["records"].as_array().into_iter().flatten().filter_map(|one| one["table"].as_str()).collect();
    assert_eq!(tables, ["sn_customerservice_case", "wm_order", "wm_task"]);
    let words = whole["entries"].to_string();
    for said in
        ["The boiler is cold", "She was cross", "Somebody had turned it off", "Close complete", "Accept solution"]
    {
        assert!(words.contains(said), "{said}: {words}");
    }
    let public = office.done_by("carla", Method::GET, &format!("{told}?audience=customer"), None).to_string();
    assert!(public.contains("Accept solution") && public.contains("ended"), "{public}");
    assert!(!public.contains("cross") && !public.contains("turned it off"), "{public}");
    assert_eq!(office.asks("carla", Method::GET, &told, None).status, 403);
}
