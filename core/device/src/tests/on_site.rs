//! What a technician is asked and does on site with the radio off.

use fieldline_documents::Act;
use fieldline_model::check_in::Fix;
use fieldline_model::checklist::{Before, Checklist, Kind, Limits, Question};
use fieldline_model::{Decimal, DocumentId, Place, Record, SysId, Value};

use super::world::{MIA, Office, Phone, pushed, row};
use crate::on_site::{Expense, OnSite};
use crate::{Captured, Command};

const VERSION: SysId = SysId([0xc1; 16]);
const SITE: SysId = SysId([0x51; 16]);
const ASSET: SysId = SysId([0xa5; 16]);

fn question(key: &str, kind: Kind) -> Question {
    Question { key: key.into(), text: key.into(), kind, mandatory: true, show_if: None }
}

fn version(before: Before) -> Record {
    let limits = Limits { upper: Some(Decimal::whole(10)), normal_to: Some(Decimal::whole(2)), ..Limits::default() };
    let questions = vec![
        question("pressure", Kind::Number { unit: "bar".into(), limits }),
        question("gas", Kind::Reading { meter: "gas".into(), unit: "m3".into(), limits: Limits::default() }),
    ];
    let checklist = Checklist { key: "boiler".into(), title: "Boiler".into(), before, questions };
    let mut row = Record::new(DocumentId::new("fl_checklist_version", VERSION));
    row.set("definition", Some(Value::Text(checklist.definition())));
    row
}

/// Mia's phone with a task at a site, and what else comes with it.
fn at_work(acts: Vec<Act>, rows: &[Record]) -> (Phone, DocumentId) {
    let (mut phone, mut office) = (Phone::new(), Office::task(7));
    let mut site = Record::new(DocumentId::new("cmn_location", SITE));
    site.set("name", Some(Value::text("Quay 3")));
    site.set("latitude", Some(Value::Decimal(Decimal { millionths: 43_738_400 })));
    site.set("longitude", Some(Value::Decimal(Decimal { millionths: 7_424_600 })));
    if !acts.is_empty() {
        office.edit(acts);
    }
    let mut entries: Vec<_> = rows.iter().chain([&site]).map(|record| row(record, 5)).collect();
    entries.extend(office.whole());
    phone.exchange(|answer| answer.entries = entries);
    (phone, office.id())
}

fn set(field: &str, value: Value) -> Act {
    Act::Set { field: field.into(), value: Some(value) }
}

fn step(document: &DocumentId, step: &str, fields: &[(&str, Value)]) -> Command {
    let fields = fields.iter().map(|(field, value)| ((*field).into(), Some(value.clone()))).collect();
    Command::Transition { document: document.clone(), step: step.into(), reason: None, fields, comment: None }
}

fn answer(document: &DocumentId, question: &str, answer: &str) -> Command {
    let (question, answer) = (question.to_owned(), answer.to_owned());
    Command::Answer { document: document.clone(), question, answer, photo: None }
}

fn includes() -> Act {
    Act::Include { field: "checklists".into(), item: VERSION }
}

fn picture() -> Captured {
    Captured { bytes: vec![1, 2, 3], file_name: "signature.png".into(), content_type: "image/png".into() }
}

#[test]
fn a_job_is_not_closed_before_its_checklist_is_done_and_the_phone_says_what_is_missing() {
    let (mut phone, task) = at_work(vec![includes()], &[version(Before::Complete)]);
    for name in ["accept", "start_work"] {
        phone.execute(step(&task, name, &[])).unwrap();
    }
    let missing = phone.execute(step(&task, "complete", &[])).unwrap_err().to_string();
    assert!(missing.contains("\"Boiler\" is not done") && missing.contains("\"gas\" is not answered"), "{missing}");
    let refused = phone.execute(answer(&task, "boiler.pressure", "12")).unwrap_err().to_string();
    assert!(refused.contains("boiler.pressure: 12 bar is more than 10 bar"), "{refused}");
    phone.execute(answer(&task, "boiler.pressure", "2.5")).unwrap();
    phone.execute(answer(&task, "boiler.gas", "1234.5")).unwrap();
    let view = phone.device.checklists(&task).unwrap().remove(0);
    assert_eq!(view.missing.iter().map(|missing| missing.key.as_str()).collect::<Vec<_>>(), ["boiler.pressure.remark"]);
    assert!(view.questions[0].warning.as_ref().unwrap().contains("above 2 bar"));
    assert!(phone.execute(step(&task, "complete", &[])).is_err());
    phone.execute(answer(&task, "boiler.pressure.remark", "let off some water")).unwrap();
    phone.execute(step(&task, "complete", &[])).unwrap();
    let details = phone.device.record(&task).unwrap().unwrap().details.unwrap();
    assert_eq!(details.readings[0].what.value.to_string(), "1234.5", "what answers a reading is one");
}

