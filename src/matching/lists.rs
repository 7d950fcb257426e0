//! Short ascending lists of entries, in blocks of few sizes cut from one vector.

/// A list is named by 32 bits: its only entry plus one, or [`BLOCK`], the class of its block and where that starts.
#[derive(Clone)]
pub(super) struct Lists {
    words: Vec<u32>,
    /// For each class the first free block plus one; its first word names the next in the same way.
    free: [u32; CLASSES],
}

const BLOCK: u32 = 1 << 31;
const START_BITS: u32 = 26;
/// Sizes 2, 3, 4, 6, 8, 12 and so on to 1536 words.
const CLASSES: usize = 20;
/// Marks the unused end of a block.
const UNUSED: u32 = u32::MAX;

const fn size(class: u32) -> usize {
    (2 + (class as usize & 1)) << (class >> 1)
}

const fn block(list: u32) -> Option<(u32, usize)> {
    if list & BLOCK == 0 { None } else { Some((list >> START_BITS & 31, (list & ((1 << START_BITS) - 1)) as usize)) }
}

impl Default for Lists {
    fn default() -> Self {
        Self { words: Vec::new(), free: [0; CLASSES] }
    }
}

impl Lists {
    /// The list of one entry, which takes no room.
    pub(super) const fn single(entry: u32) -> u32 {
        (entry + 1) & !BLOCK
    }

    /// Appends an entry, and lets the oldest go if there are `length` already. Returns the list's new name.
    pub(super) fn push(&mut self, list: u32, entry: u32, length: usize) -> u32 {
        let Some((class, start)) = block(list) else {
            let Some(pair) = (length > 1).then(|| self.take(0)).flatten() else { return Self::single(entry) };
            self.words[pair..pair + 2].copy_from_slice(&[list - 1, entry]);
            return BLOCK | pair as u32;
        };
        let words = &mut self.words[start..start + size(class)];
        let used = words.partition_point(|word| *word != UNUSED);
        if used < length.min(words.len()) {
            words[used] = entry;
            return list;
        }
        let larger = if used < length { self.take(class + 1) } else { None };
        let Some(larger) = larger else {
            let words = &mut self.words[start..start + used];
            words.copy_within(1.., 0);
            words[used - 1] = entry;
            return list;
        };
        self.words.copy_within(start..start + used, larger);
        self.words[larger + used] = entry;
        self.words[start] = self.free[class as usize];
        self.free[class as usize] = start as u32 + 1;
        BLOCK | (class + 1) << START_BITS | larger as u32
    }

    /// An unused block; `None` if the numbers for blocks are used up.
    fn take(&mut self, class: u32) -> Option<usize> {
        let free = self.free.get_mut(class as usize)?;
        let start = if *free == 0 {
            let start = self.words.len();
            if start >> START_BITS != 0 {
                return None;
            }
            // Small steps: what is kept ready and never used costs memory too.
            if self.words.capacity() < start + size(class) {
                self.words.reserve_exact(size(class).max(start / 16));
            }
            self.words.resize(start + size(class), UNUSED);
            start
        } else {
            let start = *free as usize - 1;
            *free = self.words[start];
            self.words[start..start + size(class)].fill(UNUSED);
            start
        };
        Some(start)
    }

    /// Calls back with the newest entries, so many at most, oldest first.
    pub(super) fn each(&self, list: u32, most: usize, mut callback: impl FnMut(u32)) {
        match block(list) {
            None if most > 0 => callback(list - 1),
            None => {}
            Some((class, start)) => {
                let words = &self.words[start..start + size(class)];
                let used = words.partition_point(|word| *word != UNUSED);
                words[used.saturating_sub(most)..used].iter().for_each(|entry| callback(*entry));
            }
        }
    }

    pub(super) fn first_word(&self, list: u32) -> u32 {
        block(list).and_then(|(_, start)| self.words.get(start)).copied().unwrap_or_default()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.words.capacity() * size_of::<u32>()
    }
}
