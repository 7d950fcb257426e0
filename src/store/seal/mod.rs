//! Sealing of personal data at rest, in envelopes: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), bound to the row it belongs to.
//!
//! A master key wraps data keys; a data key seals values, and wraps the key that each filing has of its own. A sealed value says by
//! which data key it was sealed:
//!
//! | first byte | then | sealed by |
//! | --- | --- | --- |
//! | 2 | data key's number (4 bytes, big endian), nonce (24 bytes), ciphertext and tag | a data key |
//! | 3 | nonce (24 bytes), ciphertext and tag | a filing's own key |
//!
//! What stands before the nonce and the row's name are authenticated with the value.

mod kms;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};
use serde::{Serialize, de::DeserializeOwned};

use super::deflate::{deflate, inflate};

pub use kms::{KeyManagement, KmsError, LocalKeys, Wrapped};

type XCipher = XChaCha20Poly1305;

const BY_DATA_KEY: u8 = 2;
const BY_OWN_KEY: u8 = 3;
const NONCE: usize = 24;
const HEADER: usize = 5;
/// The data keys are read again when they were read so long ago.
const FRESH: Duration = Duration::from_secs(5);
/// A node that could not read them for so long seals nothing: the key it would take may be about to be destroyed.
pub(crate) const STALE: Duration = Duration::from_secs(120);

#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("a sealed value cannot be opened: wrong key, another row's value, or altered bytes")]
    Open,
    #[error("a value cannot be sealed")]
    Seal,
    #[error("there is no data key to seal with; `onecase migrate` makes one")]
    NoKey,
    #[error("the data keys were not read for too long")]
    Stale,
    #[error("a sealed value names data key {0}, which is not there")]
    UnknownKey(u32),
    #[error("a sealed value does not have the expected shape")]
    Shape(#[from] serde_json::Error),
    #[error(transparent)]
    Kms(#[from] KmsError),
}

/// A data key as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StoredKey {
    pub number: u32,
    pub wrapped: Wrapped,
    /// Values are sealed by it from now on.
    pub active: bool,
}

#[derive(Default)]
struct Ring {
    keys: HashMap<u32, XCipher>,
    active: Option<u32>,
    read_at: Option<Instant>,
    /// To be read again although they are fresh.
    changed: bool,
}

/// Seals and opens values; the keys never leave it.
pub struct Sealer {
    kms: Arc<dyn KeyManagement>,
    ring: RwLock<Ring>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer(…)")
    }
}

/// The key of one filing: what only it opens is gone when it is.
pub struct OwnKey(XCipher);

impl std::fmt::Debug for OwnKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnKey(…)")
    }
}

fn cipher(key: &[u8; 32]) -> XCipher {
    XChaCha20Poly1305::new(key.into())
}

fn authenticated(header: &[u8], context: &str) -> Vec<u8> {
    [header, context.as_bytes()].concat()
}

/// `header`, nonce and ciphertext.
fn seal_with(cipher: &XCipher, header: &[u8], context: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE] = rand::random();
    let aad = authenticated(header, context);
    let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad }).map_err(|_| SealError::Seal)?;
    Ok([header, &nonce, &sealed].concat())
}

/// `body` is what follows the header.
fn open_with(cipher: &XCipher, header: &[u8], context: &str, body: &[u8]) -> Result<Vec<u8>, SealError> {
    let (nonce, sealed) = body.split_first_chunk::<NONCE>().ok_or(SealError::Open)?;
    let aad = authenticated(header, context);
    cipher.decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &aad }).map_err(|_| SealError::Open)
}

/// What a data key of this number is wrapped for.
pub(super) fn data_key_context(number: u32) -> String {
    format!("onecase data key {number}")
}

fn header(number: u32) -> [u8; HEADER] {
    let [a, b, c, d] = number.to_be_bytes();
    [BY_DATA_KEY, a, b, c, d]
}

/// The number of the data key that sealed a value; `None` if a filing's own key did.
pub(super) fn sealed_by(sealed: &[u8]) -> Option<u32> {
    let (header, _) = sealed.split_first_chunk::<HEADER>()?;
    let [BY_DATA_KEY, number @ ..] = *header else { return None };
    Some(u32::from_be_bytes(number))
}

