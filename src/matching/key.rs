//! The federation key and the keyed functions derived from it.

use std::fmt;

/// The secret all members of a federation share; tokens made under different keys never match.
///
/// Sub-keys come from BLAKE3's `derive_key` mode, one context string a purpose, so that a token of one kind can
/// not be compared with a token of another.
#[derive(Clone)]
pub struct FederationKey([u8; 32]);

impl FederationKey {
    /// Takes 32 secret bytes, uniformly random.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(super) fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        hasher.update(&self.0);
        *hasher.finalize().as_bytes()
    }
}

impl fmt::Debug for FederationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FederationKey(redacted)")
    }
}

/// Keyed BLAKE3 truncated to 64 bits: identity tokens.
#[derive(Clone)]
pub(super) struct TokenKey([u8; 32]);

impl TokenKey {
    pub(super) fn new(key: &FederationKey, purpose: &str) -> Self {
        Self(key.derive(purpose))
    }

    /// Hashes the parts with a separator that no normalised part contains. Never returns 0.
    pub(super) fn token(&self, parts: &[&str]) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        for part in parts {
            hasher.update(part.as_bytes());
            hasher.update(&[0x1f]);
        }
        let mut word = [0; 8];
        word.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_le_bytes(word).max(1)
    }
}

/// SipHash-2-4 (Aumasson & Bernstein 2012) under a BLAKE3-derived key: a keyed pseudo-random function an order of
/// magnitude cheaper than BLAKE3 for the hundreds of tiny inputs of a text.
#[derive(Clone, Copy)]
pub(super) struct TermKey {
    k0: u64,
    k1: u64,
}

impl TermKey {
    pub(super) fn new(key: &FederationKey, purpose: &str) -> Self {
        let derived = key.derive(purpose);
        let word = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&derived[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        Self { k0: word(0), k1: word(8) }
    }

    /// Hashes one 64-bit word, the same as [`Self::bytes`] of its eight little-endian bytes.
    pub(super) fn word(self, word: u64) -> u64 {
        let mut state = State::new(self);
        state.absorb(word);
        state.finish(8 << 56)
    }

    pub(super) fn bytes(self, bytes: &[u8]) -> u64 {
        self.parts(&[bytes])
    }

    /// Hashes what the parts are one behind the other.
    pub(super) fn parts(self, parts: &[&[u8]]) -> u64 {
        let mut state = State::new(self);
        // Bytes of a word not yet full, and how many bits and bytes there are.
        let (mut word, mut bits, mut len) = (0_u64, 0_u32, 0_usize);
        for part in parts {
            len += part.len();
            let (whole, rest) = part.as_chunks::<8>();
            for next in whole.iter().map(|bytes| u64::from_le_bytes(*bytes)) {
                state.absorb(word | next << bits);
                // By two steps: all of a word is moved out where nothing was left over.
                word = next >> 1 >> (63 - bits);
            }
            for byte in rest {
                word |= u64::from(*byte) << bits;
                bits += 8;
                if bits == 64 {
                    state.absorb(word);
                    (word, bits) = (0, 0);
                }
            }
        }
        state.finish((len as u64 & 0xff) << 56 | word)
    }
}

struct State([u64; 4]);

impl State {
    const fn new(key: TermKey) -> Self {
        Self([
            key.k0 ^ 0x736f_6d65_7073_6575,
            key.k1 ^ 0x646f_7261_6e64_6f6d,
            key.k0 ^ 0x6c79_6765_6e65_7261,
            key.k1 ^ 0x7465_6462_7974_6573,
        ])
    }

    const fn round(&mut self) {
        let [mut v0, mut v1, mut v2, mut v3] = self.0;
        v0 = v0.wrapping_add(v1);
        v1 = v1.rotate_left(13) ^ v0;
        v0 = v0.rotate_left(32);
        v2 = v2.wrapping_add(v3);
        v3 = v3.rotate_left(16) ^ v2;
        v0 = v0.wrapping_add(v3);
        v3 = v3.rotate_left(21) ^ v0;
        v2 = v2.wrapping_add(v1);
        v1 = v1.rotate_left(17) ^ v2;
        v2 = v2.rotate_left(32);
        self.0 = [v0, v1, v2, v3];
    }

    const fn absorb(&mut self, word: u64) {
        self.0[3] ^= word;
        self.round();
        self.round();
        self.0[0] ^= word;
    }

    const fn finish(mut self, last: u64) -> u64 {
        self.absorb(last);
        self.0[2] ^= 0xff;
        self.round();
        self.round();
        self.round();
        self.round();
        self.0[0] ^ self.0[1] ^ self.0[2] ^ self.0[3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn siphash_agrees_with_the_reference_vectors() {
        let key = TermKey { k0: 0x0706_0504_0302_0100, k1: 0x0f0e_0d0c_0b0a_0908 };
        let input: Vec<u8> = (0..15).collect();
        assert_eq!(key.bytes(&input), 0xa129_ca61_49be_45e5);
        assert_eq!(key.bytes(&[]), 0x726f_db47_dd0e_0e31);
        let long: Vec<u8> = (0..60).collect();
        for first in 0..30 {
            for second in first..60 {
                assert_eq!(key.parts(&[&long[..first], &long[first..second], &long[second..]]), key.bytes(&long), "{first} {second}");
            }
        }
        assert_eq!(key.word(0x0706_0504_0302_0100), key.bytes(&input[..8]));
    }

    #[test]
    fn keys_and_purposes_separate() {
        let one = FederationKey::from_bytes([1; 32]);
        let two = FederationKey::from_bytes([2; 32]);
        let token = |key, purpose| TokenKey::new(key, purpose).token(&["x"]);
        assert_ne!(token(&one, "a"), token(&two, "a"));
        assert_ne!(token(&one, "a"), token(&one, "b"));
        assert_eq!(format!("{one:?}"), "FederationKey(redacted)");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let key = TokenKey::new(&FederationKey::from_bytes([3; 32]), "t");
        assert_ne!(key.token(&["ab", "c"]), key.token(&["a", "bc"]));
    }
}
