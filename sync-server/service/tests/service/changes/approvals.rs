//! Who is asked about a change, and where the answers take it.

use fieldline_service::change_requests::approvals::Answer;

use super::Desk;

#[test]
fn a_change_nobody_wrote_policies_for_asks_nobody_and_follows_those_asked_by_hand() {
    let mut desk = Desk::new();
    let change = desk.change(&[]);
    desk.write(&change, &[("state", "assess")]).unwrap();
    assert_eq!(desk.rows("sysapproval_approver", "").len(), 0);
    let (anna, id) = (desk.anna.clone(), change.sys_id.to_string());
    desk.made("sysapproval_approver", &[("approver", &anna.user.to_string()), ("sysapproval", &id)]);
    desk.answers(&anna, &change, Answer::Approved).unwrap();
    assert_eq!(desk.shown(&change, "state"), "-3");
    desk.made("sysapproval_approver", &[("approver", &anna.user.to_string()), ("sysapproval", &id)]);
    desk.answers(&anna, &change, Answer::Rejected).unwrap();
    assert_eq!([desk.shown(&change, "state"), desk.shown(&change, "approval")], ["-5", "rejected"]);
    // Where answers lead is the organisation's word.
    let policy = desk.rows("chg_policy_approval", "state=-4").remove(0).id.sys_id.to_string();
    desk.set("chg_policy_approval", &policy, &[("active", "false")]);
    desk.write(&change, &[("state", "assess")]).unwrap();
    desk.made("sysapproval_approver", &[("approver", &anna.user.to_string()), ("sysapproval", &id)]);
    desk.answers(&anna, &change, Answer::Approved).unwrap();
    assert_eq!([desk.shown(&change, "state"), desk.shown(&change, "approval")], ["-4", "approved"]);
    desk.house.restart();
    assert_eq!(desk.rows("chg_policy_approval", "active=true").len(), 1, "what was switched off stays so");
}

#[test]
fn the_first_decision_that_holds_asks_and_says_who_asked_whom() {
    let mut desk = Desk::new();
    let (anna, ben) = (desk.anna.clone(), desk.ben.clone());
    let peers = desk.of_group("any_approval");
    let manager = desk.made("chg_approval_def", &[("name", "Anna"), ("user", &anna.user.to_string())]);
    let policy = desk.policy("-4", "change_request.risk=2", &manager);
    let input = [
        ("model", policy.as_str()),
        ("label", "Group"),
        ("element", "team"),
        ("default_value", "change_request.assignment_group.name"),
    ];
    desk.made("sys_decision_input", &input);
    let low = [
        ("decision_table", policy.as_str()),
        ("label", "Others"),
        ("order", "200"),
        ("condition", "team=Network"),
        ("answer", peers.as_str()),
    ];
    desk.made("sys_decision_question", &low);

    let risky = desk.change(&[("risk", "2")]);
    desk.write(&risky, &[("state", "assess")]).unwrap();
    let asked = desk.rows("sysapproval_approver", &format!("sysapproval={}", risky.sys_id));
    assert_eq!(asked.iter().map(|row| row.reference("approver")).collect::<Vec<_>>(), [Some(anna.user)]);
    let history = desk.shown(&risky, "approval_history");
    assert!(
        history.contains("policy \"Assess\", decision \"Asks\", definition \"Anna\" asked Anna Approver"),
        "{history}"
    );
    assert_eq!(desk.shown(&risky, "approval"), "requested");

    let plain = desk.change(&[]);
    desk.write(&plain, &[("state", "assess")]).unwrap();
    let unit = desk.rows("sysapproval_group", &format!("parent={}", plain.sys_id)).remove(0);
    assert!(unit.text("short_description").contains("decision \"Others\""), "{unit:?}");
    assert_eq!(desk.rows("sysapproval_approver", &format!("sysapproval_group={}", unit.id.sys_id)).len(), 2);
    desk.answers(&ben, &plain, Answer::Approved).unwrap();
    assert_eq!(desk.shown(&plain, "state"), "-3", "one of them was enough");
    let others = desk.rows("sysapproval_approver", &format!("sysapproval={}^approver={}", plain.sys_id, anna.user));
    assert_eq!(others[0].text("state"), "not_required");
    desk.answers(&anna, &risky, Answer::Rejected).unwrap();
    assert_eq!(desk.shown(&risky, "state"), "-5");
    desk.write(&risky, &[("state", "assess")]).unwrap();
    assert_eq!(desk.shown(&risky, "state"), "-4", "it is asked anew, and the answer before counts no more");
}

