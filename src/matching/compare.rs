//! Compares two fingerprints: one measure in 0..1 for each thing both sides have.

use super::address::{DoorParts, conflict};
use super::clk::DigitFilter;
use super::entry::{Entry, PersonEntry, Words};
use super::evidence::{Score, Scored, ScoredList, Verdict, quantise};
use super::fingerprint::Division;
use super::frequency::Frequency;
use super::model::{Kind, Model, TermFrequency};
use super::sharing::Sharing;
use super::text::{TextMeasure, TextProbe};

const EARTH_RADIUS_M: f64 = 6_371_008.8;
const MICRODEGREE: f64 = std::f64::consts::PI / 180.0 / 1e6;
/// Distance at which the measure falls to 1/e.
const DISTANCE_SCALE_M: f64 = 830.0;
/// Gap at which the measure of time falls to one half.
const TIME_SCALE_DAYS: f64 = 30.0;

/// Compares two fingerprints under a model and the frequencies seen so far.
pub(super) struct Comparer<'a> {
    pub model: &'a Model,
    pub frequency: &'a Frequency,
    pub sharing: Sharing,
}

impl Comparer<'_> {
    /// Symmetric but for rounding. O(characters + persons²); allocates nothing.
    pub(super) fn compare(&self, a: &Entry<'_>, a_text: &TextProbe, b: &Entry<'_>) -> Score {
        let rules = self.model.text();
        let mut scored = self.persons(a, b);
        let person = Score::person(self.model, &scored);
        let text = a_text.measure(b, self.frequency, rules.topic_floor_bits);
        self.matter(a, b, text, person.verdict == Verdict::Yes, &mut scored);
        let place = scored.iter().any(|r| matches!(r.kind, Kind::Place | Kind::Distance) && r.weight > 0.0);
        let short =
            text.is_some_and(|t| (t.shared_bits < rules.carrying_bits && !t.is_equal()) || t.shared < rules.carrying_terms) && !place;
        Score::weigh(self.model, person, scored, short, self.frequency.documents())
    }

    /// The best pair of persons; any one the same makes the filings one person's.
    pub(super) fn persons(&self, a: &Entry<'_>, b: &Entry<'_>) -> ScoredList {
        let mut best = ScoredList::default();
        let mut best_weight = f64::NEG_INFINITY;
        // Who speaks for many makes their filings nobody's in common: then those whose matters they are must agree.
        let named = |e: &Entry<'_>| e.persons.iter().any(|p| !p.represents);
        let principals = a.persons.len() > 1 && b.persons.len() > 1 && named(a) && named(b);
        for p in a.persons.iter() {
            for q in b.persons.iter().filter(|q| !(principals && p.represents && q.represents)) {
                let scored = self.person(&p, &q, a.platform == b.platform);
                let weight: f64 = scored.iter().map(|r| r.weight).sum();
                if !scored.is_empty() && weight > best_weight {
                    (best, best_weight) = (scored, weight);
                }
            }
        }
        best
    }

    fn person(&self, p: &PersonEntry<'_>, q: &PersonEntry<'_>, same_platform: bool) -> ScoredList {
        let mut out = ScoredList::default();
        out.name = q.name;
        let verified = if p.id_verified && q.id_verified { 1.0 } else { 0.9 };
        if let Some(measure) = number_measure((p.id, p.id_digits), (q.id, q.id_digits), verified) {
            self.token(Kind::IdNumber, measure, p.id == q.id && p.id != 0, &mut out);
        }
        if let Some(measure) = number_measure((p.phone, p.phone_digits), (q.phone, q.phone_digits), 1.0) {
            self.token(Kind::Phone, measure, p.phone == q.phone && p.phone != 0, &mut out);
        }
        if same_platform && p.account != 0 && q.account != 0 {
            let same = p.account == q.account;
            self.token(Kind::Account, f64::from(u8::from(same)), same, &mut out);
        }
        if p.name != 0 && q.name != 0 {
            let same = p.name == q.name;
            let measure = if same {
                1.0
            } else if p.name_parts == q.name_parts && !p.name_parts.is_empty() {
                0.95
            } else {
                similar_name(p.name_clk.dice(q.name_clk) * 0.94)
            };
            out.push(self.result(Kind::Name, measure, same.then_some(p.name)));
        } else if p.surname != 0 && q.surname != 0 {
            out.push(self.result(Kind::Name, if p.surname == q.surname { SURNAME_ALONE } else { 0.0 }, None));
        }
        if p.has_birth() && q.has_birth() {
            let agree = p.birth.iter().zip(q.birth).filter(|(x, y)| **x == *y && **x != 0).count();
            out.push(self.result(Kind::BirthDate, agree as f64 / 3.0, None));
        }
        if !p.address.is_empty() && !q.address.is_empty() {
            out.push(self.result(Kind::Address, self.place((p.address, p.door), (q.address, q.door)), None));
        }
        out
    }

    /// An identity token; an equal one that many share weighs less.
    fn token(&self, kind: Kind, measure: f64, same: bool, out: &mut ScoredList) {
        let mut scored = self.result(kind, measure, None);
        if same {
            out.same.add(kind);
            let lower = self.sharing.lower_by(kind);
            scored.shared = lower > 0.0;
            scored.weight -= quantise(lower);
        }
        out.push(scored);
    }

    fn matter(&self, a: &Entry<'_>, b: &Entry<'_>, text: Option<TextMeasure>, same_person: bool, out: &mut ScoredList) {
        let context = text.map_or(1.0, |t| (1.0 - t.own_bits / self.model.text().context_fades_bits).max(0.0));
        if let Some(text) = text {
            let mut result = self.result(Kind::Text, text.likeness(), None);
            result.weight = result.weight.min(quantise(text.shared_bits * self.model.text().earned_share));
            out.push(result);
            // What one person writes about, their street, their block, recurs whatever the matter.
            if let Some(bits) = text.topic_bits.filter(|_| !same_person) {
                out.push(self.result(Kind::Topics, (bits / self.model.text().topic_scale_bits).min(1.0), None));
            }
        }
        if !a.place.is_empty() && !b.place.is_empty() {
            out.push(self.result(Kind::Place, self.place((a.place, a.place_door), (b.place, b.place_door)), None));
        }
        if let (Some(p), Some(q)) = (a.point, b.point) {
            let metres = metres(p, q);
            let here = (metres <= SAME_POINT_M).then(|| point_hash(p));
            out.push(self.result(Kind::Distance, (-metres / DISTANCE_SCALE_M).exp(), here));
        }
        if let (Some(p), Some(q)) = (a.division, b.division) {
            let measure = division_measure(p, q);
            out.push(self.result(Kind::Division, measure, (measure >= 1.0).then(|| division_hash(p))));
        }
        if a.category[0] != 0 && b.category[0] != 0 {
            let leaf = leaf(a.category);
            let measure = category_measure(a.category, b.category);
            let mut result = self.result(Kind::Category, measure, (measure >= 1.0).then_some(leaf));
            result.weight = quantise(result.weight * context);
            out.push(result);
        }
        if let (Some(p), Some(q)) = (a.respondent, b.respondent) {
            out.push(self.result(Kind::Respondent, f64::from(u8::from(p == q)), (p == q).then_some(p)));
        }
        if let (Some(p), Some(q)) = (a.submitted_at, b.submitted_at) {
            let days = p.abs_diff(q) as f64 / 86_400.0;
            let kind = if same_person { Kind::Recurrence } else { Kind::Time };
            let mut result = self.result(kind, 1.0 / (1.0 + days / TIME_SCALE_DAYS), None);
            if !same_person {
                result.weight = quantise(result.weight * context);
            }
            out.push(result);
        }
    }

    fn result(&self, kind: Kind, measure: f64, value: Option<u32>) -> Scored {
        let comparison = self.model.comparison(kind);
        let level = comparison.level(measure);
        let weight = match value {
            Some(value) if comparison.term_frequency != TermFrequency::None => {
                comparison.weight_of_value(level, |u| self.frequency.relative(value, u))
            }
            _ => comparison.weight(level, measure),
        };
        Scored { kind, level: level as u8, measure: measure as f32, weight: quantise(weight), shared: false }
    }

    /// Words of two addresses and, part by part, their doors.
    fn place(&self, a: (Words<'_>, DoorParts), b: (Words<'_>, DoorParts)) -> f64 {
        let overlap = self.weighted_overlap(a.0, b.0);
        if conflict(a.1, b.1) { overlap.min(1.0) * OTHER_DOOR } else { overlap }
    }

    /// Shared information over that of both, in `0.0..=1.0` (weighted Jaccard).
    fn weighted_overlap(&self, a: Words<'_>, b: Words<'_>) -> f64 {
        let bits = |term: u16| f64::from(self.frequency.place_bits(term)) + 0.5;
        let shared: f64 = a.iter().filter(|term| b.contains(*term)).map(bits).sum();
        let total: f64 = a.iter().chain(b.iter()).map(bits).sum::<f64>() - shared;
        if total > 0.0 { shared / total } else { 0.0 }
    }
}

