//! Blocking keys to the entries that hold them, each list bounded.

use std::collections::HashMap;

#[derive(Clone)]
pub(super) struct Postings {
    lists: HashMap<u32, List>,
    /// Most entries kept under one key; the newest win.
    length: usize,
}

#[derive(Clone)]
struct List {
    entries: Vec<u32>,
    next: usize,
}

impl Postings {
    pub(super) fn new(length: usize) -> Self {
        Self { lists: HashMap::new(), length }
    }

    /// Appends `entry` under `key`, over the oldest once the list is full. Amortised O(1).
    pub(super) fn add(&mut self, key: u32, entry: u32) {
        let list = self.lists.entry(key).or_insert_with(|| List { entries: Vec::with_capacity(1), next: 0 });
        if list.entries.len() < self.length {
            list.entries.push(entry);
        } else {
            list.entries[list.next] = entry;
            list.next = (list.next + 1) % self.length;
        }
    }

    /// The entries under `key`, in no particular order.
    pub(super) fn get(&self, key: u32) -> &[u32] {
        self.lists.get(&key).map_or(&[], |list| &list.entries)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.lists.capacity() * (size_of::<(u32, List)>() + 1) + self.lists.values().map(|l| l.entries.capacity() * 4).sum::<usize>()
    }
}

/// Sums of weights by entry, for one query.
pub(super) struct Tally {
    slots: Vec<(u32, f32)>,
    shift: u32,
}

const FREE: u32 = u32::MAX;

impl Tally {
    /// Room for at most `most` entries.
    pub(super) fn new(most: usize) -> Self {
        let bits = (most.max(8) * 2).next_power_of_two().trailing_zeros();
        Self { slots: vec![(FREE, 0.0); 1 << bits], shift: 32 - bits }
    }

    pub(super) fn add(&mut self, entry: u32, weight: f32) {
        let mask = self.slots.len() - 1;
        let mut at = (entry.wrapping_mul(0x9e37_79b1) >> self.shift) as usize;
        loop {
            let slot = &mut self.slots[at & mask];
            if slot.0 == FREE {
                *slot = (entry, weight);
                return;
            }
            if slot.0 == entry {
                slot.1 += weight;
                return;
            }
            at += 1;
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
        let mut kept = postings.get(7).to_vec();
        kept.sort_unstable();
        assert_eq!(kept, [7, 8, 9]);
        assert!(postings.get(8).is_empty());
    }

    #[test]
    fn tallies_rank() {
        let mut tally = Tally::new(6);
        for (entry, weight) in [(1, 1.0), (2, 5.0), (1, 3.0), (9, 4.0), (3, 9.0)] {
            tally.add(entry, weight);
        }
        assert_eq!(tally.best(3, |entry| entry == 3), [2, 9, 1]);
    }
}
