//! Bytes on disk, and memory.

use std::fs;
use std::path::Path;

use crate::store::{Bench, Line, Result, SIDES, child};

/// Issue 3 asks for at most twice a record's JSON on disk, and a heap of 20 MB.
const TIMES_JSON: f64 = 2.0;
const HEAP_KIBIBYTES: f64 = 20_000_000.0 / 1024.0;

pub fn disk(bench: &Bench) -> Result<Vec<Line>> {
    let per_record = |bytes: u64| bytes as f64 / bench.records.len() as f64;
    let json =
        bench.records.iter().map(|record| serde_json::to_vec(&record.fields).map_or(0, |json| json.len() as u64));
    let json = per_record(json.sum());
    let [ours, plain, keyed] = SIDES.map(|side| bench.path(side));
    let sides = [size(&ours)?, size(&plain)?, size(&keyed)?].map(|bytes| Some(per_record(bytes)));
    Ok(vec![
        Line { what: "a record as JSON".into(), unit: "bytes", sides: [Some(json); 3], goal: None },
        Line { what: "on disk per record, everything".into(), unit: "bytes", sides, goal: Some(TIMES_JSON * json) },
    ])
}

/// The bytes of a file, or of everything in a directory.
fn size(path: &Path) -> Result<u64> {
    if path.is_file() {
        return Ok(fs::metadata(path)?.len());
    }
    fs::read_dir(path)?.map(|entry| size(&entry?.path())).sum()
}

/// Memory after opening, listing and editing, and of a first sync of everything.
pub fn memory(bench: &Bench) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (deed, times, what) in
        [("hold", 10, "with everything open"), ("fill", bench.records.len(), "after a first sync")]
    {
        let mut figures = [[None; 3]; 2];
        for (index, side) in SIDES.iter().enumerate() {
            let path = if deed == "fill" { bench.path(&format!("filled-{side}")) } else { bench.path(side) };
            for (figure, sides) in child::numbers(None, deed, times, side, &path)?.into_iter().zip(&mut figures) {
                sides[index] = Some(figure);
            }
        }
        let [heap, most] = figures;
        lines.push(Line {
            what: format!("heap and stacks {what}"),
            unit: "KiB",
            sides: heap,
            goal: Some(HEAP_KIBIBYTES),
        });
        lines.push(Line { what: "  the most resident until then".into(), unit: "KiB", sides: most, goal: None });
    }
    Ok(lines)
}
