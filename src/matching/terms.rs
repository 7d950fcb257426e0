//! The terms of a text: single Han characters and 2-grams of them, whole words and numbers elsewhere.
//!
//! Measured on Chinese petitions under TF-IDF cosine: single characters recognise one person's matter told again
//! better than 2-grams (AUC 0.97 against 0.93), 2-grams recognise the place that different people share, and the
//! mean of both beats either at ranking shared matters (R-precision 0.987 and 0.969 against 0.955 of 2–3-grams).
//! No dictionary is needed, so no place name is out of vocabulary.

use super::key::TermKey;
use super::normalise::{fold, is_han};
use super::numbers::plain_numbers;

/// Most distinct terms of each kind kept of one text.
pub const MAX_TERMS: usize = 256;
/// Most characters of a text that are read at all.
pub const MAX_CHARS: usize = 4_096;
/// Letters of each text from which terms are taken: petitions name place and problem early, and what follows tells
/// filings of one matter apart more than it joins them.
pub const TERM_LETTERS: usize = 400;
/// Characters read for so many letters: punctuation and spaces are none, and numbers shrink.
const READ_CHARS: usize = 3 * TERM_LETTERS;
/// Values a character's hash may take, 0 excepted.
pub(super) const CHAR_HASHES: u32 = 1 << 14;
const MAX_COUNT: u8 = 15;
const SLOTS: usize = 512;

/// A keyed term and how often it occurs (saturating at 15; a term of the subject counts twice).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    pub hash: u32,
    pub count: u8,
}

/// A bounded bag of terms.
struct Bag {
    slots: [(u32, u8); SLOTS],
    len: usize,
}

impl Bag {
    const fn new() -> Self {
        Self { slots: [(0, 0); SLOTS], len: 0 }
    }

    fn push(&mut self, hash: u32, weight: u8) {
        let hash = hash.max(1);
        let mut at = hash.wrapping_mul(0x9e37_79b1) as usize >> 23;
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

    fn finish(&self) -> Vec<Term> {
        let mut terms = Vec::with_capacity(self.len);
        terms.extend(self.slots.iter().filter(|(hash, _)| *hash != 0).map(|(hash, count)| Term { hash: *hash, count: *count }));
        terms.sort_unstable_by_key(|t| t.hash);
        terms
    }
}

/// Collects the terms of several texts in order. O(characters read).
pub(super) struct TermCollector {
    key: TermKey,
    grams: Bag,
    chars: Bag,
}

impl TermCollector {
    pub(super) const fn new(key: TermKey) -> Self {
        Self { key, grams: Bag::new(), chars: Bag::new() }
    }

    /// Adds the terms of `text`, each occurrence counting `weight`. Returns the folded text.
    pub(super) fn add(&mut self, text: &str, weight: u8) -> String {
        let folded = fold(text, MAX_CHARS);
        let read = folded.char_indices().nth(READ_CHARS).map_or(folded.len(), |(at, _)| at);
        let plain = plain_numbers(&folded[..read]);
        let mut word = String::new();
        let mut previous: Option<char> = None;
        let mut letters = 0_usize;
        for c in plain.chars().chain(std::iter::once(' ')) {
            if is_han(c) {
                self.flush_word(&mut word, weight);
                let code = u64::from(u32::from(c));
                if let Some(p) = previous {
                    self.grams.push((self.key.word(u64::from(u32::from(p)) << 21 | code) >> 32) as u32, weight);
                }
                self.chars.push(self.key.word(code) as u32 % CHAR_HASHES, weight);
                previous = Some(c);
                letters += 1;
            } else {
                previous = None;
                if c.is_alphanumeric() {
                    word.push(c);
                    letters += 1;
                } else {
                    self.flush_word(&mut word, weight);
                }
            }
            if letters >= TERM_LETTERS {
                self.flush_word(&mut word, weight);
                break;
            }
        }
        folded
    }

    fn flush_word(&mut self, word: &mut String, weight: u8) {
        if !word.is_empty() {
            let hash = self.key.bytes(word.as_bytes());
            self.grams.push((hash >> 32) as u32, weight);
            self.chars.push(hash as u32 % CHAR_HASHES, weight);
            word.clear();
        }
    }

    /// The 2-grams and words, and the characters and words, each in ascending order of hash.
    pub(super) fn finish(&self) -> (Vec<Term>, Vec<Term>) {
        (self.grams.finish(), self.chars.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::FederationKey;

    fn terms(text: &str) -> Vec<Term> {
        let mut collector = TermCollector::new(TermKey::new(&FederationKey::from_bytes([7; 32]), "test"));
        collector.add(text, 1);
        collector.finish().0
    }

    #[test]
    fn counts_grams_and_words() {
        for (text, distinct) in
            [("", 0), ("水", 0), ("停水", 1), ("停水了", 2), ("停水,停水", 1), ("3栋B座", 2), ("pot hole 12", 3), ("。。!", 0)]
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
