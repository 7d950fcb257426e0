//! The evidence between two submissions, and the decision drawn from it.

use serde::{Deserialize, Serialize};

use super::model::{Kind, Model, Question};
use super::sharing::TokenMask;

/// What the matcher holds two submissions to be to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Same person, same matter: one case.
    Duplicate,
    /// Likely a duplicate; a person decides.
    PossibleDuplicate,
    /// Same matter of other, or unknown, persons: one matter, two cases.
    Related,
    Distinct,
}

/// The answer to one of the two questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Yes,
    Maybe,
    No,
    /// Nothing on both sides could be compared.
    Unknown,
}

/// A question's evidence: `weight` is its share of the prior plus its comparisons, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub verdict: Verdict,
    pub weight: f64,
    pub probability: f64,
}

/// One comparison that had a value on both sides. Missing values are left out: they weigh nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComparisonResult {
    pub name: String,
    pub question: Question,
    pub level: String,
    /// How alike, in `0.0..=1.0`.
    #[serde(default)]
    pub measure: f32,
    /// log2(m/u), a multiple of 2⁻¹⁰, so that sums are exact.
    pub weight: f64,
}

/// The waterfall: `prior` plus the comparisons' weights is exactly `weight`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub prior: f64,
    pub comparisons: Vec<ComparisonResult>,
    pub weight: f64,
    /// Of one person having filed one matter twice: 2^weight / (1 + 2^weight).
    pub probability: f64,
    pub person: Answer,
    pub matter: Answer,
    pub decision: Decision,
    /// Stable code of the rule that made the decision.
    pub rule: String,
}

/// Weights are multiples of this many bits.
const QUANTUM: f64 = 1.0 / 1024.0;

/// Rounds a weight so that any sum of weights is exact in an `f64`.
pub(super) fn quantise(bits: f64) -> f64 {
    // Half away from zero, as `round` does, which without SSE 4.1 is a call.
    (bits / QUANTUM + 0.5_f64.copysign(bits)) as i64 as f64 * QUANTUM
}

/// Probability of log2 odds.
pub(super) fn probability(bits: f64) -> f64 {
    1.0 / (1.0 + (-bits).exp2())
}

/// One comparison as the linker handles it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    pub kind: Kind,
    pub level: u8,
    pub measure: f32,
    pub weight: f64,
    /// An identity token that weighs less because many names share it.
    pub shared: bool,
}

/// The level of an equal identity token that weighs less because many names share it.
pub const SHARED_LEVEL: &str = "same, but many names share it";

/// At most one result of each kind, without allocation.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScoredList {
    items: [Scored; Kind::ALL.len()],
    len: usize,
    /// Of the persons compared: which tokens they have equal, and the name of the earlier filing's.
    pub same: TokenMask,
    pub name: u32,
}

impl Default for ScoredList {
    fn default() -> Self {
        let nothing = Scored { kind: Kind::Time, level: 0, measure: 0.0, weight: 0.0, shared: false };
        Self { items: [nothing; Kind::ALL.len()], len: 0, same: TokenMask::default(), name: 0 }
    }
}

