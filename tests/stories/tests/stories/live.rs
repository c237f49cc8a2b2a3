//! Phones that are on are woken by what concerns them, within a second and for next to nothing.

use std::time::{Duration, Instant};

use fieldline_model::DocumentId;
use fieldline_stories::{ADMINISTRATOR, Line, Office, Portal, SwitchedOn, Technician, pause_milliseconds, wait};
use fieldline_sync::live::MEDIA_TYPE;
use fieldline_sync::session::Event;
use reqwest::Method;
use serde_json::json;

/// What the issue of a change may take to reach another phone.
const A_SECOND: Duration = Duration::from_secs(1);
/// What a busy machine that builds other things meanwhile may take; no story about speed uses it.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn what_a_dispatcher_does_reaches_the_phone_within_a_second_and_leaves_others_asleep() {
    let office = Office::open();
    let (mia, bob) = (office.technician("mia"), office.technician("bob"));
    let task = office.sends(&mia, "Replace the pump");
    let (mut mias, mut bobs) = (mia.leaves_it_on(), bob.leaves_it_on());
    waits_until(PATIENCE, "both are in step", || synced(&mut mias) && synced(&mut bobs));
    pause_milliseconds(1_000);
    mias.events();
    bobs.events();
    let mut times = Vec::new();
    for number in 0..10 {
        let title = format!("Replace pump {number}");
        office.changes(&task, &json!({ "short_description": title }));
        times.push(waits_until(PATIENCE, "the new title is on the phone", || title_of(&mia, &task) == title));
        pause_milliseconds(100);
    }
    times.sort_unstable();
    println!("a change was on the other phone after {times:?}");
    assert!(times[times.len() / 2] <= A_SECOND, "half of the changes within a second: {times:?}");
    assert_eq!(bobs.events(), [], "nothing of it is bob's to know");
}

#[test]
fn a_phone_is_not_woken_by_its_own_work() {
    let office = Office::open();
    let mia = office.technician("mia");
    let task = office.sends(&mia, "Replace the pump");
    let mut phone = mia.leaves_it_on();
    waits_until(PATIENCE, "mia is in step", || mia.sees(&task).is_some() && synced(&mut phone));
    pause_milliseconds(1_500);
    phone.events();
    mia.notes(&task, "the valve is stuck");
    mia.runtime().poke();
    pause_milliseconds(2_500);
    let answers = phone.events().into_iter().filter(|event| matches!(event, Event::Absorbed(_))).count();
    assert_eq!(answers, 1, "one exchange carries the note, none follows it");
}

#[test]
fn a_portal_that_answers_the_stream_changes_nothing_and_the_phone_is_woken_again_once_it_is_gone() {
    let office = Office::open();
    let line = Line::to(&office);
    let mia = office.technician_behind(&line, "mia");
    let task = office.sends(&mia, "Replace the pump");
    let mut phone = mia.leaves_it_on();
    waits_until(PATIENCE, "mia is in step", || mia.sees(&task).is_some() && synced(&mut phone));

    let advertisement = "data: buy now\n\n".repeat(100);
    for (content_type, body) in [("text/html", "<html>Welcome</html>"), (MEDIA_TYPE, advertisement.as_str())] {
        let length = body.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n");
        line.is_captured(Portal::says(format!("{head}{body}")));
        mia.notes(&task, content_type);
        pause_milliseconds(3_000);
        mia.runtime().poke();
        let outbox = mia.phone().sync_status().expect("a status");
        assert!(outbox.unsent_edits > 0, "{content_type} took nothing");
        let synced = phone.events().into_iter().any(|event| matches!(event, Event::Synced { .. }));
        assert!(!synced, "{content_type} is nobody to be in step with");
    }
    line.is_freed();
    mia.runtime().resume();
    waits_until(PATIENCE, "the notes are delivered", || mia.phone().sync_status().is_ok_and(|it| it.unsent_edits == 0));
    pause_milliseconds(3_000);
    office.changes(&task, &json!({ "short_description": "Replace the valve" }));
    waits_until(PATIENCE, "mia is woken again", || title_of(&mia, &task) == "Replace the valve");
}

#[test]
fn a_server_that_starts_again_is_found_again_by_everybody() {
    let mut office = Office::open();
    let team: Vec<Technician> = ["mia", "bob", "eva"].iter().map(|name| office.technician(name)).collect();
    let tasks: Vec<DocumentId> = team.iter().map(|technician| office.sends(technician, "Replace the pump")).collect();
    let phones: Vec<SwitchedOn> = team.iter().map(Technician::leaves_it_on).collect();
    let all_see = |title: &str| team.iter().zip(&tasks).all(|(who, task)| title_of(who, task) == title);
    waits_until(PATIENCE, "all are in step", || all_see("Replace the pump"));
    office.is_killed_and_comes_back();
    for task in &tasks {
        office.changes(task, &json!({ "short_description": "Replace the valve" }));
    }
    waits_until(PATIENCE, "all found the server again", || all_see("Replace the valve"));
    drop(phones);
}

