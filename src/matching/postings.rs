//! Blocking keys to the entries that hold them, each list bounded.

use rayon::prelude::*;

use super::lists::Lists;

/// A multimap of 32-bit keys to ascending entries. Sharded, so that growing one part stops nobody for long and many
/// can be filled at once.
#[derive(Clone)]
pub(super) struct Postings {
    shards: Vec<Shard>,
    /// Most entries kept under one key; the newest win.
    length: usize,
}

/// Distinct keys by open addressing, kept in the order of their mixed values (ordered linear probing, Amble & Knuth
/// 1974): a miss is told as soon as a hit, and growing copies straight through.
#[derive(Clone)]
struct Shard {
    /// `mixed key << 32 | list`; 0 is free. The last slot always is.
    slots: Vec<u64>,
    /// Slots that are somebody's home; those behind take what overflows.
    homes: usize,
    used: usize,
    lists: Lists,
}

/// Where the entries of a key are.
#[derive(Clone, Copy)]
pub(super) struct Found {
    shard: u32,
    list: u32,
}

const SHARD_BITS: u32 = 8;
const SHARDS: usize = 1 << SHARD_BITS;
const FIRST_HOMES: usize = 64;
const OVERFLOW: usize = 24;

/// A bijection, so that mixed keys are as distinct as keys.
const fn mix(key: u32) -> u32 {
    let x = (key ^ key >> 16).wrapping_mul(0x7feb_352d);
    let x = (x ^ x >> 15).wrapping_mul(0x846c_a68b);
    x ^ x >> 16
}

const fn shard_of(mixed: u32) -> usize {
    (mixed >> (32 - SHARD_BITS)) as usize
}

impl Shard {
    fn with_homes(homes: usize) -> Self {
        Self { slots: vec![0; homes + OVERFLOW], homes, used: 0, lists: Lists::default() }
    }

    /// Ascending with the mixed key.
    fn home(&self, mixed: u32) -> usize {
        let rest = u64::from(mixed << SHARD_BITS);
        ((rest * self.homes as u64) >> 32) as usize
    }

    /// The key's slot, or the one it would take.
    fn find(&self, mixed: u32) -> Result<usize, usize> {
        let mut at = self.home(mixed);
        loop {
            let slot = self.slots[at];
            match (slot >> 32) as u32 {
                _ if slot == 0 => return Err(at),
                held if held == mixed => return Ok(at),
                held if held > mixed => return Err(at),
                _ => at += 1,
            }
        }
    }

    fn add(&mut self, mixed: u32, entry: u32, length: usize) {
        match self.find(mixed) {
            Ok(at) => {
                let slot = self.slots[at];
                self.slots[at] = slot >> 32 << 32 | u64::from(self.lists.push(slot as u32, entry, length));
            }
            Err(at) => self.open(at, u64::from(mixed) << 32 | u64::from(Lists::single(entry))),
        }
    }

    /// Puts a new key's slot in at its place, moving those behind it on.
    fn open(&mut self, at: usize, slot: u64) {
        let free = at + self.slots[at..].iter().position(|s| *s == 0).unwrap_or_default();
        self.slots.copy_within(at..free, at + 1);
        self.slots[at] = slot;
        self.used += 1;
        if self.used * 10 > self.homes * 9 || free + 1 == self.slots.len() {
            self.grow();
        }
    }

    fn grow(&mut self) {
        self.homes = self.homes * 9 / 8;
        let old = std::mem::take(&mut self.slots);
        self.slots = Vec::with_capacity(self.homes + OVERFLOW);
        for slot in old.into_iter().filter(|slot| *slot != 0) {
            let home = self.home((slot >> 32) as u32);
            if home > self.slots.len() {
                self.slots.resize(home, 0);
            }
            self.slots.push(slot);
        }
        let whole = (self.homes + OVERFLOW).max(self.slots.len() + 1);
        self.slots.resize(whole, 0);
    }
}

