//! Compares two fingerprints: one measure in 0..1 for each thing both sides have.

use super::clk::Clk;
use super::evidence::{ComparisonResult, Evidence, quantise};
use super::fingerprint::{Division, Fingerprint, PersonPrint};
use super::frequency::Frequency;
use super::model::{Kind, Model, Question};
use super::terms::Term;

const EARTH_RADIUS_M: f64 = 6_371_008.8;
const MICRODEGREE: f64 = std::f64::consts::PI / 180.0 / 1e6;
/// Distance at which the measure falls to 1/e.
const DISTANCE_SCALE_M: f64 = 830.0;
/// Gap at which the measure of time falls to one half.
const TIME_SCALE_DAYS: f64 = 30.0;

/// Weight of a term that occurs `count` times: 1 + ln(count).
const COUNT_WEIGHT: [f32; 16] = [
    0.0, 1.0, 1.693, 2.099, 2.386, 2.609, 2.792, 2.946, 3.079, 3.197, 3.303, 3.398, 3.485, 3.565, 3.639, 3.708,
];

/// A term of the query with its TF-IDF weight and its information in bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weighted {
    pub hash: u32,
    pub weight: f32,
    pub bits: f32,
}

/// A bag of terms under the frequencies of now.
pub(super) struct WeightedBag {
    pub terms: Vec<Weighted>,
    pub norm: f32,
}

impl WeightedBag {
    fn new(terms: &[Term], bits: impl Fn(u32) -> f32) -> Self {
        let mut square = 0.0;
        let terms = terms
            .iter()
            .map(|t| {
                let bits = bits(t.hash);
                let weight = bits * COUNT_WEIGHT[usize::from(t.count & 15)];
                square += weight * weight;
                Weighted { hash: t.hash, weight, bits }
            })
            .collect();
        Self { terms, norm: square.sqrt() }
    }

    /// Cosine in `0.0..=1.0` and the information in bits of the terms both hold. O(terms of both).
    fn cosine(&self, other: &Self) -> (f64, f64) {
        let (mut i, mut j) = (0, 0);
        let (mut dot, mut shared) = (0.0_f32, 0.0_f32);
        while let (Some(a), Some(b)) = (self.terms.get(i), other.terms.get(j)) {
            match a.hash.cmp(&b.hash) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    dot += a.weight * b.weight;
                    shared += a.bits;
                    i += 1;
                    j += 1;
                }
            }
        }
        let norms = self.norm * other.norm;
        (if norms > 0.0 { f64::from(dot / norms).min(1.0) } else { 0.0 }, f64::from(shared))
    }
}

/// A text under the frequencies of now.
pub(super) struct WeightedText {
    pub terms: WeightedBag,
    chars: WeightedBag,
}

impl WeightedText {
    pub(super) fn new(print: &Fingerprint, frequency: &Frequency) -> Self {
        Self {
            terms: WeightedBag::new(&print.terms, |hash| frequency.bits(hash)),
            chars: WeightedBag::new(&print.chars, |hash| frequency.bits(char_hash(hash))),
        }
    }
}

/// The key under which a character is counted.
pub(super) const fn char_hash(hash: u32) -> u32 {
    hash.wrapping_mul(0x9e37_79b1) ^ 0x5bd1_e995
}

/// How alike two texts are.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TextMeasure {
    /// Mean of the TF-IDF cosines of characters and of 2-grams.
    pub cosine: f64,
    /// Information in bits of the 2-grams both hold.
    pub shared_bits: f64,
}

/// O(terms of both).
pub(super) fn text_measure(a: &WeightedText, b: &WeightedText, chars_share: f64) -> TextMeasure {
    let (grams, shared_bits) = a.terms.cosine(&b.terms);
    let (chars, _) = a.chars.cosine(&b.chars);
    TextMeasure { cosine: chars_share * chars + (1.0 - chars_share) * grams, shared_bits }
}

/// Compares two fingerprints under a model and the frequencies seen so far.
pub(super) struct Comparer<'a> {
    pub model: &'a Model,
    pub frequency: &'a Frequency,
}

