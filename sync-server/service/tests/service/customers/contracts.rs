//! Contracts and entitlements begin, rest and end, by hand and by themselves.

use fieldline_model::{DocumentId, Record};
use fieldline_service::TableError;
use fieldline_service::csm::contracts::{self, Action};

use super::Desk;
use crate::house::DAY;

fn contract(desk: &mut Desk, starts_days: i64, ends_days: i64, state: &str) -> (DocumentId, DocumentId) {
    let [starts, ends] = [starts_days, ends_days].map(|days| desk.house.now.plus_milliseconds(days * DAY).to_string());
    let account = desk.account.clone();
    let contract = desk.made(
        "ast_contract",
        &[("short_description", "Care"), ("account", &account), ("state", state), ("starts", &starts), ("ends", &ends)],
    );
    let entitlement = desk.made(
        "service_entitlement",
        &[
            ("name", "Care"),
            ("account", &account),
            ("contract", &contract),
            ("per_unit", "true"),
            ("unit", "cases"),
            ("total_units", "3"),
        ],
    );
    let id = |table: &str, id: String| DocumentId::new(table, id.parse().unwrap());
    (id("ast_contract", contract), id("service_entitlement", entitlement))
}

fn act(desk: &mut Desk, contract: &DocumentId, action: Action) -> Result<Record, TableError> {
    let (max, contract) = (desk.max.clone(), contract.sys_id);
    desk.portal(&max, |call| contracts::act(call, contract, &action))
}

#[test]
fn a_contract_that_rests_or_ends_takes_its_entitlements_with_it() {
    let mut desk = Desk::new();
    let (contract, entitlement) = contract(&mut desk, -1, 30, "active");
    let silent = act(&mut desk, &contract, Action::Suspend { reason: String::new() }).unwrap_err().to_string();
    assert!(silent.contains("state_reason"), "{silent}");
    for (action, state) in [
        (Action::Suspend { reason: "Not paid".into() }, "suspended"),
        (Action::Resume, "active"),
        (Action::Cancel { reason: "Moved away".into() }, "cancelled"),
    ] {
        act(&mut desk, &contract, action).unwrap();
        for id in [&contract, &entitlement] {
            assert_eq!(desk.shows(id, "state"), state, "{id}");
            assert_eq!(desk.shows(id, "active"), (state == "active").to_string(), "{id}");
        }
    }
    let late = act(&mut desk, &contract, Action::Resume).unwrap_err().to_string();
    assert!(late.contains("\"active\" does not follow \"cancelled\"; nothing follows it"), "{late}");
    let ann = desk.ann.clone();
    let by_ann = desk.portal(&ann, |call| contracts::act(call, contract.sys_id, &Action::Resume));
    assert!(by_ann.is_err(), "agents do not decide about contracts");
}

#[test]
fn what_waits_begins_and_what_is_over_ends_at_its_moment() {
    let mut desk = Desk::new();
    let (contract, entitlement) = contract(&mut desk, 2, 10, "draft");
    let states = |desk: &mut Desk| (desk.shows(&contract, "state"), desk.shows(&entitlement, "state"));
    desk.house.wait(DAY);
    desk.house.ring();
    assert_eq!(states(&mut desk).0, "draft");
    desk.house.wait(DAY);
    desk.house.ring();
    assert_eq!(states(&mut desk).0, "active");
    desk.house.wait(8 * DAY);
    desk.house.ring();
    assert_eq!(states(&mut desk), ("expired".into(), "expired".into()));
}

#[test]
fn a_renewed_contract_goes_on_where_the_old_one_ends_with_fresh_units() {
    let mut desk = Desk::new();
    let (old, entitlement) = contract(&mut desk, -1, 5, "active");
    let until = desk.house.now.plus_milliseconds(370 * DAY);
    let new = act(&mut desk, &old, Action::Renew { until }).unwrap();
    let ends = desk.read(&old).time("ends");
    assert_eq!((new.text("state"), new.time("starts"), new.time("ends")), ("draft", ends, Some(until)));
    assert_eq!((new.reference("parent"), new.reference("renewal_root")), (Some(old.sys_id), Some(old.sys_id)));
    let copies = desk.rows("service_entitlement", &format!("contract={}", new.id.sys_id));
    assert_eq!((copies.len(), copies[0].text("state")), (1, "draft"));
    assert_eq!(copies[0].get("remaining_units").unwrap().to_string(), "3");
    assert_ne!(copies[0].id, entitlement);
    let again = act(&mut desk, &old, Action::Renew { until }).unwrap_err().to_string();
    assert!(again.contains("was renewed already"), "{again}");
    desk.house.wait(5 * DAY);
    desk.house.ring();
    assert_eq!((desk.shows(&old, "state"), desk.shows(&new.id, "state")), ("expired".into(), "active".into()));
    let third = act(&mut desk, &new.id, Action::Renew { until: until.plus_milliseconds(DAY) }).unwrap();
    assert_eq!(third.reference("renewal_root"), Some(old.sys_id), "the root is the first of all");
}

#[test]
fn what_could_not_be_is_refused() {
    let mut desk = Desk::new();
    let system = desk.house.server.system();
    let now = desk.house.now.to_string();
    let fields = [("short_description", "Backwards"), ("starts", &*now), ("ends", &*now)];
    assert!(desk.house.create(&system, "ast_contract", &fields).unwrap_err().to_string().contains("ends before"));
    let account = DocumentId::new("customer_account", desk.account.parse().unwrap());
    let below = desk.made("customer_account", &[("name", "Boxeo North"), ("parent", &account.sys_id.to_string())]);
    let circle = desk.house.update(&system, &account, &[("parent", &below)]).unwrap_err().to_string();
    assert!(circle.contains("within itself"), "{circle}");
    let part = desk.made("sn_install_base_item", &[("name", "Burner")]);
    let part_id = DocumentId::new("sn_install_base_item", part.parse().unwrap());
    let own = desk.house.update(&system, &part_id, &[("parent", &part)]).unwrap_err().to_string();
    assert!(own.contains("within itself"), "{own}");
    let related = [("account", &*below), ("related_account", &*account.sys_id.to_string())];
    let no_partner = desk.house.create(&system, "account_relationship", &related).unwrap_err().to_string();
    assert!(no_partner.contains("is no partner"), "{no_partner}");
}
