//! The store from outside: what it promises to the device, on real files.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod builders;
mod damage;
mod edits_and_files;
mod lists;
