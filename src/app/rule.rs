//! What people decide about cases: merge, keep apart, split. Attributed, reasoned, reversible, told to every platform concerned.
//!
//! A ruling and the linker's transactions exclude one another, so each ruling has its place in the log; the linker folds
//! it in before it decides anything further and never goes against it.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::{
    Gateway,
    link::{GATEWAY, LEASE, matter_code},
    messages::Messenger,
    route::put_into_hands,
    view::{EventKind, RulingAction, RulingView},
};
use crate::{
    audit::{Entry, sha256},
    domain::{case::CaseStatus, id, spot::Spot},
    matching,
    store::{
        Connection, Page, StoreError, audit,
        cases::{self, Case},
        deliveries,
        events::{CaseEvent, Words},
        leases, links, matters, reviews,
        rulings::{self, Ruling},
        submissions::{self, Registered},
    },
};

/// Who decides, and why.
#[derive(Clone, Debug)]
pub struct Decree {
    pub actor: String,
    pub reason: String,
    /// The version of the case the person looked at; another by now means somebody was faster.
    pub expected_version: Option<u64>,
    /// The same of the other case, where two were looked at.
    pub other_version: Option<u64>,
}

#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    #[error("no such case")]
    UnknownCase,
    #[error("the case has changed since it was looked at")]
    Changed,
    #[error("both are the same case")]
    SameCase,
    #[error("people have ruled that these cases are different; take that back first")]
    KeptApart,
    #[error("the cases were not ruled apart")]
    NotApart,
    #[error("a split takes some of the case's submissions, not all, and not the one that founded it")]
    BadSplit,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::store::query_error::Error> for RuleError {
    fn from(error: crate::store::query_error::Error) -> Self {
        Self::Store(error.into())
    }
}

/// One ruling being made.
struct Bench<'a, 'c> {
    gateway: &'a Gateway,
    connection: &'a mut Connection<'c>,
    decree: &'a Decree,
    now: DateTime<Utc>,
    id: String,
}

impl Gateway {
    /// Makes `from` part of `into`: its submissions move, its sources are told where the matter is handled now.
    pub async fn merge(&self, into: &str, from: &str, decree: Decree) -> Result<String, RuleError> {
        let (into, from) = (into.to_owned(), from.to_owned());
        self.rule(decree, move |bench| bench.merge(&into, &from)).await
    }

    /// Rules that two cases are different.
    pub async fn keep_apart(&self, case: &str, other: &str, decree: Decree) -> Result<String, RuleError> {
        let (case, other) = (case.to_owned(), other.to_owned());
        self.rule(decree, move |bench| bench.keep_apart(&case, &other)).await
    }

    /// Takes back that two cases are different.
    pub async fn release(&self, case: &str, other: &str, decree: Decree) -> Result<String, RuleError> {
        let (case, other) = (case.to_owned(), other.to_owned());
        self.rule(decree, move |bench| bench.release(&case, &other)).await
    }

    /// Takes submissions out of a case into one of their own, which is routed anew; answers the new case's code.
    pub async fn split(&self, case: &str, submissions: Vec<String>, decree: Decree) -> Result<String, RuleError> {
        let case = case.to_owned();
        self.rule(decree, move |bench| bench.split(&case, &submissions)).await
    }

    async fn rule<T: Send + 'static>(
        &self,
        decree: Decree,
        work: impl FnOnce(&mut Bench<'_, '_>) -> Result<T, RuleError> + Send + 'static,
    ) -> Result<T, RuleError> {
        let gateway = self.clone();
        let ruled = self
            .0
            .store
            .run(move |store| {
                store.transaction(|connection| {
                    leases::pause(connection, LEASE)?;
                    let now = gateway.now();
                    work(&mut Bench { gateway: &gateway, connection, decree: &decree, now, id: id::new_id(now) })
                })
            })
            .await?;
        self.0.registered.notify_one();
        self.0.owed.send_modify(|count| *count += 1);
        Ok(ruled)
    }

    /// Rulings that concern a case, first to last.
    pub async fn rulings(&self, case: &str) -> Result<Vec<RulingView>, StoreError> {
        let case = case.to_owned();
        let found = self.0.store.run(move |store| store.read(|c| rulings::of_case(c, store.sealer(), &case))).await?;
        Ok(found.into_iter().map(view).collect())
    }
}

