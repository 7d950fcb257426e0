//! A small federation to draw: four platforms, a few cases, one duplicate across platforms.

mod case_detail;
pub mod deadlines;
pub mod indicators;
mod matters;
pub mod oversight;

pub use case_detail::case_detail;

use chrono::{DateTime, TimeDelta, Utc};
pub use matters::matters;
use onecase::{
    app::view::{
        AnswerView, AttemptOutcome, AttemptView, CaseView, ComparisonView, DecidedBy, Decision, DecisionCount, DeliveryCount,
        DeliveryDetail, DeliveryState, DeliveryView, DuplicateCounts, DuplicateSide, DuplicateView, EventData, EventKind, EventView,
        Evidence, FiledText, GapView, MatchView, ModelReference, Overview, Paged, ParkedUpdateView, PlatformErrorView, PlatformPairCount,
        PlatformState, PlatformView, QuarantinedView, Reconciliation, ReconciliationDay, ReviewQueue, ReviewView, RulingAction, RulingView,
        StatusCount, SubmissionCount, SubmissionState, SubmissionView, Verdict, WebhookState, WebhookView,
    },
    domain::{
        case::CaseStatus,
        message::{CaseSummary, MessageKind, OrganizationReference},
        organization::GapReason,
        platform::PlatformKind,
        submission::{Channel, Kind},
        update::Reply,
    },
    web::pages::{Names, cases::CaseDetail, overview::Glance, platforms::PlatformDetail, rulings::RulingDetail},
};

pub fn now() -> DateTime<Utc> {
    "2026-03-20T08:12:00Z".parse().unwrap()
}

fn ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

pub fn names() -> Names {
    Names::new(platforms().into_iter().map(|platform| (platform.id, platform.name)))
}

pub fn platforms() -> Vec<PlatformView> {
    let platform = |id: &str, name: &str, kind, division: &str, state, submissions, duplicates| PlatformView {
        id: id.into(),
        name: name.into(),
        kind,
        division: division.into(),
        state,
        last_received_at: Some(ago(4)),
        last_pulled_at: None,
        last_delivered_at: Some(ago(2)),
        last_error: None,
        submissions,
        duplicates,
        open_cases: 0,
        deliveries_pending: 0,
        records_quarantined: 0,
        health: Default::default(),
        last_reconciled_at: None,
        ledger_days_differing: 0,
        errors: Vec::new(),
        deliveries_dead: 0,
    };
    vec![
        PlatformView {
            last_pulled_at: Some(ago(1)),
            open_cases: 1846,
            deliveries_pending: 12,
            ..platform("hunan", "湖南省网上信访", PlatformKind::Provincial, "430000", PlatformState::Healthy, 12_846, 1_204)
        },
        platform("mobile", "信访手机端", PlatformKind::Mobile, "000000", PlatformState::Healthy, 8_310, 1_977),
        PlatformView {
            last_error: Some("连续 4 次 429，30 秒后再试".into()),
            deliveries_pending: 37,
            ..platform("wechat", "信访公众号", PlatformKind::Wechat, "430000", PlatformState::Lagging, 3_022, 905)
        },
        PlatformView {
            last_error: Some("对方没有应答：连接被拒绝".into()),
            last_received_at: Some(ago(2_900)),
            last_delivered_at: None,
            open_cases: 44,
            deliveries_pending: 5,
            deliveries_dead: 3,
            records_quarantined: 2,
            health: Default::default(),
            errors: vec![PlatformErrorView { code: "no_connection".into(), count: 41, message: "no connection".into(), last_at: ago(9) }],
            ..platform("letters", "来信来访登记", PlatformKind::LettersAndVisits, "430100", PlatformState::Failing, 1_411, 96)
        },
    ]
}

fn body(id: &str, name: &str) -> OrganizationReference {
    OrganizationReference { id: id.into(), name: name.into() }
}

