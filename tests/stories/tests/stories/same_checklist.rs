//! Two technicians on one order answer the same question without knowing of each other.

use fieldline_stories::{Office, Technician};
use serde_json::json;

#[test]
fn both_answers_to_one_question_are_kept_the_latest_is_shown_and_the_mismatch_is_flagged() {
    let office = Office::open();
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let order = office.creates("wm_order", &json!({ "short_description": "Inspect the boiler house" }));
    office.sends_to(&order, &mia, "Boiler 1");
    office.sends_to(&order, &bob, "Boiler 2");
    mia.syncs();
    bob.syncs();

    mia.answers(&order, "is the main valve closed", "yes");
    mia.answers(&order, "is the floor dry", "yes");
    bob.answers(&order, "is the main valve closed", "no");
    bob.answers(&order, "is the floor dry", "yes");
    bob.syncs();
    mia.syncs();
    bob.syncs();

    for phone in [&mia, &bob, &office.another_phone_of(&mia)] {
        let details = phone.sees(&order).and_then(|view| view.details).expect("the order is in scope");
        let answered = |question: &str| {
            let mut all = details.answers.iter();
            all.find(|answered| answered.latest.what.question == question).expect("it was answered").clone()
        };
        let valve = answered("is the main valve closed");
        assert_eq!((valve.latest.what.answer.as_str(), valve.latest.by), ("no", bob.user()), "bob's came later");
        let others: Vec<_> = valve.others.iter().map(|other| (other.what.answer.as_str(), other.by)).collect();
        assert_eq!(others, [("yes", mia.user())]);
        assert!(valve.is_disputed);
        assert!(!answered("is the floor dry").is_disputed, "agreeing is no dispute");
        assert_eq!(disputed(phone), ["is the main valve closed"]);
    }

    mia.answers(&order, "is the main valve closed", "no");
    mia.syncs();
    bob.syncs();
    assert!(disputed(&mia).is_empty() && disputed(&bob).is_empty(), "who answers knowing both settles it");
}

fn disputed(phone: &Technician) -> Vec<String> {
    let records = phone.phone().needs_attention().expect("a phone reads its own lists").records;
    records.into_iter().flat_map(|doubt| doubt.disputed).map(|answered| answered.latest.what.question).collect()
}
