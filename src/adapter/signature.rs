//! Signatures in both directions: what is signed is a template of the manifest.
//!
//! Placeholders: `{method}` `{path}` `{query}` `{body}` `{body_sha256}` `{timestamp}` `{nonce}` `{token}` `{signature}`
//! `{secret:NAME}` `{header:NAME}` `{basic:NAME:NAME}`, the credentials of HTTP's basic scheme (RFC 7617). Two braces stand for one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use sm3::Sm3;

use super::{
    error::{ManifestFault, RequestError},
    http::{Request, Secrets, hex},
    manifest::{Algorithm, Encoding, KeyEncoding, SignatureManifest},
};

/// A text with placeholders.
pub(super) struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Method,
    Path,
    Query,
    Body,
    BodySha256,
    Timestamp,
    Nonce,
    Token,
    Signature,
    Secret(String),
    Header(String),
    Basic(String, String),
}

/// What placeholders stand for.
pub(super) struct Values<'a> {
    pub request: &'a Request,
    pub secrets: &'a Secrets,
    pub timestamp: &'a str,
    pub nonce: &'a str,
    pub token: Option<&'a str>,
    pub signature: &'a str,
}

impl Template {
    pub fn compile(text: &str, pointer: &str, secrets: &[&str]) -> Result<Self, ManifestFault> {
        let fault = |why: String| ManifestFault::new(pointer, why);
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            parts.push(Part::Text(rest[..at].to_owned()));
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                parts.push(Part::Text(brace.to_owned()));
                rest = after;
                continue;
            }
            let (name, after) = match brace {
                "{" => rest.split_once('}').ok_or_else(|| fault("a brace is not closed".to_owned()))?,
                _ => return Err(fault("a brace is closed that was not opened".to_owned())),
            };
            parts.push(part(name, secrets).map_err(fault)?);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    pub fn uses_token(&self) -> bool {
        self.0.contains(&Part::Token)
    }

    pub fn render(&self, values: &Values) -> Result<Vec<u8>, RequestError> {
        let mut out = Vec::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.extend_from_slice(text.as_bytes()),
                Part::Method => out.extend_from_slice(values.request.method.as_bytes()),
                Part::Path => out.extend_from_slice(values.request.path().as_bytes()),
                Part::Query => out.extend_from_slice(values.request.query().as_bytes()),
                Part::Body => out.extend_from_slice(&values.request.body),
                Part::BodySha256 => out.extend_from_slice(hex(&Sha256::digest(&values.request.body)).as_bytes()),
                Part::Timestamp => out.extend_from_slice(values.timestamp.as_bytes()),
                Part::Nonce => out.extend_from_slice(values.nonce.as_bytes()),
                Part::Token => out.extend_from_slice(values.token.ok_or(RequestError::NoToken)?.as_bytes()),
                Part::Signature => out.extend_from_slice(values.signature.as_bytes()),
                Part::Secret(name) => out.extend_from_slice(values.secrets.get(name)?.as_bytes()),
                Part::Basic(user, password) => {
                    let pair = format!("{}:{}", values.secrets.get(user)?, values.secrets.get(password)?);
                    out.extend_from_slice(STANDARD.encode(pair).as_bytes());
                }
                Part::Header(name) => out.extend_from_slice(values.request.header(name).unwrap_or_default().as_bytes()),
            }
        }
        Ok(out)
    }

    pub fn render_text(&self, values: &Values) -> Result<String, RequestError> {
        Ok(String::from_utf8_lossy(&self.render(values)?).into_owned())
    }
}

fn part(name: &str, secrets: &[&str]) -> Result<Part, String> {
    Ok(match name.split_once(':') {
        Some(("secret", secret)) if secrets.contains(&secret) => Part::Secret(secret.to_owned()),
        Some(("secret", secret)) => return Err(format!("the secret {secret} is not declared in /secrets")),
        Some(("basic", pair)) => match pair.split_once(':') {
            Some((user, password)) if secrets.contains(&user) && secrets.contains(&password) => {
                Part::Basic(user.to_owned(), password.to_owned())
            }
            _ => return Err("{basic:USER:PASSWORD} names two secrets that /secrets declares".to_owned()),
        },
        Some(("header", header)) => Part::Header(header.to_owned()),
        _ => match name {
            "method" => Part::Method,
            "path" => Part::Path,
            "query" => Part::Query,
            "body" => Part::Body,
            "body_sha256" => Part::BodySha256,
            "timestamp" => Part::Timestamp,
            "nonce" => Part::Nonce,
            "token" => Part::Token,
            "signature" => Part::Signature,
            _ => return Err(format!("there is no placeholder {{{name}}}")),
        },
    })
}

/// A keyed signature over a template.
pub(super) struct Signature {
    algorithm: Algorithm,
    encoding: Encoding,
    key: String,
    key_encoding: KeyEncoding,
    signed: Template,
}

impl Signature {
    pub fn compile(manifest: &SignatureManifest, pointer: &str, secrets: &[&str]) -> Result<Self, ManifestFault> {
        if !secrets.contains(&manifest.key.as_str()) {
            return Err(ManifestFault::new(format!("{pointer}/key"), format!("the secret {} is not declared in /secrets", manifest.key)));
        }
        Ok(Self {
            algorithm: manifest.algorithm,
            encoding: manifest.encoding,
            key: manifest.key.clone(),
            key_encoding: manifest.key_encoding,
            signed: Template::compile(&manifest.signed, &format!("{pointer}/signed"), secrets)?,
        })
    }

