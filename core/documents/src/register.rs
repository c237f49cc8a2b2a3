//! An ordinary field: the value shown, and the other values that people wrote without knowing of it.

use automerge::{AutomergeError, ReadDoc, ScalarValue, Value};
use fieldline_model::plant::{self, Plant};

use crate::layout::{self, Containers};
use crate::ledger::{Ledger, Made};

/// One of the values a field has, and the change that wrote it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Written {
    pub(crate) value: ScalarValue,
    /// `None` for a value of the transaction under way.
    pub(crate) made: Option<Made>,
}

/// Every value of a field that no later write covers, the one to show first: the newest by action time, then by
/// Automerge's own order, so that replicas with the same changes show the same one.
pub(crate) fn read(
    doc: &impl ReadDoc,
    containers: &Containers,
    field: &str,
    ledger: &Ledger,
) -> Result<Vec<Written>, AutomergeError> {
    let values = doc.get_all(containers.get(layout::FIELDS), field)?;
    // Automerge lists its own winner last, and a stable sort keeps its order among equal times.
    let written = values.into_iter().rev().filter_map(|(value, operation)| match value {
        Value::Scalar(scalar) => {
            Some(Written { value: scalar.into_owned(), made: ledger.author_of(&operation).cloned() })
        }
        Value::Object(_) => None,
    });
    let mut written: Vec<Written> = written.collect();
    written.sort_by_key(|written| std::cmp::Reverse(written.made.as_ref().map_or(i64::MAX, |made| made.at.0)));
    if plant::is(Plant::OldestValueShown) {
        written.reverse();
    }
    Ok(written)
}
