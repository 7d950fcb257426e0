//! Stored rows into views.

use std::collections::{BTreeSet, HashMap};

use crate::{
    app::{
        AppError, Gateway,
        link::GATEWAY,
        query::MatterOrder,
        view::{
            AnswerView, AttemptOutcome, AttemptView, CaseView, ComparisonView, DeadlineView, DecidedBy, Decision, DeliveryState,
            DeliveryView, DuplicateSide, DuplicateView, EventData, EventKind, EventView, Evidence, FiledText, GapView, MatchView,
            MatterFlow, MatterView, ModelReference, RevisionKind, RevisionView, SubmissionState, SubmissionView, Verdict,
        },
    },
    domain::{id, matter::recent_and_before, message::CaseSummary, update::Reply},
    matching,
    store::{
        Connection, Page, StoreError,
        attempts::Attempt,
        cases::{self, Case, RoutingGap},
        deadlines,
        deliveries::{self, Delivery},
        events::{self, CaseEvent},
        links,
        matches::{self, Match},
        matters::{Matter, Order, Summary},
        review_requests, revisions,
        submissions::{self, Heading, Registered},
    },
};

impl From<Decision> for matching::Decision {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Duplicate => Self::Duplicate,
            Decision::PossibleDuplicate => Self::PossibleDuplicate,
            Decision::Related => Self::Related,
            Decision::Distinct => Self::Distinct,
        }
    }
}

impl From<matching::Decision> for Decision {
    fn from(decision: matching::Decision) -> Self {
        match decision {
            matching::Decision::Duplicate => Self::Duplicate,
            matching::Decision::PossibleDuplicate => Self::PossibleDuplicate,
            matching::Decision::Related => Self::Related,
            matching::Decision::Distinct => Self::Distinct,
        }
    }
}

impl From<DeliveryState> for deliveries::DeliveryState {
    fn from(state: DeliveryState) -> Self {
        match state {
            DeliveryState::Pending => Self::Pending,
            DeliveryState::Sending => Self::Leased,
            DeliveryState::Delivered => Self::Delivered,
            DeliveryState::Skipped => Self::Skipped,
            DeliveryState::Dead => Self::Dead,
        }
    }
}

impl From<deliveries::DeliveryState> for DeliveryState {
    fn from(state: deliveries::DeliveryState) -> Self {
        match state {
            deliveries::DeliveryState::Pending => Self::Pending,
            deliveries::DeliveryState::Leased => Self::Sending,
            deliveries::DeliveryState::Delivered => Self::Delivered,
            deliveries::DeliveryState::Skipped => Self::Skipped,
            deliveries::DeliveryState::Dead => Self::Dead,
        }
    }
}

impl From<MatterOrder> for Order {
    fn from(order: MatterOrder) -> Self {
        match order {
            MatterOrder::Cases => Self::Cases,
            MatterOrder::Updated => Self::Updated,
            MatterOrder::Growth => Self::Growth,
        }
    }
}

impl From<AppError> for StoreError {
    /// Reading knows no other failure than the store's.
    fn from(error: AppError) -> Self {
        match error {
            AppError::Store(error) => error,
            AppError::Position | AppError::TooManyFollowers => Self::Worker,
        }
    }
}

fn summary(gateway: &Gateway, case: &Case) -> CaseSummary {
    CaseSummary {
        query_code: Some(id::query_code(&gateway.0.secrets.query_code, &case.id)),
        id: case.id.clone(),
        status: case.status,
        organization: case.organization.as_deref().map(|id| gateway.federation().organization_reference(id)),
    }
}

