//! Pages for people, in Chinese and English. Each page is a function from data to HTML, testable without a server.
//!
//! - [`page`] is what all pages know (language, address, time) and how values are written; [`texts`] holds every word.
//! - [`pages`] has one file a page: its data and its template, which stands in `templates/`.
//! - [`charts`] turns numbers into geometry; the templates draw it as SVG with attributes only, so that no inline style is needed.
//! - [`crate::domain::masking`] covers names and numbers; [`compare`] marks what two texts do not share.
//!
//! - [`handlers`] are the addresses, [`decisions`] those where people decide, [`oversight`] and [`supervision`] those about what is supervised, decided between bodies and covered, [`orders`] what is ordered on a platform's page, [`filters`] what an address asks for, [`visit`] who asks and how the answer is dressed.
//!
//! One script of ours runs in the browser, `assets/live.js`: it keeps parts of pages as they are on the server. Pages say all they have to say
//! without it.

pub mod assets;
pub mod charts;
pub mod compare;
mod decisions;
mod exports;
mod filters;
mod geography;
mod handlers;
mod live;
pub mod markup;
mod orders;
mod oversight;
pub mod page;
pub mod pages;
mod public;
mod supervision;
pub mod texts;
mod visit;

pub use handlers::{ADDRESSES, configure};
