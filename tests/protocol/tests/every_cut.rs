//! The session cut at every byte offset, in both directions.
//!
//! At each offset the receiver gets what came before the cut. It must take nothing from it; then the phone tries again, for
//! real at every so many offsets (between two of these neither side has changed, so each stands for all), and in the end
//! everything has arrived once. What a cut costs is what was sent before it and has to be sent again.

use fieldline_protocol::{Day, Fate, Nobody, OnTheWire, Stage};
use fieldline_sync::session::{Event, Reply};
use rand_core::Rng;

/// Bytes a cut may cost, HTTP included.
const MOST_SENT_AGAIN_BYTES: usize = 64_000;
/// What HTTP adds to a message: measured in `fieldline-stories`, rounded up.
const HEAD_BYTES: usize = 600;

/// Where the cutter is with the exchange at hand.
enum Cutting {
    Request { from: usize },
    Answer { from: usize },
}

struct EveryCut {
    cutting: Cutting,
    /// Offsets between two real retries.
    retry_every: usize,
    cuts: usize,
    retries: usize,
    dearest_bytes: usize,
}

impl EveryCut {
    fn retrying_every(offsets: usize) -> Self {
        let cutting = Cutting::Request { from: 0 };
        Self { cutting, retry_every: offsets, cuts: 0, retries: 0, dearest_bytes: 0 }
    }

    /// The next offsets to cut a message at, and whether they are the last.
    fn next(&mut self, from: usize, frame: &[u8]) -> (std::ops::Range<usize>, bool) {
        let to = (from + self.retry_every).min(frame.len());
        self.cuts += to.saturating_sub(from);
        self.retries += 1;
        self.dearest_bytes = self.dearest_bytes.max(frame.len() + HEAD_BYTES);
        (from..to, to == frame.len())
    }
}

impl OnTheWire for EveryCut {
    fn request(&mut self, day: &mut Day, frame: &[u8]) -> Fate {
        let Cutting::Request { from } = self.cutting else { return Fate::Arrives };
        let (offsets, is_last) = self.next(from, frame);
        let recorded = day.recorded();
        self.cutting = if is_last { Cutting::Answer { from: 0 } } else { Cutting::Request { from: offsets.end } };
        for offset in offsets {
            assert_eq!(day.server_takes(&frame[..offset]), Reply::Failed, "a request cut at {offset}");
        }
        assert_eq!(day.recorded(), recorded, "the server took something from a cut request");
        if is_last { Fate::Arrives } else { Fate::Lost }
    }

    fn answer(&mut self, day: &mut Day, frame: &[u8]) -> Fate {
        let Cutting::Answer { from } = self.cutting else { unreachable!("answers follow requests") };
        let (offsets, is_last) = self.next(from, frame);
        let before = day.mia_shows();
        self.cutting = if is_last { Cutting::Request { from: 0 } } else { Cutting::Answer { from: offsets.end } };
        for offset in offsets {
            let events = day.mia_would_hear(Reply::Body(frame[..offset].to_vec()));
            assert!(matches!(events[..], [Event::Failed { .. }]), "an answer cut at {offset}: {events:?}");
        }
        let after = day.mia_shows();
        assert_eq!(before, after, "the phone took something from a cut answer");
        assert_eq!(day.false_receipts(), [0_u64; 0]);
        if is_last { Fate::Arrives } else { Fate::Lost }
    }
}

fn cut_everywhere(mut wire: EveryCut) {
    let mut day = Day::begins();
    day.passes(&mut wire);
    day.everything_arrived_once();
    let EveryCut { cuts, retries, dearest_bytes, .. } = wire;
    println!("{cuts} cuts, {retries} real retries, the dearest cut has {dearest_bytes} bytes sent again");
    assert!(cuts > 60_000, "the session has a photo in it: {cuts} cuts");
    assert!(dearest_bytes <= MOST_SENT_AGAIN_BYTES, "a cut has {dearest_bytes} bytes sent again");
}

#[test]
fn a_session_cut_at_every_byte_resumes_and_everything_arrives_once() {
    cut_everywhere(EveryCut::retrying_every(97));
}

#[test]
#[ignore = "retries for real at every single offset, which takes many minutes"]
fn a_session_cut_at_every_byte_resumes_for_real_after_every_single_one() {
    cut_everywhere(EveryCut::retrying_every(1));
}

/// A sound wire that notes the longest message.
#[derive(Default)]
struct Longest(usize);

impl OnTheWire for Longest {
    fn request(&mut self, _: &mut Day, frame: &[u8]) -> Fate {
        self.0 = self.0.max(frame.len());
        Fate::Arrives
    }

    fn answer(&mut self, _: &mut Day, frame: &[u8]) -> Fate {
        self.0 = self.0.max(frame.len());
        Fate::Arrives
    }
}

#[test]
fn weeks_of_unsent_work_go_in_messages_none_of_which_is_dear_to_send_again() {
    let mut day = Day::begins();
    day.plays(Stage::FirstSync, &mut Nobody);
    for number in 0..300 {
        // As hard to compress as text can be: two thirds of these bytes are chance.
        let noise: String = (0..600).map(|_| char::from(b'0' + (day.office.rng.next_u32() % 64) as u8)).collect();
        day.mia.notes(&mut day.office, &day.jobs[0], &format!("{number} {noise}"));
    }
    let mut longest = Longest::default();
    day.plays(Stage::Push, &mut longest);
    println!("the longest of these messages has {} bytes", longest.0);
    assert!(longest.0 > 50_000, "the work fills messages");
    assert!(longest.0 + HEAD_BYTES <= MOST_SENT_AGAIN_BYTES, "one has {} bytes", longest.0);
    assert_eq!(day.false_receipts(), [0_u64; 0]);
    assert_eq!(day.office.notes_on(&day.jobs[0]).len(), 301);
}
