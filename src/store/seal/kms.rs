//! Who keeps the master keys: this process, or a service that never gives them away.

use super::{SealError, XCipher, cipher, open_with, seal_with};

/// A data key as a master key wrapped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped {
    /// The master key's id.
    pub master: String,
    pub bytes: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    #[error("a data key was wrapped by master key {0}, which is not at hand")]
    UnknownMaster(String),
    #[error("a data key cannot be wrapped or unwrapped")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A key management service: wraps and unwraps data keys of 32 bytes. `context` says what a key is for; one wrapped for
/// something else does not unwrap. Called seldom: when a store is opened, and when keys are rotated.
pub trait KeyManagement: Send + Sync {
    /// Id of the master key that wraps from now on.
    fn current(&self) -> &str;
    /// # Errors
    /// If the service fails.
    fn wrap(&self, context: &str, key: &[u8; 32]) -> Result<Wrapped, KmsError>;
    /// # Errors
    /// If the master key is not known, or the bytes were altered or wrapped for another purpose.
    fn unwrap(&self, context: &str, wrapped: &Wrapped) -> Result<[u8; 32], KmsError>;
}

/// Master keys in this process: one that wraps, and earlier ones that only unwrap.
pub struct LocalKeys {
    id: String,
    keys: Vec<(String, XCipher)>,
}

impl LocalKeys {
    pub fn new(current: &[u8; 32], previous: &[[u8; 32]]) -> Self {
        let named = |key: &[u8; 32]| (master_id(key), cipher(&blake3::derive_key("onecase 2026 wrapping of data keys", key)));
        Self { id: master_id(current), keys: std::iter::once(current).chain(previous).map(named).collect() }
    }
}

/// Says which key it is and nothing about it: 64 bits, in hexadecimal digits.
fn master_id(key: &[u8; 32]) -> String {
    blake3::derive_key("onecase 2026 id of a master key", key)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl KeyManagement for LocalKeys {
    fn current(&self) -> &str {
        &self.id
    }

    fn wrap(&self, context: &str, key: &[u8; 32]) -> Result<Wrapped, KmsError> {
        let (master, cipher) = self.keys.first().ok_or_else(|| KmsError::UnknownMaster(self.id.clone()))?;
        let bytes = seal_with(cipher, &[], context, key).map_err(|error| KmsError::Failed(Box::new(error)))?;
        Ok(Wrapped { master: master.clone(), bytes })
    }

    fn unwrap(&self, context: &str, wrapped: &Wrapped) -> Result<[u8; 32], KmsError> {
        let found = self.keys.iter().find(|(id, _)| *id == wrapped.master);
        let (_, cipher) = found.ok_or_else(|| KmsError::UnknownMaster(wrapped.master.clone()))?;
        let failed = |error: SealError| KmsError::Failed(Box::new(error));
        let key = open_with(cipher, &[], context, &wrapped.bytes).map_err(failed)?;
        key.try_into().map_err(|_| failed(SealError::Open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_keys_unwrap_and_never_wrap() {
        let old = LocalKeys::new(&[1; 32], &[]);
        let wrapped = old.wrap("data:1", &[9; 32]).expect("wraps");
        let new = LocalKeys::new(&[2; 32], &[[1; 32]]);
        assert_eq!(new.unwrap("data:1", &wrapped).expect("unwraps"), [9; 32]);
        assert!(matches!(new.unwrap("data:2", &wrapped), Err(KmsError::Failed(_))));
        let again = new.wrap("data:1", &[9; 32]).expect("wraps");
        assert_eq!((again.master.as_str(), wrapped.master.as_str()), (new.current(), old.current()));
        assert!(matches!(old.unwrap("data:1", &again), Err(KmsError::UnknownMaster(id)) if id == new.current()));
    }
}
