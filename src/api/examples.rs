//! Examples for every operation, made from the types they are examples of.

mod alerts;
mod audit;
mod deadlines;
mod exports;
mod indicators;
mod ogc;
mod oversight;
mod public;
mod values;

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    health::Health,
    v1::{Listed, submissions::SubmissionReceipt},
};
use crate::{app::view::*, domain::update::CaseReference};
use values::*;

const CASE: &str = "LJ7K2M9QX4TB3C";
const FILING: &str = "0195512e-97a0-7d4c-9b1e-3f2a5c8d7e10";
const EARLIER: &str = "0195508a-1c40-7f3b-8a2d-6b4c9e1f0d27";
const CURSOR: &str = "kT3n0bXRMjAyNi0wMy0wMVQwMTozMDowMlo";
const DELIVERY: &str = "01955130-0f10-7c5d-a6e4-1b2c3d4e5f60";

/// Puts an example beside every body of the document, in and out.
pub fn insert(document: &mut Value) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(serde_json::Map::values_mut) {
        let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
        if let (Some(example), Some(Value::Object(content))) = (request(&id), operation.pointer_mut("/requestBody/content")) {
            content.values_mut().for_each(|media| media["example"] = example.clone());
        }
        let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { continue };
        for (status, response) in responses {
            let Some(Value::Object(content)) = response.get_mut("content") else { continue };
            for (form, media) in content {
                if let Some(example) = response_in(&id, status, form) {
                    media["example"] = example;
                }
            }
        }
    }
}

/// What an endpoint is sent.
pub fn told() -> Value {
    value(&change())
}

fn request(operation: &str) -> Option<Value> {
    Some(match operation {
        "createSubmission" => value(&submission()),
        "createBlindSubmission" => value(&blind()),
        "createSubmissions" => Value::String(format!("{}\n", value(&submission()))),
        "updateCase" => value(&update(CaseReference::Case(CASE.into()))),
        "reportUpdate" => value(&update(CaseReference::Receipt("XF-2026-0817".into()))),
        "rateCase" => {
            json!({ "rating_id": "PJ-2026-0042", "satisfaction": "satisfied", "comment": "回复及时", "rated_at": "2026-03-21T10:00:00+08:00" })
        }
        "requestReview" => {
            json!({ "request_id": "FC-2026-0007", "reason": "答复未说明为何仍在夜间施工", "requested_at": "2026-03-25T10:00:00+08:00" })
        }
        "decideObjection" => json!({ "decision": "agree", "organization": "furong-office", "reason": "属芙蓉区管辖" }),
        "mergeCase" => json!({ "from": "LJ0000000000AB", "reason": "同一人就同一问题分别在网上和来访反映" }),
        "splitCase" => json!({ "submissions": [FILING], "reason": "反映的是另一栋楼的问题" }),
        "keepCaseApart" | "releaseCase" => json!({ "case": "LJ0000000000AB", "reason": "当事人同名，并非同一人" }),
        "createWebhook" => {
            json!({ "url": "https://petitions.example/hooks", "types": ["onecase.case.replied"], "description": "答复通知" })
        }
        "changeWebhook" => json!({ "paused": false }),
        "rotateWebhookSecret" => json!({ "overlap_seconds": 86_400 }),
        "replayWebhook" => json!({ "since": "2026-03-01T00:00:00Z" }),
        "eraseSubmission" => json!({ "reason": "信访人依法申请删除个人信息" }),
        "open311PostRequest" => json!("api_key=oc_…&service_code=request&address_string=韶山北路&description=路灯不亮"),
        "postCallback" => json!("{\"event\":\"petition.created\"}"),
        "postWechatMessage" => json!("<xml><ToUserName>gh_1</ToUserName></xml>"),
        _ => return oversight::request(operation),
    })
}

