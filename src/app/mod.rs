//! The use cases.

pub mod code;
pub mod query;
pub mod validate;
pub mod view;
