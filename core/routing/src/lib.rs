//! The optimiser: which technician visits whom, and in which order.
//!
//! A [`Problem`] says in the field's words what there is to do and who is there; [`solve`] makes a [`Plan`] of it, the better
//! the longer it may search; [`check`] judges any plan by the problem alone and shares no code with the search. The same
//! problem, seed and number of iterations give the same plan on every machine.
//!
//! Rules are features, one a file in `features`: each says whether a shift may serve a visit at all, and what is in the way
//! if not. What depends on the order of a tour (time, stock) is the business of `solver`.
//!
//! No clock and no files: whoever calls says when to stop, through a [`Budget`], and hears of every better plan. Threads only where
//! they are asked for, in [`solve_in_threads`].

mod arrange;
mod board;
mod bonds;
mod bound;
pub mod check;
mod exact;
mod explain;
mod features;
mod file;
pub mod formats;
mod great_circle;
mod known_ways;
mod model;
mod near_by;
mod pairs;
mod part;
mod picture;
mod plan;
mod problem;
mod repair;
mod score;
mod several;
mod solver;
mod stretch;
mod tell;
mod timetable;
mod together;
mod travel;
mod validate;
mod walk;
mod ways;

pub use arrange::arrange;
pub use board::{Board, Offer};
pub use check::{check, worth};
pub use exact::{MOST_VISITS, best_order};
pub use explain::{Explanation, Reason, explain};
pub use features::{Obstacle, obstacle};
pub use file::{Position, ProblemFile, Ways};
pub use great_circle::{Region, great_circle};
pub use known_ways::KnownWays;
pub use picture::{At, FeatureCollection, geojson, svg};
pub use plan::{Activity, Plan, Stop, Tour, Unserved};
pub use problem::{
    After, Break, Depot, Done, Made, Objective, Problem, ProblemError, Shift, Technicians, Visit, Window,
};
pub use repair::{Assignment, Change, Event, Repair, difference, repair};
pub use score::Score;
pub use several::solve_in_threads;
pub use solver::{Budget, Iterations, Start, solve};
pub use timetable::{Stay, Timetable, timetable};
pub use together::CrewOffer;
pub use travel::{Travel, TravelError};
pub use ways::{PartialTravel, Source, ToldTravel, TravelSource};