pub fn case() -> CaseView {
    CaseView {
        deadlines: deadlines::of_case(),
        id: "LJ7K2M9QX4TB3C".into(),
        status: CaseStatus::Answered,
        kind: Kind::Request,
        division: Some("430102".into()),
        category: Some("城乡建设/施工管理/夜间施工".into()),
        organization: Some(body("furong-housing", "芙蓉区住房和城乡建设局")),
        platform: Some("hunan".into()),
        reviewer: None,
        reviewer_platform: None,
        matter: Some("01958a3c-7b1e-7000-8000-00000000a1f2".into()),
        submissions: 3,
        platforms: vec!["hunan".into(), "mobile".into(), "wechat".into()],
        merged_into: None,
        reply: Some(Reply {
            content: "您反映的滨江路6号工地夜间施工问题已调查核实。施工单位未取得夜间施工许可，我局已责令其自3月12日起晚22时至次日6时停止施工，并依法立案处罚。\n如再发现，请拨打0731-84512345，我局将及时到场处理。".into(),
            organization: Some("芙蓉区住房和城乡建设局".into()),
            replied_at: "2026-03-18T16:20:00+08:00".parse().unwrap(),
        }),
        created_at: ago(27_000),
        updated_at: ago(2_390),
        version: 9,
    }
}

pub fn cases() -> Vec<CaseView> {
    let other = |id: &str, status, kind, division: &str, category: Option<&str>, office: Option<(&str, &str)>| CaseView {
        id: id.into(),
        status,
        kind,
        division: Some(division.into()),
        category: category.map(Into::into),
        organization: office.map(|(id, name)| body(id, name)),
        platform: office.map(|_| "hunan".into()),
        matter: None,
        submissions: 1,
        platforms: vec!["mobile".into()],
        reply: None,
        ..case()
    };
    vec![
        case(),
        other(
            "LJ0V5PC8ZN2W7H",
            CaseStatus::InProgress,
            Kind::Request,
            "430103",
            Some("劳动和社会保障/劳动报酬/拖欠工资"),
            Some(("tianxin-labour", "天心区人力资源和社会保障局")),
        ),
        other(
            "LJ9T3YB6RE1K0D",
            CaseStatus::Routed,
            Kind::Accusation,
            "430100",
            Some("纪检监察/违纪违法"),
            Some(("hunan-office", "湖南省信访局")),
        ),
        other("LJ4H8XM2QA5S6J", CaseStatus::Registered, Kind::Suggestion, "430111", None, None),
        other(
            "LJ1N7FK3WG9P5V",
            CaseStatus::Extended,
            Kind::Request,
            "430121",
            Some("农村农业/土地承包/土地流转"),
            Some(("changsha-county", "长沙县农业农村局")),
        ),
        other("LJ6C4ZD8HY0R2T", CaseStatus::Refused, Kind::Request, "430104", Some("政法/诉讼"), Some(("yuelu-office", "岳麓区信访局"))),
    ]
}

pub fn overview() -> Glance {
    let submissions = |platform: &str, channel, count| SubmissionCount { platform: platform.into(), channel, count };
    let status = |status, count| StatusCount { status, count };
    let decision = |decision, count| DecisionCount { decision, count };
    let delivery = |state, count| DeliveryCount { platform: "hunan".into(), kind: MessageKind::CaseStatus, state, count };
    Glance {
        overview: Overview {
            submissions: vec![
                submissions("hunan", Channel::Web, 12_846),
                submissions("mobile", Channel::MobileApp, 8_310),
                submissions("wechat", Channel::Wechat, 3_022),
                submissions("letters", Channel::Letter, 871),
                submissions("letters", Channel::Visit, 540),
            ],
            decisions: vec![
                decision(Decision::Duplicate, 4_182),
                decision(Decision::PossibleDuplicate, 63),
                decision(Decision::Related, 907),
            ],
            cases: vec![
                status(CaseStatus::Routed, 1_310),
                status(CaseStatus::Accepted, 2_044),
                status(CaseStatus::InProgress, 6_120),
                status(CaseStatus::Extended, 212),
                status(CaseStatus::Answered, 4_005),
                status(CaseStatus::Closed, 7_601),
                status(CaseStatus::Refused, 115),
            ],
            matters: 318,
            gaps: 12,
            overdue: 12,
            due_soon: 41,
            deliveries: vec![
                delivery(DeliveryState::Pending, 54),
                delivery(DeliveryState::Dead, 3),
                delivery(DeliveryState::Delivered, 99_000),
            ],
            unlinked: 0,
            updates_parked: 0,
            audit_leaves: 150_000,
        },
        platforms: platforms(),
        cases: cases(),
        gaps: vec![GapView {
            case: "LJ9T3YB6RE1K0D".into(),
            division: Some("430100".into()),
            category: None,
            competent: Some(body("changsha-office", "长沙市信访局")),
            responsible: Some(body("hunan-office", "湖南省信访局")),
            reason: Some(GapReason::Accused),
            recorded_at: ago(600),
        }],
    }
}

