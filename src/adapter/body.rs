//! Bodies as JSON values, whatever the platform speaks, and back.

use quick_xml::{Reader, events::Event};
use serde_json::{Map, Value as Json};

use super::{http, manifest::BodyFormat};

/// Elements within elements of an XML body.
const MAX_DEPTH: usize = 32;

/// Reads a body. An empty one is null.
pub(super) fn read(format: BodyFormat, bytes: &[u8]) -> Result<Json, String> {
    if bytes.is_empty() {
        return Ok(Json::Null);
    }
    match format {
        BodyFormat::Json => serde_json::from_slice(bytes).map_err(|e| format!("not JSON, line {} column {}", e.line(), e.column())),
        BodyFormat::Form => Ok(Json::Object(http::form_pairs(bytes).into_iter().map(|(k, v)| (k, Json::String(v))).collect())),
        BodyFormat::Xml => read_xml(bytes),
        BodyFormat::Text => std::str::from_utf8(bytes).map(|text| Json::String(text.to_owned())).map_err(|_| "not UTF-8".to_owned()),
    }
}

/// Writes a body and its media type.
pub(super) fn write(format: BodyFormat, body: &Json) -> (Vec<u8>, &'static str) {
    match format {
        BodyFormat::Json => (body.to_string().into_bytes(), "application/json; charset=utf-8"),
        BodyFormat::Form => {
            let pairs: Vec<(&str, String)> = body.as_object().into_iter().flatten().map(|(k, v)| (k.as_str(), scalar(v))).collect();
            let text = http::encode_pairs(pairs.iter().map(|(k, v)| (*k, v.as_str())));
            (text.into_bytes(), "application/x-www-form-urlencoded")
        }
        BodyFormat::Xml => (format!("<xml>{}</xml>", xml(body)).into_bytes(), "text/xml; charset=utf-8"),
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

fn xml(json: &Json) -> String {
    match json {
        Json::Object(members) => members
            .iter()
            .map(|(name, value)| match value {
                Json::Array(items) => items.iter().map(|item| format!("<{name}>{}</{name}>", xml(item))).collect(),
                value => format!("<{name}>{}</{name}>", xml(value)),
            })
            .collect(),
        Json::Null => String::new(),
        other => quick_xml::escape::escape(scalar(other)).into_owned(),
    }
}

/// An element under construction.
#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Json>,
    text: String,
}

impl Element {
    fn value(self) -> Json {
        if self.members.is_empty() { Json::String(self.text) } else { Json::Object(self.members) }
    }

    /// A repeated name becomes a list.
    fn add(&mut self, name: String, value: Json) {
        match self.members.get_mut(&name) {
            None => {
                self.members.insert(name, value);
            }
            Some(Json::Array(items)) => items.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
}

/// The root element's content: elements as members, attributes as `@name`, text as text. Document types and entities beyond the
/// five of XML are refused, so nothing expands.
fn read_xml(bytes: &[u8]) -> Result<Json, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    loop {
        let at = reader.buffer_position();
        let broken = |_| format!("not well-formed XML near byte {at}");
        match reader.read_event().map_err(|_| broken(()))? {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
                }
                open.push(element(&start).map_err(broken)?);
            }
            Event::Empty(start) => {
                let element = element(&start).map_err(broken)?;
                close(&mut open, element)?;
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(|| broken(()))?;
                close(&mut open, element)?;
            }
            Event::Text(piece) => push(&mut open, &piece.xml10_content()),
            Event::CData(piece) => push(&mut open, &piece.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(|_| broken(()))? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_xml_entity(&reference).ok_or("an entity is not one of XML's five")?.to_owned(),
                };
                push(&mut open, &character);
            }
            Event::DocType(_) => return Err("a document type is not allowed".to_owned()),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    let [root] = <[Element; 1]>::try_from(open).map_err(|_| "an element is not closed".to_owned())?;
    root.members.into_iter().next().map(|(_, value)| value).ok_or_else(|| "no element".to_owned())
}

fn element(start: &quick_xml::events::BytesStart) -> Result<Element, ()> {
    let mut element = Element { name: start.name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| ())?;
        let value = quick_xml::escape::unescape(&attribute.value).map_err(|_| ())?;
        element.members.insert(format!("@{}", attribute.key.as_ref()), Json::String(value.into_owned()));
    }
    Ok(element)
}

fn close(open: &mut [Element], element: Element) -> Result<(), String> {
    let parent = open.last_mut().ok_or_else(|| "an element is closed twice".to_owned())?;
    parent.add(element.name.clone(), element.value());
    Ok(())
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(xml: &str, expected: Result<Json, &str>) {
        assert_eq!(read(BodyFormat::Xml, xml.as_bytes()), expected.map_err(str::to_owned), "{xml}");
    }

    #[test]
    fn xml_becomes_members() {
        check(
            "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><CreateTime>1348831860</CreateTime><Content><![CDATA[a < b]]></Content></xml>",
            Ok(json!({"ToUserName": "gh_1", "CreateTime": "1348831860", "Content": "a < b"})),
        );
        check(
            "<?xml version=\"1.0\"?><a><b c=\"1\">x</b><b>y &amp; &#x4E2D;</b><d/></a>",
            Ok(json!({"b": [{"@c": "1"}, "y & 中"], "d": ""})),
        );
    }

    #[test]
    fn hostile_xml_is_refused() {
        check("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", Err("a document type is not allowed"));
        check("<a>&b;</a>", Err("an entity is not one of XML's five"));
        check("<a><b></a>", Err("not well-formed XML near byte 6"));
        check("<a>", Err("an element is not closed"));
        check("", Ok(Json::Null));
        check("text", Err("no element"));
        let deep = "<a>".repeat(100_000);
        check(&deep, Err("elements are nested more than 32 deep"));
    }

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
