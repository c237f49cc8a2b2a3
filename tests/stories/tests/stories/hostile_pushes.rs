//! What a push that is not what it claims to be is answered, and that nobody but its sender notices.

use fieldline_device::runtime::{RuntimeError, now};
use fieldline_device::view::Fate;
use fieldline_device::{Command, Enrolment};
use fieldline_documents::{Act, Document, Edit, EditId};
use fieldline_model::{DocumentId, Value};
use fieldline_stories::{ADMINISTRATOR, Answer, Office, PASSWORD, Technician, noise, wait};
use fieldline_sync::caps::MAX_REQUEST_BYTES;
use fieldline_sync::frame::{self, MEDIA_TYPE};
use fieldline_sync::session::{Event, Replica};
use fieldline_sync::wire::{Batch, HoldReason, Outcome, PushedEdit, Request, SignedBatch, WIRE_VERSION, signing_input};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

/// An office with an honest technician at work and somebody who tries things.
struct Scene {
    office: Office,
    mia: Technician,
    task: DocumentId,
    eve: Technician,
}

impl Scene {
    fn begins() -> Self {
        let office = Office::open();
        let (mia, eve) = (office.technician("mia"), office.technician("eve"));
        let task = office.sends(&mia, "Replace the pump");
        mia.syncs();
        eve.syncs();
        mia.notes(&task, "honest work");
        Self { office, mia, task, eve }
    }

    /// Sends a request as it is.
    fn pushes(&self, token: &str, request: &Request) -> Answer {
        self.posts(token, frame::encode_request(request, WIRE_VERSION))
    }

    fn posts(&self, token: &str, body: Vec<u8>) -> Answer {
        let post = self.office.request(Method::POST, "/api/v1/sync").bearer_auth(token);
        self.office.sends_request(post.header(CONTENT_TYPE, MEDIA_TYPE).body(body))
    }

    /// The honest work arrives, and nothing else did.
    fn nobody_was_harmed(&self) {
        let tablet = self.office.another_phone_of(&self.mia);
        assert_eq!(tablet.notes_on(&self.task), [""; 0], "nothing was recorded");
        self.mia.syncs();
        tablet.syncs();
        assert_eq!(tablet.notes_on(&self.task), ["honest work"]);
        assert_eq!(tablet.stage_of(&self.task).as_deref(), Some("assigned"));
    }
}

fn enrolment_of(technician: &Technician) -> Enrolment {
    technician.phone().enrolment().expect("hired technicians are enrolled").clone()
}

/// What a phone would send now.
fn request_of(technician: &Technician) -> Request {
    technician.phone().outgoing(1, now()).expect("a phone can say where it stands")
}

/// A request with one edit made outside the app, signed with the phone's own key.
fn request_with(technician: &Technician, document: &DocumentId, acts: Vec<Act>) -> Request {
    let who = enrolment_of(technician);
    let id = EditId { device: who.device, epoch: who.epoch, counter: 1_000 };
    let heads = Document::seed(document.clone()).heads();
    let mut edit = Edit::new(document.clone(), id, who.user, now(), &heads);
    edit.acts = acts;
    let pushed = PushedEdit { counter: 1_000, hash: [0; 16], body: edit.encode().into(), epoch: None };
    let bytes = minicbor::to_vec(Batch { edits: vec![pushed] }).expect("encoding into memory does not fail");
    let signature = who.key.sign(&signing_input(who.device, who.epoch, &bytes));
    Request { push: Some(SignedBatch { bytes: bytes.into(), signature }), ..request_of(technician) }
}

fn held(answer: &Answer) -> (HoldReason, String) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let response = frame::decode_response(&answer.bytes, WIRE_VERSION).expect("the server answers a frame");
    match response.receipts.into_iter().map(|receipt| receipt.outcome).next() {
        Some(Outcome::Held { reason, detail }) => (reason, detail),
        other => panic!("the edit is held: {other:?}"),
    }
}

fn says(answer: &Answer, status: u16, words: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(answer.detail().contains(words), "\"{}\" says \"{words}\"", answer.detail());
}

#[test]
fn a_wrong_password_lets_nobody_in_and_the_right_one_still_does() {
    let scene = Scene::begins();
    let refused = wait(scene.eve.runtime().enrol(&scene.office.url(), "mia", "a guess", "a phone"));
    let Err(RuntimeError::Refused { status: 401, detail, .. }) = refused else { panic!("{refused:?}") };
    assert!(detail.contains("password is wrong"), "{detail}");
    let unknown = wait(scene.eve.runtime().enrol(&scene.office.url(), "nobody", PASSWORD, "a phone"));
    let Err(RuntimeError::Refused { status: 401, detail: other, .. }) = unknown else { panic!("{unknown:?}") };
    assert_eq!(detail, other, "who guesses does not learn whether the name exists");
    scene.nobody_was_harmed();
}

#[test]
fn a_push_under_the_token_of_another_device_is_refused_whole() {
    let scene = Scene::begins();
    let request = request_of(&scene.mia);
    says(&scene.pushes(&enrolment_of(&scene.eve).token, &request), 403, "does not belong to the device");
    says(&scene.pushes("0123456789abcdef", &request), 401, "valid token");
    let device_token_elsewhere =
        scene.office.request(Method::GET, "/api/now/table/wm_task").bearer_auth(enrolment_of(&scene.mia).token);
    says(&scene.office.sends_request(device_token_elsewhere), 403, "a device's token is for /api/v1/sync");
    scene.nobody_was_harmed();
}

