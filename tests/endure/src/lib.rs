//! What the phone and the server must endure: power cuts, death at any moment, full and broken disks, rotten bits.
//!
//! The product's own code runs here on real files, while [`calls`] stands between it and the disk. From a recording of all
//! that reached the disk, [`image`] makes every disk that a power cut could have left; faults are put in the way of calls; and
//! processes are killed. After each, the real device or server is opened again and compared with what it had said was
//! saved. What must fail is tried as well: under `synchronous=NORMAL` ([`tape::without_commit_syncs`]) acknowledged work is
//! lost, and a run that does not notice proves nothing.
//!
//! Linux only: elsewhere the calls that reach the disk have other names.
#![cfg(target_os = "linux")]

pub mod actor;
pub mod calls;
pub mod damage;
pub mod death;
pub mod disk;
pub mod faults;
pub mod image;
pub mod kill;
pub mod kinds;
pub mod office;
pub mod phone;
pub mod phone_power;
pub mod power;
pub mod process;
pub mod run;
pub mod server_power;
pub mod site;
pub mod tape;
