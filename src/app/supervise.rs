//! Supervision: what happened and what became due sets declared rules off, each once an occasion; bodies answer, and who does not is
//! followed up.
//!
//! Nothing looks through all cases. What happened comes from the change feed; what became due from the index of open clocks, from
//! where each rule had come; silence from the part of the feed that has grown old enough.

mod adopt;
mod answer;
mod due;

pub use adopt::Verdict;
pub use answer::SupervisionError;

use std::collections::{BTreeSet, HashMap};

use serde_json::json;

use super::{
    AppError, Gateway,
    link::GATEWAY,
    messages::Messenger,
    query::{Page, SupervisionFilter},
    view::{AdoptionView, EventKind, Paged, SupervisionView},
};
use crate::{
    audit::{Entry, sha256},
    domain::{
        access::Reach,
        calendar::ZONE,
        case::CaseStatus,
        deadline::{Clock, Deadline},
        division, id,
        message::{Notice, NoticeKind},
        rating::Satisfaction,
        supervision::{Addressee, Cause, Rule, SupervisionKind, SupervisionState},
    },
    store::{
        Connection, StoreError, access, audit,
        cases::{self, Case},
        changes::{self, Change, Stretch},
        deadlines, deliveries,
        events::{CaseEvent, Words},
        feed,
        supervisions::{self, Supervision},
    },
};

/// Entries of the feed, clocks or supervisions looked at in one transaction.
const CHUNK: i64 = 500;
/// How far the change feed was looked at.
const FEED: &str = "supervision";

/// A rule that is set off for a case.
struct Call<'a> {
    rule: &'a Rule,
    case: &'a Case,
    occasion: String,
    cause: Cause,
    follows: Option<String>,
}

/// What is looked at of cases.
struct Looked {
    cases: HashMap<String, Case>,
    clocks: HashMap<String, Vec<Deadline>>,
}

impl Looked {
    fn at(c: &mut Connection<'_>, ids: &[String]) -> Result<Self, StoreError> {
        let clocks = deadlines::of_cases(c, ids)?;
        Ok(Self { cases: cases::find_many(c, ids)?.into_iter().map(|case| (case.id.clone(), case)).collect(), clocks })
    }

    /// The case while it is on its own, with its clocks.
    fn case(&self, id: &str) -> Option<(&Case, &[Deadline])> {
        let case = self.cases.get(id).filter(|case| case.merged_into.is_none())?;
        Some((case, self.clocks.get(id).map(Vec::as_slice).unwrap_or_default()))
    }
}

impl Gateway {
    /// Looks at the next part of what happened and of what became due; `false` if nothing was left. Blocks.
    pub fn supervise(&self) -> Result<bool, StoreError> {
        let changed = self.store().transaction(|c| self.supervise_changes(c))?;
        let due = self.supervise_due()?;
        let overdue = self.store().transaction(|c| self.follow_up_supervisions(c))?;
        Ok(changed || due || overdue)
    }

