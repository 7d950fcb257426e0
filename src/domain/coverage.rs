//! How far the federation reaches (纵向到底, 横向到边): bodies of the directory against those that work on a platform.

use std::collections::BTreeMap;

use super::{
    division::{self, Level},
    organization::Directory,
};

/// Bodies, and how many of them are connected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub organizations: u64,
    pub connected: u64,
}

impl Tally {
    fn count(&mut self, connected: bool) {
        self.organizations += 1;
        self.connected += u64::from(connected);
    }
}

/// An area's bodies: together, by level, and for each division directly inside it by level.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    pub total: Tally,
    pub levels: BTreeMap<Level, Tally>,
    pub inner: BTreeMap<String, BTreeMap<Level, Tally>>,
}

/// Counts the bodies of `area`, a GB/T 2260 code of six digits. O(bodies).
pub fn coverage(directory: &Directory, area: &str) -> Coverage {
    let mut coverage = Coverage::default();
    for body in directory.iter().filter(|body| division::contains(area, &body.division)) {
        let (level, connected) = (division::level(&body.division), body.platform.is_some());
        coverage.total.count(connected);
        coverage.levels.entry(level).or_default().count(connected);
        if let Some(inner) = directly_inside(area, &body.division) {
            coverage.inner.entry(inner).or_default().entry(level).or_default().count(connected);
        }
    }
    coverage
}

/// The division directly inside `area` that `code` is or lies in; `None` for the area itself.
fn directly_inside(area: &str, code: &str) -> Option<String> {
    let mut at = code.to_owned();
    loop {
        let above = division::parent(&at)?;
        if above == area {
            return Some(at);
        }
        at = above;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::organization::Organization;

    #[test]
    fn bodies_are_counted_where_they_are() {
        let body = |id: &str, division: &str, platform: Option<&str>| Organization {
            id: id.into(),
            name: id.into(),
            division: division.into(),
            parent: None,
            platform: platform.map(Into::into),
            categories: Vec::new(),
        };
        let directory = Directory::new(vec![
            body("nation", "000000", Some("national")),
            body("hunan", "430000", Some("hunan")),
            body("changsha", "430100", None),
            body("furong", "430102", Some("hunan")),
            body("township", "430102001", None),
            body("sichuan", "510000", None),
        ])
        .expect("a sound directory");
        let tally = |organizations, connected| Tally { organizations, connected };
        let all = coverage(&directory, division::NATION);
        assert_eq!(all.total, tally(6, 3));
        assert_eq!(all.levels[&Level::Province], tally(2, 1));
        assert_eq!(all.inner.keys().collect::<Vec<_>>(), ["430000", "510000"]);
        assert_eq!(all.inner["430000"].values().map(|tally| tally.organizations).sum::<u64>(), 4);
        let hunan = coverage(&directory, "430000");
        assert_eq!(
            (hunan.total, &hunan.inner["430100"]),
            (tally(4, 2), &BTreeMap::from([(Level::City, tally(1, 0)), (Level::County, tally(1, 1)), (Level::Township, tally(1, 0)),]))
        );
        assert_eq!(coverage(&directory, "110000"), Coverage::default());
    }
}
