//! The pages, rendered from sample data without a server.

mod pages;
mod samples;
mod served;
mod words;
