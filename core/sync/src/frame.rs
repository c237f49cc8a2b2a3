//! The envelope around a request or an answer.
//!
//! `"FL"`, version (2 bytes), flags (1), dictionary id (1, 0 = none), the inflated length (4, only when compressed), the CBOR
//! payload, and the first 8 bytes of a SHA-256 over all of that. A captive portal's page, a cut or altered answer and an
//! answer of a version nobody here speaks are told apart before a byte of payload is read, and none of them can pass for an
//! acknowledgement. The checksum guards against lines and proxies, not against people: those are the signature's job.
//!
//! The payload is compressed only when that makes it smaller. The inflated length is declared, capped, and must be met
//! exactly, so a bomb costs nothing.

use minicbor::{Decode, Encode};

use crate::caps::{MAX_REQUEST_BYTES, MAX_REQUEST_INFLATED_BYTES, MAX_RESPONSE_BYTES, MAX_RESPONSE_INFLATED_BYTES};
use crate::wire::{OLDEST_WIRE_VERSION, Request, Response, WIRE_VERSION};

/// The media type of a frame in HTTP.
pub const MEDIA_TYPE: &str = "application/vnd.fieldline.sync";

const MAGIC: &[u8; 2] = b"FL";
const HEADER_BYTES: usize = 6;
const CHECKSUM_BYTES: usize = 8;
/// Payload is compressed with zstd; an inflated length follows the header.
const FLAG_ZSTD: u8 = 1;
/// A payload shorter than this never gets smaller by compression (zstd's own header, the length and the weak statistics).
const WORTH_COMPRESSING_BYTES: usize = 128;
/// Level 3: within 10 % of level 9 on rows and edits at a sixth of the time.
const ZSTD_LEVEL: i32 = 3;

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
    /// They are written in a version this build does not speak.
    #[error(
        "the message is written in version {version} and this app reads {OLDEST_WIRE_VERSION} to {WIRE_VERSION}; update the older side"
    )]
    OtherVersion {
        /// The version.
        version: u16,
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

/// Wraps a request.
pub fn encode_request(request: &Request) -> Vec<u8> {
    encode(request)
}

/// Unwraps a request.
///
/// # Errors
/// When the bytes are not a request this build reads.
pub fn decode_request(frame: &[u8]) -> Result<Request, FrameError> {
    decode(frame, MAX_REQUEST_BYTES, MAX_REQUEST_INFLATED_BYTES)
}

/// Wraps an answer.
pub fn encode_response(response: &Response) -> Vec<u8> {
    encode(response)
}

/// Unwraps an answer.
///
/// # Errors
/// When the bytes are not an answer this build reads.
pub fn decode_response(frame: &[u8]) -> Result<Response, FrameError> {
    decode(frame, MAX_RESPONSE_BYTES, MAX_RESPONSE_INFLATED_BYTES)
}

fn encode<T: Encode<()>>(message: &T) -> Vec<u8> {
    let payload = minicbor::to_vec(message).expect("encoding into memory does not fail");
    let mut frame = Vec::with_capacity(payload.len().min(MAX_RESPONSE_BYTES) + HEADER_BYTES + CHECKSUM_BYTES);
    frame.extend_from_slice(MAGIC);
    frame.extend_from_slice(&WIRE_VERSION.to_be_bytes());
    match compressed(&payload) {
        Some(smaller) => {
            frame.extend_from_slice(&[FLAG_ZSTD, 0]);
            frame.extend_from_slice(&(payload.len() as u32).to_be_bytes());
            frame.extend_from_slice(&smaller);
        }
        None => {
            frame.extend_from_slice(&[0, 0]);
            frame.extend_from_slice(&payload);
        }
    }
    let checksum = checksum(&frame);
    frame.extend_from_slice(&checksum);
    frame
}

fn compressed(payload: &[u8]) -> Option<Vec<u8>> {
    if payload.len() < WORTH_COMPRESSING_BYTES || u32::try_from(payload.len()).is_err() {
        return None;
    }
    let smaller = zstd::bulk::compress(payload, ZSTD_LEVEL).ok()?;
    (smaller.len() + 4 < payload.len()).then_some(smaller)
}

fn decode<T: for<'b> Decode<'b, ()>>(frame: &[u8], most: usize, most_inflated: usize) -> Result<T, FrameError> {
    if !frame.starts_with(MAGIC) {
        return Err(FrameError::NotOurs);
    }
    if frame.len() > most {
        return Err(FrameError::TooLarge { bytes: frame.len(), most });
    }
    let damaged = |what| FrameError::Damaged { what };
    let body = frame.len().checked_sub(CHECKSUM_BYTES).filter(|body| *body >= HEADER_BYTES);
    let (covered, sum) = frame.split_at(body.ok_or(damaged("it is cut"))?);
    if checksum(covered) != sum {
        return Err(damaged("the checksum differs"));
    }
    let version = u16::from_be_bytes([covered[2], covered[3]]);
    if !(OLDEST_WIRE_VERSION..=WIRE_VERSION).contains(&version) {
        return Err(FrameError::OtherVersion { version });
    }
    let (flags, dictionary, payload) = (covered[4], covered[5], &covered[HEADER_BYTES..]);
    match (flags, dictionary) {
        (0, 0) => read(payload),
        (FLAG_ZSTD, 0) => read(&inflated(payload, most_inflated)?),
        _ => Err(damaged("it is packed in an unknown way")),
    }
}

fn inflated(packed: &[u8], most: usize) -> Result<Vec<u8>, FrameError> {
    let damaged = FrameError::Damaged { what: "it does not unpack" };
    let (length, packed) = packed.split_first_chunk::<4>().ok_or(damaged.clone())?;
    let bytes = u32::from_be_bytes(*length) as usize;
    if bytes > most {
        return Err(FrameError::TooLarge { bytes, most });
    }
    // The capacity is the declared length: zstd stops with an error where a frame would give more.
    let payload = zstd::bulk::decompress(packed, bytes).map_err(|_| damaged.clone())?;
    if payload.len() == bytes { Ok(payload) } else { Err(damaged) }
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
    use fieldline_model::{DeviceId, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::caps::DEFAULT_BUDGET_BYTES;
    use crate::wire::{Outcome, Position, Receipt};

    fn idle_request() -> Request {
        Request {
            wire_version: WIRE_VERSION,
            nonce: u64::from(u32::MAX),
            device: DeviceId([7; 16]),
            epoch: 3,
            budget_bytes: DEFAULT_BUDGET_BYTES,
            cursor: Some(vec![9; 42].into()),
            push: None,
            wants: Vec::new(),
            chunks: Vec::new(),
            chunk_wants: Vec::new(),
            number_wants: Vec::new(),
            audit: false,
        }
    }

    fn idle_response() -> Response {
        Response {
            wire_version: WIRE_VERSION,
            nonce: u64::from(u32::MAX),
            server_epoch: u64::MAX,
            now: Timestamp(1_800_000_000_000),
            receipts: Vec::new(),
            entries: Vec::new(),
            cursor: vec![9; 42].into(),
            more: false,
            progress: None,
            scope_checksum: None,
            blobs: Vec::new(),
            chunks: Vec::new(),
            numbers: Vec::new(),
            audit: None,
        }
    }

    fn reseal(mut frame: Vec<u8>) -> Vec<u8> {
        frame.truncate(frame.len() - CHECKSUM_BYTES);
        let sum = checksum(&frame);
        [frame, sum.to_vec()].concat()
    }

    #[test]
    fn asking_for_nothing_new_costs_at_most_a_hundred_bytes_each_way() {
        let (up, down) = (encode_request(&idle_request()), encode_response(&idle_response()));
        assert!(up.len() <= 100 && down.len() <= 100, "{} up, {} down", up.len(), down.len());
        assert_eq!(decode_request(&up), Ok(idle_request()));
        assert_eq!(decode_response(&down), Ok(idle_response()));
    }

    #[test]
    fn a_portal_page_a_redirect_body_and_silence_are_not_ours() {
        for body in ["", "<html><body>Welcome to HotelNet</body></html>", "{\"ok\":true}", "ok", "\u{1f}\u{8b}\0\0"] {
            assert_eq!(decode_response(body.as_bytes()), Err(FrameError::NotOurs), "{body}");
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
            assert!(decode_response(&frame[..end]).is_err(), "cut at {end}");
        }
        for bit in 0..8 * frame.len() {
            let mut altered = frame.clone();
            altered[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_response(&altered).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_another_version_says_which() {
        let mut frame = encode_request(&idle_request());
        frame[3] = 9;
        assert_eq!(decode_request(&reseal(frame)), Err(FrameError::OtherVersion { version: 9 }));
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
            let head = [b"FL".as_slice(), &1_u16.to_be_bytes(), &[FLAG_ZSTD, 0], &declared.to_be_bytes(), &bomb];
            let frame = reseal([head.concat(), vec![0; CHECKSUM_BYTES]].concat());
            assert!(decode_request(&frame).is_err(), "declared {declared}");
        }
        let huge = [b"FL".as_slice(), &vec![0; MAX_REQUEST_BYTES]].concat();
        assert!(matches!(decode_request(&huge), Err(FrameError::TooLarge { .. })));
    }

    proptest! {
        #[test]
        fn sealed_noise_is_refused_or_read_but_never_harms(noise in proptest::collection::vec(any::<u8>(), 0..400)) {
            let frame = reseal([b"FL\0\x01".as_slice(), &noise, &[0; 12]].concat());
            let _ = (decode_request(&frame), decode_response(&frame));
        }
    }
}