#[test]
fn work_does_not_begin_before_its_risk_assessment_and_goes_on_after_it() {
    let (mut phone, task) = at_work(vec![includes()], &[version(Before::StartWork)]);
    phone.execute(step(&task, "accept", &[])).unwrap();
    assert!(phone.execute(step(&task, "start_work", &[])).is_err());
    phone.execute(answer(&task, "boiler.pressure", "1")).unwrap();
    phone.execute(answer(&task, "boiler.gas", "5")).unwrap();
    phone.execute(step(&task, "start_work", &[])).unwrap();
    phone.execute(step(&task, "complete", &[])).unwrap();
}

#[test]
fn a_meter_shows_no_less_than_before_unless_it_was_replaced() {
    let mut earlier = Record::new(DocumentId::new("fl_meter_reading", SysId([0x61; 16])));
    earlier.set("asset", Some(Value::Reference(ASSET)));
    earlier.set("meter", Some(Value::text("gas")));
    earlier.set("value", Some(Value::Decimal(Decimal::whole(900))));
    earlier.set("read_at", Some(Value::Time(fieldline_model::Timestamp(1_700_000_000_000))));
    let (mut phone, task) = at_work(vec![set("asset", Value::Reference(ASSET))], &[earlier]);
    let read = |value: i64| {
        let (meter, unit, value) = ("gas".to_owned(), "m3".to_owned(), Decimal::whole(value));
        Command::Read { document: task.clone(), meter, value, unit }
    };
    let problem = phone.execute(read(12)).unwrap_err().to_string();
    assert!(problem.contains("12 is less than the 900") && problem.contains("the meter was replaced"), "{problem}");
    phone.execute(read(901)).unwrap();
    assert!(phone.execute(read(900)).is_err(), "what was read here counts, too");
    let replaced = OnSite::MeterReplaced { document: task.clone(), meter: "gas".into() };
    phone.execute(Command::OnSite(replaced)).unwrap();
    phone.execute(read(12)).unwrap();
    assert!(phone.execute(read(3)).is_err(), "the new meter does not fall either");
}

#[test]
fn an_arrival_elsewhere_needs_a_reason_and_says_how_far_it_was() {
    let (mut phone, task) = at_work(vec![set("location", Value::Reference(SITE))], &[]);
    let fix = |latitude| Some(Fix { place: Place::from_degrees(latitude, 7.4246).unwrap(), accuracy_metres: 8.0 });
    phone.device.moved_to(fix(43.7484));
    phone.execute(step(&task, "accept", &[])).unwrap();
    let problem = phone.execute(step(&task, "arrive", &[])).unwrap_err().to_string();
    assert!(problem.contains("1112 metres from Quay 3; say in a reason why"), "{problem}");
    let reason = [("check_in_reason", Value::text("the gate is at the other end"))];
    phone.execute(step(&task, "arrive", &reason)).unwrap();
    phone.device.moved_to(fix(43.7384));
    phone.execute(step(&task, "start_work", &[])).unwrap();
    let record = phone.device.record(&task).unwrap().unwrap().details.unwrap().record;
    assert_eq!(record.text("check_in_status"), "geofence_failed", "how the arrival went stays");
    assert_eq!(record.get("check_in_distance"), Some(&Value::Integer(1112)));
    assert_eq!(record.get("check_in_accuracy"), Some(&Value::Integer(8)));
}

