//! The match model: comparisons, their levels with m and u, priors and thresholds. Data, not code.
//!
//! Fellegi & Sunter 1969: a level reached by a pair adds log2(m/u) bits, m being its share among true matches and u
//! among others.

use serde::{Deserialize, Serialize};

/// A model that could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("match model is not valid TOML: {0}")]
    Toml(#[from] toml::de::Error),
    #[error("comparison {0:?} is missing or given twice")]
    Comparison(&'static str),
    #[error("comparison {0:?} is not known")]
    Unknown(String),
    #[error("comparison {comparison:?}: {problem}")]
    Level { comparison: String, problem: &'static str },
    #[error("threshold {0} is not a probability, or is below its lower neighbour")]
    Threshold(&'static str),
}

/// Which of the two questions a comparison speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Is it the same person?
    Person,
    /// Is it the same matter?
    Matter,
}

macro_rules! comparisons {
    ($($variant:ident $name:literal $question:ident),* $(,)?) => {
        /// What is compared.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Kind { $($variant),* }

        impl Kind {
            pub(super) const ALL: &[Self] = &[$(Self::$variant),*];

            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            pub(super) const fn question(self) -> Question {
                match self { $(Self::$variant => Question::$question),* }
            }
        }
    };
}

comparisons! {
    IdNumber "id_number" Person,
    Phone "phone" Person,
    Account "account" Person,
    Name "name" Person,
    BirthDate "birth_date" Person,
    Address "address" Person,
    Text "text" Matter,
    Topics "topics" Matter,
    Place "place" Matter,
    Distance "distance" Matter,
    Division "division" Matter,
    Category "category" Matter,
    Respondent "respondent" Matter,
    Time "time" Matter,
    Recurrence "recurrence" Matter,
}

/// One level: reached by a measure of at least `min` in `0.0..=1.0`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Level {
    pub name: String,
    pub min: f64,
    pub m: f64,
    pub u: f64,
}

/// How a value's own frequency takes the place of a level's u.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TermFrequency {
    #[default]
    None,
    /// Common values weigh less, rare ones no more than the level says.
    Common,
    /// Common values weigh less, rare ones more.
    Both,
}

/// One comparison, levels from the best downwards; the last takes whatever is left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Comparison {
    pub name: String,
    /// Whether agreement on a value weighs by the value's own frequency (Winkler 1989).
    #[serde(default)]
    pub term_frequency: TermFrequency,
    /// Weights between two levels' lower bounds are drawn as a line instead of a step.
    #[serde(default)]
    pub interpolate: bool,
    pub levels: Vec<Level>,
    /// log2(m/u) of each level.
    #[serde(skip)]
    bits: Vec<f64>,
}

impl Comparison {
    /// The place of the level a measure reaches.
    pub(super) fn level(&self, measure: f64) -> usize {
        self.levels.iter().position(|l| measure >= l.min).unwrap_or(self.levels.len() - 1)
    }

    /// The level's weight in bits, before any term-frequency adjustment.
    pub(super) fn weight(&self, level: usize, measure: f64) -> f64 {
        if !self.interpolate || level == 0 {
            return self.bits[level];
        }
        let (above, here) = (&self.levels[level - 1], &self.levels[level]);
        let share = ((measure - here.min) / (above.min - here.min)).clamp(0.0, 1.0);
        self.bits[level] + share * (self.bits[level - 1] - self.bits[level])
    }

    /// The level's weight with u replaced by the frequency of the value both have.
    pub(super) fn weight_of_value(&self, level: usize, frequency: impl Fn(f64) -> f64) -> f64 {
        let (bits, level) = (self.bits[level], &self.levels[level]);
        let own = (level.m / frequency(level.u)).log2();
        match self.term_frequency {
            TermFrequency::None => bits,
            TermFrequency::Common => own.min(bits),
            TermFrequency::Both => own,
        }
    }

    fn prepare(&mut self) {
        self.bits = self.levels.iter().map(|l| (l.m / l.u).log2()).collect();
    }

    fn check(&self) -> Result<(), ModelError> {
        let fail = |problem| Err(ModelError::Level { comparison: self.name.clone(), problem });
        if self.levels.len() < 2 {
            return fail("needs at least two levels");
        }
        let probability = |p: f64| p > 0.0 && p <= 1.0;
        if !self.levels.iter().all(|l| probability(l.m) && probability(l.u)) {
            return fail("m and u must lie above 0 and not above 1");
        }
        if !self.levels.windows(2).all(|w| w[0].min > w[1].min) {
            return fail("levels must descend");
        }
        Ok(())
    }
}

