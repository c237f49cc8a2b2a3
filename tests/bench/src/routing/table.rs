//! Gaps to best known plans, one row a set, limit and side; a plan that leaves somebody out is none here.

use super::instances::{Instance, Set};
use super::peers::Side;
use super::searches::{Found, Row};

/// Prints the sets whose best known plans are known.
pub fn print(rows: &[Row<'_>]) {
    let rows: Vec<&Row<'_>> = rows.iter().filter(|row| row.set.has_best_known()).collect();
    if rows.is_empty() {
        return;
    }
    println!(
        "{:<21} {:>7} {:>8} {:>10} {:>10} {:>9} {:>12} {:>6} {:>9} {:>7}",
        "set", "seconds", "side", "complete", "mean gap", "met best", "vehicles", "ratio", "complete", "memory"
    );
    for row in &rows {
        let ours = rows.iter().find(|other| (other.set, other.seconds) == (row.set, row.seconds));
        println!(
            "{:<21} {:>7} {:>8} {:>10} {:>10} {:>9} {:>12} {:>6} {:>9} {:>7}",
            row.set.name(),
            row.seconds,
            row.side.name(),
            format!("{} of {}", row.complete().count(), row.found.len()),
            row.mean_gap().map_or("-".to_owned(), |gap| format!("{gap:.3} %")),
            row.met(),
            row.vehicles(),
            ours.and_then(|ours| ours.ratio(row)).map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            row.complete_after().map_or("-".to_owned(), |seconds| format!("{:.0} ms", seconds * 1e3)),
            format!("{:.0} MiB", row.memory()),
        );
    }
    println!(
        "ratio: our mean gap to theirs on what both completed; complete: the median moment everybody was served first;"
    );
    println!("vehicles: on what was completed, and of the best known plans where fewer vehicles come first");
}

impl Row<'_> {
    /// What everybody was served in: the instance, the gap in per cent, the vehicles.
    fn complete(&self) -> impl Iterator<Item = (&Instance, f64, usize)> {
        self.found.iter().filter_map(|(instance, found)| {
            let worth = found.worth.filter(|worth| worth.unserved == 0)?;
            Some((*instance, (worth.distance / instance.best_distance? - 1.0) * 100.0, worth.vehicles))
        })
    }

    fn mean_gap(&self) -> Option<f64> {
        mean(&self.complete().map(|(_, gap, _)| gap).collect::<Vec<_>>())
    }

    /// Our mean gap to theirs.
    fn ratio(&self, peer: &Self) -> Option<f64> {
        let both = |one: &Self, other: &Self| {
            let is_both = |name: &str| other.complete().any(|(instance, ..)| instance.name == name);
            let gaps = one.complete().filter(|(instance, ..)| is_both(&instance.name)).map(|(_, gap, _)| gap);
            mean(&gaps.collect::<Vec<_>>())
        };
        let is_ours = self.side == Side::Ours && peer.side != Side::Ours;
        is_ours.then(|| Some(both(self, peer)? / both(peer, self)?)).flatten()
    }

    /// In how many the best known distance was met, to half a hundredth of a per cent; of reported ones, how many were bettered.
    fn met(&self) -> String {
        let limit = if self.set == Set::TechniciansFull { -0.005 } else { 0.005 };
        let has_fewest =
            |instance: &Instance, vehicles: usize| instance.best_vehicles.is_none_or(|best| vehicles <= best);
        let met = self.complete().filter(|(instance, gap, vehicles)| *gap < limit && has_fewest(instance, *vehicles));
        format!("{} of {}", met.count(), self.found.len())
    }

    fn vehicles(&self) -> String {
        let best: usize = self.complete().filter_map(|(instance, ..)| instance.best_vehicles).sum();
        let used: usize = self.complete().map(|(.., vehicles)| vehicles).sum();
        if best > 0 { format!("{used} of {best}") } else { used.to_string() }
    }

    fn complete_after(&self) -> Option<f64> {
        let after = |(_, found): &(&Instance, Found)| found.complete_after_seconds;
        let mut all: Vec<f64> = self.found.iter().filter_map(after).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied()
    }

    /// The most of any instance.
    fn memory(&self) -> f64 {
        self.found.iter().map(|(_, found)| found.memory_mebibytes).fold(0.0, f64::max)
    }
}

fn mean(all: &[f64]) -> Option<f64> {
    (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
}
