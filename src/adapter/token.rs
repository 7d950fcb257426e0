//! Access tokens: secrets given for a token that lives for a while and has one holder.

use std::time::Duration;

use serde_json::Value as Json;

use super::{
    body,
    error::{ManifestFault, PageError, Problem, RequestError},
    expression::{Engine, Expression},
    http::{AccessToken, Request, Response, Secrets, encode_pairs},
    manifest::{BodyFormat, TokenManifest},
    mapping::Core,
    outcome::{self, Outcome, Rule},
    shape::escape,
    signature::{Template, Values},
};

/// A token is never held for longer than this, whatever the platform says.
const MAX_LIFETIME: u64 = 7 * 24 * 3_600;

pub(super) struct TokenExchange {
    method: String,
    path: String,
    query: Vec<(String, Template)>,
    headers: Vec<(String, Template)>,
    form: Vec<(String, Template)>,
    token: Expression,
    lifetime: Expression,
}

const PLACE: &str = "access token";

impl TokenExchange {
    pub fn compile(engine: &Engine, manifest: &TokenManifest, secrets: &[&str]) -> Result<Self, ManifestFault> {
        let pointer = "/authentication/access_token";
        let templates = |members: &std::collections::BTreeMap<String, String>,
                         part: &str|
         -> Result<Vec<(String, Template)>, ManifestFault> {
            members
                .iter()
                .map(|(name, text)| Ok((name.clone(), Template::compile(text, &format!("{pointer}/{part}/{}", escape(name)), secrets)?)))
                .collect()
        };
        Ok(Self {
            method: manifest.method.clone(),
            path: manifest.path.clone(),
            query: templates(&manifest.query, "query")?,
            headers: templates(&manifest.headers, "headers")?,
            form: templates(&manifest.form, "form")?,
            token: engine.compile(&manifest.token, &format!("{pointer}/token"), &outcome::VARIABLES)?,
            lifetime: engine.compile(&manifest.lifetime_seconds, &format!("{pointer}/lifetime_seconds"), &outcome::VARIABLES)?,
        })
    }

    pub fn request(&self, secrets: &Secrets) -> Result<Request, RequestError> {
        let mut request = Request { method: self.method.clone(), target: self.path.clone(), headers: Vec::new(), body: Vec::new() };
        let values = Values { request: &request, secrets, timestamp: "", nonce: "", token: None, signature: "" };
        let render = |templates: &[(String, Template)]| -> Result<String, RequestError> {
            let pairs: Result<Vec<(String, String)>, RequestError> =
                templates.iter().map(|(name, template)| Ok((name.clone(), template.render_text(&values)?))).collect();
            Ok(encode_pairs(pairs?.iter().map(|(k, v)| (k.as_str(), v.as_str()))))
        };
        let mut headers = Vec::new();
        for (name, template) in &self.headers {
            headers.push((name.clone(), template.render_text(&values)?));
        }
        let (query, form) = (render(&self.query)?, render(&self.form)?);
        request.headers = headers;
        if !query.is_empty() {
            request.target = format!("{}?{query}", self.path);
        }
        if !form.is_empty() {
            request.body = form.into_bytes();
            request.headers.push(("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
        }
        Ok(request)
    }

    pub fn response(&self, core: &Core, rules: &[Rule], response: &Response) -> Result<AccessToken, PageError> {
        let body = body::read(BodyFormat::Json, &response.body, None, response.header("content-type")).unwrap_or_default();
        let scope = outcome::scope(response, &body);
        let value = core.engine.evaluate(&self.token, &scope).ok().flatten();
        let Some(Json::String(value)) = value.filter(|_| (200..300).contains(&response.status)) else {
            return Err(match outcome::classify(&core.engine, rules.iter(), &scope, response) {
                Outcome::Retry { after, reason } => PageError::Retry { after, reason },
                Outcome::Rejected { code, reason } => PageError::Rejected { code, reason },
                Outcome::Otherwise { reason } => PageError::Rejected { code: response.status.to_string(), reason },
                // Said to a request that carries no token, it means the secrets.
                Outcome::TokenExpired => {
                    PageError::Rejected { code: response.status.to_string(), reason: "the secrets are not accepted".to_owned() }
                }
                Outcome::Delivered { .. } => core.problem(PLACE, Problem::Invalid("the answer has no token".to_owned())).into(),
            });
        };
        let seconds = core.value(PLACE, "/lifetime_seconds", &self.lifetime, &scope)?.and_then(|json| json.as_u64());
        let Some(seconds) = seconds else {
            return Err(core.problem(PLACE, Problem::Invalid("the lifetime is not a number of seconds".to_owned())).into());
        };
        Ok(AccessToken { value, lifetime: Duration::from_secs(seconds.min(MAX_LIFETIME)) })
    }
}
