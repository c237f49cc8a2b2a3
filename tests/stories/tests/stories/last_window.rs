//! Two customers have the same last window before them and press at the same moment.

use std::thread;

use fieldline_stories::{ADMINISTRATOR, DISPATCHER, Office, Riviera};
use reqwest::Method;
use serde_json::{Value as Json, json};

/// What ends the address of a link by which a customer books a task.
fn link(office: &Office, task: &str) -> String {
    let ask = json!({ "task": task, "purpose": "book" });
    let made = office.asks(DISPATCHER, Method::POST, "/api/v1/links", Some(&ask));
    assert_eq!(made.status, 201, "{}", made.body);
    let url = made.body["url"].as_str().expect("an address").to_owned();
    url.rsplit('/').next().expect("a token").to_owned()
}

fn windows(office: &Office, token: &str) -> Vec<String> {
    let path = format!("/api/v1/c/{token}/windows?days=2");
    let answer = office.sends_request(office.request(Method::GET, &path));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let starts = answer.body["windows"].as_array().expect("windows").iter();
    starts.map(|window| window["start"].as_str().expect("a moment").to_owned()).collect()
}

#[test]
fn of_two_customers_who_want_the_last_window_one_gets_it_and_the_other_reads_that_it_is_gone() {
    let riviera = Riviera::opens();
    let office = &riviera.office;
    riviera.hires("mia", 1);
    let config = json!({ "name": "Usual", "window_seconds": "1800", "lead_seconds": "0" });
    office.made_by(ADMINISTRATOR, "sn_apptmnt_booking_service_config", &config);
    let here = riviera.depot.clone();
    let tasks = ["Boiler", "Pump"].map(|what| riviera.needs(what, &here, json!({})));
    let tokens = tasks.clone().map(|task| link(office, &task.sys_id.to_string()));
    let last = windows(office, &tokens[0]);
    assert_eq!((last.len(), &last), (1, &windows(office, &tokens[1])), "an hour of work in an hour of the day");

    let book = |token: &str| {
        let request = office.request(Method::POST, &format!("/api/v1/c/{token}/book"));
        office.sends_request(request.json(&json!({ "start": last[0] })))
    };
    let answers = thread::scope(|scope| {
        let both: Vec<_> = tokens.iter().map(|token| scope.spawn(move || book(token))).collect();
        both.into_iter().map(|one| one.join().expect("a customer presses")).collect::<Vec<_>>()
    });
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 400], "{answers:?}");
    let refused = answers.iter().find(|answer| answer.status == 400).expect("one of them");
    assert!(refused.detail().contains("is not free any more"), "{}", refused.detail());
    let booked: Vec<Json> = office.finds("sn_apptmnt_booking_appointment_booking", "state=booked");
    assert_eq!(booked.len(), 1, "{booked:?}");
    assert_eq!(riviera.plans(json!({ "days": 2 }))["published"], 1, "and it can be kept");
    let promised = tasks.iter().filter(|task| office.reads(task)["is_fixed_window"] == "true").count();
    assert_eq!(promised, 1);
}
