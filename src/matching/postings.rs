//! Blocking keys to the entries that hold them, each list bounded.

use rayon::prelude::*;

use super::lists::Lists;

/// A multimap of 32-bit keys to ascending entries. Sharded, so that growing one part stops nobody for long and many
/// can be filled at once.
#[derive(Clone, Default)]
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
const OVERFLOW: usize = 64;
/// Slots asked of the memory at once.
const TOGETHER: usize = 32;

/// Waits for words of memory together that would else be waited for one by one.
pub(super) fn ask_for(words: impl Iterator<Item = u32>) {
    std::hint::black_box(words.fold(0, |all, word| all ^ word));
}

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

    fn first_slot(&self, mixed: u32) -> u32 {
        self.slots[self.home(mixed)] as u32
    }

    /// Adds pairs of mixed key and entry in their order.
    fn add_all(&mut self, pairs: &[(u32, u32)], length: usize) {
        for some in pairs.chunks(TOGETHER) {
            ask_for(some.iter().map(|(mixed, _)| self.first_slot(*mixed)));
            for (mixed, entry) in some {
                self.add(*mixed, *entry, length);
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
        if self.used * 16 > self.homes * 15 || free + 1 == self.slots.len() {
            self.grow();
        }
    }

    fn grow(&mut self) {
        self.homes = self.homes * 17 / 16;
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
        let homes = |shard: usize| FIRST_HOMES + FIRST_HOMES * shard / (SHARDS * 16);
        Self { shards: (0..SHARDS).map(|shard| Shard::with_homes(homes(shard))).collect(), length }
    }

    /// Amortised O(1); `entry` must not be below any before it.
    pub(super) fn add(&mut self, key: u32, entry: u32) {
        let mixed = mix(key);
        self.shards[shard_of(mixed)].add(mixed, entry, self.length);
    }

    /// [`Self::add`] of many pairs of key and entry, on all cores: each part gets its own together, while it is near.
    pub(super) fn add_all(&mut self, pairs: &[(u32, u32)]) {
        let mut ends = [0; SHARDS];
        for (key, _) in pairs {
            ends[shard_of(mix(*key))] += 1;
        }
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        let mut parted = vec![(0, 0); pairs.len()];
        for (key, entry) in pairs {
            let mixed = mix(*key);
            let end = &mut ends[shard_of(mixed)];
            parted[*end] = (mixed, *entry);
            *end += 1;
        }
        let length = self.length;
        self.shards.par_iter_mut().enumerate().with_min_len(SHARDS / 16).for_each(|(n, shard)| {
            let start = n.checked_sub(1).map_or(0, |before| ends[before]);
            shard.add_all(&parted[start..ends[n]], length);
        });
    }

    /// Where the entries of a key are, if there are any.
    pub(super) fn find(&self, key: u32) -> Option<Found> {
        let mixed = mix(key);
        let shard = &self.shards[shard_of(mixed)];
        let list = shard.find(mixed).ok().map(|at| shard.slots[at] as u32)?;
        Some(Found { shard: shard_of(mixed) as u32, list })
    }

    /// The slot where a key's search begins, to have it near.
    pub(super) fn first_slot(&self, key: u32) -> u32 {
        let mixed = mix(key);
        self.shards[shard_of(mixed)].first_slot(mixed)
    }

    /// Calls back with the newest entries, so many at most, oldest first.
    pub(super) fn each(&self, found: Found, most: usize, callback: impl FnMut(u32)) {
        self.shards[found.shard as usize].lists.each(found.list, most, callback);
    }

    /// A word of a list, to have it near.
    pub(super) fn first_word(&self, found: Found) -> u32 {
        self.shards[found.shard as usize].lists.first_word(found.list)
    }

    /// Most entries kept under one key.
    pub(super) const fn length(&self) -> usize {
        self.length
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
            postings.each(list, usize::MAX, |entry| found.push(entry));
            let mut newest = Vec::new();
            postings.each(list, 2, |entry| newest.push(entry));
            assert_eq!(newest, found[found.len().saturating_sub(2)..]);
        }
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
