//! Panics on purpose, so that the suites of all languages can show what one costs. Only builds with the feature `trial` have
//! them; in any other these are empty functions.

#[cfg(feature = "trial")]
mod planned {
    use std::sync::{Mutex, PoisonError};

    static PLANNED: Mutex<Option<(String, bool)>> = Mutex::new(None);

    /// Makes the next call of a function panic: before its work, or when the work is done and before it is answered.
    #[uniffi::export]
    pub fn trial_panic(function: String, after_its_work: bool) {
        *PLANNED.lock().unwrap_or_else(PoisonError::into_inner) = Some((function, after_its_work));
    }

    pub fn strike(function: &str, after: bool) {
        let mut planned = PLANNED.lock().unwrap_or_else(PoisonError::into_inner);
        if planned.as_ref().is_some_and(|(name, when)| name == function && *when == after) {
            *planned = None;
            drop(planned);
            panic!("a panic on purpose");
        }
    }
}

#[cfg(feature = "trial")]
pub(crate) fn before(function: &str) {
    planned::strike(function, false);
}

#[cfg(feature = "trial")]
pub(crate) fn after(function: &str) {
    planned::strike(function, true);
}

#[cfg(not(feature = "trial"))]
pub(crate) fn before(_: &str) {}

#[cfg(not(feature = "trial"))]
pub(crate) fn after(_: &str) {}
