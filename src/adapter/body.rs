//! Bodies as JSON values, whatever the platform speaks, and back.

use serde_json::{Map, Value as Json};

use super::{
    charset::{self, Charset},
    error::Problem,
    http,
    manifest::BodyFormat,
    xml,
};

/// Reads a body. An empty one is null.
pub(super) fn read(format: BodyFormat, bytes: &[u8], declared: Option<Charset>, media_type: Option<&str>) -> Result<Json, Problem> {
    if bytes.is_empty() {
        return Ok(Json::Null);
    }
    let text = charset::decode(bytes, declared, media_type)?;
    match format {
        BodyFormat::Json => {
            serde_json::from_str(&text).map_err(|e| Problem::Unreadable(format!("not JSON, line {} column {}", e.line(), e.column())))
        }
        BodyFormat::Form => {
            Ok(Json::Object(http::form_pairs(text.as_bytes()).into_iter().map(|(k, v)| (k, Json::String(v))).collect::<Map<_, _>>()))
        }
        BodyFormat::Xml => xml::read(&text),
        BodyFormat::Soap => xml::read_soap(&text),
        BodyFormat::Text => Ok(Json::String(text.into_owned())),
    }
}

/// Writes a body and its media type. SOAP is written by [`xml::Soap`], which knows the service.
pub(super) fn write(format: BodyFormat, body: &Json) -> (Vec<u8>, &'static str) {
    match format {
        BodyFormat::Json => (body.to_string().into_bytes(), "application/json; charset=utf-8"),
        BodyFormat::Form => {
            let pairs: Vec<(&str, String)> = body.as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), scalar(v))).collect();
            let text = http::encode_pairs(pairs.iter().map(|(k, v)| (*k, v.as_str())));
            (text.into_bytes(), "application/x-www-form-urlencoded")
        }
        BodyFormat::Xml | BodyFormat::Soap => (format!("<xml>{}</xml>", xml::write(body)).into_bytes(), "text/xml; charset=utf-8"),
        BodyFormat::Text => (scalar(body).into_bytes(), "text/plain; charset=utf-8"),
    }
}

/// A scalar as it stands in a query, form or header.
pub(super) fn scalar(json: &Json) -> String {
    match json {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bodies_are_written() {
        let body = json!({"a": "长 & b", "n": 1});
        for (format, text) in [
            (BodyFormat::Json, r#"{"a":"长 & b","n":1}"#),
            (BodyFormat::Form, "a=%E9%95%BF%20%26%20b&n=1"),
            (BodyFormat::Xml, "<xml><a>长 &amp; b</a><n>1</n></xml>"),
        ] {
            assert_eq!(String::from_utf8_lossy(&write(format, &body).0), text);
        }
    }
}
