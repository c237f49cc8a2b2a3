//! How field work comes back to what it was done for, and cases for customers who have not called.

use fieldline_model::DocumentId;
use fieldline_service::csm::portal::cases::Act;
use fieldline_service::csm::proactive;

use super::Desk;
use crate::house::{Phone, set, step};

/// A work order for a record, with one visit that Mia has on her phone.
fn visit(desk: &mut Desk, origin: &DocumentId) -> (DocumentId, DocumentId, Phone) {
    let (dora, mia) = (desk.house.dora.clone(), desk.house.mia.clone());
    let origin = origin.sys_id.to_string();
    let fields = [("short_description", "Go there"), ("initiated_from", &*origin)];
    let order = desk.house.create(&dora, "wm_order", &fields).unwrap().record.id;
    let (parent, who) = (order.sys_id.to_string(), mia.user.to_string());
    let fields = [("short_description", "Go"), ("parent", &*parent), ("assigned_to", &*who), ("state", "16")];
    let task = desk.house.create(&dora, "wm_task", &fields).unwrap().record.id;
    let mut phone = desk.house.phone(&mia);
    phone.sync(&mut desk.house);
    (order, task, phone)
}

fn does(desk: &mut Desk, phone: &mut Phone, task: &DocumentId, acts: &[fieldline_documents::Act]) {
    let edit = phone.edit(desk.house.now, task, acts);
    phone.push(&mut desk.house, &[edit]);
}

fn notes(text: &str) -> fieldline_documents::Act {
    set("close_notes", fieldline_model::Value::text(text))
}

fn incomplete(reason: &str) -> fieldline_documents::Act {
    fieldline_documents::Act::Transition { step: "close_incomplete".into(), reason: Some(reason.into()) }
}

#[test]
fn work_that_is_done_is_offered_to_the_customer_as_the_solution() {
    let mut desk = Desk::new();
    let case = desk.case(&[]);
    let (order, task, mut phone) = visit(&mut desk, &case);
    does(&mut desk, &mut phone, &task, &[step("accept"), step("start_work")]);
    assert_eq!(desk.shows(&case, "state"), "1");
    does(&mut desk, &mut phone, &task, &[notes("New fuse fitted"), step("complete")]);
    assert_eq!(desk.shows(&order, "state"), "3");
    assert_eq!((desk.shows(&case, "state"), desk.shows(&case, "close_notes")), ("6".into(), "New fuse fitted".into()));
    let carla = desk.carla.clone();
    desk.acts(&carla, &case, Act::Accept).unwrap();
    assert_eq!(desk.shows(&case, "state"), "3");
}

#[test]
fn a_case_with_another_order_open_waits_for_the_last_one() {
    let mut desk = Desk::new();
    let case = desk.case(&[]);
    let (_, first, mut phone) = visit(&mut desk, &case);
    let (_, second, mut later) = visit(&mut desk, &case);
    does(&mut desk, &mut phone, &first, &[step("accept"), step("start_work"), step("complete")]);
    assert_eq!(desk.shows(&case, "state"), "1");
    assert!(desk.notes(&case)[0].contains("was closed complete"));
    does(&mut desk, &mut later, &second, &[step("accept"), step("start_work"), step("complete")]);
    assert_eq!(desk.shows(&case, "state"), "6");
}

#[test]
fn a_case_is_only_told_where_the_organisation_wants_no_proposal() {
    let mut desk = Desk::new();
    desk.property("csm.close_back.propose_solution", "false");
    let case = desk.case(&[]);
    let (_, task, mut phone) = visit(&mut desk, &case);
    does(&mut desk, &mut phone, &task, &[step("accept"), step("start_work"), step("complete")]);
    assert_eq!(desk.shows(&case, "state"), "1");
    assert!(desk.notes(&case)[0].contains("was closed complete"));
}

#[test]
fn an_incident_is_resolved_by_its_order_only_where_the_organisation_says_so() {
    for (resolves, state) in [(false, "1"), (true, "6")] {
        let mut desk = Desk::new();
        if resolves {
            desk.property("itsm.close_back.resolve_incident", "true");
        }
        let incident = desk.made("incident", &[("short_description", "Core down")]);
        let incident = DocumentId::new("incident", incident.parse().unwrap());
        let (_, task, mut phone) = visit(&mut desk, &incident);
        does(&mut desk, &mut phone, &task, &[step("accept"), step("start_work"), notes("Cable"), step("complete")]);
        assert_eq!(desk.shows(&incident, "state"), state);
        assert!(desk.notes(&incident)[0].ends_with("was closed complete: Cable"));
    }
}