fn side(id: &str, platform: &str, source_id: &str, channel: Channel, subject: &str, content: &str, place: Option<&str>) -> DuplicateSide {
    DuplicateSide {
        id: id.into(),
        platform: platform.into(),
        source_id: source_id.into(),
        channel,
        submitted_at: ago(26_000),
        case: case().id,
        text: Some(FiledText { subject: subject.into(), content: content.into(), place: place.map(Into::into) }),
    }
}

pub fn duplicate() -> DuplicateView {
    let comparison = |name: &str, level: &str, weight| ComparisonView {
        name: name.into(),
        question: if ["phone", "name", "address"].contains(&name) { "person" } else { "matter" }.into(),
        level: level.into(),
        weight,
    };
    let yes = |probability| AnswerView { verdict: Verdict::Yes, weight: 12.0, probability };
    DuplicateView {
        submission: side(
            "01958a3c-7b1e-7000-8000-000000000002",
            "wechat",
            "gh_24783110652901376",
            Channel::Wechat,
            "滨江路工地天天半夜施工没人管",
            "我叫王小明，住在滨江路8号锦绣家园3栋1203室，电话13812341234。滨江路6号工地每天晚上打桩到凌晨两点，老人孩子都睡不着，打过12345也没有结果。上次已经反映过一次，请尽快处理，给居民一个说法。",
            Some("滨江路6号工地"),
        ),
        compared_with: side(
            "01958a3c-7b1e-7000-8000-000000000001",
            "hunan",
            "4301-2026-000123",
            Channel::Web,
            "关于滨江路6号工地夜间施工扰民的投诉",
            "尊敬的领导：滨江路6号工地自2月下旬以来，每天晚上打桩到凌晨两点，噪音极大，严重影响周边居民休息。本人住在滨江路8号锦绣家园3栋，家中有老人和孩子。请有关部门尽快处理。联系人：王小明，电话13812341234。",
            Some("芙蓉区滨江路6号"),
        ),
        decided: MatchView {
            id: "01958a3c-7b1e-7000-8000-0000000000aa".into(),
            submission: "01958a3c-7b1e-7000-8000-000000000002".into(),
            case: case().id,
            compared_with: Some("01958a3c-7b1e-7000-8000-000000000001".into()),
            decision: Decision::Duplicate,
            evidence: Some(Evidence {
                prior: -19.0,
                comparisons: vec![
                    comparison("phone", "same", 19.7),
                    comparison("name", "same", 9.2),
                    comparison("address", "very similar", 7.9),
                    comparison("text", "many words shared", 9.6),
                    comparison("place", "similar", 2.3),
                    comparison("division", "same", 1.5),
                    comparison("category", "different", -2.3),
                    comparison("time", "within a week", 2.1),
                ],
                weight: 31.0,
                probability: 0.999_999_999_5,
                person: yes(0.999_999_9),
                matter: yes(0.991),
                decision: Decision::Duplicate,
                rule: "same_person_same_matter".into(),
            }),
            model: Some(ModelReference { name: "onecase-default 2026.1".into(), digest: "5f1d7a84e4e2f0a1c9b37b2d".into() }),
            decided_by: DecidedBy::Linker,
            decided_at: ago(25_990),
        },
    }
}

