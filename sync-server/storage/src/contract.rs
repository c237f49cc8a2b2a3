//! The battery every backend must pass.
