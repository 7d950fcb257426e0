use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::*;

fn now() -> DateTime<Utc> {
    "2026-03-02T00:00:00Z".parse().expect("a time")
}

fn filing() -> Value {
    json!({
        "source_id": "4301-2026-000123", "channel": "web", "kind": "request", "submitted_at": "2026-03-01T09:30:00+08:00",
        "petitioners": [{ "role": "petitioner", "name": "张三", "id_document": { "type": "resident_id", "number": "11010519491231002X" } }],
        "subject": "楼道堆放杂物", "content": "三单元楼道长期堆放杂物,存在火灾隐患。", "division": "430102",
        "location": { "type": "Point", "coordinates": [112.98, 28.19] }
    })
}

fn update() -> Value {
    json!({ "update_id": "u-1", "reference": { "case": "LJ7K2M9QX4TB3C" }, "status": "accepted", "occurred_at": "2026-03-01T09:30:00+08:00" })
}

/// Sets `pointer` of `base` to `value`; `null` takes the member away.
fn with(mut base: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    let parent = base.pointer_mut(parent).expect("a parent");
    match (parent, value) {
        (Value::Object(map), Value::Null) => drop(map.remove(name)),
        (Value::Object(map), value) => drop(map.insert(name.to_owned(), value)),
        (Value::Array(list), value) => list[name.parse::<usize>().expect("an index")] = value,
        _ => panic!("{pointer} has no parent"),
    }
    base
}

fn found<T>(outcome: Result<T, Violations>) -> Vec<(String, String)> {
    let list = outcome.err().map(|v| v.list).unwrap_or_default();
    list.into_iter()
        .inspect(|v| assert!(v.detail.ends_with(['.', ',']) && v.detail.len() > 10, "{v:?}"))
        .map(|v| (v.code.to_string(), v.pointer))
        .collect()
}

fn check(pointer: &str, value: Value, expected: &[(&str, &str)]) {
    let body = with(filing(), pointer, value);
    let got = found(submission(body.to_string().as_bytes(), now()));
    let got: Vec<_> = got.iter().map(|(code, pointer)| (code.as_str(), pointer.as_str())).collect();
    assert_eq!(got, expected, "{body}");
}

fn check_update(pointer: &str, value: Value, expected: &[(&str, &str)]) {
    let body = with(update(), pointer, value);
    let got = found(case_update(body.to_string().as_bytes(), now()));
    let got: Vec<_> = got.iter().map(|(code, pointer)| (code.as_str(), pointer.as_str())).collect();
    assert_eq!(got, expected, "{body}");
}

#[test]
fn a_sound_filing_passes() {
    let sound = submission(filing().to_string().as_bytes(), now()).expect("sound");
    assert_eq!(sound.people_count, 1);
    for (pointer, value) in [
        ("/extensions", json!({ "x": { "y": [1.0, null] } })),
        ("/people_count", json!(3.0)),
        ("/location", json!({ "type": "Point", "coordinates": [113, 28] })),
        ("/submitted_at", json!("2026-03-02T00:04:59Z")),
        ("/division", json!("430102001")),
        ("/division", json!("000000")),
        ("/petitioners/0/id_document/number", json!("11010519491231002x")),
        ("/petitioners/0/id_document/number", json!("110105491231002")),
        ("/petitioners/0/id_document", json!({ "type": "passport", "number": "E1234567" })),
        ("/subject", json!("")),
        ("/category", json!("城乡建设/安全生产/事故处理")),
        (
            "/attachments",
            json!([{ "name": "照片.jpg", "media_type": "image/jpeg", "sha256": "0".repeat(64), "url": "https://hunan.example/a.jpg" }]),
        ),
    ] {
        check(pointer, value, &[]);
    }
}

#[test]
fn an_optional_member_may_be_null() {
    let mut body = filing();
    body["place"] = Value::Null;
    body["location"] = Value::Null;
    body["petitioners"][0]["phone"] = Value::Null;
    assert_eq!(found(submission(body.to_string().as_bytes(), now())), vec![]);
}

