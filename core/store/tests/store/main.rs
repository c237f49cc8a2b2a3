//! The store from outside: what it promises to the device, on real files.

mod builders;
mod damage;
mod edits_and_files;
mod kill;
mod lists;
