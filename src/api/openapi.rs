//! The OpenAPI 3.1 document, collected from the handlers, and the files the contract is committed as.

use actix_web::App;
use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{
        ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, SecurityRequirement,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
        server::ServerBuilder,
        tag::{Tag, TagBuilder},
    },
};
use utoipa_actix_web::AppExt;

use super::{examples, problem::ProblemBody, responses};
use crate::{
    app::validate::json_schema::{self, refine_components},
    domain::{blind::BlindSubmission, message::Message},
};

/// The version of the contract. It moves when the contract does, not with the package.
pub const VERSION: &str = "1.0.0";

const DESCRIPTION: &str = "Onecase (联件) federates petition platforms that already exist: one exchange format, one canonical case for what one \
petitioner filed on several platforms, and every status and reply back to every platform used.

**Keys.** Every call under `/v1` carries an API key, as `Authorization: Bearer oc_…` or `X-API-Key`. A key has scopes: `submit` files and reads \
one's own, `handle` reports on the cases one has in hand, `monitor` reads the whole federation or one division of it, `audit` reads the audit log's leaves, `review` decides what may be a duplicate, `administer` puts things right. What belongs to \
other platforms is answered 404.

**Refusals** are problems (RFC 9457) with a stable `code`; what is wrong with a body is listed whole in `violations`, each with a JSON Pointer. \
[Every code, and what to do about it](/docs/errors).

**Sending again** is always safe: `source_id`, `update_id` and `Idempotency-Key` make a repeated request answer the first result.

**Lists** come in pages: pass `next_cursor` on as `cursor`, or follow `Link: rel=\"next\"`. Cursors are opaque.

**Times** are RFC 3339 with offset. **Unknown members** are refused. **Traces:** a W3C `traceparent` is taken up; its trace id is in `X-Trace-Id` \
and in every problem.";

/// The document, as it is served and committed.
pub fn document() -> Value {
    let (_, openapi) = App::new().into_utoipa_app().openapi(base()).configure(super::routes).split_for_parts();
    let mut document = serde_json::to_value(openapi).unwrap_or_default();
    refine_components(&mut document);
    refer_to_items(&mut document);
    plain_parameters(&mut document);
    examples::insert(&mut document);
    document["webhooks"] = webhooks();
    document
}

/// What endpoints are sent: no operation of ours, but part of the contract.
fn webhooks() -> Value {
    let header = |name: &str, description: &str| json!({ "name": name, "in": "header", "required": true, "description": description, "schema": { "type": "string" } });
    json!({ "change": { "post": {
        "tags": ["changes"],
        "operationId": "change",
        "summary": "A change, sent to an endpoint",
        "description": "One event after another, each again until it is answered with 2xx, each signed as Standard Webhooks lays down.",
        "security": [],
        "parameters": [
            header("webhook-id", "The event's id, the same on every try"),
            header("webhook-timestamp", "When it was sent, seconds since 1970"),
            header("webhook-signature", "`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64, one for each secret that counts, separated by spaces"),
        ],
        "requestBody": {
            "required": true,
            "content": { "application/cloudevents+json": {
                "schema": { "$ref": "#/components/schemas/ChangeView" },
                "example": examples::told(),
            } },
        },
        "responses": {
            "2XX": { "description": "It is taken" },
            "410": { "description": "The endpoint is no more; nothing is sent to it until it is resumed" },
            "default": { "description": "It is tried again later" },
        },
    } } })
}

/// A list of a generic type carries its items' schema whole; refer to the named one instead.
fn refer_to_items(document: &mut Value) {
    let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") else { return };
    let names: Vec<String> = schemas.keys().cloned().collect();
    for (name, schema) in schemas.iter_mut() {
        let item = name.strip_prefix("Paged_").or_else(|| name.strip_prefix("Listed_"));
        if let (Some(item), Some(items)) =
            (item.filter(|item| names.iter().any(|name| name == item)), schema.pointer_mut("/properties/items/items"))
        {
            *items = json!({ "$ref": format!("#/components/schemas/{item}") });
        }
    }
}

/// A header or query parameter is there or not; it is never `null`.
fn plain_parameters(document: &mut Value) {
    let operations = document["paths"].as_object_mut().into_iter().flat_map(serde_json::Map::values_mut);
    let operations = operations.filter_map(Value::as_object_mut).flat_map(serde_json::Map::values_mut);
    for parameter in operations.filter_map(|operation| operation.get_mut("parameters")).filter_map(Value::as_array_mut).flatten() {
        if let Some(kind) = parameter.pointer_mut("/schema/type")
            && let Some([only]) =
                kind.as_array().map(|kinds| kinds.iter().filter(|kind| *kind != "null").cloned().collect::<Vec<_>>()).as_deref()
        {
            *kind = only.clone();
        }
    }
}

/// The files of the contract: paths below `openapi/` and what must stand in them.
pub fn files() -> Vec<(&'static str, String)> {
    let pretty = |value: Value| serde_json::to_string_pretty(&value).map(|text| text + "\n").unwrap_or_default();
    vec![
        ("onecase.v1.json", pretty(document())),
        ("schemas/submission.schema.json", pretty(json_schema::submission())),
        ("schemas/blind-submission.schema.json", pretty(json_schema::document::<BlindSubmission>("blind-submission", "BlindSubmission"))),
        ("schemas/case-update.schema.json", pretty(json_schema::case_update())),
        ("schemas/message.schema.json", pretty(json_schema::message())),
    ]
}