/// An answer that comes in several forms has an example of each.
fn response_in(operation: &str, status: &str, form: &str) -> Option<Value> {
    match (operation, form) {
        ("listChanges", "application/cloudevents-batch+json") => Some(json!([change()])),
        ("listChanges", "text/event-stream") => Some(json!(format!("id: {CURSOR}\ndata: {}\n\n", value(&change())))),
        ("open311Discovery", "application/json") => Some(json!({ "contact": "…", "endpoints": [] })),
        ("open311Services", "application/json") => Some(json!([{ "service_code": "request" }])),
        ("open311ServiceDefinition", "application/json") => Some(json!({ "service_code": "request", "attributes": [] })),
        ("open311PostRequest" | "open311Requests" | "open311Request", "application/json") => {
            Some(json!([{ "service_request_id": FILING }]))
        }
        ("open311Token", "application/json") => Some(json!([{ "service_request_id": FILING, "token": FILING }])),
        _ => response_to(operation, status),
    }
}

fn response_to(operation: &str, status: &str) -> Option<Value> {
    Some(match (operation, status) {
        ("createSubmission" | "createBlindSubmission", "202") => {
            value(&SubmissionReceipt { id: FILING.into(), state: SubmissionState::Registered, received_at: at("2026-03-01T01:30:02Z") })
        }
        ("createSubmission" | "getSubmission", "200" | "201") => value(&filing()),
        ("createBlindSubmission", "200" | "201") => value(&SubmissionView { submission: None, blind: true, ..filing() }),
        ("createSubmissions", "200") => value(&batch_result()),
        ("listSubmissions", "200") => page(SubmissionView { submission: None, ..filing() }),
        ("listCaseSubmissions", "200") => listed(SubmissionView { submission: None, ..filing() }),
        (
            "getCase" | "updateCase" | "reportUpdate" | "rateCase" | "requestReview" | "decideObjection" | "mergeCase" | "keepCaseApart"
            | "releaseCase",
            "200",
        )
        | ("splitCase", "201") => value(&case()),
        ("listCases", "200") => page(case()),
        ("listCaseEvents", "200") => page(event()),
        ("listCaseMatches", "200") => listed(decided()),
        ("listCaseRulings", "200") => listed(RulingView {
            id: DELIVERY.into(),
            action: RulingAction::Merge,
            case: CASE.into(),
            other_case: "LJ0000000000AB".into(),
            actor: "01955000-0f10-7c5d-a6e4-1b2c3d4e5f60".into(),
            reason: "同一人就同一问题分别在网上和来访反映".into(),
            decided_at: at("2026-03-02T02:00:00Z"),
        }),
        ("listMatters", "200") => page(matter()),
        ("getMatter", "200") => value(&matter()),
        ("listDuplicates", "200") => page(duplicate()),
        ("countDuplicates", "200") => value(&DuplicateCounts {
            total: 12,
            pairs: vec![PlatformPairCount {
                decision: Decision::Duplicate,
                platform: "mobile".into(),
                other_platform: "hunan".into(),
                count: 12,
            }],
        }),
        ("listPlatforms", "200") => listed(platform()),
        ("getPlatform", "200") => value(&platform()),
        ("listParkedUpdates", "200") => listed(parked_update()),
        ("getReconciliation" | "reconcilePlatform", "200") => value(&reconciliation()),
        ("getDelivery", "200") => value(&DeliveryDetail { delivery: delivery(), attempts: vec![attempt()] }),
        ("requeueDeliveries", "200") => value(&Requeued { requeued: 12 }),
        ("requeueDelivery", "200") => value(&DeliveryView {
            state: DeliveryState::Pending,
            delivered_at: None,
            receipt: None,
            next_attempt_at: Some(at("2026-03-01T02:00:00Z")),
            ..delivery()
        }),
        ("getHealth", "200") => value(&Health { status: "ok".into() }),
        ("getReadiness", "200") => value(&readiness(true)),
        ("getReadiness", "503") => value(&readiness(false)),
        ("postWechatMessage", "200") => json!(""),
        ("verifyWechat", "200") => json!("1410685589"),
        (_, "200") => {
            return audit::response_to(operation)
                .or_else(|| exports::response_to(operation))
                .or_else(|| ogc::response_to(operation))
                .or_else(|| public::response_to(operation))
                .or_else(|| deadlines::response_to(operation))
                .or_else(|| alerts::response_to(operation))
                .or_else(|| indicators::response_to(operation))
                .or_else(|| oversight::response_to(operation))
                .or_else(|| response_of_feed(operation, status));
        }
        _ => return response_of_feed(operation, status),
    })
}

