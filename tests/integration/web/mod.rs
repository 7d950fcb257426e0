//! The pages, rendered from sample data without a server.

mod decisions;
mod pages;
mod samples;
mod served;
mod words;
