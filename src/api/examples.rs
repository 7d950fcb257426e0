//! Examples for every operation, made from the types they are examples of.

use chrono::{DateTime, FixedOffset, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    health::Health,
    problem::Problem,
    v1::{Listed, batch::BatchResult, submissions::SubmissionReceipt},
};
use crate::{
    app::{code::Code, view::*},
    domain::{
        blind::BlindSubmission,
        case::CaseStatus,
        division::Level,
        matter::Trend,
        message::{CaseSummary, MessageKind, OrganizationReference},
        organization::GapReason,
        platform::PlatformKind,
        submission::*,
        update::{CaseReference, CaseUpdate, Reply},
    },
};

const CASE: &str = "LJ7K2M9QX4TB3C";
const FILING: &str = "0195512e-97a0-7d4c-9b1e-3f2a5c8d7e10";
const EARLIER: &str = "0195508a-1c40-7f3b-8a2d-6b4c9e1f0d27";
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
            if let (Some(example), Some(Value::Object(content))) = (response_to(&id, status), response.get_mut("content")) {
                content.values_mut().for_each(|media| media["example"] = example.clone());
            }
        }
    }
}

fn request(operation: &str) -> Option<Value> {
    Some(match operation {
        "createSubmission" => value(&submission()),
        "createBlindSubmission" => value(&blind()),
        "createSubmissions" => Value::String(format!("{}\n", value(&submission()))),
        "updateCase" => value(&update(CaseReference::Case(CASE.into()))),
        "reportUpdate" => value(&update(CaseReference::Receipt("XF-2026-0817".into()))),
        "mergeCase" => json!({ "from": "LJ0000000000AB", "reason": "同一人就同一问题分别在网上和来访反映" }),
        "splitCase" => json!({ "submissions": [FILING], "reason": "反映的是另一栋楼的问题" }),
        "keepCaseApart" | "releaseCase" => json!({ "case": "LJ0000000000AB", "reason": "当事人同名，并非同一人" }),
        "postCallback" => json!("{\"event\":\"petition.created\"}"),
        "postWechatMessage" => json!("<xml><ToUserName>gh_1</ToUserName></xml>"),
        _ => return None,
    })
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
        ("getCase" | "updateCase" | "reportUpdate" | "mergeCase" | "keepCaseApart" | "releaseCase", "200") | ("splitCase", "201") => {
            value(&case())
        }
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
        ("listReviews", "200") => value(&ReviewQueue { items: vec![review()], open: 1 }),
        ("listMatters", "200") => page(matter()),
        ("getMatter", "200") => value(&matter()),
        ("listDuplicates", "200") => page(duplicate()),
        ("listPlatforms", "200") => listed(platform()),
        ("getPlatform", "200") => value(&platform()),
        ("listOrganizations", "200") => listed(organization()),
        ("getOverview", "200") => value(&overview()),
        ("listGaps", "200") => page(gap()),
        ("listDeliveries", "200") => page(delivery()),
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
        _ => return None,
    })
}

fn value(example: &impl Serialize) -> Value {
    serde_json::to_value(example).unwrap_or_default()
}

fn page(item: impl Serialize) -> Value {
    value(&Paged { items: vec![item], next_cursor: Some("kT3n0bXRMjAyNi0wMy0wMVQwMTozMDowMlo".into()) })
}

fn listed(item: impl Serialize) -> Value {
    value(&Listed { items: vec![item] })
}

/// A time written down here. A test reads every one of them.
fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_default()
}

fn local(text: &str) -> DateTime<FixedOffset> {
    text.parse().unwrap_or_default()
}

fn submission() -> Submission {
    Submission {
        source_id: "4301-2026-000123".into(),
        channel: Channel::Web,
        kind: Kind::Request,
        submitted_at: local("2026-03-01T09:30:00+08:00"),
        petitioners: vec![Petitioner {
            name: Some("张三".into()),
            id_document: Some(IdDocument { kind: IdDocumentKind::ResidentId, number: "11010519491231002X".into() }),
            phone: Some("13800000000".into()),
            ..Petitioner::default()
        }],
        anonymous: false,
        people_count: 1,
        subject: "小区楼道堆放杂物存在火灾隐患".into(),
        content: "三单元楼道长期堆放杂物和电动车,多次向物业反映未果,请求督促清理。".into(),
        division: Some("430102".into()),
        place: Some("韶山北路某小区3栋".into()),
        location: Some(Point { kind: PointType::Point, coordinates: (112.98, 28.19) }),
        category: Some("城乡建设/安全生产/事故处理".into()),
        respondent: Some(Respondent { name: None, organization: Some("某物业服务有限公司".into()) }),
        attachments: Vec::new(),
        previous_source_id: None,
        extensions: serde_json::Map::new(),
    }
}

fn blind() -> BlindSubmission {
    BlindSubmission {
        source_id: "M-2026-0042".into(),
        channel: Channel::Wechat,
        kind: Kind::Request,
        submitted_at: local("2026-03-01T09:30:00+08:00"),
        anonymous: false,
        division: Some("430102".into()),
        category: Some("城乡建设/施工管理/夜间施工".into()),
        fingerprint: "0106".into(),
    }
}