#[test]
fn the_form_of_a_filing_is_checked() {
    check("/colour", json!("red"), &[("unknown_member", "/colour")]);
    check("/petitioners/0/sex", json!("男"), &[("unknown_member", "/petitioners/0/sex")]);
    check("/location/crs", json!(4326), &[("unknown_member", "/location/crs")]);
    check("/a~1b", json!(1), &[("unknown_member", "/a~01b")]);
    check("/content", Value::Null, &[("missing_member", "/content")]);
    check("/petitioners/0/id_document/number", Value::Null, &[("missing_member", "/petitioners/0/id_document/number")]);
    check("/subject", json!(7), &[("invalid_type", "/subject")]);
    check("/place", json!(7), &[("invalid_type", "/place")]);
    check("/location", json!("here"), &[("invalid_type", "/location")]);
    check("/location/coordinates", json!(["112.98", 28.19]), &[("invalid_type", "/location/coordinates/0")]);
    check("/location/coordinates", json!([112.98]), &[("too_few_items", "/location/coordinates")]);
    check("/location/type", json!("Polygon"), &[("unknown_value", "/location/type")]);
    check("/channel", json!("fax"), &[("unknown_value", "/channel")]);
    check("/source_id", json!(""), &[("too_short", "/source_id")]);
    check("/source_id", json!("A\t1"), &[("control_character", "/source_id")]);
    check("/previous_source_id", json!("A\u{7f}1"), &[("control_character", "/previous_source_id")]);
    check("/source_id", json!("x".repeat(129)), &[("too_long", "/source_id")]);
    check("/subject", json!("字".repeat(501)), &[("too_long", "/subject")]);
    check("/people_count", json!(0), &[("number_out_of_range", "/people_count")]);
    check("/people_count", json!(1.5), &[("invalid_type", "/people_count")]);
    check("/petitioners/0/birth_date", json!("1990-02-30"), &[("invalid_date", "/petitioners/0/birth_date")]);
    check("/submitted_at", json!("yesterday"), &[("invalid_time", "/submitted_at")]);
    check("/submitted_at", json!("2026-03-01T09:30:00"), &[("time_without_offset", "/submitted_at")]);
    check("/submitted_at", json!("2026-03-01 09:30:00"), &[("time_without_offset", "/submitted_at")]);
    check("/submitted_at", json!("2026-02-30T09:30:00+08:00"), &[("invalid_time", "/submitted_at")]);
    let attachment = |sha256: &str| json!([{ "name": "a", "media_type": "image/png", "sha256": sha256 }]);
    check("/attachments", attachment("ABC"), &[("invalid_form", "/attachments/0/sha256")]);
}

#[test]
fn the_meaning_of_a_filing_is_checked() {
    check("/submitted_at", json!("2026-03-02T00:05:01Z"), &[("time_in_future", "/submitted_at")]);
    check("/submitted_at", json!("0202-03-01T09:30:00+08:00"), &[("time_too_early", "/submitted_at")]);
    check("/division", json!("439999"), &[("unknown_division", "/division")]);
    check("/division", json!("长沙市"), &[("unknown_division", "/division")]);
    check("/location/coordinates", json!([28.19, 112.98]), &[("coordinates_out_of_range", "/location/coordinates/1")]);
    let number = "/petitioners/0/id_document/number";
    check(number, json!("110105194912310021"), &[("invalid_resident_id_check_digit", number)]);
    check(number, json!("110105194913310021"), &[("invalid_resident_id_birth_date", number)]);
    check(number, json!("1101051949"), &[("invalid_resident_id_form", number)]);
    check(number, json!("  "), &[("blank", number)]);
    check("/petitioners", Value::Null, &[("petitioners_missing", "/petitioners")]);
    check("/petitioners", json!([]), &[("petitioners_missing", "/petitioners")]);
    check("/petitioners", json!([{}]), &[("petitioner_without_identity", "/petitioners/0")]);
    check("/petitioners/0/birth_date", json!("2027-01-01"), &[("birth_date_in_future", "/petitioners/0/birth_date")]);
    check(
        "/anonymous",
        json!(true),
        &[("anonymous_but_identified", "/petitioners/0/id_document"), ("anonymous_but_identified", "/petitioners/0/name")],
    );
    let representatives =
        |count: usize| Value::Array((0..count).map(|i| json!({ "role": "representative", "name": format!("代表{i}") })).collect());
    check("/petitioners", representatives(5), &[]);
    check("/petitioners", representatives(6), &[("too_many_representatives", "/petitioners")]);
    check("/content", json!("  \u{3000}"), &[]);
    check("/previous_source_id", json!("4301-2026-000123"), &[("refers_to_itself", "/previous_source_id")]);
    check("/category", json!("a/b/c/d"), &[("invalid_category", "/category")]);
    check("/category", json!("a//c"), &[("invalid_category", "/category")]);
    check("/place", json!(" "), &[("blank", "/place")]);
    check("/extensions", json!({ "x": "y".repeat(17_000) }), &[("extensions_too_large", "/extensions")]);
    for url in ["ftp://a.example/x", "javascript:alert(1)", "//a.example", "https://", "https:///x", "https://a b"] {
        let list = json!([{ "name": "a", "media_type": "image/png", "sha256": "0".repeat(64), "url": url }]);
        check("/attachments", list, &[("invalid_url", "/attachments/0/url")]);
    }
    let list = json!([{ "name": "a", "media_type": "picture", "sha256": "0".repeat(64) }]);
    check("/attachments", list, &[("invalid_form", "/attachments/0/media_type")]);
}

#[test]
fn an_anonymous_filing_may_have_an_account_or_nobody() {
    for petitioners in [json!([]), json!([{ "account": "oWx-1" }])] {
        let body = with(with(filing(), "/petitioners", petitioners), "/anonymous", json!(true));
        assert_eq!(found(submission(body.to_string().as_bytes(), now())), vec![]);
    }
}

