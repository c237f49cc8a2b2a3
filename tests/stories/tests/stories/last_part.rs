//! Two technicians and the last part: one has the right to it, the other takes it all the same, and nobody is surprised.

use fieldline_device::runtime::now;
use fieldline_stories::Office;
use reqwest::Method;
use serde_json::json;

#[test]
fn the_last_part_is_one_phones_to_use_and_whoever_else_takes_it_is_told_at_once_and_the_keeper_later() {
    let office = Office::open();
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let (valve, depot) = (office.has_parts("Valve DN50", "4006381333931"), office.has_depot("Depot"));
    office.puts(1, valve, depot, &mia);
    let (of_mia, of_bob) = (office.sends(&mia, "Replace the valve"), office.sends(&bob, "Replace the other valve"));

    let token = mia.phone().enrolment().expect("it is enrolled").token.clone();
    let asked = json!({ "stockroom": depot.to_string(), "model": valve.to_string(), "quantity": 1 });
    let request = office.request(Method::POST, "/api/v1/stock/leases").bearer_auth(token).json(&asked);
    let answer = office.sends_request(request);
    assert_eq!((answer.status, answer.body["granted"].as_i64()), (201, Some(1)), "{}", answer.body);
    mia.syncs();
    bob.syncs();
    assert_eq!(office.stock_of(valve, depot), (1, 1, 0));

    // Both are in a cellar and take what they take to be the last valve.
    assert!(mia.uses(&of_mia, valve, depot), "hers");
    assert!(!mia.uses(&of_mia, valve, depot), "there is no second one");
    assert!(!bob.uses(&of_bob, valve, depot), "bob is told at once that nobody promised it to him");
    let left: Vec<i64> = mia.phone().leases(now()).expect("a list").iter().map(|it| it.left).collect();
    assert_eq!(left, [0]);

    bob.syncs();
    bob.syncs();
    mia.syncs();
    assert_eq!(office.stock_of(valve, depot), (-2, 0, -2), "one was there and three were taken");
    let tasks = office.has_to_reconcile();
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    let told = tasks[0]["description"].as_str().expect("a text");
    assert!(told.contains("Count") && told.contains("Valve DN50") && told.contains("Depot"), "{told}");
}