#[test]
fn whoever_begins_without_having_arrived_is_checked_all_the_same_and_nobody_is_kept_out_without_a_position() {
    let (mut phone, task) = at_work(vec![set("location", Value::Reference(SITE))], &[]);
    phone.execute(step(&task, "accept", &[])).unwrap();
    phone.execute(step(&task, "start_work", &[])).unwrap();
    let record = phone.device.record(&task).unwrap().unwrap().details.unwrap().record;
    assert_eq!(record.text("check_in_status"), "offline_skipped_not_validated");
    assert_eq!(record.get("check_in_distance"), None);
}

#[test]
fn a_customer_signs_or_says_why_not_and_what_comes_later_is_counted() {
    let (mut phone, task) = at_work(vec![], &[]);
    let refuse = |reason: &str| {
        let (signer, reason) = ("customer".to_owned(), reason.to_owned());
        Command::OnSite(OnSite::RefuseSignature { document: task.clone(), signer, reason })
    };
    assert!(phone.execute(refuse(" ")).unwrap_err().to_string().contains("the reason why nobody signs is missing"));
    phone.execute(refuse("had left before the end")).unwrap();
    let signature = phone.device.signatures(&task).unwrap().remove(0);
    assert_eq!(signature.refused.as_deref(), Some("had left before the end"));
    let sign = |signer: &str| {
        let (signer, name) = (signer.to_owned(), "Lena Hofmann".to_owned());
        Command::OnSite(OnSite::Sign { document: task.clone(), signer, name, picture: picture() })
    };
    assert!(phone.execute(sign("neighbour")).unwrap_err().to_string().contains("use one of customer, technician"));
    phone.execute(sign("customer")).unwrap();
    phone.note(&task, "swept the floor");
    let signature = phone.device.signatures(&task).unwrap().remove(0);
    assert_eq!((signature.name.as_deref(), signature.edits_since), (Some("Lena Hofmann"), 1));
    assert_eq!(phone.device.file(signature.picture.unwrap()).unwrap().unwrap(), [1, 2, 3]);
}

#[test]
fn a_picture_that_was_drawn_on_stands_beside_the_one_it_was_drawn_on() {
    let (mut phone, task) = at_work(vec![], &[]);
    let photo = Command::AddPhoto { document: task.clone(), photo: picture(), thumbnail: None };
    phone.execute(photo).unwrap();
    let original = phone.device.record(&task).unwrap().unwrap().details.unwrap().attachments[0].what.blob;
    let drawn = Captured { bytes: vec![9], ..picture() };
    phone.execute(Command::OnSite(OnSite::MarkUp { document: task.clone(), original, picture: drawn })).unwrap();
    let shows = OnSite::NamePhoto { document: task.clone(), photo: original, shows: "before".into() };
    phone.execute(Command::OnSite(shows)).unwrap();
    let details = phone.device.record(&task).unwrap().unwrap().details.unwrap();
    assert_eq!(details.attachments[1].what.of, Some(original));
    assert_eq!(details.given(&format!("photo.{original}")).unwrap().text, "before");
    let nothing = fieldline_model::BlobHash([0; 32]);
    let strange = OnSite::MarkUp { document: task, original: nothing, picture: picture() };
    assert!(phone.execute(Command::OnSite(strange)).unwrap_err().to_string().contains("is no photo of it"));
}

