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

/// Characters of the secret part of a query code: 40 bits beside the 60 of the case code.
const QUERY_SECRET: usize = 8;

/// What a petitioner asks about progress with: the case code and a part that only the gateway can make from it, e.g.
/// `LJ7K2M9QX4TB3C-8F3K2MQZ`. Whoever merely works with the case code does not have it.
pub fn query_code(query_key: &[u8; 32], case_code: &str) -> String {
    let digest = blake3::keyed_hash(query_key, case_code.as_bytes());
    let secret: String = digest.as_bytes()[..QUERY_SECRET].iter().map(|byte| CROCKFORD[usize::from(byte & 31)] as char).collect();
    format!("{case_code}-{secret}")
}

/// The case code in a query code, if the rest is what belongs to it. Takes as long whatever is wrong with it.
pub fn case_of_query(query_key: &[u8; 32], query: &str) -> Option<String> {
    let written = query.trim().to_ascii_uppercase();
    let case = written.split_once('-').map_or(written.as_str(), |(case, _)| case);
    // BLAKE3's hashes compare in constant time.
    let same = blake3::hash(query_code(query_key, case).as_bytes()) == blake3::hash(written.as_bytes());
    same.then(|| case.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_code_is_made_and_read_with_the_key_only() {
        let (key, case) = ([3; 32], case_code(&[1; 32], "a"));
        let code = query_code(&key, &case);
        assert_eq!(code.len(), 23);
        assert_eq!(case_of_query(&key, &format!(" {} ", code.to_ascii_lowercase())).as_ref(), Some(&case));
        let last = if code.ends_with('0') { "1" } else { "0" };
        for wrong in [&case, &code[..22], &format!("{}{last}", &code[..22]), &format!("{case}-"), "", "-", "LJ000000000000-00000000"] {
            assert_eq!(case_of_query(&key, wrong), None, "{wrong}");
        }
        assert_eq!(case_of_query(&[4; 32], &code), None);
    }

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