impl Comparer<'_> {
    /// Symmetric but for rounding. O(terms + persons²).
    pub(super) fn compare(&self, a: &Fingerprint, a_text: &WeightedText, b: &Fingerprint) -> Evidence {
        let rules = self.model.text();
        let mut results = self.persons(a, b);
        let text = if a.chars.is_empty() || b.chars.is_empty() {
            None
        } else {
            Some(text_measure(a_text, &WeightedText::new(b, self.frequency), rules.chars_share))
        };
        self.matter(a, b, text, &mut results);
        let place = results.iter().any(|r| (r.name == "place" || r.name == "distance") && r.weight > 0.0);
        let reserve = match text {
            Some(text) if text.shared_bits < rules.carrying_bits && !place => rules.carrying_bits - text.shared_bits,
            _ => 0.0,
        };
        Evidence::weigh(self.model, results, reserve)
    }

    /// The best pair of persons; any one the same makes the filings one person's.
    fn persons(&self, a: &Fingerprint, b: &Fingerprint) -> Vec<ComparisonResult> {
        let mut best: Option<(f64, Vec<ComparisonResult>)> = None;
        for p in &a.persons {
            for q in &b.persons {
                let results = self.person(p, q, a.platform == b.platform);
                let weight: f64 = results.iter().map(|r| r.weight).sum();
                if !results.is_empty() && best.as_ref().is_none_or(|(w, _)| weight > *w) {
                    best = Some((weight, results));
                }
            }
        }
        best.map(|(_, results)| results).unwrap_or_default()
    }

    fn person(&self, p: &PersonPrint, q: &PersonPrint, same_platform: bool) -> Vec<ComparisonResult> {
        let mut out = Vec::new();
        let verified = if p.id_verified && q.id_verified { 1.0 } else { 0.9 };
        if let Some(measure) = number_measure((p.id, p.id_clk), (q.id, q.id_clk), verified) {
            out.push(self.result(Kind::IdNumber, measure, None));
        }
        if let Some(measure) = number_measure((p.phone, p.phone_clk), (q.phone, q.phone_clk), 1.0) {
            out.push(self.result(Kind::Phone, measure, None));
        }
        if same_platform && p.account != 0 && q.account != 0 {
            out.push(self.result(Kind::Account, f64::from(u8::from(p.account == q.account)), None));
        }
        if p.name != 0 && q.name != 0 {
            let same = p.name == q.name;
            let measure = if same {
                1.0
            } else if p.name_parts == q.name_parts && !p.name_parts.is_empty() {
                0.95
            } else {
                p.name_clk.dice(q.name_clk) * 0.94
            };
            out.push(self.result(Kind::Name, measure, same.then_some(name_hash(p))));
        }
        if p.has_birth() && q.has_birth() {
            let agree = p.birth.iter().zip(q.birth).filter(|(x, y)| **x == *y && **x != 0).count();
            out.push(self.result(Kind::BirthDate, agree as f64 / 3.0, None));
        }
        if !p.address.is_empty() && !q.address.is_empty() {
            out.push(self.result(Kind::Address, self.weighted_overlap(&p.address, &q.address), None));
        }
        out
    }

    fn matter(&self, a: &Fingerprint, b: &Fingerprint, text: Option<TextMeasure>, out: &mut Vec<ComparisonResult>) {
        if let Some(text) = text {
            let mut result = self.result(Kind::Text, text.cosine, None);
            result.weight = result.weight.min(quantise(text.shared_bits * self.model.text().earned_share));
            out.push(result);
        }
        if !a.place.is_empty() && !b.place.is_empty() {
            out.push(self.result(Kind::Place, self.weighted_overlap(&a.place, &b.place), None));
        }
        if let (Some(p), Some(q)) = (a.point, b.point) {
            let metres = metres(p, q);
            let here = (metres <= SAME_POINT_M).then(|| point_hash(p));
            out.push(self.result(Kind::Distance, (-metres / DISTANCE_SCALE_M).exp(), here));
        }
        if let (Some(p), Some(q)) = (a.division, b.division) {
            out.push(self.result(Kind::Division, division_measure(p, q), None));
        }
        if a.category[0] != 0 && b.category[0] != 0 {
            let leaf = leaf(a.category);
            let measure = category_measure(a.category, b.category);
            out.push(self.result(Kind::Category, measure, (measure >= 1.0).then_some(leaf)));
        }
        if let (Some(p), Some(q)) = (a.respondent, b.respondent) {
            out.push(self.result(Kind::Respondent, f64::from(u8::from(p == q)), (p == q).then_some(p)));
        }
        if let (Some(p), Some(q)) = (a.submitted_at, b.submitted_at) {
            let days = p.abs_diff(q) as f64 / 86_400.0;
            out.push(self.result(Kind::Time, 1.0 / (1.0 + days / TIME_SCALE_DAYS), None));
        }
    }

    fn result(&self, kind: Kind, measure: f64, value: Option<u32>) -> ComparisonResult {
        let comparison = self.model.comparison(kind);
        let level = comparison.level(measure);
        let mut weight = comparison.weight(measure);
        if comparison.term_frequency && let Some(value) = value {
            weight = (level.m / self.frequency.relative(value, level.u)).log2();
        }
        ComparisonResult { name: comparison.name.clone(), question: question(kind), level: level.name.clone(), weight: quantise(weight) }
    }

    /// Shared information over that of both, in `0.0..=1.0` (weighted Jaccard).
    fn weighted_overlap(&self, a: &[u32], b: &[u32]) -> f64 {
        let bits = |hash: &u32| f64::from(self.frequency.bits(*hash)) + 0.5;
        let shared: f64 = a.iter().filter(|hash| b.binary_search(hash).is_ok()).map(bits).sum();
        let total: f64 = a.iter().chain(b).map(bits).sum::<f64>() - shared;
        if total > 0.0 { shared / total } else { 0.0 }
    }
}

