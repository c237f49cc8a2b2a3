//! The whole fleet in one process: phones, a server, people and faults under one virtual clock.
//!
//! Phones and server are the real ones, on real database files; only the clocks, the dice, the air between them and the
//! people are made here. A [`plan`] is drawn from a seed and says who does what when; the [`world`] runs it from one event
//! heap on one thread, so a seed replays identically. Each shift has two phases: a *storm*, in which everything may fail,
//! and a *calm*, in which nothing does and everything must come together within one virtual hour. [`checks`] says what must
//! be true; it shares no code with what it judges. A shift that breaks a promise is made small by [`shrink`] and kept by
//! [`seeds`].

pub mod attack;
pub mod checks;
mod customer;
pub mod debts;
mod deeds;
pub mod dice;
pub mod faults;
mod kiosk;
pub mod network;
pub mod office;
pub mod people;
pub mod phone;
pub mod plan;
pub mod planted;
pub mod release;
pub mod seeds;
pub mod shift;
pub mod shrink;
pub mod staff;
pub mod trace;
pub mod truth;
pub mod world;
