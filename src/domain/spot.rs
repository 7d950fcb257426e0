//! Where a case is, as far as others may know: a cell of a grid, never the point that was filed.

use super::submission::Point;

/// The finest grid, degrees: about 100 m from north to south.
const UNIT: f64 = 0.001;

/// The south-western corner of a cell, in thousandths of a degree (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    pub latitude: i32,
    pub longitude: i32,
}

impl Spot {
    /// The cell that a point lies in; `grid` is its width in thousandths of a degree, at least 1.
    #[allow(clippy::cast_possible_truncation, reason = "intake refuses points that are not on Earth, and the cast saturates")]
    pub fn of(point: &Point, grid: i32) -> Self {
        let (longitude, latitude) = point.coordinates;
        let thousandths = |degrees: f64| (degrees / UNIT).floor() as i32;
        Self { latitude: thousandths(latitude), longitude: thousandths(longitude) }.coarse(grid)
    }

    /// The cell of a coarser grid around this one.
    pub fn coarse(self, grid: i32) -> Self {
        let grid = grid.max(1);
        let down = |value: i32| value.div_euclid(grid) * grid;
        Self { latitude: down(self.latitude), longitude: down(self.longitude) }
    }

    /// Longitude and latitude of the cell's middle, degrees.
    pub fn middle(self, grid: i32) -> (f64, f64) {
        let middle = |value: i32| ((f64::from(value) + f64::from(grid.max(1)) / 2.0) * UNIT * 1e4).round() / 1e4;
        (middle(self.longitude), middle(self.latitude))
    }
}

/// A rectangle, degrees (WGS 84): west, south, east, north. It may cross the antimeridian: west is then greater than east.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    pub west: f64,
    pub south: f64,
    pub east: f64,
    pub north: f64,
}

/// Corners of cells, thousandths of a degree, both ends included.
pub type Range = (i32, i32);

impl Bounds {
    /// The corners of the cells whose middle lies inside. Asking for a smaller rectangle than a cell tells nothing finer.
    pub fn latitudes(&self, grid: i32) -> Range {
        corners(self.south, self.north, grid)
    }

    /// As [`Self::latitudes`]; two ranges where it crosses the antimeridian.
    pub fn longitudes(&self, grid: i32) -> (Range, Option<Range>) {
        if self.west <= self.east {
            (corners(self.west, self.east, grid), None)
        } else {
            (corners(self.west, 180.0, grid), Some(corners(-180.0, self.east, grid)))
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the cast saturates, and nothing lies beyond the ends of the range")]
fn corners(least: f64, most: f64, grid: i32) -> Range {
    let width = f64::from(grid.max(1));
    let cell = |degrees: f64| (degrees / UNIT - width / 2.0) / width;
    let end = |cells: f64, beyond: f64| (cells * width + beyond) as i32;
    // A corner that was kept on a finer grid belongs to the cell around it.
    (end(cell(least).ceil(), 0.0), end(cell(most).floor(), width - 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::submission::PointType;

    fn point(longitude: f64, latitude: f64) -> Point {
        Point { kind: PointType::Point, coordinates: (longitude, latitude) }
    }

    #[test]
    fn a_point_becomes_the_middle_of_its_cell() {
        let spot = Spot::of(&point(112.9876, 28.1934), 10);
        assert_eq!(spot, Spot { latitude: 28_190, longitude: 112_980 });
        assert_eq!(spot.middle(10), (112.985, 28.195));
        assert_eq!(Spot::of(&point(-0.0001, -0.0001), 10), Spot { latitude: -10, longitude: -10 });
    }

    proptest! {
        #[test]
        fn a_rectangle_holds_the_cells_whose_middle_it_holds(
            longitude in -180.0..180.0_f64, latitude in -90.0..90.0_f64,
            west in -180.0..180.0_f64, width in 0.0..30.0_f64, south in -90.0..90.0_f64, height in 0.0..30.0_f64,
        ) {
            let spot = Spot::of(&point(longitude, latitude), 10);
            let bounds = Bounds { west, south, east: west + width, north: south + height };
            let (x, y) = spot.middle(10);
            let within = |value: i32, (least, most): Range| (least..=most).contains(&value);
            let found = within(spot.latitude, bounds.latitudes(10)) && within(spot.longitude, bounds.longitudes(10).0);
            let near_edge = [x - bounds.west, x - bounds.east, y - bounds.south, y - bounds.north].iter().any(|gap| gap.abs() < 1e-6);
            let inside = x >= bounds.west && x <= bounds.east && y >= bounds.south && y <= bounds.north;
            prop_assert!(found == inside || near_edge, "{spot:?} {bounds:?}");
        }
    }
}