const fn question(kind: Kind) -> Question {
    kind.question()
}

/// Points so near are one place.
const SAME_POINT_M: f64 = 10.0;
/// Points are counted by cells of this many 1e-6 degrees.
const POINT_CELL: i32 = 100;

/// The key under which a point is counted: default and centre points of gazetteers turn out to be common.
pub(super) const fn point_hash(point: (i32, i32)) -> u32 {
    let x = point.0.div_euclid(POINT_CELL) as u32;
    let y = point.1.div_euclid(POINT_CELL) as u32;
    (x.wrapping_mul(0x85eb_ca6b) ^ y.rotate_left(16)).wrapping_mul(0xc2b2_ae35)
}

/// The narrowest level of a category path.
pub(super) fn leaf(category: [u32; 3]) -> u32 {
    category.into_iter().rev().find(|level| *level != 0).unwrap_or_default()
}

/// The key under which a name is counted.
pub(super) const fn name_hash(person: &PersonPrint) -> u32 {
    (person.name >> 32) as u32
}

const DIGITS_DIFFER_DICE: f64 = 0.86;

fn number_measure(a: (u64, Clk), b: (u64, Clk), same: f64) -> Option<f64> {
    if a.1.is_empty() || b.1.is_empty() {
        return None;
    }
    Some(if a.0 != 0 && a.0 == b.0 {
        same
    } else if (a.0 == 0 || b.0 == 0) && a.1.containment(b.1) >= 1.0 {
        0.8
    } else if a.0 != 0 && b.0 != 0 && a.1.dice(b.1) >= DIGITS_DIFFER_DICE {
        0.7
    } else {
        0.0
    })
}

fn division_measure(a: Division, b: Division) -> f64 {
    let prefix = |d: Division, digits: u8| (d.digits >= digits).then(|| d.code / 10_u64.pow(u32::from(d.digits - digits)));
    let agree = |digits: u8| prefix(a, digits).is_some() && prefix(a, digits) == prefix(b, digits);
    match () {
        () if agree(6) || (a == b) => 1.0,
        () if agree(4) => 0.6,
        () if agree(2) => 0.3,
        () => 0.0,
    }
}

fn category_measure(a: [u32; 3], b: [u32; 3]) -> f64 {
    let depth = |path: [u32; 3]| path.iter().take_while(|level| **level != 0).count();
    let shared = a.iter().zip(b).take_while(|(x, y)| **x == *y && **x != 0).count();
    shared as f64 / depth(a).max(depth(b)).max(1) as f64
}

/// Great-circle distance in metres (haversine) of points in 1e-6 degrees.
pub(super) fn metres(a: (i32, i32), b: (i32, i32)) -> f64 {
    let radians = |v: i32| f64::from(v) * MICRODEGREE;
    let (lat_a, lat_b) = (radians(a.1), radians(b.1));
    let lat = ((lat_b - lat_a) / 2.0).sin();
    let lon = ((radians(b.0) - radians(a.0)) / 2.0).sin();
    let h = lat * lat + lat_a.cos() * lat_b.cos() * lon * lon;
    2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        assert!((metres((112_980_000, 28_190_000), (112_980_000, 28_191_000)) - 111.2).abs() < 0.1);
        assert!(metres((0, 0), (0, 0)).abs() < 1e-9);
    }

    #[test]
    fn divisions() {
        let d = |code, digits| Division { code, digits };
        for (a, b, want) in [
            (d(430_102, 6), d(430_102, 6), 1.0),
            (d(430_102, 6), d(430_102_001, 9), 1.0),
            (d(430_102, 6), d(430_103, 6), 0.6),
            (d(430_102, 6), d(4301, 4), 0.6),
            (d(430_102, 6), d(430_200, 6), 0.3),
            (d(430_102, 6), d(110_101, 6), 0.0),
        ] {
            assert!((division_measure(a, b) - want).abs() < 1e-9, "{a:?} {b:?}");
        }
    }

    #[test]
    fn categories() {
        for (a, b, want) in [([1, 2, 3], [1, 2, 3], 1.0), ([1, 2, 3], [1, 2, 0], 2.0 / 3.0), ([1, 0, 0], [1, 0, 0], 1.0), ([1, 2, 3], [4, 5, 6], 0.0)] {
            assert!((category_measure(a, b) - want).abs() < 1e-9);
        }
    }
}
