//! Frames: noise, damaged frames, and frames whose checksum is right although nobody honest made them.

use fieldline_sync::frame;
use fieldline_sync::wire::WIRE_VERSION;
use ring::digest;

use crate::cost::measured;
use crate::house::House;
use crate::{Border, Guard, Taken};

pub const BORDER: Border = Border {
    name: "frames",
    about: "bytes off the wire, as they come and with a right checksum",
    share: 100,
    open: || Box::new(Frames),
};

struct Frames;

/// The frame around a payload, as [`frame`] makes it.
pub fn sealed(version: u16, flags: u8, dictionary: u8, payload: &[u8]) -> Vec<u8> {
    let head = [b"FL".as_slice(), &version.to_be_bytes(), &[flags, dictionary], payload].concat();
    let sum = digest::digest(&digest::SHA256, &head);
    [&head, &sum.as_ref()[..8]].concat()
}

impl Guard for Frames {
    /// Frames, and payloads with a last byte that says how they are wrapped.
    fn honest(&mut self) -> Vec<Vec<u8>> {
        let mut house = House::new();
        let (request, push) = (house.request(), house.pushing(Vec::new()));
        let answer = house.exchange(&request).ok().flatten().expect("an honest request is answered");
        let payload = |bytes: Vec<u8>| [bytes, vec![0]].concat();
        vec![
            frame::encode_request(&request, WIRE_VERSION),
            frame::encode_response(&answer),
            payload(minicbor::to_vec(&push).expect("in memory")),
            payload(minicbor::to_vec(&answer).expect("in memory")),
        ]
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        let (knobs, payload) = input.split_last().map_or((0, input), |(last, payload)| (*last, payload));
        let resealed = sealed(u16::from(knobs & 3) + 1, knobs >> 2 & 1, knobs >> 3 & 3, payload);
        let (read, cost) = measured(|| {
            let _ = (frame::decode_request(input, WIRE_VERSION), frame::decode_response(input, WIRE_VERSION));
            let _ = frame::decode_response(&resealed, WIRE_VERSION);
            frame::decode_request(&resealed, WIRE_VERSION)
        });
        if let Ok(request) = &read
            && frame::decode_request(&frame::encode_request(request, WIRE_VERSION), WIRE_VERSION).as_ref()
                != Ok(request)
        {
            return Err("a request that was read is not read again".into());
        }
        Ok(Taken::when(read.is_ok(), input.len(), cost))
    }
}
