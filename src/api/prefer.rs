//! The request headers that steer filing: `Prefer` and `Idempotency-Key`.

use std::time::Duration;

use actix_web::http::header::HeaderMap;

use super::problem::{Problem, Reply};
use crate::app::code::Code;

/// The longest wait for a link.
pub const MAX_WAIT: Duration = Duration::from_secs(30);

const MAX_IDEMPOTENCY_KEY: usize = 255;

/// How the caller wants to be answered (RFC 7240).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Nothing said: answer as soon as the filing is durable.
    None,
    /// `respond-async`: the same, asked for.
    Async,
    /// `wait=N`: wait so long for the link.
    Wait(Duration),
}

impl Preference {
    /// Reads `Prefer`; what cannot be read is ignored, as RFC 7240 asks (section 2).
    pub fn of(headers: &HeaderMap) -> Self {
        let mut preference = Self::None;
        let values = headers.get_all("Prefer").filter_map(|value| value.to_str().ok());
        for token in values.flat_map(|value| value.split([',', ';'])).map(str::trim) {
            let (name, value) = token.split_once('=').map_or((token, ""), |(name, value)| (name.trim(), value.trim().trim_matches('"')));
            if name.eq_ignore_ascii_case("wait")
                && let Ok(seconds) = value.parse::<u64>()
            {
                // With `wait`, `respond-async` says what to do afterwards, which is what happens anyway (section 4.3).
                return Self::Wait(Duration::from_secs(seconds).min(MAX_WAIT));
            }
            if name.eq_ignore_ascii_case("respond-async") {
                preference = Self::Async;
            }
        }
        preference
    }

    /// What `Preference-Applied` says.
    pub fn applied(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Async => Some("respond-async".to_owned()),
            Self::Wait(time) => Some(format!("wait={}", time.as_secs())),
        }
    }
}

/// The `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), with or without its quotes.
///
/// # Errors
/// If it is there and cannot be used.
pub fn idempotency_key(headers: &HeaderMap) -> Reply<Option<String>> {
    let mut values = headers.get_all("Idempotency-Key");
    let Some(value) = values.next() else { return Ok(None) };
    let refuse = || {
        let detail = format!(
            "`Idempotency-Key` cannot be used: expected 1 to {MAX_IDEMPOTENCY_KEY} printable ASCII characters, such as a UUID, once."
        );
        Problem::new(Code::InvalidHeader, detail)
    };
    let text = value.to_str().map_err(|_| refuse())?.trim();
    let text = text.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')).unwrap_or(text);
    let sound = (1..=MAX_IDEMPOTENCY_KEY).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b)) && !text.contains('"');
    if !sound || values.next().is_some() {
        return Err(refuse());
    }
    Ok(Some(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
        }
        map
    }

    #[test]
    fn preferences_are_read() {
        let wait = |seconds| Preference::Wait(Duration::from_secs(seconds));
        for (value, expected) in [
            ("", Preference::None),
            ("wait=5", wait(5)),
            ("Wait = \"5\"", wait(5)),
            ("respond-async, wait=10", wait(10)),
            ("wait=3600", wait(30)),
            ("wait=soon", Preference::None),
            ("respond-async", Preference::Async),
            ("handling=lenient; respond-async", Preference::Async),
        ] {
            assert_eq!(Preference::of(&headers("prefer", &[value])), expected, "{value}");
        }
        assert_eq!(wait(30).applied().as_deref(), Some("wait=30"));
    }

    #[test]
    fn an_idempotency_key_is_plain() {
        let check = |values: &[&str]| idempotency_key(&headers("idempotency-key", values)).ok().flatten();
        assert_eq!(check(&["\"8e03978e\""]).as_deref(), Some("8e03978e"));
        assert_eq!(check(&["8e03978e"]).as_deref(), Some("8e03978e"));
        for bad in [&[""][..], &["\"\""], &["a\"b"], &["a", "b"], &[&"x".repeat(256)]] {
            assert!(idempotency_key(&headers("idempotency-key", bad)).is_err(), "{bad:?}");
        }
        assert_eq!(check(&[]), None);
    }
}
