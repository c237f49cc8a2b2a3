//! One case that stands for many.

use std::collections::BTreeSet;

use fieldline_model::DocumentId;
use fieldline_service::csm::major::{self, Recipients};
use fieldline_service::csm::portal::cases::Act;

use super::Desk;

#[test]
fn a_major_case_gives_every_customer_a_case_that_hears_what_the_house_says() {
    let mut desk = Desk::new();
    let (ann, max, carla) = (desk.ann.clone(), desk.max.clone(), desk.carla.clone());
    let product = desk.made("cmdb_model", &[("display_name", "Boiler 20")]);
    let [north, south] = ["North", "South"].map(|name| desk.made("customer_account", &[("name", name)]));
    let nina = desk.house.person("nina", "Nina North", &["customer"]);
    let contact = desk.contact_of(&nina, &north);
    let installed = [("name", "Boiler of North"), ("account", &*north), ("product", &product), ("contact", &contact)];
    desk.made("sn_install_base_item", &installed);
    let case = desk.case(&[("product", &product), ("short_description", "Boilers go out")]);
    let id = case.sys_id;
    let early = desk.portal(&max, |call| major::accept(call, id, &Recipients::default())).unwrap_err().to_string();
    assert!(early.contains("is no candidate"), "{early}");
    desk.portal(&ann, |call| major::propose(call, id)).unwrap();
    assert!(desk.portal(&ann, |call| major::accept(call, id, &Recipients::default())).is_err(), "a manager decides");
    let recipients = Recipients {
        accounts: BTreeSet::from([south.parse().unwrap(), desk.account.parse().unwrap()]),
        installed: true,
        ..Recipients::default()
    };
    for made in [2, 0] {
        let children = desk.portal(&max, |call| major::accept(call, id, &recipients)).unwrap();
        assert_eq!(children.len(), made, "North has it installed, South was named, Boxeo has the case itself");
    }
    let of_north = desk.rows("sn_customerservice_case", &format!("parent={id}^account={north}")).remove(0);
    assert_eq!(
        (of_north.text("short_description"), of_north.reference("contact").unwrap().to_string()),
        ("Boilers go out", contact)
    );
    desk.house
        .update(&ann, &case, &[("state", "10"), ("comments", "A valve is faulty"), ("work_notes", "Vendor is late")])
        .unwrap();
    desk.acts(&carla, &case, Act::Comment("Ours is number 7".into())).unwrap();
    desk.house
        .update(&ann, &case, &[("state", "6"), ("resolution_code", "Recall"), ("close_notes", "New valves come")])
        .unwrap();
    let seen =
        desk.portal(&nina, |call| fieldline_service::csm::portal::cases::read(call, of_north.id.sys_id)).unwrap();
    let said: Vec<&str> =
        seen.timeline.iter().filter(|one| one.kind == "comment").map(|one| one.text.as_str()).collect();
    assert_eq!(said, ["A valve is faulty"], "neither work notes nor what another customer said");
    assert_eq!(seen.resolution.unwrap().notes, "New valves come");
    desk.acts(&nina, &of_north.id, Act::Reject("It is still cold".into())).unwrap();
    assert_eq!((desk.shows(&of_north.id, "state"), desk.shows(&case, "state")), ("10".into(), "6".into()));
}

#[test]
fn a_candidate_may_be_refused_and_only_open_cases_become_one() {
    let mut desk = Desk::new();
    let (ann, max) = (desk.ann.clone(), desk.max.clone());
    let case = desk.case(&[]);
    desk.portal(&ann, |call| major::propose(call, case.sys_id)).unwrap();
    assert!(desk.portal(&ann, |call| major::propose(call, case.sys_id)).is_err());
    desk.portal(&max, |call| major::reject(call, case.sys_id)).unwrap();
    assert_eq!(desk.shows(&case, "major_case_state"), "rejected");
    let by_hand = desk.house.update(&ann, &case, &[("major_case_state", "accepted")]).unwrap_err().to_string();
    assert!(by_hand.contains("may write major_case_state"), "{by_hand}");
    let solved = desk.case(&[]);
    desk.solves(&solved);
    assert!(desk.portal(&ann, |call| major::propose(call, solved.sys_id)).is_err());
    let nowhere = DocumentId::new("sn_customerservice_case", fieldline_model::SysId([9; 16]));
    assert!(desk.portal(&ann, |call| major::propose(call, nowhere.sys_id)).is_err());
}
