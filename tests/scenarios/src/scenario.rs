//! What a scenario is: people, and what happens to them, step by step. Texts that begin with `$` stand for what an earlier step
//! named; in expectations `*` is anything, and a text that begins with `~` is a part of what is expected.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

/// A story that phones of every language must tell alike.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows, as a sentence.
    pub name: String,
    /// Texts that must not be found in any file a phone leaves.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// A person is let in; their `sys_id` gets their name.
    Hires {
        /// Their sign-in name.
        name: String,
        /// What they may.
        #[serde(default)]
        roles: Vec<String>,
    },
    /// The dispatcher creates a record; its `sys_id` gets a name.
    Creates {
        /// The table.
        table: String,
        /// Its fields.
        fields: Json,
        /// The name.
        named: String,
    },
    /// The dispatcher changes a record.
    Changes {
        /// The table.
        table: String,
        /// Which record.
        record: String,
        /// The new values.
        fields: Json,
    },
    /// The dispatcher reads a record.
    Reads {
        /// The table.
        table: String,
        /// Which record.
        record: String,
        /// What is there.
        expect: Json,
    },
    /// Somebody asks the server anything.
    Asks {
        /// Who.
        who: String,
        /// The HTTP method.
        method: String,
        /// The path.
        path: String,
        /// The body.
        body: Option<Json>,
        /// The status of the answer.
        status: u16,
        /// What of the answer gets a name: names and JSON pointers.
        #[serde(default)]
        keep: BTreeMap<String, String>,
    },
    /// The administrator runs a command of the server's binary.
    Runs {
        /// Its words.
        command: Vec<String>,
        /// What of its JSON gets a name: names and JSON pointers.
        #[serde(default)]
        keep: BTreeMap<String, String>,
    },
    /// A phone is asked something.
    Phone(Box<Asked>),
    /// A phone's process is killed, as when its battery is taken out.
    Kills {
        /// Whose.
        who: String,
    },
    /// Something happens to a phone's files while it is off.
    Files {
        /// Whose.
        who: String,
        /// What.
        happens: crate::files::Mishap,
    },
    /// The line between phones and server is cut or repaired.
    Line {
        /// Whether it carries.
        carries: bool,
    },
    /// Somebody else answers phones in the server's place, or nobody any more.
    Answers {
        /// The status line, such as `426 Upgrade Required`; without one the line leads to the server again.
        status: Option<String>,
        /// Of which media type.
        #[serde(default)]
        media_type: String,
        /// What.
        #[serde(default)]
        body: String,
    },
    /// The server is killed and comes back.
    ServerRestarts,
}

/// A question to a phone.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Whose phone.
    pub who: String,
    /// The call.
    pub call: String,
    /// Its arguments.
    #[serde(default)]
    pub with: Json,
    /// What is answered; when missing, anything but an error.
    pub expect: Option<Json>,
    /// The error that is answered.
    pub error: Option<Json>,
    /// What of the answer gets a name: names and JSON pointers.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
    /// Whether languages may answer differently, as sizes and times do.
    #[serde(default)]
    pub varies: bool,
}

/// The scenarios of a folder, by file name.
///
/// # Errors
/// When one cannot be read, or none is there.
pub fn all_in(folder: &Path, only: Option<&str>) -> Result<Vec<Scenario>, String> {
    let problem = |what: &Path, problem: &dyn std::fmt::Display| format!("{}: {problem}", what.display());
    let entries = std::fs::read_dir(folder).map_err(|error| problem(folder, &error))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.retain(|file| only.is_none_or(|only| file.to_string_lossy().contains(only)));
    files.sort();
    let read = |file: &std::path::PathBuf| {
        let text = std::fs::read_to_string(file).map_err(|error| problem(file, &error))?;
        serde_json::from_str(&text).map_err(|error| problem(file, &error))
    };
    files.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every variant of `FieldlineError`; the last is what the trial with panics asks for in every function.
    const ERRORS: [&str; 10] = [
        "sign_in_again",
        "storage_full",
        "update_needed",
        "not_allowed",
        "invalid",
        "sync_first",
        "no_connection",
        "wrong_key",
        "open_again",
        "stopped",
    ];

    #[test]
    fn every_error_a_phone_can_answer_is_answered_in_some_scenario() {
        let scenarios = all_in(Path::new(env!("CARGO_MANIFEST_DIR")), None).unwrap();
        let errors = scenarios.iter().flat_map(|scenario| &scenario.steps).filter_map(|step| match step {
            Step::Phone(asked) => asked.error.as_ref()?["kind"].as_str(),
            _ => None,
        });
        let answered: std::collections::BTreeSet<&str> = errors.collect();
        assert_eq!(answered, ERRORS.into_iter().collect());
    }
}
