//! Requests and responses as plain data. Nothing here opens a connection.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::error::RequestError;

/// A platform's secrets by the names its manifest gives them. Never printed.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    pub fn new(secrets: BTreeMap<String, String>) -> Self {
        Self(secrets)
    }

    pub fn get(&self, name: &str) -> Result<&str, RequestError> {
        self.0.get(name).map(String::as_str).ok_or_else(|| RequestError::NoSecret(name.to_owned()))
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl FromIterator<(String, String)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a platform gives for a while in exchange for its secrets. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub value: String,
    pub lifetime: Duration,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("lifetime", &self.lifetime).finish_non_exhaustive()
    }
}

/// An HTTP request. Outbound, `target` is relative to the platform's base address and starts with `/`;
/// inbound it is the path and query as received. Its print shows neither query, header values nor body.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The query as sent, without the question mark.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The first value of a query parameter, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        form_pairs(self.query().as_bytes()).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("headers", &headers)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// An HTTP response. Its print does not show the body.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// All values of a header that may be there several times.
    pub fn headers_named(&self, name: &'static str) -> impl Iterator<Item = &str> {
        self.headers.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// `Retry-After` in seconds (RFC 9110, section 10.2.3); the date form is left to the caller's clock and ignored.
    pub fn retry_after(&self) -> Option<Duration> {
        self.header("retry-after")?.trim().parse().ok().map(Duration::from_secs)
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("status", &self.status).field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Decodes `application/x-www-form-urlencoded`; broken escapes are kept as they stand.
pub(super) fn form_pairs(bytes: &[u8]) -> Vec<(String, String)> {
    bytes
        .split(|b| *b == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let at = pair.iter().position(|b| *b == b'=').unwrap_or(pair.len());
            (percent_decode(&pair[..at]), percent_decode(pair.get(at + 1..).unwrap_or_default()))
        })
        .collect()
}

fn percent_decode(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| hex_byte(bytes.get(at + 1..at + 3)?)).flatten();
        match (byte, escaped) {
            (_, Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', None) => out.push(b' '),
            (other, None) => out.push(other),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex_byte(two: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()
}

/// Escapes everything but the unreserved characters of RFC 3986.
pub(super) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Encodes pairs as a query or form body.
pub(super) fn encode_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    pairs.into_iter().map(|(name, value)| format!("{}={}", percent_encode(name), percent_encode(value))).collect::<Vec<_>>().join("&")
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_decode_and_encode() {
        let pairs = form_pairs("a=1&b=%E9%95%BF+%20%zz&c&=x&".as_bytes());
        let expected = [("a", "1"), ("b", "长  %zz"), ("c", ""), ("", "x")];
        assert_eq!(pairs, expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
        assert_eq!(encode_pairs([("名", "a b/+"), ("n", "1")]), "%E5%90%8D=a%20b%2F%2B&n=1");
    }

    #[test]
    fn prints_hide_what_is_secret() {
        let secrets = Secrets::from_iter([("key".to_owned(), "hunter2".to_owned())]);
        let request = Request {
            method: "GET".into(),
            target: "/a?secret=hunter2".into(),
            headers: vec![("x".into(), "hunter2".into())],
            body: b"hunter2".to_vec(),
        };
        let token = AccessToken { value: "hunter2".into(), lifetime: Duration::from_secs(1) };
        assert!(!format!("{secrets:?}{request:?}{token:?}").contains("hunter2"));
    }
}
