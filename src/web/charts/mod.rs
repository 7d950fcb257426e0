//! Geometry of the pictures. Coordinates only: colours and fonts are the style sheet's, words the table's.

pub mod flow;
pub mod points;
pub mod tiles;
pub mod waterfall;
pub mod weeks;
