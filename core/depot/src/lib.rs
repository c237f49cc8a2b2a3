//! A depot's kiosk: it carries sealed requests of phones that have no line there, and brings back the sealed answers.
//!
//! [`Depot`] is the box on its disk, [`Kiosk`] the box with a line that comes and goes. Neither can read what it carries. A
//! kiosk promises a phone nothing but to try: only the server's own word, sealed for the phone, is an acknowledgement.
//!
//! It leaves out how phones reach it: `sync-server relay` listens for them.

mod depot;
mod kiosk;

pub use depot::{Depot, DepotError};
pub use kiosk::{HandedIn, Kiosk};
