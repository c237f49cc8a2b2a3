//! A session against a wire that loses, repeats, delays, reorders and cuts what it carries.
//!
//! Replica and server are the smallest that can tell right from wrong: numbered edits, deduplicated by number; entries in a
//! dense feed. What must hold: the device never takes an edit for acknowledged that the server does not have, takes every
//! entry exactly once and in order, and once the wire heals everything arrives.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{DeviceId, DocumentId, SysId, Timestamp};
use fieldline_sync::frame::{self, FrameError};
use fieldline_sync::live::Mark;
use fieldline_sync::session::{Absorbed, Action, Event, Replica, Reply, Session};
use fieldline_sync::wire::{
    Batch, Entry, OLDEST_WIRE_VERSION, Outcome, Position, PushedEdit, Receipt, Request, Response, SignedBatch,
    WIRE_VERSION,
};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

const PAGE: usize = 3;

#[derive(Default, Clone, PartialEq, Debug)]
struct Phone {
    unsent: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    taken: Vec<u64>,
    cursor: Option<u64>,
    version: Option<u16>,
}

impl Replica for Phone {
    type Error = std::convert::Infallible;

    fn outgoing(&mut self, nonce: u64, _: Timestamp) -> Result<Request, Self::Error> {
        let edit =
            |counter: &u64| PushedEdit { counter: *counter, hash: [0; 16], body: vec![1; 20].into(), epoch: None };
        let batch = Batch { edits: self.unsent.iter().take(PAGE).map(edit).collect() };
        let bytes = minicbor::to_vec(batch).expect("in memory");
        Ok(Request {
            cursor: self.cursor.map(|at| at.to_be_bytes().to_vec().into()),
            push: Some(SignedBatch { bytes: bytes.into(), signature: [0; 64] }),
            ..Request::of(DeviceId([1; 16]), 0, nonce)
        })
    }

    fn absorb(&mut self, response: &Response, _: Timestamp) -> Result<Absorbed, Self::Error> {
        for receipt in &response.receipts {
            self.unsent.remove(&receipt.counter);
            self.acknowledged.insert(receipt.counter);
        }
        for entry in &response.entries {
            let Entry::Leave { document } = entry else { panic!("this server sends nothing else") };
            self.taken.push(u64::from_be_bytes(document.sys_id.0[8..].try_into().expect("8 bytes")));
        }
        self.version = Some(response.wire_version);
        self.cursor = Some(u64::from_be_bytes(response.cursor[..].try_into().expect("8 bytes")));
        Ok(Absorbed {
            pending: !self.unsent.is_empty(),
            progressed: !response.receipts.is_empty() || !response.entries.is_empty(),
            changed: response.entries.len() as u64,
            ..Absorbed::default()
        })
    }

    fn common_version(&self) -> Result<u16, Self::Error> {
        Ok(self.version.unwrap_or(OLDEST_WIRE_VERSION))
    }

    fn forget_version(&mut self) -> Result<(), Self::Error> {
        self.version = None;
        Ok(())
    }
}

#[derive(Default)]
struct Server {
    edits: BTreeMap<u64, u64>,
    applied: u64,
    feed: u64,
}

impl Server {
    fn answer(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let request = frame::decode_request(bytes, WIRE_VERSION).ok()?;
        let batch: Batch = minicbor::decode(&request.push?.bytes).ok()?;
        let mut receipts = Vec::new();
        for edit in batch.edits {
            let next = self.applied + 1;
            let position = *self.edits.entry(edit.counter).or_insert_with(|| {
                self.applied = next;
                next
            });
            let outcome = Outcome::Accepted { position: Position(position), merged: false };
            receipts.push(Receipt { counter: edit.counter, outcome });
        }
        let from = request.cursor.map_or(0, |at| u64::from_be_bytes(at[..].try_into().expect("as we sent it")));
        let to = self.feed.min(from + PAGE as u64);
        Some(frame::encode_response(&Response {
            receipts,
            entries: (from + 1..=to).map(entry).collect(),
            cursor: to.to_be_bytes().to_vec().into(),
            more: to < self.feed,
            ..Response::to(request.nonce, 1, Timestamp(0))
        }))
    }
}

fn entry(position: u64) -> Entry {
    let mut sys_id = [0; 16];
    sys_id[8..].copy_from_slice(&position.to_be_bytes());
    Entry::Leave { document: DocumentId::new("wm_task", SysId(sys_id)) }
}

fn below(rng: &mut ChaCha8Rng, end: u64) -> u64 {
    rng.next_u64() % end
}

