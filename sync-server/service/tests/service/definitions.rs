//! The dictionary as records, and what is added to it while everybody works.

use fieldline_model::{DocumentId, Record, Value};
use fieldline_service::{Caller, TableError};

use crate::house::House;

fn published() -> (House, Caller) {
    let mut house = House::new();
    house.server.publish_definitions(house.now, &mut house.rng).unwrap();
    let admin = house.server.system();
    (house, admin)
}

fn object(house: &mut House, name: &str) -> Record {
    let admin = house.server.system();
    house.query(&admin, "sys_db_object", &format!("name={name}")).pop().expect("it is published")
}

#[test]
fn every_table_field_choice_and_role_that_is_shipped_is_a_record() {
    let (mut house, admin) = published();
    let dictionary = house.server.dictionary();
    assert_eq!(house.query(&admin, "sys_db_object", "").len(), dictionary.tables().count());
    let incident = object(&mut house, "incident");
    assert_eq!(incident.reference("super_class"), Some(object(&mut house, "task").id.sys_id));
    let caller = house.query(&admin, "sys_dictionary", "name=incident^element=caller_id").remove(0);
    assert_eq!([caller.text("internal_type"), caller.text("reference")], ["reference", "sys_user"]);
    assert!(house.query(&admin, "sys_dictionary", "name=incident^element=short_description").is_empty(), "task has it");
    let states = house.query(&admin, "sys_choice", "name=incident^element=state^ORDERBYsequence");
    assert_eq!(states.iter().map(|row| row.text("label")).collect::<Vec<_>>()[..2], ["New", "In Progress"]);
    let roles = house.query(&admin, "sys_user_role", "name=admin");
    assert_eq!(roles[0].id.sys_id.to_string(), "2831a114c611228501d4ea6c309d626d");
    let all = house.query(&admin, "sys_metadata", "");
    assert_eq!(all.len(), 1_000, "a list ends there, there are more");
    house.server.publish_definitions(house.now, &mut house.rng).unwrap();
    assert_eq!(house.query(&admin, "sys_metadata", ""), all, "publishing again changes nothing");
}

#[test]
fn a_table_with_fields_choices_and_a_role_is_there_as_soon_as_it_is_written() {
    let (mut house, admin) = published();
    house.create(&admin, "sys_user_role", &[("name", "u_florist")]).unwrap();
    let table = [("name", "u_plant"), ("label", "Plant"), ("user_role", "u_florist"), ("number_prefix", "PLT")];
    house.create(&admin, "sys_db_object", &table).unwrap();
    for (element, kind, reference) in
        [("u_name", "string", ""), ("u_site", "reference", "cmn_location"), ("u_thirst", "integer", "")]
    {
        let field = [("name", "u_plant"), ("element", element), ("internal_type", kind), ("reference", reference)];
        house.create(&admin, "sys_dictionary", &field).unwrap();
    }
    for (value, label) in [("1", "Dry"), ("2", "Wet")] {
        let choice = [("name", "u_plant"), ("element", "u_thirst"), ("value", value), ("label", label)];
        house.create(&admin, "sys_choice", &choice).unwrap();
    }
    let mia = house.mia.clone();
    let denied = house.create(&mia, "u_plant", &[("u_name", "Ficus")]).unwrap_err();
    assert!(matches!(denied, TableError::Denied { .. }), "{denied}");
    let florist = DocumentId::new("sys_user", mia.user);
    house.update(&admin, &florist, &[("roles", "wm_agent,u_florist")]).unwrap();
    let mia = Caller { roles: ["wm_agent", "u_florist"].map(str::to_owned).into(), ..mia };
    let ficus = house.create(&mia, "u_plant", &[("u_name", "Ficus"), ("u_thirst", "Wet")]).unwrap().record;
    assert_eq!(ficus.get("u_thirst"), Some(&Value::Integer(2)));
    let problem = house.update(&mia, &ficus.id, &[("u_thirst", "3")]).unwrap_err().to_string();
    assert!(problem.contains("u_thirst: \"3\" is no choice"), "{problem}");
    assert_eq!(house.query(&mia, "u_plant", "u_thirst=2").len(), 1);
}

#[test]
fn a_field_and_a_choice_are_added_to_a_shipped_table_and_survive_a_restart() {
    let (mut house, admin) = published();
    let field = [("name", "incident"), ("element", "u_floor"), ("internal_type", "integer"), ("column_label", "Floor")];
    house.create(&admin, "sys_dictionary", &field).unwrap();
    let choice = [("name", "task"), ("element", "contact_type"), ("value", "pigeon"), ("label", "Carrier pigeon")];
    house.create(&admin, "sys_choice", &choice).unwrap();
    let dora = house.dora.clone();
    let fields = [("short_description", "x"), ("u_floor", "4"), ("contact_type", "pigeon")];
    let incident = house.create(&dora, "incident", &fields).unwrap().record;
    assert_eq!(incident.get("u_floor"), Some(&Value::Integer(4)));
    let phone = house.query(&admin, "sys_choice", "name=task^element=contact_type^value=phone").remove(0);
    house.update(&admin, &phone.id, &[("inactive", "true")]).unwrap();
    let gone = house.update(&dora, &incident.id, &[("contact_type", "phone")]).unwrap_err().to_string();
    assert!(gone.contains("no choice"), "{gone}");
    let again = fieldline_service::Server::open(
        house.storage.clone(),
        fieldline_model::Dictionary::shipped().clone(),
        house.now,
        &mut house.rng,
    )
    .unwrap();
    assert_eq!(again.dictionary(), house.server.dictionary());
    let sent = house.query(&admin, "fl_definition", "");
    assert_eq!(
        sent.iter().map(|row| row.text("name")).collect::<std::collections::BTreeSet<_>>(),
        ["incident", "task"].into()
    );
}

#[test]
fn a_definition_that_does_not_fit_changes_nothing_and_says_why() {
    let (mut house, admin) = published();
    let before = house.server.dictionary();
    let bad_fields: [&[(&str, &str)]; 6] = [
        &[("name", "incident"), ("element", "floor"), ("internal_type", "string")],
        &[("name", "incident"), ("element", "u_floor"), ("internal_type", "colour")],
        &[("name", "incident"), ("element", "u_floor"), ("internal_type", "reference")],
        &[("name", "incident"), ("element", "u_floor"), ("internal_type", "reference"), ("reference", "u_nothing")],
        &[("name", "u_nothing"), ("element", "u_floor"), ("internal_type", "string")],
        &[("name", "incident"), ("element", "u_floor"), ("internal_type", "string"), ("max_length", "0")],
    ];
    for fields in bad_fields {
        let problem = house.create(&admin, "sys_dictionary", fields).unwrap_err();
        assert!(matches!(problem, TableError::Invalid { .. }), "{problem}");
    }
    let shipped = house.query(&admin, "sys_dictionary", "name=task^element=short_description").remove(0);
    let problem = house.update(&admin, &shipped.id, &[("max_length", "10")]).unwrap_err().to_string();
    assert!(problem.contains("stays as it is"), "{problem}");
    assert_eq!(house.server.dictionary(), before);
    assert!(house.query(&admin, "sys_dictionary", "elementSTARTSWITHu_").is_empty());
    let dora = house.dora.clone();
    let denied = house.create(&dora, "sys_dictionary", bad_fields[0]).unwrap_err();
    assert!(matches!(denied, TableError::Denied { .. }), "{denied}");
}
