//! What a person files on a platform, before the platform puts it into its own format.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use crate::domain::submission::{Channel, Kind, PetitionerRole};

/// One filing on one simulated platform, with the truth about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filing {
    /// The number the platform gives it; digits only on WeChat, where it is the `MsgId`.
    pub source_id: String,
    pub platform: String,
    pub channel: Channel,
    pub kind: Kind,
    /// Whole seconds.
    pub submitted_at: DateTime<FixedOffset>,
    /// Empty: anonymous.
    #[serde(default)]
    pub persons: Vec<Person>,
    pub subject: String,
    pub content: String,
    /// GB/T 2260, six digits.
    pub division: String,
    pub place: String,
    pub category: String,
    /// The body or firm complained about.
    #[serde(default)]
    pub respondent: Option<String>,
    pub truth: Truth,
}

/// Who files. At least one of `id_number` and `phone` is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub role: PetitionerRole,
    pub name: String,
    #[serde(default)]
    pub id_number: Option<String>,
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
    /// On the filing's platform; a WeChat OpenID.
    #[serde(default)]
    pub account: Option<String>,
}

/// What a perfect clerk would know. Never sent anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Truth {
    /// Filings with the same label are one case: same person, same matter. An anonymous filing has a label of its own.
    pub case: String,
    /// Filings with the same label are about the same thing.
    pub matter: String,
    /// Why the filing is in the scenario.
    pub situation: Situation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Situation {
    /// Nobody else, nowhere else.
    Single,
    /// The same person says the same on several platforms, in other words.
    CrossPlatform,
    /// Several people, one problem, each in their own words.
    SharedMatter,
    /// Several people send one text.
    FormLetter,
    /// One person with two matters.
    TwoMatters,
    /// Two people of one name.
    SameName,
    /// The same place, another problem.
    SamePlace,
    Anonymous,
    /// Against the body that would be competent.
    AccusesCompetentBody,
}
