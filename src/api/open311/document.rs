//! Documents of GeoReport v2: one tree, written as XML or as JSON.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::CACHE_CONTROL},
};
use quick_xml::escape::escape;
use serde_json::{Value, json};

use crate::{
    api::{finish::Verbatim, problem::Problem},
    app::code::Code,
};

/// What an address ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(as = Open311Format, rename_all = "lowercase")]
pub enum Form {
    Xml,
    Json,
}

impl Form {
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "xml" => Some(Self::Xml),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A document: the name of its root in XML, and what is in it.
pub fn answer(form: Form, status: StatusCode, root: &str, content: &Value) -> HttpResponse {
    let (kind, body) = match form {
        Form::Json => ("application/json; charset=utf-8", content.to_string()),
        Form::Xml => {
            let mut xml = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
            element(&mut xml, root, content);
            ("text/xml; charset=utf-8", xml)
        }
    };
    let mut response = HttpResponse::build(status).content_type(kind).insert_header((CACHE_CONTROL, "no-store")).body(body);
    response.extensions_mut().insert(Verbatim);
    response
}

/// An element; a list's items are named in the singular.
fn element(xml: &mut String, name: &str, value: &Value) {
    match value {
        Value::Object(members) => {
            open(xml, name);
            members.iter().for_each(|(name, value)| element(xml, name, value));
            close(xml, name);
        }
        Value::Array(items) => {
            open(xml, name);
            items.iter().for_each(|item| element(xml, singular(name), item));
            close(xml, name);
        }
        Value::Null => {
            xml.push('<');
            xml.push_str(name);
            xml.push_str("/>");
        }
        scalar => {
            open(xml, name);
            match scalar.as_str() {
                Some(text) => xml.push_str(&escape(printable(text))),
                None => xml.push_str(&scalar.to_string()),
            }
            close(xml, name);
        }
    }
}

fn open(xml: &mut String, name: &str) {
    xml.push('<');
    xml.push_str(name);
    xml.push('>');
}

fn close(xml: &mut String, name: &str) {
    xml.push_str("</");
    xml.push_str(name);
    xml.push('>');
}

/// XML 1.0 has no place for most control characters, escaped or not.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r')).collect()
}

fn singular(list: &str) -> &str {
    match list {
        "service_requests" => "request",
        other => other.strip_suffix('s').unwrap_or(other),
    }
}

/// A refusal in GeoReport's own form: 404 for what is not there, 403 for a key that does not do, 400 for the rest.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    errors: Vec<String>,
    cause: Option<Problem>,
}

impl Refusal {
    pub fn bad(description: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, errors: vec![description.into()], cause: None }
    }

    pub fn key(description: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, errors: vec![description.into()], cause: None }
    }

    pub fn missing(description: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, errors: vec![description.into()], cause: None }
    }

    /// Several things wrong with one request.
    pub fn several(errors: Vec<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, errors, cause: None }
    }

    pub fn respond(self, form: Form) -> HttpResponse {
        if let Some(cause) = self.cause.as_ref().and_then(Problem::cause) {
            tracing::error!(error = %cause, "an Open311 request failed");
        }
        let code = self.status.as_u16();
        let errors: Vec<Value> = self.errors.into_iter().map(|description| json!({ "code": code, "description": description })).collect();
        answer(form, self.status, "errors", &Value::Array(errors))
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = match problem.code() {
            Code::Unauthenticated | Code::Forbidden | Code::PlatformKeyRequired => StatusCode::FORBIDDEN,
            Code::NotFound => StatusCode::NOT_FOUND,
            code => StatusCode::from_u16(code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        };
        let status = if status.is_client_error() && status != StatusCode::FORBIDDEN && status != StatusCode::NOT_FOUND {
            StatusCode::BAD_REQUEST
        } else {
            status
        };
        Self { status, errors: vec![problem.to_string()], cause: Some(problem) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tree_is_written_in_both_forms() {
        let tree = json!([{ "service_code": "request", "keywords": "a<b & \"c\"\u{1}", "metadata": true, "group": null }]);
        let mut xml = String::new();
        element(&mut xml, "services", &tree);
        let expected = "<services><service><group/><keywords>a&lt;b &amp; &quot;c&quot;</keywords><metadata>true</metadata>\
                        <service_code>request</service_code></service></services>";
        assert_eq!(xml, expected);
        assert_eq!(singular("service_requests"), "request");
    }
}
