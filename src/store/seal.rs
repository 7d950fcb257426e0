//! Sealing of personal data at rest: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), bound to the row it belongs to.

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use serde::{Serialize, de::DeserializeOwned};

use super::deflate::{deflate, inflate};

const VERSION: u8 = 1;
const NONCE: usize = 24;

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("a sealed value cannot be opened: wrong key, another row's value, or altered bytes")]
    Open,
    #[error("a value cannot be sealed")]
    Seal,
    #[error("a sealed value does not have the expected shape")]
    Shape(#[from] serde_json::Error),
}

/// Seals and opens values; the key never leaves it.
pub struct Sealer {
    cipher: XChaCha20Poly1305,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

impl Sealer {
    pub fn new(key: &[u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(key.into()) }
    }

    /// `context` names the row (`submission:ID`), so that a value moved to another row does not open.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Seal)?;
        let mut out = Vec::with_capacity(1 + NONCE + sealed.len());
        out.push(VERSION);
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        Ok(out)
    }

    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let body = sealed.strip_prefix(&[VERSION]).ok_or(SealError::Open)?;
        let (nonce, cipher) = body.split_first_chunk::<NONCE>().ok_or(SealError::Open)?;
        self.cipher.decrypt(&XNonce::from(*nonce), Payload { msg: cipher, aad: context.as_bytes() }).map_err(|_| SealError::Open)
    }

    /// Packed first: what is sealed cannot be afterwards. Its length says no more than that of the text did.
    pub(super) fn seal_json(&self, context: &str, value: &impl Serialize) -> Result<Vec<u8>, SealError> {
        self.seal(context, &deflate(&serde_json::to_vec(value)?).map_err(|_| SealError::Seal)?)
    }

    pub(super) fn open_json<T: DeserializeOwned>(&self, context: &str, sealed: &[u8]) -> Result<T, SealError> {
        Ok(serde_json::from_slice(&inflate(&self.open(context, sealed)?).map_err(|_| SealError::Open)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_only_in_its_row_and_unaltered() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("submission:1", "王小明".as_bytes()).expect("seals");
        assert_eq!(sealer.open("submission:1", &sealed).expect("opens"), "王小明".as_bytes());
        assert!(sealer.open("submission:2", &sealed).is_err());
        assert!(Sealer::new(&[8; 32]).open("submission:1", &sealed).is_err());
        let mut altered = sealed;
        *altered.last_mut().expect("bytes") ^= 1;
        assert!(sealer.open("submission:1", &altered).is_err());
        assert!(sealer.open("submission:1", &[]).is_err());
    }
}
