//! Days of all sorts: planned, asked about, and gone otherwise than planned; judged by the checker and by an oracle that tries everything.

mod any_problem;
mod board;
mod oracle;
mod plans;
mod repair;
mod timetable;
