//! What customers see, and what they never do: every word that is not theirs carries a marker here, and no answer has it.

use fieldline_model::dictionary::Merge;
use fieldline_model::{Dictionary, DocumentId, FieldType};
use fieldline_service::csm::portal::{Part, cases, things, visits};
use fieldline_service::timeline::{Audience, timeline};
use fieldline_service::{Caller, search};

use super::Desk;

const ALL: Part = Part { limit: 100, offset: 0 };
const MARKER: &str = "zzinternal";
/// Text fields of each table that customers may read.
const PUBLIC: [(&str, &[&str]); 4] = [
    (
        "sn_customerservice_case",
        &["number", "short_description", "description", "close_notes", "resolution_code", "contact_type"],
    ),
    ("wm_order", &["number"]),
    ("wm_task", &["number"]),
    ("alm_asset", &["display_name", "serial_number"]),
];

/// Writes the marker into every text of a record that is not public, and into its journals.
fn mark(desk: &mut Desk, id: &DocumentId, journals: &[&str]) -> usize {
    let public = PUBLIC.iter().find(|(table, _)| *table == id.table.as_str()).map_or(&[][..], |(_, public)| public);
    let table = Dictionary::shipped().table(id.table.as_str()).unwrap();
    let hidden = table.fields.iter().filter(|field| {
        let is_written = field.merge == Merge::Register && !field.name.as_str().starts_with("sys_");
        is_written
            && field.field_type == FieldType::String
            && field.choices.is_empty()
            && !public.contains(&field.name.as_str())
    });
    let names: Vec<&str> = hidden.map(|field| field.name.as_str()).chain(journals.iter().copied()).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (*name, MARKER)).collect();
    let system = desk.house.server.system();
    desk.house.update(&system, id, &fields).unwrap();
    names.len()
}

/// Everything a customer can be answered, as one text.
fn everything(desk: &mut Desk, who: &Caller, case: &DocumentId) -> String {
    let id = case.sys_id;
    let mut said = desk
        .portal(who, |call| {
            let json = |value: Result<String, serde_json::Error>| value.unwrap();
            Ok([
                json(serde_json::to_string(&cases::list(call, false, ALL)?)),
                json(serde_json::to_string(&cases::read(call, id)?)),
                json(serde_json::to_string(&cases::suggestions(call, MARKER)?)),
                json(serde_json::to_string(&things::assets(call, ALL)?)),
                json(serde_json::to_string(&things::installed(call, ALL)?)),
                json(serde_json::to_string(&things::contracts(call, ALL)?)),
                json(serde_json::to_string(&things::entitlements(call, ALL)?)),
                json(serde_json::to_string(&visits::orders(call, ALL)?)),
                json(serde_json::to_string(&timeline(call, "sn_customerservice_case", id, Audience::Customer)?)),
            ]
            .join("\n"))
        })
        .unwrap();
    for table in Dictionary::shipped().tables() {
        for record in desk.house.query(who, table.name.as_str(), "") {
            said += &format!("{record:?}");
        }
    }
    let found = desk.portal(who, |call| search::search(call, MARKER, &[], 50)).unwrap();
    said + &format!("{found:?}")
}

#[test]
fn nothing_internal_of_case_order_visit_and_asset_reaches_its_customer() {
    let mut desk = Desk::new();
    let (carla, mia) = (desk.carla.clone(), desk.house.mia.user.to_string());
    let account = desk.account.clone();
    let asset = desk.made("alm_asset", &[("display_name", "Boiler in the cellar"), ("account", &account)]);
    let case = desk.case(&[("asset", &asset)]);
    let order = desk.made("wm_order", &[("short_description", MARKER), ("initiated_from", &case.sys_id.to_string())]);
    let visit = [
        ("short_description", MARKER),
        ("parent", &*order),
        ("assigned_to", &*mia),
        ("window_start", "2026-03-03 08:00:00"),
    ];
    let task = desk.made("wm_task", &visit);
    let contract =
        desk.made("ast_contract", &[("short_description", "Care"), ("account", &account), ("state", "active")]);
    let installed = [("name", "Boiler"), ("account", &*account), ("asset", &asset), ("notes", MARKER)];
    desk.made("sn_install_base_item", &installed);
    let ids = [("wm_order", &order), ("wm_task", &task), ("alm_asset", &asset)]
        .map(|(table, id)| DocumentId::new(table, id.parse().unwrap()));
    for id in &ids {
        // What is said on these is said to each other.
        assert!(mark(&mut desk, id, &["comments", "work_notes"]) > 2, "{id}");
    }
    assert!(mark(&mut desk, &case, &["work_notes"]) > 5);
    let contract = DocumentId::new("ast_contract", contract.parse().unwrap());
    let system = desk.house.server.system();
    let terms = [("terms_and_conditions", MARKER), ("vendor_contract", MARKER)];
    desk.house.update(&system, &contract, &terms).unwrap();
    while desk.house.server.index_due(100, desk.house.now, &mut desk.house.rng).unwrap() > 0 {}
    let said = everything(&mut desk, &carla, &case);
    for seen in ["No power", "Boiler in the cellar", "Care", "Mia", "2026-03-03T08:00:00.000Z", "WOT"] {
        assert!(said.contains(seen), "the customer sees {seen}: {said}");
    }
    assert!(!said.contains(MARKER), "{}", &said[said.find(MARKER).unwrap_or(0).saturating_sub(200)..]);
    let named = said.find("Mia Miller").map(|at| &said[at.saturating_sub(600)..at]);
    assert_eq!(named, None, "people of the house go by their first name");
    let by_system = desk.portal(&system, |call| search::search(call, MARKER, &[], 50)).unwrap();
    assert!(by_system.len() >= 4, "the marker can be found by who may");
}

