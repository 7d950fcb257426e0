//! Alerts on the health of the federation: declared rules over readings. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DEFAULT: &str = include_str!("../../rules/alerts.toml");

/// An end is watched for so many days before it comes.
pub const EXPIRY_DAYS: i64 = 30;

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Watch {
    /// Minutes since a platform that is sent to or pulled last took part.
    Silence,
    /// Minutes that the oldest message to a platform has waited.
    Lag,
    /// Messages to a platform that were given up.
    DeadLetters,
    /// 1 while nothing is sent to a platform but a probe.
    CircuitOpen,
    /// Records of a platform that did not map or were refused, and wait.
    ContractViolations,
    /// Days past the thirtieth before a certificate shown to a platform ends.
    CertificateExpiring,
    /// Days past the thirtieth before an API key ends.
    KeyExpiring,
    /// Minutes that the oldest filing has waited to be linked.
    LinkerStalled,
    /// Minutes since the audit log was signed, while it has unsigned leaves.
    NotaryBehind,
}

impl Watch {
    pub const ALL: [Self; 9] = [
        Self::Silence,
        Self::Lag,
        Self::DeadLetters,
        Self::CircuitOpen,
        Self::ContractViolations,
        Self::CertificateExpiring,
        Self::KeyExpiring,
        Self::LinkerStalled,
        Self::NotaryBehind,
    ];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::Lag => "lag",
            Self::DeadLetters => "dead_letters",
            Self::CircuitOpen => "circuit_open",
            Self::ContractViolations => "contract_violations",
            Self::CertificateExpiring => "certificate_expiring",
            Self::KeyExpiring => "key_expiring",
            Self::LinkerStalled => "linker_stalled",
            Self::NotaryBehind => "notary_behind",
        }
    }
}

/// How much it matters; the worse is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Warning,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 2] = [Self::Warning, Self::Critical];

    /// The name on the wire and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// A declared rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    pub watch: Watch,
    /// A reading above this fires.
    pub over: i64,
    pub severity: Severity,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    alerts: Vec<AlertRule>,
}

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("they are not alert rules")]
pub struct AlertRulesError(#[from] toml::de::Error);

/// What is measured of a platform, or of the gateway itself where none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    pub watch: Watch,
    /// Empty for the gateway.
    pub platform: String,
    pub value: i64,
}

/// What fires, by what is watched and where.
pub type Firing = BTreeMap<(Watch, String), (Severity, i64)>;

/// The rules of a federation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertRules(Vec<AlertRule>);

impl AlertRules {
    /// Reads `rules/alerts.toml` or a file like it.
    ///
    /// # Errors
    /// If the text is not such a file.
    pub fn from_toml(text: &str) -> Result<Self, AlertRulesError> {
        Ok(Self(toml::from_str::<File>(text)?.alerts))
    }

    /// The rules compiled in.
    ///
    /// # Errors
    /// Never; a test reads them.
    pub fn compiled_in() -> Result<Self, AlertRulesError> {
        Self::from_toml(DEFAULT)
    }

    /// What fires by these readings: the most severe rule of each counts. O(readings × rules).
    pub fn judge(&self, readings: &[Reading]) -> Firing {
        let mut firing = Firing::new();
        for reading in readings {
            let broken = self.0.iter().filter(|rule| rule.watch == reading.watch && reading.value > rule.over);
            if let Some(severity) = broken.map(|rule| rule.severity).max() {
                let key = (reading.watch, reading.platform.clone());
                let worst = firing.entry(key).or_insert((severity, reading.value));
                *worst = (*worst).max((severity, reading.value));
            }
        }
        firing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_severe_rule_counts() {
        let rules = AlertRules::compiled_in().expect("rules");
        for (watch, value, expected) in [
            (Watch::Silence, 30, None),
            (Watch::Silence, 31, Some(Severity::Warning)),
            (Watch::Silence, 241, Some(Severity::Critical)),
            (Watch::DeadLetters, 0, None),
            (Watch::DeadLetters, 1, Some(Severity::Warning)),
            (Watch::CircuitOpen, 1, Some(Severity::Critical)),
            (Watch::KeyExpiring, -5, None),
            (Watch::KeyExpiring, 25, Some(Severity::Critical)),
        ] {
            let reading = Reading { watch, platform: "hunan".into(), value };
            let found = rules.judge(&[reading]).get(&(watch, "hunan".to_owned())).map(|(severity, _)| *severity);
            assert_eq!(found, expected, "{watch:?} {value}");
        }
    }

    #[test]
    fn everything_is_watched_by_the_rules_compiled_in() {
        let rules = AlertRules::compiled_in().expect("rules");
        for watch in Watch::ALL {
            let reading = Reading { watch, platform: String::new(), value: i64::MAX };
            assert_eq!(rules.judge(&[reading]).len(), 1, "{watch:?}");
        }
    }
}