impl ScoredList {
    pub(super) fn push(&mut self, scored: Scored) {
        if let Some(slot) = self.items.get_mut(self.len) {
            *slot = scored;
            self.len += 1;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Scored> {
        self.items[..self.len].iter()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// The evidence before it is put into words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    prior: f64,
    pub scored: ScoredList,
    pub weight: f64,
    pub person: Answered,
    pub matter: Answered,
    pub decision: Decision,
    rule: &'static str,
    /// The texts share too little to carry a machine's duplicate.
    short: bool,
}

/// An [`Answer`] whose probability nobody has asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    pub verdict: Verdict,
    pub weight: f64,
}

impl Answered {
    /// `yes` and `maybe` are the log2 odds from which an answer is that.
    fn new(scored: &ScoredList, question: Question, prior: f64, (yes, maybe): (f64, f64)) -> Self {
        let (mut weight, mut known) = (quantise(prior), false);
        for scored in scored.iter().filter(|s| s.kind.question() == question) {
            weight += scored.weight;
            known = true;
        }
        Self::of(weight, known, (yes, maybe))
    }

    fn of(weight: f64, known: bool, (yes, maybe): (f64, f64)) -> Self {
        let verdict = match () {
            () if !known => Verdict::Unknown,
            () if weight >= yes => Verdict::Yes,
            () if weight >= maybe => Verdict::Maybe,
            () => Verdict::No,
        };
        Self { verdict, weight }
    }

    /// The answer to "same matter?" with a prior lower by some bits.
    fn with_lower_prior(self, model: &Model, bits: f64) -> Self {
        let odds = model.odds();
        Self::of(self.weight - bits, self.verdict != Verdict::Unknown, (odds.matter_yes, odds.matter_maybe))
    }

    fn answer(self) -> Answer {
        Answer { verdict: self.verdict, weight: self.weight, probability: probability(self.weight) }
    }
}

impl Score {
    /// The answer to "same person?" from the person comparisons alone.
    pub(super) fn person(model: &Model, scored: &ScoredList) -> Answered {
        let odds = model.odds();
        Answered::new(scored, Question::Person, model.prior().person, (odds.person_yes, odds.person_maybe))
    }

    /// Adds up and decides, in a corpus of so many submissions. O(comparisons).
    pub(super) fn weigh(model: &Model, person: Answered, scored: ScoredList, short: bool, submissions: u64) -> Self {
        let prior = model.prior();
        let odds = model.odds();
        let matter_prior = match person.verdict {
            Verdict::Yes => prior.matter_same_person,
            Verdict::Maybe => mixed(probability(person.weight), prior.matter_same_person, prior.matter_among(submissions)),
            Verdict::No | Verdict::Unknown => prior.matter_among(submissions),
        };
        let matter = Answered::new(&scored, Question::Matter, matter_prior, (odds.matter_yes, odds.matter_maybe));
        let (decision, rule) = decide(person.verdict, matter.verdict, short);
        let weight = person.weight + matter.weight;
        Self { prior: quantise(prior.person) + quantise(matter_prior), scored, weight, person, matter, decision, rule, short }
    }

    /// The same evidence with the prior of "same matter" lower by some bits.
    pub(super) fn with_lower_prior(self, model: &Model, bits: f64) -> Self {
        let bits = quantise(bits);
        let matter = self.matter.with_lower_prior(model, bits);
        let (decision, rule) = decide(self.person.verdict, matter.verdict, self.short);
        Self { prior: self.prior - bits, weight: self.weight - bits, matter, decision, rule, ..self }
    }

    pub(super) fn evidence(&self, model: &Model) -> Evidence {
        let comparisons = self.scored.iter().map(|s| {
            let comparison = model.comparison(s.kind);
            let level = comparison.levels.get(usize::from(s.level)).map(|l| l.name.as_str()).unwrap_or_default();
            let level = if s.shared { SHARED_LEVEL } else { level }.to_owned();
            ComparisonResult { name: s.kind.name().to_owned(), question: s.kind.question(), level, measure: s.measure, weight: s.weight }
        });
        Evidence {
            prior: self.prior,
            comparisons: comparisons.collect(),
            weight: self.weight,
            probability: probability(self.weight),
            person: self.person.answer(),
            matter: self.matter.answer(),
            decision: self.decision,
            rule: self.rule.to_owned(),
        }
    }
}

/// Log2 odds of what has one or the other, with a probability of `share` the one.
fn mixed(share: f64, one: f64, other: f64) -> f64 {
    let mixed = share * probability(one) + (1.0 - share) * probability(other);
    (mixed / (1.0 - mixed)).log2()
}

/// The rules above the score.
fn decide(person: Verdict, matter: Verdict, short: bool) -> (Decision, &'static str) {
    match (person, matter) {
        (Verdict::Yes, Verdict::Yes) if short => (Decision::PossibleDuplicate, "same_person_text_too_short"),
        (Verdict::Yes, Verdict::Yes) => (Decision::Duplicate, "same_person_same_matter"),
        (Verdict::Yes, Verdict::Maybe) => (Decision::PossibleDuplicate, "same_person_matter_uncertain"),
        (Verdict::Maybe, Verdict::Yes) => (Decision::PossibleDuplicate, "same_matter_person_uncertain"),
        (Verdict::No, Verdict::Yes) => (Decision::Related, "same_matter_other_person"),
        (Verdict::Unknown, Verdict::Yes) => (Decision::Related, "same_matter_person_unknown"),
        (_, Verdict::Maybe | Verdict::No) => (Decision::Distinct, "other_matter"),
        (_, Verdict::Unknown) => (Decision::Distinct, "nothing_to_compare"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_need_both_answers() {
        use Verdict::{Maybe, No, Unknown, Yes};
        for (person, matter, want) in [
            (Yes, Yes, Decision::Duplicate),
            (Yes, Maybe, Decision::PossibleDuplicate),
            (Maybe, Yes, Decision::PossibleDuplicate),
            (No, Yes, Decision::Related),
            (Unknown, Yes, Decision::Related),
            (Yes, No, Decision::Distinct),
            (Yes, Unknown, Decision::Distinct),
            (Unknown, Maybe, Decision::Distinct),
        ] {
            assert_eq!(decide(person, matter, false).0, want, "{person:?} {matter:?}");
        }
    }

    #[test]
    fn a_mixed_prior_lies_between() {
        assert!((mixed(1.0, -3.0, -17.0) + 3.0).abs() < 1e-9 && (mixed(0.0, -3.0, -17.0) + 17.0).abs() < 1e-9);
        let half = mixed(0.5, -3.0, -17.0);
        assert!((-4.1..-3.9).contains(&half), "{half}");
    }

    #[test]
    fn weights_add_up_exactly() {
        let mut scored = ScoredList::default();
        for (kind, weight) in [(Kind::Phone, 13.377), (Kind::Name, -0.1), (Kind::Text, 7.77)] {
            scored.push(Scored { kind, level: 0, measure: 0.0, weight: quantise(weight), shared: false });
        }
        let model = Model::default();
        let evidence = Score::weigh(&model, Score::person(&model, &scored), scored, false, 1_000).evidence(&model);
        let sum = evidence.comparisons.iter().fold(evidence.prior, |sum, c| sum + c.weight);
        assert!(sum == evidence.weight);
    }
}
