//! The use cases.

pub mod query;
pub mod view;
