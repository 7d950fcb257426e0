//! Registering filings whose content stays on their platform.

use super::{
    Gateway, Registered, SubmitError,
    code::Code,
    validate::{Violation, Violations},
};
use crate::{
    domain::{blind::BlindSubmission, division, id},
    matching::Fingerprint,
    store::submissions::NewSubmission,
};

#[derive(Debug, thiserror::Error)]
pub enum BlindError {
    /// The fingerprint cannot be compared with others: another key, another platform's name, or none at all.
    #[error("the fingerprint was not made with the federation's key for this platform")]
    ForeignFingerprint,
    #[error(transparent)]
    Submit(#[from] SubmitError),
}

impl BlindError {
    /// What is wrong with the body, if that is what is wrong.
    pub fn violations(&self) -> Option<Violations> {
        let Self::ForeignFingerprint = self else { return None };
        let detail = "It was made with another key or for another platform, so nothing could ever match it; use the federation's key and the \
                      platform's id in the federation.";
        let list = vec![Violation { code: Code::InvalidValue, pointer: "/fingerprint".to_owned(), detail: detail.to_owned() }];
        Some(Violations { code: Code::InvalidSubmission, list, more: false })
    }
}

impl Gateway {
    /// Registers a blind filing of a platform. Returns once it is durable; the same body again answers the first result.
    pub async fn submit_blind(
        &self,
        platform: &str,
        filing: BlindSubmission,
        idempotency_key: Option<String>,
    ) -> Result<Registered, BlindError> {
        let federated = self.federation().platform(platform).ok_or_else(|| SubmitError::UnknownPlatform(platform.to_owned()))?;
        let print: Fingerprint = serde_json::from_value(filing.fingerprint.clone().into()).map_err(|_| BlindError::ForeignFingerprint)?;
        if !self.0.fingerprinter.made(&print, platform) {
            return Err(BlindError::ForeignFingerprint);
        }
        let received_at = self.now();
        let new = NewSubmission {
            id: id::new_id(received_at),
            platform: platform.to_owned(),
            body_digest: filing.digest(),
            fingerprint: print.encode(),
            province: division::province(filing.division.as_deref().unwrap_or(&federated.platform.division)),
            received_at,
            idempotency_key,
            submission: filing.envelope(),
            blind: true,
        };
        Ok(self.enqueue(new).await?)
    }
}