/// Prior log2 odds of the two questions, for a pair that shares a blocking key.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Priors {
    pub person: f64,
    /// Of two submissions of different, or unknown, persons.
    pub matter: f64,
    /// So many submissions the corpus may have before `matter` falls: one more in two is one more stranger's in two,
    /// while a matter has as many members as before.
    pub corpus: f64,
    /// Bits by which `matter` falls with each doubling beyond that; 1 by the share of matches among all pairs.
    pub matter_per_doubling: f64,
    /// Of two submissions of one person: people come back with what was not settled.
    pub matter_same_person: f64,
    /// So many earlier cases somebody may have before `matter_same_person` falls: who writes about everything writes
    /// about anything, who repeats one matter does not.
    pub cases: f64,
    /// Bits by which it falls with each doubling beyond that.
    pub matter_same_person_per_doubling: f64,
}

impl Priors {
    /// The prior of two submissions of different persons in a corpus of so many.
    pub(super) fn matter_among(&self, submissions: u64) -> f64 {
        self.matter - self.matter_per_doubling * (submissions as f64 / self.corpus).log2().max(0.0)
    }

    /// By how many bits the prior of two submissions of one person who has so many cases is lower.
    pub(super) fn lower_by(&self, cases: usize) -> f64 {
        self.matter_same_person_per_doubling * (cases as f64 / self.cases).log2().max(0.0)
    }
}

/// How an identity token that many share weighs less.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharingRules {
    /// So many names there may be under it, of a household say, and it weighs as it does.
    pub names: f64,
    /// Bits by which it weighs less with each doubling beyond that.
    pub bits_per_doubling: f64,
}

impl SharingRules {
    /// By how many bits a token of so many names weighs less.
    pub(super) fn lower_by(&self, names: usize) -> f64 {
        self.bits_per_doubling * (names as f64 / self.names).log2().max(0.0)
    }
}

/// When a submission joins a matter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Joining {
    /// Least share of the members asked that must agree.
    pub agreeing_share: f64,
    /// Bits from which a member agrees.
    pub agreeing_bits: f64,
}

/// What training found; what is left out stays as it was.
#[derive(Debug, Clone, Default)]
pub(super) struct Estimates {
    /// m and u of each level.
    pub levels: Vec<(Kind, Vec<(f64, f64)>)>,
    pub person: Option<f64>,
    pub matter: Option<f64>,
    pub matter_same_person: Option<f64>,
}

/// How texts are measured and how far they may carry a decision.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TextRules {
    /// Bits of weight a text can earn for each bit of information shared: words are made of characters, so these are
    /// not independent.
    pub earned_share: f64,
    /// Below so many bits of shared information, and with no agreeing place, texts cannot make a machine's duplicate.
    pub carrying_bits: f64,
    /// Nor below so many shared characters and words, however rare they are.
    pub carrying_terms: u16,
    /// Category and time between filings of different persons count the less the more the texts say, and nothing from
    /// so many bits: whoever tells a matter at length has told its kind, and such matters stay.
    pub context_fades_bits: f64,
    /// Bits of each shared topic that count for nothing: what many filings of one kind say.
    pub topic_floor_bits: f64,
    /// Shared information of topics beyond their floor at which their measure is 1.
    pub topic_scale_bits: f64,
}

/// How neighbours are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ranking {
    /// So many bits a matter's founding submission may fit worse than the best of its matter and still be first.
    pub founder_bits: f64,
    /// Submissions that fit at most so many bits worse than the best are alike; the earliest of them comes first.
    pub alike_bits: f64,
    /// Bits for wholly alike 2-grams and words, where the fingerprints ranked are at hand; less for less alike ones.
    pub gram_bits: f64,
}

/// Probabilities from which an answer is "yes" or "maybe".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Thresholds {
    pub person_yes: f64,
    pub person_maybe: f64,
    pub matter_yes: f64,
    pub matter_maybe: f64,
}

impl Thresholds {
    fn odds(&self) -> Self {
        let [person_yes, person_maybe, matter_yes, matter_maybe] =
            [self.person_yes, self.person_maybe, self.matter_yes, self.matter_maybe].map(|p| (p / (1.0 - p)).log2());
        Self { person_yes, person_maybe, matter_yes, matter_maybe }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: String,
    version: String,
    trained_on: String,
    prior: Priors,
    sharing: SharingRules,
    thresholds: Thresholds,
    text: TextRules,
    ranking: Ranking,
    joining: Joining,
    comparison: Vec<Comparison>,
}

/// A match model. [`Model::default`] is the one compiled in from `models/default.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    document: Document,
    odds: Thresholds,
    digest: String,
}

