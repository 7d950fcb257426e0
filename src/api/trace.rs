//! W3C Trace Context: one identifier for a request, from the caller's log to ours.

use actix_web::http::header::HeaderMap;

/// The trace a request belongs to: 32 lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceId(String);

impl TraceId {
    /// The caller's, from `traceparent` (W3C Trace Context, section 3.2), or a new one.
    pub fn of(headers: &HeaderMap) -> Self {
        let given = headers.get("traceparent").and_then(|value| value.to_str().ok()).and_then(Self::parse);
        given.unwrap_or_else(|| Self(format!("{:032x}", rand::random::<u128>().max(1))))
    }

    fn parse(traceparent: &str) -> Option<Self> {
        let mut parts = traceparent.trim().split('-');
        let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let nonzero = |text: &str| text.bytes().any(|b| b != b'0');
        let sound =
            hex(version, 2) && version != "ff" && hex(trace, 32) && nonzero(trace) && hex(parent, 16) && nonzero(parent) && hex(flags, 2);
        // Version 00 has exactly four fields; later ones may add some.
        let ended = version != "00" || parts.next().is_none();
        (sound && ended).then(|| Self(trace.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sound_traceparent_counts() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        for (text, sound) in [
            (format!("00-{trace}-00f067aa0ba902b7-01"), true),
            (format!("01-{trace}-00f067aa0ba902b7-01-more"), true),
            (format!("00-{trace}-00f067aa0ba902b7-01-more"), false),
            (format!("ff-{trace}-00f067aa0ba902b7-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), false),
            (format!("00-{trace}-0000000000000000-01"), false),
            (format!("00-{}-00f067aa0ba902b7-01", trace.to_uppercase()), false),
            (String::new(), false),
        ] {
            assert_eq!(TraceId::parse(&text).map(|t| t.0), sound.then(|| trace.to_owned()), "{text}");
        }
        assert_eq!(TraceId::of(&HeaderMap::new()).as_str().len(), 32);
    }
}
