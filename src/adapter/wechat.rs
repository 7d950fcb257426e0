//! The cryptography of WeChat official accounts (微信公众平台 消息加解密): SHA-1 over sorted parts,
//! AES-256-CBC with a 32-byte PKCS#7 and the application's id after the message.

use aes::{
    Aes256,
    cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit, block_padding::NoPadding},
};
use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::STANDARD},
};
use sha1::{Digest, Sha1};

use super::http::hex;

/// The last character of an EncodingAESKey may carry bits that belong to no byte.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const PADDING_BLOCK: usize = 32;
const HEAD: usize = 16 + 4;

/// The hexadecimal SHA-1 of the parts, sorted and joined.
pub(super) fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    hex(&Sha1::digest(parts.concat().as_bytes()))
}

/// Compares in constant time, as the equality of these digests does.
pub(super) fn same(a: &str, b: &str) -> bool {
    blake3::hash(a.as_bytes()) == blake3::hash(b.as_bytes())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CipherError {
    #[error("the EncodingAESKey is not 43 base64 characters")]
    Key,
    #[error("it is not base64 of whole blocks")]
    Form,
    #[error("it does not open with this key")]
    Content,
    #[error("it is meant for another application")]
    Application,
}

/// The cipher of one official account.
pub(super) struct Cipher {
    key: [u8; 32],
    app_id: Vec<u8>,
}

impl Cipher {
    pub fn new(encoding_aes_key: &str, app_id: &str) -> Result<Self, CipherError> {
        let bytes = LENIENT.decode(encoding_aes_key.trim().trim_end_matches('=')).map_err(|_| CipherError::Key)?;
        Ok(Self { key: bytes.try_into().map_err(|_| CipherError::Key)?, app_id: app_id.as_bytes().to_vec() })
    }

    fn iv(&self) -> [u8; 16] {
        let mut iv = [0; 16];
        iv.copy_from_slice(&self.key[..16]);
        iv
    }

    /// Sixteen bytes that repeat only for the same parts and cannot be foreseen without the key: they take the place of random
    /// ones, so that nothing here draws randomness.
    pub fn unguessable(&self, parts: &[&[u8]]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in parts {
            hasher.update(&part.len().to_le_bytes());
            hasher.update(part);
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        bytes
    }

    /// Encrypts a message after 16 random bytes.
    pub fn seal(&self, random: [u8; 16], message: &[u8]) -> String {
        let mut plain = random.to_vec();
        plain.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
        plain.extend_from_slice(message);
        plain.extend_from_slice(&self.app_id);
        let padding = PADDING_BLOCK - plain.len() % PADDING_BLOCK;
        plain.resize(plain.len() + padding, u8::try_from(padding).unwrap_or(0));
        let cipher = cbc::Encryptor::<Aes256>::new(&Array::from(self.key), &Array::from(self.iv()));
        let length = plain.len();
        // Whole blocks were made above, which is all that this can complain of.
        let sealed = cipher.encrypt_padded::<NoPadding>(&mut plain, length).unwrap_or_default();
        STANDARD.encode(sealed)
    }

    /// Opens what [`Self::seal`] or WeChat made.
    pub fn open(&self, sealed: &str) -> Result<Vec<u8>, CipherError> {
        let mut bytes = STANDARD.decode(sealed.trim()).map_err(|_| CipherError::Form)?;
        let cipher = cbc::Decryptor::<Aes256>::new(&Array::from(self.key), &Array::from(self.iv()));
        let plain = cipher.decrypt_padded::<NoPadding>(&mut bytes).map_err(|_| CipherError::Form)?;
        let padding = usize::from(*plain.last().ok_or(CipherError::Content)?);
        if !(1..=PADDING_BLOCK).contains(&padding)
            || padding > plain.len()
            || plain[plain.len() - padding..].iter().any(|b| usize::from(*b) != padding)
        {
            return Err(CipherError::Content);
        }
        let plain = &plain[..plain.len() - padding];
        let length: [u8; 4] = plain.get(16..HEAD).and_then(|bytes| bytes.try_into().ok()).ok_or(CipherError::Content)?;
        let end = HEAD.checked_add(u32::from_be_bytes(length) as usize).ok_or(CipherError::Content)?;
        let message = plain.get(HEAD..end).ok_or(CipherError::Content)?;
        if plain.get(end..) != Some(self.app_id.as_slice()) {
            return Err(CipherError::Application);
        }
        Ok(message.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vendor's documented example of a verification request.
    #[test]
    fn the_documented_signature_fits() {
        assert_eq!(signature(&["test", "1410685589", "test"]), "f21891de399b4e33a1a93c9a7b8a8fffb5a443ff");
    }

    #[test]
    fn messages_are_sealed_and_opened() {
        let key = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
        let cipher = Cipher::new(key, "wx2c2769f8efd9abc2").expect("a key");
        for length in [0, 1, 9, 10, 11, 31, 32, 33, 1_000] {
            let message = "信".repeat(length);
            let sealed = cipher.seal([7; 16], message.as_bytes());
            assert_eq!(STANDARD.decode(&sealed).expect("base64").len() % 32, 0);
            assert_eq!(cipher.open(&sealed).as_deref(), Ok(message.as_bytes()));
        }
        let sealed = cipher.seal([7; 16], b"x");
        assert_eq!(Cipher::new(key, "wx0").expect("a key").open(&sealed), Err(CipherError::Application));
        assert!(Cipher::new(&key.to_uppercase(), "wx2c2769f8efd9abc2").expect("a key").open(&sealed).is_err());
        for broken in ["", "AAAA", "*", &sealed[..22]] {
            assert!(cipher.open(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn keys_with_trailing_bits_are_allowed() {
        // 43 characters hold 258 bits: the last two belong to no byte, and key generators leave them set.
        for last in ['A', 'B', 'C', 'D'] {
            assert!(Cipher::new(&format!("{}{last}", "a".repeat(42)), "wx").is_ok(), "{last}");
        }
        assert_eq!(Cipher::new("short", "wx").err(), Some(CipherError::Key));
    }
}
