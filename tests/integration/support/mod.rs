//! What the tests share: the stores they run on and the files of the tree.

pub mod files;
pub mod gateway;
pub mod http;
pub mod postgres;
pub mod stores;
pub mod wild;