    pub fn sign(&self, values: &Values) -> Result<String, RequestError> {
        let key = self.key(values.secrets)?;
        let message = self.signed.render(values)?;
        let bytes = match self.algorithm {
            Algorithm::HmacSha256 => self.mac::<Hmac<Sha256>>(&key, &message)?.finalize().into_bytes().to_vec(),
            Algorithm::HmacSha1 => self.mac::<Hmac<Sha1>>(&key, &message)?.finalize().into_bytes().to_vec(),
            Algorithm::HmacSm3 => self.mac::<Hmac<Sm3>>(&key, &message)?.finalize().into_bytes().to_vec(),
        };
        Ok(match self.encoding {
            Encoding::Hex => hex(&bytes),
            Encoding::Base64 => STANDARD.encode(bytes),
        })
    }

    /// Compares in constant time.
    pub fn verify(&self, values: &Values, claimed: &str) -> Result<bool, RequestError> {
        let key = self.key(values.secrets)?;
        let message = self.signed.render(values)?;
        let claimed = match self.encoding {
            Encoding::Hex => from_hex(claimed),
            Encoding::Base64 => STANDARD.decode(claimed).ok(),
        };
        let Some(claimed) = claimed else { return Ok(false) };
        Ok(match self.algorithm {
            Algorithm::HmacSha256 => self.mac::<Hmac<Sha256>>(&key, &message)?.verify_slice(&claimed).is_ok(),
            Algorithm::HmacSha1 => self.mac::<Hmac<Sha1>>(&key, &message)?.verify_slice(&claimed).is_ok(),
            Algorithm::HmacSm3 => self.mac::<Hmac<Sm3>>(&key, &message)?.verify_slice(&claimed).is_ok(),
        })
    }

    fn mac<M: Mac + KeyInit>(&self, key: &[u8], message: &[u8]) -> Result<M, RequestError> {
        let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| RequestError::BadSecret(self.key.clone()))?;
        mac.update(message);
        Ok(mac)
    }

    fn key(&self, secrets: &Secrets) -> Result<Vec<u8>, RequestError> {
        let text = secrets.get(&self.key)?;
        match self.key_encoding {
            KeyEncoding::Text => Ok(text.as_bytes().to_vec()),
            KeyEncoding::Base64 => STANDARD.decode(text).map_err(|_| RequestError::BadSecret(self.key.clone())),
        }
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    (text.is_ascii() && text.len().is_multiple_of(2))
        .then(|| text.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()).collect())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> Request {
        Request { method: "POST".into(), target: "/a/b?x=1".into(), headers: vec![("X-Id".into(), "7".into())], body: b"{}".to_vec() }
    }

    #[test]
    fn templates_are_filled() {
        let cases = [
            ("{method} {path}?{query}|{body}", Ok("POST /a/b?x=1|{}")),
            ("{{{timestamp}}}{nonce}{header:x-id}{secret:k}", Ok("{5}n7key")),
            ("Basic {basic:k:k}", Ok("Basic a2V5OmtleQ==")),
            ("{basic:k}", Err("{basic:USER:PASSWORD} names two secrets that /secrets declares")),
            ("{secret:other}", Err("the secret other is not declared in /secrets")),
            ("{boddy}", Err("there is no placeholder {boddy}")),
            ("{body", Err("a brace is not closed")),
            ("body}", Err("a brace is closed that was not opened")),
        ];
        let (request, secrets) = (request(), Secrets::from_iter([("k".to_owned(), "key".to_owned())]));
        let values = Values { request: &request, secrets: &secrets, timestamp: "5", nonce: "n", token: None, signature: "" };
        for (text, expected) in cases {
            let made = Template::compile(text, "/p", &["k"]).map(|t| t.render_text(&values).expect("renders")).map_err(|f| f.problem);
            assert_eq!(made, expected.map(str::to_owned).map_err(str::to_owned), "{text}");
        }
    }

    /// RFC 4231, test case 2; RFC 2202, test case 2; SM3 by OpenSSL.
    #[test]
    fn signatures_fit_published_vectors() {
        let request = Request { body: b"what do ya want for nothing?".to_vec(), ..request() };
        let secrets = Secrets::from_iter([("k".to_owned(), "Jefe".to_owned())]);
        let values = Values { request: &request, secrets: &secrets, timestamp: "", nonce: "", token: None, signature: "" };
        for (algorithm, expected) in [
            (Algorithm::HmacSha256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (Algorithm::HmacSha1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (Algorithm::HmacSm3, "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882"),
        ] {
            let manifest = SignatureManifest {
                algorithm,
                encoding: Encoding::Hex,
                key: "k".into(),
                key_encoding: KeyEncoding::Text,
                signed: "{body}".into(),
            };
            let signature = Signature::compile(&manifest, "", &["k"]).expect("compiles");
            assert_eq!(signature.sign(&values).as_deref(), Ok(expected));
            for (claimed, fits) in
                [(expected, true), (&expected.to_uppercase(), true), ("00", false), ("", false), ("zz", false), ("é", false)]
            {
                assert_eq!(signature.verify(&values, claimed), Ok(fits), "{claimed}");
            }
        }
    }
}
