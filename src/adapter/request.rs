//! Requests to a platform: their shape, their authentication, and the reading of what comes back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value as Json};

use super::{
    body,
    error::{ManifestFault, MappingError, Problem, RequestError},
    expression::{Engine, Scope},
    http::{Request, Secrets, encode_pairs, hex, percent_encode},
    manifest::{AuthenticationManifest, BodyFormat, RequestManifest, SoapVersion, TimestampUnit},
    mapping::Core,
    shape::{Blank, FieldProblem, Shape, escape},
    signature::{Signature, Template, Values},
    xml::Soap,
};

/// The shape of a request.
pub(super) struct RequestShape {
    method: String,
    path: String,
    path_parameters: Vec<(String, Shape)>,
    query: Vec<(String, Shape)>,
    headers: Vec<(String, Shape)>,
    format: BodyFormat,
    soap: Option<Soap>,
    body: Option<Shape>,
}

impl RequestShape {
    pub fn compile(engine: &Engine, manifest: &RequestManifest, pointer: &str, variables: &[&str]) -> Result<Self, ManifestFault> {
        let named = |members: &Map<String, Json>, part: &str| -> Result<Vec<(String, Shape)>, ManifestFault> {
            members
                .iter()
                .map(|(name, json)| {
                    Ok((name.clone(), Shape::compile(engine, json, &format!("{pointer}/{part}/{}", escape(name)), variables)?))
                })
                .collect()
        };
        let path_parameters = named(&manifest.path_parameters, "path_parameters")?;
        let filled = path_parameters.iter().fold(manifest.path.clone(), |path, (name, _)| path.replace(&format!("{{{name}}}"), ""));
        if filled.contains(['{', '}']) {
            return Err(ManifestFault::new(format!("{pointer}/path"), "a part in braces has no entry in path_parameters"));
        }
        Ok(Self {
            method: manifest.method.clone(),
            path: manifest.path.clone(),
            path_parameters,
            query: named(&manifest.query, "query")?,
            headers: named(&manifest.headers, "headers")?,
            format: manifest.format,
            soap: soap(manifest, pointer)?,
            body: manifest.body.as_ref().map(|json| Shape::compile(engine, json, &format!("{pointer}/body"), variables)).transpose()?,
        })
    }

    /// Which expression makes which field, for reports.
    pub fn expressions(&self, prefix: &str, out: &mut BTreeMap<String, String>) {
        if let Some(body) = &self.body {
            body.expressions(&format!("{prefix}/body"), out);
        }
        for (name, shape) in &self.headers {
            shape.expressions(&format!("{prefix}/headers/{}", escape(name)), out);
        }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// The request, without authentication.
    pub fn make<'a>(&'a self, core: &Core, scope: &mut Scope<'a>, place: &str) -> Result<Request, MappingError> {
        let mut path = self.path.clone();
        for (name, value) in texts(core, scope, place, "path_parameters", &self.path_parameters)? {
            path = path.replace(&format!("{{{name}}}"), &percent_encode(&value));
        }
        let query = texts(core, scope, place, "query", &self.query)?;
        if !query.is_empty() {
            path = format!("{path}?{}", encode_pairs(query.iter().map(|(k, v)| (*k, v.as_str()))));
        }
        let mut headers: Vec<(String, String)> =
            texts(core, scope, place, "headers", &self.headers)?.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if headers.iter().any(|(_, value)| value.contains(['\r', '\n', '\0'])) {
            let problem = FieldProblem::invalid("/headers", "a header value has a line break");
            return Err(core.error(place, problem));
        }
        let mut bytes = Vec::new();
        if let Some(soap) = &self.soap {
            let made = self.body.as_ref().map(|shape| shape.make(&core.engine, scope, Blank::Kept)).transpose();
            let made = made.map_err(|problem| core.error(place, at("/body", problem)))?.flatten();
            bytes = soap.write(&made.unwrap_or_default());
            headers.extend(soap.headers());
        } else if let Some(shape) = &self.body {
            let made = shape.make(&core.engine, scope, Blank::Kept).map_err(|problem| core.error(place, at("/body", problem)))?;
            let (written, media_type) = body::write(self.format, &made.unwrap_or_else(|| Json::Object(Map::new())));
            bytes = written;
            headers.push(("Content-Type".to_owned(), media_type.to_owned()));
        }
        Ok(Request { method: self.method.clone(), target: path, headers, body: bytes })
    }
}

