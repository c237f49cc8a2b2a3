//! A service report made in a cellar, and what it is worth to whoever is handed it later.

use std::process::Command as Program;

use fieldline_device::{Captured, Command};
use fieldline_model::DocumentId;
use fieldline_stories::{ADMINISTRATOR, Office, PASSWORD, Technician};
use reqwest::Method;
use serde_json::json;

/// A grey square as PNG: what a finger leaves on a screen, as far as a PDF is concerned.
fn signature() -> Captured {
    let digits = "89504e470d0a1a0a0000000d49484452000000010000000108020000009077\
                  53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082";
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16).expect("digits");
    let bytes = digits.as_bytes().chunks(2).map(byte).collect();
    Captured { bytes, file_name: "Frau Keller.png".into(), content_type: "image/png".into() }
}

fn works_in_the_cellar(mia: &Technician, task: &DocumentId) -> Vec<u8> {
    mia.takes(task, &["accept", "start_travel", "arrive", "start_work"]);
    mia.answers(task, "gas_off", "yes");
    mia.notes(task, "The customer is difficult");
    mia.does(Command::Comment { document: task.clone(), text: "Please watch the gauge for a week".into() });
    mia.takes(task, &["complete"]);
    mia.does(Command::AddSignature { document: task.clone(), signature: signature() });
    mia.does(Command::AddReport { document: task.clone() });
    let details = mia.sees(task).and_then(|view| view.details).expect("the job is on the phone");
    let report = details.attachments.last().expect("the report was added").what.blob;
    mia.phone().file(report).expect("a phone reads its own files").expect("it was made here")
}

/// What a program of poppler prints.
fn prints(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Program::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|problem| panic!("{program} of poppler-utils ({problem}); install it"));
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{program}: {complaints}");
    output.stdout
}

#[test]
fn a_report_made_offline_opens_everywhere_and_tells_when_a_byte_was_changed() {
    let office = Office::open();
    let mia = office.technician("mia");
    let task = office.sends(&mia, "Boiler does not heat");
    mia.syncs();
    let report = works_in_the_cellar(&mia, &task);
    let folder = tempfile::tempdir().expect("there is room");
    let file = folder.path().join("report.pdf");
    std::fs::write(&file, &report).expect("there is room");
    let path = file.to_str().expect("a plain path");

    let said = String::from_utf8(prints("pdftotext", &["-layout", path, "-"])).expect("pdftotext writes UTF-8");
    for words in
        ["Service report WOT", "Boiler does not heat", "Closed Complete", "Please watch the gauge", "Frau Keller"]
    {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    assert!(!said.contains("difficult"), "work notes stay in the house");
    assert!(prints("pdftoppm", &["-r", "40", path]).starts_with(b"P6"), "a picture of the first page");

    let (verified, why) = office.runs(&["report", "verify", path], "");
    assert!(!verified, "the work has not arrived");
    assert!(why.contains("not verified"), "{why}");
    mia.syncs();
    let (verified, said) = office.runs(&["report", "verify", path], "");
    assert!(verified, "{said}");
    for words in ["made by   mia", "seal      holds", "chain     holds", "attached  as"] {
        assert!(said.contains(words), "{words} is not in {said}");
    }

    for at in [9, report.len() / 2, report.len() - 40] {
        let mut changed = report.clone();
        changed[at] ^= 1;
        std::fs::write(&file, &changed).expect("there is room");
        let (verified, _) = office.runs(&["report", "verify", path], "");
        assert!(!verified, "byte {at} was changed");
    }
}

#[test]
fn whoever_has_only_paper_or_only_a_browser_can_ask_too() {
    let office = Office::open();
    let mia = office.technician("mia");
    let task = office.sends(&mia, "Boiler does not heat");
    mia.syncs();
    let report = works_in_the_cellar(&mia, &task);
    mia.syncs();
    let verify = |body: Vec<u8>| {
        let request = office.request(Method::POST, "/api/v1/reports/verify").basic_auth(ADMINISTRATOR, Some(PASSWORD));
        office.sends_request(request.header("content-type", "application/octet-stream").body(body))
    };
    let answer = verify(report.clone());
    assert_eq!((answer.status, &answer.body["is_verified"]), (200, &json!(true)), "{}", answer.body);

    let seal = fieldline_report::Seal::read(&report).expect("is sealed");
    let device = mia.phone().enrolment().expect("is enrolled").clone();
    let stamp = fieldline_report::Stamp::new(&seal.origin, seal.digest, &|message| device.key.sign(message));
    let code = stamp.text();
    let answer = verify(code.clone().into_bytes());
    assert_eq!((&answer.body["is_verified"], &answer.body["record"]), (&json!(true), &json!(task.to_string())));
    let other = if code.ends_with('0') { "1" } else { "0" };
    let forged = format!("{}{other}", &code[..code.len() - 1]);
    assert_eq!(verify(forged.into_bytes()).body["is_genuine"], json!(false));
    let answer = verify(b"%PDF-1.7 of somebody else".to_vec());
    assert!(answer.status == 400 && answer.detail().contains("no seal"), "{}", answer.body);
}
