//! The organisation is the one that examples and tests of clients assume.

use std::collections::BTreeSet;
use std::sync::Arc;

use fieldline_model::condition::Query;
use fieldline_model::{Dictionary, Record, SysId, Timestamp, Value};
use fieldline_service::{Server, SignIn, question, table};
use fieldline_storage_sqlite::SqliteStorage;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

use super::*;

const NOW: Timestamp = Timestamp(1_772_438_400_000);

struct Organisation {
    server: Server,
    rng: ChaCha8Rng,
}

impl Organisation {
    fn new() -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let storage = Arc::new(SqliteStorage::in_memory().expect("memory"));
        let server = Server::open(storage, Dictionary::shipped().clone(), NOW, &mut rng).expect("opens");
        Self { server, rng }
    }

    fn loaded() -> Self {
        let mut organisation = Self::new();
        load(&organisation.server, NOW, &mut organisation.rng).expect("it fits the dictionary");
        organisation
    }

    fn records(&mut self, table: &str, query: &str) -> Vec<Record> {
        let query = Query::parse(query).query;
        let system = self.server.system();
        let found =
            self.server.read(&system, NOW, &mut self.rng, |call| question::query(call, table, &query, 9_999, 0));
        found.expect("the table exists").records
    }

    fn count(&mut self, table: &str, query: &str) -> usize {
        self.records(table, query).len()
    }

    fn distinct(&mut self, table: &str, query: &str, field: &str) -> usize {
        let records = self.records(table, query);
        records.iter().filter_map(|record| record.get(field).map(ToString::to_string)).collect::<BTreeSet<_>>().len()
    }
}

fn id(text: &str) -> SysId {
    text.parse().expect("a sys_id")
}

#[test]
fn there_are_as_many_of_everything_as_clients_expect() {
    let mut demo = Organisation::loaded();
    for (table, query, at_least) in [
        ("sys_user", "", 30),
        ("sys_user_group", "active=true^managerISNOTEMPTY", 2),
        ("sys_user_role", "", 20),
        ("cmn_department", "", 5),
        ("incident", "", 60),
        ("change_request", "", 30),
        ("sc_request", "", 10),
        ("sc_req_item", "requestISNOTEMPTY", 10),
        ("sc_task", "request_itemISNOTEMPTY", 10),
        ("kb_knowledge", "", 40),
        ("cmdb_ci", "", 200),
        ("cmdb_ci_server", "", 60),
        ("cmdb_ci_appl", "", 30),
        ("cmdb_ci_db_instance", "", 20),
        ("cmdb_ci_netgear", "", 30),
        ("cmdb_ci_ec2_instance", "", 30),
        ("cmdb_ci_service", "", 15),
        ("cmdb_rel_ci", "", 150),
        ("sn_customerservice_case", "accountISNOTEMPTY^contactISNOTEMPTY", 30),
        ("service_entitlement", "accountISNOTEMPTY", 8),
        ("wm_order", "", 40),
        ("wm_task", "parentISNOTEMPTY", 40),
        ("item_option_new", "", 15),
        ("std_change_record_producer", "", 5),
        ("sys_metadata", "", 100),
        ("syslog", "", 601),
    ] {
        let count = demo.count(table, query);
        assert!(count >= at_least, "{count} of {table} where {query}, wanted {at_least}");
    }
    assert_eq!(demo.count("problem", ""), 9);
    assert_eq!(demo.count("sys_user", "nameISEMPTY"), 0);
    assert!((1..20).contains(&demo.count("sys_user", "mobile_phoneISNOTEMPTY")));
    assert!((11..=24).contains(&demo.distinct("sys_user_has_role", "role=2831a114c611228501d4ea6c309d626d", "user")));
    assert!((3..=7).contains(&demo.distinct("sys_group_has_role", "role.nameLIKEadmin", "group")));
}

#[test]
fn those_whom_examples_know_by_heart_are_who_they_should_be() {
    let mut demo = Organisation::loaded();
    let admin = demo.records("sys_user", "user_name=admin").pop().expect("there is one");
    assert_eq!(admin.id.sys_id, id("6816f79cc0a8016401c5a33be04be441"));
    assert_eq!((admin.text("name"), admin.text("email")), ("System Administrator", "admin@example.com"));
    assert!(!["", "UTC", "GMT"].contains(&admin.text("time_zone")));
    let finance = demo.records("cmn_department", "name=Finance").pop().expect("there is one");
    assert_eq!(finance.id.sys_id, id("a581ab703710200044e0bfc8bcbe5de8"));
    assert_eq!(finance.reference("dept_head"), Some(id("46c5bf6ca9fe1981010713e3ac7d3384")));
    assert_eq!(admin.reference("department"), Some(finance.id.sys_id));
    let role = demo.records("sys_user_role", "name=admin").pop().expect("there is one");
    assert_eq!(role.id.sys_id, id("2831a114c611228501d4ea6c309d626d"));
    for name in
        "problem.admin,problem.manager,problem.coordinator,itil,employee,abel.tuter,abraham.lincoln,beth.anglin,\
                 david.loo,fred.luddy"
            .split(',')
    {
        assert_eq!(demo.count("sys_user", &format!("user_name={name}")), 1, "{name}");
    }
    for (table, field, names) in [
        ("sys_user_group", "name", "Network,Hardware,Software,Database,Service Desk,CAB Approval,Field Services"),
        ("sc_catalog", "title", "Service Catalog,Technical Catalog"),
        ("sc_cat_item", "name", "iPad,New Email Account,Standard Laptop,Access"),
        ("std_change_record_producer", "name", "Clear BGP sessions on a Cisco router - 1"),
        ("cmdb_rel_type", "name", "Depends on::Used by,Runs on::Runs,Hosted on::Hosts,Contains::Contained by"),
    ] {
        for name in names.split(',') {
            assert_eq!(demo.count(table, &format!("{field}={name}")), 1, "{table} {name}");
        }
    }
}

