//! Tours in time the slow way: every place of every break and of the way over the depot, everything as early as it goes. The checker
//! says what comes of it.

use fieldline_routing::{Activity, Plan, Problem, Score, Stop, Tour, Unserved, worth};

/// A plan without some visits, without whatever comes after them, and with the times as they were.
pub fn without(problem: &Problem, plan: &Plan, visits: &[usize]) -> Plan {
    let mut out = visits.to_vec();
    let comes_after =
        |visit: usize, out: &[usize]| problem.visits()[visit].after.iter().any(|after| out.contains(&after.visit));
    while let Some(next) = (0..problem.visits().len()).find(|visit| !out.contains(visit) && comes_after(*visit, &out)) {
        out.push(next);
    }
    let mut plan = plan.clone();
    for tour in &mut plan.tours {
        tour.stops.retain(|stop| !matches!(stop.activity, Activity::Visit(visit) if out.contains(&visit)));
    }
    plan.tours.retain(|tour| tour.visits().next().is_some());
    let known: Vec<usize> = plan.unserved.iter().map(|unserved| unserved.visit).collect();
    plan.unserved.extend(out.into_iter().filter(|visit| !known.contains(visit)).map(|visit| Unserved { visit }));
    plan
}

/// Whether a visit comes after another, over however many in between.
pub fn comes_after(problem: &Problem, visit: usize, first: usize) -> bool {
    let before = &problem.visits()[visit].after;
    before.iter().any(|after| after.visit == first || comes_after(problem, after.visit, first))
}

/// Whether a visit could be put anywhere into a shift of a plan, with everything else in the shift where it is.
pub fn fits_in(problem: &Problem, plan: &Plan, visit: usize, shift: usize) -> bool {
    let planned: Vec<(usize, i32)> = plan.tour_of(shift).into_iter().flat_map(Tour::timed_visits).collect();
    let mut rest = plan.clone();
    rest.unserved.retain(|unserved| unserved.visit != visit);
    let leaves = problem.shifts()[shift].start_seconds;
    (0..=planned.len()).any(|place| {
        let mut visits = planned.clone();
        visits.insert(place, (visit, -1));
        best_tour(problem, &rest, shift, &visits, leaves).is_some()
    })
}

/// What some visits of a shift are worth in an order, if nothing else were to be done; `None` when it is not possible.
pub fn worth_of(problem: &Problem, shift: usize, visits: &[usize]) -> Option<Score> {
    let others = (0..problem.visits().len()).filter(|visit| !visits.contains(visit));
    let rest = Plan { unserved: others.map(|visit| Unserved { visit }).collect(), ..Plan::default() };
    if visits.is_empty() {
        return worth(problem, &rest).ok();
    }
    let order: Vec<(usize, i32)> = visits.iter().map(|visit| (*visit, -1)).collect();
    best_tour(problem, &rest, shift, &order, problem.shifts()[shift].start_seconds).map(|(worth, _)| worth)
}

/// The best that can be made of a plan when a shift makes visits in an order and sets out at a moment. Visits that hang together
/// with others keep the moment that is given with them.
pub fn best_tour(
    problem: &Problem,
    plan: &Plan,
    shift: usize,
    visits: &[(usize, i32)],
    leaves: i32,
) -> Option<(Score, Tour)> {
    let of = &problem.shifts()[shift];
    let mut sequences =
        vec![visits.iter().map(|(visit, begins)| (Activity::Visit(*visit), *begins)).collect::<Vec<_>>()];
    for number in 0..of.breaks.len() {
        sequences = sequences.iter().flat_map(|sequence| with(sequence, Activity::Break(number))).collect();
    }
    if let Some(depot) = of.depot.filter(|_| lacks_something(problem, shift, visits)) {
        sequences = sequences.iter().flat_map(|sequence| with(sequence, Activity::Depot(depot))).collect();
    }
    let tours = sequences.iter().filter_map(|sequence| timed(problem, plan, shift, sequence, leaves));
    let worths = tours.filter_map(|tour| {
        let mut plan = plan.clone();
        plan.tours.retain(|other| other.shift != shift);
        plan.tours.push(tour.clone());
        // The others may be parts of crews that are not whole.
        Some((worth(problem, &plan).ok()?, tour))
    });
    worths.min_by_key(|(worth, _)| *worth)
}

