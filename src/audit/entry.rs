//! What a leaf of the log says.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::Hash;

/// One recorded change.
#[derive(Clone, Debug)]
pub struct Entry {
    pub at: DateTime<Utc>,
    /// What happened, e.g. `submission.registered`.
    pub action: &'static str,
    /// Whose: a submission, case or delivery.
    pub subject: String,
    /// Who did it: a platform, a person's account, `onecase`.
    pub actor: String,
    /// SHA-256 of what was registered, decided or sent.
    pub digest: Hash,
}

impl Entry {
    /// The leaf's bytes: a JSON object with a fixed order of members.
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Leaf<'a> {
            at: String,
            action: &'a str,
            subject: &'a str,
            actor: &'a str,
            digest: String,
        }
        let leaf = Leaf {
            at: self.at.to_rfc3339_opts(SecondsFormat::Millis, true),
            action: self.action,
            subject: &self.subject,
            actor: &self.actor,
            digest: hex(&self.digest),
        };
        serde_json::to_string(&leaf).unwrap_or_default()
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}
