//! Sums of weights by entry, for one query.

use super::highest::bring_forward;

/// Entries and sums by open addressing, and the places in use in the order they were met. Made once and used again.
pub(super) struct Tally {
    /// An entry plus one, 0 where free, and its sum. At most half are used.
    slots: Vec<(u32, f32)>,
    used: Vec<u32>,
    ranked: Vec<u64>,
}

const FIRST_SLOTS: usize = 1_024;

impl Tally {
    pub(super) fn new() -> Self {
        Self { slots: vec![(0, 0.0); FIRST_SLOTS], used: Vec::with_capacity(FIRST_SLOTS / 2), ranked: Vec::new() }
    }

    /// Weights are not negative.
    pub(super) fn add(&mut self, entry: u32, weight: f32) {
        let at = self.slot(entry + 1);
        let slot = &mut self.slots[at];
        slot.1 += weight;
        if slot.0 == 0 {
            slot.0 = entry + 1;
            self.used.push(at as u32);
            if self.used.len() * 2 > self.slots.len() {
                self.grow();
            }
        }
    }

    /// The slot of an entry plus one, or the free one it would take.
    fn slot(&self, key: u32) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = (key.wrapping_mul(0x9e37_79b1) >> 8) as usize & mask;
        while self.slots[at].0 != key && self.slots[at].0 != 0 {
            at = (at + 1) & mask;
        }
        at
    }

    fn grow(&mut self) {
        let larger = vec![(0, 0.0); self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, larger);
        for used in 0..self.used.len() {
            let moved = old[self.used[used] as usize];
            let at = self.slot(moved.0);
            self.slots[at] = moved;
            self.used[used] = at as u32;
        }
    }

    /// Appends the `most` entries of the highest sums, newest first among equals, without those to `skip`; and forgets all sums.
    pub(super) fn take_best(&mut self, most: usize, skip: impl Fn(u32) -> bool, best: &mut Vec<u32>) {
        self.ranked.clear();
        for at in self.used.drain(..) {
            let (key, sum) = std::mem::take(&mut self.slots[at as usize]);
            if !skip(key - 1) {
                // Floats that are not negative order as their bits do.
                self.ranked.push(u64::from(sum.to_bits()) << 32 | u64::from(key - 1));
            }
        }
        let most = bring_forward(&mut self.ranked, most);
        best.extend(self.ranked[..most].iter().map(|rank| *rank as u32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tallies_rank() {
        let mut tally = Tally::new();
        let best = |tally: &mut Tally, most: usize, skipped: u32| {
            let mut best = Vec::new();
            tally.take_best(most, |entry| entry == skipped, &mut best);
            best
        };
        for again in 0..3 {
            for (entry, weight) in [(1, 1.0), (2, 5.0), (1, 3.0), (9, 4.0), (3, 9.0)] {
                tally.add(entry, weight);
            }
            if again < 2 {
                assert_eq!(best(&mut tally, 3, 3), [2, 9, 1]);
            }
        }
        for entry in 0..5_000 {
            tally.add(entry, 1.0);
        }
        assert_eq!(best(&mut tally, 4, u32::MAX), [3, 2, 9, 1]);
        assert!(best(&mut tally, 4, u32::MAX).is_empty());
    }
}
