//! Cells of a division as dots, without any map below them.

use crate::app::view::Cells;

pub const WIDTH: f64 = 720.0;
const MAX_HEIGHT: f64 = 720.0;
const LEAST_RADIUS: f64 = 1.6;
const EDGE: f64 = 8.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    pub x: f64,
    pub y: f64,
    pub radius: f64,
    pub cases: u64,
    pub longitude: f64,
    pub latitude: f64,
}

/// The dots, and how high the drawing is.
#[derive(Clone, Debug, PartialEq)]
pub struct Points {
    pub height: f64,
    pub dots: Vec<Dot>,
}

impl Points {
    /// An equirectangular projection, true at the middle latitude; areas of dots are as their cases. `None` without cells.
    pub fn new(cells: &Cells) -> Option<Self> {
        let range = |along: fn(&crate::app::view::CellCount) -> f64| {
            cells
                .cells
                .iter()
                .map(along)
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value)))
        };
        let (west, east) = range(|cell| cell.longitude);
        let (south, north) = range(|cell| cell.latitude);
        let most = cells.cells.iter().map(|cell| cell.cases).max()?;
        let narrowing = ((south + north) / 2.0).to_radians().cos();
        let (width, height) = ((east - west + cells.width) * narrowing, north - south + cells.width);
        let scale = ((WIDTH - 2.0 * EDGE) / width).min((MAX_HEIGHT - 2.0 * EDGE) / height);
        let largest = (cells.width * scale / 2.0).max(LEAST_RADIUS);
        let left = (WIDTH - width * scale) / 2.0;
        let dot = |cell: &crate::app::view::CellCount| {
            #[allow(clippy::cast_precision_loss, reason = "the radius of a dot")]
            let share = cell.cases as f64 / most as f64;
            Dot {
                x: round(left + (cell.longitude - west + cells.width / 2.0) * narrowing * scale),
                y: round(EDGE + (north - cell.latitude + cells.width / 2.0) * scale),
                radius: round((share.sqrt() * largest).max(LEAST_RADIUS)),
                cases: cell.cases,
                longitude: cell.longitude,
                latitude: cell.latitude,
            }
        };
        Some(Self { height: round(height * scale + 2.0 * EDGE), dots: cells.cells.iter().map(dot).collect() })
    }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::view::CellCount;

    #[test]
    fn north_is_up_and_everything_is_inside() {
        let cell = |longitude, latitude, cases| CellCount { longitude, latitude, cases };
        let cells = Cells { width: 0.1, cells: vec![cell(112.0, 27.0, 1), cell(113.0, 28.0, 4), cell(112.5, 29.0, 2)] };
        let drawn = Points::new(&cells).expect("dots");
        assert!(drawn.dots[1].y > drawn.dots[2].y && drawn.dots[0].x < drawn.dots[1].x);
        assert!(drawn.dots.iter().all(|dot| (0.0..=WIDTH).contains(&dot.x) && (0.0..=drawn.height).contains(&dot.y)));
        assert!(drawn.dots[1].radius > drawn.dots[2].radius);
        assert_eq!(Points::new(&Cells::default()), None);
    }
}