    fn supervise_changes(&self, c: &mut Connection<'_>) -> Result<bool, StoreError> {
        supervisions::lock(c)?;
        let stretch = Stretch { after: feed::position(c, FEED)?, until: i64::MAX };
        let new = changes::read(c, &changes::ChangeFilter::default(), stretch, CHUNK)?;
        let Some(last) = new.last().map(|change| change.seq) else { return Ok(false) };
        let ids: Vec<String> = new.iter().map(|change| change.case_id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let looked = Looked::at(c, &ids)?;
        self.settle_supervisions(c, &looked, &ids)?;
        let clocks = ids.iter().filter_map(|id| looked.case(id)).flat_map(|(case, clocks)| self.clock_calls(case, clocks));
        let said = new.iter().filter_map(|change| Some((change, looked.case(&change.case_id)?)));
        let calls: Vec<Call<'_>> = clocks.chain(said.flat_map(|(change, (case, clocks))| self.event_calls(change, case, clocks))).collect();
        self.raise(c, calls)?;
        feed::advance(c, FEED, last)?;
        Ok(true)
    }

    fn clock_calls<'a>(&'a self, case: &'a Case, clocks: &'a [Deadline]) -> impl Iterator<Item = Call<'a>> {
        let called = self.0.supervision.called_for(clocks, self.now());
        called.map(move |(rule, clock)| Call {
            rule,
            case,
            occasion: clock_occasion(clock),
            cause: Cause::Clock(clock.clock),
            follows: None,
        })
    }

    /// What a rating or a further filing calls for.
    fn event_calls<'a>(&'a self, change: &Change, case: &'a Case, clocks: &[Deadline]) -> Vec<Call<'a>> {
        let call = |rule, occasion: &str| Call { rule, case, occasion: occasion.to_owned(), cause: Cause::Petitioner, follows: None };
        match EventKind::parse(&change.kind) {
            Some(EventKind::CaseRated) => {
                let rated: Option<Satisfaction> =
                    change.data.get("satisfaction").and_then(|word| serde_json::from_value(word.clone()).ok());
                let rules = rated.into_iter().flat_map(|satisfaction| self.0.supervision.for_rating(satisfaction));
                rules.map(|rule| call(rule, &change.id)).collect()
            }
            Some(EventKind::SubmissionLinked) if matches!(case.status, CaseStatus::Answered | CaseStatus::Closed) => {
                // Once an answer, however often it is filed again.
                let answered = clocks.iter().rev().find(|clock| is_answer(clock) && clock.started_at <= change.at);
                let occasion = answered.map(|clock| format!("refiled:{}", clock.started_at.timestamp_millis()));
                occasion.iter().flat_map(|occasion| self.0.supervision.for_refiling().map(move |rule| call(rule, occasion))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Ends what has lost its cause.
    fn settle_supervisions(&self, c: &mut Connection<'_>, looked: &Looked, ids: &[String]) -> Result<(), StoreError> {
        let open = supervisions::open_of(c, self.store().sealer(), ids)?;
        if open.is_empty() {
            return Ok(());
        }
        let reports = supervisions::last_reports(c, ids)?;
        let mut leaves = Vec::new();
        for supervision in open {
            let last = reports.get(&supervision.case_id).copied().unwrap_or_default();
            let holds = looked.case(&supervision.case_id).is_some_and(|(_, clocks)| supervision.cause.holds(clocks, last));
            if !holds {
                supervisions::end(c, self.store().sealer(), &supervision.id, SupervisionState::Settled, None, self.now())?;
                leaves.push(self.ended(supervision, SupervisionState::Settled));
            }
        }
        audit::append(c, &leaves)
    }

    /// The leaf of a supervision that ended without an answer.
    fn ended(&self, supervision: Supervision, state: SupervisionState) -> Entry {
        let action = match state {
            SupervisionState::Settled => "case.supervision_settled",
            SupervisionState::Escalated => "case.supervision_escalated",
            _ => "case.supervision_unanswered",
        };
        let digest = sha256(supervision.id.as_bytes());
        Entry { at: self.now(), action, subject: supervision.case_id, actor: GATEWAY.to_owned(), digest }
    }

    /// What went unanswered is followed by the next rule, if its cause is still there.
    fn follow_up_supervisions(&self, c: &mut Connection<'_>) -> Result<bool, StoreError> {
        supervisions::lock(c)?;
        let (now, sealer) = (self.now(), self.store().sealer());
        let overdue = supervisions::overdue(c, sealer, now, CHUNK)?;
        let ids: Vec<String> = overdue.iter().map(|it| it.case_id.clone()).collect::<BTreeSet<_>>().into_iter().collect();
        let looked = Looked::at(c, &ids)?;
        let reports = supervisions::last_reports(c, &ids)?;
        let (mut calls, mut leaves, some) = (Vec::new(), Vec::new(), !overdue.is_empty());
        for late in overdue {
            let last = reports.get(&late.case_id).copied().unwrap_or_default();
            let standing = looked.case(&late.case_id).filter(|(_, clocks)| late.cause.holds(clocks, last));
            let next = self.0.supervision.get(&late.rule).and_then(|rule| self.0.supervision.get(rule.escalates_to.as_deref()?));
            let state = match (standing, next) {
                (None, _) => SupervisionState::Settled,
                (Some(_), None) => SupervisionState::Unanswered,
                (Some((case, _)), Some(rule)) => {
                    let (occasion, follows) = (format!("after:{}", late.id), Some(late.id.clone()));
                    calls.push(Call { rule, case, occasion, cause: late.cause, follows });
                    SupervisionState::Escalated
                }
            };
            supervisions::end(c, sealer, &late.id, state, None, now)?;
            leaves.push(self.ended(late, state));
        }
        audit::append(c, &leaves)?;
        self.raise(c, calls)?;
        Ok(some)
    }

    /// Keeps each call that is new, tells the body, and writes it into the case's history.
    fn raise(&self, c: &mut Connection<'_>, calls: Vec<Call<'_>>) -> Result<(), StoreError> {
        let now = self.now();
        let messenger = Messenger { federation: self.federation(), query_key: &self.0.secrets.query_code, now };
        let (mut events, mut owed, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
        for call in calls {
            let new = self.supervision(&call);
            if !supervisions::insert(c, &new)? {
                continue;
            }
            owed.extend(new.platform.as_deref().and_then(|platform| {
                let notice = Notice { id: new.id.clone(), kind: notice_kind(new.kind), answer_due_at: Some(new.due_at) };
                messenger.notice(call.case, platform, notice, note(&new, call.rule))
            }));
            let organization = new.organization.as_deref().map(|id| self.federation().organization_reference(id));
            let data = json!({ "supervision": new.id, "supervision_kind": new.kind, "organization": organization });
            leaves.push(Entry {
                at: now,
                action: "case.supervised",
                subject: new.case_id.clone(),
                actor: GATEWAY.to_owned(),
                digest: sha256(data.to_string().as_bytes()),
            });
            events.push(CaseEvent {
                seq: 0,
                id: id::new_id(now),
                case_id: new.case_id,
                kind: EventKind::Supervised.as_str().to_owned(),
                source: GATEWAY.to_owned(),
                status: None,
                data,
                words: Words::default(),
                at: now,
            });
        }
        self.append_events(c, &events)?;
        deliveries::enqueue(c, self.store().sealer(), &owed)?;
        audit::append(c, &leaves)?;
        if !owed.is_empty() {
            self.0.owed.send_modify(|count| *count += 1);
        }
        Ok(())
    }

    fn supervision(&self, call: &Call<'_>) -> Supervision {
        let (now, case) = (self.now(), call.case);
        let directory = self.federation().directory();
        let above = case.organization.as_deref().filter(|_| call.rule.addressee == Addressee::Superior);
        let above = above.and_then(|id| directory.connected_superior(id));
        Supervision {
            seq: 0,
            id: id::new_id(now),
            case_id: case.id.clone(),
            rule: call.rule.id.clone(),
            kind: call.rule.kind,
            occasion: call.occasion.clone(),
            cause: call.cause,
            organization: above.map(|body| body.id.clone()).or_else(|| case.organization.clone()),
            platform: above.and_then(|body| body.platform.clone()).or_else(|| case.platform.clone()),
            division: case.division.clone(),
            province: case.province.clone(),
            follows: call.follows.clone(),
            state: SupervisionState::Open,
            raised_at: now,
            due_at: call.rule.answer_within.after(now, &self.0.calendar),
            ended_at: None,
            answer: None,
            adoption: None,
        }
    }

    /// Supervisions, newest first.
    pub async fn supervisions(&self, filter: SupervisionFilter, page: Page) -> Result<Paged<SupervisionView>, AppError> {
        let (page, limit) = super::queries::store_page(&page)?;
        let filter = supervisions::SupervisionFilter {
            state: filter.state,
            kind: filter.kind,
            rule: filter.rule,
            case_id: filter.case,
            organization: filter.organization,
            platform: filter.platform,
            division_prefix: filter.division.map(|code| division::prefix(&code).to_owned()),
        };
        self.read(move |gateway, c| {
            let found = supervisions::list(c, gateway.store().sealer(), &filter, page)?;
            let (found, next_cursor) = super::queries::cut(found, limit, |supervision| (supervision.seq, 0));
            Ok(Paged { items: found.into_iter().map(|supervision| gateway.supervision_view(supervision)).collect(), next_cursor })
        })
        .await
    }

    /// One of them, if the platform is the one addressed; `None`: whoever asks watches the federation.
    pub async fn supervision_by_id(&self, reach: &Reach, id: &str) -> Result<Option<SupervisionView>, AppError> {
        let (reach, id) = (reach.clone(), id.to_owned());
        self.read(move |gateway, c| {
            let found = supervisions::find(c, gateway.store().sealer(), &id)?;
            let addressed = found.filter(|found| reach.platform.is_none() || found.platform == reach.platform);
            let inside = Reach { platform: None, ..reach };
            let seen = match &addressed {
                Some(found) => access::sees_case(c, &inside, &found.case_id)?,
                None => false,
            };
            let visible = addressed.filter(|_| seen);
            Ok(visible.map(|found| gateway.supervision_view(found)))
        })
        .await
    }

    fn supervision_view(&self, supervision: Supervision) -> SupervisionView {
        let rule = self.0.supervision.get(&supervision.rule);
        SupervisionView {
            // A rule that is no longer declared is known by its id.
            title: rule.map_or_else(|| supervision.rule.clone(), |rule| rule.title.clone()),
            title_en: rule.map_or_else(|| supervision.rule.clone(), |rule| rule.title_en.clone()),
            organization: supervision.organization.as_deref().map(|id| self.federation().organization_reference(id)),
            id: supervision.id,
            case: supervision.case_id,
            rule: supervision.rule,
            kind: supervision.kind,
            state: supervision.state,
            platform: supervision.platform,
            division: supervision.division,
            follows: supervision.follows,
            raised_at: supervision.raised_at,
            due_at: supervision.due_at,
            ended_at: supervision.ended_at,
            answer: supervision.answer,
            adoption: supervision.adoption.map(|adoption| AdoptionView {
                adopted: adoption.adopted,
                note: adoption.note,
                actor: adoption.actor,
                recorded_at: adoption.at,
            }),
        }
    }
}

/// An extended clock is another occasion.
fn clock_occasion(clock: &Deadline) -> String {
    format!("{}:{}", clock.clock.as_str(), clock.due_at.timestamp_millis())
}

const fn is_answer(clock: &Deadline) -> bool {
    matches!(clock.clock, Clock::ReviewRequest | Clock::ReReviewRequest)
}

const fn notice_kind(kind: SupervisionKind) -> NoticeKind {
    match kind {
        SupervisionKind::Reminder => NoticeKind::Reminder,
        SupervisionKind::ReturnCall => NoticeKind::ReturnCall,
        SupervisionKind::Supervision => NoticeKind::Supervision,
        SupervisionKind::Accountability => NoticeKind::Accountability,
    }
}

/// What the body reads.
fn note(supervision: &Supervision, rule: &Rule) -> String {
    let (name, asked) = match supervision.kind {
        SupervisionKind::Reminder => ("提醒", "请抓紧办理并反馈"),
        SupervisionKind::ReturnCall => ("回访", "请回访信访人并反馈结果"),
        SupervisionKind::Supervision => ("督办", "请督促办理并反馈"),
        SupervisionKind::Accountability => ("提请责任追究", "请研究提出处理意见并反馈"),
    };
    let last_day = (supervision.due_at.with_timezone(&ZONE) - chrono::TimeDelta::milliseconds(1)).format("%Y年%-m月%-d日");
    format!("【{name}】编号{}：{}。{asked}，反馈期限{last_day}。", supervision.case_id, rule.title)
}
