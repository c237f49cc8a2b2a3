//! Somebody between the phone and the server answers in the server's place, in every way portals, proxies and broken lines
//! are known to.
//!
//! Each row of the table is one behaviour. Whatever it is, the phone takes nothing for acknowledged that the server does not
//! have, its queue stays whole, and the next sync on a free line delivers everything once. Some proxies alter what does not
//! matter; what is still the server's own answer then counts, which shows that the table does not pass by refusing all.

use std::io::Write;

use fieldline_device::runtime::now;
use fieldline_device::view::Fate;
use fieldline_model::DocumentId;
use fieldline_stories::{Ends, Line, Listens, Office, Portal, Real, Technician, noise};
use fieldline_sync::frame::{self, MEDIA_TYPE};
use fieldline_sync::session::{Event, Replica};
use fieldline_sync::wire::WIRE_VERSION;
use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;

const PAGE: &str = "<html><body>Welcome to the hotel. Please accept our terms.</body></html>";
const SCRIPT: &[u8] = b"<script src=//ads.example></script>";

/// What a behaviour comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ComesTo {
    /// A try that failed, to be repeated.
    Nothing,
    /// A stop until somebody signs in: a server of ours that does not know this phone.
    ASignIn,
    /// The server's own answer, which counts.
    TheAnswer,
}
use ComesTo::{ASignIn, Nothing, TheAnswer};

