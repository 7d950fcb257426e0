//! JSON over HTTP: thin handlers that authenticate, call one use case and answer with a type.

pub mod auth;
pub mod body;
pub mod etag;
pub mod finish;
pub mod ndjson;
pub mod params;
pub mod prefer;
pub mod problem;
pub mod responses;
pub mod trace;
pub mod v1;

mod convert;
