//! Where visits go that are held together: the members of a crew begin at one moment, and who comes after another begins when that
//! one is over. What is put back is held to its time, so that everything else stays a matter of one tour; a ruin that takes one out
//! takes out all that hang on it.

use super::places::{Place, Scratch, look_through};
use super::settle::all_stops;
use super::tours::{NONE, Tours};
use crate::bonds;
use crate::model::NEVER;
use crate::walk::{Call, Walk};

/// So many moments are tried for a crew.
const MOST_MOMENTS: usize = 8;

/// Where somebody goes, and what that costs.
struct Seat {
    tour: u32,
    place: Place,
}

/// Puts a visit back with all its crew, or leaves it among the absent.
pub fn put_back(tours: &mut Tours<'_, '_>, stop: u32) {
    if tours.nodes[stop as usize].tour != NONE {
        return;
    }
    let members = all_stops(tours.model, tours.model.bonds.visit_of[stop as usize]);
    let best = earliest(tours, stop).and_then(|from| seats(tours, stop, from, members.len()));
    let Some((begins, seats)) = best else {
        tours.absent.push(stop);
        return;
    };
    for (member, seat) in members.iter().zip(seats) {
        tours.insert(*member, seat.place.after);
        tours.hold(*member, begins);
    }
    tours.settle();
    tours.absent.retain(|absent| !members.contains(absent));
}

/// The earliest moment all are over that have to be; `None` when one is not made.
fn earliest(tours: &Tours<'_, '_>, stop: u32) -> Option<i32> {
    let mut from = 0;
    for after in &tours.model.visit(stop).after {
        let ended = match tours.model.done_at(after.visit) {
            Some(ended) => ended,
            None => {
                let members = all_stops(tours.model, after.visit as u32);
                let ends = members.into_iter().map(|member| tours.times(member).map(|(_, ends)| ends));
                ends.collect::<Option<Vec<_>>>()?.into_iter().max()?
            }
        };
        from = from.max(ended + after.lag_seconds);
    }
    Some(from)
}

/// The cheapest moment and shifts for a crew of so many.
fn seats(tours: &Tours<'_, '_>, stop: u32, from: i32, size: usize) -> Option<(i32, Vec<Seat>)> {
    let open = Call { stop, from, until: NEVER };
    if size == 1 {
        let mut seats = all_seats(tours, open);
        seats.sort_by_key(|seat| seat.place.more);
        return seats.into_iter().find_map(|seat| Some((begins_in(tours, &seat, open)?, vec![seat])));
    }
    let mut moments: Vec<i32> = all_seats(tours, open).iter().filter_map(|seat| begins_in(tours, seat, open)).collect();
    moments.sort_unstable();
    moments.dedup();
    let step = moments.len().div_ceil(MOST_MOMENTS).max(1);
    // The latest is where most can be.
    let tried = moments.iter().step_by(step).chain(moments.last());
    let crews = tried.filter_map(|moment| Some((*moment, crew(tours, Call::at(stop, *moment), size)?)));
    crews.min_by_key(|(moment, seats)| (seats.iter().map(|seat| i64::from(seat.place.more)).sum::<i64>(), *moment))
}

/// The cheapest so many technicians who can be there at a moment.
fn crew(tours: &Tours<'_, '_>, call: Call, size: usize) -> Option<Vec<Seat>> {
    let mut seats = all_seats(tours, call);
    seats.sort_by_key(|seat| (seat.place.more, seat.tour));
    bonds::crew(size, seats, |seat| &tours.model.shifts()[seat.tour as usize])
}

/// The best place in every shift that has one.
fn all_seats(tours: &Tours<'_, '_>, call: Call) -> Vec<Seat> {
    let tours_tried = tours.busy.iter().chain(tours.idle.iter().flatten()).copied();
    let mut scratch = Scratch::default();
    let seat = |tour| Seat { tour, place: look_through(tours, tour, call, NONE, &mut scratch) };
    tours_tried.map(seat).filter(|seat| seat.place.after != NONE).collect()
}

/// When the work would begin.
fn begins_in(tours: &Tours<'_, '_>, seat: &Seat, call: Call) -> Option<i32> {
    let mut calls: Vec<Call> = tours.calls(seat.tour).collect();
    let before = calls.iter().position(|other| other.stop == seat.place.after).map_or(0, |at| at + 1);
    calls.insert(before, call);
    let walk = Walk::new(tours.model, seat.tour);
    walk.begins(&calls, before)
}
