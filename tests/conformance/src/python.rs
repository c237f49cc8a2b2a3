//! The Python that the suites run in: published libraries in exactly the versions of `requirements.txt`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Failed;
use crate::office::Office;

const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The interpreter of a virtual environment that has the libraries; made on the first run and when the versions change.
pub fn prepared(scratch: &Path) -> Result<PathBuf, Failed> {
    let folder = scratch.join("venv");
    let (python, stamp) = (folder.join("bin").join("python"), folder.join("requirements.txt"));
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == REQUIREMENTS) {
        return Ok(python);
    }
    shown(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    shown(Command::new(&python).args(pip).arg(requirements))?;
    std::fs::write(&stamp, REQUIREMENTS).map_err(|problem| Failed(format!("{}: {problem}", stamp.display())))?;
    Ok(python)
}

/// Runs a suite; whether every test passed.
pub fn run(python: &Path, suite: &Path, office: &Office, more: &[String]) -> Result<bool, Failed> {
    let mut pytest = Command::new(python);
    pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).arg(suite).args(more);
    pytest.env("PYTHONDONTWRITEBYTECODE", "1").envs(office.environment());
    let status = pytest.status().map_err(|problem| Failed(format!("pytest cannot be started: {problem}")))?;
    Ok(status.success())
}

fn shown(command: &mut Command) -> Result<(), Failed> {
    let text = format!("{command:?}");
    eprintln!("     $ {text}");
    let status = command.status();
    match status.map_err(|problem| Failed(format!("{text} could not be started: {problem}")))?.success() {
        true => Ok(()),
        false => Err(Failed(format!("{text} failed; its own words are above"))),
    }
}
