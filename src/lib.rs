//! The map of the crate.
pub mod app;
pub mod domain;
