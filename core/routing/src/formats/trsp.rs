//! Technician routing instances of Pillac, Guéret and Medaglia ("A parallel matheuristic for the technician routing and
//! scheduling problem", Optimization Letters 7(7), 2013): technicians with home bases, skills, tools and spare parts; requests
//! with windows.
//!
//! Read as the part of the problem that every peer can state: skills and tools are hard, requests may be left out, spare parts
//! and the depot where more of them and of tools can be fetched are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::formats::{FormatError, Rounding, wrong};
use crate::problem::{Objective, Problem, Shift, Visit, Window};
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
}

/// Reads an instance.
///
/// # Errors
/// Says which line is wrong, or which visit.
pub fn read(text: &str) -> Result<Problem, FormatError> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let rows: Vec<(usize, &str)> =
        lines.filter(|(_, line)| line.starts_with(|first: char| first.is_ascii_digit())).collect();
    let [(line, crew), _, people @ ..] = &rows[..] else { return Err(wrong(1, "there is no crew count, or nobody")) };
    let crew = crew.split_whitespace().next().and_then(|count| count.parse::<usize>().ok());
    let crew = crew.ok_or_else(|| wrong(*line, "expected CREW COUNT SKILLS TOOLS SPARE PARTS"))?;
    let rows = people.iter().map(|(line, text)| row(*line, text)).collect::<Result<Vec<Row>, _>>()?;
    if rows.len() < crew {
        return Err(wrong(*line, "there are fewer lines than technicians"));
    }
    let distances: Arc<[i32]> = rows
        .iter()
        .flat_map(|from| rows.iter().map(|to| Rounding::Exact.distance(from.x - to.x, from.y - to.y)))
        .collect();
    let travel = Travel::new(rows.len(), distances.clone(), distances)?;
    let shifts = rows[..crew].iter().enumerate().map(|(home, row)| shift(row, home)).collect();
    let visits = rows[crew..].iter().enumerate().map(|(index, row)| visit(row, crew + index)).collect();
    Ok(Problem::new(visits, shifts, Vec::new(), travel, Objective::default())?)
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
        items.filter(|item| !item.is_empty()).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let mut lists = lists.split(']');
    let (Some(skills), Some(tools)) = (lists.next(), lists.next()) else {
        return Err(wrong(line, "expected SKILLS and TOOLS in brackets"));
    };
    let time = |value: f64| (value * Rounding::Exact.units()).round() as i32;
    Ok(Row {
        id: (id as i64).to_string(),
        x,
        y,
        window: Window { from_seconds: time(from), until_seconds: time(until) },
        service_seconds: time(service),
        skills: list(skills),
        tools: list(tools),
    })
}
