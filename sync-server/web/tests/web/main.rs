//! The router as its clients meet it: in one process, on a database in memory, under a clock the test sets.

mod attachments;
mod batch;
mod description;
mod devices;
mod dispatch;
mod edge;
mod events;
mod figures;
mod guards;
mod house;
mod https;
mod lies;
mod limits;
mod logs;
mod oauth;
mod oidc;
mod pages;
mod provider;
mod scim;
mod sessions;
mod sync;
mod table;
mod wire;