fn update(reference: CaseReference) -> CaseUpdate {
    CaseUpdate {
        update_id: "XF-2026-0817-3".into(),
        reference,
        status: CaseStatus::Answered,
        occurred_at: local("2026-03-20T16:00:00+08:00"),
        reply: Some(reply()),
        reason: None,
    }
}

fn reply() -> Reply {
    Reply {
        content: "经现场核查,物业已于3月18日清理完毕,并设置集中充电点。".into(),
        organization: Some("芙蓉区住房和城乡建设局".into()),
        replied_at: local("2026-03-20T16:00:00+08:00"),
    }
}

fn body() -> OrganizationReference {
    OrganizationReference { id: "furong-housing".into(), name: "芙蓉区住房和城乡建设局".into() }
}

fn filing() -> SubmissionView {
    SubmissionView {
        id: FILING.into(),
        platform: "hunan".into(),
        source_id: "4301-2026-000123".into(),
        channel: Channel::Web,
        kind: Kind::Request,
        submitted_at: at("2026-03-01T01:30:00Z"),
        received_at: at("2026-03-01T01:30:02Z"),
        state: SubmissionState::Linked,
        case: Some(CaseSummary { id: CASE.into(), status: CaseStatus::Routed, organization: Some(body()) }),
        decision: Some(Decision::Duplicate),
        probability: Some(0.9997),
        blind: false,
        submission: Some(submission()),
    }
}

fn batch_result() -> BatchResult {
    let violation = crate::app::validate::Violation {
        code: Code::UnknownDivision,
        pointer: "/division".into(),
        detail: Code::UnknownDivision.advice().into(),
    };
    let violations = crate::app::validate::Violations { code: Code::InvalidSubmission, list: vec![violation], more: false };
    BatchResult { line: 2, status: 422, id: None, problem: Some(Problem::from(violations).into_body()) }
}

fn case() -> CaseView {
    CaseView {
        id: CASE.into(),
        status: CaseStatus::Answered,
        kind: Kind::Request,
        division: Some("430102".into()),
        category: Some("城乡建设/安全生产/事故处理".into()),
        organization: Some(body()),
        platform: Some("hunan".into()),
        matter: None,
        merged_into: None,
        submissions: 2,
        platforms: vec!["hunan".into(), "wechat-official".into()],
        reply: Some(reply()),
        created_at: at("2026-02-28T22:39:00Z"),
        updated_at: at("2026-03-20T08:00:05Z"),
        version: 7,
    }
}

fn event() -> EventView {
    EventView {
        specversion: "1.0".into(),
        id: "019551a0-5b20-7e6f-8c3d-2a1b0c9d8e7f".into(),
        source: "/platforms/hunan".into(),
        kind: EventKind::StatusChanged,
        subject: CASE.into(),
        time: at("2026-03-05T02:10:00Z"),
        datacontenttype: "application/json".into(),
        data: EventData { status: Some(CaseStatus::Accepted), platform: Some("hunan".into()), ..EventData::default() },
    }
}

fn decided() -> MatchView {
    let comparison = |name: &str, question: &str, level: &str, weight| ComparisonView {
        name: name.into(),
        question: question.into(),
        level: level.into(),
        weight,
    };
    let comparisons = vec![
        comparison("resident_id", "person", "exact", 16.5),
        comparison("rare_terms", "matter", "many", 9.25),
        comparison("division", "matter", "same_county", 3.0),
    ];
    let weight = comparisons.iter().fold(-17.0, |sum, comparison| sum + comparison.weight);
    MatchView {
        id: format!("{FILING}.{EARLIER}"),
        submission: FILING.into(),
        case: CASE.into(),
        compared_with: Some(EARLIER.into()),
        decision: Decision::Duplicate,
        evidence: Some(Evidence {
            prior: -17.0,
            comparisons,
            weight,
            probability: 0.9997,
            person: AnswerView { verdict: Verdict::Yes, weight: 8.0, probability: 0.9961 },
            matter: AnswerView { verdict: Verdict::Yes, weight: 3.75, probability: 0.9308 },
            decision: Decision::Duplicate,
            rule: "same_person_same_matter".into(),
        }),
        model: Some(ModelReference { name: "hand-1".into(), digest: "b3:6f1c2d".into() }),
        decided_by: DecidedBy::Linker,
        decided_at: at("2026-03-01T01:30:02Z"),
    }
}

fn duplicate() -> DuplicateView {
    let side = |id: &str, platform: &str, source_id: &str, channel, submitted_at| DuplicateSide {
        id: id.into(),
        platform: platform.into(),
        source_id: source_id.into(),
        channel,
        submitted_at: at(submitted_at),
        case: CASE.into(),
        text: None,
    };
    DuplicateView {
        submission: side(FILING, "hunan", "4301-2026-000123", Channel::Web, "2026-03-01T01:30:00Z"),
        compared_with: side(EARLIER, "wechat-official", "wx-88412", Channel::Wechat, "2026-02-28T22:38:40Z"),
        decided: decided(),
    }
}

