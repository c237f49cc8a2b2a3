//! The blocks of an OpenStreetMap PBF file, one after the other, never more than one in memory.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use fieldline_model::Place;
use prost::Message;

use super::OsmError;
use super::messages::{Blob, BlobHeader, HeaderBlock, PrimitiveBlock, Way};

/// Most bytes of a blob's header and of a block, by the format's definition.
const MOST_HEADER_BYTES: usize = 64 << 10;
const MOST_BLOCK_BYTES: usize = 32 << 20;
/// What a file may require of its readers.
const FEATURES: [&str; 2] = ["OsmSchema-V0.6", "DenseNodes"];

/// Reads a file block by block; `progress` is told how many bytes more were read.
pub fn each_block(
    path: &Path,
    progress: &mut dyn FnMut(u64),
    visit: &mut dyn FnMut(&PrimitiveBlock),
) -> Result<(), OsmError> {
    let io = |source| OsmError::Io { path: path.into(), source };
    let not_pbf = |problem: String| OsmError::NotPbf { path: path.into(), problem };
    let file = File::open(path).map_err(io)?;
    let mut left = file.metadata().map_err(io)?.len();
    let mut file = BufReader::new(file);
    let mut first = true;
    while left > 0 || first {
        let mut take = |bytes: usize, most: usize| {
            if bytes > most || bytes as u64 > left {
                return Err(not_pbf(format!("a block of {bytes} bytes; there are {left} left and {most} allowed")));
            }
            let mut taken = vec![0; bytes];
            file.read_exact(&mut taken).map_err(io)?;
            left -= bytes as u64;
            progress(bytes as u64);
            Ok(taken)
        };
        let length = take(4, 4)?;
        let length = u32::from_be_bytes(std::array::from_fn(|at| length[at]));
        let header =
            BlobHeader::decode(&*take(length as usize, MOST_HEADER_BYTES)?).map_err(|e| not_pbf(e.to_string()))?;
        let blob = take(usize::try_from(header.blob_bytes).unwrap_or(usize::MAX), MOST_BLOCK_BYTES)?;
        match (header.kind.as_str(), first) {
            ("OSMHeader", true) => check(&unpack(&blob).map_err(not_pbf)?).map_err(not_pbf)?,
            (_, true) => return Err(not_pbf("it does not begin with a header".into())),
            ("OSMData", false) => {
                let block = unpack(&blob).and_then(|bytes| PrimitiveBlock::decode(&*bytes).map_err(|e| e.to_string()));
                visit(&block.map_err(not_pbf)?);
            }
            // Whatever else there is may be skipped, by the format's definition.
            _ => {}
        }
        first = false;
    }
    Ok(())
}

fn check(header: &[u8]) -> Result<(), String> {
    let header = HeaderBlock::decode(header).map_err(|error| error.to_string())?;
    match header.required_features.iter().find(|feature| !FEATURES.contains(&feature.as_str())) {
        Some(feature) => Err(format!("it needs \"{feature}\", which is not understood")),
        None => Ok(()),
    }
}

fn unpack(blob: &[u8]) -> Result<Vec<u8>, String> {
    let blob = Blob::decode(blob).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let mut inflate = |reader: &mut dyn Read| reader.take(MOST_BLOCK_BYTES as u64).read_to_end(&mut bytes);
    let inflated = match (blob.raw, blob.zlib, blob.zstd) {
        (Some(raw), ..) => return Ok(raw),
        (_, Some(zlib), _) => inflate(&mut flate2::read::ZlibDecoder::new(&*zlib)),
        (.., Some(zstd)) => zstd::stream::Decoder::new(&*zstd).and_then(|mut decoder| inflate(&mut decoder)),
        _ => return Err("a block is compressed by neither zlib nor zstd".into()),
    };
    inflated.map_err(|error| format!("a block does not unpack: {error}"))?;
    Ok(bytes)
}

impl PrimitiveBlock {
    /// The nodes with a number and a position on earth.
    pub fn nodes(&self) -> impl Iterator<Item = (i64, Place)> + '_ {
        let alone = self.groups.iter().flat_map(|group| &group.nodes);
        let alone = alone.map(|node| (node.id, node.latitude, node.longitude));
        let dense = self.groups.iter().filter_map(|group| group.dense.as_ref()).flat_map(|dense| {
            let positions = sums(&dense.latitudes).zip(sums(&dense.longitudes));
            sums(&dense.ids).zip(positions).map(|(id, (latitude, longitude))| (id, latitude, longitude))
        });
        let degrees = |value: i64, offset: Option<i64>| {
            (offset.unwrap_or(0) as f64 + value as f64 * f64::from(self.granularity())) / 1e9
        };
        alone.chain(dense).filter_map(move |(id, latitude, longitude)| {
            let latitude = degrees(latitude, self.latitude_offset);
            Some((id, Place::from_degrees(latitude, degrees(longitude, self.longitude_offset))?))
        })
    }

    /// The ways.
    pub fn ways(&self) -> impl Iterator<Item = &Way> {
        self.groups.iter().flat_map(|group| &group.ways)
    }

    /// What a way's tag says.
    pub fn tag<'a>(&'a self, way: &Way, key: &str) -> Option<&'a str> {
        let word = |number: u32| self.strings.words.get(number as usize);
        let at = way.keys.iter().position(|number| word(*number).is_some_and(|word| word == key.as_bytes()))?;
        std::str::from_utf8(word(*way.values.get(at)?)?).ok()
    }
}

impl Way {
    /// The numbers of its nodes, in their order.
    pub fn node_ids(&self) -> impl Iterator<Item = i64> + '_ {
        sums(&self.nodes)
    }
}

fn sums(steps: &[i64]) -> impl Iterator<Item = i64> + '_ {
    steps.iter().scan(0_i64, |sum, step| {
        *sum = sum.wrapping_add(*step);
        Some(*sum)
    })
}
