//! A technician finishes a job in a cellar while the dispatcher, who cannot know, cancels it.

use fieldline_stories::Office;

#[test]
fn work_completed_offline_stands_and_the_cancel_is_refused_and_shown_to_the_dispatcher() {
    let office = Office::open();
    let mia = office.technician("mia");
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();
    mia.takes(&task, &["accept", "start_work"]);
    mia.syncs();

    mia.takes(&task, &["complete"]);
    office.cancels(&task);
    assert_eq!(office.reads(&task)["state"], "7", "until the phone is back the office sees a cancelled job");
    mia.syncs();

    let tablet = office.another_phone_of(&mia);
    assert_eq!(mia.stage_of(&task).as_deref(), Some("closed_complete"));
    assert_eq!(tablet.stage_of(&task).as_deref(), Some("closed_complete"));
    assert_eq!(office.reads(&task)["state"], "3");
    for phone in [&mia, &tablet] {
        let details = phone.sees(&task).and_then(|view| view.details).expect("the document is there");
        let refused: Vec<_> = details.refused.iter().map(|refused| refused.step.name.as_str()).collect();
        assert_eq!(refused, ["cancel"], "the step is kept and shown as refused");
        assert_eq!(details.refused[0].step.by, office.dispatcher());
    }

    let reviews = office.finds("task", &format!("sys_class_name=task^parent={}", task.sys_id));
    assert_eq!(reviews.len(), 1, "one review task, seen by the dispatcher: {reviews:?}");
    let review = &reviews[0];
    assert_eq!(review["assigned_to"], office.dispatcher().to_string());
    assert!(review["short_description"].as_str().is_some_and(|text| text.contains("\"Cancel\"")), "{review}");
    assert!(review["description"].as_str().is_some_and(|text| text.contains("dora")), "it names who: {review}");
    mia.syncs();
    let reviews = office.finds("task", &format!("sys_class_name=task^parent={}", task.sys_id));
    assert_eq!(reviews.len(), 1, "and syncing again opens no second one");
}
