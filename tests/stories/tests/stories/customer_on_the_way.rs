//! A customer wants another time while the technician is on the way.

use fieldline_stories::{ADMINISTRATOR, DISPATCHER, Riviera};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

#[test]
fn a_customer_who_reschedules_while_the_technician_is_on_the_way_reads_whom_to_call_and_the_dispatcher_hears_of_it() {
    let riviera = Riviera::opens();
    let office = &riviera.office;
    let mia = riviera.hires("mia", 8);
    let config = json!({
        "name": "Usual", "window_seconds": "7200", "lead_seconds": "0", "reschedule_cutoff_seconds": "0",
        "contact_hint": "call 00 377 1234",
    });
    office.made_by(ADMINISTRATOR, "sn_apptmnt_booking_service_config", &config);
    let here = riviera.depot.clone();
    let task = riviera.needs("Boiler", &here, json!({}));
    let ask = json!({ "task": task.sys_id.to_string(), "purpose": "book" });
    let url = office.asks(DISPATCHER, Method::POST, "/api/v1/links", Some(&ask)).body["url"].clone();
    let url = url.as_str().expect("an address").to_owned();
    let page = url.strip_prefix(&office.url()).expect("of this office").to_owned();
    let get = |path: &str| office.sends_request(office.request(Method::GET, path));
    let windows = get(&format!("/api/v1{page}/windows?days=2")).body["windows"].clone();
    let starts: Vec<&str> =
        windows.as_array().expect("windows").iter().filter_map(|window| window["start"].as_str()).collect();
    assert!(starts.len() >= 3, "{windows}");
    let book = |start: &str| {
        let request = office.request(Method::POST, &format!("{page}/book"));
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        office.sends_request(request.body(format!("start={start}")))
    };
    assert_eq!(book(starts[0]).status, 200);
    assert_eq!(riviera.plans(json!({ "days": 2 }))["published"], 1);
    mia.syncs();
    mia.takes(&task, &["accept", "start_travel"]);

    mia.syncs();
    let told = book(starts[1]);
    let page_text = String::from_utf8(told.bytes.clone()).expect("text");
    assert_eq!(told.status, 409, "{page_text}");
    assert!(page_text.contains("on the way already; call 00 377 1234"), "{page_text}");
    let visit = get(&format!("/api/v1{page}")).body;
    assert_eq!(
        (&visit["state"], &visit["technician"], &visit["window_start"]),
        (&json!("on_the_way"), &json!("mia"), &json!(starts[0]))
    );
    let told = office.finds("sn_inapp_notification", &format!("user={}", office.dispatcher()));
    assert!(
        told.iter().any(|told| told["title"].as_str().is_some_and(|title| title.contains("wants another time"))),
        "{told:?}"
    );
    mia.takes(&task, &["arrive", "start_work", "complete"]);
    mia.syncs();
    assert_eq!(get(&format!("/api/v1{page}")).body["state"], "done");
}
