//! The terms of a text: single Han characters and 2-grams of them, whole words and numbers elsewhere.
//!
//! Measured on Chinese petitions under TF-IDF cosine: single characters recognise one person's matter told again
//! better than 2-grams (AUC 0.97 against 0.93), 2-grams recognise the place that different people share, and the
//! mean of both beats either at ranking shared matters (R-precision 0.987 and 0.969 against 0.955 of 2–3-grams).
//! No dictionary is needed, so no place name is out of vocabulary.

use std::sync::Arc;

use super::key::TermKey;
use super::normalise::{CJK_FIRST, CJK_LAST, fold, is_han, is_word};
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

/// A bounded bag of terms by open addressing. Homes ascend with the hash, which is spread evenly, so that the slots are
/// nearly in order.
struct Bag {
    slots: [(u32, u8); SLOTS],
    /// A bit for each slot in use.
    used: [u64; SLOTS / 64],
    len: usize,
    /// From a hash to its home.
    shift: u32,
}

impl Bag {
    /// For hashes of so many bits.
    const fn new(bits: u32) -> Self {
        Self { slots: [(0, 0); SLOTS], used: [0; SLOTS / 64], len: 0, shift: bits - SLOTS.ilog2() }
    }

    fn push(&mut self, hash: u32, weight: u8) {
        let hash = hash.max(1);
        let mut at = (hash >> self.shift) as usize % SLOTS;
        loop {
            let (slot, count) = self.slots[at];
            if slot == hash {
                self.slots[at].1 = (count + weight).min(MAX_COUNT);
                return;
            }
            if slot == 0 {
                if self.len < MAX_TERMS {
                    self.slots[at] = (hash, weight.min(MAX_COUNT));
                    self.used[at / 64] |= 1 << (at % 64);
                    self.len += 1;
                }
                return;
            }
            at = (at + 1) % SLOTS;
        }
    }

    fn finish(&self) -> Vec<Term> {
        let mut terms = Vec::with_capacity(self.len);
        for (n, used) in self.used.iter().enumerate() {
            let mut used = *used;
            while used != 0 {
                let (hash, count) = self.slots[n * 64 + used.trailing_zeros() as usize];
                terms.push(Term { hash, count });
                used &= used - 1;
            }
        }
        // Few are out of place, and those by little.
        for sorted in 1..terms.len() {
            let mut at = sorted;
            while at > 0 && terms[at - 1].hash > terms[at].hash {
                terms.swap(at - 1, at);
                at -= 1;
            }
        }
        terms
    }
}

/// The terms under one key, with the hashes of single characters worked out beforehand. Cheap to clone.
#[derive(Clone)]
pub(super) struct TermHasher {
    key: TermKey,
    han: Arc<[u16]>,
}

impl TermHasher {
    pub(super) fn new(key: TermKey) -> Self {
        let hash = |code: u32| (key.word(u64::from(code)) as u32 % CHAR_HASHES) as u16;
        Self { key, han: (CJK_FIRST..=CJK_LAST).map(hash).collect() }
    }

    pub(super) const fn key(&self) -> TermKey {
        self.key
    }

    fn han(&self, c: char) -> u32 {
        self.han.get((u32::from(c) - CJK_FIRST) as usize).copied().map_or(0, u32::from)
    }
}

/// Collects the terms of several texts in order. O(characters read).
pub(super) struct TermCollector<'a> {
    hasher: &'a TermHasher,
    grams: Bag,
    chars: Bag,
    /// Room to work in.
    plain: String,
    word: String,
}

impl<'a> TermCollector<'a> {
    pub(super) const fn new(hasher: &'a TermHasher) -> Self {
        let (grams, chars) = (Bag::new(u32::BITS), Bag::new(CHAR_HASHES.ilog2()));
        Self { hasher, grams, chars, plain: String::new(), word: String::new() }
    }

    /// Adds the terms of `text`, each occurrence counting `weight`. Returns the folded text.
    pub(super) fn add(&mut self, text: &str, weight: u8) -> String {
        let folded = fold(text, MAX_CHARS);
        // A text of no more bytes than that has no more characters.
        let is_short = folded.len() <= READ_CHARS;
        let read = if is_short { folded.len() } else { folded.char_indices().nth(READ_CHARS).map_or(folded.len(), |(at, _)| at) };
        let mut plain = std::mem::take(&mut self.plain);
        plain_numbers(&folded[..read], &mut plain);
        self.add_plain(&plain, weight);
        self.plain = plain;
        folded
    }

    fn add_plain(&mut self, plain: &str, weight: u8) {
        // Pairs are hashed together at the end: none waits for another.
        let (mut pairs, mut count) = ([0; TERM_LETTERS], 0);
        let mut previous: Option<char> = None;
        let mut letters = 0_usize;
        for c in plain.chars() {
            if is_han(c) {
                self.flush_word(weight);
                if let Some(p) = previous {
                    pairs[count % TERM_LETTERS] = pair(p, c);
                    count += 1;
                }
                self.chars.push(self.hasher.han(c), weight);
                previous = Some(c);
                letters += 1;
            } else {
                previous = None;
                if is_word(c) {
                    self.word.push(c);
                    letters += 1;
                } else {
                    self.flush_word(weight);
                }
            }
            if letters >= TERM_LETTERS {
                break;
            }
        }
        self.flush_word(weight);
        let pairs = &mut pairs[..count.min(TERM_LETTERS)];
        pairs.iter_mut().for_each(|pair| *pair = self.hasher.key.word(*pair) >> 32);
        pairs.iter().for_each(|hash| self.grams.push(*hash as u32, weight));
    }

    fn flush_word(&mut self, weight: u8) {
        if !self.word.is_empty() {
            let hash = self.hasher.key.bytes(self.word.as_bytes());
            self.grams.push((hash >> 32) as u32, weight);
            self.chars.push(hash as u32 % CHAR_HASHES, weight);
            self.word.clear();
        }
    }

    /// The 2-grams and words, and the characters and words, each in ascending order of hash.
    pub(super) fn finish(&self) -> (Vec<Term>, Vec<Term>) {
        (self.grams.finish(), self.chars.finish())
    }
}

/// Two characters as one number.
fn pair(first: char, second: char) -> u64 {
    u64::from(u32::from(first)) << 21 | u64::from(u32::from(second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::FederationKey;

    fn terms(text: &str) -> Vec<Term> {
        let hasher = TermHasher::new(TermKey::new(&FederationKey::from_bytes([7; 32]), "test"));
        let mut collector = TermCollector::new(&hasher);
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
