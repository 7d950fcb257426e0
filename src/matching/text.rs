//! How alike two texts are: TF-IDF cosine of their characters and words.

use super::entry::Char;
use super::frequency::Frequency;
use super::terms::CHAR_HASHES;

/// Weight of a character that occurs once, twice, three times, more often: n / (n + 1), so that one matter told with
/// and without repetition stays alike (Robertson & Walker 1994).
const REPEAT_WEIGHT: [f32; 4] = [0.5, 0.667, 0.75, 0.82];

/// One text spread out for comparison with many.
pub(super) struct TextProbe {
    weights: Vec<f32>,
    norm: f32,
    present: bool,
}

/// How alike two texts are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct TextMeasure {
    /// Cosine in `0.0..=1.0`.
    pub cosine: f64,
    /// Information in bits of the characters and words both hold.
    pub shared_bits: f64,
}

impl TextProbe {
    pub(super) fn new(chars: &[Char], frequency: &Frequency) -> Self {
        let mut weights = vec![0.0; CHAR_HASHES as usize];
        let bits = frequency.chars();
        let mut square = 0.0;
        for c in chars {
            let weight = bits.bits(c.hash) * REPEAT_WEIGHT[usize::from(c.repeat & 3)];
            weights[usize::from(c.hash) % CHAR_HASHES as usize] = weight;
            square += weight * weight;
        }
        Self { weights, norm: square.sqrt(), present: !chars.is_empty() }
    }

    /// `None` when either text is empty. O(characters of the other).
    pub(super) fn measure(&self, other: &[Char], frequency: &Frequency) -> Option<TextMeasure> {
        if !self.present || other.is_empty() {
            return None;
        }
        let all = frequency.chars();
        let (mut dot, mut square, mut shared) = (0.0_f32, 0.0_f32, 0.0_f32);
        for c in other {
            let bits = all.bits(c.hash);
            let weight = bits * REPEAT_WEIGHT[usize::from(c.repeat & 3)];
            square += weight * weight;
            let mine = self.weights[usize::from(c.hash) % CHAR_HASHES as usize];
            dot += weight * mine;
            if mine > 0.0 {
                shared += bits;
            }
        }
        let norms = self.norm * square.sqrt();
        let cosine = if norms > 0.0 { f64::from(dot / norms).min(1.0) } else { 0.0 };
        Some(TextMeasure { cosine, shared_bits: f64::from(shared) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_wholly_alike_and_empty_ones_say_nothing() {
        let frequency = Frequency::new();
        let text = [Char { hash: 3, repeat: 0 }, Char { hash: 9, repeat: 2 }];
        let probe = TextProbe::new(&text, &frequency);
        let same = probe.measure(&text, &frequency).unwrap();
        assert!(same.cosine > 0.9999 && same.shared_bits > 10.0);
        assert_eq!(probe.measure(&[Char { hash: 4, repeat: 0 }], &frequency), Some(TextMeasure::default()));
        assert_eq!(probe.measure(&[], &frequency), None);
    }
}
