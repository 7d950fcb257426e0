//! Early warnings (网上判): declared rules say when something that rises is warned of. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::division::Level;

const DEFAULT: &str = include_str!("../../rules/warnings.toml");
/// Rules of one file.
const MAX_RULES: usize = 100;
/// No rule counts longer.
pub const MAX_DAYS: u32 = 92;

/// What rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// Cases of different petitioners about the same thing.
    Matter,
    /// The first level of the categories, in a division of this level.
    Category(Level),
}

/// How a warning stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WarningState {
    Standing,
    /// A person has seen it; it still rises.
    Acknowledged,
    /// It has fallen again.
    Closed,
}

impl WarningState {
    pub const ALL: [Self; 3] = [Self::Standing, Self::Acknowledged, Self::Closed];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Acknowledged => "acknowledged",
            Self::Closed => "closed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    /// For people: what it is about, in Chinese and in English.
    pub title: String,
    pub title_en: String,
    pub subject: Subject,
    pub days: u32,
    pub min_cases: u64,
    pub growth: f64,
    #[serde(default)]
    pub min_places: u64,
    #[serde(default)]
    pub categories: Vec<String>,
}

/// What is counted of a subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Cases of the days up to now, and of as many before.
    pub cases: u64,
    pub before: u64,
    /// Counties the cases came from.
    pub places: u64,
}

impl Rule {
    /// Whether the rule warns of what was counted.
    #[allow(clippy::cast_precision_loss, reason = "a factor of some thousand cases")]
    pub fn warns(&self, figures: Figures) -> bool {
        figures.cases >= self.min_cases.max(1)
            && figures.places >= self.min_places
            && figures.cases as f64 >= self.growth * figures.before as f64
    }

    /// Whether the rule looks at a category path.
    pub fn covers(&self, category: Option<&str>) -> bool {
        self.categories.is_empty()
            || category.is_some_and(|path| {
                self.categories.iter().any(|own| path == own || path.strip_prefix(own.as_str()).is_some_and(|rest| rest.starts_with('/')))
            })
    }
}

/// Why a file of rules cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RulesError {
    #[error("it is not a file of warning rules")]
    Syntax(#[from] toml::de::Error),
    #[error("it has more than {MAX_RULES} rules")]
    TooMany,
    #[error("rule {0} is there twice")]
    Twice(String),
    #[error("rule {0}: an id has 1 to 64 lower-case letters, digits and hyphens")]
    Id(String),
    #[error("rule {0}: days must be 1 to {MAX_DAYS}, growth at least 1")]
    Range(String),
    #[error("rule {0}: a category is counted in provinces, cities or counties, by its first level, and has no places")]
    Category(String),
}

/// Every rule, checked when read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules(Vec<Rule>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rules: Vec<Rule>,
}

impl Rules {
    /// Reads `rules/warnings.toml` or a file like it.
    ///
    /// # Errors
    /// If it is not one, or a rule cannot be carried out.
    pub fn from_toml(text: &str) -> Result<Self, RulesError> {
        let rules = Self(toml::from_str::<File>(text)?.rules);
        if rules.0.len() > MAX_RULES {
            return Err(RulesError::TooMany);
        }
        for (index, rule) in rules.0.iter().enumerate() {
            let id = || rule.id.clone();
            let sound = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if rule.id.is_empty() || rule.id.len() > 64 || !rule.id.chars().all(sound) {
                return Err(RulesError::Id(id()));
            }
            if rules.0[..index].iter().any(|other| other.id == rule.id) {
                return Err(RulesError::Twice(id()));
            }
            if !(1..=MAX_DAYS).contains(&rule.days) || !rule.growth.is_finite() || rule.growth < 1.0 {
                return Err(RulesError::Range(id()));
            }
            let counted = match rule.subject {
                Subject::Matter => true,
                Subject::Category(Level::Province | Level::City | Level::County) => {
                    rule.min_places == 0 && rule.categories.iter().all(|category| !category.contains('/'))
                }
                Subject::Category(Level::Nation | Level::Township) => false,
            };
            if !counted {
                return Err(RulesError::Category(id()));
            }
        }
        Ok(rules)
    }

    /// The rules that are compiled in.
    ///
    /// # Errors
    /// Never: a test reads them.
    pub fn compiled_in() -> Result<Self, RulesError> {
        Self::from_toml(DEFAULT)
    }

    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.0.iter().find(|rule| rule.id == id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(id: &str, rest: &str) -> String {
        format!("[[rules]]\nid = \"{id}\"\ntitle = \"甲\"\ntitle_en = \"a\"\ndays = 7\nmin_cases = 10\ngrowth = 2.0\n{rest}\n")
    }

    #[test]
    fn a_rule_warns_of_what_rises_enough() {
        let rules = Rules::from_toml(&rule("a", "subject = \"matter\"\nmin_places = 2\ncategories = [\"城乡建设\"]")).expect("sound");
        let rule = rules.get("a").expect("the rule");
        for (cases, before, places, warned) in
            [(10, 5, 2, true), (10, 0, 2, true), (9, 0, 2, false), (10, 6, 2, false), (10, 5, 1, false), (100, 50, 9, true)]
        {
            assert_eq!(rule.warns(Figures { cases, before, places }), warned, "{cases} {before} {places}");
        }
        for (category, covered) in
            [(Some("城乡建设"), true), (Some("城乡建设/施工管理"), true), (Some("城乡建设规划"), false), (None, false)]
        {
            assert_eq!(rule.covers(category), covered, "{category:?}");
        }
    }

    #[test]
    fn the_rules_compiled_in_are_sound_and_unsound_ones_are_refused() {
        assert!(Rules::compiled_in().expect("the rules compiled in").iter().count() > 0);
        let matter = "subject = \"matter\"";
        for (text, part) in [
            (rule("a", matter) + &rule("a", matter), "twice"),
            (rule("A", matter), "an id has"),
            (rule("a", matter).replace("days = 7", "days = 0"), "days must be"),
            (rule("a", matter).replace("growth = 2.0", "growth = 0.5"), "growth at least"),
            (rule("a", "subject = { category = \"township\" }"), "a category is counted"),
            (rule("a", "subject = { category = \"city\" }\nmin_places = 2"), "a category is counted"),
            (rule("a", "subject = \"weather\""), "not a file"),
        ] {
            let error = Rules::from_toml(&text).expect_err(&text);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