impl Sealer {
    /// Without data keys yet: the store reads them.
    pub fn new(kms: Arc<dyn KeyManagement>) -> Self {
        Self { kms, ring: RwLock::default() }
    }

    pub(super) fn kms(&self) -> &dyn KeyManagement {
        &*self.kms
    }

    fn ring<T>(&self, look: impl FnOnce(&Ring) -> T) -> T {
        look(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// True when the data keys are to be read again.
    pub(super) fn is_due(&self) -> bool {
        self.ring(|ring| ring.changed || ring.read_at.is_none_or(|at| at.elapsed() >= FRESH))
    }

    /// Has the data keys read again before anything else is done.
    pub(super) fn expire(&self) {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).changed = true;
    }

    /// Takes over the data keys that are stored now; a key that is known already is not unwrapped again.
    pub(super) fn install(&self, stored: &[StoredKey]) -> Result<(), SealError> {
        let read_at = Instant::now();
        let mut keys = HashMap::with_capacity(stored.len());
        for key in stored {
            let known = self.ring(|ring| ring.keys.get(&key.number).cloned());
            let unwrapped = || Ok::<_, KmsError>(cipher(&self.kms.unwrap(&data_key_context(key.number), &key.wrapped)?));
            keys.insert(key.number, known.map_or_else(unwrapped, Ok)?);
        }
        let active = stored.iter().filter(|key| key.active).map(|key| key.number).max();
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Ring { keys, active, read_at: Some(read_at), changed: false };
        Ok(())
    }

    fn active(&self) -> Result<(u32, XCipher), SealError> {
        self.ring(|ring| {
            if ring.read_at.is_none_or(|at| at.elapsed() >= STALE) {
                return Err(SealError::Stale);
            }
            let number = ring.active.ok_or(SealError::NoKey)?;
            Ok((number, ring.keys.get(&number).cloned().ok_or(SealError::NoKey)?))
        })
    }

    /// `context` names the row (`looks:ID`), so that a value moved to another row does not open.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let (number, cipher) = self.active()?;
        seal_with(&cipher, &header(number), context, plain)
    }

    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let number = sealed_by(sealed).ok_or(SealError::Open)?;
        let cipher = self.ring(|ring| ring.keys.get(&number).cloned()).ok_or(SealError::UnknownKey(number))?;
        let (header, body) = sealed.split_first_chunk::<HEADER>().ok_or(SealError::Open)?;
        open_with(&cipher, header, context, body)
    }

    pub(super) fn seal_json(&self, context: &str, value: &impl Serialize) -> Result<Vec<u8>, SealError> {
        self.seal(context, &packed(value)?)
    }

    pub(super) fn open_json<T: DeserializeOwned>(&self, context: &str, sealed: &[u8]) -> Result<T, SealError> {
        unpacked(&self.open(context, sealed)?)
    }

    /// A value sealed again by the active data key; `None` if it is already.
    pub(super) fn reseal(&self, context: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        if sealed_by(sealed) == Some(self.active()?.0) {
            return Ok(None);
        }
        self.seal(context, &self.open(context, sealed)?).map(Some)
    }

    /// A new key for one filing, and how it is stored.
    pub(super) fn make_own_key(&self, context: &str) -> Result<(OwnKey, Vec<u8>), SealError> {
        let key: [u8; 32] = rand::random();
        Ok((OwnKey(cipher(&key)), self.seal(context, &key)?))
    }

    pub(super) fn own_key(&self, context: &str, stored: &[u8]) -> Result<OwnKey, SealError> {
        let key: [u8; 32] = self.open(context, stored)?.try_into().map_err(|_| SealError::Open)?;
        Ok(OwnKey(cipher(&key)))
    }
}

impl OwnKey {
    pub(super) fn seal_json(&self, context: &str, value: &impl Serialize) -> Result<Vec<u8>, SealError> {
        seal_with(&self.0, &[BY_OWN_KEY], context, &packed(value)?)
    }

