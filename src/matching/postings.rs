//! Blocking keys to the entries that hold them, each list bounded.

/// A multimap of 32-bit keys to entries by open addressing, about ten bytes a posting. Sharded, so that growing one
/// part stops nobody for long.
#[derive(Clone)]
pub(super) struct Postings {
    shards: Vec<Shard>,
    /// Most entries kept under one key; the newest win.
    length: usize,
}

/// Slots hold `key << 32 | entry + 1`; 0 is free.
#[derive(Clone, Default)]
struct Shard {
    slots: Vec<u64>,
    used: usize,
}

const SHARD_BITS: u32 = 8;
const FIRST_SLOTS: usize = 16;

const fn mix(key: u32) -> u32 {
    let x = (key ^ key >> 16).wrapping_mul(0x7feb_352d);
    let x = (x ^ x >> 15).wrapping_mul(0x846c_a68b);
    x ^ x >> 16
}

impl Shard {
    fn home(&self, mixed: u32) -> usize {
        let rest = u64::from(mixed << SHARD_BITS);
        ((rest * self.slots.len() as u64) >> 32) as usize
    }

    /// Puts a posting in, or over the oldest of its key once there are `length` of them.
    fn add(&mut self, key: u32, entry: u32, length: usize) {
        let new = u64::from(key) << 32 | (u64::from(entry) + 1);
        let mut at = self.home(mix(key));
        let (mut same, mut oldest) = (0, at);
        loop {
            let slot = self.slots[at];
            if slot == 0 {
                break;
            }
            if (slot >> 32) as u32 == key {
                if same == 0 || slot < self.slots[oldest] {
                    oldest = at;
                }
                same += 1;
                if same == length {
                    self.slots[oldest] = new;
                    return;
                }
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
        self.slots[at] = new;
        self.used += 1;
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 5 / 4).max(FIRST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![0; slots]);
        self.used = 0;
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            self.add((slot >> 32) as u32, (slot as u32).wrapping_sub(1), usize::MAX);
        }
    }
}

impl Postings {
    pub(super) fn new(length: usize) -> Self {
        Self { shards: vec![Shard::default(); 1 << SHARD_BITS], length }
    }

    /// Amortised O(list length).
    pub(super) fn add(&mut self, key: u32, entry: u32) {
        let shard = &mut self.shards[(mix(key) >> (32 - SHARD_BITS)) as usize];
        if (shard.used + 1) * 20 > shard.slots.len() * 17 {
            shard.grow();
        }
        shard.add(key, entry, self.length);
    }

    /// Calls back with the entries under `key`, in no particular but a repeatable order.
    pub(super) fn each(&self, key: u32, mut found: impl FnMut(u32)) {
        let mixed = mix(key);
        let shard = &self.shards[(mixed >> (32 - SHARD_BITS)) as usize];
        if shard.slots.is_empty() {
            return;
        }
        let mut at = shard.home(mixed);
        loop {
            let slot = shard.slots[at];
            if slot == 0 {
                return;
            }
            if (slot >> 32) as u32 == key {
                found((slot as u32).wrapping_sub(1));
            }
            at = if at + 1 == shard.slots.len() { 0 } else { at + 1 };
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.shards.iter().map(|s| s.slots.capacity() * size_of::<u64>() + size_of::<Shard>()).sum()
    }
}

/// Sums of weights by entry, for one query.
pub(super) struct Tally {
    slots: Vec<(u32, f32)>,
    used: usize,
    shift: u32,
}

const FREE: u32 = u32::MAX;
const TALLY_BITS: u32 = 9;

impl Tally {
    pub(super) fn new() -> Self {
        Self::with_bits(TALLY_BITS)
    }

    fn with_bits(bits: u32) -> Self {
        Self { slots: vec![(FREE, 0.0); 1 << bits], used: 0, shift: 32 - bits }
    }

    pub(super) fn add(&mut self, entry: u32, weight: f32) {
        let mask = self.slots.len() - 1;
        let mut at = (entry.wrapping_mul(0x9e37_79b1) >> self.shift) as usize;
        loop {
            let slot = &mut self.slots[at & mask];
            if slot.0 == entry {
                slot.1 += weight;
                return;
            }
            if slot.0 == FREE {
                *slot = (entry, weight);
                break;
            }
            at += 1;
        }
        self.used += 1;
        if self.used * 4 > self.slots.len() * 3 {
            let mut larger = Self::with_bits(32 - self.shift + 1);
            for (entry, weight) in self.slots.drain(..).filter(|(entry, _)| *entry != FREE) {
                larger.add(entry, weight);
            }
            *self = larger;
        }
    }

    /// The `most` entries of the highest sums, newest first among equals, without those to `skip`.
    pub(super) fn best(self, most: usize, skip: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut ranked = self.slots;
        ranked.retain(|(entry, _)| *entry != FREE && !skip(*entry));
        let order = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(b.0.cmp(&a.0));
        if ranked.len() > most && most > 0 {
            ranked.select_nth_unstable_by(most - 1, order);
        }
        ranked.truncate(most);
        ranked.sort_unstable_by(order);
        ranked.into_iter().map(|(entry, _)| entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_the_newest() {
        let mut postings = Postings::new(3);
        for entry in 0..10 {
            postings.add(7, entry);
        }
        let found = |key| {
            let mut found = Vec::new();
            postings.each(key, |entry| found.push(entry));
            found.sort_unstable();
            found
        };
        assert_eq!(found(7), [7, 8, 9]);
        assert!(found(8).is_empty());
    }

    #[test]
    fn growing_loses_nothing() {
        let mut postings = Postings::new(100);
        for entry in 0..50_000_u32 {
            postings.add(entry.wrapping_mul(0x9e37_79b1), entry);
        }
        for entry in 0..50_000_u32 {
            let mut found = false;
            postings.each(entry.wrapping_mul(0x9e37_79b1), |e| found |= e == entry);
            assert!(found, "{entry}");
        }
    }

    #[test]
    fn tallies_rank() {
        let mut tally = Tally::new();
        for (entry, weight) in [(1, 1.0), (2, 5.0), (1, 3.0), (9, 4.0), (3, 9.0)] {
            tally.add(entry, weight);
        }
        assert_eq!(tally.best(3, |entry| entry == 3), [2, 9, 1]);
    }
}
