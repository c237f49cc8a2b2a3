//! Pieces of captured files: any size, index and content, interleaved over few files.

use fieldline_model::BlobHash;
use fieldline_sync::caps::CHUNK_BYTES;
use fieldline_sync::wire::{BlobChunk, BlobStatus, ChunkWant, Request};
use ring::digest;

use crate::cost::measured;
use crate::dice::Dice;
use crate::house::House;
use crate::{Border, Guard, Taken};

/// Inputs a house takes before it is built anew: pieces are kept.
const INPUTS_A_HOUSE: usize = 200;

pub const BORDER: Border = Border {
    name: "blobs",
    about: "pieces of files with any size, index and content; an honest file still arrives whole",
    share: 50,
    open: || Box::new(Blobs { house: House::new(), taken: 0 }),
};

struct Blobs {
    house: House,
    taken: usize,
}

impl Blobs {
    /// A photo sent piece by piece as a phone does, from wherever the server says it stands.
    fn honest_file_arrives(&mut self, content: &[u8]) -> Result<(), String> {
        let blob = hash_of(content);
        let mut index = 0;
        for _ in 0..6 {
            let bytes = content.chunks(CHUNK_BYTES).nth(index as usize).unwrap_or_default().to_vec().into();
            let status = self.send(BlobChunk { blob, size_bytes: content.len() as u64, index, bytes })?;
            match status {
                Some(status) if status.complete => return Ok(()),
                Some(status) => index = status.chunks_held,
                None => return Err("an honest piece was refused".into()),
            }
        }
        Err("an honest file does not arrive".into())
    }

    fn send(&mut self, chunk: BlobChunk) -> Result<Option<BlobStatus>, String> {
        let want = ChunkWant { blob: chunk.blob, index: chunk.index };
        let request = Request { chunks: vec![chunk], chunk_wants: vec![want], ..self.house.request() };
        Ok(self.house.exchange(&request)?.and_then(|response| response.blobs.first().copied()))
    }
}

fn hash_of(content: &[u8]) -> BlobHash {
    BlobHash(digest::digest(&digest::SHA256, content).as_ref().try_into().expect("32 bytes"))
}

impl Guard for Blobs {
    fn honest(&mut self) -> Vec<Vec<u8>> {
        vec![vec![0; 64], (0..200).collect()]
    }

    fn take(&mut self, input: &[u8]) -> Result<Taken, String> {
        self.taken += 1;
        if self.taken.is_multiple_of(INPUTS_A_HOUSE) {
            self.house = House::new();
        }
        let mut dice = Dice(input);
        // The file an honest phone will send right after: a thief knows its hash.
        let content = vec![self.taken as u8; 1 + self.taken % 70_000];
        let mut taken = Taken::default();
        while !dice.is_empty() {
            let blob = if dice.below(3) == 0 { hash_of(&content) } else { BlobHash([dice.byte() % 4; 32]) };
            let size_bytes = match dice.below(4) {
                0 => dice.number().cast_unsigned(),
                1 => content.len() as u64,
                _ => dice.below(70_000) as u64,
            };
            let index = if dice.below(4) == 0 { dice.number() as u32 } else { 0 };
            let length =
                if dice.below(3) == 0 { dice.below(70_000) } else { size_bytes.min(CHUNK_BYTES as u64) as usize };
            let chunk = BlobChunk { blob, size_bytes, index, bytes: vec![dice.byte(); length].into() };
            let (status, cost) = measured(|| self.send(chunk));
            taken.let_in_bytes += status?.map_or(0, |_| length);
            taken.cost.microseconds += cost.microseconds;
            taken.cost.memory_bytes = taken.cost.memory_bytes.max(cost.memory_bytes);
        }
        self.honest_file_arrives(&content)?;
        Ok(taken)
    }
}