#[test]
fn all_of_a_group_must_approve_where_a_definition_says_so_and_a_revert_takes_back_what_was_asked() {
    let mut desk = Desk::new();
    let (anna, ben) = (desk.anna.clone(), desk.ben.clone());
    let peers = desk.of_group("all_responses");
    desk.policy("-4", "", &peers);
    let change = desk.change(&[]);
    desk.write(&change, &[("state", "assess")]).unwrap();
    desk.answers(&anna, &change, Answer::Approved).unwrap();
    assert_eq!(desk.shown(&change, "state"), "-4", "one is outstanding");
    desk.write(&change, &[("state", "new")]).unwrap();
    let states = |desk: &mut Desk| -> Vec<String> {
        let rows = desk.rows("sysapproval_approver", &format!("sysapproval={}", change.sys_id));
        let mut states: Vec<String> = rows.iter().map(|row| row.text("state").to_owned()).collect();
        states.sort();
        states
    };
    assert_eq!(states(&mut desk), ["approved", "cancelled"]);
    desk.write(&change, &[("state", "assess")]).unwrap();
    desk.answers(&ben, &change, Answer::Approved).unwrap();
    assert_eq!(desk.shown(&change, "state"), "-4", "an answer given before the revert counts no more");
    desk.answers(&anna, &change, Answer::Approved).unwrap();
    assert_eq!(desk.shown(&change, "state"), "-3");
}

#[test]
fn what_is_not_mandatory_is_not_waited_for_and_what_approves_itself_takes_the_change_on() {
    let mut desk = Desk::new();
    let anna = desk.anna.user.to_string();
    let told = [("name", "Told"), ("user", anna.as_str()), ("mandatory", "false")];
    let told = desk.made("chg_approval_def", &told);
    let itself = [("name", "Itself"), ("user", anna.as_str()), ("approval_action", "approve")];
    let itself = desk.made("chg_approval_def", &itself);
    let policy = desk.policy("-4", "change_request.risk=4", &told);
    desk.made("sys_decision_question", &[("decision_table", &policy), ("label", "Both"), ("answer", &itself)]);
    desk.set("chg_policy_approval", &policy, &[("execution", "all_decisions")]);
    let change = desk.change(&[]);
    desk.write(&change, &[("state", "assess")]).unwrap();
    assert_eq!(desk.shown(&change, "state"), "-3");
    let rows = desk.rows("sysapproval_approver", &format!("sysapproval={}^ORDERBYstate", change.sys_id));
    assert_eq!(rows.iter().map(|row| row.text("state")).collect::<Vec<_>>(), ["approved", "not_required"]);
}

#[test]
fn a_policy_that_could_not_work_is_refused_by_what_does_not_fit() {
    let mut desk = Desk::new();
    let policy = desk.rows("chg_policy_approval", "state=-4").remove(0).id.sys_id.to_string();
    let peers = desk.of_group("any_approval");
    let empty = desk.made("sys_user_group", &[("name", "Nobody's")]);
    let decision = |condition| {
        [("decision_table", policy.as_str()), ("label", "x"), ("condition", condition), ("answer", peers.as_str())]
    };
    for (table, fields, problem) in [
        (
            "sys_decision_question",
            decision("change_request.colour=red").to_vec(),
            "\"colour=red\" is no condition of a change",
        ),
        ("sys_decision_question", decision("mood=good").to_vec(), "name one of the inputs change_request"),
        (
            "chg_approval_def",
            vec![("name", "Ghosts"), ("approval_action", "group"), ("group", &empty)],
            "\"Ghosts\" would ask nobody",
        ),
        (
            "chg_approval_def",
            vec![("name", "x"), ("approver_source", "change_request"), ("user_field", "risk")],
            "\"risk\" of a change leads to no sys_user",
        ),
        (
            "sys_decision_input",
            vec![("model", &policy), ("label", "x"), ("element", "risk"), ("default_value", "change_request.risk")],
            "is a name the change has itself",
        ),
        (
            "sys_decision_input",
            vec![("model", &policy), ("label", "x"), ("element", "y"), ("default_value", "change_request.colour")],
            "is no field of a change",
        ),
        (
            "chg_policy_approval",
            vec![("name", "x"), ("state", "-4"), ("approved_state", "0")],
            "no step leads from Assess to Review",
        ),
    ] {
        let said = desk.refused(table, &fields);
        assert!(said.contains(problem), "{said}");
    }
    desk.policy("-4", "", &peers);
    let change = desk.change(&[("assignment_group", "")]);
    let said = desk.write(&change, &[("state", "assess")]).unwrap_err();
    assert!(said.contains("policy \"Assess\", decision \"Asks\"") && said.contains("there is nobody to ask"), "{said}");
    assert_eq!(desk.shown(&change, "state"), "-5");
}
