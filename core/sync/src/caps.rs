//! Every limit of the protocol, each with its reason.
//!
//! Both sides bound what they send by these numbers and refuse what exceeds them before spending memory on it. They belong
//! to the wire version: raising one is harmless where the other side is older only if the sender stays below the old one.

/// A captured file travels in pieces of 48 KiB: with a day's edits and the envelope beside it, a cut costs less than 64 kB
/// to send again, which on 2G (20 kbit/s) is less than half a minute of airtime.
pub const CHUNK_BYTES: usize = 48 << 10;

/// A request body, as it travels: a full batch of ordinary edits and one chunk fit several times over.
pub const MAX_REQUEST_BYTES: usize = 1 << 20;

/// A request body after inflation: edits compress about sixfold, more than eightfold is a bomb.
pub const MAX_REQUEST_INFLATED_BYTES: usize = 8 << 20;

/// An answer, as it travels: the largest document snapshot a device takes still fits.
pub const MAX_RESPONSE_BYTES: usize = 4 << 20;

/// An answer after inflation: what a small phone can hold in memory beside its screens.
pub const MAX_RESPONSE_INFLATED_BYTES: usize = 16 << 20;

/// An envelope through a depot's kiosk: the largest answer, sealed and addressed.
pub const MAX_ENVELOPE_BYTES: usize = MAX_RESPONSE_BYTES + 1_024;

/// Edits under one signature: more than a person makes in a day, so one exchange is usually enough, and the server's
/// transaction stays below a second.
pub const MAX_EDITS_PER_BATCH: usize = 500;

/// One encoded edit: a long report with a full checklist is 20 KiB; photos travel beside edits, never inside.
pub const MAX_EDIT_BYTES: usize = 256 << 10;

/// Encoded edits of one batch before compression: a device stops filling a request here on the best of lines, at its budget
/// on others, and goes on in the next one.
pub const MAX_BATCH_BYTES: usize = 512 << 10;

/// Documents asked for in one request: their snapshots fill an answer long before that.
pub const MAX_WANTS: usize = 200;

/// Chunks asked for in one request: they share an answer of [`MAX_RESPONSE_BYTES`] with everything else.
pub const MAX_CHUNK_WANTS: usize = 16;

/// Chunks sent in one request: four keep the line busy and stay far below [`MAX_REQUEST_BYTES`].
pub const MAX_CHUNKS_PER_REQUEST: usize = 4;

/// Number prefixes asked for in one request: there are a handful of numbered tables.
pub const MAX_NUMBER_WANTS: usize = 16;

/// A captured file: ten minutes of compressed video; more belongs to a desk.
pub const MAX_BLOB_BYTES: u64 = 256 << 20;

/// A cursor as the server makes it: it is opaque to devices, which only keep and return it.
pub const MAX_CURSOR_BYTES: usize = 512;

/// What a message may carry on an unknown line, in either direction: less than half a minute on 2G, so progress is visible,
/// and with everything around it a cut costs less than 64 kB to send again.
pub const DEFAULT_BUDGET_BYTES: u32 = 60_000;

/// What an answer may have on a line that has shown to be quick: twice as much packs hardly better, and costs more memory.
pub const MAX_BUDGET_BYTES: u32 = 256 << 10;

/// The smallest budget a server works with, so that no request asks it for endless tiny answers.
pub const MIN_BUDGET_BYTES: u32 = 4 << 10;

/// How long a device keeps an edit after its receipt, to offer it again to a server restored from backup: the longest
/// common backup rotation is a month, plus some days to notice.
pub const KEEP_ACKNOWLEDGED_DAYS: i64 = 35;

/// Numbers left below which a device asks for another block: a busy day's worth.
pub const FEW_NUMBERS: u64 = 10;

/// How long a device waits for an answer: a full request on 2G takes longer than any healthy answer, a dead line is given
/// up before people do.
pub const ANSWER_TIMEOUT_MILLISECONDS: i64 = 30_000;

/// How often a device asks when nothing happened on its side.
pub const POLL_PERIOD_MILLISECONDS: i64 = 5 * 60_000;

/// How often a device asks although a stream would wake it: a precaution against a stream that only looks alive.
pub const LIVE_POLL_PERIOD_MILLISECONDS: i64 = 30 * 60_000;

/// The longest pause between two tries, so that a phone is never far behind once the line is back.
pub const MAX_BACKOFF_MILLISECONDS: i64 = 5 * 60_000;
