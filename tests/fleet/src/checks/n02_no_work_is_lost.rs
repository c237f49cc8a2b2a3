//! 2: every deed a phone said was saved stands in the log exactly once or is held where its author sees it, and every file
//! captured is whole on the server, unless the phones that had it are gone.

use std::collections::{BTreeMap, BTreeSet};

use fieldline_model::{BlobHash, DocumentId, SysId, Timestamp};

use super::case::{Case, Seen, on_each};

pub fn check(case: &Case<'_>, seen: &[Seen]) -> Vec<String> {
    let mut times: BTreeMap<(&DocumentId, SysId, Timestamp), u32> = BTreeMap::new();
    for (id, made) in case.log() {
        *times.entry((id, made.edit.author, made.edit.at)).or_default() += 1;
    }
    let mut broken = on_each(seen, |phone| {
        let mut broken = Vec::new();
        for promise in &phone.promises {
            let (document, at) = (&promise.document, promise.at);
            let times = times.get(&(document, phone.user, at)).copied().unwrap_or(0);
            let held = phone.held().iter().filter(|held| held.document == *document && held.made_at == at);
            let reasons: Vec<&str> = held.map(|held| held.reason.as_str()).collect();
            if times as usize + reasons.len() != 1 {
                let (deed, held) = (&promise.deed, reasons.len());
                let why = if held > 0 { format!(" ({})", reasons.join(", ")) } else { String::new() };
                broken.push(format!("{deed} on {document} at {at} counts {times} times and is held {held} times{why}"));
            }
        }
        broken
    });
    broken.extend(files(case));
    broken
}

fn files(case: &Case<'_>) -> Vec<String> {
    let files: BTreeSet<BlobHash> =
        case.meanings.values().flat_map(|meaning| &meaning.files).map(|(_, file)| *file).collect();
    let is_whole = |file: &BlobHash| {
        let state = case.tx.blob(*file).expect("the state of a file can be read");
        state.is_some_and(|state| state.complete) && hash_of(case, *file) == file.0
    };
    files
        .into_iter()
        .filter(|file| !is_whole(file) && !case.lost_files.contains(file))
        .map(|file| format!("the file {file} is not whole on the server"))
        .collect()
}

fn hash_of(case: &Case<'_>, file: BlobHash) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    let pieces = (0..).map_while(|index| case.tx.chunk(file, index).expect("a piece of a file can be read"));
    pieces.for_each(|piece| context.update(&piece));
    context.finish().as_ref().try_into().expect("a digest has 32 bytes")
}
