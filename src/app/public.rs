//! Progress for petitioners, by a code that cannot be guessed.

use std::time::Duration;

use super::{
    AppError, Gateway,
    query::{MAX_LIMIT, Page},
    view::{
        CaseView, EventKind, EventView, PublicAction, PublicActionKind, PublicDue, PublicManner, PublicOutcome, PublicProgress,
        PublicResult, PublicStep, PublicStepKind,
    },
};
use crate::domain::{
    case::CaseStatus,
    deadline::{Clock, DeadlineState},
    division,
    guidance::GuidanceEntry,
    id,
    submission::Channel,
};

/// How many merges lead on from a case at most.
const MAX_MERGES: usize = 16;

#[derive(Debug, thiserror::Error)]
pub enum PublicError {
    #[error(transparent)]
    App(#[from] AppError),
    /// Whatever was wrong with it.
    #[error("no case has this code")]
    Unknown,
    #[error("too many codes were asked from one origin")]
    TooMany { retry_after: Duration },
}

impl Gateway {
    /// What people are told in a division, on a channel or on all.
    pub fn guidance(&self, division: &str, channel: Option<Channel>) -> Option<&GuidanceEntry> {
        self.0.guidance.find(division, channel)
    }

    /// How far the case has come that a petitioner's code names.
    ///
    /// # Errors
    /// If the code is none that was given out, or too many were asked from `origin`, right or wrong.
    pub async fn public_progress(&self, code: &str, origin: &str) -> Result<PublicProgress, PublicError> {
        self.admit_public(origin).map_err(|retry_after| PublicError::TooMany { retry_after })?;
        // Whether a case exists is not looked up for a code that is not ours.
        let named = id::case_of_query(&self.0.secrets.query_code, code).ok_or(PublicError::Unknown)?;
        let mut case = self.case(&named).await?.ok_or(PublicError::Unknown)?;
        for _ in 0..MAX_MERGES {
            let Some(into) = case.merged_into.take() else { break };
            case = self.case(&into).await?.ok_or(PublicError::Unknown)?;
        }
        let events = self.case_events(&case.id, Page { limit: MAX_LIMIT, after: None }).await?.items;
        let guidance = self.guidance(case.division.as_deref().unwrap_or(division::NATION), None).cloned();
        Ok(progress(case, &events, guidance))
    }
}

fn progress(case: CaseView, events: &[EventView], guidance: Option<GuidanceEntry>) -> PublicProgress {
    let process: Vec<PublicStep> = events.iter().filter_map(step).collect();
    let mut manner = Vec::new();
    for found in process.iter().filter_map(manner_of) {
        if !manner.contains(&found) {
            manner.push(found);
        }
    }
    let running = case.deadlines.iter().filter(|deadline| deadline.state == DeadlineState::Running);
    let mut due: Vec<PublicDue> = running.map(|deadline| PublicDue { clock: deadline.clock, due_at: deadline.due_at }).collect();
    due.sort_by_key(|due| due.due_at);
    let rated = process.iter().any(|step| step.step == PublicStepKind::Rated);
    PublicProgress {
        actions: actions(case.status, &due, rated),
        result: PublicResult {
            outcome: outcome(case.status),
            answered_at: case.reply.as_ref().map(|reply| reply.replied_at.to_utc()),
            answered_by: case.reply.and_then(|reply| reply.organization),
        },
        case: case.id,
        kind: case.kind,
        status: case.status,
        registered_at: case.created_at,
        organization: case.organization.map(|body| body.name),
        process,
        manner,
        due,
        guidance,
    }
}

/// What of an event is for the public; rulings and changes of what was written are not.
fn step(event: &EventView) -> Option<PublicStep> {
    let step = match event.kind {
        EventKind::CaseRegistered => PublicStepKind::Registered,
        EventKind::SubmissionLinked => PublicStepKind::Joined,
        EventKind::CaseRouted => PublicStepKind::Routed,
        EventKind::StatusChanged => PublicStepKind::StatusChanged,
        EventKind::Replied => PublicStepKind::Answered,
        EventKind::CaseRated => PublicStepKind::Rated,
        _ => return None,
    };
    Some(PublicStep {
        step,
        at: event.time,
        status: event.data.status,
        organization: event.data.organization.as_ref().map(|body| body.name.clone()),
    })
}

fn manner_of(step: &PublicStep) -> Option<PublicManner> {
    match (step.step, step.status) {
        (PublicStepKind::Routed, _) => Some(PublicManner::Routed),
        (PublicStepKind::Joined, _) => Some(PublicManner::Joined),
        (PublicStepKind::Answered, _) => Some(PublicManner::WrittenAnswer),
        (_, Some(CaseStatus::Accepted | CaseStatus::InProgress)) => Some(PublicManner::Handled),
        (_, Some(CaseStatus::Extended)) => Some(PublicManner::Extended),
        (_, Some(CaseStatus::UnderReview)) => Some(PublicManner::Review),
        (_, Some(CaseStatus::UnderReReview)) => Some(PublicManner::ReReview),
        _ => None,
    }
}

const fn outcome(status: CaseStatus) -> PublicOutcome {
    match status {
        CaseStatus::Refused => PublicOutcome::Refused,
        CaseStatus::Answered => PublicOutcome::Answered,
        CaseStatus::Closed => PublicOutcome::Closed,
        CaseStatus::Concluded => PublicOutcome::Concluded,
        _ => PublicOutcome::Pending,
    }
}

fn actions(status: CaseStatus, due: &[PublicDue], rated: bool) -> Vec<PublicAction> {
    let window = |clock: Clock| due.iter().find(|due| due.clock == clock).map(|due| due.due_at);
    let mut actions = Vec::new();
    if matches!(status, CaseStatus::Answered | CaseStatus::Closed) && !rated {
        actions.push(PublicAction { action: PublicActionKind::Rate, until: None });
    }
    for (clock, action) in [(Clock::ReviewRequest, PublicActionKind::AskReview), (Clock::ReReviewRequest, PublicActionKind::AskReReview)] {
        actions.extend(window(clock).map(|until| PublicAction { action, until: Some(until) }));
    }
    if actions.is_empty() && outcome(status) == PublicOutcome::Pending {
        actions.push(PublicAction { action: PublicActionKind::Wait, until: None });
    }
    actions
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn what_can_be_done_follows_from_status_and_clocks() {
        let at = DateTime::UNIX_EPOCH;
        let due = |clock| vec![PublicDue { clock, due_at: at }];
        let check = |status, due: &[PublicDue], rated, expected: &[PublicActionKind]| {
            let found: Vec<_> = actions(status, due, rated).iter().map(|action| action.action).collect();
            assert_eq!(found, expected, "{status:?}");
        };
        check(CaseStatus::InProgress, &due(Clock::Answer), false, &[PublicActionKind::Wait]);
        check(CaseStatus::Answered, &due(Clock::ReviewRequest), false, &[PublicActionKind::Rate, PublicActionKind::AskReview]);
        check(CaseStatus::Answered, &due(Clock::ReReviewRequest), true, &[PublicActionKind::AskReReview]);
        check(CaseStatus::Closed, &[], true, &[]);
        check(CaseStatus::Concluded, &[], false, &[]);
    }
}
