//! XML as the value tree that mappings read, and back; SOAP 1.1 and 1.2 around it.
//!
//! Elements become members, a repeated name a list, attributes `@name`; the text of an element that has attributes or children
//! as well is `#text`. Document types and entities beyond the five of XML are refused, so nothing expands, and depth and
//! number of elements are bounded.
//!
//! Written, a member `#` holds a list of objects whose elements follow one another in the list's order: services of the older
//! kind read theirs in the order of their schema.

use quick_xml::{
    Reader,
    escape::{escape, resolve_xml_entity, unescape},
    events::{BytesStart, Event},
};
use serde_json::{Map, Value as Json, json};

use super::{body::scalar, error::Problem};

/// Elements within elements.
const MAX_DEPTH: usize = 32;
/// Elements and attributes of one body: each takes far more memory than the few bytes it is written with.
const MAX_NODES: usize = 200_000;

/// The name of an element's own text beside attributes or children.
const TEXT: &str = "#text";
/// The name of elements that keep the order they are written in.
const SEQUENCE: &str = "#";

const ENVELOPE_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ENVELOPE_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";

/// How names and attributes are taken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    AsWritten,
    /// Without prefixes and attributes, which SOAP services choose as their libraries please; `xsi:nil` makes null.
    Local,
}

/// The root element's content.
pub(super) fn read(text: &str) -> Result<Json, Problem> {
    tree(text, Names::AsWritten).map(|(_, content)| content)
}

/// What a SOAP body holds: the content of its one element, or `{fault: {code, reason}}`.
pub(super) fn read_soap(text: &str) -> Result<Json, Problem> {
    let unreadable = |why: &str| Problem::Unreadable(why.to_owned());
    let (root, mut envelope) = tree(text, Names::Local)?;
    if root != "Envelope" {
        return Err(unreadable("the root element is not a SOAP envelope"));
    }
    let body = envelope.get_mut("Body").map(Json::take).ok_or_else(|| unreadable("the SOAP envelope has no body"))?;
    let Json::Object(members) = body else { return Ok(Json::Null) };
    match members.into_iter().next() {
        Some((name, fault)) if name == "Fault" => Ok(json!({"fault": fault_of(&fault)})),
        Some((_, content)) => Ok(content),
        None => Ok(Json::Null),
    }
}

/// Version 1.1 says `faultcode` and `faultstring`, 1.2 `Code/Value` and `Reason/Text`. Prefixes of codes are dropped.
fn fault_of(fault: &Json) -> Json {
    let text = |old: &str, new: &str| fault.get(old).or_else(|| fault.pointer(new)).and_then(Json::as_str).unwrap_or_default();
    let code = fault.pointer("/Code/Subcode/Value").and_then(Json::as_str).unwrap_or_else(|| text("faultcode", "/Code/Value"));
    let code = code.rsplit(':').next().unwrap_or_default().trim();
    let detail = fault.get("detail").or_else(|| fault.get("Detail")).cloned().unwrap_or_default();
    json!({"code": code, "reason": text("faultstring", "/Reason/Text"), "detail": detail})
}

/// An element under construction.
#[derive(Default)]
struct Element {
    name: String,
    members: Map<String, Json>,
    text: String,
    nil: bool,
}

