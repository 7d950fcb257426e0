//! Bytes to a JSON value, refusing what a JSON parser lets through: members that are there twice, nesting without
//! end, and U+0000, which PostgreSQL cannot store.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::{Collector, Pointer};
use crate::app::code::Code;

/// How many objects and arrays may lie inside each other.
pub const MAX_DEPTH: usize = 16;

/// Why there is no value at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanError {
    #[error("nested too deeply")]
    Depth,
    #[error("not JSON at line {}, column {}", .0.line(), .0.column())]
    Syntax(#[source] serde_json::Error),
}

/// Parses `text` (RFC 8259) and puts what is wrong with the value into `found`. A byte order mark is ignored.
///
/// # Errors
/// If the text is not JSON or is nested deeper than [`MAX_DEPTH`]; the latter is also put into `found`.
pub(super) fn scan(text: &str, found: &mut Collector) -> Result<Value, ScanError> {
    let mut deserializer = serde_json::Deserializer::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut state = State { pointer: Pointer::default(), depth: 0, too_deep: false, found };
    let outcome = Node(&mut state).deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    match outcome {
        Ok(value) => Ok(value),
        Err(_) if state.too_deep => Err(ScanError::Depth),
        Err(error) => Err(ScanError::Syntax(error)),
    }
}

/// What [`scan`] finds wrong with the texts of a value that did not come through it.
pub(super) fn scanned(value: &Value) -> Collector {
    let mut found = Collector::default();
    State { pointer: Pointer::default(), depth: 0, too_deep: false, found: &mut found }.check_texts(value);
    found
}

struct State<'f> {
    pointer: Pointer,
    depth: usize,
    too_deep: bool,
    found: &'f mut Collector,
}

impl State<'_> {
    fn check_text(&mut self, text: &str) {
        if text.contains('\0') {
            self.found.add(Code::ForbiddenCharacter, self.pointer.to_string(), "Remove the character U+0000 from the text.");
        }
    }

    fn check_texts(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.check_text(text),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.pointer.push_index(index);
                    self.check_texts(item);
                    self.pointer.pop();
                }
            }
            Value::Object(members) => {
                for (name, item) in members {
                    self.pointer.push(name);
                    self.check_text(name);
                    self.check_texts(item);
                    self.pointer.pop();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.too_deep = true;
            let detail = format!("Flatten the value: at most {MAX_DEPTH} levels of objects and lists are read.");
            self.found.add(Code::NestedTooDeeply, self.pointer.to_string(), detail);
            return Err(E::custom("nested too deeply"));
        }
        Ok(())
    }
}

/// Reads one value at the state's pointer.
struct Node<'s, 'f>(&'s mut State<'f>);

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        self.0.check_text(value);
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let state = self.0;
        state.enter()?;
        let mut list = Vec::new();
        loop {
            state.pointer.push_index(list.len());
            let item = items.next_element_seed(Node(state))?;
            state.pointer.pop();
            let Some(item) = item else { break };
            list.push(item);
        }
        state.depth -= 1;
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let state = self.0;
        state.enter()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            state.pointer.push(&name);
            state.check_text(&name);
            let value = members.next_value_seed(Node(state))?;
            if map.contains_key(&name) {
                state.found.add(Code::DuplicateMember, state.pointer.to_string(), "This member is there more than once; keep one of them.");
            }
            state.pointer.pop();
            map.insert(name, value);
        }
        state.depth -= 1;
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Code, &str)]) {
        let mut found = Collector::default();
        let _ = scan(text, &mut found);
        let got: Vec<_> = found.list.iter().map(|v| (v.code, v.pointer.as_str())).collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn what_a_parser_lets_through_is_found() {
        check(r#"{"a":[1,2.5,"x",null,true,-3]}"#, &[]);
        check(r#"{"a":1,"b":{"c":1,"c":2,"c":3}}"#, &[(Code::DuplicateMember, "/b/c")]);
        check(r#"{"a/b~":1,"a/b~":2}"#, &[(Code::DuplicateMember, "/a~1b~0")]);
        check(r#"["ok","\u0000"]"#, &[(Code::ForbiddenCharacter, "/1")]);
        check(&format!("{}{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH)), &[]);
        let pointer = "/0".repeat(MAX_DEPTH);
        check(&format!("{}{}", "[".repeat(MAX_DEPTH + 1), "]".repeat(MAX_DEPTH + 1)), &[(Code::NestedTooDeeply, pointer.as_str())]);
        check(&"[".repeat(100_000), &[(Code::NestedTooDeeply, pointer.as_str())]);
    }

    #[test]
    fn a_value_is_held_to_the_same_texts() {
        let value = serde_json::json!({ "a": ["ok", "no\0"], "b\0": { "c": 1 } });
        let got: Vec<_> = scanned(&value).list.into_iter().map(|v| (v.code, v.pointer)).collect();
        assert_eq!(got, [(Code::ForbiddenCharacter, "/a/1".to_owned()), (Code::ForbiddenCharacter, "/b\0".to_owned())]);
    }

    #[test]
    fn what_is_not_json_has_a_place() {
        for (text, line, column) in [("", 1, 0), ("{\"a\":1,}", 1, 8), ("{\n\"a\": trx\n}", 2, 8), ("{} x", 1, 4), ("1e999", 1, 5)] {
            match scan(text, &mut Collector::default()) {
                Err(ScanError::Syntax(error)) => assert_eq!((error.line(), error.column()), (line, column), "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(scan("\u{feff}{}", &mut Collector::default()).is_ok());
    }
}
