//! Examples of supervision, referral conflicts and coverage.

use serde_json::{Value, json};

use super::{CASE, DELIVERY, at, body, case, delivery, gap, listed, organization, overview, page, review, value};
use crate::{
    app::view::{
        AdoptionView, CoverageCount, CoverageDivision, CoverageGap, CoverageLevel, CoverageView, ReferralConflictView, ReferralView,
        ReviewQueue, SupervisionView, TrendView, Trends, WarningSubject, WarningView,
    },
    domain::{
        division::Level,
        message::OrganizationReference,
        referral::{ConflictSource, ConflictState, ReferralOutcome},
        supervision::{SupervisionKind, SupervisionState},
        warning::WarningState,
    },
};

fn office() -> OrganizationReference {
    OrganizationReference { id: "changsha-office".into(), name: "长沙市信访局".into() }
}

fn supervision(state: SupervisionState) -> SupervisionView {
    let answered = state == SupervisionState::Answered;
    SupervisionView {
        id: DELIVERY.into(),
        case: CASE.into(),
        rule: "accept-over".into(),
        title: "逾期未受理".into(),
        title_en: "acceptance overdue".into(),
        kind: SupervisionKind::Supervision,
        state,
        organization: Some(body()),
        platform: Some("hunan".into()),
        division: Some("430102".into()),
        follows: None,
        raised_at: at("2026-03-17T16:00:30Z"),
        due_at: at("2026-03-20T16:00:00Z"),
        ended_at: answered.then(|| at("2026-03-19T02:00:00Z")),
        answer: answered.then(|| "已于3月19日受理，正在核查。".into()),
        adoption: None,
    }
}

fn proposal() -> SupervisionView {
    SupervisionView {
        rule: "failure-to-act".into(),
        title: "督办后仍未办理".into(),
        title_en: "failure to act after supervision".into(),
        kind: SupervisionKind::Accountability,
        adoption: Some(AdoptionView {
            adopted: true,
            note: "已约谈主要负责人并通报批评。".into(),
            actor: "01955000-0f10-7c5d-a6e4-1b2c3d4e5f60".into(),
            recorded_at: at("2026-04-02T02:00:00Z"),
        }),
        ..supervision(SupervisionState::Answered)
    }
}

fn conflict(state: ConflictState) -> ReferralConflictView {
    let decided = state == ConflictState::Decided;
    ReferralConflictView {
        id: DELIVERY.into(),
        case: CASE.into(),
        state,
        source: ConflictSource::Referral,
        platform: "national".into(),
        reference: "JZ-2026-0031".into(),
        holder: body(),
        other: office(),
        superior: Some(OrganizationReference { id: "hunan-office".into(), name: "湖南省信访局".into() }),
        superior_platform: Some("hunan".into()),
        division: Some("430102".into()),
        recorded_at: at("2026-03-05T02:00:00Z"),
        keeper: decided.then(body),
        actor: decided.then(|| "01955000-0f10-7c5d-a6e4-1b2c3d4e5f60".into()),
        reason: decided.then(|| "该单位已受理在先".into()),
        decided_at: decided.then(|| at("2026-03-06T02:00:00Z")),
    }
}

fn coverage() -> CoverageView {
    let count = |organizations, connected| CoverageCount { organizations, connected, share: Some(0.5) };
    let levels = vec![CoverageLevel { level: Level::County, count: count(120, 60) }];
    CoverageView {
        area: "430000".into(),
        total: count(120, 60),
        levels: levels.clone(),
        divisions: vec![CoverageDivision { division: "430100".into(), name: "湖南省长沙市".into(), count: count(120, 60), levels }],
        gaps: vec![CoverageGap {
            organization: OrganizationReference { id: "furong-office".into(), name: "芙蓉区信访局".into() },
            division: "430102".into(),
            level: Level::County,
            superior: Some(office()),
            cases: 317,
        }],
    }
}

fn warning(state: WarningState) -> WarningView {
    let seen = state == WarningState::Acknowledged;
    WarningView {
        id: DELIVERY.into(),
        rule: "matter-rises".into(),
        title: "共性问题上升".into(),
        title_en: "a shared matter rises".into(),
        subject: WarningSubject::Matter,
        matter: Some("GX7K2M9QX4TB3C".into()),
        matter_name: Some("滨江路 夜间施工".into()),
        area: Some("430000".into()),
        category: Some("城乡建设/施工管理/夜间施工".into()),
        case: CASE.into(),
        cases: 24,
        before: 9,
        places: 3,
        state,
        raised_at: at("2026-03-12T02:00:00Z"),
        counted_from: at("2026-03-01T02:00:00Z").date_naive(),
        counted_at: at("2026-03-14T02:00:00Z"),
        closed_at: None,
        acknowledged_at: seen.then(|| at("2026-03-13T02:00:00Z")),
        acknowledged_by: seen.then(|| "01955000-0f10-7c5d-a6e4-1b2c3d4e5f60".into()),
        note: seen.then(|| "已通知属地和主管部门会商".into()),
    }
}

fn trends() -> Trends {
    let day = |text: &str| at(text).date_naive();
    let items = vec![TrendView { category: "城乡建设".into(), cases: 317, before: 204 }];
    Trends { area: "430000".into(), from: day("2026-03-01T02:00:00Z"), until: day("2026-03-14T02:00:00Z"), items }
}

pub(super) fn request(operation: &str) -> Option<Value> {
    Some(match operation {
        "referCase" => json!({
            "referral_id": "JZ-2026-0031", "organization": "changsha-office", "reason": "涉及市级职责", "referred_at": "2026-03-05T10:00:00+08:00"
        }),
        "decideReferralConflict" => json!({ "keeper": "furong-housing", "reason": "该单位已受理在先" }),
        "acknowledgeWarning" => json!({ "note": "已通知属地和主管部门会商" }),
        "answerSupervision" => json!({ "content": "已于3月19日受理，正在核查。" }),
        "recordAdoption" => json!({ "adopted": true, "note": "已约谈主要负责人并通报批评。" }),
        _ => return None,
    })
}

pub(super) fn response_to(operation: &str) -> Option<Value> {
    Some(match operation {
        "listOrganizations" => listed(organization()),
        "getOverview" => value(&overview()),
        "listReviews" => value(&ReviewQueue { items: vec![review()], open: 1 }),
        "listDeliveries" => page(delivery()),
        "listGaps" => page(gap()),
        "listSupervisions" => page(supervision(SupervisionState::Open)),
        "getSupervision" => value(&supervision(SupervisionState::Open)),
        "answerSupervision" => value(&supervision(SupervisionState::Answered)),
        "recordAdoption" => value(&proposal()),
        "listReferralConflicts" => page(conflict(ConflictState::Open)),
        "getReferralConflict" => value(&conflict(ConflictState::Open)),
        "decideReferralConflict" => value(&conflict(ConflictState::Decided)),
        "referCase" => {
            value(&ReferralView { outcome: ReferralOutcome::Conflict, case: case(), conflict: Some(conflict(ConflictState::Open)) })
        }
        "getCoverage" => value(&coverage()),
        "listWarnings" => page(warning(WarningState::Standing)),
        "getWarning" => value(&warning(WarningState::Standing)),
        "acknowledgeWarning" => value(&warning(WarningState::Acknowledged)),
        "getTrends" => value(&trends()),
        _ => return None,
    })
}
