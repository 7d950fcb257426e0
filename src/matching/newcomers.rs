//! Keys of submissions that come together: those behind find those before, as if each were in the index already.

/// Keys with the entries that will be posted under them. Equal keys are chained from the newest to the oldest.
pub(super) struct Newcomers {
    /// By a key's hash the link last added plus one; 0 is none.
    heads: Vec<u32>,
    links: Vec<Link>,
}

struct Link {
    key: u32,
    entry: u32,
    /// The link before under the same head plus one.
    before: u32,
}

impl Newcomers {
    pub(super) const fn none() -> Self {
        Self { heads: Vec::new(), links: Vec::new() }
    }

    /// Pairs of key and entry; entries must ascend.
    pub(super) fn new(pairs: &[(u32, u32)]) -> Self {
        let mut new = Self { heads: vec![0; (pairs.len() * 2).next_power_of_two()], links: Vec::with_capacity(pairs.len()) };
        for (key, entry) in pairs {
            let head = new.head(*key);
            new.links.push(Link { key: *key, entry: *entry, before: new.heads[head] });
            new.heads[head] = new.links.len() as u32;
        }
        new
    }

    fn head(&self, key: u32) -> usize {
        key.wrapping_mul(0x9e37_79b1).rotate_left(16) as usize & (self.heads.len() - 1)
    }

    /// Calls back with the newest entries under a key that are below `own`, so many at most, and returns how many there were.
    pub(super) fn each_before(&self, own: u32, key: u32, most: usize, mut callback: impl FnMut(u32)) -> usize {
        let mut found = 0;
        let mut next = if self.heads.is_empty() { 0 } else { self.heads[self.head(key)] };
        while let Some(link) = next.checked_sub(1).and_then(|at| self.links.get(at as usize)) {
            if link.key == key && link.entry < own {
                if found == most {
                    break;
                }
                callback(link.entry);
                found += 1;
            }
            next = link.before;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_before_are_found_newest_first() {
        let pairs: Vec<(u32, u32)> = (10..200).flat_map(|entry| [(7, entry), (entry % 5, entry), (entry << 16, entry)]).collect();
        let newcomers = Newcomers::new(&pairs);
        let found = |own, key, most| {
            let mut found = Vec::new();
            assert_eq!(newcomers.each_before(own, key, most, |entry| found.push(entry)), found.len());
            found
        };
        assert_eq!(found(100, 7, 3), [99, 98, 97]);
        assert_eq!(found(12, 7, 3), [11, 10]);
        assert_eq!(found(31, 2, 9), [27, 22, 17, 12]);
        assert_eq!(found(200, 50 << 16, 9), [50]);
        assert!(found(50, 50 << 16, 9).is_empty() && found(200, 77, 9).is_empty() && found(200, 7, 0).is_empty());
        assert_eq!(Newcomers::none().each_before(9, 7, 9, |_| {}), 0);
    }
}
