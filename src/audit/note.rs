//! Checkpoints of the log as signed notes.
//!
//! Formats by C2SP: `signed-note` (text, blank line, signature lines), `tlog-checkpoint` (origin, size, root),
//! `tlog-cosignature` (a witness's timestamped signature). Ed25519 (RFC 8032).

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use serde::{Serialize, Serializer};

use super::{Hash, sha256};

/// More lines than a note with all its signatures has.
const MAX_NOTE_LINES: usize = 64;
const SIGNATURE_MARK: &str = "\u{2014} ";
const KEY_ID_BYTES: usize = 4;
const TIMESTAMP_BYTES: usize = 8;

/// What is wrong with a note, a checkpoint or a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("it is not a signed note: expected text, a blank line and signature lines")]
    Malformed,
    #[error("it is not a checkpoint: expected the log's name, its size and its root, a line each")]
    NotACheckpoint,
    #[error("`{0}` is not a verifier key: expected NAME+KEYID+KEY")]
    Key(String),
    #[error("the name of a signer may hold neither spaces nor `+`: `{0}`")]
    Name(String),
    #[error("there is no signature of `{0}`")]
    NotSigned(String),
    #[error("the signature of `{0}` does not fit the text")]
    BadSignature(String),
}

/// The state of a log: that its first `size` leaves have this root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkpoint {
    /// Names the log.
    pub origin: String,
    pub size: u64,
    #[serde(serialize_with = "as_base64")]
    pub root: Hash,
}

fn as_base64<S: Serializer>(hash: &Hash, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&BASE64.encode(hash))
}

impl fmt::Display for Checkpoint {
    /// The text that is signed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, BASE64.encode(self.root))
    }
}

impl Checkpoint {
    /// Reads a note's text. Lines after the third are extensions and are passed over.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines();
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(NoteError::NotACheckpoint);
        };
        let root = BASE64.decode(root).ok().and_then(|bytes| Hash::try_from(bytes).ok()).ok_or(NoteError::NotACheckpoint)?;
        let number = size.parse().ok().filter(|number: &u64| number.to_string() == size).ok_or(NoteError::NotACheckpoint)?;
        if origin.is_empty() {
            return Err(NoteError::NotACheckpoint);
        }
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }
}

/// A signature line: who signed, with which key, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub key_id: [u8; KEY_ID_BYTES],
    bytes: Vec<u8>,
}

impl Signature {
    /// Reads one line, with its dash.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        let (name, signature) = line.strip_prefix(SIGNATURE_MARK).and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Malformed)?;
        let raw = BASE64.decode(signature).map_err(|_| NoteError::Malformed)?;
        let (key_id, bytes) = raw.split_first_chunk().ok_or(NoteError::Malformed)?;
        Ok(Self { name: checked(name)?.to_owned(), key_id: *key_id, bytes: bytes.to_vec() })
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let raw = [&self.key_id[..], &self.bytes].concat();
        write!(f, "{SIGNATURE_MARK}{} {}", self.name, BASE64.encode(raw))
    }
}

/// A text and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    /// With its last line's end.
    pub text: String,
    pub signatures: Vec<Signature>,
}

impl SignedNote {
    /// Reads a note of at most 64 lines. Says nothing about whether its signatures fit.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.lines().count() > MAX_NOTE_LINES || !note.ends_with('\n') {
            return Err(NoteError::Malformed);
        }
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::Malformed)?;
        let signatures: Vec<_> = signatures.lines().map(Signature::parse).collect::<Result<_, _>>()?;
        if signatures.is_empty() {
            return Err(NoteError::Malformed);
        }
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// The checkpoint in the text, if `verifier` signed it.
    pub fn checkpoint(&self, verifier: &Verifier) -> Result<Checkpoint, NoteError> {
        verifier.verify(self)?;
        Checkpoint::parse(&self.text)
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Ed25519 over the text: the log itself.
    Log,
    /// Ed25519 over a time and the text: a witness who saw that the log only grew.
    Witness,
}

impl Role {
    const fn algorithm(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Witness => 4,
        }
    }
}

/// Whose signatures can be checked: a name and a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    role: Role,
    key: [u8; 32],
}

impl Verifier {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub const fn role(&self) -> Role {
        self.role
    }

    fn key_id(&self) -> [u8; KEY_ID_BYTES] {
        let named = [self.name.as_bytes(), b"\n", &[self.role.algorithm()], &self.key].concat();
        let [a, b, c, d, ..] = sha256(&named);
        [a, b, c, d]
    }

    /// Checks that this key signed the note; the time it did, in seconds since 1970, if it is a witness's.
    pub fn verify(&self, note: &SignedNote) -> Result<Option<u64>, NoteError> {
        let key_id = self.key_id();
        let mut own = note.signatures.iter().filter(|signature| signature.name == self.name && signature.key_id == key_id);
        let signature = own.next().ok_or_else(|| NoteError::NotSigned(self.name.clone()))?;
        let bad = || NoteError::BadSignature(self.name.clone());
        let (time, message, bytes) = match self.role {
            Role::Log => (None, note.text.clone(), &signature.bytes[..]),
            Role::Witness => {
                let (time, bytes) = signature.bytes.split_first_chunk::<TIMESTAMP_BYTES>().ok_or_else(bad)?;
                let time = u64::from_be_bytes(*time);
                (Some(time), cosigned(&note.text, time), bytes)
            }
        };
        UnparsedPublicKey::new(&ED25519, self.key).verify(message.as_bytes(), bytes).map_err(|_| bad())?;
        Ok(time)
    }
}