impl Element {
    fn value(mut self) -> Json {
        if self.nil {
            return Json::Null;
        }
        if self.members.is_empty() {
            return Json::String(self.text);
        }
        if !self.text.trim().is_empty() {
            self.members.insert(TEXT.to_owned(), Json::String(self.text));
        }
        Json::Object(self.members)
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

/// The name and the content of the root element.
fn tree(text: &str, names: Names) -> Result<(String, Json), Problem> {
    let mut reader = Reader::from_str(text);
    let mut open = vec![Element::default()];
    let mut nodes = 0_usize;
    loop {
        let at = reader.buffer_position();
        let broken = || Problem::Unreadable(format!("not well-formed XML near byte {at}"));
        match reader.read_event().map_err(|_| broken())? {
            Event::Start(start) => {
                if open.len() > MAX_DEPTH {
                    return Err(Problem::ForbiddenXml(format!("elements are nested more than {MAX_DEPTH} deep")));
                }
                open.push(element(&start, names, &mut nodes)?.ok_or_else(broken)?);
            }
            Event::Empty(start) => {
                let element = element(&start, names, &mut nodes)?.ok_or_else(broken)?;
                close(&mut open, element).ok_or_else(broken)?;
            }
            Event::End(_) => {
                let element = open.pop().ok_or_else(broken)?;
                close(&mut open, element).ok_or_else(broken)?;
            }
            Event::Text(piece) => push(&mut open, &piece.xml10_content()),
            Event::CData(piece) => push(&mut open, &piece.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = match reference.resolve_char_ref().map_err(|_| broken())? {
                    Some(character) => character.to_string(),
                    None => resolve_xml_entity(&reference)
                        .ok_or_else(|| Problem::ForbiddenXml("an entity is not one of XML's five".to_owned()))?
                        .to_owned(),
                };
                push(&mut open, &character);
            }
            Event::DocType(_) => return Err(Problem::ForbiddenXml("a document type is not allowed".to_owned())),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    let unreadable = |why: &str| Problem::Unreadable(why.to_owned());
    let [root] = <[Element; 1]>::try_from(open).map_err(|_| unreadable("an element is not closed"))?;
    root.members.into_iter().next().ok_or_else(|| unreadable("no element"))
}

/// `None` if it is not well-formed.
fn element(start: &BytesStart, names: Names, nodes: &mut usize) -> Result<Option<Element>, Problem> {
    let name = if names == Names::Local { start.local_name().as_ref().to_owned() } else { start.name().as_ref().to_owned() };
    let mut element = Element { name, ..Element::default() };
    *nodes += 1;
    for attribute in start.attributes() {
        *nodes += 1;
        let Ok(attribute) = attribute else { return Ok(None) };
        let Ok(value) = unescape(&attribute.value) else { return Ok(None) };
        if names == Names::Local {
            element.nil |= attribute.key.local_name().as_ref() == "nil" && matches!(value.as_ref(), "true" | "1");
        } else {
            element.members.insert(format!("@{}", attribute.key.as_ref()), Json::String(value.into_owned()));
        }
    }
    if *nodes > MAX_NODES {
        return Err(Problem::ForbiddenXml(format!("there are more than {MAX_NODES} elements")));
    }
    Ok(Some(element))
}

fn close(open: &mut [Element], element: Element) -> Option<()> {
    let name = element.name.clone();
    open.last_mut()?.add(name, element.value());
    Some(())
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// A SOAP service's manner.
pub(super) struct Soap {
    pub version_1_2: bool,
    pub namespace: String,
    pub operation: String,
    pub action: String,
}

impl Soap {
    /// The envelope around an operation's parameters.
    pub fn write(&self, parameters: &Json) -> Vec<u8> {
        let envelope = if self.version_1_2 { ENVELOPE_1_2 } else { ENVELOPE_1_1 };
        let (operation, namespace) = (&self.operation, escape(self.namespace.as_str()));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"{envelope}\"><soap:Body>\
             <m:{operation} xmlns:m=\"{namespace}\">{}</m:{operation}></soap:Body></soap:Envelope>",
            write(parameters)
        )
        .into_bytes()
    }

    /// Media type and, for version 1.1, the `SOAPAction` header (SOAP 1.1, section 6.1.1); 1.2 has it in the media type.
    pub fn headers(&self) -> Vec<(String, String)> {
        let media_type = "Content-Type".to_owned();
        if self.version_1_2 {
            return vec![(media_type, format!("application/soap+xml; charset=utf-8; action=\"{}\"", self.action))];
        }
        vec![(media_type, "text/xml; charset=utf-8".to_owned()), ("SOAPAction".to_owned(), format!("\"{}\"", self.action))]
    }
}

/// The content of an element.
pub(super) fn write(json: &Json) -> String {
    match json {
        Json::Object(members) => members.iter().map(|(name, value)| member(name, value)).collect(),
        Json::Array(items) => items.iter().map(write).collect(),
        Json::Null => String::new(),
        other => escape(scalar(other)).into_owned(),
    }
}

fn member(name: &str, value: &Json) -> String {
    match (name, value) {
        (SEQUENCE | TEXT, value) => write(value),
        (name, _) if name.starts_with('@') => String::new(),
        (name, Json::Array(items)) => items.iter().map(|item| member(name, item)).collect(),
        (name, value) => format!("<{name}{}>{}</{name}>", attributes(value), write(value)),
    }
}

fn attributes(value: &Json) -> String {
    let members = value.as_object().into_iter().flatten();
    members.filter_map(|(name, value)| Some(format!(" {}=\"{}\"", name.strip_prefix('@')?, escape(scalar(value))))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(xml: &str, expected: Result<Json, &str>) {
        assert_eq!(read(xml).map_err(|problem| problem.to_string()), expected.map_err(str::to_owned), "{xml:.80}");
    }

    #[test]
    fn xml_becomes_members() {
        check(
            "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><CreateTime>1348831860</CreateTime><Content><![CDATA[a < b]]></Content></xml>",
            Ok(json!({"ToUserName": "gh_1", "CreateTime": "1348831860", "Content": "a < b"})),
        );
        check(
            "<?xml version=\"1.0\"?><a><b c=\"1\">x</b><b>y &amp; &#x4E2D;</b><d/></a>",
            Ok(json!({"b": [{"@c": "1", "#text": "x"}, "y & 中"], "d": ""})),
        );
    }

    #[test]
    fn hostile_xml_is_refused() {
        check("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", Err("the XML is refused: a document type is not allowed"));
        check("<a>&b;</a>", Err("the XML is refused: an entity is not one of XML's five"));
        check("<a><b></a>", Err("the record cannot be read: not well-formed XML near byte 6"));
        check("<a>", Err("the record cannot be read: an element is not closed"));
        check("text", Err("the record cannot be read: no element"));
        check(&"<a>".repeat(100_000), Err("the XML is refused: elements are nested more than 32 deep"));
        check(&format!("<a>{}</a>", "<b/>".repeat(200_001)), Err("the XML is refused: there are more than 200000 elements"));
    }

    #[test]
    fn envelopes_are_opened() {
        let envelope = |body: &str| {
            format!(
                "<s:Envelope xmlns:s=\"{ENVELOPE_1_1}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><s:Header/><s:Body>{body}</s:Body></s:Envelope>"
            )
        };
        let cases = [
            (
                envelope("<n:r xmlns:n=\"u\"><n:a xsi:type=\"xsd:string\">x</n:a><b xsi:nil=\"true\"/></n:r>"),
                Ok(json!({"a": "x", "b": null})),
            ),
            (
                envelope("<s:Fault><faultcode>s:Server.Busy</faultcode><faultstring>忙</faultstring></s:Fault>"),
                Ok(json!({"fault": {"code": "Server.Busy", "reason": "忙", "detail": null}})),
            ),
            (
                envelope(
                    "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang=\"zh\">错</s:Text></s:Reason></s:Fault>",
                ),
                Ok(json!({"fault": {"code": "Sender", "reason": "错", "detail": null}})),
            ),
            (envelope(""), Ok(Json::Null)),
            ("<html/>".to_owned(), Err("the record cannot be read: the root element is not a SOAP envelope")),
        ];
        for (text, expected) in cases {
            assert_eq!(read_soap(&text).map_err(|p| p.to_string()), expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn elements_are_written_in_order() {
        let body = json!({"#": [{"z": 1}, {"a": {"@t": "x", "#text": "<"}}, {"l": [1, 2]}]});
        assert_eq!(write(&body), "<z>1</z><a t=\"x\">&lt;</a><l>1</l><l>2</l>");
    }
}
