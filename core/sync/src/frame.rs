//! The envelope around a request or an answer.
//!
//! `"FL"`, version (2 bytes), flags (1), dictionary id (1, 0 = none), the inflated length (4, only when compressed), the CBOR
//! payload, and the first 8 bytes of a SHA-256 over all of that. A captive portal's page, a cut or altered answer and an
//! answer of a version nobody here speaks are told apart before a byte of payload is read, and none of them can pass for an
//! acknowledgement. The checksum guards against lines and proxies, not against people: those are the signature's job.
//!
//! A frame says the version it *needs*, which is not always the newest its sender speaks: whoever sends does not go beyond
//! what the receiver has shown to speak, and what older builds can read says so.

use fieldline_model::plant::{self, Plant};
use minicbor::{Decode, Encode};

use crate::caps::{MAX_REQUEST_BYTES, MAX_REQUEST_INFLATED_BYTES, MAX_RESPONSE_BYTES, MAX_RESPONSE_INFLATED_BYTES};
use crate::packing::{Packed, pack, unpack};
use crate::wire::{OLDEST_WIRE_VERSION, Request, Response};

/// The media type of a frame in HTTP.
pub const MEDIA_TYPE: &str = "application/vnd.fieldline.sync";

const MAGIC: &[u8; 2] = b"FL";
const HEADER_BYTES: usize = 6;
const CHECKSUM_BYTES: usize = 8;
/// Why bytes are not a frame this build can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// They do not come from a Fieldline: a captive portal, a proxy's page, an empty body.
    #[error(
        "the answer does not come from a Fieldline server; sign in to the network you are on, or check the server address"
    )]
    NotOurs,
    /// They began well but were cut or altered on the way.
    #[error("the message was damaged on the way ({what}); it is sent again")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// They are written in a version the reader does not speak.
    #[error(
        "the message is written in version {version} and is read from {OLDEST_WIRE_VERSION} to {newest} here; update the older side"
    )]
    OtherVersion {
        /// The version.
        version: u16,
        /// The newest the reader speaks.
        newest: u16,
    },
    /// They are, or would become, larger than any message may be.
    #[error("the message has {bytes} bytes and may have {most}")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The cap.
        most: usize,
    },
}

/// Wraps a request for somebody who speaks `version`, and perhaps newer ones.
pub fn encode_request(request: &Request, version: u16) -> Vec<u8> {
    encode(request, OLDEST_WIRE_VERSION, version)
}

/// Unwraps a request written in a version up to `newest`.
///
/// # Errors
/// When the bytes are not such a request.
pub fn decode_request(frame: &[u8], newest: u16) -> Result<Request, FrameError> {
    decode(frame, newest, MAX_REQUEST_BYTES, MAX_REQUEST_INFLATED_BYTES)
}

/// Wraps an answer, in the version it says.
pub fn encode_response(response: &Response) -> Vec<u8> {
    encode(response, response.needs_version(), response.wire_version)
}

/// Unwraps an answer written in a version up to `newest`.
///
/// # Errors
/// When the bytes are not such an answer.
pub fn decode_response(frame: &[u8], newest: u16) -> Result<Response, FrameError> {
    decode(frame, newest, MAX_RESPONSE_BYTES, MAX_RESPONSE_INFLATED_BYTES)
}

fn encode<T: Encode<()>>(message: &T, needs: u16, speaks: u16) -> Vec<u8> {
    let payload = minicbor::to_vec(message).expect("encoding into memory does not fail");
    let Packed { version, flags, dictionary, bytes } = pack(&payload, speaks);
    let version = version.max(needs);
    let mut frame = [MAGIC, &version.to_be_bytes()[..], &[flags, dictionary], &bytes].concat();
    let checksum = checksum(&frame);
    frame.extend_from_slice(&checksum);
    frame
}

fn decode<T: for<'b> Decode<'b, ()>>(
    frame: &[u8],
    newest: u16,
    most: usize,
    most_inflated: usize,
) -> Result<T, FrameError> {
    if !frame.starts_with(MAGIC) {
        return Err(FrameError::NotOurs);
    }
    if frame.len() > most {
        return Err(FrameError::TooLarge { bytes: frame.len(), most });
    }
    let damaged = |what| FrameError::Damaged { what };
    let body = frame.len().checked_sub(CHECKSUM_BYTES).filter(|body| *body >= HEADER_BYTES);
    let (covered, sum) = frame.split_at(body.ok_or(damaged("it is cut"))?);
    if checksum(covered) != sum && !plant::is(Plant::ChecksumIgnored) {
        return Err(damaged("the checksum differs"));
    }
    let version = u16::from_be_bytes([covered[2], covered[3]]);
    if !(OLDEST_WIRE_VERSION..=newest).contains(&version) {
        return Err(FrameError::OtherVersion { version, newest });
    }
    let (flags, dictionary, bytes) = (covered[4], covered[5], covered[HEADER_BYTES..].into());
    read(&unpack(&Packed { version, flags, dictionary, bytes }, most_inflated)?)
}

fn read<T: for<'b> Decode<'b, ()>>(payload: &[u8]) -> Result<T, FrameError> {
    minicbor::decode(payload).map_err(|_| FrameError::Damaged { what: "it is not a message" })
}

fn checksum(covered: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let digest = ring::digest::digest(&ring::digest::SHA256, covered);
    digest.as_ref()[..CHECKSUM_BYTES].try_into().expect("a digest has 32 bytes")
}