#[test]
fn an_edit_of_somebody_elses_job_is_held_with_its_reason_and_recorded_nowhere() {
    let scene = Scene::begins();
    let acts = vec![Act::WorkNote { text: "mine now".into() }];
    let request = request_with(&scene.eve, &scene.task, acts);
    let (reason, detail) = held(&scene.pushes(&enrolment_of(&scene.eve).token, &request));
    assert_eq!(reason, HoldReason::Scope);
    assert!(detail.contains(&scene.task.to_string()) && detail.contains("ask dispatch"), "{detail}");
    scene.nobody_was_harmed();
}

#[test]
fn an_oversized_push_is_refused_before_it_is_read_and_an_oversized_edit_is_held() {
    let scene = Scene::begins();
    let token = enrolment_of(&scene.eve).token;
    says(&scene.posts(&token, noise(MAX_REQUEST_BYTES + 1)), 413, "smaller parts");
    let many = (0..300).map(|_| Act::WorkNote { text: "x".repeat(2_000) }).collect();
    let (reason, detail) = held(&scene.pushes(&token, &request_with(&scene.eve, &scene.task, many)));
    assert_eq!(reason, HoldReason::Cost);
    assert!(detail.contains("split it"), "{detail}");
    scene.nobody_was_harmed();
}

#[test]
fn a_forged_push_is_refused_whole() {
    let scene = Scene::begins();
    let (mia, eve) = (enrolment_of(&scene.mia), enrolment_of(&scene.eve));
    let honest = request_of(&scene.mia);
    let push = honest.push.clone().expect("there is a note to send");

    let mut altered = honest.clone();
    altered.push.as_mut().expect("just seen").bytes[20] ^= 1;
    says(&scene.pushes(&mia.token, &altered), 403, "signature");

    let signature = eve.key.sign(&signing_input(mia.device, mia.epoch, &push.bytes));
    let by_eve = Request { push: Some(SignedBatch { signature, ..push.clone() }), ..honest.clone() };
    says(&scene.pushes(&mia.token, &by_eve), 403, "signature");

    let in_her_name = Request { device: eve.device, epoch: eve.epoch, push: Some(push), ..honest };
    says(&scene.pushes(&eve.token, &in_her_name), 403, "signature");
    scene.nobody_was_harmed();
}

#[test]
fn an_edit_held_because_a_role_was_taken_away_meanwhile_is_shown_to_its_author_with_ways_out() {
    let scene = Scene::begins();
    let (office, eve) = (&scene.office, &scene.eve);
    let path = format!("/api/now/table/sys_user/{}", eve.user());
    let has_roles = |roles: &str| {
        let answer = office.asks(ADMINISTRATOR, Method::PATCH, &path, Some(&json!({ "roles": roles })));
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    has_roles("wm_agent,wm_dispatcher");
    let task = office.sends(eve, "Inspect the boiler");
    eve.syncs();
    has_roles("wm_agent");
    for field in ["needs_crew", "is_fixed_window"] {
        let fields = [(field.into(), Some(Value::Boolean(true)))].into();
        eve.does(Command::SetFields { document: task.clone(), fields });
    }
    eve.notes(&task, "bring a second pair of hands");
    let events = eve.syncs();
    assert!(events.iter().any(|event| matches!(event, Event::Held { .. })), "{events:?}");

    let attention = eve.phone().needs_attention().expect("a phone reads its own lists");
    let [second, first] = &attention.held[..] else { panic!("two edits are held, newest first: {attention:?}") };
    for (held, field) in [(first, "needs_crew"), (second, "is_fixed_window")] {
        assert_eq!((held.reason.as_str(), &held.document), ("role", &task));
        for words in [field, "wm_dispatcher", "ask one of them"] {
            assert!(held.detail.contains(words), "\"{}\" says {words}", held.detail);
        }
    }
    assert_eq!(office.another_phone_of(eve).notes_on(&task), ["bring a second pair of hands"], "they block nothing");
    assert_eq!(office.reads(&task)["needs_crew"], "false");

    has_roles("wm_agent,wm_dispatcher");
    eve.does(Command::ResendHeld { counter: first.counter });
    eve.does(Command::DiscardHeld { counter: second.counter });
    eve.syncs();
    assert!(eve.phone().needs_attention().expect("a list").held.is_empty());
    assert_eq!(office.reads(&task)["needs_crew"], "true");
    assert_eq!(office.reads(&task)["is_fixed_window"], "false");
    scene.nobody_was_harmed();
}

#[test]
fn a_phone_that_was_locked_out_keeps_its_work_and_delivers_it_once_its_owner_signs_in_again() {
    let scene = Scene::begins();
    let (office, mia, task) = (&scene.office, &scene.mia, &scene.task);
    let path = format!("/api/v1/devices/{}", enrolment_of(mia).device);
    assert_eq!(office.asks(ADMINISTRATOR, Method::DELETE, &path, None).status, 204);
    let events = mia.tries_to_sync();
    assert!(matches!(events[..], [Event::NeedsSignIn | Event::Revoked]), "{events:?}");
    assert_eq!(mia.notes_on(task), ["honest work"]);
    mia.notes(task, "still at work");

    wait(mia.runtime().enrol(&office.url(), "mia", PASSWORD, "found again")).expect("mia knows her password");
    mia.tries_to_sync();
    let held = mia.phone().needs_attention().expect("a list").held;
    for edit in &held {
        assert!(edit.detail.contains("make it anew"), "{}", edit.detail);
        mia.does(Command::ResendHeld { counter: edit.counter });
    }
    mia.syncs();
    let tablet = office.another_phone_of(mia);
    assert_eq!(tablet.notes_on(task), ["honest work", "still at work"]);
    assert_eq!(mia.notes_on(task), tablet.notes_on(task));
    let outbox = mia.phone().outbox().expect("an outbox");
    assert!(outbox.iter().all(|edit| matches!(edit.fate, Fate::Accepted | Fate::AcceptedWithMerge)), "{outbox:?}");
}
