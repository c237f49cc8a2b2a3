//! A technician finds more to do and opens a job on the spot, out of reach.

use std::collections::BTreeMap;

use fieldline_device::Command;
use fieldline_model::Value;
use fieldline_stories::Office;

#[test]
fn a_job_created_offline_keeps_its_identity_and_number_through_sync() {
    let office = Office::open();
    let mia = office.technician("mia");
    mia.syncs();

    let mut born = Vec::new();
    for what in ["Corroded flange", "Leaking trap"] {
        let fields = BTreeMap::from([
            ("short_description".into(), Value::text(what)),
            ("assigned_to".into(), Value::Reference(mia.user())),
        ]);
        let task = mia.does(Command::Create { table: "wm_task".into(), fields }).document;
        mia.takes(&task, &["take", "start_work"]);
        let number = mia.sees(&task).expect("it is on the screen at once").item.display;
        assert!(number.starts_with("WOT"), "{number}");
        born.push((what, task, number));
    }
    assert_ne!(born[0].2, born[1].2);
    mia.syncs();

    for (what, task, number) in &born {
        let found = office.finds("wm_task", &format!("number={number}"));
        assert_eq!(found.len(), 1, "one job has the number {number}: {found:?}");
        assert_eq!(found[0]["sys_id"], task.sys_id.to_string());
        assert_eq!(found[0]["short_description"], *what);
        assert_eq!(found[0]["state"], "18");
        assert_eq!(mia.sees(task).expect("it stays with who opened it").item.display, *number);
    }
    let by_office = office.reads(&office.sends(&mia, "Paint the door"));
    assert!(born.iter().all(|(_, _, number)| by_office["number"] != *number), "the office numbers go on elsewhere");
}