impl Bench<'_, '_> {
    fn merge(&mut self, into: &str, from: &str) -> Result<String, RuleError> {
        let (mut into, mut from) = self.two(into, from)?;
        if self.apart(&into, &from)? {
            return Err(RuleError::KeptApart);
        }
        let (theirs, ours) = (links::members(self.connection, &from.id)?, links::members(self.connection, &into.id)?);
        self.settle(&ours, &theirs)?;
        links::move_to(self.connection, &theirs, &into.id)?;
        from.merged_into = Some(into.id.clone());
        from.submission_count = 0;
        self.count_into_matter(&from, -1)?;
        into.submission_count += i32::try_from(theirs.len()).unwrap_or(i32::MAX);
        self.save(&mut from)?;
        self.save(&mut into)?;
        let merged = [self.event(&into, EventKind::CasesMerged, &from.id), self.event(&from, EventKind::CasesMerged, &into.id)];
        self.append(&merged)?;
        self.tell_moved(&into, &theirs, true)?;
        self.withdraw(&from, &theirs)?;
        self.record(&into, &from, matching::Ruling::Merge { from: unsigned(&from), into: unsigned(&into) })?;
        Ok(into.id)
    }

    fn keep_apart(&mut self, case: &str, other: &str) -> Result<String, RuleError> {
        let (case, other) = self.two(case, other)?;
        let (ours, theirs) = (links::members(self.connection, &case.id)?, links::members(self.connection, &other.id)?);
        self.settle(&ours, &theirs)?;
        let kept = [self.event(&case, EventKind::CasesKeptApart, &other.id), self.event(&other, EventKind::CasesKeptApart, &case.id)];
        self.append(&kept)?;
        self.record(&case, &other, matching::Ruling::KeepApart { a: unsigned(&case), b: unsigned(&other) })?;
        Ok(case.id)
    }

    fn release(&mut self, case: &str, other: &str) -> Result<String, RuleError> {
        let (case, other) = self.two(case, other)?;
        if !self.apart(&case, &other)? {
            return Err(RuleError::NotApart);
        }
        let released = [self.event(&case, EventKind::CasesReleased, &other.id), self.event(&other, EventKind::CasesReleased, &case.id)];
        self.append(&released)?;
        self.record(&case, &other, matching::Ruling::Release { a: unsigned(&case), b: unsigned(&other) })?;
        Ok(case.id)
    }

    fn split(&mut self, case: &str, ids: &[String]) -> Result<String, RuleError> {
        let mut case = self.case(case)?;
        self.check_version(&case)?;
        let members = links::members(self.connection, &case.id)?;
        let leaving = self.leaving(&case, &members, ids)?;
        let Some(founding) = leaving.first().copied() else { return Err(RuleError::BadSplit) };
        let founder = self.opened(&[founding])?.pop().ok_or(RuleError::BadSplit)?;
        let mut new = self.new_case(&founder, leaving.len())?;
        links::move_to(self.connection, &leaving, &new.id)?;
        case.submission_count -= i32::try_from(leaving.len()).unwrap_or(0);
        self.save(&mut case)?;
        cases::lead_on(self.connection, &case.id, &new.id, &leaving)?;
        self.join_matter(&mut new)?;
        let staying: Vec<i64> = members.iter().copied().filter(|seq| !leaving.contains(seq)).collect();
        self.settle(&staying, &leaving)?;
        let split = [self.event(&case, EventKind::CaseSplit, &new.id), self.event(&new, EventKind::CaseSplit, &case.id)];
        self.append(&split)?;
        self.route(&mut new, &founder)?;
        self.tell_moved(&new, &leaving, false)?;
        let ruling = matching::Ruling::Split {
            case: unsigned(&case),
            submissions: leaving.iter().map(|seq| seq.unsigned_abs()).collect(),
            new_case: unsigned(&new),
        };
        self.record(&case, &new, ruling)?;
        Ok(new.id)
    }

    /// Positions of the submissions that leave, in order.
    fn leaving(&mut self, case: &Case, members: &[i64], ids: &[String]) -> Result<Vec<i64>, RuleError> {
        let named = links::positions(self.connection, ids)?;
        let mut leaving: Vec<i64> = members.iter().copied().filter(|seq| named.contains(seq)).collect();
        leaving.sort_unstable();
        let known = leaving.len() == ids.len() && leaving.len() == named.len();
        if !known || leaving.is_empty() || leaving.len() == members.len() || leaving.contains(&case.founding_seq) {
            return Err(RuleError::BadSplit);
        }
        Ok(leaving)
    }

