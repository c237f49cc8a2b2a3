//! What a service report says, and what it never says.

use std::collections::BTreeMap;

use super::world::{MIA, Office, Phone, row};
use crate::on_site::OnSite;
use crate::{Captured, Command, DeviceError};
use fieldline_model::{Decimal, DocumentId, Record, SysId, Value};
use fieldline_report::{Block, Seal, Sheet, Stamp};

const SITE: SysId = SysId([0x51; 16]);
const MODEL: SysId = SysId([0x52; 16]);

fn worked_on() -> (Phone, DocumentId) {
    let (mut phone, office) = (Phone::new(), Office::task(7));
    let mut site = Record::new(DocumentId::new("cmn_location", SITE));
    site.set("name", Some(Value::text("Harbour")));
    site.set("street", Some(Value::text("Quai 3")));
    let mut model = Record::new(DocumentId::new("cmdb_model", MODEL));
    model.set("display_name", Some(Value::text("Seal ring 40")));
    phone.exchange(|answer| {
        answer.entries = office.whole();
        answer.entries.extend([row(&site, 90), row(&model, 91)]);
    });
    let id = office.id();
    let document = || id.clone();
    let step = |step: &str| {
        let (step, fields) = (step.to_owned(), BTreeMap::new());
        Command::Transition { document: document(), step, reason: None, fields, comment: None }
    };
    let location = BTreeMap::from([("location".into(), Some(Value::Reference(SITE)))]);
    let value = Decimal { millionths: 2_500_000 };
    for command in [
        Command::SetFields { document: document(), fields: location },
        step("accept"),
        step("start_work"),
        Command::Answer { document: document(), question: "gas_off".into(), answer: "yes".into(), photo: None },
        Command::UsePart { document: document(), model: MODEL, quantity: 2, asset: None, stockroom: None },
        Command::Read { document: document(), meter: "pressure".into(), value, unit: "bar".into() },
        Command::Comment { document: document(), text: "Please watch the gauge".into() },
        Command::WorkNote { document: document(), text: "Customer is difficult".into() },
        Command::AddSignature { document: document(), signature: file("signature.png") },
        step("complete"),
        Command::OnSite(OnSite::RefuseSignature {
            document: document(),
            signer: "customer".into(),
            reason: "went home".into(),
        }),
    ] {
        phone.execute(command).unwrap();
    }
    (phone, id)
}

fn file(name: &str) -> Captured {
    Captured { bytes: name.as_bytes().to_vec(), file_name: name.into(), content_type: "image/png".into() }
}

fn words(sheet: &Sheet) -> String {
    serde_json::to_string(sheet).unwrap()
}

#[test]
fn a_report_says_what_was_done_and_never_what_only_the_house_may_know() {
    let (phone, id) = worked_on();
    let (sheet, origin) = phone.device.sheet_of(&id, phone.now).unwrap();
    let said = words(&sheet);
    for word in [
        "Service report WOT0000007",
        "Boiler leaks",
        "Harbour",
        "Quai 3",
        "Closed Complete",
        "gas_off",
        "yes",
        "Seal ring 40",
        "2.5 bar",
        "Please watch the gauge",
        "Mia Roux",
        "signature.png",
    ] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
    assert!(!said.contains("difficult") && !said.contains("safety."), "{said}");
    assert_eq!(origin.record, id);
    assert_eq!(origin.heads.len(), 1);
}

#[test]
fn a_report_is_attached_as_a_file_of_the_task_and_its_seal_names_what_came_before_it() {
    let (mut phone, id) = worked_on();
    let before = phone.device.sheet_of(&id, phone.now).unwrap().1.heads;
    phone.execute(Command::AddReport { document: id.clone() }).unwrap();
    let details = phone.device.record(&id).unwrap().expect("is here").details.expect("has a document");
    let report = &details.attachments.last().expect("was attached").what;
    assert_eq!(report.file_name, "WOT0000007 2027-01-15.pdf");
    let bytes = phone.device.file(report.blob).unwrap().expect("is here");
    let seal = Seal::read(&bytes).unwrap();
    assert_eq!(seal.origin.heads, before);
    let key = phone.device.enrolment().unwrap().key.public_key();
    assert!(seal.is_by(&key));
    assert_eq!(phone.device.sync_status().unwrap().unsent_files, 2);
}

#[test]
fn what_is_not_on_the_phone_is_counted_and_not_shown() {
    let (mut phone, id) = worked_on();
    for number in 0..30 {
        let photo = file(&format!("photo {number}.jpg"));
        phone.execute(Command::AddPhoto { document: id.clone(), photo, thumbnail: None }).unwrap();
    }
    let (sheet, _) = phone.device.sheet_of(&id, phone.now).unwrap();
    let photos = sheet.sections.iter().find(|section| section.heading == "Photos").expect("has photos");
    let [Block::Pictures(pictures), Block::Text(rest)] = &photos.blocks[..] else { panic!("{photos:?}") };
    assert_eq!((pictures.len(), rest.as_str()), (24, "6 more, not shown here, are kept with the record."));
}

#[test]
fn only_a_task_has_a_report() {
    let phone = Phone::new();
    let order = DocumentId::new("wm_order", SysId([9; 16]));
    assert!(matches!(phone.device.service_report(&order, phone.now), Err(DeviceError::NoReport(_))));
    let elsewhere = DocumentId::new("wm_task", SysId([9; 16]));
    assert!(matches!(phone.device.service_report(&elsewhere, phone.now), Err(DeviceError::NotHere(_))));
    assert_eq!(Stamp::parse(&MIA.to_string()), None);
}
