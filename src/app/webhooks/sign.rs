//! Signatures of Standard Webhooks 1.0: HMAC-SHA256 over `id.timestamp.body`, the bytes that are sent.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::store::webhooks::Secret;

const PREFIX: &str = "whsec_";

/// A secret of 256 random bits; the standard asks for 24 to 64 bytes.
pub(super) fn new_secret() -> String {
    let random: [u8; 32] = rand::random();
    format!("{PREFIX}{}", STANDARD.encode(random))
}

/// The value of `webhook-signature`: one signature for each secret that counts at this time.
pub(super) fn signatures(secrets: &[Secret], id: &str, at: DateTime<Utc>, body: &[u8]) -> String {
    let counting = secrets.iter().filter(|secret| secret.until.is_none_or(|until| until > at));
    let signed: Vec<String> = counting.filter_map(|secret| sign(&secret.secret, id, at, body)).collect();
    signed.join(" ")
}

/// One signature, `v1,` and base64; `None` if the secret is not `whsec_` and base64.
pub fn sign(secret: &str, id: &str, at: DateTime<Utc>, body: &[u8]) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{}.", at.timestamp()).as_bytes());
    mac.update(body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_the_standard() {
        // Standard Webhooks, "Signature scheme", the example.
        let body = br#"{"email":"test@example.com","username":"test_user"}"#;
        let at = DateTime::from_timestamp(1_649_367_553, 0).expect("a time");
        let old = Secret { secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into(), until: None };
        let expected = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
        let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
        assert_eq!(signatures(std::slice::from_ref(&old), id, at, body), expected);
        let new = Secret { secret: new_secret(), until: None };
        let both = signatures(&[new.clone(), Secret { until: Some(at + chrono::TimeDelta::hours(1)), ..old.clone() }], id, at, body);
        assert!(both.ends_with(&format!(" {expected}")) && both.matches("v1,").count() == 2, "{both}");
        let over = signatures(&[new, Secret { until: Some(at), ..old }], id, at, body);
        assert!(!over.contains(expected) && over.matches("v1,").count() == 1, "{over}");
    }
}