/// What the wire does to a message: deliver it after so long, perhaps twice, perhaps cut or altered, perhaps not at all.
fn carry(rng: &mut ChaCha8Rng, message: &[u8], now: Timestamp) -> Vec<(Timestamp, Vec<u8>)> {
    let copies = [0, 1, 1, 1, 2][below(rng, 5) as usize];
    let mut copy = || {
        // One in five is slower than the answer timeout, so late answers meet a newer exchange.
        let delay = if below(rng, 5) == 0 { below(rng, 120_000) } else { below(rng, 2_000) };
        let mut bytes = message.to_vec();
        match below(rng, 8) {
            0 => bytes.truncate(below(rng, message.len() as u64) as usize),
            1 => bytes[below(rng, message.len() as u64) as usize] ^= 1 << below(rng, 8),
            2 => bytes = b"<html>Please sign in to HotelNet</html>".to_vec(),
            _ => {}
        }
        (now.plus_milliseconds(delay as i64), bytes)
    };
    (0..copies).map(|_| copy()).collect()
}

struct World {
    rng: ChaCha8Rng,
    now: Timestamp,
    phone: Phone,
    session: Session,
    server: Server,
    up: Vec<(Timestamp, Vec<u8>)>,
    down: Vec<(Timestamp, Vec<u8>)>,
    lossy: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            now: Timestamp(0),
            phone: Phone::default(),
            session: Session::new(),
            server: Server::default(),
            up: Vec::new(),
            down: Vec::new(),
            lossy: true,
        }
    }

    fn send(&mut self, message: &[u8]) -> Vec<(Timestamp, Vec<u8>)> {
        if self.lossy { carry(&mut self.rng, message, self.now) } else { vec![(self.now, message.to_vec())] }
    }

    fn step(&mut self) {
        let action = self.session.poll(self.now, &mut self.rng, &mut self.phone).expect("infallible");
        if let Action::Send { frame, .. } = action {
            let copies = self.send(&frame);
            self.up.extend(copies);
        }
        for bytes in arrived(&mut self.up, self.now) {
            let copies = self.server.answer(&bytes).map(|answer| self.send(&answer));
            self.down.extend(copies.unwrap_or_default());
        }
        for bytes in arrived(&mut self.down, self.now) {
            self.session.handle(self.now, &mut self.rng, Reply::Body(bytes), &mut self.phone).expect("infallible");
        }
        let known: BTreeSet<u64> = self.server.edits.keys().copied().collect();
        assert!(self.phone.acknowledged.is_subset(&known), "an edit was taken for acknowledged that is not there");
        let in_order: Vec<u64> = (1..=self.phone.taken.len() as u64).collect();
        assert_eq!(self.phone.taken, in_order, "each entry once and in order");
    }
}

fn arrived(wire: &mut Vec<(Timestamp, Vec<u8>)>, now: Timestamp) -> Vec<Vec<u8>> {
    wire.extract_if(.., |(at, _)| *at <= now).map(|(_, bytes)| bytes).collect()
}

#[test]
fn nothing_is_acknowledged_that_was_not_and_everything_arrives_in_the_end() {
    for seed in 0..200 {
        let mut world = World::new(seed);
        let mut made = 0;
        for _ in 0..600 {
            world.now = world.now.plus_milliseconds(below(&mut world.rng, 3_000) as i64);
            if below(&mut world.rng, 12) == 0 {
                made += 1;
                world.phone.unsent.insert(made);
                world.session.poke();
            }
            if below(&mut world.rng, 12) == 0 {
                world.server.feed += 1;
            }
            if below(&mut world.rng, 100) == 0 {
                world.session = Session::new(); // the app was killed
            }
            world.step();
        }
        world.lossy = false;
        world.session.resume();
        for _ in 0..2_000 {
            world.now = world.now.plus_milliseconds(1_000);
            world.step();
        }
        assert_eq!((world.phone.unsent.len(), world.phone.acknowledged.len() as u64), (0, made), "seed {seed}");
        assert_eq!((world.server.applied, world.server.edits.len() as u64), (made, made), "seed {seed}: exactly once");
        assert_eq!(world.phone.taken.len() as u64, world.server.feed, "seed {seed}");
    }
}

