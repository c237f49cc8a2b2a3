//! Pictures as a phone's camera and screen would hand them over: valid PNG files, different every time, made from chance.
//!
//! PNG (RFC 2083) needs no more than a header, one zlib stream and three checksums, so no image library is carried for it.

use std::io::Write;

use fieldline_device::Captured;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use rand_core::Rng;

/// Colour type 0: one grey byte a pixel.
const GREY: u8 = 0;

/// A photo and its thumbnail. Camera noise does not compress, so the photo is as large as it looks.
pub fn photo(name: &str, rng: &mut dyn Rng) -> (Captured, Captured) {
    let mut noise = vec![0; 320 * 240];
    rng.fill_bytes(&mut noise);
    let scene: Vec<u8> = (0..320 * 240).map(|at| (noise[at] / 4).wrapping_add((at / 320) as u8)).collect();
    let small: Vec<u8> = (0..40 * 30).map(|at| scene[(at / 40) * 8 * 320 + (at % 40) * 8]).collect();
    (png(name, 320, &scene), png(&format!("small-{name}"), 40, &small))
}

/// A signature: a dark line that wanders over light paper.
pub fn signature(name: &str, rng: &mut dyn Rng) -> Captured {
    let (width, height) = (240, 80);
    let mut paper = vec![255; width * height];
    let mut line = height / 2;
    for column in 10..width - 10 {
        let step = rng.next_u32() % 7;
        line = (line + step as usize).saturating_sub(3).clamp(4, height - 5);
        (line - 1..=line + 1).for_each(|row| paper[row * width + column] = 20);
    }
    png(name, width, &paper)
}

fn png(name: &str, width: usize, grey: &[u8]) -> Captured {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let size = |length: usize| u32::try_from(length).expect("pictures are small").to_be_bytes();
    let header = [&size(width)[..], &size(grey.len() / width), &[8, GREY, 0, 0, 0]].concat();
    // Every line begins with its filter: 0, none.
    let lines: Vec<u8> = grey.chunks(width).flat_map(|line| [&[0], line].concat()).collect();
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&lines).expect("writing to memory does not fail");
    chunk(&mut bytes, b"IHDR", &header);
    chunk(&mut bytes, b"IDAT", &packed.finish().expect("writing to memory does not fail"));
    chunk(&mut bytes, b"IEND", &[]);
    Captured { bytes, file_name: format!("{name}.png"), content_type: "image/png".into() }
}

fn chunk(out: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    let mut sum = flate2::Crc::new();
    sum.update(kind);
    sum.update(content);
    out.extend(u32::try_from(content.len()).expect("pictures are small").to_be_bytes());
    out.extend_from_slice(kind);
    out.extend_from_slice(content);
    out.extend(sum.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn pictures_are_well_formed_and_differ_and_the_same_seed_makes_the_same() {
        let make = |seed| photo("before", &mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(make(1), make(1));
        assert_ne!(make(1).0.bytes, make(2).0.bytes);
        let (photo, small) = make(3);
        assert!(photo.bytes.len() > 20 * small.bytes.len(), "a thumbnail is worth sending first");
        assert!(photo.bytes.starts_with(b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x40\0\0\0\xf0"));
        // The last chunk of every PNG is the same twelve bytes.
        assert!(small.bytes.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
    }
}