#[cfg(test)]
mod tests {
    use fieldline_model::{DeviceId, DocumentId, SysId, Timestamp};
    use proptest::prelude::*;

    use super::*;

    use crate::wire::{Entry, Outcome, Position, Receipt, WIRE_VERSION};

    fn idle_request() -> Request {
        Request {
            cursor: Some(vec![9; 42].into()),
            newest_counter: Some(1_000_000),
            ..Request::of(DeviceId([7; 16]), 3, u64::from(u32::MAX))
        }
    }

    fn idle_response() -> Response {
        Response {
            cursor: vec![9; 42].into(),
            ..Response::to(u64::from(u32::MAX), u64::MAX, Timestamp(1_800_000_000_000))
        }
    }

    fn reseal(mut frame: Vec<u8>) -> Vec<u8> {
        frame.truncate(frame.len() - CHECKSUM_BYTES);
        let sum = checksum(&frame);
        [frame, sum.to_vec()].concat()
    }

    #[test]
    fn asking_for_nothing_new_costs_at_most_a_hundred_bytes_each_way() {
        let (up, down) = (encode_request(&idle_request(), WIRE_VERSION), encode_response(&idle_response()));
        assert!(up.len() <= 100 && down.len() <= 100, "{} up, {} down", up.len(), down.len());
        assert_eq!(decode_request(&up, WIRE_VERSION), Ok(idle_request()));
        assert_eq!(decode_response(&down, WIRE_VERSION), Ok(idle_response()));
    }

    #[test]
    fn a_portal_page_a_redirect_body_and_silence_are_not_ours() {
        for body in ["", "<html><body>Welcome to HotelNet</body></html>", "{\"ok\":true}", "ok", "\u{1f}\u{8b}\0\0"] {
            assert_eq!(decode_response(body.as_bytes(), WIRE_VERSION), Err(FrameError::NotOurs), "{body}");
        }
    }

    #[test]
    fn a_frame_cut_anywhere_or_changed_in_any_bit_is_never_read() {
        let receipts = (0..40).map(|counter| Receipt {
            counter,
            outcome: Outcome::Accepted { position: Position(counter), merged: false },
        });
        let frame = encode_response(&Response { receipts: receipts.collect(), ..idle_response() });
        for end in 0..frame.len() {
            assert!(decode_response(&frame[..end], WIRE_VERSION).is_err(), "cut at {end}");
        }
        for bit in 0..8 * frame.len() {
            let mut altered = frame.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_response(&altered, WIRE_VERSION).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_another_version_says_which() {
        let mut frame = encode_request(&idle_request(), WIRE_VERSION);
        frame[3] = 9;
        let frame = reseal(frame);
        assert_eq!(decode_request(&frame, 8), Err(FrameError::OtherVersion { version: 9, newest: 8 }));
        assert_eq!(decode_request(&frame, 9), Ok(idle_request()));
    }

    #[test]
    fn an_answer_is_written_in_the_version_it_says_and_says_the_version_it_needs() {
        let receipts = (0..40).map(|counter| Receipt { counter, outcome: Outcome::NeedsHeads });
        let answer = Response { receipts: receipts.collect(), ..idle_response() };
        let older = Response { wire_version: 1, ..answer.clone() };
        let needs = |answer: &Response| encode_response(answer)[3];
        assert_eq!((needs(&older), needs(&answer), needs(&idle_response())), (1, 3, 1));
        let entry = Entry::Packed {
            document: DocumentId::new("wm_task", SysId([7; 16])),
            position: Position(1),
            bytes: vec![0; 9].into(),
            is_told_by_its_row: true,
        };
        assert_eq!(needs(&Response { entries: vec![entry], ..idle_response() }), 3, "however short");
        assert_eq!(decode_response(&encode_response(&older), 1), Ok(older));
        assert!(matches!(decode_response(&encode_response(&answer), 1), Err(FrameError::OtherVersion { .. })));
    }

    #[test]
    fn fields_a_newer_side_added_at_the_end_are_skipped() {
        let payload = minicbor::to_vec(idle_request()).expect("in memory");
        let fields = payload[0] & 0x1f;
        let mut longer = payload.clone();
        longer[0] = 0x80 | (fields + 1);
        longer.extend_from_slice(&minicbor::to_vec("a later field").expect("in memory"));
        assert_eq!(read::<Request>(&longer), Ok(idle_request()));
    }

    #[test]
    fn a_bomb_is_refused_whether_it_declares_its_size_or_lies() {
        let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 19).expect("compresses");
        assert!(bomb.len() < 16 << 10);
        for declared in [64_u32 << 20, 1 << 20, 100, 0, u32::MAX] {
            let head = [b"FL".as_slice(), &1_u16.to_be_bytes(), &[1, 0], &declared.to_be_bytes(), &bomb];
            let frame = reseal([head.concat(), vec![0; CHECKSUM_BYTES]].concat());
            assert!(decode_request(&frame, WIRE_VERSION).is_err(), "declared {declared}");
        }
        let huge = [b"FL".as_slice(), &vec![0; MAX_REQUEST_BYTES]].concat();
        assert!(matches!(decode_request(&huge, WIRE_VERSION), Err(FrameError::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn sealed_noise_is_refused_or_read_but_never_harms(noise in proptest::collection::vec(any::<u8>(), 0..400)) {
            let frame = reseal([b"FL\0\x02".as_slice(), &noise, &[0; 12]].concat());
            let _ = (decode_request(&frame, WIRE_VERSION), decode_response(&frame, WIRE_VERSION));
        }
    }
}
