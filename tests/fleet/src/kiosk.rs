//! A depot's kiosk in bad hands: it carries what it is given, and now and then also what it was given long ago, gives phones old
//! answers before new ones, and alters what it likes.

use fieldline_depot::Depot;
use fieldline_model::{DeviceId, Timestamp};
use fieldline_sync::relay::Envelope;
use rand_core::Rng;

use crate::dice::{happens, one_of};
use crate::office::Office;
use crate::world::World;

/// A kiosk that forgets nothing.
pub(crate) struct Kiosk {
    depot: Depot,
    requests: Vec<Envelope>,
    answers: Vec<Envelope>,
}

impl Kiosk {
    pub fn new() -> Self {
        let depot = Depot::in_memory().expect("there is memory for a kiosk");
        Self { depot, requests: Vec::new(), answers: Vec::new() }
    }

    fn keep(&mut self, request: &Envelope, now: Timestamp) {
        self.depot.keep(request, now).expect("a simulated kiosk has room");
        self.requests.push(request.clone());
    }

    /// Carries everything that waits, and sometimes something it had carried before.
    fn carry(&mut self, office: &Office, now: Timestamp, rng: &mut dyn Rng) {
        if let Some(old) = one_of(rng, &self.requests).filter(|_| happens(rng, 300)) {
            self.answers.extend(office.answer_kiosk(old, now, rng));
        }
        while let Some(request) = self.depot.next().expect("memory does not fail") {
            let answer = office.answer_kiosk(&request, now, rng);
            self.depot.settle(&request, answer.as_ref(), now).expect("memory does not fail");
            self.answers.extend(answer);
        }
    }

    /// What it gives a device: sometimes something altered, sometimes something old, then what it has.
    fn gives(&self, device: DeviceId, rng: &mut dyn Rng) -> Vec<Envelope> {
        let its: Vec<&Envelope> = self.answers.iter().filter(|answer| answer.device == device).collect();
        let mut given = Vec::new();
        if let Some(altered) = its.last().filter(|_| happens(rng, 200)) {
            let mut sealed = altered.sealed.to_vec();
            let at = rng.next_u32() as usize % sealed.len();
            sealed[at] ^= 1 << (rng.next_u32() % 8);
            given.push(Envelope { sealed: sealed.into(), ..(*altered).clone() });
        }
        given.extend(one_of(rng, &its).filter(|_| happens(rng, 300)).map(|old| (*old).clone()));
        given.extend(self.depot.answer(device).expect("memory does not fail"));
        given
    }
}

impl World {
    /// A phone takes what the kiosk has for it and hands over what it has to say; with a line it waits for the answer.
    pub(crate) fn visit_kiosk(&mut self, phone: usize, has_line: bool, rng: &mut dyn Rng) {
        self.collect(phone, rng);
        let nonce = rng.next_u64();
        let clock = self.phones[phone].clock.shows(self.now);
        match self.phones[phone].device().hand_over(nonce, clock) {
            Ok(request) => {
                self.event(&format!("phone {phone} hands over"), &request.encode());
                self.kiosk.keep(&request, self.now);
            }
            Err(error) => return self.broken(format!("phone {phone} cannot hand anything over: {error}")),
        }
        if has_line {
            self.kiosk.carry(&self.office, self.now, rng);
            self.collect(phone, rng);
        }
    }

    fn collect(&mut self, phone: usize, rng: &mut dyn Rng) {
        // From here on the phone may know more than the server did when it answered.
        self.expected.remove(&phone);
        for answer in self.kiosk.gives(self.phones[phone].enrolment().device, rng) {
            match self.phones[phone].device().take_relayed(&answer) {
                Ok(events) => self.note(phone, events.as_slice()),
                Err(error) => self.broken(format!("phone {phone} cannot keep what a kiosk gave it: {error}")),
            }
        }
    }
}