#[test]
fn an_answer_cut_at_any_byte_changes_nothing_and_the_next_try_succeeds() {
    let phone = Phone { unsent: (1..=3).collect(), ..Phone::default() };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut length = 1;
    let mut cut = 0;
    while cut < length {
        let (mut cutoff, mut server) = (phone.clone(), Server { feed: 3, ..Server::default() });
        let mut session = Session::new();
        let Ok(Action::Send { frame, .. }) = session.poll(Timestamp(0), &mut rng, &mut cutoff) else {
            panic!("begins")
        };
        let answer = server.answer(&frame).expect("a request");
        length = answer.len();
        let short = Reply::Body(answer[..cut].to_vec());
        let events = session.handle(Timestamp(1), &mut rng, short, &mut cutoff).expect("infallible");
        let [Event::Failed { retry_at, .. }] = events[..] else { panic!("cut at {cut}: {events:?}") };
        assert_eq!(cutoff, phone, "cut at {cut}");
        let Ok(Action::Send { frame, .. }) = session.poll(retry_at, &mut rng, &mut cutoff) else {
            panic!("tries again")
        };
        let whole = Reply::Body(server.answer(&frame).expect("a request"));
        session.handle(retry_at, &mut rng, whole, &mut cutoff).expect("infallible");
        assert_eq!((cutoff.acknowledged.len(), cutoff.taken.len(), server.applied), (3, 3, 3), "cut at {cut}");
        cut += 1;
    }
    assert!(cut > 50);
}

#[test]
fn silence_ends_at_the_deadline_and_an_answer_after_it_is_ignored() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let (mut phone, mut server, mut session) =
        (Phone::default(), Server { feed: 1, ..Server::default() }, Session::new());
    let Ok(Action::Send { frame, deadline }) = session.poll(Timestamp(0), &mut rng, &mut phone) else {
        panic!("begins")
    };
    let late = server.answer(&frame).expect("a request");
    assert_eq!(session.poll(Timestamp(5), &mut rng, &mut phone), Ok(Action::Wait { until: deadline }));
    let Ok(Action::Wait { until }) = session.poll(deadline, &mut rng, &mut phone) else { panic!("pauses") };
    assert!(until > deadline);
    assert!(matches!(session.poll(until, &mut rng, &mut phone), Ok(Action::Send { .. })));
    assert_eq!(session.handle(until, &mut rng, Reply::Body(late), &mut phone), Ok(Vec::new()));
    assert!(session.in_flight() && phone.taken.is_empty());
}

#[test]
fn a_clock_put_back_by_years_makes_nobody_wait_for_years() {
    const TEN_YEARS: i64 = 10 * 365 * 86_400_000;
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let (mut phone, mut session) = (Phone { unsent: [1].into(), ..Phone::default() }, Session::new());
    let wrong = Timestamp(TEN_YEARS);
    assert!(matches!(session.poll(wrong, &mut rng, &mut phone), Ok(Action::Send { .. })));
    // In the middle of an exchange: it is given up, and the pause after it is one of the new clock.
    let Ok(Action::Wait { until }) = session.poll(Timestamp(0), &mut rng, &mut phone) else { panic!("pauses") };
    assert!(until.0 <= 300_000);
    // In the middle of a pause.
    let Ok(Action::Send { .. }) = session.poll(wrong, &mut rng, &mut phone) else { panic!("the pause is over") };
    session.handle(wrong, &mut rng, Reply::Failed, &mut phone).expect("infallible");
    assert!(matches!(session.poll(Timestamp(5), &mut rng, &mut phone), Ok(Action::Send { .. })));
}

#[test]
fn a_refused_token_keeps_the_queue_and_stops_until_somebody_signs_in() {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for (reply, event) in [
        (Reply::NeedsSignIn, Event::NeedsSignIn),
        (Reply::Revoked, Event::Revoked),
        (Reply::OtherVersion, Event::UpdateNeeded),
    ] {
        let mut phone = Phone { unsent: [1].into(), ..Phone::default() };
        let mut session = Session::new();
        assert!(matches!(session.poll(Timestamp(0), &mut rng, &mut phone), Ok(Action::Send { .. })));
        assert_eq!(session.handle(Timestamp(1), &mut rng, reply, &mut phone), Ok(vec![event]));
        session.poke();
        assert_eq!(session.poll(Timestamp(i64::MAX), &mut rng, &mut phone), Ok(Action::Idle));
        assert_eq!(phone.unsent, [1].into());
        session.resume();
        assert!(matches!(session.poll(Timestamp(2), &mut rng, &mut phone), Ok(Action::Send { .. })));
    }
}

