//! Who may do what with a case, and what follows from its end.

use fieldline_model::DocumentId;
use fieldline_service::csm::portal::cases::Act;
use fieldline_service::csm::survey;

use super::Desk;
use crate::house::DAY;

#[test]
fn a_proposed_solution_is_the_customers_to_answer_and_nobody_elses() {
    let mut desk = Desk::new();
    let (ann, max, carla) = (desk.ann.clone(), desk.max.clone(), desk.carla.clone());
    let case = desk.case(&[]);
    desk.house.update(&ann, &case, &[("state", "10")]).unwrap();
    let silent = desk.house.update(&ann, &case, &[("state", "6")]).unwrap_err().to_string();
    assert!(silent.contains("resolution_code") || silent.contains("close_notes"), "{silent}");
    desk.solves(&case);
    for who in [&ann, &max] {
        for state in ["3", "10", "7"] {
            assert!(desk.house.update(who, &case, &[("state", state)]).is_err(), "{state}");
        }
    }
    let silent = desk.acts(&carla, &case, Act::Reject(" ".into())).unwrap_err().to_string();
    assert!(silent.contains("must not be empty"), "{silent}");
    let rejected = desk.acts(&carla, &case, Act::Reject("Still dark".into())).unwrap();
    assert_eq!((rejected.line.state.label.as_str(), rejected.resolution), ("Open", None));
    desk.solves_again(&case);
    let accepted = desk.acts(&carla, &case, Act::Accept).unwrap();
    assert_eq!((accepted.line.state.label.as_str(), accepted.actions), ("Closed", vec!["survey"]));
    assert_eq!(accepted.resolution.unwrap().notes, "Fuse replaced");
}

impl Desk {
    fn solves_again(&mut self, case: &DocumentId) {
        let ann = self.ann.clone();
        self.house.update(&ann, case, &[("state", "6")]).unwrap();
    }
}

#[test]
fn a_closed_case_stays_as_it_is_whoever_writes() {
    let mut desk = Desk::new();
    let (ann, carla) = (desk.ann.clone(), desk.carla.clone());
    let admin = desk.house.person("root", "Root", &["admin"]);
    let case = desk.case(&[]);
    desk.solves(&case);
    desk.acts(&carla, &case, Act::Accept).unwrap();
    for who in [&ann, &admin] {
        for fields in [[("work_notes", "Late")], [("priority", "1")], [("comments", "Late")]] {
            let refused = desk.house.update(who, &case, &fields).unwrap_err().to_string();
            assert!(refused.contains("stays as it is"), "{refused}");
        }
    }
    let late = desk.acts(&carla, &case, Act::Comment("Late".into())).unwrap_err().to_string();
    assert!(late.contains("is Closed, so \"comment\" is not possible; you may survey"), "{late}");
}

#[test]
fn only_the_customers_answer_opens_a_case_again_that_waits_for_it() {
    let mut desk = Desk::new();
    let (ann, carla) = (desk.ann.clone(), desk.carla.clone());
    let case = desk.case(&[]);
    desk.house.update(&ann, &case, &[("state", "10")]).unwrap();
    desk.house.update(&ann, &case, &[("state", "18"), ("comments", "Which floor?")]).unwrap();
    desk.house.update(&ann, &case, &[("comments", "Anybody there?")]).unwrap();
    assert_eq!(desk.shows(&case, "state"), "18");
    desk.acts(&carla, &case, Act::Comment("The third".into())).unwrap();
    assert_eq!(desk.shows(&case, "state"), "10");
}

#[test]
fn what_nobody_answers_is_closed_after_the_days_the_organisation_says() {
    let mut desk = Desk::new();
    desk.property("csm.case.autoclose.days", "3");
    let (case, answered) = (desk.case(&[]), desk.case(&[]));
    desk.solves(&case);
    desk.solves(&answered);
    desk.house.wait(2 * DAY);
    desk.house.ring();
    let carla = desk.carla.clone();
    desk.acts(&carla, &answered, Act::Reject("No".into())).unwrap();
    desk.house.wait(DAY);
    desk.house.ring();
    assert_eq!((desk.shows(&case, "state"), desk.shows(&answered, "state")), ("3".into(), "10".into()));
    assert_eq!(desk.rows("fl_case_survey", "").len(), 1);
}

#[test]
fn the_end_of_a_case_ends_its_tasks_and_asks_its_customer_once() {
    let mut desk = Desk::new();
    let (ann, max, carla) = (desk.ann.clone(), desk.max.clone(), desk.carla.clone());
    let case = desk.case(&[]);
    let parent = case.sys_id.to_string();
    let task = desk.made("sn_customerservice_task", &[("short_description", "Call the builder"), ("parent", &parent)]);
    let task = DocumentId::new("sn_customerservice_task", task.parse().unwrap());
    desk.house.update(&ann, &case, &[("state", "3")]).unwrap();
    assert_eq!(desk.shows(&task, "state"), "4");
    let rate = |score| Act::Survey { score, answer: "Quick".into() };
    assert!(desk.acts(&carla, &case, rate(6)).unwrap_err().to_string().contains("is no choice"));
    desk.acts(&carla, &case, rate(5)).unwrap();
    let again = desk.acts(&carla, &case, rate(1)).unwrap_err().to_string();
    assert!(again.contains("nothing is left to do"), "{again}");
    let figures = desk.portal(&max, |call| survey::figures(call, None)).unwrap();
    assert_eq!((figures.asked, figures.answered, figures.mean), (1, 1, Some(5.0)));
    assert!(desk.portal(&ann, |call| survey::figures(call, None)).is_err());
}

#[test]
fn a_solved_case_begins_an_article_where_that_is_wanted() {
    let mut desk = Desk::new();
    let carla = desk.carla.clone();
    let first = desk.case(&[]);
    desk.solves(&first);
    desk.acts(&carla, &first, Act::Accept).unwrap();
    assert!(desk.rows("kb_knowledge", "").is_empty());
    desk.property("csm.knowledge.draft_on_close", "true");
    let second = desk.case(&[("description", "Dark since noon")]);
    desk.solves(&second);
    desk.acts(&carla, &second, Act::Accept).unwrap();
    let article = desk.rows("kb_knowledge", "").remove(0);
    assert_eq!((article.text("workflow_state"), article.reference("source")), ("draft", Some(second.sys_id)));
    assert!(article.text("text").contains("Fuse replaced"));
}

#[test]
fn a_customer_is_no_contributor_and_a_colleague_sees_the_case_by_it() {
    let mut desk = Desk::new();
    let (ann, mia) = (desk.ann.clone(), desk.house.mia.clone());
    let case = desk.case(&[]);
    let carla = desk.carla.user.to_string();
    let refused = desk.house.update(&ann, &case, &[("contributor_users", &carla)]).unwrap_err().to_string();
    assert!(refused.contains("names a customer"), "{refused}");
    assert!(desk.house.get(&mia, &case).is_err());
    desk.house.update(&ann, &case, &[("contributor_users", &mia.user.to_string())]).unwrap();
    assert!(desk.house.get(&mia, &case).is_ok());
}
