//! 13: a document the server stored, and a document on a phone, is what its edits make when they are replayed.

use fieldline_documents::{Document, Projection};
use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::case::{Case, Seen, on_each};

/// A document as the server stores it.
#[derive(Encode, Decode)]
struct Stored {
    #[n(0)]
    heads: Vec<ByteVec>,
    #[n(1)]
    bytes: ByteVec,
}

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let mut broken = Vec::new();
    let mut replayed = std::collections::BTreeMap::new();
    for (id, history) in &case.histories {
        let mut document = Document::seed(id.clone());
        for (made, stored) in history.made.iter().zip(&case.stored[id]) {
            let counter = made.edit.id.counter;
            match document.apply(&made.edit) {
                Ok(applied) if applied.hash.0 == stored.hash => {}
                Ok(_) => broken.push(format!("{id}: edit {counter} makes another change than was stored")),
                Err(problem) => broken.push(format!("{id}: edit {counter} does not apply again: {problem}")),
            }
        }
        let snapshot = case.tx.snapshot(id).expect("a snapshot can be read");
        let stored: Option<Stored> = snapshot.and_then(|bytes| minicbor::decode(&bytes).ok());
        let heads: Vec<Vec<u8>> = document.full_heads().iter().map(|head| head.0.to_vec()).collect();
        let same = stored.is_some_and(|stored| {
            let loaded = Document::load(id.clone(), &stored.bytes);
            let kept: Vec<Vec<u8>> = stored.heads.iter().map(|head| head.to_vec()).collect();
            kept == heads && loaded.is_ok_and(|loaded| loaded.full_heads() == document.full_heads())
        });
        if !same {
            broken.push(format!("{id}: the server's snapshot is not what its edits make"));
        }
        replayed.insert(id, document.project(case.dictionary, &case.priorities).digest());
    }
    broken.extend(on_each(seen, |phone| {
        let documents = phone.records.iter().filter_map(|(id, view)| Some((id, view.details.as_ref()?)));
        let differs =
            |(id, details): &(&_, &Projection)| replayed.get(*id).is_some_and(|digest| *digest != details.digest());
        documents.filter(differs).map(|(id, _)| format!("{id} is not what its edits make")).collect()
    }));
    broken
}
