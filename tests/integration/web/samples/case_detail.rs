//! One case with all that belongs to it, to draw.

use super::*;

pub fn case_detail() -> CaseDetail {
    let event = |minutes, kind, data: EventData| EventView {
        specversion: "1.0".into(),
        id: "e".into(),
        source: "/gateway".into(),
        kind,
        subject: case().id,
        time: ago(minutes),
        datacontenttype: "application/json".into(),
        data,
    };
    let duplicate = duplicate();
    let status = |status| EventData { status: Some(status), platform: Some("hunan".into()), ..EventData::default() };
    CaseDetail {
        looks: Vec::new(),
        case: case(),
        names: names(),
        supervisions: oversight::supervisions().items,
        bodies: Vec::new(),
        events: vec![
            event(
                27_000,
                EventKind::CaseRegistered,
                EventData { submission: Some(duplicate.compared_with.id.clone()), ..status(CaseStatus::Registered) },
            ),
            event(
                26_999,
                EventKind::CaseRouted,
                EventData {
                    status: Some(CaseStatus::Routed),
                    organization: case().organization,
                    gap: Some(GapReason::NotConnected),
                    ..EventData::default()
                },
            ),
            event(
                25_990,
                EventKind::SubmissionLinked,
                EventData {
                    submission: Some(duplicate.submission.id.clone()),
                    platform: Some("wechat".into()),
                    decision: Some(Decision::Duplicate),
                    ..EventData::default()
                },
            ),
            event(
                24_100,
                EventKind::StatusChanged,
                EventData { reason: Some("经核实，属本单位职责".into()), ..status(CaseStatus::Accepted) },
            ),
            event(20_000, EventKind::StatusChanged, status(CaseStatus::InProgress)),
            event(2_390, EventKind::Replied, status(CaseStatus::Answered)),
        ],
        submissions: vec![
            filing(&duplicate.compared_with.id, "hunan", "4301-2026-000123", Channel::Web, None),
            filing(&duplicate.submission.id, "wechat", "gh_24783110652901376", Channel::Wechat, Some(0.999_999_999_5)),
            filing("01958a3c-7b1e-7000-8000-000000000003", "mobile", "APP20260303887112", Channel::MobileApp, Some(0.973)),
        ],
        matches: vec![duplicate.decided],
        deliveries: deliveries(),
        rulings: vec![ruling()],
        refused: None,
    }
}
