//! The service as the web and the simulator drive it: a server on a database in memory, people, and phones.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by stopping")]

mod access;
mod admission;
mod appointments;
mod approvals;
mod assigning;
mod changes;
mod customer_links;
mod customers;
mod definitions;
mod deflection;
mod dispatching;
mod district;
mod files;
mod flow_library;
mod flows;
mod health;
mod house;
mod identification;
mod impact;
mod incidents;
mod knowledge;
mod knowledge_search;
mod life_cycles;
mod maintenance;
mod major_incidents;
mod notifications;
mod on_call;
mod on_site;
mod outgoing;
mod problems;
mod pulling;
mod reactions;
mod records;
mod removed_files;
mod retention;
mod rosters_kept;
mod ruling;
mod service_levels;
mod together;
mod work_orders;