impl Postings {
    pub(super) fn new(length: usize) -> Self {
        // Sizes are staggered by up to one step of growth, so that not all parts grow at once.
        let homes = |shard: usize| FIRST_HOMES + FIRST_HOMES * shard / (SHARDS * 8);
        Self { shards: (0..SHARDS).map(|shard| Shard::with_homes(homes(shard))).collect(), length }
    }

    /// Amortised O(1); `entry` must not be below any before it.
    pub(super) fn add(&mut self, key: u32, entry: u32) {
        let mixed = mix(key);
        self.shards[shard_of(mixed)].add(mixed, entry, self.length);
    }

    /// [`Self::add`] of many pairs of key and entry, on all cores.
    pub(super) fn add_all(&mut self, pairs: &[(u32, u32)]) {
        let mixed: Vec<(u32, u32)> = pairs.iter().map(|(key, entry)| (mix(*key), *entry)).collect();
        let (length, part) = (self.length, SHARDS.div_ceil(rayon::current_num_threads()));
        self.shards.par_chunks_mut(part).enumerate().for_each(|(n, shards)| {
            let first = n * part;
            for (mixed, entry) in &mixed {
                if let Some(shard) = shard_of(*mixed).checked_sub(first).and_then(|at| shards.get_mut(at)) {
                    shard.add(*mixed, *entry, length);
                }
            }
        });
    }

    /// Where the entries of a key are, if there are any.
    pub(super) fn find(&self, key: u32) -> Option<Found> {
        let mixed = mix(key);
        let shard = &self.shards[shard_of(mixed)];
        let list = shard.find(mixed).ok().map(|at| shard.slots[at] as u32)?;
        Some(Found { shard: shard_of(mixed) as u32, list })
    }

    /// Calls back with each entry, oldest first.
    pub(super) fn each(&self, found: Found, callback: impl FnMut(u32)) {
        self.shards[found.shard as usize].lists.each(found.list, callback);
    }

    /// A word of a list, to have it near.
    pub(super) fn first_word(&self, found: Found) -> u32 {
        self.shards[found.shard as usize].lists.first_word(found.list)
    }

    /// The newest entry under a key.
    pub(super) fn newest(&self, key: u32) -> Option<u32> {
        self.find(key).map(|found| self.shards[found.shard as usize].lists.newest(found.list))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.shards.iter().map(|s| s.slots.capacity() * size_of::<u64>() + s.lists.memory_bytes() + size_of::<Shard>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn found(postings: &Postings, key: u32) -> Vec<u32> {
        let mut found = Vec::new();
        if let Some(list) = postings.find(key) {
            postings.each(list, |entry| found.push(entry));
        }
        assert_eq!(postings.newest(key), found.last().copied());
        found
    }

    /// Many keys of one entry, some of several, few of very many.
    fn pairs() -> Vec<(u32, u32)> {
        (0..60_000_u32)
            .flat_map(|entry| [(entry.wrapping_mul(0x9e37_79b1), entry), (entry % 9_973, entry), (u32::MAX - entry % 7, entry)])
            .collect()
    }

    #[test]
    fn lists_keep_the_newest_of_every_key_however_they_are_added() {
        for length in [1, 3, 32] {
            let mut expected: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            let (mut one_by_one, mut at_once) = (Postings::new(length), Postings::new(length));
            for (key, entry) in pairs() {
                one_by_one.add(key, entry);
                expected.entry(key).or_default().push(entry);
            }
            for batch in pairs().chunks(5_000) {
                at_once.add_all(batch);
            }
            for (key, entries) in &expected {
                let newest = &entries[entries.len().saturating_sub(length)..];
                assert_eq!(found(&one_by_one, *key), newest, "{key}");
                assert_eq!(found(&at_once, *key), newest, "{key}");
            }
            assert!(found(&one_by_one, 0x1234_5678).is_empty());
            assert_eq!(one_by_one.memory_bytes(), at_once.memory_bytes());
        }
    }
}
