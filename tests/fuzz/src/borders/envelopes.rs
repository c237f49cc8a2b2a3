//! What a depot's kiosk hands in: envelopes as they come, and envelopes an enrolled phone sealed around anything.

use fieldline_service::SyncRefusal;
use fieldline_sync::frame;
use fieldline_sync::relay::{Asked, Envelope};
use fieldline_sync::wire::WIRE_VERSION;

use crate::cost::measured;
use crate::house::{House, NOW};
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "envelopes",
    about: "envelopes from a kiosk, altered on the way or sealed around anything",
    share: 50,
    open: || Box::new(Envelopes(House::new())),
};

struct Envelopes(House);

impl Envelopes {
    fn sealed(&self, content: &Asked) -> Envelope {
        Envelope::asking(&self.0.relay_key, self.0.device, 1, content)
    }

    fn handed_in(&mut self, envelope: &Envelope) -> Result<bool, String> {
        let house = &mut self.0;
        match house.server.answer_envelope(envelope, NOW, &mut house.rng) {
            Ok(answer) => match answer.word(&house.relay_key) {
                Some(_) => Ok(true),
                None => Err("the server's answer does not open for the phone".into()),
            },
            Err(SyncRefusal::Service(error)) => Err(format!("the server failed: {error}")),
            Err(_) => Ok(false),
        }
    }
}

impl Guard for Envelopes {
    /// An envelope, and what is in one.
    fn honest(&mut self) -> Vec<Vec<u8>> {
        let frame = frame::encode_request(&self.0.request(), WIRE_VERSION).into();
        let asked = Asked { token: self.0.token.clone(), frame };
        vec![self.sealed(&asked).encode(), minicbor::to_vec(&asked).expect("in memory")]
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let envelope = match (Envelope::decode(input), minicbor::decode::<Asked>(input)) {
            (Ok(envelope), _) => envelope,
            (_, Ok(asked)) => self.sealed(&asked),
            _ => return Ok(Taken::default()),
        };
        let (taken, cost) = measured(|| self.handed_in(&envelope));
        Ok(Taken::when(taken?, input.len(), cost))
    }
}
