//! Every message of the session with every fault a line or a proxy can make in it.
//!
//! Whatever is not the message itself must come to nothing: the server records nothing, the phone believes nothing. Old
//! messages that come again, in whatever order, change nothing either. The control shows that this is the checksum's and
//! the nonce's doing, and that the judge sees a false receipt when there is one.

use fieldline_protocol::tamper::{mutants, resealed};
use fieldline_protocol::{Day, Fate, Nobody, OnTheWire, Stage};
use fieldline_sync::frame;
use fieldline_sync::session::{Event, Reply};
use fieldline_sync::wire::{Response, WIRE_VERSION};

struct EveryMutation {
    /// Places in one message at the most, spread evenly.
    places: usize,
    /// Bits flipped at each place.
    bits: usize,
    requests: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
    tried: usize,
}

impl EveryMutation {
    fn at(places: usize, bits: usize) -> Self {
        Self { places, bits, requests: Vec::new(), answers: Vec::new(), tried: 0 }
    }

    fn step(&self, frame: &[u8]) -> usize {
        frame.len().div_ceil(self.places).max(1)
    }

    /// The last message of each direction, to be joined with.
    fn neighbours(&self) -> Vec<Vec<u8>> {
        self.requests.last().into_iter().chain(self.answers.last()).cloned().collect()
    }
}

impl OnTheWire for EveryMutation {
    fn request(&mut self, day: &mut Day, frame: &[u8]) -> Fate {
        let recorded = day.recorded();
        for (what, mutant) in mutants(frame, &self.neighbours(), self.bits, self.step(frame)) {
            assert_eq!(day.server_takes(&mutant), Reply::Failed, "a request with {what}");
            self.tried += 1;
        }
        for old in &self.requests {
            let late = day.server_takes(old);
            assert_eq!(day.mia_would_hear(late), [], "an answer to an old request that came again");
        }
        for old in &self.answers {
            assert_eq!(day.server_takes(old), Reply::Failed, "an answer that came back to the server");
            assert_eq!(day.mia_would_hear(Reply::Body(old.clone())), [], "an old answer that came again");
        }
        assert_eq!(day.recorded(), recorded, "the server took something twice, or something nobody said");
        self.requests.push(frame.to_vec());
        Fate::Arrives
    }

    fn answer(&mut self, day: &mut Day, frame: &[u8]) -> Fate {
        let before = day.mia_shows();
        let echo = self.requests.last().cloned().expect("an answer follows a request");
        let neighbours = self.neighbours();
        let spoilt = mutants(frame, &neighbours, self.bits, self.step(frame));
        for (what, mutant) in spoilt.chain([("its own request in it".to_owned(), echo)]) {
            let events = day.mia_would_hear(Reply::Body(mutant));
            assert!(matches!(events[..], [Event::Failed { .. }]), "an answer with {what}: {events:?}");
            self.tried += 1;
        }
        let after = day.mia_shows();
        assert_eq!(before, after, "the phone took something from a spoilt answer");
        assert_eq!(day.false_receipts(), [0_u64; 0]);
        self.answers.push(frame.to_vec());
        Fate::Arrives
    }
}

fn mutate_everything(mut wire: EveryMutation) {
    let mut day = Day::begins();
    day.passes(&mut wire);
    day.everything_arrived_once();
    println!("{} spoilt messages, none believed", wire.tried);
    assert!(wire.tried > 90_000, "{} spoilt messages", wire.tried);
}

#[test]
fn no_spoilt_message_of_a_session_is_believed_and_everything_arrives_once() {
    mutate_everything(EveryMutation::at(4_000, 2));
}

#[test]
#[ignore = "tries every bit of every message, which takes many minutes"]
fn no_message_of_a_session_with_any_single_bit_wrong_is_believed() {
    mutate_everything(EveryMutation::at(usize::MAX, 8));
}

/// A sound wire that remembers the first answer with receipts in it.
struct Acknowledging(Option<Vec<u8>>);

impl OnTheWire for Acknowledging {
    fn request(&mut self, _: &mut Day, _: &[u8]) -> Fate {
        Fate::Arrives
    }

    fn answer(&mut self, _: &mut Day, frame: &[u8]) -> Fate {
        let acknowledges = !frame::decode_response(frame, WIRE_VERSION).expect("an answer of ours").receipts.is_empty();
        if acknowledges && self.0.is_none() {
            self.0 = Some(frame.to_vec());
        }
        Fate::Arrives
    }
}

#[test]
fn without_the_nonce_or_the_checksum_a_recorded_answer_would_be_believed_and_the_judge_would_see_it() {
    // In another day the server took these edits and said so; here it never heard of them.
    let mut elsewhere = Day::begins();
    elsewhere.plays(Stage::FirstSync, &mut Nobody);
    let mut acknowledging = Acknowledging(None);
    elsewhere.plays(Stage::Push, &mut acknowledging);
    let recorded = acknowledging.0.expect("edits were acknowledged");

    let mut day = Day::begins();
    day.plays(Stage::FirstSync, &mut Nobody);
    day.happens(Stage::Push);
    let asked = day.mia.asks(&mut day.office);
    let asked = frame::decode_request(&asked, WIRE_VERSION).expect("a request of ours");
    let stale = frame::decode_response(&recorded, WIRE_VERSION).expect("an answer of ours");
    let fresh = frame::encode_response(&Response { nonce: asked.nonce, ..stale.clone() });
    let other = frame::encode_response(&Response { nonce: asked.nonce ^ 1, ..stale });
    let mut unsealed = fresh.clone();
    *unsealed.last_mut().expect("a frame") ^= 1;
    assert_eq!(day.mia_would_hear(Reply::Body(other)), [], "the nonce keeps a recorded answer out");
    assert!(
        matches!(day.mia_would_hear(Reply::Body(unsealed.clone()))[..], [Event::Failed { .. }]),
        "so does the checksum"
    );
    assert_eq!(day.false_receipts(), [0_u64; 0]);
    day.mia_hears(Reply::Body(resealed(&unsealed)));
    assert_ne!(day.false_receipts(), [0_u64; 0], "with both put right it is believed, and the judge sees that");
}
