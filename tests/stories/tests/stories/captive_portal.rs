//! Somebody between the phone and the server answers in the server's place.

use fieldline_device::runtime::now;
use fieldline_device::view::Fate;
use fieldline_stories::{Line, Office, Technician};
use fieldline_sync::frame::{self, MEDIA_TYPE};
use fieldline_sync::session::{Event, Replica};
use fieldline_sync::wire::WIRE_VERSION;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

#[test]
fn whatever_a_portal_answers_the_phone_takes_nothing_for_an_acknowledgement_and_syncs_once_it_is_gone() {
    let office = Office::open();
    let line = Line::to(&office);
    let mia = office.technician_behind(&line, "mia");
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();

    let old = an_old_answer(&office, &mia);
    let page = "<html><body>Welcome to the hotel. Please accept our terms.</body></html>";
    let answers = [
        ("a page", http("200 OK", "Content-Type: text/html\r\n", page.as_bytes())),
        ("a redirect", http("302 Found", "Location: http://127.0.0.1:9/login\r\n", b"")),
        ("network authentication required", http("511 Network Authentication Required", "", page.as_bytes())),
        ("a login", http("401 Unauthorized", "Content-Type: text/html\r\n", page.as_bytes())),
        ("a block page", http("403 Forbidden", "Content-Type: text/html\r\n", page.as_bytes())),
        ("nothing", Vec::new()),
        ("noise", b"\x00\x01\x02SSH-2.0-portal\r\n".to_vec()),
        ("a page that claims to be a frame", ours(page.as_bytes())),
        ("an empty frame", ours(b"")),
        ("half a frame", ours(&old[..old.len() / 2])),
        ("a frame of which half arrives", {
            let whole = ours(&old);
            whole[..whole.len() - old.len() / 2].to_vec()
        }),
        ("an answer of the server to an earlier question", ours(&old)),
    ];
    for (number, (what, answer)) in answers.iter().enumerate() {
        line.is_captured(answer);
        mia.notes(&task, &format!("note {number}"));
        let events = mia.tries_to_sync();
        let failed = matches!(events[..], [Event::Failed { .. }]);
        assert!(failed, "{what} is a failed try: {events:?}");
        assert!(acknowledged(&mia).is_empty(), "{what} acknowledges nothing");
    }
    assert_eq!(office.another_phone_of(&mia).notes_on(&task), [""; 0]);

    line.is_freed();
    mia.syncs();
    assert_eq!(acknowledged(&mia).len(), answers.len());
    let notes: Vec<String> = (0..answers.len()).map(|number| format!("note {number}")).collect();
    assert_eq!(office.another_phone_of(&mia).notes_on(&task), notes, "each once, in order");
}

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ours(body: &[u8]) -> Vec<u8> {
    http("200 OK", &format!("Content-Type: {MEDIA_TYPE}\r\n"), body)
}

/// An answer the server really gave to this phone, as a caching proxy would keep it.
fn an_old_answer(office: &Office, mia: &Technician) -> Vec<u8> {
    let request = mia.phone().outgoing(1, now()).expect("a phone can say where it stands");
    let token = mia.phone().enrolment().expect("it is enrolled").token.clone();
    let request = office
        .request(Method::POST, "/api/v1/sync")
        .bearer_auth(token)
        .header(CONTENT_TYPE, MEDIA_TYPE)
        .body(frame::encode_request(&request, WIRE_VERSION));
    let answer = office.sends_request(request);
    assert_eq!(answer.status, 200);
    answer.bytes
}

fn acknowledged(phone: &Technician) -> Vec<u64> {
    let mut outbox = phone.phone().outbox().expect("a phone reads its outbox");
    outbox.retain(|edit| matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge));
    outbox.into_iter().map(|edit| edit.counter).collect()
}
