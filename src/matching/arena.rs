//! Packed entries in fixed chunks: growth copies nothing, and an entry costs four bytes beside its own.

/// Bytes of a chunk.
const CHUNK: usize = 1 << 20;
/// Entries start at multiples of this, so that 32 bits address 8 GiB.
const ALIGN: usize = 2;

#[derive(Clone, Default)]
pub(super) struct Arena {
    chunks: Vec<Vec<u8>>,
    starts: Vec<u32>,
}

impl Arena {
    pub(super) const fn len(&self) -> usize {
        self.starts.len()
    }

    /// Appends an entry; `false` if it is larger than a chunk or the arena is full.
    pub(super) fn push(&mut self, bytes: &[u8]) -> bool {
        if bytes.len() > CHUNK {
            return false;
        }
        if self.chunks.last().is_none_or(|chunk| chunk.len() + bytes.len() > CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let number = self.chunks.len() - 1;
        let Some(chunk) = self.chunks.last_mut() else { return false };
        let Ok(start) = u32::try_from((number * CHUNK + chunk.len()) / ALIGN) else { return false };
        chunk.extend_from_slice(bytes);
        chunk.resize(chunk.len().next_multiple_of(ALIGN).min(CHUNK), 0);
        push_tight(&mut self.starts, start);
        true
    }

    /// From the entry's first byte to the end of its chunk; empty if there is no such entry.
    pub(super) fn get(&self, entry: u32) -> &[u8] {
        let Some(start) = self.starts.get(entry as usize) else { return &[] };
        let at = *start as usize * ALIGN;
        self.chunks.get(at / CHUNK).and_then(|chunk| chunk.get(at % CHUNK..)).unwrap_or_default()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.chunks.len() * CHUNK + self.starts.capacity() * size_of::<u32>()
    }
}

/// Appends to a long vector that grows by a sixteenth: what is kept ready and not used costs memory too.
pub(super) fn push_tight(words: &mut Vec<u32>, word: u32) {
    if words.len() == words.capacity() {
        words.reserve_exact(words.len() / 16 + 64);
    }
    words.push(word);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back() {
        let mut arena = Arena::default();
        let entry = |n: u8| vec![n; 300_001];
        for n in 0..10 {
            assert!(arena.push(&entry(n)));
        }
        for n in 0..10 {
            assert!(arena.get(u32::from(n)).starts_with(&entry(n)));
        }
        assert!(arena.get(10).is_empty() && !arena.push(&vec![0; CHUNK + 1]));
    }
}
