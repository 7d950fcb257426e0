//! The map of the crate.
pub mod domain;
