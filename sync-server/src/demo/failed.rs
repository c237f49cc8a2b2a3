//! Why the demo could not go on; nothing of this happens on a machine that is all right.

use fieldline_device::DeviceError;
use fieldline_device::runtime::RuntimeError;

/// Why the demo could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DemoFailed {
    /// The record API could not be asked.
    #[error("asking the record API failed")]
    Http(#[from] reqwest::Error),
    /// The record API said something else than it should.
    #[error("{asked} was answered with {answer}")]
    Answer {
        /// What was asked.
        asked: String,
        /// What came.
        answer: String,
    },
    /// The data carried along cannot be read.
    #[error("the data of the demo cannot be read")]
    Data(#[from] csv::Error),
    /// A phone failed.
    #[error("{name}'s phone failed")]
    Phone {
        /// Whose.
        name: String,
        /// How.
        source: Box<DeviceError>,
    },
    /// A phone could not be enrolled.
    #[error("{name}'s phone could not be enrolled")]
    Enrolment {
        /// Whose.
        name: String,
        /// Why.
        source: Box<RuntimeError>,
    },
}

impl DemoFailed {
    /// An answer without what it should hold.
    pub fn answer(asked: &str, answer: &serde_json::Value) -> Self {
        Self::Answer { asked: asked.to_owned(), answer: answer.to_string() }
    }
}