fn review() -> ReviewView {
    let mut evidence = duplicate();
    evidence.decided.decision = Decision::PossibleDuplicate;
    ReviewView {
        worth: 1.5,
        probability: 0.75,
        case: case(),
        other: CaseView { id: "LJ0000000000AB".into(), submissions: 1, ..case() },
        evidence,
        pairs: 1,
        waiting_since: at("2026-03-01T01:30:03Z"),
    }
}

fn matter() -> MatterView {
    MatterView {
        id: "GX7Q2X9K4TB3CM".into(),
        name: Some("金桂苑 · 水泥搅拌站 · 粉尘".into()),
        cases: 14,
        flow: Some(MatterFlow {
            submissions: 17,
            platforms: 3,
            first_filed_at: at("2026-02-10T23:12:00Z"),
            last_filed_at: at("2026-03-01T01:30:00Z"),
            weeks: vec![0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 5, 9],
            weeks_until: at("2026-03-01T16:00:00Z"),
            trend: Trend::Rising,
            recent: 17,
            before: 0,
            ratio: None,
        }),
        division: Some("430102".into()),
        category: Some("城乡建设/物业服务".into()),
        created_at: at("2026-02-11T03:00:00Z"),
        updated_at: at("2026-03-01T01:30:02Z"),
    }
}

fn platform() -> PlatformView {
    PlatformView {
        id: "hunan".into(),
        name: "湖南省网上信访平台".into(),
        kind: PlatformKind::Provincial,
        division: "430000".into(),
        state: PlatformState::Healthy,
        last_received_at: Some(at("2026-03-01T01:30:02Z")),
        last_pulled_at: Some(at("2026-03-01T01:31:00Z")),
        last_delivered_at: Some(at("2026-03-01T01:30:04Z")),
        last_error: None,
        submissions: 1204,
        duplicates: 87,
        open_cases: 312,
        deliveries_pending: 0,
        deliveries_dead: 0,
        records_quarantined: 0,
    }
}

fn organization() -> OrganizationView {
    OrganizationView {
        id: "furong-housing".into(),
        name: "芙蓉区住房和城乡建设局".into(),
        division: "430102".into(),
        division_name: "湖南省长沙市芙蓉区".into(),
        level: Level::County,
        parent: Some("furong".into()),
        platform: Some("hunan".into()),
        connected: true,
        categories: vec!["城乡建设".into()],
    }
}

fn gap() -> GapView {
    GapView {
        case: CASE.into(),
        division: Some("430102".into()),
        category: None,
        competent: Some(OrganizationReference { id: "furong".into(), name: "芙蓉区信访局".into() }),
        responsible: Some(OrganizationReference { id: "hunan-office".into(), name: "湖南省信访局".into() }),
        reason: Some(GapReason::NotConnected),
        recorded_at: at("2026-03-01T01:30:02Z"),
    }
}

fn overview() -> Overview {
    Overview {
        submissions: vec![SubmissionCount { platform: "hunan".into(), channel: Channel::Web, count: 128 }],
        decisions: vec![DecisionCount { decision: Decision::Duplicate, count: 17 }],
        cases: vec![StatusCount { status: CaseStatus::Answered, count: 96 }],
        matters: 4,
        gaps: 9,
        deliveries: vec![DeliveryCount {
            platform: "hunan".into(),
            kind: MessageKind::CaseForwarded,
            state: DeliveryState::Delivered,
            count: 96,
        }],
        unlinked: 0,
        updates_parked: 0,
        audit_leaves: 512,
    }
}

fn delivery() -> DeliveryView {
    DeliveryView {
        id: DELIVERY.into(),
        platform: "hunan".into(),
        kind: MessageKind::CaseForwarded,
        case: CASE.into(),
        submission: None,
        state: DeliveryState::Delivered,
        attempts: 1,
        created_at: at("2026-03-01T01:30:02Z"),
        next_attempt_at: None,
        delivered_at: Some(at("2026-03-01T01:30:04Z")),
        receipt: Some("XF-2026-0817".into()),
        last_error: None,
    }
}

fn attempt() -> AttemptView {
    AttemptView {
        number: 1,
        started_at: at("2026-03-01T01:30:03Z"),
        duration_ms: 184,
        outcome: AttemptOutcome::Delivered,
        http_status: Some(200),
        error: None,
        request_sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into()),
        response_sha256: Some("2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae".into()),
    }
}

fn readiness(ready: bool) -> Readiness {
    let detail = (!ready).then(|| "the database does not answer".to_owned());
    Readiness { ready, checks: vec![ReadinessCheck { name: "store".into(), ok: ready, detail }] }
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
                    if media_type == crate::api::v1::batch::MEDIA_TYPE && example.is_string() {
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
