//! Requests that share a transaction.

use fieldline_model::{Dictionary, DocumentId};
use fieldline_service::{Checked, Server, SyncRefusal};
use fieldline_storage::Storage;
use fieldline_sync::frame;
use fieldline_sync::wire::{Outcome, Request, Response, WIRE_VERSION};

use crate::house::{House, Phone, describe, note, step};

/// A house with two phones that hold each other's concern: Mia's two jobs, one of which Leo has a task on, too.
fn crew() -> (House, [Phone; 2], DocumentId) {
    let mut house = House::new();
    let (mia, leo) = (house.mia.clone(), house.leo.clone());
    let (_, task) = house.job(mia.user, "Boiler");
    house.job(leo.user, "Pump");
    let mut phones = [house.phone(&mia), house.phone(&leo)];
    for phone in &mut phones {
        phone.sync(&mut house);
    }
    (house, phones, task)
}

fn checked(house: &House, phone: &Phone, request: &Request) -> Checked {
    house.server.check(&phone.caller, &frame::encode_request(request, WIRE_VERSION)).unwrap()
}

/// What the phones say: work that is accepted, work that is held, the same again, and a question.
fn requests(house: &House, phones: &mut [Phone; 2], task: &DocumentId) -> Vec<(usize, Request)> {
    let now = house.now;
    let [mia, leo] = phones;
    let visit = [mia.edit(now, task, &[step("accept")]), mia.edit(now, task, &[note("On my way")])];
    let foreign = leo.edit(now, task, &[describe("Not mine")]);
    let again = mia.pushing(&visit);
    let more = mia.edit(now, task, &[step("start_travel")]);
    vec![(0, again.clone()), (1, leo.pushing(&[foreign])), (0, again), (0, mia.pushing(&[more])), (1, leo.pushing(&[]))]
}

fn together(house: &mut House, phones: &[Phone; 2], all: &[(usize, Request)]) -> Vec<Result<Response, SyncRefusal>> {
    let checked: Vec<Checked> = all.iter().map(|(who, request)| checked(house, &phones[*who], request)).collect();
    house.server.answer_together(&checked, house.now, &mut house.rng)
}

#[test]
fn requests_answered_together_get_the_answers_they_would_have_got_one_by_one() {
    let (mut house, mut phones, task) = crew();
    let all = requests(&house, &mut phones, &task);
    let shared: Vec<Response> = together(&mut house, &phones, &all).into_iter().map(Result::unwrap).collect();
    assert_eq!(house.server.metrics.transactions.get(), 1, "one transaction for all");

    let (mut other, mut phones, task) = crew();
    let all = requests(&other, &mut phones, &task);
    let alone: Vec<Response> =
        all.iter().map(|(who, request)| phones[*who].send(&mut other, request).unwrap()).collect();
    assert_eq!(shared, alone);
    let edits = |house: &House| house.storage.read().unwrap().edits(&task, 0).unwrap();
    assert_eq!(edits(&house), edits(&other));
    assert_eq!(house.storage.read().unwrap().head().unwrap(), other.storage.read().unwrap().head().unwrap());
    let held = |response: &Response| matches!(response.receipts[0].outcome, Outcome::Held { .. });
    assert!(held(&shared[1]), "{:?}", shared[1].receipts);
}

#[test]
fn a_device_locked_meanwhile_is_refused_and_the_others_are_not() {
    let (mut house, mut phones, task) = crew();
    let all = requests(&house, &mut phones, &task);
    let checked: Vec<Checked> = all.iter().map(|(who, request)| checked(&house, &phones[*who], request)).collect();
    let system = house.server.system();
    house.server.revoke_device(&system, phones[1].device, house.now, &mut house.rng).unwrap();
    let answers = house.server.answer_together(&checked, house.now, &mut house.rng);
    assert!(matches!(answers[1], Err(SyncRefusal::Revoked)));
    assert!(matches!(answers[0].as_ref().unwrap().receipts[0].outcome, Outcome::Accepted { .. }));
    assert_eq!(house.storage.read().unwrap().edits(&task, 0).unwrap().len(), 4, "birth, and three of Mia's");
}

/// Another server on the same database, as after a start, or beside the first one.
fn another_server(house: &mut House) -> Server {
    let dictionary = Dictionary::shipped().clone();
    Server::open(house.storage.clone(), dictionary, house.now, &mut house.rng).unwrap()
}

#[test]
fn a_record_that_cannot_be_read_fails_whoever_asks_for_it_and_nobody_else() {
    let (mut house, mut phones, task) = crew();
    let all = requests(&house, &mut phones, &task);
    let now = house.now;
    let other = house.query(&house.dora.clone(), "wm_task", "short_description=Pump")[0].id.clone();
    let work = phones[1].edit(now, &other, &[step("accept")]);
    let all = [(1, phones[1].pushing(&[work])), all[0].clone()];
    let mut tx = house.storage.begin().unwrap();
    tx.put_snapshot(&task, b"damaged").unwrap();
    tx.commit().unwrap();
    house.server = another_server(&mut house);
    let answers = together(&mut house, &phones, &all);
    assert!(matches!(answers[1], Err(SyncRefusal::Service(_))), "{:?}", answers[1]);
    assert!(matches!(answers[0].as_ref().unwrap().receipts[0].outcome, Outcome::Accepted { .. }));
    assert_eq!(house.storage.read().unwrap().edits(&other, 0).unwrap().len(), 2, "birth and acceptance, once");
}

#[test]
fn what_another_server_wrote_meanwhile_is_not_overlooked() {
    let (mut house, mut phones, task) = crew();
    let now = house.now;
    let first = phones[0].edit(now, &task, &[step("accept")]);
    phones[0].push(&mut house, &[first]);
    let mut other = another_server(&mut house);
    std::mem::swap(&mut house.server, &mut other);
    let dora = house.dora.clone();
    house.update(&dora, &task, &[("work_notes", "Bring the long ladder")]).unwrap();
    std::mem::swap(&mut house.server, &mut other);
    let second = phones[0].edit(now, &task, &[step("start_travel")]);
    let outcomes = phones[0].push(&mut house, &[second]);
    assert!(matches!(outcomes[0], Outcome::Accepted { merged: true, .. }), "{outcomes:?}");
    phones[0].sync(&mut house);
    phones[0].agrees_with(&mut house);
}
