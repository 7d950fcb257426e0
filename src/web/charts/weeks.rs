//! Filings a week as a row of bars.

pub const WIDTH: f64 = 96.0;
pub const HEIGHT: f64 = 24.0;
const GAP: f64 = 2.0;
/// A week with a filing shows, however much the fullest has.
const LEAST: f64 = 2.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// A bar a week, oldest on the left; weeks without filings have none.
pub fn bars(weeks: &[u32]) -> Vec<Bar> {
    let most = f64::from(weeks.iter().copied().max().unwrap_or_default()).max(1.0);
    let step = (WIDTH + GAP) / (weeks.len().max(1) as f64);
    let bar = |(at, filings): (usize, &u32)| {
        let height = round((f64::from(*filings) / most * HEIGHT).max(LEAST));
        Bar { x: round(step * at as f64), y: round(HEIGHT - height), width: round(step - GAP), height }
    };
    weeks.iter().enumerate().filter(|(_, filings)| **filings > 0).map(bar).collect()
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_weeks_are_full() {
        let drawn = bars(&[0, 1, 100, 50]);
        assert_eq!(drawn.iter().map(|bar| bar.height).collect::<Vec<_>>(), [LEAST, HEIGHT, HEIGHT / 2.0]);
        assert_eq!((drawn[0].x, drawn[2].x + drawn[2].width), (24.5, 96.0));
        assert!(drawn.iter().all(|bar| bar.y + bar.height == HEIGHT));
        assert!(bars(&[]).is_empty() && bars(&[0, 0]).is_empty());
    }
}