#[test]
fn notes_to_close_a_case_are_a_draft_until_they_are_proposed() {
    let mut desk = Desk::new();
    let (ann, carla) = (desk.ann.clone(), desk.carla.clone());
    let case = desk.case(&[]);
    desk.house.update(&ann, &case, &[("close_notes", MARKER), ("resolution_code", MARKER)]).unwrap();
    assert!(!everything(&mut desk, &carla, &case).contains(MARKER));
}

#[test]
fn a_customer_sees_their_own_cases_an_administrator_those_of_the_account_and_below_a_partner_those_looked_after() {
    let mut desk = Desk::new();
    let account = desk.account.clone();
    let below = desk.made("customer_account", &[("name", "Boxeo North"), ("parent", &account)]);
    let partner = desk.made("customer_account", &[("name", "Helpers"), ("partner", "true")]);
    desk.made("account_relationship", &[("account", &partner), ("related_account", &below)]);
    let roles = |role: &'static str| ["customer", role];
    let admin = desk.house.person("alma", "Alma", &roles("sn_customerservice_customer_admin"));
    let helper = desk.house.person("hugo", "Hugo", &roles("sn_customerservice_partner"));
    let plain = desk.house.person("pia", "Pia", &["customer"]);
    let sons = desk.house.person("carl", "Carl Consumer", &["customer"]);
    desk.contact_of(&admin, &account);
    desk.contact_of(&helper, &partner);
    let of_north = desk.contact_of(&plain, &below);
    let consumer = desk.made("csm_consumer", &[("name", "Carl"), ("user", &sons.user.to_string())]);
    let (ours, north) = (desk.case(&[]), desk.case(&[("contact", &of_north)]));
    let at_home = desk.case(&[("contact", ""), ("consumer", &consumer)]);
    let carla = desk.carla.clone();
    for (who, sees) in [
        (&carla, vec![&ours]),
        (&plain, vec![&north]),
        (&admin, vec![&ours, &north]),
        (&helper, vec![&north]),
        (&sons, vec![&at_home]),
    ] {
        let mut listed: Vec<_> =
            desk.portal(who, |call| cases::list(call, false, ALL)).unwrap().iter().map(|case| case.sys_id).collect();
        let mut expected: Vec<_> = sees.iter().map(|id| id.sys_id).collect();
        listed.sort_unstable();
        expected.sort_unstable();
        assert_eq!(listed, expected);
        for case in [&ours, &north, &at_home] {
            let read = desk.portal(who, |call| cases::read(call, case.sys_id));
            assert_eq!(read.is_ok(), sees.contains(&case));
        }
    }
    let ann = desk.ann.clone();
    let agent = desk.portal(&ann, |call| cases::list(call, false, ALL)).unwrap_err().to_string();
    assert!(agent.contains("the portal is for customers"), "{agent}");
}

#[test]
fn a_customer_opens_cases_about_what_is_theirs_and_is_known_by_it() {
    let mut desk = Desk::new();
    let carla = desk.carla.clone();
    let (account, contact) = (desk.account.clone(), desk.contact.clone());
    let other = desk.made("customer_account", &[("name", "Others")]);
    let own = desk.made("alm_asset", &[("display_name", "Ours"), ("account", &account)]);
    let foreign = desk.made("alm_asset", &[("display_name", "Theirs"), ("account", &other)]);
    let opened = desk.opens(&carla, &[("short_description", "Cold"), ("asset", &own)]).unwrap();
    let id = DocumentId::new("sn_customerservice_case", opened.line.sys_id);
    let case = desk.read(&id);
    let shown = |field: &str| case.get(field).map(ToString::to_string).unwrap_or_default();
    assert_eq!((shown("account"), shown("contact"), shown("contact_type")), (account, contact, "web".into()));
    assert_eq!((case.reference("opened_by"), opened.actions), (Some(carla.user), vec!["comment", "close"]));
    for (field, text, problem) in [
        ("asset", &*foreign, "is none of yours"),
        ("account", &*other, "is none of yours"),
        ("entitlement", "x", "is not asked for"),
        ("work_notes", "x", "is not asked for"),
        ("state", "6", "is not asked for"),
    ] {
        let refused = desk.opens(&carla, &[("short_description", "Cold"), (field, text)]).unwrap_err().to_string();
        assert!(refused.contains(problem), "{field}: {refused}");
    }
    assert!(desk.house.create(&carla, "sn_customerservice_case", &[("short_description", "Cold")]).is_err());
    let closed = desk.acts(&carla, &id, cases::Act::Close("It is warm again".into())).unwrap();
    assert_eq!(closed.line.state.label, "Closed");
    let open = desk.portal(&carla, |call| cases::list(call, true, ALL)).unwrap();
    assert!(open.is_empty());
}
