//! One integration binary: a test links the library once, and the tests of one run share one PostgreSQL server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "test code may stop at the first surprise, print what it sees, and use the clock and environment of the machine it runs on"
)]

mod support;

mod alerts;
mod api;
mod architecture;
mod audit;
mod blind;
mod bounds;
mod connectors;
mod contract;
mod deadlines;
mod delivering;
mod demo;
mod determinism;
mod duplicates;
mod evaluate;
mod explain;
mod exports;
mod guide;
mod indicators;
mod keeping;
mod leaks;
mod licences;
mod lifecycle;
mod linking;
mod matters;
mod metrics;
mod oversight;
#[cfg(feature = "parquet")]
mod parquet;
mod permissions;
mod places;
mod plans;
mod platforms;
mod public;
mod quarantine;
mod rulings;
mod sealing;
mod stores;
mod tree;
mod vendors;
mod web;
mod year;
