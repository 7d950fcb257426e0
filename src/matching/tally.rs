//! Sums of weights by entry, for one query.

/// Entries in the order they were met, and an open-addressing index over them.
pub(super) struct Tally {
    sums: Vec<(u32, f32)>,
    /// Places in `sums` plus one; 0 is free. At most half full.
    index: Vec<u32>,
}

const FIRST_SLOTS: usize = 1_024;

impl Tally {
    pub(super) fn new() -> Self {
        Self { sums: Vec::with_capacity(FIRST_SLOTS / 2), index: vec![0; FIRST_SLOTS] }
    }

    /// Weights are not negative.
    pub(super) fn add(&mut self, entry: u32, weight: f32) {
        let at = self.slot(entry);
        match self.index[at].checked_sub(1) {
            Some(known) => self.sums[known as usize].1 += weight,
            None => {
                self.sums.push((entry, weight));
                self.index[at] = self.sums.len() as u32;
                if self.sums.len() * 2 > self.index.len() {
                    self.grow();
                }
            }
        }
    }

    /// The slot that leads to an entry, or the free one it would take.
    fn slot(&self, entry: u32) -> usize {
        let mask = self.index.len() - 1;
        let mut at = (entry.wrapping_mul(0x9e37_79b1) >> 8) as usize & mask;
        while let Some(place) = self.index[at].checked_sub(1) {
            if self.sums[place as usize].0 == entry {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        self.index = vec![0; self.index.len() * 2];
        for place in 0..self.sums.len() {
            let at = self.slot(self.sums[place].0);
            self.index[at] = place as u32 + 1;
        }
    }

    /// The `most` entries of the highest sums, newest first among equals, without those to `skip`.
    pub(super) fn best(&self, most: usize, skip: impl Fn(u32) -> bool) -> Vec<u32> {
        // Floats that are not negative order as their bits do.
        let rank = |(entry, sum): &(u32, f32)| u64::from(sum.to_bits()) << 32 | u64::from(*entry);
        let mut ranked: Vec<u64> = self.sums.iter().filter(|(entry, _)| !skip(*entry)).map(rank).collect();
        if ranked.len() > most && most > 0 {
            ranked.select_nth_unstable_by(most - 1, |a, b| b.cmp(a));
        }
        ranked.truncate(most);
        ranked.sort_unstable_by(|a, b| b.cmp(a));
        ranked.into_iter().map(|rank| rank as u32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_rank() {
        let mut tally = Tally::new();
        for (entry, weight) in [(1, 1.0), (2, 5.0), (1, 3.0), (9, 4.0), (3, 9.0)] {
            tally.add(entry, weight);
        }
        assert_eq!(tally.best(3, |entry| entry == 3), [2, 9, 1]);
        for entry in 0..5_000 {
            tally.add(entry, 1.0);
        }
        assert_eq!(tally.best(4, |_| false), [3, 2, 9, 1]);
    }
}
