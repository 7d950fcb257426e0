//! The map of the crate.
pub mod adapter;
pub mod app;
pub mod audit;
pub mod config;
pub mod domain;
pub mod matching;
pub mod net;
pub mod store;
