//! The office cancels a whole order whose work was done out of reach.

use fieldline_stories::{DISPATCHER, Office};
use reqwest::Method;
use serde_json::json;

#[test]
fn an_order_cancelled_after_its_work_was_done_ends_as_done_and_what_nobody_had_begun_is_cancelled() {
    let office = Office::open();
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let order = office.creates("wm_order", &json!({ "short_description": "New boiler" }));
    let (remove, install) =
        (office.sends_to(&order, &mia, "Remove the old one"), office.sends_to(&order, &bob, "Install the new one"));
    mia.syncs();
    bob.syncs();
    mia.takes(&remove, &["accept", "start_work", "complete"]);

    office.cancels(&order);
    assert_eq!(office.reads(&order)["state"], "7");
    assert_eq!((&office.reads(&remove)["state"], &office.reads(&install)["state"]), (&json!("7"), &json!("7")));
    mia.syncs();
    bob.syncs();
    assert_eq!(office.reads(&remove)["state"], "3", "what was done was done");
    assert_eq!(office.reads(&install)["state"], "7");
    assert_eq!(office.reads(&order)["state"], "3", "and the order is what its tasks are");
    assert!(!office.reads(&order)["work_end"].as_str().unwrap_or_default().is_empty());
    assert_eq!(bob.stage_of(&install).as_deref(), Some("cancelled"));
    let reviews = office.finds("task", &format!("sys_class_name=task^parent={}", remove.sys_id));
    assert_eq!(reviews.len(), 1, "somebody settles what remains: {reviews:?}");

    let late = json!({ "state": "7" });
    let answer = office.asks(DISPATCHER, Method::PATCH, &format!("/api/now/table/{remove}"), Some(&late));
    assert_eq!(answer.status, 400, "who knows of the work cannot cancel it: {}", answer.body);
    assert!(answer.detail().contains("cannot be reached from Closed Complete"), "{}", answer.detail());
}