pub fn duplicate_counts() -> DuplicateCounts {
    let pair = PlatformPairCount { decision: Decision::Duplicate, platform: "mobile".into(), other_platform: "hunan".into(), count: 2 };
    DuplicateCounts { total: 2, pairs: vec![pair] }
}

pub fn duplicates() -> Paged<DuplicateView> {
    let mut possible = duplicate();
    possible.decided.decision = Decision::PossibleDuplicate;
    if let Some(evidence) = &mut possible.decided.evidence {
        evidence.weight = 1.4;
        evidence.probability = 0.725;
        evidence.rule = "same_matter_person_uncertain".into();
    }
    possible.submission.platform = "mobile".into();
    let mut human = duplicate();
    human.decided.decided_by = DecidedBy::Person;
    human.decided.evidence = None;
    Paged { items: vec![duplicate(), possible, human], next_cursor: Some("3".into()) }
}

pub fn deliveries() -> Vec<DeliveryDetail> {
    let attempt = |number, outcome, http_status, error: Option<&str>| AttemptView {
        number,
        started_at: ago(26_990 - i64::from(number)),
        duration_ms: 41,
        request_sha256: Some("9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab".into()),
        response_sha256: None,
        outcome,
        http_status,
        error: error.map(Into::into),
    };
    let delivery = |end: &str, platform: &str, kind, state, attempts: Vec<AttemptView>| DeliveryDetail {
        delivery: DeliveryView {
            id: format!("01958a3c-7b1e-7000-8000-0000000000{end}"),
            platform: platform.into(),
            kind,
            case: case().id,
            submission: None,
            state,
            attempts: u32::try_from(attempts.len()).unwrap(),
            created_at: ago(27_000),
            next_attempt_at: (state == DeliveryState::Pending).then(|| now() + TimeDelta::minutes(3)),
            delivered_at: (state == DeliveryState::Delivered).then(|| ago(26_980)),
            last_error: attempts.last().filter(|_| state != DeliveryState::Delivered).and_then(|attempt| attempt.error.clone()),
            receipt: (kind == MessageKind::CaseForwarded).then(|| "XF430102202603000871".into()),
        },
        attempts,
    };
    let late = attempt(1, AttemptOutcome::Retry, Some(503), Some("服务器错误"));
    vec![
        delivery(
            "d1",
            "hunan",
            MessageKind::CaseForwarded,
            DeliveryState::Delivered,
            vec![late.clone(), attempt(2, AttemptOutcome::Delivered, Some(200), None)],
        ),
        delivery(
            "d2",
            "mobile",
            MessageKind::SubmissionRegistered,
            DeliveryState::Delivered,
            vec![attempt(1, AttemptOutcome::Delivered, Some(204), None)],
        ),
        delivery("d3", "wechat", MessageKind::DuplicateRegistered, DeliveryState::Pending, vec![late]),
        delivery(
            "d4",
            "letters",
            MessageKind::CaseReply,
            DeliveryState::Dead,
            vec![attempt(1, AttemptOutcome::Rejected, Some(410), Some("对方已停用该地址"))],
        ),
    ]
}

pub fn delivery_list() -> Paged<DeliveryView> {
    Paged { items: deliveries().into_iter().map(|detail| detail.delivery).collect(), next_cursor: None }
}

