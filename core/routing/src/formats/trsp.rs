//! Technician routing instances of Pillac, Guéret and Medaglia ("A parallel matheuristic for the technician routing and
//! scheduling problem", Optimization Letters 7(7), 2013): technicians with home bases, skills, tools and spare parts; requests
//! with windows.
//!
//! Read whole, or as the part of the problem that every peer can state: skills and tools are hard, requests may be left out, the
//! distance is to be short, and spare parts and the depot where more of them and tools can be fetched are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::formats::{FormatError, Instance, Rounding, wrong};
use crate::problem::{Depot, Objective, Problem, Shift, Visit, Window};
use crate::travel::Travel;

/// A line of an instance.
struct Row {
    id: String,
    x: f64,
    y: f64,
    window: Window,
    service_seconds: i32,
    skills: BTreeSet<String>,
    tools: BTreeSet<String>,
    parts: BTreeMap<String, i32>,
}

/// How much of an instance is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Spare parts and the depot too; the working time is to be short.
    Whole,
    /// What every peer can state.
    Part,
}

/// Reads an instance.
///
/// # Errors
/// Says which line is wrong, or which visit.
pub fn read(text: &str, reading: Reading) -> Result<Instance, FormatError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let rows: Vec<(usize, &str)> =
        lines.filter(|(_, line)| line.starts_with(|first: char| first.is_ascii_digit())).collect();
    let [(line, crew), (depot_line, depot), people @ ..] = &rows[..] else {
        return Err(wrong(1, "there is no crew count, or nobody"));
    };
    let crew = crew.split_whitespace().next().and_then(|count| count.parse::<usize>().ok());
    let crew = crew.ok_or_else(|| wrong(*line, "expected CREW COUNT SKILLS TOOLS SPARE PARTS"))?;
    let rows = people.iter().map(|(line, text)| row(*line, text)).collect::<Result<Vec<Row>, _>>()?;
    if rows.len() < crew {
        return Err(wrong(*line, "there are fewer lines than technicians"));
    }
    let depot = row(*depot_line, depot)?;
    // The depot is the last place.
    let places: Vec<&Row> = rows.iter().chain([&depot]).collect();
    let positions = places.iter().map(|row| (row.x, row.y)).collect();
    let distance = |from: &Row, to: &Row| Rounding::Exact.distance(from.x - to.x, from.y - to.y);
    let distances: Arc<[i32]> =
        places.iter().flat_map(|from| places.iter().map(|to| distance(from, to)).collect::<Vec<_>>()).collect();
    let travel = Travel::new(places.len(), distances.clone(), distances)?;
    let mut shifts: Vec<Shift> = rows[..crew].iter().enumerate().map(|(home, row)| shift(row, home)).collect();
    let mut visits: Vec<Visit> = rows[crew..].iter().enumerate().map(|(index, row)| visit(row, crew + index)).collect();
    if reading == Reading::Part {
        visits.iter_mut().for_each(|visit| visit.parts.clear());
        let problem = Problem::new(visits, shifts, Vec::new(), travel, Objective::default())?;
        return Ok(Instance { problem, positions });
    }
    shifts.iter_mut().for_each(|shift| shift.depot = Some(0));
    let tools = visits.iter().flat_map(|visit| visit.tools.iter().cloned()).collect();
    let parts = visits.iter().flat_map(|visit| visit.parts.keys().cloned()).collect();
    let depot = Depot { name: depot.id, place: rows.len(), service_seconds: depot.service_seconds, tools, parts };
    let objective = Objective { meter_cost: 0, working_second_cost: 1, ..Objective::default() };
    let problem = Problem::new(visits, shifts, vec![depot], travel, objective)?;
    Ok(Instance { problem, positions })
}

fn shift(row: &Row, home: usize) -> Shift {
    Shift {
        name: row.id.clone(),
        technician: row.id.clone(),
        start_place: home,
        end_place: home,
        start_seconds: row.window.from_seconds,
        end_seconds: row.window.until_seconds,
        skills: levels(&row.skills),
        tools: row.tools.clone(),
        stock: row.parts.clone(),
        ..Shift::default()
    }
}

fn visit(row: &Row, place: usize) -> Visit {
    Visit {
        name: row.id.clone(),
        place,
        service_seconds: row.service_seconds,
        windows: vec![row.window],
        skills: levels(&row.skills),
        tools: row.tools.clone(),
        parts: row.parts.clone(),
        ..Visit::default()
    }
}

/// Who has a skill has it; there are no levels.
fn levels(skills: &BTreeSet<String>) -> BTreeMap<String, u32> {
    skills.iter().map(|skill| (skill.clone(), 1)).collect()
}

fn row(line: usize, text: &str) -> Result<Row, FormatError> {
    let (numbers, lists) = text.split_once('[').ok_or_else(|| wrong(line, "expected three lists in brackets"))?;
    let numbers: Vec<f64> = numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let &[id, x, y, from, until, service] = &numbers[..] else { return Err(wrong(line, "expected six numbers")) };
    let list = |text: &str| {
        let items = text.trim().trim_matches(['[', ']']).split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut lists = lists.split(']');
    let (Some(skills), Some(tools), Some(parts)) = (lists.next(), lists.next(), lists.next()) else {
        return Err(wrong(line, "expected SKILLS, TOOLS and SPARE PARTS in brackets"));
    };
    let amount =
        |(part, amount): (usize, String)| Some((part.to_string(), amount.parse().ok().filter(|amount| *amount > 0)?));
    let time = |value: f64| (value * Rounding::Exact.units()).round() as i32;
    Ok(Row {
        id: (id as i64).to_string(),
        x,
        y,
        window: Window { from_seconds: time(from), until_seconds: time(until) },
        service_seconds: time(service),
        skills: list(skills).into_iter().collect(),
        tools: list(tools).into_iter().collect(),
        parts: list(parts).into_iter().enumerate().filter_map(amount).collect(),
    })
}
