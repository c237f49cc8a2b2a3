//! One edit from the tap to the durable commit: change, outbox, projection, search; on the floor one row, replaced.

use std::process::Command;

use crate::store::{Bench, Line, MEDIAN, Result, SIDES, Side, child, keep, times};

const TASKS: usize = 100;
/// Edits of one task in a row: the first finds its document on disk, the others in memory.
const IN_A_ROW: usize = 6;
/// Edits whose calls to the disk are counted.
const COUNTED: usize = 300;
const COLD_MICROSECONDS: f64 = 400.0;
const WARM_MICROSECONDS: f64 = 150.0;

pub fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let (mut cold, mut warm) = ([const { Vec::new() }; 3], [const { Vec::new() }; 3]);
    let mut sides = Vec::new();
    for name in SIDES {
        sides.push(Side::open(name, &bench.path(name))?);
    }
    for task in bench.tasks().into_iter().skip(20).take(TASKS) {
        for turn in 0..IN_A_ROW {
            let costs = if turn == 0 { &mut cold } else { &mut warm };
            for (side, costs) in sides.iter_mut().zip(costs) {
                keep(costs, || side.edit(task, turn))?;
            }
        }
    }
    drop(sides);
    let mut lines = Vec::new();
    lines.extend(times("an edit, its document on disk", &cold, MEDIAN, Some(COLD_MICROSECONDS)));
    lines.extend(times("an edit, its document in memory", &warm, MEDIAN, Some(WARM_MICROSECONDS)));
    lines.push(syncs(bench)?);
    Ok(lines)
}

/// Calls to the disk an edit makes, as `strace` counts those of two processes, one with edits and one without.
fn syncs(bench: &Bench) -> Result<Line> {
    let count = |side: &str, edits: usize| -> Result<f64> {
        let trace = bench.dir.path().join("trace");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-e", "trace=fsync,fdatasync", "-o"]).arg(&trace);
        child::numbers(Some(&mut strace), "edit", edits, side, &bench.path(side))?;
        let calls = std::fs::read_to_string(trace)?;
        Ok(calls.lines().filter(|line| line.contains("sync(") && line.contains("= 0")).count() as f64)
    };
    let mut figures = [None; 3];
    for (side, figure) in SIDES.into_iter().zip(&mut figures) {
        let counted = count(side, COUNTED).and_then(|with| Ok((with - count(side, 0)?) / COUNTED as f64));
        *figure = counted.inspect_err(|error| eprintln!("calls to the disk are not counted: {error}")).ok();
    }
    Ok(Line {
        what: "fsync and fdatasync per edit, checkpoints too".into(),
        unit: "calls",
        sides: figures,
        goal: Some(1.0),
    })
}