pub(super) fn submissions(gateway: &Gateway, c: &mut Connection<'_>, found: Vec<Registered>) -> Result<Vec<SubmissionView>, StoreError> {
    let seqs: Vec<i64> = found.iter().map(|row| row.seq).collect();
    let linked: HashMap<i64, links::Link> = links::find_many(c, &seqs)?.into_iter().map(|link| (link.submission_seq, link)).collect();
    let ids: Vec<String> = linked.values().map(|link| link.case_id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let summaries: HashMap<String, CaseSummary> =
        cases::find_many(c, &ids)?.iter().map(|case| (case.id.clone(), summary(gateway, case))).collect();
    let probabilities = matches::best_probabilities(c, &seqs)?;
    Ok(found
        .into_iter()
        .map(|row| {
            let link = linked.get(&row.seq);
            SubmissionView {
                id: row.id,
                platform: row.platform,
                source_id: row.submission.source_id,
                channel: row.submission.channel,
                kind: row.submission.kind,
                submitted_at: row.submission.submitted_at.to_utc(),
                received_at: row.received_at,
                state: if link.is_some() { SubmissionState::Linked } else { SubmissionState::Registered },
                case: link.and_then(|link| summaries.get(&link.case_id).cloned()),
                decision: link.map(|link| link.decision.into()),
                probability: link.and_then(|_| probabilities.get(&row.seq).copied()),
                revisions: Vec::new(),
                submission: None,
                blind: row.blind,
                erased: row.erased,
            }
        })
        .collect())
}

/// What a platform did to a filing afterwards, as the API shows it.
pub(super) fn revisions(c: &mut Connection<'_>, id: &str) -> Result<Vec<RevisionView>, StoreError> {
    let view = |revision: revisions::Heading| RevisionView {
        number: revision.number.unsigned_abs(),
        kind: match revision.kind {
            revisions::RevisionKind::Changed => RevisionKind::Changed,
            revisions::RevisionKind::Withdrawn => RevisionKind::Withdrawn,
        },
        fields: revision.fields,
        received_at: revision.received_at,
    };
    Ok(revisions::list(c, id, Page::MAX_LIMIT)?.into_iter().map(view).collect())
}

pub(super) fn cases(gateway: &Gateway, c: &mut Connection<'_>, found: Vec<Case>) -> Result<Vec<CaseView>, StoreError> {
    let ids: Vec<String> = found.iter().map(|case| case.id.clone()).collect();
    let mut sources: HashMap<String, Vec<String>> = HashMap::new();
    for (case, platform) in links::source_platforms(c, &ids)? {
        sources.entry(case).or_default().push(platform);
    }
    let mut clocks = deadlines::of_cases(c, &ids)?;
    let mut reviewers = review_requests::latest_of(c, &ids)?;
    let now = gateway.now();
    let view = |case: Case| {
        let (reviewer, reviewer_platform) = reviewers.remove(&case.id).unzip();
        CaseView {
            reviewer: reviewer.map(|id| gateway.federation().organization_reference(&id)),
            reviewer_platform,
            deadlines: clocks.remove(&case.id).unwrap_or_default().iter().map(|deadline| DeadlineView::new(deadline, now)).collect(),
            organization: case.organization.as_deref().map(|id| gateway.federation().organization_reference(id)),
            platforms: sources.remove(&case.id).unwrap_or_default(),
            division: case.division,
            submissions: u64::try_from(case.submission_count).unwrap_or_default(),
            version: u64::try_from(case.version).unwrap_or_default(),
            id: case.id,
            status: case.status,
            kind: case.kind,
            category: case.category,
            platform: case.platform,
            matter: case.matter_id,
            merged_into: case.merged_into,
            reply: None,
            created_at: case.created_at,
            updated_at: case.updated_at,
        }
    };
    Ok(found.into_iter().map(view).collect())
}

pub(super) fn reply(gateway: &Gateway, c: &mut Connection<'_>, case: &Case) -> Result<Option<Reply>, StoreError> {
    events::latest_reply(c, gateway.store().sealer(), &case.id, EventKind::Replied.as_str())
}

pub(super) fn event(event: CaseEvent) -> Result<EventView, StoreError> {
    let kind = EventKind::parse(&event.kind)
        .ok_or_else(|| StoreError::Corrupt { what: "event kind", source: "an event of unknown kind".into() })?;
    let mut data: EventData =
        serde_json::from_value(event.data).map_err(|source| StoreError::Corrupt { what: "event", source: source.into() })?;
    data.status = event.status;
    data.reason = event.words.reason;
    data.reply = event.words.reply;
    Ok(EventView {
        specversion: "1.0".into(),
        id: event.id,
        source: if event.source == GATEWAY { "/gateway".into() } else { format!("/platforms/{}", event.source) },
        kind,
        subject: event.case_id,
        time: event.at,
        datacontenttype: "application/json".into(),
        data,
    })
}

pub(super) fn matched(m: Match) -> Result<MatchView, StoreError> {
    let evidence: matching::Evidence =
        serde_json::from_value(m.evidence).map_err(|source| StoreError::Corrupt { what: "match", source: source.into() })?;
    Ok(MatchView {
        id: format!("{}-{}", m.submission_seq, m.other_seq),
        submission: m.submission_id,
        case: m.case_id,
        compared_with: Some(m.other_id),
        decision: m.decision.into(),
        evidence: Some(Evidence {
            prior: evidence.prior,
            comparisons: evidence
                .comparisons
                .into_iter()
                .map(|compared| ComparisonView {
                    question: question_word(compared.question).to_owned(),
                    name: compared.name,
                    level: compared.level,
                    weight: compared.weight,
                })
                .collect(),
            weight: evidence.weight,
            probability: evidence.probability,
            person: answer(evidence.person),
            matter: answer(evidence.matter),
            decision: evidence.decision.into(),
            rule: evidence.rule,
        }),
        model: Some(ModelReference { name: m.model_name, digest: m.model_digest }),
        decided_by: if m.decided_by == "linker" { DecidedBy::Linker } else { DecidedBy::Person },
        decided_at: m.decided_at,
    })
}

pub(super) fn duplicates(
    gateway: &Gateway,
    c: &mut Connection<'_>,
    found: Vec<Match>,
    with_text: bool,
) -> Result<Vec<DuplicateView>, StoreError> {
    let seqs: Vec<i64> = found.iter().flat_map(|m| [m.submission_seq, m.other_seq]).collect::<BTreeSet<_>>().into_iter().collect();
    let ids: Vec<String> =
        found.iter().flat_map(|m| [m.submission_id.clone(), m.other_id.clone()]).collect::<BTreeSet<_>>().into_iter().collect();
    let headings = submissions::headings(c, &ids)?;
    let cases: HashMap<String, String> = links::find_many(c, &seqs)?.into_iter().map(|link| (link.submission_id, link.case_id)).collect();
    let texts: HashMap<String, FiledText> = if with_text {
        let opened = submissions::find_many(c, gateway.store().sealer(), &seqs)?;
        opened
            .into_iter()
            .filter(Registered::is_open)
            .map(|row| {
                let s = row.submission;
                (row.id, FiledText { subject: s.subject, content: s.content, place: s.place })
            })
            .collect()
    } else {
        HashMap::new()
    };
    let side = |id: &str, platform: &str| -> Result<DuplicateSide, StoreError> {
        let Heading { source_id, channel, submitted_at } = headings
            .get(id)
            .cloned()
            .ok_or_else(|| StoreError::Corrupt { what: "match", source: "it names a submission that is not there".into() })?;
        Ok(DuplicateSide {
            id: id.to_owned(),
            platform: platform.to_owned(),
            source_id,
            channel,
            submitted_at,
            case: cases.get(id).cloned().unwrap_or_default(),
            text: texts.get(id).cloned(),
        })
    };
    found
        .into_iter()
        .map(|m| {
            Ok(DuplicateView {
                submission: side(&m.submission_id, &m.platform)?,
                compared_with: side(&m.other_id, &m.other_platform)?,
                decided: matched(m)?,
            })
        })
        .collect()
}

pub(super) fn matters(c: &mut Connection<'_>, found: Vec<Matter>) -> Result<Vec<MatterView>, StoreError> {
    let seqs: Vec<i64> = found.iter().map(|matter| matter.founding_seq).collect();
    let mut founders: HashMap<i64, Case> = cases::founded_at(c, &seqs)?.into_iter().map(|case| (case.founding_seq, case)).collect();
    Ok(found
        .into_iter()
        .map(|matter| {
            let founder = founders.remove(&matter.founding_seq);
            let (division, category) = founder.map(|case| (case.division, case.category)).unwrap_or_default();
            MatterView {
                id: matter.id,
                name: matter.summary.as_ref().and_then(|summary| summary.name.clone()),
                cases: u64::try_from(matter.case_count).unwrap_or_default(),
                flow: matter.summary.map(flow),
                division,
                category,
                created_at: matter.created_at,
                updated_at: matter.updated_at,
            }
        })
        .collect())
}

fn flow(summary: Summary) -> MatterFlow {
    let (recent, before) = recent_and_before(&summary.weeks);
    MatterFlow {
        submissions: u64::try_from(summary.submissions).unwrap_or_default(),
        platforms: u64::try_from(summary.platforms).unwrap_or_default(),
        first_filed_at: summary.first_filed_at,
        last_filed_at: summary.last_filed_at,
        weeks: summary.weeks,
        weeks_until: summary.weeks_until,
        trend: summary.trend,
        recent,
        before,
        ratio: (before > 0).then(|| recent as f64 / before as f64),
    }
}

pub(super) fn gaps(gateway: &Gateway, c: &mut Connection<'_>, found: Vec<RoutingGap>) -> Result<Vec<GapView>, StoreError> {
    let ids: Vec<String> = found.iter().map(|gap| gap.case_id.clone()).collect();
    let cases: HashMap<String, Case> = cases::find_many(c, &ids)?.into_iter().map(|case| (case.id.clone(), case)).collect();
    let body = |id: Option<String>| id.map(|id| gateway.federation().organization_reference(&id));
    Ok(found
        .into_iter()
        .map(|gap| {
            let case = cases.get(&gap.case_id);
            GapView {
                division: case.and_then(|case| case.division.clone()),
                category: case.and_then(|case| case.category.clone()),
                case: gap.case_id,
                competent: body(gap.competent),
                responsible: body(gap.responsible),
                reason: gap.reason,
                recorded_at: gap.at,
            }
        })
        .collect())
}

pub(super) fn delivery(delivery: Delivery) -> DeliveryView {
    let delivered = delivery.state == deliveries::DeliveryState::Delivered;
    let pending = delivery.state == deliveries::DeliveryState::Pending;
    DeliveryView {
        id: delivery.id,
        platform: delivery.platform,
        kind: delivery.kind,
        case: delivery.case_id,
        submission: delivery.submission_id,
        state: delivery.state.into(),
        attempts: u32::try_from(delivery.attempts).unwrap_or_default(),
        created_at: delivery.created_at,
        next_attempt_at: pending.then_some(delivery.next_attempt_at),
        delivered_at: delivery.finished_at.filter(|_| delivered),
        receipt: delivery.receipt,
        last_error: delivery.last_error,
    }
}

pub(super) fn attempt(attempt: Attempt) -> AttemptView {
    AttemptView {
        number: u32::try_from(attempt.number).unwrap_or_default(),
        started_at: attempt.started_at,
        duration_ms: u64::try_from(attempt.duration_ms).unwrap_or_default(),
        outcome: AttemptOutcome::parse(&attempt.outcome).unwrap_or(AttemptOutcome::Retry),
        http_status: attempt.http_status.and_then(|status| u16::try_from(status).ok()),
        error: attempt.error,
        request_sha256: attempt.request_digest.as_deref().map(crate::audit::hex),
        response_sha256: attempt.response_digest.as_deref().map(crate::audit::hex),
    }
}

fn question_word(question: matching::Question) -> &'static str {
    match question {
        matching::Question::Person => "person",
        matching::Question::Matter => "matter",
    }
}

fn answer(answer: matching::Answer) -> AnswerView {
    AnswerView {
        verdict: match answer.verdict {
            matching::Verdict::Yes => Verdict::Yes,
            matching::Verdict::Maybe => Verdict::Maybe,
            matching::Verdict::No => Verdict::No,
            matching::Verdict::Unknown => Verdict::Unknown,
        },
        weight: answer.weight,
        probability: answer.probability,
    }
}
