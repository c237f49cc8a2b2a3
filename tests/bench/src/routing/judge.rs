//! What a plan is worth, whoever made it: the checker's word, which no search has a part in.

use fieldline_routing::{Activity, Plan, Problem, Stop, Tour, Unserved, worth};

/// What a plan is worth; the less the better, in this order.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Worth {
    pub unserved: usize,
    /// Only where fewer vehicles come before distance.
    pub counted_vehicles: i64,
    pub distance: f64,
    pub vehicles: usize,
}

/// A peer's plan: shifts, and the visits each makes in their order.
pub type Tours = Vec<(usize, Vec<usize>)>;

/// A plan of nothing but orders: everybody sets out at once and begins as soon as it goes.
pub fn timed(problem: &Problem, tours: &Tours) -> Result<Plan, String> {
    let mut plan = Plan::default();
    let mut is_served = vec![false; problem.visits().len()];
    for (shift, visits) in tours.iter().filter(|(_, visits)| !visits.is_empty()) {
        plan.tours.push(tour(problem, *shift, visits).ok_or_else(|| format!("shift {shift} comes too late"))?);
        visits.iter().for_each(|visit| is_served[*visit] = true);
    }
    plan.tours.sort_by_key(|tour| tour.shift);
    let left = is_served.iter().enumerate().filter(|(_, is_served)| !**is_served);
    plan.unserved = left.map(|(visit, _)| Unserved { visit }).collect();
    Ok(plan)
}

/// A tour in which every visit begins as soon as it goes; `None` when some visit's windows are over by then. It takes no breaks.
pub fn tour(problem: &Problem, shift: usize, visits: &[usize]) -> Option<Tour> {
    let of = problem.shifts().get(shift)?;
    let (mut place, mut free) = (of.start_place, of.start_seconds);
    let mut stops = Vec::with_capacity(visits.len());
    for number in visits {
        let visit = problem.visits().get(*number)?;
        let arrives = free + problem.travel().seconds(place, visit.place);
        let window = visit.windows.iter().find(|window| arrives <= window.until_seconds);
        let begins_seconds = match window {
            Some(window) => arrives.max(window.from_seconds),
            None if visit.windows.is_empty() => arrives,
            None => return None,
        };
        stops.push(Stop { activity: Activity::Visit(*number), begins_seconds });
        (place, free) = (visit.place, begins_seconds + visit.service_seconds_by(&of.technician));
    }
    Some(Tour { shift, leaves_seconds: of.start_seconds, stops })
}

/// What it is worth; the checker's objections if it has any.
pub fn judge(problem: &Problem, plan: &Plan, units: f64) -> Result<Worth, String> {
    let score = worth(problem, plan).map_err(|wrong| wrong.join("; "))?;
    Ok(Worth {
        unserved: plan.unserved.len(),
        counted_vehicles: score.shifts,
        distance: score.cost as f64 / units,
        vehicles: plan.tours.len(),
    })
}
