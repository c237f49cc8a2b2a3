//! Full-text search while a sync is being applied on another thread.

use std::path::Path;
use std::thread;

use fieldline_model::Record;
use fieldline_sync::wire::Entry;

use crate::data::QUERIES;
use crate::measure::{Cost, cost};
use crate::store::{Bench, Line, MEDIAN, Result, SIDES, WORST_OF_A_HUNDRED, times};
use crate::{floor, ours};

/// Edits the sync brings, in so many answers.
const EDITS: usize = 1_000;
const ANSWERS: usize = 10;
/// Searches at the least, however quickly the sync is done.
const FEWEST_SEARCHES: usize = 1_000;
/// Up to so many records a search is to take so many microseconds at the worst.
const GOALS: [(usize, f64); 2] = [(10_000, 2_000.0), (100_000, 10_000.0)];

/// What each kind of query cost.
type ByKind = [Vec<Cost>; QUERIES.len()];

pub fn measure(bench: &Bench) -> Result<Vec<Line>> {
    let tasks = bench.tasks();
    let entries = ours::foreign_edits(&tasks, EDITS)?;
    let [ours_path, plain, keyed] = SIDES.map(|side| bench.path(side));
    let costs = [
        ours_side(&ours_path, &entries, &tasks)?,
        floor_side(&plain, false, &tasks)?,
        floor_side(&keyed, true, &tasks)?,
    ];
    let goal = GOALS.iter().find(|(most, _)| bench.records.len() <= *most).map(|(_, goal)| *goal);
    let all = costs.each_ref().map(|kinds| kinds.concat());
    let mut lines = Vec::from(times("search while a sync applies", &all, MEDIAN, None));
    lines.extend(times("search while a sync applies", &all, WORST_OF_A_HUNDRED, goal));
    for (kind, (what, _)) in QUERIES.iter().enumerate() {
        let of_kind = costs.each_ref().map(|kinds| kinds[kind].clone());
        lines.extend(
            times(&format!("  for {what}"), &of_kind, WORST_OF_A_HUNDRED, goal)
                .into_iter()
                .skip(1)
                .map(|line| Line { what: format!("  for {what}, p99 on the processor"), ..line }),
        );
    }
    Ok(lines)
}

fn ours_side(path: &Path, entries: &[Entry], tasks: &[&Record]) -> Result<ByKind> {
    let (mut device, reader) = (ours::open(path)?, ours::reader(path)?);
    let apply = || {
        let mut pages = entries.chunks(EDITS / ANSWERS);
        pages.try_for_each(|page| ours::absorb(&mut device, page.to_vec())).map_err(|error| error.to_string())
    };
    beside(apply, |words| ours::search(&reader, words), tasks)
}

fn floor_side(path: &Path, is_keyed: bool, tasks: &[&Record]) -> Result<ByKind> {
    let (mut writer, reader) = (floor::open(path, is_keyed)?, floor::open(path, is_keyed)?);
    let mut apply = || -> Result<()> {
        for page in tasks[..EDITS.min(tasks.len())].chunks(EDITS / ANSWERS) {
            let tx = writer.transaction()?;
            page.iter().try_for_each(|task| floor::put_searchable(&tx, task))?;
            tx.commit()?;
        }
        Ok(())
    };
    beside(|| apply().map_err(|error| error.to_string()), |words| floor::search(&reader, words), tasks)
}

/// Searches for as long as the other thread applies, and then for what is missing.
fn beside(
    apply: impl FnOnce() -> Result<(), String> + Send,
    mut search: impl FnMut(&str) -> Result<usize>,
    tasks: &[&Record],
) -> Result<ByKind> {
    thread::scope(|scope| {
        let applying = scope.spawn(apply);
        let mut costs = ByKind::default();
        let mut found = 0;
        for turn in 0.. {
            if turn >= FEWEST_SEARCHES && applying.is_finished() {
                break;
            }
            let kind = turn % QUERIES.len();
            let words = QUERIES[kind].1(tasks, turn / QUERIES.len());
            let (spent, hits) = cost(|| search(&words));
            costs[kind].push(spent);
            found += hits?;
        }
        applying.join().map_err(|_| "applying the sync panicked")??;
        if found == 0 { Err("nothing was ever found".into()) } else { Ok(costs) }
    })
}
