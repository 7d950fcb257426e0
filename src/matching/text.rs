//! How alike two texts are: TF-IDF cosine of their characters and words.

use super::entry::Entry;
use super::frequency::Frequency;
use super::terms::CHAR_HASHES;

/// Weight of a character that occurs once, twice, three times, more often: n / (n + 1), so that one matter told with
/// and without repetition stays alike (Robertson & Walker 1994).
const REPEAT_WEIGHT: [f32; 4] = [0.5, 0.667, 0.75, 0.82];

/// One text spread out for comparison with many.
pub(super) struct TextProbe {
    topics: Vec<(u32, f32)>,
    topics_norm: f32,
    weights: Vec<f32>,
    norm: f32,
    bits: f32,
    present: bool,
}

/// How alike two texts are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct TextMeasure {
    /// Cosine in `0.0..=1.0`.
    pub cosine: f64,
    /// Information in bits of the characters and words both hold.
    pub shared_bits: f64,
    /// Information in bits of the poorer text.
    pub own_bits: f64,
}

impl TextProbe {
    pub(super) fn new(entry: &Entry, frequency: &Frequency) -> Self {
        let chars = &entry.chars;
        let topics: Vec<(u32, f32)> = entry.topics.iter().map(|t| (*t >> 4, frequency.bits(*t) * (1.0 + ((*t & 15) as f32).ln()))).collect();
        let topics_norm = topics.iter().map(|(_, b)| b * b).sum::<f32>().sqrt();
        let mut weights = vec![0.0; CHAR_HASHES as usize];
        let bits = frequency.chars();
        let (mut square, mut own) = (0.0, 0.0);
        for c in chars {
            own += bits.bits(c.hash);
            let weight = bits.bits(c.hash) * REPEAT_WEIGHT[usize::from(c.repeat & 3)];
            weights[usize::from(c.hash) % CHAR_HASHES as usize] = weight;
            square += weight * weight;
        }
        Self { topics, topics_norm, weights, norm: square.sqrt(), bits: own, present: !chars.is_empty() }
    }

    /// `None` when either text is empty. O(characters of the other).
    pub(super) fn measure(&self, entry: &Entry, frequency: &Frequency, share: f64) -> Option<TextMeasure> {
        let other = &entry.chars;
        if !self.present || other.is_empty() {
            return None;
        }
        let all = frequency.chars();
        let (mut dot, mut square, mut shared, mut own) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
        for c in other {
            let bits = all.bits(c.hash);
            let weight = bits * REPEAT_WEIGHT[usize::from(c.repeat & 3)];
            square += weight * weight;
            own += bits;
            let mine = self.weights[usize::from(c.hash) % CHAR_HASHES as usize];
            dot += weight * mine;
            if mine > 0.0 {
                shared += bits;
            }
        }
        let norms = self.norm * square.sqrt();
        let cosine = if norms > 0.0 { f64::from(dot / norms).min(1.0) } else { 0.0 };
        let (mut tdot, mut tsq) = (0.0_f32, 0.0_f32);
        for t in &entry.topics {
            let w = frequency.bits(*t) * (1.0 + ((*t & 15) as f32).ln());
            tsq += w * w;
            if let Ok(at) = self.topics.binary_search_by_key(&(*t >> 4), |p| p.0) {
                tdot += w * self.topics[at].1;
            }
        }
        let tn = self.topics_norm * tsq.sqrt();
        let topics = if tn > 0.0 { f64::from(tdot / tn).min(1.0) } else { cosine };
        let cosine = share * cosine + (1.0 - share) * topics;
        Some(TextMeasure { cosine, shared_bits: f64::from(shared), own_bits: f64::from(self.bits.min(own)) })
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
