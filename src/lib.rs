//! The map of the crate. Each module uses only those below it.
//!
//! - [`cli`]: one file a command.
//! - [`api`], [`web`], [`workers`]: JSON over HTTP, pages for people, the loops.
//! - [`app`]: the use cases over one shared gateway.
//! - [`store`], [`net`], [`adapter`]: the database, outbound requests, platforms' formats as data.
//! - [`domain`], [`matching`], [`audit`]: pure.
//! - [`config`]: what an operator sets.

pub mod adapter;
pub mod api;
pub mod app;
pub mod audit;
pub mod cli;
pub mod config;
pub mod domain;
pub mod matching;
pub mod net;
pub mod simulate;
pub mod store;
pub mod web;
pub mod workers;
