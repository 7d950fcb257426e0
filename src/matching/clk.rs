//! Cryptographic long-term keys (Schnell, Bachteler & Reiher 2009): keyed Bloom filters of character 2-grams,
//! compared by the Dice coefficient without revealing the value.

use super::key::TermKey;

/// A 128-bit filter; two bits a gram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clk(pub [u64; 2]);

impl Clk {
    /// The filter of the padded 2-grams of `text`, or of single characters when it holds Han names of two or three
    /// characters, where grams alone would make one changed character change everything.
    pub(super) fn of(key: TermKey, text: &str) -> Self {
        let mut clk = Self::default();
        let mut previous = '\u{2}';
        let mut han = false;
        for c in text.chars() {
            clk.set(key.word(u64::from(u32::from(previous)) << 21 | u64::from(u32::from(c))));
            if super::normalise::is_han(c) {
                han = true;
                clk.set(key.word(1 << 63 | u64::from(u32::from(c))));
            }
            previous = c;
        }
        if !han && previous != '\u{2}' {
            clk.set(key.word(u64::from(u32::from(previous)) << 21 | 3));
        }
        clk
    }

    fn set(&mut self, hash: u64) {
        for bit in [hash & 127, hash >> 7 & 127] {
            self.0[(bit >> 6) as usize] |= 1 << (bit & 63);
        }
    }

    pub fn is_empty(self) -> bool {
        self.0 == [0, 0]
    }

    pub const fn ones(self) -> u32 {
        self.0[0].count_ones() + self.0[1].count_ones()
    }

    const fn common(self, other: Self) -> u32 {
        (self.0[0] & other.0[0]).count_ones() + (self.0[1] & other.0[1]).count_ones()
    }

    /// Dice coefficient in `0.0..=1.0`; 0 when both are empty.
    pub fn dice(self, other: Self) -> f64 {
        let total = self.ones() + other.ones();
        if total == 0 { 0.0 } else { f64::from(2 * self.common(other)) / f64::from(total) }
    }
}

/// A 64-bit filter of (position, character) pairs, one bit each, for numbers with masked or mistyped digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DigitFilter(pub u64);

impl DigitFilter {
    /// `*` stands for a masked character and sets nothing.
    pub(super) fn of(key: TermKey, number: &str) -> Self {
        let bit = |(i, c): (usize, char)| 1_u64 << (key.word((i as u64) << 21 | u64::from(u32::from(c))) & 63);
        Self(number.chars().enumerate().filter(|(_, c)| *c != '*').fold(0, |filter, pair| filter | bit(pair)))
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    const fn common(self, other: Self) -> u32 {
        (self.0 & other.0).count_ones()
    }

    /// Whether the filter with fewer bits lies within the other: all visible digits agree.
    pub fn agrees(self, other: Self) -> bool {
        self.common(other) == self.0.count_ones().min(other.0.count_ones())
    }

    /// Dice coefficient in `0.0..=1.0`.
    pub fn dice(self, other: Self) -> f64 {
        let total = self.0.count_ones() + other.0.count_ones();
        if total == 0 { 0.0 } else { f64::from(2 * self.common(other)) / f64::from(total) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matching::FederationKey;

    fn key() -> TermKey {
        TermKey::new(&FederationKey::from_bytes([9; 32]), "clk")
    }

    #[test]
    fn near_spellings_stay_near() {
        let dice = |a: &str, b: &str| Clk::of(key(), a).dice(Clk::of(key(), b));
        assert!(dice("jonathan", "jonathon") > 0.6);
        assert!(dice("jonathan", "margaret") < 0.4);
        assert!(dice("王小明", "王小朋") > 0.4);
        assert!((dice("王小明", "王小明") - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn masked_digits_agree() {
        let filter = |s: &str| DigitFilter::of(key(), s);
        assert!(filter("138****5678").agrees(filter("13812345678")));
        assert!(!filter("139****0001").agrees(filter("13812345678")));
        assert!(filter("13812345679").dice(filter("13812345678")) > 0.8);
    }
}