#[test]
fn a_server_that_went_back_to_an_older_build_is_asked_again_at_once_in_the_oldest_version() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut phone, mut session) = (Phone { version: Some(WIRE_VERSION), ..Phone::default() }, Session::new());
    phone.unsent = (1..=3).collect();
    let mut sent_and_refused = |now, session: &mut Session, phone: &mut Phone| {
        let Ok(Action::Send { frame, .. }) = session.poll(now, &mut rng, phone) else { panic!("sends") };
        let events = session.handle(now, &mut rng, Reply::OtherVersion, phone).expect("infallible");
        (frame[3], events)
    };
    let (_, events) = sent_and_refused(Timestamp(0), &mut session, &mut phone);
    assert_eq!((events, phone.version), (Vec::new(), None));
    let (version, events) = sent_and_refused(Timestamp(0), &mut session, &mut phone);
    assert_eq!((version, events), (1, vec![Event::UpdateNeeded]), "nothing older is left to try");
}

#[test]
fn an_answer_in_a_version_nobody_asked_for_is_a_failed_try_and_stops_nothing() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let (mut phone, mut session) = (Phone::default(), Session::new());
    let Ok(Action::Send { .. }) = session.poll(Timestamp(0), &mut rng, &mut phone) else { panic!("begins") };
    let mut frame = b"FL\0\x63\0\0\xa0".to_vec();
    let digest = ring::digest::digest(&ring::digest::SHA256, &frame);
    frame.extend(&digest.as_ref()[..8]);
    let events = session.handle(Timestamp(1), &mut rng, Reply::Body(frame), &mut phone).expect("infallible");
    assert!(matches!(events[..], [Event::Failed { why: Some(FrameError::OtherVersion { version: 99, .. }), .. }]));
    assert!(matches!(session.poll(Timestamp(400_000), &mut rng, &mut phone), Ok(Action::Send { .. })));
}

#[test]
fn a_quiet_device_asks_every_five_minutes_and_at_once_when_poked() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let (mut phone, mut server, mut session) = (Phone::default(), Server::default(), Session::new());
    let mut exchange = |session: &mut Session, phone: &mut Phone, now, poke| {
        let Ok(Action::Send { frame, .. }) = session.poll(now, &mut rng, phone) else { panic!("sends at {now}") };
        if poke {
            session.poke();
        }
        let reply = Reply::Body(server.answer(&frame).expect("a request"));
        session.handle(now, &mut rng, reply, phone).expect("infallible");
        session.poll(now, &mut rng, phone).expect("infallible")
    };
    let next = Timestamp(300_000);
    assert_eq!(exchange(&mut session, &mut phone, Timestamp(0), false), Action::Wait { until: next });
    session.poke();
    let poked_in_flight = exchange(&mut session, &mut phone, Timestamp(10), true);
    assert!(matches!(poked_in_flight, Action::Send { .. }), "what was poked in flight is exchanged right after");
}

#[test]
fn a_device_that_is_woken_asks_rarely_and_does_not_ask_for_what_it_has_seen() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let (mut phone, mut server, mut session) = (Phone::default(), Server::default(), Session::new());
    let mut exchange = |session: &mut Session, phone: &mut Phone, now| {
        let Ok(Action::Send { frame, .. }) = session.poll(now, &mut rng, phone) else { panic!("sends at {now}") };
        let reply = Reply::Body(server.answer(&frame).expect("a request"));
        session.handle(now, &mut rng, reply, phone).expect("infallible");
        session.poll(now, &mut rng, phone).expect("infallible")
    };
    session.listens(true, Timestamp(0));
    let waits = |minutes: i64| Action::Wait { until: Timestamp(minutes * 60_000) };
    assert_eq!(exchange(&mut session, &mut phone, Timestamp(0)), waits(30));
    phone.unsent.insert(1);
    session.poke();
    assert_eq!(exchange(&mut session, &mut phone, Timestamp(0)), waits(30), "the receipt is at position 1");
    let mark = |server_epoch, position| Mark { server_epoch, position: Position(position) };
    session.hears(mark(1, 1));
    assert_eq!(
        session.poll(Timestamp(0), &mut ChaCha8Rng::seed_from_u64(1), &mut phone),
        Ok(waits(30)),
        "its own work"
    );
    for news in [mark(1, 2), mark(2, 1)] {
        session.hears(news);
        assert_eq!(exchange(&mut session, &mut phone, Timestamp(0)), waits(30), "{news} is worth asking");
    }
    session.listens(false, Timestamp(60_000));
    assert_eq!(session.poll(Timestamp(60_000), &mut ChaCha8Rng::seed_from_u64(1), &mut phone), Ok(waits(6)));
}