/// Of the change feed, of endpoints, and of Open311 as XML.
fn response_of_feed(operation: &str, status: &str) -> Option<Value> {
    Some(match (operation, status) {
        ("listChanges", "200") => value(&ChangePage { items: vec![change()], next_cursor: CURSOR.into() }),
        ("getChange", "200") => value(&change()),
        ("createWebhook", "201") => value(&webhook_secret(None)),
        ("rotateWebhookSecret", "200") => value(&webhook_secret(Some(at("2026-03-02T02:00:00Z")))),
        ("listWebhooks", "200") => listed(webhook()),
        ("getWebhook" | "changeWebhook", "200") | ("replayWebhook", "202") => value(&webhook()),
        ("testWebhook", "200") => value(&WebhookTestView { delivered: true, http_status: Some(204), error: None, duration_ms: 41 }),
        ("listWebhookDeliveries", "200") => page(webhook_delivery()),
        ("open311Discovery", "200") => json!("<discovery><contact>…</contact></discovery>"),
        ("open311Services", "200") => json!("<services><service><service_code>request</service_code></service></services>"),
        ("open311ServiceDefinition", "200") => {
            json!("<service_definition><service_code>request</service_code><attributes></attributes></service_definition>")
        }
        ("open311PostRequest", "201") | ("open311Requests" | "open311Request", "200") => {
            json!(format!("<service_requests><request><service_request_id>{FILING}</service_request_id></request></service_requests>"))
        }
        ("open311Token", "200") => json!(format!(
            "<service_requests><request><service_request_id>{FILING}</service_request_id><token>{FILING}</token></request></service_requests>"
        )),
        _ => return None,
    })
}

fn value(example: &impl Serialize) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}

fn page(item: impl Serialize) -> Value {
    value(&Paged { items: vec![item], next_cursor: Some(CURSOR.into()) })
}

fn listed(item: impl Serialize) -> Value {
    value(&Listed { items: vec![item] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{api::openapi, app::validate};

    #[test]
    fn examples_pass_our_own_intake() {
        let now = at("2026-04-01T00:00:00Z");
        validate::submission_value(value(&submission()), now).expect("the example filing");
        validate::case_update_value(value(&update(CaseReference::Case(CASE.into()))), now).expect("the example update");
    }

    #[test]
    fn every_body_has_an_example_that_fits_its_schema() {
        let document = openapi::document();
        let mut bodies = 0;
        for (path, item) in document["paths"].as_object().expect("paths") {
            for operation in item.as_object().expect("a path item").values() {
                let contents = [operation.pointer("/requestBody/content")].into_iter().flatten();
                let responses = operation["responses"].as_object().expect("responses").values().filter_map(|r| r.get("content"));
                for (media_type, media) in contents.chain(responses).flat_map(|content| content.as_object().expect("content")) {
                    let example =
                        media.get("example").unwrap_or_else(|| panic!("{} {path} has a body without an example", operation["operationId"]));
                    assert!(!example.to_string().contains("1970-"), "{path}: a time in the example cannot be read");
                    bodies += 1;
                    if [crate::api::v1::batch::MEDIA_TYPE, "text/event-stream"].contains(&media_type.as_str()) && example.is_string() {
                        continue;
                    }
                    let mut schema = media["schema"].clone();
                    schema["components"] = document["components"].clone();
                    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
                    let errors: Vec<_> = validator.iter_errors(example).map(|e| format!("{} at {}", e, e.instance_path())).collect();
                    assert!(errors.is_empty(), "{path}: {errors:?}");
                }
            }
        }
        assert!(bodies > 25, "{bodies}");
    }
}
