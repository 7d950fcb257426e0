//! What a fingerprint is made from: borrowed fields of one submission. Nothing here is kept.

use serde::{Deserialize, Serialize};

/// One submission as the fingerprinter reads it. Absent fields are absent evidence, never evidence of difference.
#[derive(Debug, Clone, Default)]
pub struct Record<'a> {
    pub platform: &'a str,
    pub channel: Option<&'a str>,
    /// Unix seconds.
    pub submitted_at: Option<i64>,
    pub anonymous: bool,
    pub persons: Vec<Person<'a>>,
    pub subject: &'a str,
    pub content: &'a str,
    /// GB/T 2260 code, 2 to 12 digits, or another scheme's code of equal prefix meaning.
    pub division: Option<&'a str>,
    /// Where the matter is, in words.
    pub place: Option<&'a str>,
    /// Longitude and latitude in degrees, WGS 84.
    pub point: Option<(f64, f64)>,
    /// Levels separated by `/`, broadest first.
    pub category: Option<&'a str>,
    pub respondent: Option<&'a str>,
}

/// One person on a submission.
#[derive(Debug, Clone, Default)]
pub struct Person<'a> {
    pub role: Role,
    pub name: Option<&'a str>,
    pub id_number: Option<&'a str>,
    pub phone: Option<&'a str>,
    pub birth_date: Option<&'a str>,
    pub address: Option<&'a str>,
    /// The platform's own account; compared within one platform only.
    pub account: Option<&'a str>,
}

/// In what capacity a person appears. Any role can make two submissions one person's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Petitioner,
    CoSigner,
    Representative,
}
