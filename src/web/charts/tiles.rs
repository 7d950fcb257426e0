//! The provinces as equal tiles, each about where it lies (a grid cartogram).

/// Side of a tile, and the gap to the next one.
pub const SIDE: u32 = 52;
const STEP: u32 = 56;
pub const COLUMNS: u32 = 9;
pub const ROWS: u32 = 8;

/// A province on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tile {
    /// GB/T 2260. The Xinjiang corps has no code of its own; its cities lie directly under the region.
    pub code: &'static str,
    column: u32,
    row: u32,
}

/// The cities of the Xinjiang corps.
pub const CORPS: &str = "659000";

const fn tile(code: &'static str, column: u32, row: u32) -> Tile {
    Tile { code, column, row }
}

pub const TILES: [Tile; 32] = [
    tile("230000", 8, 0),
    tile(CORPS, 0, 2),
    tile("650000", 1, 2),
    tile("150000", 6, 1),
    tile("220000", 8, 1),
    tile("620000", 3, 2),
    tile("640000", 4, 2),
    tile("110000", 6, 2),
    tile("120000", 7, 2),
    tile("210000", 8, 2),
    tile("630000", 2, 3),
    tile("610000", 4, 3),
    tile("140000", 5, 3),
    tile("130000", 6, 3),
    tile("370000", 7, 3),
    tile("540000", 1, 4),
    tile("510000", 3, 4),
    tile("500000", 4, 4),
    tile("410000", 5, 4),
    tile("340000", 6, 4),
    tile("320000", 7, 4),
    tile("310000", 8, 4),
    tile("530000", 3, 5),
    tile("520000", 4, 5),
    tile("420000", 5, 5),
    tile("360000", 6, 5),
    tile("330000", 7, 5),
    tile("450000", 4, 6),
    tile("430000", 5, 6),
    tile("440000", 6, 6),
    tile("350000", 7, 6),
    tile("460000", 5, 7),
];

impl Tile {
    pub const fn x(&self) -> u32 {
        self.column * STEP
    }

    pub const fn y(&self) -> u32 {
        self.row * STEP
    }
}

/// Shades beside the one for nothing.
pub const SHADES: usize = 5;

/// The shade of each value: as many tiles have one shade as another, and equal values the same; 0 where there is none.
pub fn shades(values: &[Option<f64>]) -> Vec<usize> {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    // A value that no other exceeds has the darkest, be it the only one.
    let shade = |value: f64| (sorted.partition_point(|other| *other <= value) * SHADES).div_ceil(sorted.len().max(1));
    values.iter().map(|value| value.map_or(0, shade)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::division;

    #[test]
    fn every_province_has_a_place_of_its_own() {
        let places: HashSet<_> = TILES.iter().map(|tile| (tile.column, tile.row)).collect();
        let codes: HashSet<_> = TILES.iter().map(|tile| tile.code).collect();
        assert_eq!((places.len(), codes.len()), (TILES.len(), TILES.len()));
        assert!(TILES.iter().all(|tile| division::is_known(tile.code) && tile.column < COLUMNS && tile.row < ROWS));
        assert_eq!(codes.iter().filter(|code| division::level(code) == division::Level::Province).count(), 31);
    }

    #[test]
    fn shades_follow_the_order_of_values() {
        assert_eq!(shades(&[None, Some(1.0), Some(2.0), Some(3.0), Some(4.0), Some(5.0)]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(shades(&[Some(7.0), Some(7.0), None]), [5, 5, 0]);
        assert_eq!(shades(&[]), [0; 0]);
    }
}