#[test]
fn nothing_filed_and_too_few_counted() {
    let body = with(with(filing(), "/subject", json!(" ")), "/content", json!(""));
    assert_eq!(found(submission(body.to_string().as_bytes(), now())), vec![("empty_filing".into(), "/content".into())]);
    let two = json!([{ "name": "甲" }, { "role": "co_signer", "name": "乙" }]);
    check("/petitioners", two.clone(), &[]);
    let body = with(with(filing(), "/petitioners", two), "/people_count", json!(1));
    assert_eq!(found(submission(body.to_string().as_bytes(), now())), vec![("people_count_too_small".into(), "/people_count".into())]);
}

#[test]
fn every_violation_is_named_at_once_and_no_value() {
    let body = r#"{"source_id":"s","source_id":"s","channel":"fax","kind":"request","submitted_at":"2026-03-01T09:30:00","colour":"red",
        "petitioners":[{"name":"王小明\u0000","id_document":{"type":"resident_id","number":"110105194912310021"}}],
        "subject":"x","content":"y","division":"999999"}"#;
    let refused = submission(body.as_bytes(), now()).expect_err("refused");
    assert_eq!(refused.code, Code::InvalidSubmission);
    let codes: Vec<_> = refused.list.iter().map(|v| v.code.as_str()).collect();
    for code in [
        "duplicate_member",
        "forbidden_character",
        "unknown_value",
        "time_without_offset",
        "unknown_member",
        "invalid_resident_id_check_digit",
        "unknown_division",
    ] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    let said = refused.to_string();
    for secret in ["王小明", "110105194912310021", "red", "999999", "fax"] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn a_body_that_cannot_be_read_has_one_reason() {
    let whole = |bytes: &[u8]| submission(bytes, now()).expect_err("refused");
    for (bytes, code) in [
        (&b""[..], Code::MalformedJson),
        (b"{", Code::MalformedJson),
        (b"{\"source_id\": \"\xff\xfe\"}", Code::InvalidUtf8),
        (b"{\"a\": \"\\ud800\"}", Code::MalformedJson),
    ] {
        let refused = whole(bytes);
        assert_eq!((refused.code, refused.list.len()), (code, 1));
    }
    assert_eq!(whole(&vec![b' '; MAX_BYTES + 1]).code, Code::PayloadTooLarge);
    assert_eq!(whole("[".repeat(1000).as_bytes()).list[0].code, Code::NestedTooDeeply);
    for body in ["null", "[]", "7", "\"x\""] {
        assert_eq!(found(submission(body.as_bytes(), now())), vec![("invalid_type".to_owned(), String::new())], "{body}");
    }
}

#[test]
fn the_number_of_violations_is_bounded() {
    let mut body = filing();
    for index in 0..1000 {
        body[format!("x{index}")] = json!(1);
    }
    let refused = submission(body.to_string().as_bytes(), now()).expect_err("refused");
    assert_eq!((refused.list.len(), refused.more), (MAX_VIOLATIONS, true));
}

#[test]
fn a_case_update_is_checked() {
    check_update("/update_id", json!("u-2"), &[]);
    check_update("/reference", json!({ "receipt": "R-77" }), &[]);
    check_update("/reference", json!({}), &[("unknown_value", "/reference")]);
    check_update("/reference", json!({ "case": "a", "receipt": "b" }), &[("unknown_value", "/reference")]);
    check_update("/reference", json!("LJ7K2M9QX4TB3C"), &[("invalid_type", "/reference")]);
    check_update("/reference", json!({ "case": " " }), &[("blank", "/reference/case")]);
    check_update("/reference", json!({ "case": "x".repeat(200) }), &[("too_long", "/reference/case")]);
    check_update("/status", json!("refused"), &[("reason_missing", "/reason")]);
    check_update("/status", json!("objected"), &[("reason_missing", "/reason")]);
    check_update("/status", json!("answered"), &[("reply_missing", "/reply")]);
    check_update("/status", json!("extended"), &[("approval_missing", "/approved_by")]);
    check_update("/status", json!("done"), &[("unknown_value", "/status")]);
    check_update("/occurred_at", json!("2026-03-01T09:30"), &[("time_without_offset", "/occurred_at")]);
    check_update("/occurred_at", json!("2026-03-03T09:30:00Z"), &[("time_in_future", "/occurred_at")]);
    let reply = |content: &str| json!({ "content": content, "replied_at": "2026-03-01T09:30:00+08:00" });
    check_update("/reply", reply("已清理。"), &[]);
    check_update("/reply", reply(" "), &[("blank", "/reply/content")]);
    let refused = with(with(update(), "/status", json!("refused")), "/reason", json!("不属于本机关职责"));
    assert_eq!(found(case_update(refused.to_string().as_bytes(), now())), vec![]);
}
