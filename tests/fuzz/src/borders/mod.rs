//! The borders, one a file.

mod answers;
mod batches;
mod blobs;
mod envelopes;
mod files;
mod frames;
mod mails;
mod messages;
mod queries;
mod requests;
mod snapshots;
mod stories;
mod tables;
mod tokens;
mod unguarded;

use crate::Border;

/// Every border of the house.
pub const ALL: [Border; 14] = [
    frames::BORDER,
    envelopes::BORDER,
    requests::BORDER,
    batches::BORDER,
    stories::BORDER,
    snapshots::BORDER,
    answers::BORDER,
    blobs::BORDER,
    queries::BORDER,
    tables::BORDER,
    tokens::BORDER,
    messages::BORDER,
    files::BORDER,
    mails::BORDER,
];

/// What the house does without: Automerge's own parser, fed what [`snapshots`] and [`batches`] keep from it. It must break,
/// or the run proves nothing.
pub const CONTROL: Border = unguarded::BORDER;
