//! VRPTW instances in the format of M. Solomon (1987), also that of Gehring and Homberger (1999): one depot, equal vehicles,
//! demands, windows in which service begins.
//!
//! Two conventions must never be mixed: `Rounding::Dimacs` truncates the Euclidean distance to one decimal and counts distance
//! only; `Rounding::Exact` is as near to real numbers as thousandths are.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::formats::{FormatError, Instance, Rounding, wrong};
use crate::problem::{Objective, Problem, Shift, Visit, Window};
use crate::travel::Travel;

/// The name of what fills a vehicle.
const LOAD: &str = "load";

/// Reads an instance.
///
/// # Errors
/// Says which line is wrong, or which visit.
pub fn read(text: &str, rounding: Rounding, fewest_shifts: bool) -> Result<Instance, FormatError> {
    let rows = numbers(text)?;
    let [(_, vehicle), customers @ ..] = &rows[..] else { return Err(wrong(1, "there are no numbers")) };
    let &[vehicles, capacity] = &vehicle[..] else { return Err(wrong(rows[0].0, "expected NUMBER CAPACITY")) };
    let mut people = Vec::new();
    for (line, row) in customers {
        let row: [f64; 7] = row[..].try_into().map_err(|_| wrong(*line, "a customer has seven numbers"))?;
        people.push(row);
    }
    let Some((depot, customers)) = people.split_first() else { return Err(wrong(1, "there is no depot")) };
    let time = |value: f64| (value * rounding.units()).round() as i32;
    let shift = |number: usize| Shift {
        name: format!("vehicle {}", number + 1),
        start_seconds: time(depot[4]),
        end_seconds: time(depot[5]),
        stock: BTreeMap::from([(LOAD.to_owned(), capacity as i32)]),
        ..Shift::default()
    };
    let visit = |(index, row): (usize, &[f64; 7])| Visit {
        name: (row[0] as i64).to_string(),
        place: index + 1,
        service_seconds: time(row[6]),
        windows: vec![Window { from_seconds: time(row[4]), until_seconds: time(row[5]) }],
        parts: BTreeMap::from([(LOAD.to_owned(), row[3] as i32)]),
        ..Visit::default()
    };
    let distances: Arc<[i32]> = people
        .iter()
        .flat_map(|from| people.iter().map(|to| rounding.distance(from[1] - to[1], from[2] - to[2])))
        .collect();
    let travel = Travel::new(people.len(), distances.clone(), distances)?;
    let objective = Objective { fewest_shifts, ..Objective::default() };
    let visits = customers.iter().enumerate().map(visit).collect();
    let shifts = (0..vehicles as usize).map(shift).collect();
    let problem = Problem::new(visits, shifts, Vec::new(), travel, objective)?;
    Ok(Instance { problem, positions: people.iter().map(|row| (row[1], row[2])).collect() })
}

/// The lines that are numbers only.
fn numbers(text: &str) -> Result<Vec<(usize, Vec<f64>)>, FormatError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let numeric = lines.filter(|(_, line)| line.starts_with(|first: char| first.is_ascii_digit()));
    numeric
        .map(|(number, line)| {
            let row: Result<Vec<f64>, _> = line.split_whitespace().map(str::parse).collect();
            row.map(|row| (number, row)).map_err(|problem| wrong(number, &format!("{problem}: {line}")))
        })
        .collect()
}
