//! Identifiers the gateway gives out.

use chrono::{DateTime, Utc};
use uuid::{NoContext, Timestamp, Uuid};

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A time-ordered identifier (UUID version 7, RFC 9562) for the given moment.
pub fn new_id(now: DateTime<Utc>) -> String {
    let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, now.timestamp_subsec_nanos())).to_string()
}

/// The code of the case that a submission founds, e.g. `LJ7K2M9QX4TB3C`.
///
/// Derived from the founding submission alone, so folding the log again gives the same codes;
/// 60 bits of a keyed hash, so a code cannot be guessed from another.
pub fn case_code(code_key: &[u8; 32], founding_submission: &str) -> String {
    let digest = blake3::keyed_hash(code_key, founding_submission.as_bytes());
    let mut bits = u64::from_le_bytes(digest.as_bytes()[..8].try_into().unwrap_or_default());
    let mut code = String::from("LJ");
    for _ in 0..12 {
        code.push(CROCKFORD[(bits & 31) as usize] as char);
        bits >>= 5;
    }
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_codes_repeat() {
        let earlier = new_id(DateTime::UNIX_EPOCH + chrono::Duration::seconds(1));
        let later = new_id(DateTime::UNIX_EPOCH + chrono::Duration::seconds(2));
        assert!(earlier < later);
        assert_eq!(case_code(&[1; 32], "a"), case_code(&[1; 32], "a"));
        assert_ne!(case_code(&[1; 32], "a"), case_code(&[2; 32], "a"));
        assert_eq!(case_code(&[1; 32], "a").len(), 14);
    }
}
