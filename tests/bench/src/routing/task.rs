//! A problem as it is handed to a peer: everybody gets the same whole numbers, so nobody reads or rounds otherwise than others.

use std::path::{Path, PathBuf};

use fieldline_routing::{Problem, Shift, obstacle};
use serde_json::{Value, json};

use super::Failed;
use super::instances::Instance;

/// Writes a problem into a folder; says which file to hand over.
pub fn write(problem: &Problem, instance: &Instance, folder: &Path) -> Result<PathBuf, Failed> {
    let name = format!("{}-{}", instance.set.name(), instance.name);
    let (travel, places) = (problem.travel(), problem.travel().places());
    let all = (0..places).flat_map(|from| (0..places).map(move |to| (from, to)));
    let ways: Vec<i32> = all.map(|(from, to)| travel.meters(from, to)).collect();
    let longest = i64::from(ways.iter().copied().max().unwrap_or(0));
    let (ways_file, file) = (format!("{name}.ways"), folder.join(format!("{name}.json")));
    std::fs::write(folder.join(&ways_file), ways.iter().flat_map(|way| way.to_le_bytes()).collect::<Vec<u8>>())?;
    let task = json!({
        "ways": ways_file, "places": places, "visits": visits(problem), "vehicles": vehicles(problem),
        // More than a vehicle, or a visit, ever saves.
        "vehicle_cost": if problem.objective().fewest_shifts { 100 * longest } else { 0 },
        "may_leave_out": instance.set.is_of_technicians(), "unserved_cost": 1_000 * longest,
    });
    std::fs::write(&file, task.to_string())?;
    Ok(file)
}

fn visits(problem: &Problem) -> Vec<Value> {
    let visit = |visit: &fieldline_routing::Visit| {
        let (from, until) = visit.windows.first().map_or((0, i32::MAX), |open| (open.from_seconds, open.until_seconds));
        let load: i32 = visit.parts.values().sum();
        json!({ "place": visit.place, "service": visit.service_seconds, "from": from, "until": until, "load": load })
    };
    problem.visits().iter().map(visit).collect()
}

/// Vehicles that are alike, together.
fn vehicles(problem: &Problem) -> Vec<Value> {
    let visits = problem.visits().len();
    let serves = |shift: usize| -> Vec<usize> {
        (0..visits).filter(|visit| obstacle(problem, *visit, shift).is_none()).collect()
    };
    let mut groups: Vec<(&Shift, Vec<usize>, Vec<usize>)> = Vec::new();
    for (number, shift) in problem.shifts().iter().enumerate() {
        let unnamed = |shift: &Shift| Shift { name: String::new(), technician: String::new(), ..shift.clone() };
        match groups.iter_mut().find(|(first, ..)| unnamed(first) == unnamed(shift)) {
            Some((_, _, numbers)) => numbers.push(number),
            None => groups.push((shift, serves(number), vec![number])),
        }
    }
    let vehicle = |(shift, serves, numbers): (&Shift, Vec<usize>, Vec<usize>)| {
        json!({
            "numbers": numbers, "place": shift.start_place, "from": shift.start_seconds, "until": shift.end_seconds,
            "capacity": shift.stock.values().sum::<i32>(), "serves": (serves.len() < visits).then_some(serves),
        })
    };
    groups.into_iter().map(vehicle).collect()
}
