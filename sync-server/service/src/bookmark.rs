//! A place in an ordered list, for whoever reads on later. It says what the last record read looked like in that order, so
//! nobody is skipped or shown twice because others write meanwhile, and a record that is gone does no harm.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use fieldline_model::condition::{Operand, Sort, World};
use fieldline_model::{Record, SysId, TableName};
use fieldline_storage::Sight;
use minicbor::{Decode, Encode};

use crate::call::Call;

/// The longest bookmark, as text: a few sort keys with long texts.
const CHARACTERS: usize = 16_384;

/// A place in an ordered list. It holds nothing but what its owner was shown the order of, and opens no record.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Bookmark {
    /// Which order it is a place in.
    #[cbor(n(0), with = "minicbor::bytes")]
    order: [u8; 8],
    #[n(1)]
    place: Vec<Option<Operand>>,
}

impl Bookmark {
    /// The place of a record in an order of some tables, as far as the caller sees.
    pub(crate) fn at(
        record: &Record,
        order: &[Sort],
        tables: &[TableName],
        (call, sight): (&Call<'_>, &Sight),
    ) -> Self {
        let (world, record) = (Seen { call, sight }, sight.told_of(record.clone()));
        let place = order.iter().map(|key| key.path.value(&record, &world)).collect();
        Self { order: name_of(order, tables), place }
    }

    /// The values of the sort keys there, if it is a place in this order.
    pub(crate) fn place(&self, order: &[Sort], tables: &[TableName]) -> Option<&[Option<Operand>]> {
        let fits = self.order == name_of(order, tables) && self.place.len() == order.len();
        fits.then_some(self.place.as_slice())
    }
}

/// Tells one order from another.
fn name_of(order: &[Sort], tables: &[TableName]) -> [u8; 8] {
    let text = format!("{order:?}{tables:?}");
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref()[..8].try_into().expect("a SHA-256 has 32 bytes")
}

impl fmt::Display for Bookmark {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = minicbor::to_vec(self).expect("encoding to memory cannot fail");
        formatter.write_str(&BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Bookmark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bytes = Some(text)
            .filter(|text| text.len() <= CHARACTERS)
            .and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
        let bookmark = bytes.and_then(|bytes| minicbor::decode(&bytes).ok());
        bookmark.ok_or_else(|| "is none; take the one an answer gave, or begin without".into())
    }
}

/// The records the caller sees, as far as they may know them.
struct Seen<'c, 's> {
    call: &'c Call<'s>,
    sight: &'c Sight,
}

impl World for Seen<'_, '_> {
    fn find(&self, tables: &[TableName], sys_id: SysId) -> Option<Record> {
        let found = self.call.tx.find(tables, sys_id).ok().flatten()?;
        let is_seen = self.sight.sees(&found, &&*self.call.tx).unwrap_or_default();
        is_seen.then(|| self.sight.told_of(found))
    }

    /// No order asks for them.
    fn all(&self, _: &[TableName]) -> Vec<Record> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_bookmark_is_read_as_it_was_written_and_anything_else_is_none_or_harmless(
            order in proptest::prelude::any::<[u8; 8]>(),
            text in proptest::option::of(".{0,20}"),
            noise in "[A-Za-z0-9_-]{0,80}",
        ) {
            let place = vec![text.map(Operand::Text), None, Some(Operand::Boolean(true)), Some(7.into())];
            let bookmark = Bookmark { order, place };
            proptest::prop_assert_eq!(bookmark.to_string().parse(), Ok(bookmark));
            let _ = noise.parse::<Bookmark>();
        }
    }
}
