//! `[audit]`: the log's name, how often it is signed, who co-signs.

use serde::Deserialize;

/// `[audit]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuditConfig {
    /// Names the log in its checkpoints; auditors compare it, so it stays. A domain and path by convention.
    pub origin: String,
    /// How often what was recorded since is signed.
    pub checkpoint_interval_ms: u64,
    pub witnesses: Vec<WitnessConfig>,
}

/// `[[audit.witnesses]]`: somebody else's server that co-signs checkpoints (C2SP `tlog-witness`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WitnessConfig {
    /// Its submission prefix; `/add-checkpoint` is appended.
    pub url: String,
    /// Its verifier key, `NAME+KEYID+KEY`.
    pub key: String,
}

/// More co-signers than any log has.
const MAX_WITNESSES: usize = 16;

impl Default for AuditConfig {
    fn default() -> Self {
        Self { origin: "onecase".into(), checkpoint_interval_ms: 60_000, witnesses: Vec::new() }
    }
}

impl AuditConfig {
    pub(super) fn check(&self) -> Result<(), String> {
        if self.checkpoint_interval_ms < 100 {
            return Err("audit.checkpoint_interval_ms must be at least 100".into());
        }
        if self.witnesses.len() > MAX_WITNESSES {
            return Err(format!("audit.witnesses must be at most {MAX_WITNESSES}"));
        }
        Ok(())
    }
}