fn soap(manifest: &RequestManifest, pointer: &str) -> Result<Option<Soap>, ManifestFault> {
    match (&manifest.soap, manifest.format) {
        (Some(soap), BodyFormat::Soap) => Ok(Some(Soap {
            version_1_2: soap.version == SoapVersion::V1_2,
            namespace: soap.namespace.clone(),
            operation: soap.operation.clone(),
            action: soap.action.clone(),
        })),
        (None, format) if format != BodyFormat::Soap => Ok(None),
        _ => Err(ManifestFault::new(format!("{pointer}/soap"), "the format soap and the member soap are declared together")),
    }
}

fn texts<'a>(
    core: &Core,
    scope: &mut Scope<'a>,
    place: &str,
    part: &str,
    shapes: &'a [(String, Shape)],
) -> Result<Vec<(&'a str, String)>, MappingError> {
    let mut out = Vec::new();
    for (name, shape) in shapes {
        let pointer = format!("/{part}/{}", escape(name));
        let made = shape.make(&core.engine, scope, Blank::Kept).map_err(|problem| core.error(place, at(&pointer, problem)))?;
        match made {
            None if part == "path_parameters" => {
                return Err(core.error(place, FieldProblem::invalid(&pointer, "a part of the path is absent")));
            }
            None => {}
            Some(Json::Object(_) | Json::Array(_)) => {
                let problem = Problem::Invalid("a text or a number is needed".to_owned());
                return Err(core.error(place, FieldProblem { pointer, expression: None, problem }));
            }
            Some(json) => out.push((name.as_str(), body::scalar(&json))),
        }
    }
    Ok(out)
}

fn at(prefix: &str, mut problem: FieldProblem) -> FieldProblem {
    problem.pointer.insert_str(0, prefix);
    problem
}

/// What every request of a platform carries to be let in.
#[derive(Default)]
pub(super) struct Authentication {
    unit: TimestampUnit,
    headers: Vec<(String, Template)>,
    query: Vec<(String, Template)>,
    signature: Option<Signature>,
}

impl Authentication {
    pub fn compile(manifest: &AuthenticationManifest, secrets: &[&str]) -> Result<Self, ManifestFault> {
        let templates = |members: &BTreeMap<String, String>, part: &str| -> Result<Vec<(String, Template)>, ManifestFault> {
            members
                .iter()
                .map(|(name, text)| {
                    Ok((name.clone(), Template::compile(text, &format!("/authentication/{part}/{}", escape(name)), secrets)?))
                })
                .collect()
        };
        let signature = manifest.signature.as_ref().map(|s| Signature::compile(s, "/authentication/signature", secrets)).transpose()?;
        Ok(Self {
            unit: manifest.timestamp,
            headers: templates(&manifest.headers, "headers")?,
            query: templates(&manifest.query, "query")?,
            signature,
        })
    }

    pub fn uses_token(&self) -> bool {
        self.headers.iter().chain(&self.query).any(|(_, template)| template.uses_token())
    }

    /// Adds query parameters, then signs, then adds headers: a signature covers the address as it is sent.
    pub fn apply(&self, request: &mut Request, secrets: &Secrets, token: Option<&str>, now: DateTime<Utc>) -> Result<(), RequestError> {
        let timestamp = match self.unit {
            TimestampUnit::Seconds => now.timestamp(),
            TimestampUnit::Milliseconds => now.timestamp_millis(),
        }
        .to_string();
        let nonce = nonce(request, now);
        let values = |request: &Request, template: &Template, signature: &str| {
            template.render_text(&Values { request, secrets, timestamp: &timestamp, nonce: &nonce, token, signature })
        };
        for (name, template) in &self.query {
            let value = values(request, template, "")?;
            let mark = if request.target.contains('?') { '&' } else { '?' };
            request.target = format!("{}{mark}{}", request.target, encode_pairs([(name.as_str(), value.as_str())]));
        }
        let signature = match &self.signature {
            Some(signature) => signature.sign(&Values { request, secrets, timestamp: &timestamp, nonce: &nonce, token, signature: "" })?,
            None => String::new(),
        };
        for (name, template) in &self.headers {
            let value = values(request, template, &signature)?;
            request.headers.push((name.clone(), value));
        }
        Ok(())
    }
}

/// Differs between requests and between attempts, which happen at different moments; repeats in tests.
fn nonce(request: &Request, now: DateTime<Utc>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&now.timestamp_nanos_opt().unwrap_or_default().to_le_bytes());
    hasher.update(request.target.as_bytes());
    hasher.update(&request.body);
    hex(&hasher.finalize().as_bytes()[..12])
}
