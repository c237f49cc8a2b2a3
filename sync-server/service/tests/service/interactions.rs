//! Calls: whose number it is, what comes of them, and that somebody is called back.

use fieldline_model::{DocumentId, Record, SysId, Timestamp};
use fieldline_service::interactions::{self, phone};
use fieldline_service::table::Input;
use fieldline_service::{Call, Caller, TableError};

use crate::house::{House, MORNING};

const HOUR: i64 = 3_600_000;

fn made(house: &mut House, table: &str, fields: &[(&str, &str)]) -> String {
    let system = house.server.system();
    house.create(&system, table, fields).unwrap().record.id.sys_id.to_string()
}

fn write<T>(
    house: &mut House,
    by: &Caller,
    work: impl FnOnce(&mut Call<'_>) -> Result<T, TableError>,
) -> Result<T, TableError> {
    house.server.write(by, house.now, &mut house.rng, work)
}

/// An agent, and a customer's contact with an open case.
struct Desk {
    house: House,
    agent: Caller,
    contact: String,
    account: String,
    case: SysId,
}

impl Desk {
    fn new() -> Self {
        let mut house = House::new();
        let agent = house.person("ada", "Ada Agent", &["case_agent"]);
        let account = made(&mut house, "customer_account", &[("name", "Boxwood")]);
        let contact = [("name", "Ann Lee"), ("mobile_phone", "+49 171 234 5678"), ("account", &account)];
        let contact = made(&mut house, "customer_contact", &contact);
        let case = made(&mut house, "sn_customerservice_case", &[("short_description", "Leak"), ("contact", &contact)]);
        let case = case.parse().unwrap();
        Self { house, agent, contact, account, case }
    }

    fn call_comes(&mut self, number: &str) -> (Record, Vec<phone::Known>) {
        let input = Input::of(&[("type", "phone"), ("phone_number", number), ("short_description", "It leaks again")]);
        write(&mut self.house, &self.agent.clone(), |call| interactions::open(call, input)).unwrap()
    }
}

#[test]
fn who_calls_is_known_by_the_number_with_the_account_and_what_is_open() {
    let mut desk = Desk::new();
    let (call, known) = desk.call_comes("0171/2345678");
    assert!(call.text("number").starts_with("IMS"), "{call:?}");
    assert_eq!(call.get("contact").unwrap().to_string(), desk.contact);
    assert_eq!(call.get("account").unwrap().to_string(), desk.account);
    assert_eq!((call.text("state"), call.time("opened_at")), ("new", Some(MORNING)));
    let [only] = &known[..] else { panic!("{known:?}") };
    assert_eq!(only.account.as_ref().map(|account| account.text("name")), Some("Boxwood"));
    assert_eq!(only.tasks.iter().map(|task| task.id.sys_id).collect::<Vec<_>>(), [desk.case]);
    let (unknown, known) = desk.call_comes("+1 555 000 1111");
    assert_eq!((unknown.get("contact"), known.len()), (None, 0));
    let twin = [("name", "Bob Lee"), ("phone", "0171 2345678")];
    made(&mut desk.house, "customer_contact", &twin);
    let (either, known) = desk.call_comes("+49 171 2345678");
    assert_eq!((either.get("contact"), known.len()), (None, 2), "of two nobody is chosen");
}

#[test]
fn whoever_works_on_no_interactions_learns_nothing_of_callers() {
    let mut desk = Desk::new();
    let mia = desk.house.mia.clone();
    let known =
        desk.house.server.read(&mia, desk.house.now, &mut desk.house.rng, |call| phone::known(call, "01712345678"));
    assert_eq!(known.unwrap(), []);
    let input = Input::of(&[("type", "phone"), ("phone_number", "01712345678")]);
    let refused = write(&mut desk.house, &mia, |call| interactions::open(call, input));
    assert!(matches!(refused, Err(TableError::Denied { .. })), "{refused:?}");
}

#[test]
fn a_call_leads_to_a_case_and_is_over_with_what_came_of_it() {
    let mut desk = Desk::new();
    let (agent, (call, _)) = (desk.agent.clone(), desk.call_comes("0171 2345678"));
    let id = call.id.sys_id;
    let case = write(&mut desk.house, &agent, |call| interactions::open_case(call, id, Input::default())).unwrap();
    assert_eq!((case.text("short_description"), case.text("contact_type")), ("It leaks again", "phone"));
    assert_eq!(case.get("contact").unwrap().to_string(), desk.contact);
    let task = desk.case;
    for _ in 0..2 {
        write(&mut desk.house, &agent, |call| interactions::link(call, id, task)).unwrap();
    }
    let related = desk.house.query(&agent, "interaction_related_record", &format!("parent={id}"));
    assert_eq!(related.len(), 2, "each task once: {related:?}");
    let refused = write(&mut desk.house, &agent, |call| interactions::close(call, id, " ", "")).unwrap_err();
    assert!(refused.to_string().contains("wrap_up_code"), "{refused}");
    let closed = write(&mut desk.house, &agent, |call| interactions::close(call, id, "resolved", "Valve")).unwrap();
    assert_eq!((closed.text("state"), closed.time("closed_at")), ("closed_complete", Some(MORNING)));
    let id = DocumentId::new("interaction", id);
    let refused = desk.house.update(&agent, &id, &[("state", "work_in_progress")]).unwrap_err();
    assert!(refused.to_string().contains("is over"), "{refused}");
    desk.house.update(&agent, &id, &[("notes", "She will send a photo")]).unwrap();
}

#[test]
fn who_asked_is_called_back_at_the_moment_once() {
    let mut desk = Desk::new();
    let (agent, (call, _)) = (desk.agent.clone(), desk.call_comes("0171 2345678"));
    let (id, task) = (call.id.sys_id, desk.case);
    write(&mut desk.house, &agent, |call| interactions::link(call, id, task)).unwrap();
    let ask = |house: &mut House, at: Timestamp| {
        write(house, &agent, |call| interactions::request_callback(call, id, at, None))
    };
    let refused = ask(&mut desk.house, MORNING.plus_milliseconds(-1_000)).unwrap_err();
    assert!(refused.to_string().contains("callback_at"), "{refused}");
    ask(&mut desk.house, MORNING.plus_milliseconds(HOUR)).unwrap();
    ask(&mut desk.house, MORNING.plus_milliseconds(2 * HOUR)).unwrap();
    desk.house.wait(HOUR);
    desk.house.ring();
    let outbound = |house: &mut House| house.query(&agent, "interaction", "direction=outbound");
    assert_eq!(outbound(&mut desk.house).len(), 0, "it was put off");
    desk.house.wait(HOUR);
    desk.house.ring();
    desk.house.ring();
    let [back] = &outbound(&mut desk.house)[..] else { panic!("not once") };
    assert_eq!((back.text("state"), back.text("phone_number")), ("new", "0171 2345678"));
    assert_eq!((back.reference("parent"), back.get("contact").unwrap().to_string()), (Some(id), desk.contact.clone()));
    let related = desk.house.query(&agent, "interaction_related_record", &format!("parent={}", back.id.sys_id));
    assert_eq!(related[0].reference("task"), Some(task));
}
