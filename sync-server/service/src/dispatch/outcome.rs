//! A plan in the trade's words: what the optimiser found, as tasks, technicians and moments.

use fieldline_routing::{Activity, Plan, Stay, timetable};

use super::day::Day;
use super::problem::{Errand, Posed};
use super::publish::fields_of;
use super::report::{Planned, Report, Subject, Times, Unserved, Who};
use super::words::in_the_way;

/// What a plan means.
pub fn report(day: &Day, posed: &Posed<'_>, plan: &Plan, seed: u32) -> Report {
    let mut is_served = vec![false; posed.visits.len()];
    let mut planned: Vec<(usize, Planned)> = Vec::new();
    for tour in timetable(&posed.problem, plan) {
        let who = &posed.shifts[tour.shift].who;
        for stay in tour.stays {
            let Activity::Visit(visit) = stay.activity else { continue };
            is_served[visit] = true;
            match planned.iter_mut().find(|(other, _)| *other == visit) {
                Some((_, with_others)) => {
                    join(&posed.visits[visit], with_others, planned_task(posed, who, visit, &stay))
                }
                None => planned.push((visit, planned_task(posed, who, visit, &stay))),
            }
        }
    }
    let mut planned: Vec<Planned> = planned.into_iter().map(|(_, planned)| planned).collect();
    planned.sort_by(|a, b| (&a.technician, a.times.expected_start).cmp(&(&b.technician, b.times.expected_start)));
    let unserved = posed.visits.iter().enumerate().filter_map(|(visit, errand)| match errand {
        Errand::Open(open) if !is_served[visit] => {
            Some(Unserved { task: Subject::of(&open.task), in_the_way: in_the_way(day, posed, plan, visit) })
        }
        _ => None,
    });
    Report {
        from: day.within.from,
        until: day.within.until,
        seed,
        planned,
        unserved: unserved.collect(),
        refused: day.tasks.refused.clone(),
        absent: day.rosters.absent.clone(),
        later: day.tasks.later,
        ways: posed.ways.clone(),
        published: 0,
    }
}

/// One more technician of a crew: whoever has the task leads it, else the first by name.
fn join(errand: &Errand<'_>, planned: &mut Planned, mut other: Planned) {
    let holder = matches!(errand, Errand::Open(open) if open.holder == Some(other.technician.user));
    let has_holder = matches!(errand, Errand::Open(open) if open.holder == Some(planned.technician.user));
    if holder || (!has_holder && other.technician < planned.technician) {
        std::mem::swap(planned, &mut other);
        planned.crew = std::mem::take(&mut other.crew);
    }
    planned.crew.push(other.technician);
    planned.crew.sort();
}

fn planned_task(posed: &Posed<'_>, who: &Who, visit: usize, stay: &Stay) -> Planned {
    let (errand, mut notes) = (&posed.visits[visit], Vec::new());
    let times = Times {
        scheduled_travel_start: posed.moment(stay.begins_seconds - stay.travel_seconds),
        travel_seconds: stay.travel_seconds.into(),
        travel_meters: stay.meters.into(),
        expected_start: posed.moment(stay.begins_seconds),
        estimated_end: posed.moment(stay.ends_seconds),
    };
    match errand {
        Errand::Open(open) => {
            if open.times.is_usual {
                notes.push(format!("has no estimated_work_duration; {} seconds were taken", open.times.work_seconds));
            }
            if stay.late_seconds > 0 {
                notes.push(format!("ends {} seconds after its window, which is not fixed", stay.late_seconds));
            }
        }
        Errand::Standing(standing) => {
            let begins = standing.task.time("expected_start");
            if begins.is_some_and(|begins| begins < times.expected_start && !standing.is_begun) {
                notes.push("cannot be reached by its scheduled start".into());
            }
        }
    }
    let fields = fields_of(errand, (who.user, &[]), &times);
    let task = errand.task();
    let changes = fields
        .iter()
        .any(|(field, text)| *field == "state" || task.get(field).map(ToString::to_string).as_deref() != Some(text));
    let stands = matches!(errand, Errand::Standing(_));
    Planned { task: Subject::of(task), technician: who.clone(), crew: Vec::new(), times, stands, changes, notes }
}