impl std::str::FromStr for Verifier {
    type Err = NoteError;

    /// Reads `NAME+KEYID+KEY`, as `onecase audit key` prints it.
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::Key(text.to_owned());
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else { return Err(wrong()) };
        let raw = BASE64.decode(key).map_err(|_| wrong())?;
        let (algorithm, key) = raw.split_first().ok_or_else(wrong)?;
        let role = [Role::Log, Role::Witness].into_iter().find(|role| role.algorithm() == *algorithm).ok_or_else(wrong)?;
        let verifier = Self { name: checked(name)?.to_owned(), role, key: key.try_into().map_err(|_| wrong())? };
        if super::hex(&verifier.key_id()) == id { Ok(verifier) } else { Err(wrong()) }
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.role.algorithm()], &self.key[..]].concat();
        write!(f, "{}+{}+{}", self.name, super::hex(&self.key_id()), BASE64.encode(key))
    }
}

/// Signs notes.
pub struct Signer {
    verifier: Verifier,
    key: Ed25519KeyPair,
}

impl Signer {
    /// A signer from the 32 secret bytes of RFC 8032.
    pub fn new(name: &str, role: Role, secret: &[u8; 32]) -> Result<Self, NoteError> {
        let key = Ed25519KeyPair::from_seed_unchecked(secret).map_err(|_| NoteError::Key(name.to_owned()))?;
        let public = key.public_key().as_ref().try_into().map_err(|_| NoteError::Key(name.to_owned()))?;
        Ok(Self { verifier: Verifier { name: checked(name)?.to_owned(), role, key: public }, key })
    }

    pub const fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Signs a text that ends with a line's end; `time`, in seconds since 1970, is what a witness vouches for.
    pub fn sign(&self, text: &str, time: u64) -> Signature {
        let bytes = match self.verifier.role {
            Role::Log => self.key.sign(text.as_bytes()).as_ref().to_vec(),
            Role::Witness => [&time.to_be_bytes()[..], self.key.sign(cosigned(text, time).as_bytes()).as_ref()].concat(),
        };
        Signature { name: self.verifier.name.clone(), key_id: self.verifier.key_id(), bytes }
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signer").field(&self.verifier.name).finish()
    }
}

fn cosigned(text: &str, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

fn checked(name: &str) -> Result<&str, NoteError> {
    let fine = !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+');
    if fine { Ok(name) } else { Err(NoteError::Name(name.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the documentation of Go's `golang.org/x/mod/sumdb/note`.
    const PUBLISHED_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const PUBLISHED_NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_published_note_is_verified() {
        let verifier = PUBLISHED_KEY.parse::<Verifier>().expect("a key");
        assert_eq!(verifier.to_string(), PUBLISHED_KEY);
        let note = SignedNote::parse(PUBLISHED_NOTE).expect("a note");
        assert_eq!(note.to_string(), PUBLISHED_NOTE);
        assert_eq!(verifier.verify(&note), Ok(None));
        let other = SignedNote { text: note.text.replace("your", "our"), ..note };
        assert_eq!(verifier.verify(&other), Err(NoteError::BadSignature("PeterNeumann".into())));
    }

    #[test]
    fn log_and_witness_sign_one_checkpoint() {
        let checkpoint = Checkpoint { origin: "example.org/log".into(), size: 7, root: sha256(b"root") };
        let log = Signer::new("example.org/log", Role::Log, &[1; 32]).expect("a signer");
        let witness = Signer::new("witness.example", Role::Witness, &[2; 32]).expect("a signer");
        let text = checkpoint.to_string();
        let note = SignedNote { signatures: vec![log.sign(&text, 0), witness.sign(&text, 1_700_000_000)], text };
        let note = SignedNote::parse(&note.to_string()).expect("a note");
        assert_eq!(note.checkpoint(log.verifier()), Ok(checkpoint));
        let key = witness.verifier().to_string().parse::<Verifier>().expect("a key");
        assert_eq!(key.verify(&note), Ok(Some(1_700_000_000)));
        let stranger = Signer::new("witness.example", Role::Witness, &[3; 32]).expect("a signer");
        assert_eq!(stranger.verifier().verify(&note), Err(NoteError::NotSigned("witness.example".into())));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for note in [
            "",
            "text\n",
            "text\n\nname c2ln\n",
            "text\n\n\u{2014} name\n",
            "text\n\n\u{2014} name c2ln\n",
            "text\n\n\u{2014} na+me c2lnbg==\n",
        ] {
            assert!(SignedNote::parse(note).is_err(), "{note:?}");
        }
        for text in [
            "log\n5\n",
            "log\n05\nAAAA\n",
            "\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "log\n-1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        ] {
            assert_eq!(Checkpoint::parse(text), Err(NoteError::NotACheckpoint), "{text:?}");
        }
        for key in ["", "a+b", "a+00000000+AQ==", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"] {
            assert!(key.parse::<Verifier>().is_err(), "{key:?}");
        }
        assert!(Signer::new("a b", Role::Log, &[0; 32]).is_err());
    }
}
