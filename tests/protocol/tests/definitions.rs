//! What an organisation adds to its tables while everybody works reaches phones with their next sync, before what needs it.

use fieldline_model::{DocumentId, Value};
use fieldline_protocol::{Office, Phone};

fn begins() -> (Office, Phone, DocumentId) {
    let (mut office, phone, [task]) = Office::with_jobs(["Replace the pump"]);
    office.publishes_definitions();
    let field = [("name", "wm_task"), ("element", "u_valve"), ("internal_type", "string"), ("column_label", "Valve")];
    office.defines("sys_dictionary", &field);
    (office, phone, task)
}

fn valve(phone: &Phone, task: &DocumentId) -> Option<Value> {
    phone.sees(task).details.expect("the document is here").record.get("u_valve").cloned()
}

#[test]
fn a_new_field_is_written_on_a_phone_with_the_radio_off_and_survives_its_restart() {
    let (mut office, mut phone, task) = begins();
    phone.syncs(&mut office);
    phone.sets(&mut office, &task, "u_valve", "brass");
    phone = phone.copied();
    assert_eq!(valve(&phone, &task), Some(Value::text("brass")));
    phone.syncs(&mut office);
    assert_eq!(office.reads(&task).record.text("u_valve"), "brass");
}

#[test]
fn what_was_written_in_a_new_field_before_a_phone_knew_it_is_there_once_it_does() {
    let (mut office, mut phone, task) = begins();
    office.changes(&task, &[("u_valve", "steel")]);
    phone.syncs(&mut office);
    assert_eq!(valve(&phone, &task), Some(Value::text("steel")));
}

#[test]
fn records_of_a_new_table_come_with_their_words() {
    let (mut office, mut phone, _) = begins();
    let parent = office.object("wm_task");
    office.defines("sys_db_object", &[("name", "u_inspection"), ("label", "Inspection"), ("super_class", &parent)]);
    let inspection = office.sends_a("u_inspection", &phone, "Look at the lift");
    phone.syncs(&mut office);
    assert_eq!(phone.sees(&inspection).item.display, office.reads(&inspection).record.text("number"));
    phone.notes(&mut office, &inspection, "The rope is worn");
    phone.syncs(&mut office);
    assert_eq!(office.notes_on(&inspection), ["The rope is worn"]);
}