#[test]
fn a_phone_that_is_locked_hears_nothing_after_a_minute() {
    let office = Office::open();
    let mia = office.technician("mia");
    let enrolment = mia.phone().enrolment().expect("it is enrolled").clone();
    let request = office.request(Method::GET, "/api/v1/sync/events").bearer_auth(enrolment.token);
    let mut stream = wait(request.send()).expect("the server answers");
    let hello = wait(stream.chunk()).expect("a stream").expect("hello");
    assert!(hello.starts_with(b"id:"), "{hello:?}");
    let path = format!("/api/v1/devices/{}", enrolment.device);
    assert_eq!(office.asks(ADMINISTRATOR, Method::DELETE, &path, None).status, 204);
    let locked = now();
    while let Some(piece) = wait(stream.chunk()).expect("the stream ends whole") {
        assert_eq!(&piece[..], b":\n", "a quiet stream is only kept alive");
    }
    assert!(locked.elapsed() < Duration::from_secs(60), "it ended after {:?}", locked.elapsed());
}

#[test]
fn two_hundred_phones_listen_and_only_those_concerned_are_woken() {
    const LISTENERS: usize = 200;
    let office = Office::open();
    let mia = office.technician("mia");
    let bob = office.technician("bob");
    let tokens: Vec<String> =
        (0..LISTENERS).map(|number| token_of(&office, if number % 4 == 0 { &mia } else { &bob })).collect();
    let listen = |token: &String| office.request(Method::GET, "/api/v1/sync/events").bearer_auth(token).send();
    let mut streams: Vec<_> = tokens.iter().map(|token| wait(listen(token)).expect("the server answers")).collect();
    for stream in &mut streams {
        assert_eq!(stream.status().as_u16(), 200);
        wait(stream.chunk()).expect("a stream").expect("hello");
    }
    office.sends(&mia, "Replace the pump");
    let woken = wait(async {
        let mut woken = 0;
        for (number, stream) in streams.iter_mut().enumerate() {
            let patience = if number % 4 == 0 { PATIENCE } else { Duration::from_millis(5) };
            let piece = tokio::time::timeout(patience, stream.chunk()).await;
            let is_news = piece.is_ok_and(|piece| piece.expect("a stream").expect("goes on").ends_with(b"data:\n\n"));
            assert_eq!(is_news, number % 4 == 0, "listener {number}");
            woken += usize::from(is_news);
        }
        woken
    });
    assert_eq!(woken, LISTENERS / 4);
}

#[test]
#[ignore = "measures for a minute what a thousand listeners cost; meant for a quiet machine and a release build of the server"]
fn a_thousand_quiet_listeners_cost_next_to_nothing() {
    const LISTENERS: usize = 1_000;
    let office = Office::open();
    let team: Vec<Technician> = (0..10).map(|number| office.technician(&format!("technician-{number}"))).collect();
    let tokens: Vec<String> = (0..LISTENERS).map(|number| token_of(&office, &team[number % team.len()])).collect();
    let before = office.costs();
    let listen = |token: &String| office.request(Method::GET, "/api/v1/sync/events").bearer_auth(token).send();
    let mut streams: Vec<_> = tokens.iter().map(|token| wait(listen(token)).expect("the server answers")).collect();
    for stream in &mut streams {
        wait(stream.chunk()).expect("a stream").expect("hello");
    }
    let open = office.costs();
    pause_milliseconds(60_000);
    let minute = office.costs();
    let (bytes, busy) = (open.memory_bytes - before.memory_bytes, minute.busy_milliseconds - open.busy_milliseconds);
    println!("{LISTENERS} listeners take {bytes} bytes of memory and {busy} ms of processor time a minute");
    assert!(busy < 1_200, "2 % of one core, {busy} ms");
    assert!(bytes < 50_000_000, "{bytes} bytes");
}

/// One more device of a technician: its token.
fn token_of(office: &Office, technician: &Technician) -> String {
    let key = format!("{:064x}", fieldline_stories::any_between(1, u64::MAX));
    let body = json!({ "name": "one more", "public_key": key, "user": technician.user().to_string() });
    let enrolled = office.asks(ADMINISTRATOR, Method::POST, "/api/v1/devices", Some(&body));
    assert_eq!(enrolled.status, 201, "{}", enrolled.body);
    enrolled.body["token"].as_str().expect("a token").to_owned()
}

fn title_of(technician: &Technician, task: &DocumentId) -> String {
    technician
        .sees(task)
        .and_then(|view| Some(view.item.fields.get("short_description")?.as_text()?.to_owned()))
        .unwrap_or_default()
}

fn synced(phone: &mut SwitchedOn) -> bool {
    phone.events().iter().any(|event| matches!(event, Event::Synced { .. }))
}

/// Waits, and says how long it took.
fn waits_until(patience: Duration, what: &str, mut is_so: impl FnMut() -> bool) -> Duration {
    let begun = now();
    while !is_so() {
        assert!(begun.elapsed() < patience, "{what}: not after {patience:?}");
        pause_milliseconds(10);
    }
    begun.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "the story is about real time")]
fn now() -> Instant {
    Instant::now()
}
