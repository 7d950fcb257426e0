//! Why filings were linked: decisions, evidence, matters, the duplicate report.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{matter::Trend, submission::Channel};

/// What was decided about a filing and a case (比对结果).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Same person, same matter: linked to the case.
    Duplicate,
    /// Probably the same; a person decides.
    PossibleDuplicate,
    /// Different people, same matter: a case of its own in a shared matter.
    Related,
    /// Nothing in common that counts: a case of its own.
    Distinct,
}

impl Decision {
    pub const ALL: [Self; 4] = [Self::Duplicate, Self::PossibleDuplicate, Self::Related, Self::Distinct];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::PossibleDuplicate => "possible_duplicate",
            Self::Related => "related",
            Self::Distinct => "distinct",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.as_str() == text)
    }
}

/// The evidence between a filing and a case: weights that add up to the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatchView {
    pub id: String,
    pub submission: String,
    pub case: String,
    /// The filing of that case it was compared with; absent where nothing was near enough to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared_with: Option<String>,
    pub decision: Decision,
    /// Absent on a decision taken by a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelReference>,
    pub decided_by: DecidedBy,
    pub decided_at: DateTime<Utc>,
}

/// Who took a decision. What a person decided, the linker never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecidedBy {
    Linker,
    Person,
}

impl DecidedBy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linker => "linker",
            Self::Person => "person",
        }
    }
}

/// Fellegi–Sunter evidence: weights in bits, `prior` plus the comparisons' weights is exactly `weight`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// The weight before anything is compared.
    pub prior: f64,
    /// What had a value on both sides.
    #[schema(max_items = 64)]
    pub comparisons: Vec<ComparisonView>,
    pub weight: f64,
    /// That one person filed one matter twice, 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f64,
    /// Is a petitioner the same?
    pub person: AnswerView,
    /// Is the matter the same?
    pub matter: AnswerView,
    pub decision: Decision,
    /// Stable code of the rule that made the decision.
    #[schema(example = "same_person_same_matter")]
    pub rule: String,
}

/// One of the two questions, answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AnswerView {
    pub verdict: Verdict,
    /// Its share of the prior plus its comparisons, in bits.
    pub weight: f64,
    #[schema(minimum = 0, maximum = 1)]
    pub probability: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Yes,
    Maybe,
    No,
    /// Nothing could be compared.
    Unknown,
}

/// One compared feature. Names the feature and how well it agreed, never its value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ComparisonView {
    #[schema(example = "resident_id")]
    pub name: String,
    /// `person` or `matter`.
    #[schema(example = "person")]
    pub question: String,
    #[schema(example = "exact")]
    pub level: String,
    pub weight: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelReference {
    pub name: String,
    /// Digest of the model file, so that a decision can be repeated with exactly it.
    pub digest: String,
}

/// Cases of different petitioners about the same thing (共性问题). Related, never merged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatterView {
    pub id: String,
    /// Terms that its filings share and few others say, in the order in which they say them. Absent until it is summarised, and
    /// where they share none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "金桂苑 · 水泥搅拌站 · 粉尘")]
    pub name: Option<String>,
    pub cases: u64,
    /// Filings of its cases and how they come over time. Absent until it is summarised, within a minute or so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<MatterFlow>,
    /// Of the case that founded it: GB/T 2260.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub division: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// The filings of a matter over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct MatterFlow {
    pub submissions: u64,
    /// Platforms they came from.
    pub platforms: u64,
    pub first_filed_at: DateTime<Utc>,
    pub last_filed_at: DateTime<Utc>,
    /// Filings in each of the last twelve weeks, oldest first.
    #[schema(min_items = 12, max_items = 12)]
    pub weeks: Vec<u32>,
    /// When the last of them ends; exclusive.
    pub weeks_until: DateTime<Utc>,
    /// The last four weeks against the four before: `rising` or `falling` if they differ by more than two standard deviations of
    /// chance, which is the root of their sum.
    pub trend: Trend,
    /// Filings of the last four weeks, and of the four before.
    pub recent: u64,
    pub before: u64,
    /// `recent` over `before`; absent if nothing was filed before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
}

/// One line of the duplicate report: two filings and why they were linked, or may have to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DuplicateView {
    /// The later filing.
    pub submission: DuplicateSide,
    /// The filing it was compared with.
    pub compared_with: DuplicateSide,
    /// The decision, the evidence and the case.
    #[serde(rename = "match")]
    pub decided: MatchView,
}

/// How many lines the duplicate report has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DuplicateCounts {
    pub total: u64,
    /// The most first.
    pub pairs: Vec<PlatformPairCount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlatformPairCount {
    pub decision: Decision,
    /// Where the later filing came from.
    #[schema(example = "mobile")]
    pub platform: String,
    /// Where the earlier one did.
    #[schema(example = "hunan")]
    pub other_platform: String,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct DuplicateSide {
    pub id: String,
    pub platform: String,
    pub source_id: String,
    pub channel: Channel,
    pub submitted_at: DateTime<Utc>,
    pub case: String,
    /// The words filed; only where asked for with `include=text`. No names, numbers or addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<FiledText>,
}

impl DuplicateView {
    /// The cases whose filings' words are shown.
    pub fn cases_with_text(&self) -> impl Iterator<Item = String> {
        [&self.submission, &self.compared_with].into_iter().filter(|side| side.text.is_some()).map(|side| side.case.clone())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FiledText {
    pub subject: String,
    pub content: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}
