//! Which entitlement a case comes under, what it takes from it, and which clock comes with it.

use fieldline_documents::Act as Edit;
use fieldline_model::Timestamp;
use fieldline_service::csm::entitlements::choice;
use fieldline_service::csm::portal::cases::Act;

use super::Desk;
use crate::house::DAY;

fn entitled(desk: &mut Desk, name: &str, more: &[(&str, &str)]) -> String {
    let account = desk.account.clone();
    desk.made("service_entitlement", &[&[("name", name), ("account", &*account)], more].concat())
}

#[test]
fn a_case_comes_under_the_entitlement_that_is_most_exactly_about_it() {
    let mut desk = Desk::new();
    let product = desk.made("cmdb_model", &[("display_name", "Boiler 20")]);
    let asset = desk.made("alm_asset", &[("display_name", "Boiler in the cellar"), ("model", &product)]);
    let general = entitled(&mut desk, "General", &[]);
    let by_product = entitled(&mut desk, "Boilers", &[("product", &product)]);
    let by_asset = entitled(&mut desk, "This boiler", &[("asset", &asset)]);
    for (fields, expected) in
        [(&[][..], &general), (&[("product", &*product)], &by_product), (&[("asset", &*asset)], &by_asset)]
    {
        let case = desk.case(fields);
        assert_eq!(desk.shows(&case, "entitlement"), *expected, "{fields:?}");
    }
    let case = desk.case(&[]);
    let ann = desk.ann.clone();
    desk.house.update(&ann, &case, &[("asset", &asset)]).unwrap();
    assert_eq!(desk.shows(&case, "entitlement"), by_asset, "what decides it has changed");
    assert_eq!(desk.shows(&case, "product"), product, "the asset says which product it is");
    let explained =
        desk.house.server.read(&ann, desk.house.now, &mut desk.house.rng, |call| choice::explain(call, case.sys_id));
    let weighed = explained.unwrap().1;
    let told: Vec<_> = weighed.iter().map(|one| (one.entitlement.text("name"), one.score)).collect();
    assert_eq!(told, [("This boiler", 4), ("Boilers", 3), ("General", 1)]);
    assert_eq!(weighed[0].matched, ["account", "asset"]);
}

#[test]
fn a_case_that_nothing_covers_is_taken_all_the_same_and_says_why() {
    let mut desk = Desk::new();
    entitled(&mut desk, "Phone only", &[("channels", "phone")]);
    let over =
        (desk.house.now.plus_milliseconds(-2 * DAY).to_string(), desk.house.now.plus_milliseconds(-DAY).to_string());
    entitled(&mut desk, "Last year", &[("start_date", &over.0), ("end_date", &over.1)]);
    let case = desk.case(&[("contact_type", "web")]);
    assert_eq!((desk.shows(&case, "entitlement"), desk.shows(&case, "state")), (String::new(), "1".into()));
    let notes = desk.notes(&case);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("\"Phone only\" is not for the channel \"web\""), "{notes:?}");
    assert!(notes[0].contains("\"Last year\" ended at"), "{notes:?}");
    let by_phone = desk.case(&[("contact_type", "phone")]);
    assert_ne!(desk.shows(&by_phone, "entitlement"), "");
    assert!(desk.notes(&by_phone).is_empty());
}

#[test]
fn the_last_unit_is_promised_to_one_case_and_taken_once_when_it_closes() {
    let mut desk = Desk::new();
    let one = entitled(&mut desk, "One case", &[("per_unit", "true"), ("unit", "cases"), ("total_units", "1")]);
    let id = fieldline_model::DocumentId::new("service_entitlement", one.parse().unwrap());
    assert_eq!(desk.shows(&id, "remaining_units"), "1");
    let first = desk.case(&[]);
    assert_eq!(desk.shows(&first, "entitlement"), one);
    let second = desk.case(&[]);
    assert_eq!(desk.shows(&second, "entitlement"), "", "the first holds it");
    assert!(desk.notes(&second)[0].contains("is used up"));
    let ann = desk.ann.clone();
    let refused = desk.house.update(&ann, &second, &[("entitlement", &one)]).unwrap_err().to_string();
    assert!(refused.contains("is used up") && refused.contains("choose another one"), "{refused}");
    desk.solves(&first);
    assert_eq!(desk.shows(&id, "remaining_units"), "1", "nothing is taken before the customer agrees");
    let carla = desk.carla.clone();
    desk.acts(&carla, &first, Act::Accept).unwrap();
    assert_eq!(desk.shows(&id, "remaining_units"), "0");
    assert_eq!(desk.rows("fl_entitlement_use", "").len(), 1);
    let system = desk.house.server.system();
    desk.house.update(&system, &id, &[("total_units", "5")]).unwrap();
    assert_eq!(desk.shows(&id, "remaining_units"), "4", "what was used stays used");
}

#[test]
fn hours_are_taken_by_the_time_that_was_worked_and_more_than_there_are_is_said() {
    let mut desk = Desk::new();
    let hours = entitled(&mut desk, "Hours", &[("per_unit", "true"), ("unit", "hours"), ("total_units", "2")]);
    let id = fieldline_model::DocumentId::new("service_entitlement", hours.parse().unwrap());
    let (mia, ann, carla) = (desk.house.mia.clone(), desk.ann.clone(), desk.carla.clone());
    for (minutes, remaining, is_short) in [(45, "1.25", false), (90, "0", true)] {
        let case = desk.case(&[]);
        desk.house.update(&ann, &case, &[("assigned_to", &mia.user.to_string())]).unwrap();
        let mut phone = desk.house.phone(&mia);
        phone.sync(&mut desk.house);
        let started_at = desk.house.now;
        let ended_at = Timestamp(started_at.0 + minutes * 60_000);
        let worked = Edit::LogTime { kind: "work".into(), started_at, ended_at };
        let edit = phone.edit(desk.house.now, &case, &[worked]);
        phone.push(&mut desk.house, &[edit]);
        desk.solves(&case);
        desk.acts(&carla, &case, Act::Accept).unwrap();
        assert_eq!(desk.shows(&id, "remaining_units"), remaining);
        let says = desk.notes(&case).iter().any(|note| note.contains("1.5 hours were used where 1.25 remained"));
        assert_eq!(says, is_short);
    }
}

#[test]
fn only_a_case_with_the_entitlement_gets_its_clock() {
    let mut desk = Desk::new();
    desk.made(
        "contract_sla",
        &[
            ("name", "Gold: four hours"),
            ("collection", "sn_customerservice_case"),
            ("duration", "1970-01-01 04:00:00"),
            ("start_condition", "active=true^entitlement.service_level=gold"),
            ("stop_condition", "stateIN6,3"),
        ],
    );
    entitled(&mut desk, "Gold", &[("service_level", "gold"), ("channels", "phone")]);
    let (entitled, other) = (desk.case(&[("contact_type", "phone")]), desk.case(&[("contact_type", "email")]));
    let clocks = |desk: &mut Desk, case: &fieldline_model::DocumentId| {
        desk.rows("task_sla", &format!("task={}", case.sys_id))
            .iter()
            .map(|clock| clock.text("stage").to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(clocks(&mut desk, &entitled), ["in_progress"]);
    assert!(clocks(&mut desk, &other).is_empty());
    desk.solves(&entitled);
    assert_eq!(clocks(&mut desk, &entitled), ["completed"]);
}
