//! A case moves by the law's table only, whoever reports, on both stores; the guide shows that table.

use chrono::TimeDelta;
use onecase::{
    app::{
        Decree, Gateway, ObjectionError, ReviewRequestError, UpdateError,
        query::{CaseFilter, Page},
        validate::{ObjectionDecision, ObjectionOrder},
        view::{CaseView, EventKind},
    },
    domain::{
        case::CaseStatus,
        lifecycle::{Party, Refusal, TRANSITIONS},
        review_request::ReviewRequest,
        update::CaseUpdate,
    },
};
use serde_json::json;

use crate::support::{
    files,
    gateway::{TestClock, WANG, file, link_all, noise, start, three_levels, view},
    stores::on_both_stores,
};

pub async fn begin(gateway: &Gateway) -> String {
    let filed = file(gateway, "mobile", noise("M-1", WANG)).await.id;
    link_all(gateway);
    view(gateway, &filed).await.case.unwrap().id
}

/// A platform reports a status; the case as it is then.
pub async fn reported(gateway: &Gateway, platform: &str, case: &str, status: &str) -> Result<CaseView, UpdateError> {
    let mut update = json!({
        "update_id": format!("{status}-{}", gateway.now()), "reference": { "case": case }, "status": status,
        "occurred_at": gateway.now().to_rfc3339(), "reason": "不属于本机关职权范围", "approved_by": "局长",
    });
    if status == "answered" {
        update["reply"] = json!({ "content": "已责令停工。", "replied_at": gateway.now().to_rfc3339() });
    }
    let update: CaseUpdate = serde_json::from_value(update).unwrap();
    gateway.update_case(platform, update).await
}

async fn asked(gateway: &Gateway, platform: &str, case: &str, number: &str) -> Result<CaseView, ReviewRequestError> {
    let request = json!({ "request_id": number, "reason": "答复与事实不符", "requested_at": gateway.now().to_rfc3339() });
    let request: ReviewRequest = serde_json::from_value(request).unwrap();
    gateway.request_review(platform, case, request).await
}

async fn decided(
    gateway: &Gateway,
    sender: Option<&str>,
    case: &str,
    order: (ObjectionDecision, Option<&str>),
) -> Result<CaseView, ObjectionError> {
    let order = ObjectionOrder { decision: order.0, organization: order.1.map(str::to_owned), reason: "经核实".into() };
    let decree = Decree { actor: "省局".into(), reason: order.reason.clone(), expected_version: None, other_version: None };
    gateway.decide_objection(case, sender, order, decree).await
}

fn hands(case: &CaseView) -> (CaseStatus, &str, &str) {
    (case.status, case.organization.as_ref().map_or("", |body| &body.id), case.platform.as_deref().unwrap_or_default())
}

