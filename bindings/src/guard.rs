//! What every call from an app goes through: a panic in the core becomes an error, and the next call works.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::error::FieldlineError;
use crate::platform::Platform;

/// Runs a call. The core keeps nothing half done when it unwinds: transactions roll back, and what is in memory is read anew.
pub(crate) fn guarded<T>(
    platform: &Platform,
    function: &'static str,
    work: impl FnOnce() -> Result<T, FieldlineError>,
) -> Result<T, FieldlineError> {
    let work = || {
        begins(platform, function);
        let done = work();
        ends(platform, function);
        done
    };
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(from_panic(function, panic.as_ref())))
}

/// Runs a call that waits for the world.
pub(crate) async fn guarded_async<T>(
    platform: &Platform,
    function: &'static str,
    work: impl Future<Output = Result<T, FieldlineError>>,
) -> Result<T, FieldlineError> {
    let mut work = pin!(async {
        begins(platform, function);
        let done = work.await;
        ends(platform, function);
        done
    });
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| Poll::Ready(Err(from_panic(function, panic.as_ref()))))
    })
    .await
}

fn begins(platform: &Platform, function: &str) {
    if let Some(observer) = &platform.observer {
        observer.begins(function.to_owned());
    }
}

fn ends(platform: &Platform, function: &str) {
    if let Some(observer) = &platform.observer {
        observer.ends(function.to_owned());
    }
}

fn from_panic(function: &str, panic: &(dyn Any + Send)) -> FieldlineError {
    let text = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    let problem = text.unwrap_or("without a word");
    FieldlineError::unexpected(&format!(
        "{function} failed inside: {problem}; what was saved before is safe, try again"
    ))
}