#[test]
fn work_that_could_not_be_done_brings_its_case_back_and_asks_somebody_to_see_to_it() {
    let mut desk = Desk::new();
    desk.property("fieldline.work_orders.follow_up", "false");
    let (case, incident) = (desk.case(&[]), desk.made("incident", &[("short_description", "Core down")]));
    let incident = DocumentId::new("incident", incident.parse().unwrap());
    let dora = desk.house.dora.clone();
    desk.house.update(&dora, &incident, &[("state", "3"), ("hold_reason", "4")]).unwrap();
    for (origin, state) in [(&case, "10"), (&incident, "2")] {
        let (order, task, mut phone) = visit(&mut desk, origin);
        does(&mut desk, &mut phone, &task, &[step("accept"), step("start_work"), incomplete("missing_parts")]);
        assert_eq!((desk.shows(&order, "state"), desk.shows(origin, "state")), ("4".into(), state.into()));
        assert!(desk.notes(origin)[0].ends_with("could not be completed: missing_parts"));
        let tasks = desk.rows("task", &format!("parent={}^sys_class_name=task", origin.sys_id));
        assert_eq!(tasks.len(), 1);
        assert!(tasks[0].text("short_description").starts_with("See to what WO"));
    }
}

#[test]
fn an_incident_opens_one_case_for_each_entitled_customer_it_concerns_and_ends_them_with_it() {
    let mut desk = Desk::new();
    let dora = desk.house.dora.clone();
    let service = desk.made("cmdb_ci_service", &[("name", "Payments")]);
    let router = desk.made("cmdb_ci", &[("name", "Router")]);
    let kind = desk.made(
        "cmdb_rel_type",
        &[("parent_descriptor", "Depends on"), ("child_descriptor", "Used by"), ("name", "Depends on::Used by")],
    );
    desk.made("cmdb_rel_ci", &[("parent", &service), ("child", &router), ("type", &kind)]);
    let poor = desk.made("customer_account", &[("name", "Without a contract")]);
    for (name, account) in [("Payments of Boxeo", desk.account.clone()), ("Payments of others", poor)] {
        desk.made("sn_install_base_item", &[("name", name), ("account", &account), ("configuration_item", &service)]);
    }
    let account = desk.account.clone();
    let entitlement =
        desk.made("service_entitlement", &[("name", "Care"), ("account", &account), ("channels", "phone")]);
    let incident =
        desk.made("incident", &[("short_description", "Internal: fan of r12 is dead"), ("cmdb_ci", &router)]);
    let incident = DocumentId::new("incident", incident.parse().unwrap());
    assert!(desk.rows("sn_customerservice_case", "").is_empty(), "nobody asked for it");
    for made in [1, 0] {
        let cases = desk.portal(&dora, |call| proactive::open(call, incident.sys_id)).unwrap();
        assert_eq!(cases.len(), made);
    }
    let case = desk.rows("sn_customerservice_case", "").remove(0);
    assert_eq!(
        (case.text("short_description"), case.text("contact_type")),
        ("Disturbance of Payments of Boxeo", "monitoring")
    );
    assert_eq!(case.reference("entitlement").unwrap().to_string(), entitlement);
    let solved = [("state", "6"), ("close_code", "Fixed"), ("close_notes", "Internal: swapped fan")];
    desk.house.update(&dora, &incident, &solved).unwrap();
    assert_eq!(desk.shows(&case.id, "state"), "6");
    assert!(!desk.shows(&case.id, "close_notes").contains("Internal"));
    desk.property("csm.proactive.enabled", "true");
    desk.made("incident", &[("short_description", "Again"), ("cmdb_ci", &router)]);
    assert_eq!(desk.rows("sn_customerservice_case", "").len(), 2);
}

#[test]
fn a_device_that_was_swapped_on_a_visit_becomes_the_item_and_a_change_says_so() {
    let mut desk = Desk::new();
    let dora = desk.house.dora.clone();
    let item = desk.made("cmdb_ci", &[("name", "Till 4"), ("serial_number", "OLD-1")]);
    let old = desk.made("alm_asset", &[("display_name", "Old till"), ("serial_number", "OLD-1"), ("ci", &item)]);
    let new = desk.made("alm_asset", &[("display_name", "New till"), ("serial_number", "NEW-7")]);
    let [old, new] = [old, new].map(|id| DocumentId::new("alm_asset", id.parse().unwrap()));
    let item_id = DocumentId::new("cmdb_ci", item.parse().unwrap());
    let case = desk.case(&[]);
    let (_, task, mut phone) = visit(&mut desk, &case);
    desk.house.update(&dora, &task, &[("cmdb_ci", &item)]).unwrap();
    phone.sync(&mut desk.house);
    does(&mut desk, &mut phone, &task, &[step("accept"), step("start_work")]);
    desk.house.update(&dora, &new, &[("ci", &item)]).unwrap();
    assert_eq!(
        (desk.shows(&item_id, "serial_number"), desk.shows(&item_id, "asset")),
        ("NEW-7".into(), new.sys_id.to_string())
    );
    assert_eq!(desk.shows(&old, "ci"), "");
    let changes = desk.rows("change_request", "");
    assert_eq!((changes.len(), changes[0].text("type")), (1, "emergency"));
    assert!(changes[0].text("description").starts_with("New till (NEW-7) took the place of Old till (OLD-1) on WOT"));
    does(&mut desk, &mut phone, &task, &[step("complete")]);
    desk.house.update(&dora, &old, &[("ci", &item)]).unwrap();
    assert_eq!(desk.rows("change_request", "").len(), 1, "without a visit it is somebody's correction");
}