fn base() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Onecase")
        .version(VERSION)
        .description(Some(DESCRIPTION))
        .contact(Some(ContactBuilder::new().name(Some("The Onecase developers")).build()))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()))
        .build();
    let mut components = ComponentsBuilder::new();
    let mut schemas = Vec::new();
    // What is sent to platforms is part of the contract, though no operation answers with it.
    Message::schemas(&mut schemas);
    ProblemBody::schemas(&mut schemas);
    components = components.schemas_from_iter(schemas).schema_from::<Message>().schema_from::<ProblemBody>();
    components = components.responses_from_iter(responses::components());
    let bearer =
        HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("oc_…").description(Some("An API key of the gateway")).build();
    components = components.security_scheme("bearer", SecurityScheme::Http(bearer)).security_scheme(
        "apiKey",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("X-API-Key", "The same key, where `Authorization` is taken"))),
    );
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("The gateway that serves this document")).build()]))
        .components(Some(components.build()))
        .security(Some([
            SecurityRequirement::new::<_, [&str; 0], _>("bearer", []),
            SecurityRequirement::new::<_, [&str; 0], _>("apiKey", []),
        ]))
        .tags(Some(tags()))
        .build()
}

fn tags() -> Vec<Tag> {
    [
        ("submissions", "Filings (信访件): one filing on one platform, immutable once registered"),
        ("cases", "Cases (信访事项): the canonical case, its history, its filings and why they were linked; status and reply"),
        ("changes", "The change feed: what happens to cases, as CloudEvents, in one sequence"),
        ("federation", "Platforms, bodies, shared matters, the duplicate report, gaps"),
        (
            "oversight",
            "Supervision (网上督), cases that two bodies were given, early warnings (网上判), and how far the federation reaches",
        ),
        ("deliveries", "Deliveries (投递): what is owed to a platform, and every attempt"),
        ("audit", "The audit log (审计日志): what was recorded, and the proofs that nobody altered it"),
        ("callbacks", "Requests in the platforms' own formats"),
        ("open311", "Open311 GeoReport v2, for those that speak it already: a service is a kind of filing, a jurisdiction a platform"),
        ("ogc", "OGC API Features (OGC 17-069r4): cases as GeoJSON for geographic information systems, placed no finer than a grid cell"),
        ("public", "Without a key: a petitioner's case by an unguessable code, and what people are told before they file"),
        ("operation", "Whether the gateway lives and works"),
    ]
    .into_iter()
    .map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// Every operation, with its path and method.
    fn operations(document: &Value) -> Vec<(String, Value)> {
        let paths = document["paths"].as_object().expect("paths");
        let all = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().expect("a path item").iter();
            methods.map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
        });
        all.collect()
    }

    #[test]
    fn every_operation_is_described() {
        let document = document();
        let mut ids = HashSet::new();
        let tags: HashSet<_> = tags().into_iter().map(|tag| tag.name).collect();
        for (name, operation) in operations(&document) {
            let id = operation["operationId"].as_str().expect("an operationId");
            assert!(ids.insert(id.to_owned()), "{name}: {id} is there twice");
            assert!(operation["summary"].as_str().is_some_and(|s| !s.is_empty() && !s.ends_with('.')), "{name} has no summary");
            let tag = operation["tags"][0].as_str().expect("a tag");
            assert!(tags.contains(tag), "{name}: {tag}");
            if tag != "callbacks" {
                assert!(operation["description"].as_str().is_some_and(|d| d.len() > 20), "{name} has no description");
            }
            if !matches!(tag, "callbacks" | "open311" | "public" | "operation") {
                let responses = operation["responses"].as_object().expect("responses");
                assert!(["401", "403", "500"].iter().all(|status| responses.contains_key(*status)), "{name} lacks problems");
            }
        }
        assert!(ids.len() >= 26, "{ids:?}");
    }

    #[test]
    fn references_lead_somewhere() {
        fn walk(value: &Value, document: &Value) {
            match value {
                Value::Object(members) => {
                    if let Some(Value::String(target)) = members.get("$ref") {
                        assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
                    }
                    members.values().for_each(|inner| walk(inner, document));
                }
                Value::Array(items) => items.iter().for_each(|inner| walk(inner, document)),
                _ => {}
            }
        }
        let document = document();
        walk(&document, &document);
    }

    #[test]
    fn objects_that_come_in_are_closed() {
        let document = document();
        for name in [
            "Submission",
            "BlindSubmission",
            "Petitioner",
            "IdDocument",
            "Point",
            "Respondent",
            "Attachment",
            "CaseUpdate",
            "Reply",
            "MergeOrder",
            "SplitOrder",
            "PairOrder",
            "ObjectionOrder",
            "ReviewRequest",
            "Referral",
            "ConflictOrder",
            "SupervisionAnswer",
            "AdoptionOrder",
            "Acknowledgement",
            "ErasureOrder",
            "WebhookOrder",
            "WebhookChange",
            "ReplayOrder",
            "RotateOrder",
        ] {
            assert_eq!(document["components"]["schemas"][name]["additionalProperties"], Value::Bool(false), "{name}");
        }
    }
}