    /// The case that the leaving submissions found; one that was merged away comes back to life.
    fn new_case(&mut self, founder: &Registered, count: usize) -> Result<Case, RuleError> {
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        let code = id::case_code(&self.gateway.0.secrets.case_code, &founder.id);
        if let Some(mut revived) = cases::lock(self.connection, &code)? {
            revived.merged_into = None;
            revived.submission_count = count;
            self.save(&mut revived)?;
            self.count_into_matter(&revived, 1)?;
            return Ok(revived);
        }
        let submission = &founder.submission;
        let new = Case {
            id: code,
            founding_seq: founder.seq,
            kind: submission.kind,
            status: CaseStatus::Registered,
            division: submission.division.clone(),
            province: founder.province.clone(),
            category: submission.category.clone(),
            organization: None,
            platform: None,
            receipt: None,
            matter_id: None,
            merged_into: None,
            spot: submission.location.as_ref().map(|point| Spot::of(point, self.gateway.0.map.grid)),
            submission_count: count,
            version: 1,
            created_at: self.now,
            updated_at: self.now,
        };
        cases::insert(self.connection, std::slice::from_ref(&new))?;
        Ok(new)
    }

    /// A case without a matter goes into the one that the matcher put its founding submission into: what is not the same
    /// case may well be the same matter.
    fn join_matter(&mut self, case: &mut Case) -> Result<(), RuleError> {
        let link = links::find_many(self.connection, &[case.founding_seq])?.pop();
        let root = link.and_then(|link| link.decided_matter).filter(|root| *root != case.founding_seq);
        let (None, Some(root)) = (&case.matter_id, root) else { return Ok(()) };
        let Some(mut founder) = cases::founded_at(self.connection, &[root])?.pop() else { return Ok(()) };
        let matter = founder.matter_id.clone().unwrap_or_else(|| matter_code(&founder.id));
        let first = founder.matter_id.is_none();
        if first {
            founder.matter_id = Some(matter.clone());
            self.save(&mut founder)?;
        }
        case.matter_id = Some(matter.clone());
        self.save(case)?;
        let cases = if first && founder.merged_into.is_none() { 2 } else { 1 };
        Ok(matters::grow(self.connection, &matter, root, cases, self.now)?)
    }

    fn count_into_matter(&mut self, case: &Case, cases: i32) -> Result<(), StoreError> {
        match &case.matter_id {
            Some(matter) => matters::count_into(self.connection, matter, cases, self.now),
            None => Ok(()),
        }
    }

    /// Puts a split-off case into its body's hands. One that comes back to life is forwarded again: it was withdrawn.
    fn route(&mut self, case: &mut Case, founder: &Registered) -> Result<(), RuleError> {
        if put_into_hands(self.gateway.federation(), case, founder).is_ok() {
            case.receipt = None;
            self.save(case)?;
        }
        let mut routed = self.event(case, EventKind::CaseRouted, "");
        let organization = case.organization.as_deref().map(|id| self.gateway.federation().organization_reference(id));
        routed.data = json!({ "organization": organization });
        self.append(&[routed])?;
        let forward = self.messenger().forward(case, founder, Some(&self.id));
        let sealer = self.gateway.store().sealer();
        Ok(deliveries::enqueue(self.connection, sealer, forward.as_slice())?)
    }

    /// Tells each source of these submissions which case they belong to now.
    fn tell_moved(&mut self, case: &Case, seqs: &[i64], repeats: bool) -> Result<(), RuleError> {
        let sources = self.opened(seqs)?;
        let messenger = self.messenger();
        let owed: Vec<_> = sources.iter().filter_map(|source| messenger.moved(case, source, &self.id, repeats)).collect();
        let sealer = self.gateway.store().sealer();
        Ok(deliveries::enqueue(self.connection, sealer, &owed)?)
    }

    /// Tells the platform of the body that had a merged case that it is no longer its to handle.
    fn withdraw(&mut self, case: &Case, seqs: &[i64]) -> Result<(), RuleError> {
        let founder = self.opened(&seqs[..seqs.len().min(1)])?.pop();
        let withdrawn = founder.and_then(|founder| self.messenger().withdrawn(case, &founder, &self.id));
        let sealer = self.gateway.store().sealer();
        Ok(deliveries::enqueue(self.connection, sealer, withdrawn.as_slice())?)
    }

