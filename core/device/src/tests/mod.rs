//! The device from outside: commands, views and exchanges, on a real store.

mod clocks;
mod commands;
mod day;
mod exchange;
mod news;
mod on_site;
mod packed;
mod recent;
mod report;
mod runtime;
mod stock;
mod world;
