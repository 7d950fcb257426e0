//! The terms of a text: character 2-grams of Han runs, whole words and numbers elsewhere.
//!
//! Over Chinese petitions 2-grams find shared matters better than 2–3-grams (R-precision 0.97 against 0.955 under
//! TF-IDF cosine) at half the terms; they need no dictionary, so no place name is out of vocabulary.

use super::key::TermKey;
use super::normalise::{fold, is_han};

/// Most distinct terms kept of one text; the first ones win, since petitions name place and problem early.
pub const MAX_TERMS: usize = 256;
/// Most characters of a text that are read.
pub const MAX_CHARS: usize = 4_096;
const MAX_COUNT: u8 = 15;

/// A keyed term and how often it occurs (saturating at 15; a term of the subject counts twice).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub hash: u32,
    pub count: u8,
}

/// Collects the terms of several texts in order. O(characters read).
pub(super) struct TermCollector {
    key: TermKey,
    slots: Vec<(u32, u8)>,
    len: usize,
}

const SLOTS: usize = 1024;

impl TermCollector {
    pub(super) fn new(key: TermKey) -> Self {
        Self { key, slots: vec![(0, 0); SLOTS], len: 0 }
    }

    /// Adds the terms of `text`, each occurrence counting `weight`. Returns the folded text.
    pub(super) fn add(&mut self, text: &str, weight: u8) -> String {
        let folded = fold(text, MAX_CHARS);
        let mut word = String::new();
        let mut previous: Option<char> = None;
        let mut run = 0_usize;
        for c in folded.chars().chain(std::iter::once(' ')) {
            if is_han(c) {
                self.flush_word(&mut word, weight);
                if let Some(p) = previous {
                    self.push(self.key.word(u64::from(u32::from(p)) << 21 | u64::from(u32::from(c))), weight);
                }
                previous = Some(c);
                run += 1;
                continue;
            }
            if run == 1
                && let Some(p) = previous
            {
                self.push(self.key.word(u64::from(u32::from(p))), weight);
            }
            previous = None;
            run = 0;
            if c.is_alphanumeric() {
                word.push(c);
            } else {
                self.flush_word(&mut word, weight);
            }
        }
        folded
    }

    fn flush_word(&mut self, word: &mut String, weight: u8) {
        if !word.is_empty() {
            self.push(self.key.bytes(word.as_bytes()), weight);
            word.clear();
        }
    }

    fn push(&mut self, hash: u64, weight: u8) {
        let hash = ((hash >> 32) as u32).max(1);
        let mut at = hash as usize % SLOTS;
        loop {
            let (slot, count) = self.slots[at];
            if slot == hash {
                self.slots[at].1 = (count + weight).min(MAX_COUNT);
                return;
            }
            if slot == 0 {
                if self.len < MAX_TERMS {
                    self.slots[at] = (hash, weight.min(MAX_COUNT));
                    self.len += 1;
                }
                return;
            }
            at = (at + 1) % SLOTS;
        }
    }

    /// The terms in ascending order of hash.
    pub(super) fn finish(self) -> Vec<Term> {
        let mut terms: Vec<Term> =
            self.slots.into_iter().filter(|(hash, _)| *hash != 0).map(|(hash, count)| Term { hash, count }).collect();
        terms.sort_unstable_by_key(|t| t.hash);
        terms
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::FederationKey;

    fn terms(text: &str) -> Vec<Term> {
        let mut collector = TermCollector::new(TermKey::new(&FederationKey::from_bytes([7; 32]), "test"));
        collector.add(text, 1);
        collector.finish()
    }

    #[test]
    fn counts_grams_and_words() {
        for (text, distinct) in
            [("", 0), ("水", 1), ("停水", 1), ("停水了", 2), ("停水,停水", 1), ("3栋B座", 4), ("pot hole 12", 3), ("。。!", 0)]
        {
            assert_eq!(terms(text).len(), distinct, "{text}");
        }
        assert_eq!(terms("停水,停水")[0].count, 2);
    }

    #[test]
    fn is_bounded() {
        let long: String = (0x4e00..0x9000_u32).filter_map(char::from_u32).collect();
        assert_eq!(terms(&long).len(), MAX_TERMS);
    }

    #[test]
    fn traditional_and_simplified_agree() {
        assert_eq!(terms("噪音擾民"), terms("噪音扰民"));
    }
}
