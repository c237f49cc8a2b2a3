//! What the core notes for whoever is asked for help: errors nobody foresaw, under the id the person was shown, and warnings.
//!
//! It goes to the platform's own log (logcat, os_log) and names records, never what is in them. One sink serves the process.

use std::fmt::Debug;
use std::sync::Arc;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// How much something matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Somebody was shown an error with an id.
    Error,
    /// Something is odd.
    Warning,
    /// Something happened.
    Info,
}

/// A platform's own log.
#[uniffi::export(foreign)]
pub trait LogSink: Send + Sync {
    /// Notes a line. It is called from any thread and must not call back.
    fn log(&self, level: LogLevel, line: String);
}

/// Sends what the core notes to a platform's log; the first sink of a process stays.
pub(crate) fn goes_to(sink: Arc<dyn LogSink>) {
    if tracing::subscriber::set_global_default(ToSink(sink)).is_err() {
        tracing::debug!("this process has a log already");
    }
}

struct ToSink(Arc<dyn LogSink>);

impl Subscriber for ToSink {
    /// Libraries below have a lot to say, and some of it is what people wrote.
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("fieldline") && *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        let level = match *event.metadata().level() {
            Level::ERROR => LogLevel::Error,
            Level::WARN => LogLevel::Warning,
            _ => LogLevel::Info,
        };
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0.log(level, line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A line as it is being put together.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push_str(&format!(" {field}={value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::error::FieldlineError;

    #[derive(Default)]
    struct Kept(Mutex<Vec<(LogLevel, String)>>);

    impl LogSink for Kept {
        fn log(&self, level: LogLevel, line: String) {
            self.0.lock().unwrap().push((level, line));
        }
    }

    #[test]
    fn an_error_nobody_foresaw_is_in_the_log_under_the_id_the_person_was_shown() {
        let kept = Arc::new(Kept::default());
        let shown = tracing::subscriber::with_default(ToSink(kept.clone()), || {
            tracing::info!(target: "somebody_elses", "what people wrote");
            FieldlineError::unexpected(&"the page is torn")
        });
        let FieldlineError::Unexpected { support_id, .. } = shown else { panic!("{shown}") };
        let lines = kept.0.lock().unwrap();
        let [(LogLevel::Error, line)] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.contains(&support_id) && line.contains("the page is torn"), "{line}");
    }
}