#[test]
fn work_stands_in_every_state_where_its_steps_lead() {
    let mut demo = Organisation::loaded();
    for (table, states) in [
        ("incident", vec![1, 2, 3, 6, 7, 8]),
        ("problem", vec![101, 102, 103, 104, 106, 107]),
        ("change_request", vec![-5, -4, -3, -2, -1, 0, 3, 4]),
        ("sc_request", vec![-5, 1, 2, 3, 4, 7]),
        ("wm_task", vec![1, 3, 4, 7, 10, 16, 17, 18]),
    ] {
        for state in states {
            let found = demo.records(table, &format!("state={state}"));
            assert!(!found.is_empty(), "{table} in state {state}");
            assert!(found.iter().all(|record| !record.text("number").is_empty()), "{table} without a number");
        }
    }
    assert_eq!(demo.distinct("change_request", "", "type"), 3);
    let resolved = demo.records("incident", "state=6");
    let before = |record: &Record| {
        record.time("opened_at") < record.time("resolved_at") && record.time("resolved_at") <= Some(NOW)
    };
    assert!(resolved.iter().all(before), "resolved after it was opened, and not in the future");
    assert_eq!(demo.count("task", "short_descriptionSTARTSWITHReview:"), 0, "every step was followed");
    assert!(demo.count("wm_order", "state=3") > 0, "orders stand where their tasks stand");
}

#[test]
fn loading_again_makes_nothing_twice_and_leaves_what_people_changed() {
    let mut demo = Organisation::new();
    let first = load(&demo.server, NOW, &mut demo.rng).expect("loads");
    let system = demo.server.system();
    let group = demo.records("sys_user_group", "name=Network").pop().expect("there is one").id;
    let input = Input { fields: BTreeMap::from([("description".into(), "Ours".into())]), as_displayed: false };
    demo.server
        .write(&system, NOW, &mut demo.rng, |call| table::update(call, "sys_user_group", group.sys_id, &input))
        .expect("changes");
    let logged = demo.count("syslog", "");
    let later = NOW.plus_milliseconds(86_400_000);
    let again = load(&demo.server, later, &mut demo.rng).expect("loads");
    assert_eq!(again, Loaded { created: 0, kept: first.created + first.kept });
    assert_eq!(demo.count("syslog", ""), logged);
    let group = demo.records("sys_user_group", "name=Network").pop().expect("there is one");
    assert_eq!(group.text("description"), "Ours");
}

#[test]
fn nobody_may_sign_in_but_whom_the_operator_names() {
    let mut demo = Organisation::loaded();
    assert_eq!(demo.server.storage().read().expect("reads").account_count().expect("counts"), 0);
    let password = "an-operators-password";
    assert!(admit(&demo.server, "beth.anglin", password, NOW, &mut demo.rng).expect("is one of them"));
    assert!(!admit(&demo.server, "beth.anglin", "another password", NOW, &mut demo.rng).expect("is one of them"));
    assert!(admit(&demo.server, "nobody", password, NOW, &mut demo.rng).is_err());
    let given = SignIn { user_name: "beth.anglin", password, address: None };
    let session = demo.server.sign_in(given, NOW, &mut demo.rng).expect("may");
    let caller = demo.server.authenticate(&session.token, NOW).expect("is signed in");
    assert!(caller.is_administrator() && caller.roles.contains("itil"));
    let user = demo.records("sys_user", "user_name=beth.anglin").pop().expect("there is one");
    assert_eq!((user.id.sys_id, user.get("active")), (caller.user, Some(&Value::Boolean(true))));
}

#[test]
fn an_administrator_of_the_first_start_stays_who_he_is() {
    let mut demo = Organisation::new();
    demo.server.bootstrap_admin(Some("an-operators-password"), NOW, &mut demo.rng).expect("is the first");
    load(&demo.server, NOW, &mut demo.rng).expect("loads");
    let admins = demo.records("sys_user", "user_name=admin");
    assert_eq!(admins.len(), 1);
    let role = demo.records("sys_user_has_role", "role.name=admin^user.user_name=admin");
    assert_eq!(role[0].reference("user"), Some(admins[0].id.sys_id));
}