/// Whether something some visits need is not on board from the beginning: nobody goes to a depot for nothing, even where that is a
/// shortcut.
fn lacks_something(problem: &Problem, shift: usize, visits: &[(usize, i32)]) -> bool {
    let of = &problem.shifts()[shift];
    let visits = || visits.iter().map(|(visit, _)| &problem.visits()[*visit]);
    let used = |part: &String| visits().filter_map(|visit| visit.parts.get(part)).sum::<i32>();
    let lacks_part = |part: &String| used(part) > of.stock.get(part).copied().unwrap_or(0);
    visits().any(|visit| !visit.tools.is_subset(&of.tools) || visit.parts.keys().any(lacks_part))
}

/// A sequence without something, and with it at every place.
fn with(sequence: &[(Activity, i32)], activity: Activity) -> Vec<Vec<(Activity, i32)>> {
    let at = |place: usize| {
        let mut more = sequence.to_vec();
        more.insert(place, (activity, -1));
        more
    };
    std::iter::once(sequence.to_vec()).chain((0..=sequence.len()).map(at)).collect()
}

/// Whether a visit keeps its moment: it is made with others, or others come after it, or it after others.
fn is_held(problem: &Problem, visit: usize) -> bool {
    let of = &problem.visits()[visit];
    let has_follower = problem.visits().iter().any(|other| other.after.iter().any(|after| after.visit == visit));
    of.crew > 1 || !of.after.is_empty() || has_follower
}

/// The earliest moment at which all are over that have to be.
fn not_before(problem: &Problem, plan: &Plan, visit: usize) -> i32 {
    let end = |tour: &Tour, first: usize| {
        let technician = &problem.shifts()[tour.shift].technician;
        let begins = tour.timed_visits().find(|(other, _)| *other == first)?.1;
        Some(begins + problem.visits()[first].service_seconds_by(technician))
    };
    let over = |first: usize| plan.tours.iter().filter_map(|tour| end(tour, first)).max();
    let after = problem.visits()[visit].after.iter();
    after.filter_map(|after| Some(over(after.visit)? + after.lag_seconds)).max().unwrap_or(0)
}

fn timed(problem: &Problem, plan: &Plan, shift: usize, sequence: &[(Activity, i32)], leaves: i32) -> Option<Tour> {
    let (of, travel) = (&problem.shifts()[shift], problem.travel());
    let (mut place, mut free, mut rests) = (of.start_place, leaves, Vec::<(i32, i32)>::new());
    let mut stops = Vec::new();
    for (activity, held) in sequence {
        let mut reach = |to: usize| {
            let arrives = free + travel.seconds(place, to);
            place = to;
            std::mem::take(&mut rests).into_iter().fold(arrives, |at, (begins, length)| at.max(begins) + length)
        };
        let begins_seconds = match activity {
            Activity::Break(number) => {
                let rest = of.breaks[*number];
                let begins = rests.last().map_or(free, |(begins, length)| begins + length).max(rest.from_seconds);
                rests.push((begins, rest.break_seconds));
                begins
            }
            Activity::Depot(_) => {
                let depot = &problem.depots()[of.depot?];
                let begins = reach(depot.place);
                free = begins + depot.service_seconds;
                begins
            }
            Activity::Visit(number) => {
                let visit = &problem.visits()[*number];
                let arrives = reach(visit.place).max(not_before(problem, plan, *number));
                let open = visit.windows.iter().find(|window| arrives <= window.until_seconds);
                let opens = if visit.windows.is_empty() { arrives } else { arrives.max(open?.from_seconds) };
                let begins = if *held >= 0 && is_held(problem, *number) { *held } else { opens };
                free = begins + visit.service_seconds_by(&of.technician);
                begins
            }
        };
        stops.push(Stop { activity: *activity, begins_seconds });
    }
    Some(Tour { shift, leaves_seconds: leaves, stops })
}
