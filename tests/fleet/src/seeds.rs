//! Shifts that once broke a promise, kept as files: each was shrunk when it failed, and every test run replays it.

use std::path::{Path, PathBuf};

use crate::plan::Plan;

/// Where they are kept.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")
}

/// Every kept shift and its file, in the order of their names.
///
/// # Errors
/// Says which file cannot be read and why.
pub fn kept() -> Result<Vec<(PathBuf, Plan)>, String> {
    let folder = folder();
    let told = |problem: std::io::Error| format!("{}: {problem}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(told)? {
        let path = entry.map_err(told)?.path();
        files.extend(path.extension().is_some_and(|extension| extension == "json").then_some(path));
    }
    files.sort();
    files.into_iter().map(|file| Plan::read(&file).map(|plan| (file, plan))).collect()
}

/// Keeps a shift under a name; says in which file.
///
/// # Errors
/// When the file cannot be written.
pub fn keep(name: &str, plan: &Plan) -> Result<PathBuf, String> {
    let file = folder().join(format!("{name}.json"));
    std::fs::write(&file, plan.to_json()).map_err(|problem| format!("{}: {problem}", file.display()))?;
    Ok(file)
}