    fn messenger(&self) -> Messenger<'_> {
        Messenger { federation: self.gateway.federation(), query_key: &self.gateway.0.secrets.query_code, now: self.now }
    }

    fn opened(&mut self, seqs: &[i64]) -> Result<Vec<Registered>, StoreError> {
        submissions::find_many(self.connection, self.gateway.store().sealer(), seqs)
    }

    fn case(&mut self, id: &str) -> Result<Case, RuleError> {
        cases::lock(self.connection, id)?.filter(|case| case.merged_into.is_none()).ok_or(RuleError::UnknownCase)
    }

    /// The case that is looked at and another, locked in the order that everybody locks in.
    fn two(&mut self, case: &str, other: &str) -> Result<(Case, Case), RuleError> {
        if case == other {
            return Err(RuleError::SameCase);
        }
        let (first, second) = if case < other { (case, other) } else { (other, case) };
        let (first, second) = (self.case(first)?, self.case(second)?);
        let (case, other) = if first.id == case { (first, second) } else { (second, first) };
        self.check_version(&case)?;
        check(&other, self.decree.other_version)?;
        Ok((case, other))
    }

    fn check_version(&self, case: &Case) -> Result<(), RuleError> {
        check(case, self.decree.expected_version)
    }

    /// True if people ruled the two, or cases that are part of them, different. Folded as the linker will.
    fn apart(&mut self, case: &Case, other: &Case) -> Result<bool, RuleError> {
        let (mut apart, mut last) = (matching::Apart::default(), 0);
        loop {
            let orders = rulings::orders(self.connection, Page::beyond(last))?;
            let Some(newest) = orders.last() else { return Ok(apart.holds(unsigned(case), unsigned(other))) };
            last = newest.seq;
            orders.iter().for_each(|order| apart.apply(&order.ruling));
        }
    }

    fn settle(&mut self, ours: &[i64], theirs: &[i64]) -> Result<(), StoreError> {
        reviews::settle(self.connection, ours, theirs, &self.id)
    }

    fn save(&mut self, case: &mut Case) -> Result<(), RuleError> {
        let version = case.version;
        case.version += 1;
        case.updated_at = self.now;
        if cases::replace(self.connection, case, version)? { Ok(()) } else { Err(RuleError::Changed) }
    }

    fn event(&self, case: &Case, kind: EventKind, other: &str) -> CaseEvent {
        CaseEvent {
            seq: 0,
            id: id::new_id(self.now),
            case_id: case.id.clone(),
            kind: kind.as_str().to_owned(),
            source: GATEWAY.to_owned(),
            status: Some(case.status),
            data: json!({ "other_case": other, "ruling": self.id, "actor": self.decree.actor }),
            words: Words { reason: Some(self.decree.reason.clone()), reply: None },
            at: self.now,
        }
    }

    fn append(&mut self, new: &[CaseEvent]) -> Result<(), StoreError> {
        self.gateway.append_events(self.connection, new)
    }

    fn record(&mut self, case: &Case, other: &Case, ruling: matching::Ruling) -> Result<(), RuleError> {
        let digest = sha256(&serde_json::to_vec(&(&ruling, &self.decree.reason)).unwrap_or_default());
        let ruling = Ruling {
            seq: 0,
            id: self.id.clone(),
            after_seq: links::last_linked(self.connection)?,
            case_id: case.id.clone(),
            other_case: other.id.clone(),
            ruling,
            actor: self.decree.actor.clone(),
            reason: self.decree.reason.clone(),
            decided_at: self.now,
        };
        rulings::append(self.connection, self.gateway.store().sealer(), &ruling)?;
        let leaf = Entry { at: self.now, action: "case.ruled", subject: case.id.clone(), actor: self.decree.actor.clone(), digest };
        Ok(audit::append(self.connection, &[leaf])?)
    }
}

/// Cases are named in the matcher by the position of their founding submission, which is positive.
fn unsigned(case: &Case) -> u64 {
    case.founding_seq.unsigned_abs()
}

fn check(case: &Case, expected: Option<u64>) -> Result<(), RuleError> {
    let expected = expected.map(|version| i64::try_from(version).unwrap_or(-1));
    if expected.is_some_and(|version| version != case.version) { Err(RuleError::Changed) } else { Ok(()) }
}

fn view(ruling: Ruling) -> RulingView {
    RulingView {
        action: match ruling.ruling {
            matching::Ruling::Merge { .. } => RulingAction::Merge,
            matching::Ruling::KeepApart { .. } => RulingAction::KeepApart,
            matching::Ruling::Split { .. } => RulingAction::Split,
            matching::Ruling::Release { .. } => RulingAction::Release,
        },
        id: ruling.id,
        case: ruling.case_id,
        other_case: ruling.other_case,
        actor: ruling.actor,
        reason: ruling.reason,
        decided_at: ruling.decided_at,
    }
}
