//! What the log of edits means, worked out in the dumbest clear way.
//!
//! This is the second opinion on everything the product computes from edits. It knows no CRDT, no document, no feed and no
//! projection: it has the edits, what each author had seen when making one, the dictionary's data, and rules anybody can
//! read off the page. What it says must agree with the server's rows and with every phone. It is slow and shares no code
//! with what it checks; where it looks clever, it is wrong.
//!
//! | file | what |
//! | --- | --- |
//! | `history.rs` | the edits of one record, and who had seen what |
//! | `values.rs` | fields, values in doubt, sets |
//! | `life.rs` | which steps were followed, which were not and why, and what follows for the record |
//! | `stopwatch.rs` | what was promised about its time, deed by deed as the log grew |
//! | `meaning.rs` | all of it together, and the same from a projection of the product's, to be compared |

mod history;
mod life;
mod meaning;
mod stopwatch;
mod values;

pub use history::{History, Made};
pub use meaning::Meaning;
pub use stopwatch::{OPEN, Stopwatch};