/// The measure of two names of which one is no more than a surname, and they agree in that.
const SURNAME_ALONE: f64 = 0.5;
/// What is left of the likeness of two addresses at different doors.
const OTHER_DOOR: f64 = 0.35;

/// Names less alike than this are as different as any: what lies between is a surname alone.
fn similar_name(dice: f64) -> f64 {
    if dice >= 0.6 { dice } else { dice.min(SURNAME_ALONE - 0.01) }
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

/// The key under which a division is counted, down to its county.
pub(super) const fn division_hash(division: Division) -> u32 {
    let mut code = division.code;
    let mut digits = division.digits;
    while digits > 6 {
        code /= 10;
        digits -= 1;
    }
    (code as u32 ^ 0x5bd1_e995).wrapping_mul(0x9e37_79b1)
}

/// The narrowest level of a category path.
pub(super) fn leaf(category: [u32; 3]) -> u32 {
    category.into_iter().rev().find(|level| *level != 0).unwrap_or_default()
}

/// Numbers this alike differ in a digit or two.
const DIGITS_DIFFER_DICE: f64 = 0.86;

fn number_measure(a: (u32, DigitFilter), b: (u32, DigitFilter), same: f64) -> Option<f64> {
    if a.1.is_empty() || b.1.is_empty() {
        return None;
    }
    Some(if a.0 != 0 && a.0 == b.0 {
        same
    } else if (a.0 == 0 || b.0 == 0) && a.1.agrees(b.1) {
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
        for (a, b, want) in
            [([1, 2, 3], [1, 2, 3], 1.0), ([1, 2, 3], [1, 2, 0], 2.0 / 3.0), ([1, 0, 0], [1, 0, 0], 1.0), ([1, 2, 3], [4, 5, 6], 0.0)]
        {
            assert!((category_measure(a, b) - want).abs() < 1e-9);
        }
    }
}
