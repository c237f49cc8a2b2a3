//! What can be done to bytes on a wire.

/// Bytes of the checksum at the end of a frame.
const CHECKSUM_BYTES: usize = 8;
/// Lengths of the pieces that are repeated, swapped and left out.
const PIECES: [usize; 3] = [1, 8, 61];

/// Every way `frame` is changed by one fault, at every `step`-th place: each bit flipped (one in `8 / bits` of them when
/// `bits` is less than eight), each piece repeated, left out or swapped with its neighbour, both ends cut, and joined with
/// each of `others` from there on.
pub fn mutants<'a>(
    frame: &'a [u8],
    others: &'a [Vec<u8>],
    bits: usize,
    step: usize,
) -> impl Iterator<Item = (String, Vec<u8>)> + 'a {
    let places = (0..frame.len()).step_by(step);
    let flips = places.clone().flat_map(move |at| {
        (0..bits).map(move |bit| {
            let bit = (at + bit) % 8;
            (format!("bit {bit} of byte {at} flipped"), flipped(frame, at, bit))
        })
    });
    let cuts = places.clone().flat_map(move |at| {
        let (head, tail) = frame.split_at(at);
        [(format!("cut at {at}"), head.to_vec()), (format!("begun at {}", at + 1), tail[1..].to_vec())]
    });
    let pieces =
        places.clone().flat_map(move |at| PIECES.into_iter().flat_map(move |length| pieced(frame, at, length)));
    let joined = places.flat_map(move |at| {
        others.iter().enumerate().map(move |(number, other)| {
            let rest = other.get(at..).unwrap_or_default();
            (format!("joined at {at} with message {number}"), [&frame[..at], rest].concat())
        })
    });
    flips.chain(cuts).chain(pieces).chain(joined).filter(move |(_, mutant)| mutant != frame && !others.contains(mutant))
}

fn flipped(frame: &[u8], at: usize, bit: usize) -> Vec<u8> {
    let mut mutant = frame.to_vec();
    mutant[at] ^= 1 << bit;
    mutant
}

fn pieced(frame: &[u8], at: usize, length: usize) -> Vec<(String, Vec<u8>)> {
    let end = (at + length).min(frame.len());
    let next = (end + length).min(frame.len());
    let (before, piece, after) = (&frame[..at], &frame[at..end], &frame[end..]);
    vec![
        (format!("{length} bytes at {at} repeated"), [before, piece, piece, after].concat()),
        (format!("{length} bytes at {at} left out"), [before, after].concat()),
        (format!("{length} bytes at {at} swapped"), [before, &frame[end..next], piece, &frame[next..]].concat()),
    ]
}

/// A frame under a checksum that is right for what it now says: what no line does by chance.
pub fn resealed(frame: &[u8]) -> Vec<u8> {
    let covered = &frame[..frame.len() - CHECKSUM_BYTES];
    let digest = ring::digest::digest(&ring::digest::SHA256, covered);
    [covered, &digest.as_ref()[..CHECKSUM_BYTES]].concat()
}