#[test]
fn the_phone_knows_when_its_owner_has_to_be_heard_of_and_steps_count_as_signs_of_life() {
    let (mut phone, task) = at_work(vec![set("risk_level", Value::text("high"))], &[]);
    assert!(phone.device.safety(phone.now).unwrap().is_empty());
    phone.execute(step(&task, "accept", &[])).unwrap();
    phone.execute(step(&task, "start_work", &[])).unwrap();
    let began = phone.now;
    let timer = phone.device.safety(began).unwrap().remove(0);
    assert_eq!((timer.heard_at, timer.due_at), (began, began.plus_milliseconds(30 * 60_000)));
    assert!(phone.device.safety(began.plus_milliseconds(30 * 60_000)).unwrap()[0].is_overdue);
    phone.execute(Command::OnSite(OnSite::Help { document: task.clone() })).unwrap();
    assert!(phone.device.safety(phone.now).unwrap()[0].calls_for_help);
    phone.execute(Command::OnSite(OnSite::Safe { document: task.clone() })).unwrap();
    let timer = phone.device.safety(phone.now).unwrap().remove(0);
    assert_eq!((timer.calls_for_help, timer.heard_at), (false, phone.now));
    phone.execute(step(&task, "complete", &[])).unwrap();
    assert!(phone.device.safety(phone.now).unwrap().is_empty());
}

#[test]
fn an_expense_is_a_record_of_its_own_with_its_receipt() {
    let (mut phone, task) = at_work(vec![], &[]);
    let expense = Expense {
        document: task.clone(),
        purpose: "parking".into(),
        cost: Some("4.5".parse().unwrap()),
        currency: Some("EUR".into()),
        quantity: None,
        description: None,
        receipt: Some(picture()),
    };
    let nameless = Expense { currency: Some("euro".into()), ..expense.clone() };
    assert!(phone.execute(Command::OnSite(OnSite::Spend(nameless))).unwrap_err().to_string().contains("such as EUR"));
    let far = Expense { purpose: "mileage".into(), ..expense.clone() };
    assert!(
        phone.execute(Command::OnSite(OnSite::Spend(far))).unwrap_err().to_string().contains("how many kilometres")
    );
    let done = phone.execute(Command::OnSite(OnSite::Spend(expense))).unwrap();
    let details = phone.device.record(&done.document).unwrap().unwrap().details.unwrap();
    assert_eq!(details.record.reference("task"), Some(task.sys_id));
    assert_eq!(details.record.get("cost").unwrap().to_string(), "4.5");
    assert_eq!((details.record.text("state"), details.attachments.len()), ("incurred", 1));
}

#[test]
fn a_defect_and_another_visit_begin_with_what_the_job_knows() {
    let (mut phone, task) = at_work(vec![set("location", Value::Reference(SITE))], &[]);
    let follow = |table: &str| {
        let short_description = "Pump is worn".to_owned();
        Command::OnSite(OnSite::FollowUp { document: task.clone(), table: table.into(), short_description })
    };
    let visit = phone.execute(follow("wm_task")).unwrap().document;
    let visit = phone.device.record(&visit).unwrap().unwrap().details.unwrap().record;
    assert_eq!((visit.reference("location"), visit.text("number")), (Some(SITE), "WOT0000100"));
    assert_eq!(visit.reference("assigned_to"), None, "dispatch hands it out");
    assert!(phone.execute(follow("problem")).unwrap_err().to_string().contains("open a wm_task or an incident"));
    phone.exchange(|answer| {
        answer.numbers = vec![fieldline_model::number::NumberBlock { prefix: "INC".into(), next: 1, end: 2 }];
    });
    let defect = phone.execute(follow("incident")).unwrap().document;
    let defect = phone.device.record(&defect).unwrap().unwrap().details.unwrap().record;
    assert_eq!((defect.reference("caller_id"), defect.reference("parent")), (Some(MIA), Some(task.sys_id)));
    assert_eq!(defect.text("description"), "Found on WOT0000007: Boiler leaks");
}

#[test]
fn time_goes_by_on_breaks_and_paperwork_too() {
    let (mut phone, task) = at_work(vec![], &[]);
    let log = |kind: &str| Command::LogTime {
        document: task.clone(),
        kind: kind.into(),
        started_at: fieldline_model::Timestamp(0),
        ended_at: fieldline_model::Timestamp(60_000),
    };
    for kind in ["travel", "work", "break", "admin", "other"] {
        phone.execute(log(kind)).unwrap();
    }
    let problem = phone.execute(log("lunch")).unwrap_err().to_string();
    assert!(problem.contains("use one of travel, work, break, admin, other"), "{problem}");
    assert_eq!(pushed(&phone.request()).len(), 5);
}
