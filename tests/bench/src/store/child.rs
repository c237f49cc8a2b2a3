//! Deeds that are done in a process of their own, because they depend on it having just begun, or on what it holds.

use std::path::Path;
use std::process::Command;

use crate::data;
use crate::measure::{cost, memory_kibibytes};
use crate::store::{Result, Side};

/// The word that makes this program a child: `store-child DEED TIMES SIDE PATH`.
pub const CHILD_COMMAND: &str = "store-child";

/// Lets a child do a deed and reads the numbers it prints. `with` runs it under another program, such as `strace`.
pub fn numbers(with: Option<&mut Command>, deed: &str, times: usize, side: &str, path: &Path) -> Result<Vec<f64>> {
    let this = std::env::current_exe()?;
    let mut alone = Command::new(&this);
    let command = with.map_or(&mut alone, |with| with.arg(&this));
    let output = command.arg(CHILD_COMMAND).args([deed, &times.to_string(), side]).arg(path).output()?;
    if !output.status.success() {
        return Err(format!("{deed} of {side} failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?)
}

/// The child's life.
pub fn live(mut words: impl Iterator<Item = String>) -> Result<()> {
    let mut next = || words.next().ok_or("store-child DEED TIMES SIDE PATH");
    let (deed, times, name, path) = (next()?, next()?.parse()?, next()?, next()?);
    let path = Path::new(&path);
    let open = || Side::open(&name, path);
    match deed.as_str() {
        "open" => {
            let (spent, listed) = cost(|| open().and_then(|side| side.today()));
            assert!(listed? > 0, "the day's list is empty");
            println!("{} {}", spent.wall.as_nanos(), spent.processor.as_nanos());
        }
        "edit" => edit(&mut open()?, times)?,
        "die" => {
            let mut side = open()?;
            edit(&mut side, times)?;
            // Nothing is closed, as when the system ends an app.
            std::process::exit(0);
        }
        "hold" => {
            let mut side = open()?;
            side.today()?;
            edit(&mut side, times)?;
            println!("{} {}", memory_kibibytes("RssAnon"), memory_kibibytes("VmHWM"));
        }
        "fill" => {
            open()?.fill(data::records(times))?;
            println!("{} {}", memory_kibibytes("RssAnon"), memory_kibibytes("VmHWM"));
        }
        _ => return Err("no such deed".into()),
    }
    Ok(())
}

/// Edits a few tasks in turns.
fn edit(side: &mut Side, times: usize) -> Result<()> {
    let tasks: Vec<_> = data::records(100).take(3).collect();
    (0..times).zip(tasks.iter().cycle()).try_for_each(|(turn, task)| side.edit(task, turn).map(drop))
}
