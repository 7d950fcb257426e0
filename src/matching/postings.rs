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
