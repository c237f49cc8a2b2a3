//! Technicians with skills and tools and more work than they can do: who is served comes first, then the driving.

use std::cmp::Ordering;

use super::instances::{Instance, Set};
use super::judge::Worth;
use super::peers::Side;
use super::searches::Row;

/// Prints how ours compares with each peer.
pub fn print(rows: &[Row<'_>]) {
    let of_technicians = || rows.iter().filter(|row| row.set == Set::Technicians);
    let Some(ours) = of_technicians().find(|row| row.side == Side::Ours) else { return };
    println!(
        "{:<12} {:>8} {:>7} {:>9} {:>10} {:>7} {:>7} {:>7} {:>13}",
        "set", "side", "seconds", "unserved", "driving", "better", "equal", "worse", "driving ratio"
    );
    for row in of_technicians() {
        let worths = || row.found.iter().filter_map(|(_, found)| found.worth);
        let (unserved, driving) =
            (worths().map(|worth| worth.unserved).sum::<usize>(), worths().map(|worth| worth.distance));
        let start = format!("{:<12} {:>8} {:>7}", row.set.name(), row.side.name(), row.seconds);
        print!("{start} {unserved:>9} {:>10.0}", driving.sum::<f64>());
        if row.side == Side::Ours {
            println!();
            continue;
        }
        let compared = Compared::new(ours, row);
        let ratio = compared.driving_ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.3}"));
        println!(" {:>7} {:>7} {:>7} {ratio:>13}", compared.better, compared.equal, compared.worse);
    }
    println!(
        "better, equal, worse: in how many instances ours is; driving ratio: ours to theirs where as many are served"
    );
}

/// How ours did next to a peer.
struct Compared {
    better: usize,
    equal: usize,
    worse: usize,
    /// Ours to theirs, where as many are served.
    driving_ratio: Option<f64>,
}

impl Compared {
    fn new(ours: &Row<'_>, peer: &Row<'_>) -> Self {
        let their = |name: &str| peer.found.iter().find(|(instance, _)| instance.name == name)?.1.worth;
        let pair = |(instance, found): &(&Instance, super::searches::Found)| (found.worth, their(&instance.name));
        let pairs: Vec<(Option<Worth>, Option<Worth>)> = ours.found.iter().map(pair).collect();
        let count = |wanted: Ordering| pairs.iter().filter(|(one, other)| compare(*one, *other) == wanted).count();
        let as_many = pairs.iter().filter_map(|(one, other)| (*one).zip(*other));
        let as_many: Vec<_> = as_many.filter(|(one, other)| one.unserved == other.unserved).collect();
        let driving = |of: fn(&(Worth, Worth)) -> f64| as_many.iter().map(of).sum::<f64>();
        let ratio = driving(|(one, _)| one.distance) / driving(|(_, other)| other.distance);
        Self {
            better: count(Ordering::Less),
            equal: count(Ordering::Equal),
            worse: count(Ordering::Greater),
            driving_ratio: Some(ratio).filter(|ratio| ratio.is_finite()),
        }
    }
}

/// Fewer unserved first, then less driving; a hundredth of a per cent is no difference, and no plan is the worst.
fn compare(one: Option<Worth>, other: Option<Worth>) -> Ordering {
    let (Some(one), Some(other)) = (one, other) else { return other.is_some().cmp(&one.is_some()) };
    let is_same_way = (one.distance / other.distance - 1.0).abs() < 1e-4;
    let driving = if is_same_way { Ordering::Equal } else { one.distance.total_cmp(&other.distance) };
    one.unserved.cmp(&other.unserved).then(driving)
}