on_both_stores! {
    async fn an_objection_returns_a_case_only_if_the_sender_agrees(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, three_levels(), &clock);
        let case = begin(&gateway).await;
        assert!(matches!(decided(&gateway, None, &case, (ObjectionDecision::Agree, None)).await, Err(ObjectionError::NotObjected(_))));
        reported(&gateway, "changsha", &case, "objected").await.unwrap();
        assert!(matches!(reported(&gateway, "changsha", &case, "answered").await, Err(UpdateError::Unlawful(Refusal::Illegal { .. }))));
        // Neither the body itself nor a platform beside it decides.
        for platform in ["changsha", "national"] {
            let refused = decided(&gateway, Some(platform), &case, (ObjectionDecision::Agree, None)).await;
            assert!(matches!(refused, Err(ObjectionError::UnknownCase)), "{platform}");
        }
        let stays = decided(&gateway, Some("hunan"), &case, (ObjectionDecision::Disagree, None)).await.unwrap();
        assert_eq!(hands(&stays), (CaseStatus::Routed, "changsha-office", "changsha"));

        clock.advance(TimeDelta::hours(1));
        reported(&gateway, "changsha", &case, "objected").await.unwrap();
        for body in ["changsha-office", "xiangtan-office", "nobody"] {
            let refused = decided(&gateway, Some("hunan"), &case, (ObjectionDecision::Agree, Some(body))).await;
            assert!(matches!(refused, Err(ObjectionError::Refused(_))), "{body}");
        }
        let moved = decided(&gateway, None, &case, (ObjectionDecision::Agree, Some("zhuzhou-office"))).await.unwrap();
        assert_eq!(hands(&moved), (CaseStatus::Routed, "zhuzhou-office", "hunan"));
        assert!(matches!(reported(&gateway, "changsha", &case, "accepted").await, Err(UpdateError::NotHandler)));

        clock.advance(TimeDelta::days(8));
        let late = reported(&gateway, "hunan", &case, "objected").await;
        assert!(matches!(late, Err(UpdateError::Unlawful(Refusal::TooLate { .. }))), "{late:?}");
        let history = gateway.case_events(&case, Page::default()).await.unwrap().items;
        assert_eq!(history.iter().filter(|event| event.kind == EventKind::ObjectionDecided).count(), 2);
    }

    async fn a_review_goes_before_the_body_above(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, three_levels(), &clock);
        let case = begin(&gateway).await;
        assert!(matches!(asked(&gateway, "mobile", &case, "F-1").await, Err(ReviewRequestError::Unlawful(_))), "nothing is answered yet");
        for status in ["accepted", "extended"] {
            reported(&gateway, "changsha", &case, status).await.unwrap();
        }
        clock.advance(TimeDelta::days(1));
        let twice = [reported(&gateway, "changsha", &case, "in_progress").await, reported(&gateway, "changsha", &case, "extended").await];
        assert!(matches!(twice, [Ok(_), Err(UpdateError::Unlawful(Refusal::AlreadyExtended))]), "{twice:?}");
        reported(&gateway, "changsha", &case, "answered").await.unwrap();
        reported(&gateway, "changsha", &case, "closed").await.unwrap();
        assert!(matches!(asked(&gateway, "national", &case, "F-1").await, Err(ReviewRequestError::UnknownCase)), "not filed there");

        let review = asked(&gateway, "mobile", &case, "F-1").await.unwrap();
        assert_eq!(hands(&review), (CaseStatus::UnderReview, "changsha-office", "changsha"));
        assert_eq!(review.reviewer.as_ref().map(|body| body.id.as_str()), Some("hunan-office"));
        assert_eq!(asked(&gateway, "mobile", &case, "F-1").await.unwrap().version, review.version, "sent again, it changes nothing");
        assert!(matches!(asked(&gateway, "mobile", &case, "F-2").await, Err(ReviewRequestError::Unlawful(_))));
        assert!(matches!(reported(&gateway, "changsha", &case, "answered").await, Err(UpdateError::NotHandler)));
        let seen = CaseFilter { visible_to: Some("hunan".into()), ..CaseFilter::default() };
        assert_eq!(gateway.cases(seen, Page::default()).await.unwrap().items.len(), 1, "who reviews may read");
        reported(&gateway, "hunan", &case, "answered").await.unwrap();

        let again = asked(&gateway, "mobile", &case, "F-3").await.unwrap();
        assert_eq!((again.status, again.reviewer_platform.as_deref()), (CaseStatus::UnderReReview, Some("national")));
        reported(&gateway, "national", &case, "concluded").await.unwrap();
        let over = asked(&gateway, "mobile", &case, "F-4").await;
        assert!(matches!(over, Err(ReviewRequestError::Unlawful(Refusal::Illegal { allowed, .. })) if allowed.is_empty()));
    }

    async fn who_asks_too_late_is_told(store: TestStore) {
        let clock = TestClock::new();
        let gateway = start(&store, three_levels(), &clock);
        let case = begin(&gateway).await;
        reported(&gateway, "changsha", &case, "answered").await.unwrap();
        clock.advance(TimeDelta::days(40));
        let late = asked(&gateway, "mobile", &case, "F-1").await;
        assert!(matches!(late, Err(ReviewRequestError::Unlawful(Refusal::TooLate { .. }))), "{late:?}");
        assert_eq!(gateway.case(&case).await.unwrap().unwrap().status, CaseStatus::Answered);
    }
}

/// Every row of the table in the guide is one of the code's, and the other way round, in both languages.
#[test]
fn the_guide_shows_the_table() {
    for page in ["docs/life-cycle.md", "docs/life-cycle.zh-CN.md"] {
        let text = files::text(&files::root().join(page)).unwrap();
        let shown: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with("| `"))
            .map(|line| line.split('|').skip(1).take(4).map(str::trim).collect::<Vec<_>>().join(" | "))
            .collect();
        let named = |by: &[Party]| by.iter().map(|party| format!("`{}`", party.as_str())).collect::<Vec<_>>().join(", ");
        let lawful: Vec<String> =
            TRANSITIONS.iter().map(|row| format!("`{}` | `{}` | {} | {}", row.from, row.to, named(row.by), row.article)).collect();
        assert_eq!(shown, lawful, "{page}");
    }
}
