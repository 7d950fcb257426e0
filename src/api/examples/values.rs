//! The values the examples are made of: one filing, its case, and what becomes of them.

use chrono::{DateTime, FixedOffset, Utc};

use super::{CASE, DELIVERY, EARLIER, FILING};
use crate::{
    api::{problem::Problem, v1::batch::BatchResult},
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

/// A time written down here. A test reads every one of them.
pub(super) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap_or_default()
}

pub(super) fn local(text: &str) -> DateTime<FixedOffset> {
    text.parse().unwrap_or_default()
}

pub(super) fn submission() -> Submission {
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
        referred_to: None,
        extensions: serde_json::Map::new(),
    }
}

pub(super) fn blind() -> BlindSubmission {
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

pub(super) fn update(reference: CaseReference) -> CaseUpdate {
    CaseUpdate {
        hearing: None,
        approved_by: None,
        update_id: "XF-2026-0817-3".into(),
        reference,
        status: CaseStatus::Answered,
        occurred_at: local("2026-03-20T16:00:00+08:00"),
        reply: Some(reply()),
        reason: None,
    }
}

pub(super) fn reply() -> Reply {
    Reply {
        content: "经现场核查,物业已于3月18日清理完毕,并设置集中充电点。".into(),
        organization: Some("芙蓉区住房和城乡建设局".into()),
        replied_at: local("2026-03-20T16:00:00+08:00"),
    }
}

pub(super) fn body() -> OrganizationReference {
    OrganizationReference { id: "furong-housing".into(), name: "芙蓉区住房和城乡建设局".into() }
}

pub(super) fn filing() -> SubmissionView {
    SubmissionView {
        id: FILING.into(),
        platform: "hunan".into(),
        source_id: "4301-2026-000123".into(),
        channel: Channel::Web,
        kind: Kind::Request,
        submitted_at: at("2026-03-01T01:30:00Z"),
        received_at: at("2026-03-01T01:30:02Z"),
        state: SubmissionState::Linked,
        case: Some(CaseSummary {
            id: CASE.into(),
            status: CaseStatus::Routed,
            organization: Some(body()),
            query_code: Some("LJ7K2M9QX4TB3C-8F3K2MQZ".into()),
        }),
        decision: Some(Decision::Duplicate),
        probability: Some(0.9997),
        blind: false,
        erased: false,
        revisions: Vec::new(),
        submission: Some(submission()),
    }
}

pub(super) fn batch_result() -> BatchResult {
    let violation = crate::app::validate::Violation {
        code: Code::UnknownDivision,
        pointer: "/division".into(),
        detail: Code::UnknownDivision.advice().into(),
    };
    let violations = crate::app::validate::Violations { code: Code::InvalidSubmission, list: vec![violation], more: false };
    BatchResult { line: 2, status: 422, id: None, problem: Some(Problem::from(violations).into_body()) }
}

pub(super) fn case() -> CaseView {
    CaseView {
        deadlines: vec![super::deadlines::answered()],
        id: CASE.into(),
        status: CaseStatus::Answered,
        kind: Kind::Request,
        division: Some("430102".into()),
        category: Some("城乡建设/安全生产/事故处理".into()),
        organization: Some(body()),
        platform: Some("hunan".into()),
        reviewer: None,
        reviewer_platform: None,
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

pub(super) fn event() -> EventView {
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

pub(super) fn change() -> ChangeView {
    ChangeView {
        specversion: "1.0".into(),
        id: "019551a0-5b20-7e6f-8c3d-2a1b0c9d8e7f".into(),
        source: "/platforms/hunan".into(),
        kind: EventKind::StatusChanged,
        subject: CASE.into(),
        time: at("2026-03-05T02:10:00Z"),
        datacontenttype: "application/json".into(),
        data: ChangeData {
            href: format!("/v1/cases/{CASE}"),
            status: Some(CaseStatus::Accepted),
            platform: Some("hunan".into()),
            ..ChangeData::default()
        },
    }
}

pub(super) fn webhook() -> WebhookView {
    WebhookView {
        id: "01955140-0f10-7c5d-a6e4-1b2c3d4e5f60".into(),
        url: "https://petitions.example/hooks".into(),
        types: vec![EventKind::Replied],
        description: "答复通知".into(),
        state: WebhookState::Active,
        up_to_date: true,
        behind: 0,
        last_success_at: Some(at("2026-03-05T02:10:01Z")),
        last_error: None,
        next_attempt_at: None,
        created_at: at("2026-03-01T02:00:00Z"),
        updated_at: at("2026-03-01T02:00:00Z"),
    }
}

/// The secret is the one of the standard's own example.
pub(super) fn webhook_secret(previous_until: Option<DateTime<Utc>>) -> WebhookSecretView {
    WebhookSecretView { webhook: webhook(), secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD".into(), previous_until }
}

pub(super) fn webhook_delivery() -> WebhookDeliveryView {
    WebhookDeliveryView {
        event: change().id,
        kind: EventKind::StatusChanged,
        state: WebhookDeliveryState::Delivered,
        attempts: 1,
        http_status: Some(204),
        error: None,
        attempted_at: at("2026-03-05T02:10:01Z"),
    }
}

pub(super) fn decided() -> MatchView {
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

pub(super) fn duplicate() -> DuplicateView {
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

pub(super) fn review() -> ReviewView {
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

pub(super) fn matter() -> MatterView {
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

pub(super) fn platform() -> PlatformView {
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
        health: PlatformHealth {
            last_success_at: Some(at("2026-03-01T01:31:00Z")),
            received_last_hour: 214,
            delivered_last_hour: 180,
            ..PlatformHealth::default()
        },
        last_reconciled_at: Some(at("2026-02-28T19:30:00Z")),
        ledger_days_differing: 0,
        errors: vec![PlatformErrorView {
            code: "timeout".into(),
            count: 3,
            message: "no answer within the time limit".into(),
            last_at: at("2026-02-28T22:10:00Z"),
        }],
    }
}

pub(super) fn parked_update() -> ParkedUpdateView {
    ParkedUpdateView {
        update_id: "XF-2026-0817-1".into(),
        receipt: "XF-2026-0817".into(),
        status: CaseStatus::Accepted,
        occurred_at: at("2026-03-01T01:20:00Z").fixed_offset(),
        received_at: at("2026-03-01T01:30:00Z"),
        expires_at: at("2026-03-31T01:30:00Z"),
    }
}

pub(super) fn reconciliation() -> Reconciliation {
    let day = |day: u32, ours, recovered, missing: &[&str]| ReconciliationDay {
        day: chrono::NaiveDate::from_ymd_opt(2026, 2, day).unwrap_or_default(),
        theirs: 41,
        ours,
        agrees: missing.is_empty(),
        recovered,
        missing: missing.iter().map(|number| (*number).to_owned()).collect(),
        surplus: Vec::new(),
        checked_at: at("2026-03-01T01:30:00Z"),
    };
    Reconciliation { has_ledger: true, days: vec![day(28, 41, 2, &[]), day(27, 40, 0, &["4301-2026-000117"])] }
}

pub(super) fn organization() -> OrganizationView {
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

pub(super) fn gap() -> GapView {
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

pub(super) fn overview() -> Overview {
    Overview {
        submissions: vec![SubmissionCount { platform: "hunan".into(), channel: Channel::Web, count: 128 }],
        decisions: vec![DecisionCount { decision: Decision::Duplicate, count: 17 }],
        cases: vec![StatusCount { status: CaseStatus::Answered, count: 96 }],
        matters: 4,
        gaps: 9,
        overdue: 12,
        due_soon: 41,
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

pub(super) fn delivery() -> DeliveryView {
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

pub(super) fn attempt() -> AttemptView {
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

pub(super) fn readiness(ready: bool) -> Readiness {
    let detail = (!ready).then(|| "the database does not answer".to_owned());
    Readiness { ready, checks: vec![ReadinessCheck { name: "store".into(), ok: ready, detail }] }
}