struct Row(&'static str, ComesTo, Portal);

fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn ours(body: &[u8]) -> Vec<u8> {
    http("200 OK", &format!("Content-Type: {MEDIA_TYPE}\r\n"), body)
}

fn html(status: &str) -> Portal {
    Portal::says(http(status, "Content-Type: text/html\r\n", PAGE.as_bytes()))
}

fn typed(status: &str, media_type: &str, body: &str) -> Portal {
    Portal::says(http(status, &format!("Content-Type: {media_type}\r\n"), body.as_bytes()))
}

/// The server's own body in another envelope.
fn body_as(twist: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Portal {
    Portal::twists(move |real: &Real| ours(&twist(&real.body)))
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n");
    let (first, second) = body.split_at(body.len() / 2);
    let mut chunks = head.into_bytes();
    for chunk in [first, second] {
        chunks.extend(format!("{:x}\r\n", chunk.len()).bytes());
        chunks.extend([chunk, b"\r\n"].concat());
    }
    [chunks, b"0\r\n\r\n".to_vec()].concat()
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).expect("in memory");
    encoder.finish().expect("in memory")
}

/// Statuses of portals, proxies and servers in trouble.
fn statuses() -> Vec<Row> {
    let foreign = r#"{"error":"please log in"}"#;
    let of_others = r#"{"type":"about:blank","title":"Forbidden","status":403}"#;
    let redirect = |status: &str| Portal::says(http(status, "Location: http://127.0.0.1:9/login\r\n", b""));
    vec![
        Row("301 to another address", Nothing, redirect("301 Moved Permanently")),
        Row("302 to a login", Nothing, redirect("302 Found")),
        Row("307 to a portal that takes posts", Nothing, redirect("307 Temporary Redirect")),
        Row("304 not modified", Nothing, Portal::says("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n")),
        Row("200 with a page", Nothing, html("200 OK")),
        Row("200 with a page under our media type", Nothing, typed("200 OK", MEDIA_TYPE, PAGE)),
        Row("200 with nothing under our media type", Nothing, typed("200 OK", MEDIA_TYPE, "")),
        Row("202 with our media type", Nothing, typed("202 Accepted", MEDIA_TYPE, "queued")),
        Row("204 no content", Nothing, Portal::says("HTTP/1.1 204 No Content\r\n\r\n")),
        Row("205 reset content", Nothing, Portal::says("HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n")),
        Row("401 with a login page", Nothing, html("401 Unauthorized")),
        Row("401 in somebody else's JSON", Nothing, typed("401 Unauthorized", "application/json", foreign)),
        Row("403 with a block page", Nothing, html("403 Forbidden")),
        Row("403 as a problem of others", Nothing, typed("403 Forbidden", "application/problem+json", of_others)),
        Row("407 proxy authentication", Nothing, html("407 Proxy Authentication Required")),
        Row("408 request timeout", Nothing, html("408 Request Timeout")),
        Row("413 too large for the proxy", Nothing, html("413 Content Too Large")),
        Row("426 with a page", Nothing, html("426 Upgrade Required")),
        Row(
            "429 with a time to come back",
            Nothing,
            Portal::says(http("429 Too Many Requests", "Retry-After: 1\r\n", b"")),
        ),
        Row("451 blocked by law", Nothing, html("451 Unavailable For Legal Reasons")),
        Row("500 of a proxy", Nothing, html("500 Internal Server Error")),
        Row("502 bad gateway", Nothing, html("502 Bad Gateway")),
        Row(
            "503 with a time to come back",
            Nothing,
            Portal::says(http("503 Service Unavailable", "Retry-After: 1\r\n", b"")),
        ),
        Row("504 gateway timeout", Nothing, html("504 Gateway Timeout")),
        Row("511 network authentication required", Nothing, html("511 Network Authentication Required")),
    ]
}

/// The server's own answer, spoilt on the way back.
fn spoilt() -> Vec<Row> {
    let part = |real: &Real| {
        let range = format!("Content-Type: {MEDIA_TYPE}\r\nContent-Range: bytes 0-9/99\r\n");
        http("206 Partial Content", &range, &real.body)
    };
    let long = |real: &Real| {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {}\r\n\r\n", real.body.len() + 9);
        [head.as_bytes(), &real.body].concat()
    };
    let short = |real: &Real| {
        let head =
            format!("HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\nContent-Length: {}\r\n\r\n", real.body.len() - 9);
        [head.as_bytes(), &real.body].concat()
    };
    let until_it_closes = |real: &Real| {
        let head = format!("HTTP/1.0 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\n\r\n");
        [head.as_bytes(), &real.body[..real.body.len() - 1]].concat()
    };
    let said_to_be_gzip =
        |body: &[u8]| http("200 OK", &format!("Content-Type: {MEDIA_TYPE}\r\nContent-Encoding: gzip\r\n"), body);
    let flipped = |body: &[u8]| {
        let mut body = body.to_vec();
        let middle = body.len() / 2;
        body[middle] ^= 4;
        body
    };
    vec![
        Row("206 with a part", Nothing, Portal::twists(part)),
        Row("a length too long", Nothing, Portal::twists(long)),
        Row("a length too short", Nothing, Portal::twists(short)),
        Row("no length, cut by one byte", Nothing, Portal::twists(until_it_closes)),
        Row(
            "chunks without an end",
            Nothing,
            Portal::twists(|real| {
                let whole = chunked(&real.body);
                whole[..whole.len() - 9].to_vec()
            }),
        ),
        Row("gzip around the answer", Nothing, Portal::twists(move |real| said_to_be_gzip(&gzipped(&real.body)))),
        Row("noise said to be gzip", Nothing, Portal::says(said_to_be_gzip(&noise(300)))),
        Row("one bit wrong", Nothing, body_as(flipped)),
        Row("a script before the answer", Nothing, body_as(|body| [SCRIPT, body].concat())),
        Row("a script after the answer", Nothing, body_as(|body| [body, SCRIPT].concat())),
        Row("a byte order mark before the answer", Nothing, body_as(|body| [b"\xef\xbb\xbf", body].concat())),
        Row("the answer twice", Nothing, body_as(|body| [body, body].concat())),
        Row(
            "the answer under another media type",
            Nothing,
            Portal::twists(|real| http("200 OK", "Content-Type: application/octet-stream\r\n", &real.body)),
        ),
        Row("the answer without a media type", Nothing, Portal::twists(|real| http("200 OK", "", &real.body))),
        Row("the question for an answer", Nothing, Portal::twists(|real| ours(&real.asked))),
        Row(
            "a reset in the middle of the answer",
            Nothing,
            Portal::twists(|real| [&real.head[..], &real.body[..real.body.len() / 2]].concat()).ending(Ends::InAReset),
        ),
    ]
}

/// Connections that end badly, and noise on them.
fn connections() -> Vec<Row> {
    let nothing = || Portal::says([]);
    let flood: String = (0..2_000).map(|number| format!("X-Header-{number}: {number:0100}\r\n")).collect();
    let endless = format!("HTTP/1.1 200 OK\r\nContent-Type: {MEDIA_TYPE}\r\n\r\nFL");
    vec![
        Row("closed at once", Nothing, nothing().after(Listens::NotAtAll)),
        Row("reset at once", Nothing, nothing().after(Listens::NotAtAll).ending(Ends::InAReset)),
        Row(
            "reset after the head of the question",
            Nothing,
            nothing().after(Listens::ToTheHead).ending(Ends::InAReset),
        ),
        Row("reset after the question", Nothing, nothing().ending(Ends::InAReset)),
        Row("closed after the question", Nothing, nothing()),
        Row("closed within the head of the answer", Nothing, Portal::says("HTTP/1.1 200 OK\r\nContent-Ty")),
        Row("an answer before the question was read", Nothing, html("200 OK").after(Listens::NotAtAll)),
        Row("another protocol", Nothing, Portal::says("SSH-2.0-portal\r\n")),
        Row("noise", Nothing, Portal::says(noise(500))),
        Row("a page without a head, as in HTTP/0.9", Nothing, Portal::says(PAGE)),
        Row("a flood of headers", Nothing, Portal::says(format!("HTTP/1.1 200 OK\r\n{flood}\r\n"))),
        Row("a body without end", Nothing, Portal::says(endless).ending(Ends::Never)),
        Row(
            "101 to another protocol",
            Nothing,
            Portal::says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
        ),
        Row("100 and then nothing", Nothing, Portal::says("HTTP/1.1 100 Continue\r\n\r\n")),
    ]
}

/// Answers that are real, but not to this question or not of this server.
fn of_others(office: &Office, elsewhere: &Office, mia: &Technician, bob: &Technician) -> Vec<Row> {
    let stranger = elsewhere.technician("mia");
    let unknown = elsewhere.asks_sync("a token of nobody", &[]);
    let refused = http("401 Unauthorized", "Content-Type: application/problem+json\r\n", &unknown);
    vec![
        Row("an old answer out of a cache", Nothing, Portal::says(ours(&answer_to(office, mia)))),
        Row("the answer to another phone", Nothing, Portal::says(ours(&answer_to(office, bob)))),
        Row("the answer of another server", Nothing, Portal::says(ours(&answer_to(elsewhere, &stranger)))),
        Row("another server, which knows nobody here", ASignIn, Portal::says(refused)),
    ]
}

/// What proxies do that changes nothing.
fn harmless() -> Vec<Row> {
    let after = |hint: &'static str| Portal::twists(move |real| [hint.as_bytes(), &real.head, &real.body].concat());
    let renamed = format!("Content-Type: {}; charset=utf-8\r\n", MEDIA_TYPE.to_uppercase());
    vec![
        Row("100 first", TheAnswer, after("HTTP/1.1 100 Continue\r\n\r\n")),
        Row(
            "103 with hints first",
            TheAnswer,
            after("HTTP/1.1 103 Early Hints\r\nLink: </x.css>; rel=preload\r\n\r\n"),
        ),
        Row("the media type in capitals", TheAnswer, Portal::twists(move |real| http("200 OK", &renamed, &real.body))),
        Row("in chunks", TheAnswer, Portal::twists(|real| chunked(&real.body))),
        Row("bytes after the end", TheAnswer, Portal::twists(|real| [&real.head, &real.body, SCRIPT].concat())),
    ]
}

#[test]
fn whatever_a_portal_answers_the_phone_takes_nothing_for_an_acknowledgement_and_syncs_once_it_is_gone() {
    let (office, elsewhere) = (Office::open(), Office::open());
    let line = Line::to(&office);
    let (mia, bob) = (office.technician_behind(&line, "mia"), office.technician("bob"));
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();
    bob.syncs();
    let others = of_others(&office, &elsewhere, &mia, &bob);
    let table: Vec<Row> = [statuses(), spoilt(), connections(), others, harmless()].into_iter().flatten().collect();
    assert!(table.len() >= 60, "{} behaviours", table.len());
    for Row(what, comes_to, portal) in &table {
        endures(&office, &line, &mia, &task, what, *comes_to, portal.clone());
    }
    let notes: Vec<&str> = table.iter().map(|Row(what, ..)| *what).collect();
    assert_eq!(office.another_phone_of(&mia).notes_on(&task), notes, "each once, in order");
}

#[test]
fn an_answer_that_drips_or_never_comes_is_given_up() {
    let office = Office::open();
    let dripping = Portal::twists(|real| [&real.head[..], &real.body].concat()).ending(Ends::InDrips);
    let silent = Portal::says([]).ending(Ends::InSilence);
    let half_silent = Portal::twists(|real| [&real.head[..], &real.body[..9]].concat()).ending(Ends::InSilence);
    std::thread::scope(|threads| {
        for (name, what, portal) in [
            ("mia", "an answer in drips", dripping),
            ("bob", "silence", silent),
            ("eva", "silence after nine bytes", half_silent),
        ] {
            let office = &office;
            threads.spawn(move || {
                let line = Line::to(office);
                let phone = office.technician_behind(&line, name);
                let task = office.sends(&phone, "Replace the pump");
                phone.syncs();
                endures(office, &line, &phone, &task, what, Nothing, portal);
            });
        }
    });
}

#[test]
fn a_phone_that_wants_tls_takes_nothing_from_who_answers_without() {
    let office = Office::open();
    let line = Line::to(&office);
    let mia = office.technician_behind(&line, "mia");
    let task = office.sends(&mia, "Replace the pump");
    mia.syncs();
    let plain = mia.phone().enrolment().expect("it is enrolled").clone();
    let secured = fieldline_device::Enrolment { server: line.url().replace("http:", "https:"), ..plain.clone() };
    mia.phone().enrol(secured).expect("a sound disk");
    mia.notes(&task, "no TLS");
    for portal in [html("200 OK").after(Listens::NotAtAll), Portal::says(noise(200)).after(Listens::NotAtAll)] {
        line.is_captured(portal);
        assert!(matches!(mia.tries_to_sync()[..], [Event::Failed { .. }]));
    }
    line.is_freed();
    assert!(matches!(mia.tries_to_sync()[..], [Event::Failed { .. }]), "the server itself speaks no TLS here");
    mia.phone().enrol(plain).expect("a sound disk");
    mia.syncs();
    assert_eq!(office.another_phone_of(&mia).notes_on(&task), ["no TLS"]);
}

/// One row: the phone works, syncs into the portal, believes nothing that is not so, and syncs once the portal is gone.
fn endures(
    office: &Office,
    line: &Line,
    phone: &Technician,
    task: &DocumentId,
    what: &str,
    comes_to: ComesTo,
    portal: Portal,
) {
    phone.notes(task, what);
    let settled = acknowledged(phone);
    line.is_captured(portal);
    let events = phone.tries_to_sync();
    let expected = match comes_to {
        Nothing => matches!(events[..], [Event::Failed { .. }]),
        ASignIn => events == [Event::NeedsSignIn],
        TheAnswer => events.iter().any(|event| matches!(event, Event::Synced { .. })),
    };
    assert!(expected, "{what} comes to {comes_to:?}, not to {events:?}");
    let new = acknowledged(phone) - settled;
    assert_eq!(new, usize::from(comes_to == TheAnswer), "{what}: edits taken for acknowledged");
    let times = |notes: &str| notes.lines().filter(|line| *line == what).count();
    if new > 0 {
        assert_eq!(times(&work_notes(office, task)), 1, "{what}: what was acknowledged is there");
    }
    let outbox = phone.phone().outbox().expect("a phone reads its outbox");
    assert_eq!(outbox.len(), settled + 1, "{what}: the queue is whole");
    line.is_freed();
    phone.syncs();
    assert_eq!(acknowledged(phone), settled + 1, "{what}: delivered once it is gone");
    assert_eq!(times(&work_notes(office, task)), 1, "{what}: delivered once");
}

/// The server's work notes, as the dispatcher reads them.
fn work_notes(office: &Office, task: &DocumentId) -> String {
    let path = format!("/api/now/table/{task}?sysparm_display_value=true&sysparm_fields=work_notes");
    let answer = office.asks(fieldline_stories::DISPATCHER, Method::GET, &path, None);
    answer.body["result"]["work_notes"].as_str().expect("a journal").to_owned()
}

/// How many edits a phone takes for acknowledged.
fn acknowledged(phone: &Technician) -> usize {
    let outbox = phone.phone().outbox().expect("a phone reads its outbox");
    outbox.iter().filter(|edit| matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge)).count()
}

/// What a server answers a phone that asks where it stands: as good as any answer, but to another question.
fn answer_to(office: &Office, phone: &Technician) -> Vec<u8> {
    let request = phone.phone().outgoing(1, now()).expect("a phone can say where it stands");
    let token = phone.phone().enrolment().expect("it is enrolled").token.clone();
    office.asks_sync(&token, &frame::encode_request(&request, WIRE_VERSION))
}
