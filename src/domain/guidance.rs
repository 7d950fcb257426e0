//! What people are told before they file: texts by region and channel, as data.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{division, submission::Channel};

const DEFAULT: &str = include_str!("../../rules/guidance.toml");
/// Longest text, characters.
const MAX_TEXT: usize = 4_000;
/// Most entries: one for every county and channel would be fewer.
const MAX_ENTRIES: usize = 40_000;

/// Why guidance cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GuidanceError {
    #[error("it is not guidance")]
    Syntax(#[from] toml::de::Error),
    #[error("entry {0} names a division that GB/T 2260 does not list")]
    Division(usize),
    #[error("entry {0} is longer than {MAX_TEXT} characters")]
    TooLong(usize),
    #[error("there are more than {MAX_ENTRIES} entries")]
    TooMany,
    #[error("nothing is said for the whole country")]
    NoDefault,
}

/// Words in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuidanceText {
    pub title: String,
    pub text: String,
}

/// What people are told in a region, on one channel or on all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GuidanceEntry {
    /// GB/T 2260 code of the region it is for.
    #[schema(example = "430000")]
    pub division: String,
    /// The channel it is for; absent where it is for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    pub zh: GuidanceText,
    pub en: GuidanceText,
}

/// All entries, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guidance(Vec<GuidanceEntry>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    guidance: Vec<GuidanceEntry>,
}

impl Guidance {
    /// Reads `rules/guidance.toml` or a file like it.
    pub fn from_toml(text: &str) -> Result<Self, GuidanceError> {
        let File { guidance } = toml::from_str(text)?;
        if guidance.len() > MAX_ENTRIES {
            return Err(GuidanceError::TooMany);
        }
        for (at, entry) in guidance.iter().enumerate() {
            if !division::is_known(&entry.division) {
                return Err(GuidanceError::Division(at + 1));
            }
            if [&entry.zh, &entry.en].iter().any(|words| words.title.chars().count() + words.text.chars().count() > MAX_TEXT) {
                return Err(GuidanceError::TooLong(at + 1));
            }
        }
        let guidance = Self(guidance);
        if guidance.in_division(division::NATION, None).is_none() {
            return Err(GuidanceError::NoDefault);
        }
        Ok(guidance)
    }

    /// What is compiled in.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn compiled_in() -> Result<Self, GuidanceError> {
        Self::from_toml(DEFAULT)
    }

    fn in_division(&self, division: &str, channel: Option<Channel>) -> Option<&GuidanceEntry> {
        self.0.iter().find(|entry| entry.division == division && entry.channel == channel)
    }

    /// What counts in a division and on a channel: of the nearest division that says something.
    pub fn find(&self, division: &str, channel: Option<Channel>) -> Option<&GuidanceEntry> {
        std::iter::successors(Some(division.to_owned()), |code| division::parent(code)).find_map(|code| {
            let own = channel.and_then(|channel| self.in_division(&code, Some(channel)));
            own.or_else(|| self.in_division(&code, None))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
[[guidance]]
division = "000000"
zh = { title = "全国", text = "文" }
en = { title = "nation", text = "text" }
[[guidance]]
division = "430000"
channel = "phone"
zh = { title = "湖南电话", text = "文" }
en = { title = "phone", text = "text" }
[[guidance]]
division = "430100"
zh = { title = "长沙", text = "文" }
en = { title = "Changsha", text = "text" }
"#;

    #[test]
    fn the_nearest_region_counts() {
        let guidance = Guidance::from_toml(FILE).expect("guidance");
        let title = |division: &str, channel| guidance.find(division, channel).map(|entry| entry.zh.title.clone()).unwrap_or_default();
        for (division, channel, expected) in [
            ("430102001", None, "长沙"),
            ("430102", Some(Channel::Phone), "长沙"),
            ("430202", Some(Channel::Phone), "湖南电话"),
            ("430202", Some(Channel::Web), "全国"),
            ("000000", None, "全国"),
        ] {
            assert_eq!(title(division, channel), expected, "{division} {channel:?}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (text, expected) in [
            (FILE.replace("430100", "999999"), "entry 3 names a division"),
            (FILE.replace("000000", "110000"), "nothing is said for the whole country"),
            (FILE.replace("text = \"text\"", &format!("text = \"{}\"", "x".repeat(4_001))), "entry 1 is longer"),
            (FILE.replace("title", "heading"), "it is not guidance"),
        ] {
            assert!(Guidance::from_toml(&text).expect_err("refused").to_string().starts_with(expected), "{expected}");
        }
        Guidance::compiled_in().expect("the guidance compiled in");
    }
}
