//! A document in short: what its row does not say.
//!
//! Most of a saved document is its row once more: the text of a field stands in both. Whoever has the row needs only the
//! rest, so a document is packed as a list of pieces, each some bytes of its own and a stretch of what the row says.
//! Packing knows nothing of Automerge but how values are spelt there, and a wrong row shows: a document carries a checksum.

use fieldline_model::{Record, Value};

/// A shorter stretch costs as much to name as to repeat.
const SHORTEST_STRETCH: usize = 8;
/// Places of the row that are remembered, by what stands there; a row is seldom longer than this.
const REMEMBERED_BITS: u32 = 12;

/// What a row says, spelt as in a document: value after value, in the order of the fields' names.
fn said(row: &Record) -> Vec<u8> {
    let mut said = Vec::with_capacity(1 << 10);
    for value in row.fields.values() {
        match value {
            Value::Text(text) => said.extend_from_slice(text.as_bytes()),
            Value::Integer(number) => signed(*number, &mut said),
            Value::Decimal(number) => signed(number.millionths, &mut said),
            Value::Time(moment) => signed(moment.0, &mut said),
            Value::Reference(id) => said.extend_from_slice(id.to_string().as_bytes()),
            Value::List(ids) => ids.iter().for_each(|id| said.extend_from_slice(id.to_string().as_bytes())),
            Value::Boolean(_) => {}
        }
    }
    said
}

/// Signed LEB128, as Automerge writes numbers.
fn signed(mut number: i64, bytes: &mut Vec<u8>) {
    loop {
        let low = number as u8 & 0x7f;
        number >>= 7;
        let is_last = (number == 0 && low & 0x40 == 0) || (number == -1 && low & 0x40 != 0);
        bytes.push(if is_last { low } else { low | 0x80 });
        if is_last {
            return;
        }
    }
}

/// LEB128.
fn length(mut number: usize, bytes: &mut Vec<u8>) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Packs a saved document beside its row.
pub fn pack(row: &Record, document: &[u8]) -> Vec<u8> {
    let said = said(row);
    let places = Places::of(&said);
    let mut packed = Vec::with_capacity(document.len() / 2);
    let (mut own, mut at) = (0, 0);
    while at < document.len() {
        match places.longest(&said, &document[at..]) {
            Some((from, count)) => {
                length(at - own, &mut packed);
                packed.extend_from_slice(&document[own..at]);
                length(from, &mut packed);
                length(count, &mut packed);
                at += count;
                own = at;
            }
            None => at += 1,
        }
    }
    length(at - own, &mut packed);
    packed.extend_from_slice(&document[own..]);
    packed
}

/// Takes out what [`pack`] put in; `None` when it cannot have come from it, or has more than `most` bytes.
pub fn unpack(row: &Record, packed: &[u8], most: usize) -> Option<Vec<u8>> {
    let said = said(row);
    let mut reader = Reader(packed);
    let mut document = Vec::with_capacity(packed.len() + said.len());
    loop {
        let own = reader.length()?;
        document.extend_from_slice(reader.take(own)?);
        if reader.0.is_empty() {
            return (document.len() <= most).then_some(document);
        }
        let (from, count) = (reader.length()?, reader.length()?);
        document.extend_from_slice(said.get(from..)?.get(..count)?);
        if document.len() > most {
            return None;
        }
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn length(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?[0];
            number |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

/// Where in a row something stands, by its first bytes; of several places the last.
struct Places(Vec<u32>);

impl Places {
    fn of(said: &[u8]) -> Self {
        let mut places = vec![u32::MAX; 1 << REMEMBERED_BITS];
        for (at, start) in said.windows(SHORTEST_STRETCH).enumerate() {
            places[slot(start)] = at as u32;
        }
        Self(places)
    }

    /// The stretch of the row that `rest` begins with.
    fn longest(&self, said: &[u8], rest: &[u8]) -> Option<(usize, usize)> {
        let start = rest.get(..SHORTEST_STRETCH)?;
        let from = self.0[slot(start)] as usize;
        let there = said.get(from..)?;
        let count = there.iter().zip(rest).take_while(|(one, other)| one == other).count();
        (count >= SHORTEST_STRETCH).then_some((from, count))
    }
}

fn slot(start: &[u8]) -> usize {
    let start = u64::from_le_bytes(start.try_into().expect("a start has eight bytes"));
    (start.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - REMEMBERED_BITS)) as usize
}

#[cfg(test)]
mod tests {
    use fieldline_model::priority::PriorityMatrix;
    use fieldline_model::{Dictionary, SysId};

    use super::*;
    use crate::testing::{description, edit, every_act, set, task};
    use crate::{Act, Document, Edit};

    const TEXT: &str = "The pump in the cellar leaks again; the tenant has turned the water off and waits for a call";

    fn document() -> (Record, Vec<u8>) {
        let mut document = Document::seed(task());
        let mut first =
            edit(1, 1, &document.heads()).act(description("Boiler")).act(set("description", Value::text(TEXT)));
        first.acts.push(set("location", Value::Reference(SysId([0xa5; 16]))));
        document.apply(&first).expect("is on the heads");
        for (act, counter) in every_act().into_iter().filter(|act| act.field() != Some(&"description".into())).zip(2..)
        {
            document.apply(&edit(1, counter, &document.heads()).act(act)).expect("is on the heads");
        }
        let row = document.project(Dictionary::shipped(), &PriorityMatrix::default()).record;
        (row, document.save())
    }

    #[test]
    fn what_the_row_says_is_not_said_again() {
        let (row, document) = document();
        let packed = pack(&row, &document);
        assert_eq!(unpack(&row, &packed, document.len()), Some(document.clone()));
        let texts = TEXT.len() + 32;
        assert!(packed.len() + texts <= document.len() + 16, "{} of {}", packed.len(), document.len());
        assert_eq!(unpack(&row, &packed, document.len() - 1), None, "more than it may have");
    }

    #[test]
    fn another_row_or_cut_bytes_never_pass_for_the_document() {
        let (row, document) = document();
        let packed = pack(&row, &document);
        let mut other = row.clone();
        other.set("description", Some(Value::text(TEXT.replace("pump", "tank"))));
        let unpacked = unpack(&other, &packed, 1 << 20).expect("is as long");
        assert!(Document::is_whole(&document) && !Document::is_whole(&unpacked));
        for end in 0..packed.len() {
            assert!(unpack(&row, &packed[..end], 1 << 20).is_none_or(|cut| !Document::is_whole(&cut)), "cut at {end}");
        }
    }

    #[test]
    fn numbers_are_spelt_as_automerge_spells_them() {
        for number in [0, 1, -1, 63, 64, -64, -65, 1_772_438_400_000, i64::MIN, i64::MAX] {
            let mut document = Document::seed(task());
            let acts = vec![Act::Set { field: "quantity".into(), value: Some(Value::Integer(number)) }];
            let edit = Edit { acts, ..edit(1, 1, &document.heads()) };
            document.apply(&edit).expect("is on the heads");
            let mut spelt = Vec::new();
            signed(number, &mut spelt);
            assert!(document.save().windows(spelt.len()).any(|window| window == spelt), "{number}");
        }
    }
}
