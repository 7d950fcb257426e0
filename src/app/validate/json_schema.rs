//! The JSON Schemas of the exchange format, made from the Rust types.

use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::domain::{message::Message, submission::Submission, update::CaseUpdate};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
const COMPONENTS: &str = "#/components/schemas/";

/// The filing in exchange format v1.
pub fn submission() -> Value {
    document::<Submission>("submission", "Submission")
}

/// What a handling platform reports.
pub fn case_update() -> Value {
    document::<CaseUpdate>("case-update", "CaseUpdate")
}

/// What a platform is sent.
pub fn message() -> Value {
    document::<Message>("message", "Message")
}

/// A self-contained JSON Schema (draft 2020-12): everything referred to is in `$defs`.
pub fn document<T: ToSchema>(name: &str, title: &str) -> Value {
    let mut components = Vec::new();
    T::schemas(&mut components);
    let definitions: Map<String, Value> =
        components.into_iter().map(|(name, schema)| (name, refine(serde_json::to_value(schema).unwrap_or_default()))).collect();
    let mut root = json!({ "$schema": DIALECT, "$id": format!("urn:onecase:v1:{name}"), "title": title });
    if let (Value::Object(root), Value::Object(schema)) = (&mut root, refine(serde_json::to_value(T::schema()).unwrap_or_default())) {
        root.extend(schema);
        root.insert("$defs".to_owned(), Value::Object(definitions));
    }
    local_references(&mut root);
    root
}

fn local_references(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                match value {
                    Value::String(target) if name == "$ref" => *target = target.replace(COMPONENTS, "#/$defs/"),
                    _ => local_references(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(local_references),
        _ => {}
    }
}

/// Brings a schema from the macro to what JSON Schema 2020-12 says and the deserialiser accepts.
///
/// `example` becomes `examples`; integer and number formats, which JSON Schema does not know, go; and an enum variant
/// in the form `{"variant": value}` takes no second member.
pub fn refine(mut schema: Value) -> Value {
    refine_in_place(&mut schema, false);
    schema
}

fn refine_in_place(schema: &mut Value, variant: bool) {
    let Value::Object(members) = schema else { return };
    if let Some(example) = members.remove("example") {
        members.insert("examples".to_owned(), Value::Array(vec![example]));
    }
    if members.get("format").is_some_and(|format| matches!(format.as_str(), Some("int32" | "int64" | "float" | "double"))) {
        members.remove("format");
    }
    let one = |key: &str| match members.get(key) {
        Some(Value::Object(map)) => map.len() == 1,
        Some(Value::Array(list)) => list.len() == 1,
        _ => false,
    };
    if variant && one("properties") && one("required") {
        members.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    for (name, value) in members.iter_mut() {
        match (name.as_str(), value) {
            ("properties" | "$defs", Value::Object(map)) => map.values_mut().for_each(|inner| refine_in_place(inner, false)),
            ("oneOf" | "anyOf" | "allOf" | "prefixItems", Value::Array(list)) => {
                list.iter_mut().for_each(|inner| refine_in_place(inner, name == "oneOf"));
            }
            ("items" | "additionalProperties", inner) => refine_in_place(inner, false),
            _ => {}
        }
    }
}

/// The same refinement for every schema of an OpenAPI document, given as JSON.
pub fn refine_components(document: &mut Value) {
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        schemas.values_mut().for_each(|schema| refine_in_place(schema, false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_stand_on_their_own() {
        for schema in [submission(), case_update(), message()] {
            let text = schema.to_string();
            assert!(!text.contains(COMPONENTS), "{text}");
            assert!(!text.contains("\"example\""), "{text}");
            let validator = jsonschema::draft202012::meta::validate(&schema);
            assert!(validator.is_ok(), "{:?}", validator.err().map(|e| e.to_string()));
        }
    }

    #[test]
    fn a_variant_takes_no_second_member() {
        let schema = case_update();
        let variants = schema.pointer("/$defs/CaseReference/oneOf").and_then(Value::as_array).expect("variants");
        assert!(variants.iter().all(|v| v["additionalProperties"] == Value::Bool(false)));
    }
}
