//! Examples of what anybody may ask.

use serde_json::Value;

use super::{CASE, at, value};
use crate::{
    app::view::{
        PublicAction, PublicActionKind, PublicDue, PublicManner, PublicOutcome, PublicProgress, PublicResult, PublicStep, PublicStepKind,
    },
    domain::{
        case::CaseStatus,
        deadline::Clock,
        guidance::{GuidanceEntry, GuidanceText},
        submission::Kind,
    },
};

fn guidance() -> GuidanceEntry {
    let words = |title: &str, text: &str| GuidanceText { title: title.into(), text: text.into() };
    GuidanceEntry {
        division: "430000".into(),
        channel: None,
        zh: words("提出信访事项前请先看", "同一事项只需提出一次。"),
        en: words("Before you file", "File a matter once."),
    }
}

pub(super) fn response_to(operation: &str) -> Option<Value> {
    let step = |step, text: &str, status| PublicStep { step, at: at(text), status, organization: None };
    Some(match operation {
        "getGuidance" => value(&guidance()),
        "getPublicCase" => value(&PublicProgress {
            case: CASE.into(),
            kind: Kind::Request,
            status: CaseStatus::Answered,
            registered_at: at("2026-03-01T01:30:02Z"),
            organization: Some("芙蓉区住房和城乡建设局".into()),
            process: vec![
                step(PublicStepKind::Registered, "2026-03-01T01:30:02Z", Some(CaseStatus::Registered)),
                step(PublicStepKind::Answered, "2026-03-20T08:00:00Z", Some(CaseStatus::Answered)),
            ],
            manner: vec![PublicManner::WrittenAnswer],
            result: PublicResult {
                outcome: PublicOutcome::Answered,
                answered_at: Some(at("2026-03-20T08:00:00Z")),
                answered_by: Some("芙蓉区住房和城乡建设局".into()),
            },
            due: vec![PublicDue { clock: Clock::ReviewRequest, due_at: at("2026-04-20T16:00:00Z") }],
            actions: vec![PublicAction { action: PublicActionKind::AskReview, until: Some(at("2026-04-20T16:00:00Z")) }],
            guidance: Some(guidance()),
        }),
        _ => return None,
    })
}