    pub(super) fn open_json<T: DeserializeOwned>(&self, context: &str, sealed: &[u8]) -> Result<T, SealError> {
        let body = sealed.strip_prefix(&[BY_OWN_KEY]).ok_or(SealError::Open)?;
        unpacked(&open_with(&self.0, &[BY_OWN_KEY], context, body)?)
    }
}

/// Packed before it is sealed, as nothing that is sealed can be. Its length says no more than that of the text did.
fn packed(value: &impl Serialize) -> Result<Vec<u8>, SealError> {
    deflate(&serde_json::to_vec(value)?).map_err(|_| SealError::Seal)
}

fn unpacked<T: DeserializeOwned>(packed: &[u8]) -> Result<T, SealError> {
    Ok(serde_json::from_slice(&inflate(packed).map_err(|_| SealError::Open)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored(kms: &LocalKeys, number: u32, active: bool) -> StoredKey {
        let key = [u8::try_from(number).expect("small"); 32];
        StoredKey { number, wrapped: kms.wrap(&data_key_context(number), &key).expect("wraps"), active }
    }

    fn sealer(keys: &[(u32, bool)]) -> Sealer {
        let sealer = Sealer::new(Arc::new(LocalKeys::new(&[7; 32], &[])));
        let kms = LocalKeys::new(&[7; 32], &[]);
        sealer.install(&keys.iter().map(|(number, active)| stored(&kms, *number, *active)).collect::<Vec<_>>()).expect("unwraps");
        sealer
    }

    #[test]
    fn a_value_opens_only_in_its_row_and_unaltered() {
        let one = sealer(&[(1, true)]);
        let sealed = one.seal("submission:1", "王小明".as_bytes()).expect("seals");
        assert_eq!(one.open("submission:1", &sealed).expect("opens"), "王小明".as_bytes());
        assert!(one.open("submission:2", &sealed).is_err());
        assert!(matches!(sealer(&[(2, true)]).open("submission:1", &sealed), Err(SealError::UnknownKey(1))));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(one.open("submission:1", &altered).is_err(), "byte {at}");
            assert!(one.open("submission:1", &sealed[..at]).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn both_keys_open_while_one_seals() {
        let before = sealer(&[(1, true)]);
        let old = before.seal("looks:1", b"x").expect("seals");
        let both = sealer(&[(1, false), (2, true)]);
        let new = both.reseal("looks:1", &old).expect("opens").expect("is not sealed by it yet");
        assert_eq!((sealed_by(&old), sealed_by(&new)), (Some(1), Some(2)));
        assert_eq!(both.open("looks:1", &old).expect("opens"), both.open("looks:1", &new).expect("opens"));
        assert!(both.reseal("looks:1", &new).expect("opens").is_none());
    }

    #[test]
    fn what_a_filing_s_own_key_sealed_opens_with_nothing_else() {
        let sealer = sealer(&[(1, true)]);
        let (own, kept) = sealer.make_own_key("submission_keys:a").expect("seals");
        let sealed = own.seal_json("submission:a", &"王小明").expect("seals");
        assert_eq!(
            sealer.own_key("submission_keys:a", &kept).expect("opens").open_json::<String>("submission:a", &sealed).expect("opens"),
            "王小明"
        );
        assert!(sealer.open("submission:a", &sealed).is_err());
        let (other, _) = sealer.make_own_key("submission_keys:b").expect("seals");
        assert!(other.open_json::<String>("submission:a", &sealed).is_err());
        assert!(sealer.own_key("submission_keys:b", &kept).is_err(), "a key moved to another filing");
    }

    #[test]
    fn nothing_is_sealed_without_a_fresh_key() {
        let sealer = Sealer::new(Arc::new(LocalKeys::new(&[7; 32], &[])));
        assert!(matches!(sealer.seal("a", b""), Err(SealError::Stale)));
        sealer.install(&[]).expect("nothing to unwrap");
        assert!(matches!(sealer.seal("a", b""), Err(SealError::NoKey)));
    }
}
