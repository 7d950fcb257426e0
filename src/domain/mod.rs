//! The words of the federation as types; pure, no I/O.
//!
//! What crosses the wire (the exchange format v1) is in [`submission`], [`update`] and [`message`];
//! the rest is what the gateway knows about cases, bodies and platforms.

pub mod access;
pub mod alert;
pub mod blind;
pub mod calendar;
pub mod case;
pub mod coverage;
pub mod deadline;
pub mod division;
pub mod guidance;
pub mod id;
pub mod indicator;
pub mod lifecycle;
pub mod masking;
pub mod matter;
pub mod message;
pub mod organization;
pub mod platform;
pub mod rating;
pub mod referral;
pub mod resident_id;
pub mod review_request;
pub mod spot;
pub mod submission;
pub mod supervision;
pub mod update;
pub mod warning;
pub mod withdrawal;
