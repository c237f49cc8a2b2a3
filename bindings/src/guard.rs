//! What every call from an app goes through: a panic in the core becomes an error, and the next call works.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::error::FieldlineError;
use crate::panics;

/// Runs a call. The core keeps nothing half done when it unwinds: transactions roll back, and what is in memory is read anew.
pub(crate) fn guarded<T>(
    function: &'static str,
    work: impl FnOnce() -> Result<T, FieldlineError>,
) -> Result<T, FieldlineError> {
    let work = || {
        panics::before(function);
        let done = work();
        panics::after(function);
        done
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(from_panic(function, panic.as_ref())))
}

/// Runs a call that waits for the world.
pub(crate) async fn guarded_async<T>(
    function: &'static str,
    work: impl Future<Output = Result<T, FieldlineError>>,
) -> Result<T, FieldlineError> {
    let mut work = pin!(async {
        panics::before(function);
        let done = work.await;
        panics::after(function);
        done
    });
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(from_panic(function, panic.as_ref()))))
    })
    .await
}

fn from_panic(function: &str, panic: &(dyn Any + Send)) -> FieldlineError {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    let problem = text.unwrap_or("without a word");
    FieldlineError::unexpected(&format!(
        "{function} failed inside: {problem}; what was saved before is safe, try again"
    ))
}
