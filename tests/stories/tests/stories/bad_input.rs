//! People and programs send what cannot be; they are told which record, which field, and what would be right.

use fieldline_stories::{DISPATCHER, Office};
use reqwest::Method;
use serde_json::{Value as Json, json};

#[test]
fn what_does_not_fit_is_refused_with_table_field_and_remedy_and_nothing_is_created() {
    let office = Office::open();
    let with = |field: &str, value: Json| {
        let mut fields = json!({ "short_description": "Replace the pump" });
        fields[field] = value;
        fields
    };
    let long = "x".repeat(161);
    for (fields, words) in [
        (json!({ "impact": "1" }), ["wm_task", "short_description", "set it"]),
        (with("short_description", long.into()), ["wm_task", "short_description", "160"]),
        (with("impact", "9".into()), ["wm_task", "impact", "1 (High)"]),
        (with("due_date", "tomorrow".into()), ["wm_task", "due_date", "such as"]),
        (with("assigned_to", "nobody".into()), ["wm_task", "assigned_to", "sys_id"]),
        (with("priority", "1".into()), ["wm_task", "priority", "leave it out"]),
        (with("state", "3".into()), ["wm_task", "state", "use one of"]),
        (with("state", "16".into()), ["wm_task", "assigned_to", "send it along"]),
    ] {
        let answer = office.asks(DISPATCHER, Method::POST, "/api/now/table/wm_task", Some(&fields));
        assert!((400..500).contains(&answer.status), "{fields}: {} {}", answer.status, answer.body);
        let detail = answer.detail();
        for word in words {
            assert!(detail.contains(word), "{fields}: \"{detail}\" says {word}");
        }
    }
    assert!(office.finds("wm_task", "").is_empty());
}

#[test]
fn what_cannot_be_read_or_found_is_refused_in_words() {
    let office = Office::open();
    let post =
        |path: &str| office.request(Method::POST, path).basic_auth(DISPATCHER, Some(fieldline_stories::PASSWORD));
    let broken = post("/api/now/table/wm_task").header("Content-Type", "application/json").body("{\"a\" 1}");
    let answer = office.sends_request(broken);
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.detail().contains("line 1 column"), "{}", answer.body);

    let answer = office.asks(DISPATCHER, Method::GET, "/api/now/table/wm_taks", None);
    assert!((400..500).contains(&answer.status) && answer.body.to_string().contains("wm_taks"), "{}", answer.body);

    let nothing = "/api/now/table/wm_task/00000000000000000000000000000000";
    let answer = office.asks(DISPATCHER, Method::PATCH, nothing, Some(&json!({ "impact": "1" })));
    assert_eq!(answer.status, 404, "{}", answer.body);

    let task = office.creates("wm_task", &json!({ "short_description": "Replace the pump" }));
    let refused =
        office.asks(DISPATCHER, Method::PATCH, &format!("/api/now/table/{task}"), Some(&json!({ "state": "3" })));
    assert!((400..500).contains(&refused.status), "{}", refused.body);
    for word in [task.to_string().as_str(), "state", "Draft", "10 (Pending Dispatch)"] {
        assert!(refused.detail().contains(word), "{}", refused.body);
    }
    assert_eq!(office.reads(&task)["state"], "1");
}