pub fn platform_detail() -> PlatformDetail {
    let platforms = platforms();
    let day = |day, theirs, ours, missing: &[&str]| ReconciliationDay {
        day: chrono::NaiveDate::from_ymd_opt(2026, 2, day).unwrap(),
        theirs,
        ours,
        agrees: missing.is_empty(),
        recovered: 2,
        missing: missing.iter().map(|number| (*number).to_owned()).collect(),
        surplus: Vec::new(),
        checked_at: ago(30),
    };
    let reconciliation =
        Reconciliation { has_ledger: true, days: vec![day(28, 41, 41, &[]), day(27, 40, 39, &["来信〔2026〕117号"])] };
    let endpoint = WebhookView {
        id: "01955130-0f10-7c5d-a6e4-1b2c3d4e5f60".into(),
        url: "https://petitions.example/hooks?<b>".into(),
        types: Vec::new(),
        description: "答复通知".into(),
        state: WebhookState::Failing,
        up_to_date: false,
        behind: 12,
        last_success_at: Some(ago(300)),
        last_error: Some("answered with 500".into()),
        next_attempt_at: Some(ago(1)),
        created_at: ago(9_000),
        updated_at: ago(300),
    };
    let parked = ParkedUpdateView {
        update_id: "XF-2026-0817-1".into(),
        receipt: "XF-2026-0817".into(),
        status: CaseStatus::Accepted,
        occurred_at: ago(100).fixed_offset(),
        received_at: ago(90),
        expires_at: ago(90) + TimeDelta::days(30),
    };
    PlatformDetail {
        platform: PlatformView { last_reconciled_at: Some(ago(600)), ledger_days_differing: 1, ..platforms[3].clone() },
        names: names(),
        cases: cases(),
        deliveries: delivery_list().items,
        reconciliation,
        endpoints: vec![endpoint],
        parked: vec![parked],
        quarantined: vec![QuarantinedView {
            source_ref: "来信〔2026〕118号".into(),
            error: "invalid_date: submitted_at: the date cannot be read".into(),
            received_at: ago(45),
        }],
    }
}

/// A filing of the case.
fn filing(id: &str, platform: &str, source_id: &str, channel: Channel, probability: Option<f64>) -> SubmissionView {
    SubmissionView {
        id: id.into(),
        platform: platform.into(),
        source_id: source_id.into(),
        channel,
        kind: Kind::Request,
        submitted_at: ago(27_003),
        received_at: ago(27_002),
        state: SubmissionState::Linked,
        case: Some(CaseSummary { id: case().id, status: CaseStatus::Answered, organization: case().organization, query_code: None }),
        decision: Some(if probability.is_none() { Decision::Distinct } else { Decision::Duplicate }),
        probability,
        revisions: Vec::new(),
        submission: None,
        blind: false,
        erased: false,
    }
}

pub fn ruling() -> RulingView {
    RulingView {
        id: "01958a3c-7b1e-7000-8000-0000000000f1".into(),
        action: RulingAction::KeepApart,
        case: case().id,
        other_case: "LJ0V5PC8ZN2W7H".into(),
        actor: "省局复核岗 (01958a3c-7b1e-7000-8000-0000000000c1)".into(),
        reason: "电话核实，不是同一人。联系人：王小明，电话13812341234".into(),
        decided_at: ago(1_200),
    }
}

pub fn review() -> ReviewView {
    let mut evidence = duplicates().items.remove(1);
    let other =
        CaseView { status: CaseStatus::InProgress, reply: None, submissions: 1, platforms: vec!["mobile".into()], ..cases().remove(1) };
    evidence.submission.case = other.id.clone();
    ReviewView { worth: 1.45, probability: 0.725, case: case(), other, evidence, pairs: 2, waiting_since: ago(3_300) }
}

pub fn reviews() -> ReviewQueue {
    let less = ReviewView { worth: 0.31, probability: 0.31, ..review() };
    ReviewQueue { items: vec![review(), less], open: 63 }
}

pub fn ruling_detail() -> RulingDetail {
    let told = deliveries().into_iter().skip(1).map(|detail| detail.delivery).collect();
    RulingDetail { ruling: ruling(), cases: cases().into_iter().take(2).collect(), told, names: names() }
}

/// Nothing anywhere, as on the first day.
pub fn nothing<T>() -> Paged<T> {
    Paged { items: Vec::new(), next_cursor: None }
}
