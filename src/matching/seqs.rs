//! Positions in the log by entry: runs of consecutive ones, which is what a log is made of.

/// Ascending positions. O(log runs) both ways, and sixteen bytes a run.
#[derive(Clone, Default)]
pub(super) struct Seqs {
    /// The first entry of each run and its position, both ascending.
    runs: Vec<(u32, u64)>,
    len: u32,
}

impl Seqs {
    pub(super) const fn len(&self) -> u32 {
        self.len
    }

    /// The number of the entry; `None`, and nothing changes, unless `seq` exceeds all before.
    pub(super) fn push(&mut self, seq: u64) -> Option<u32> {
        if !self.accepts(seq) {
            return None;
        }
        let (entry, after) = (self.len, self.after());
        if after != Some(seq) {
            self.runs.push((entry, seq));
        }
        self.len += 1;
        Some(entry)
    }

    /// The position behind all there are.
    fn after(&self) -> Option<u64> {
        self.runs.last().map(|(first, start)| start + u64::from(self.len - first))
    }

    pub(super) fn accepts(&self, seq: u64) -> bool {
        self.after().is_none_or(|after| seq >= after) && self.len < u32::MAX
    }

    /// The position of an entry there is.
    pub(super) fn get(&self, entry: u32) -> u64 {
        let run = self.runs.partition_point(|(first, _)| *first <= entry);
        let (first, start) = self.runs[run - 1];
        start + u64::from(entry - first)
    }

    pub(super) fn entry_of(&self, seq: u64) -> Option<u32> {
        let run = self.runs.partition_point(|(_, start)| *start <= seq).checked_sub(1)?;
        let (first, start) = self.runs[run];
        let end = self.runs.get(run + 1).map_or(self.len, |(next, _)| *next);
        u32::try_from(seq - start).ok().and_then(|offset| first.checked_add(offset)).filter(|entry| *entry < end)
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.runs.capacity() * size_of::<(u32, u64)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn are_what_was_put_in(tried in proptest::collection::vec(0_u64..60, 0..60)) {
            let (mut seqs, mut expected) = (Seqs::default(), Vec::new());
            for seq in tried {
                let added = seqs.push(seq).is_some();
                prop_assert_eq!(added, expected.last().is_none_or(|last| *last < seq));
                if added {
                    expected.push(seq);
                }
            }
            prop_assert_eq!(seqs.len() as usize, expected.len());
            for (entry, seq) in (0_u32..).zip(&expected) {
                prop_assert_eq!(seqs.get(entry), *seq);
            }
            for seq in 0..61 {
                let entry = expected.iter().position(|known| *known == seq);
                prop_assert_eq!(seqs.entry_of(seq).map(|entry| entry as usize), entry);
            }
        }
    }
}