impl Model {
    /// Reads and checks a model; every known comparison must be given once.
    pub fn from_toml(text: &str) -> Result<Self, ModelError> {
        let mut document: Document = toml::from_str(text)?;
        for kind in Kind::ALL {
            if document.comparison.iter().filter(|c| c.name == kind.name()).count() != 1 {
                return Err(ModelError::Comparison(kind.name()));
            }
        }
        let rank = |c: &Comparison| Kind::ALL.iter().position(|k| k.name() == c.name);
        if let Some(unknown) = document.comparison.iter().find(|c| rank(c).is_none()) {
            return Err(ModelError::Unknown(unknown.name.clone()));
        }
        document.comparison.sort_by_key(rank);
        for comparison in &mut document.comparison {
            comparison.check()?;
            comparison.prepare();
        }
        let t = &document.thresholds;
        for (name, low, high) in [("person", t.person_maybe, t.person_yes), ("matter", t.matter_maybe, t.matter_yes)] {
            if !(0.0..=1.0).contains(&low) || !(0.0..=1.0).contains(&high) || low > high {
                return Err(ModelError::Threshold(name));
            }
        }
        let odds = document.thresholds.odds();
        Ok(Self { document, odds, digest: blake3::hash(text.as_bytes()).to_hex().to_string() })
    }

    pub fn name(&self) -> &str {
        &self.document.name
    }

    pub fn version(&self) -> &str {
        &self.document.version
    }

    /// On what the levels were estimated.
    pub fn trained_on(&self) -> &str {
        &self.document.trained_on
    }

    /// BLAKE3 of the model's text, hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The model as TOML; [`Model::from_toml`] reads it back.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.document).unwrap_or_default()
    }

    /// This model with what was estimated in place of its own, under a name of its own.
    pub(super) fn with_estimates(&self, name: &str, trained_on: String, estimates: &Estimates) -> Result<Self, ModelError> {
        let mut document = self.document.clone();
        name.clone_into(&mut document.name);
        document.trained_on = trained_on;
        for (kind, levels) in &estimates.levels {
            for (level, (m, u)) in document.comparison[*kind as usize].levels.iter_mut().zip(levels) {
                (level.m, level.u) = (*m, *u);
            }
        }
        let prior = &mut document.prior;
        prior.person = estimates.person.unwrap_or(prior.person);
        prior.matter = estimates.matter.unwrap_or(prior.matter);
        prior.matter_same_person = estimates.matter_same_person.unwrap_or(prior.matter_same_person);
        Self::from_toml(&toml::to_string(&document).unwrap_or_default())
    }

    pub(super) fn comparison(&self, kind: Kind) -> &Comparison {
        &self.document.comparison[kind as usize]
    }

    pub(super) const fn prior(&self) -> Priors {
        self.document.prior
    }

    pub(super) const fn sharing(&self) -> SharingRules {
        self.document.sharing
    }

    pub(super) const fn text(&self) -> TextRules {
        self.document.text
    }

    pub(super) const fn joining(&self) -> Joining {
        self.document.joining
    }

    pub(super) const fn ranking(&self) -> Ranking {
        self.document.ranking
    }

    /// The thresholds as log2 odds.
    pub(super) const fn odds(&self) -> Thresholds {
        self.odds
    }
}

impl Default for Model {
    #[expect(clippy::expect_used, reason = "the text is compiled in and a test reads it")]
    fn default() -> Self {
        Self::from_toml(include_str!("../../models/default.toml")).expect("the compiled-in model is valid")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_valid() {
        let model = Model::default();
        assert_eq!(model.digest().len(), 64);
        assert!(!model.name().is_empty() && !model.version().is_empty() && !model.trained_on().is_empty());
    }

    #[test]
    fn weights_run_between_levels() {
        let level = |name: &str, min, m, u| Level { name: name.into(), min, m, u };
        let mut comparison = Comparison {
            name: "text".into(),
            term_frequency: TermFrequency::None,
            interpolate: true,
            levels: vec![level("high", 0.8, 0.8, 0.1), level("low", 0.4, 0.1, 0.1), level("none", 0.0, 0.1, 0.8)],
            bits: Vec::new(),
        };
        comparison.prepare();
        let weight = |c: &Comparison, measure| c.weight(c.level(measure), measure);
        assert!((weight(&comparison, 0.9) - 3.0).abs() < 1e-9);
        assert!((weight(&comparison, 0.6) - 1.5).abs() < 1e-9);
        assert!((weight(&comparison, 0.0) + 3.0).abs() < 1e-9);
        comparison.interpolate = false;
        assert!(weight(&comparison, 0.6).abs() < 1e-9);
        assert_eq!(comparison.level(0.5), 1);
    }

    #[test]
    fn says_what_is_wrong() {
        let text = include_str!("../../models/default.toml");
        assert!(matches!(Model::from_toml("x"), Err(ModelError::Toml(_))));
        assert!(matches!(Model::from_toml(&text.replace("name = \"phone\"", "name = \"fax\"")), Err(ModelError::Comparison("phone"))));
    }
}
