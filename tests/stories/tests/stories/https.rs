//! An office without a certificate of its own serves HTTPS all the same, to who was given its authority's certificate.

use fieldline_stories::{DISPATCHER, Office, record};
use reqwest::Method;
use serde_json::json;

#[test]
fn a_server_with_its_own_authority_is_worked_on_over_https_only() {
    let office = Office::open_over_https("desk.example");
    let fields = json!({ "short_description": "Replace the pump" });
    let made = office.asks(DISPATCHER, Method::POST, "/api/now/table/wm_task", Some(&fields));
    assert_eq!(made.status, 201, "{}", made.body);
    let task = record("wm_task", &made.body["result"]);
    let opened_by = &made.body["result"]["opened_by"];
    let link = format!("{}/api/now/table/sys_user/{}", office.url(), opened_by["value"].as_str().expect("somebody"));
    assert!(office.url().starts_with("https://"));
    assert_eq!(opened_by["link"], link, "links lead back over HTTPS");
    assert_eq!(office.reads(&task)["short_description"], "Replace the pump");
}
