//! What holds for every body, not only for those somebody thought of.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn now() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().expect("a time")
}

/// Marks every text, so that its repetition in an answer is seen.
const MARK: &str = "秘密";

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(|text| Value::from(format!("{MARK}{text}"))),
        Just(json!("2026-03-01T09:30:00+08:00")),
        Just(json!("11010519491231002X")),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "source_id",
            "channel",
            "kind",
            "submitted_at",
            "petitioners",
            "anonymous",
            "people_count",
            "subject",
            "content",
            "division",
            "location",
            "coordinates",
            "type",
            "id_document",
            "number",
            "role",
            "name",
            "attachments",
            "url",
            "extensions",
            "category",
            "update_id",
            "reference",
            "case",
            "receipt",
            "status",
            "occurred_at",
            "reply",
            "reason",
        ])
        .prop_map(str::to_owned),
        "[a-z~/]{1,6}",
    ]
}

fn body() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((name(), inner), 0..8).prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Violations that lead somewhere and repeat nothing.
fn sound(body: &Value, violations: &Violations) -> Result<(), TestCaseError> {
    prop_assert!(!violations.list.is_empty());
    for violation in &violations.list {
        let (parent, _) = violation.pointer.rsplit_once('/').unwrap_or(("", ""));
        prop_assert!(body.pointer(parent).is_some() || violation.pointer.is_empty(), "{} leads nowhere", violation.pointer);
        prop_assert!(!violation.detail.contains(MARK), "{}", violation.detail);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_body_is_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(submission(&bytes, now()).is_err());
        prop_assert!(case_update(&bytes, now()).is_err());
    }

    #[test]
    fn what_is_said_leads_somewhere_and_repeats_nothing(body in body()) {
        let text = body.to_string();
        if let Err(violations) = submission(text.as_bytes(), now()) {
            sound(&body, &violations)?;
        }
        if let Err(violations) = case_update(text.as_bytes(), now()) {
            sound(&body, &violations)?;
        }
    }

    /// What intake takes comes back the same: nothing is lost on the way through the type.
    #[test]
    fn what_is_taken_comes_back_the_same(subject in "[\\p{Han}a-z ]{1,40}", count in 1u32..1_000_000, latitude in -90.0..90.0, longitude in -180.0..180.0) {
        let body = json!({
            "source_id": "A-1", "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00", "anonymous": true,
            "people_count": count, "subject": subject, "content": "内容", "location": { "type": "Point", "coordinates": [longitude, latitude] }
        });
        let taken = submission(body.to_string().as_bytes(), now()).map_err(|refused| TestCaseError::fail(refused.to_string()))?;
        let back = serde_json::to_value(&taken).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(back, body);
    }
}
