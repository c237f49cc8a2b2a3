//! Instances other people publish, read as problems.

pub mod solomon;
