//! Running through the year: what is due happens, then what was filed is linked, hour by hour.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap},
};

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    YearClock, YearError, YearFiling, YearPlan, YearProgress, YearSummary,
    fate::{self, Fate, Step},
    rows::Rows,
};
use crate::{
    app::{
        Gateway,
        coverage::detours,
        follow_up, forward, intake,
        link::{self, Decided, Plan, Touched, decode, signed, unsigned},
        rate,
    },
    audit::sha256,
    domain::{
        calendar::ZONE,
        case::CaseStatus,
        deadline::Moment,
        lifecycle::{Party, leads},
        message::MessageKind,
        rating::{Rating, Satisfaction},
        update::{CaseReference, CaseUpdate, Reply},
    },
    matching::Linker,
    store::{
        Store, StoreError,
        attempts::Attempt,
        cases::Case,
        deliveries::{Finish, NewDelivery},
        events::Reported,
        settled::Settled,
        submissions::{NewSubmission, Reference, Registered},
    },
};

/// Filings of so long are linked together.
const ROUND: TimeDelta = TimeDelta::hours(1);
/// One platform cannot be reached for so long before the end.
pub(super) const OUTAGE: TimeDelta = TimeDelta::hours(2);
/// One message in so many is refused for good.
const REFUSED: u32 = 3_000;

/// A case and all that is still to happen to it.
pub(super) struct Life {
    pub case: Case,
    /// Its filings without their words, in the order they came.
    pub sources: Vec<Registered>,
    pub history: Vec<Moment>,
    fate: Fate,
    reply: Option<Reply>,
    pub rating: Option<Satisfaction>,
    /// Reports and ratings so far.
    reports: u32,
}

pub(super) struct Year<'a> {
    pub gateway: &'a Gateway,
    clock: &'a YearClock,
    pub until: DateTime<Utc>,
    dice: StdRng,
    linker: Linker,
    /// By founding position.
    pub lives: BTreeMap<i64, Life>,
    /// All filings, by position less one.
    names: Vec<Reference>,
    due: BinaryHeap<Reverse<(DateTime<Utc>, i64)>>,
    /// How many cases joined a matter, and when the last one did, by its founding position.
    pub matters: BTreeMap<i64, (i32, DateTime<Utc>)>,
    /// The platform that cannot be reached at the end.
    pub down: Option<String>,
    rows: Rows,
    pub summary: YearSummary,
}

impl Gateway {
    /// Fills the empty store with what these filings, in order of time, would have come to. The gateway must run by `clock`. Blocks.
    pub fn simulate_year(
        &self,
        clock: &YearClock,
        plan: YearPlan,
        filings: impl Iterator<Item = YearFiling>,
        progress: &dyn Fn(YearProgress),
    ) -> Result<YearSummary, YearError> {
        let indexes = self.store().begin_filling()?.ok_or(YearError::NotEmpty)?;
        let mut year = Year::new(self, clock, plan);
        year.run(filings, progress)?;
        progress(YearProgress::Settling);
        let summary = year.settle()?;
        progress(YearProgress::Indexing);
        for index in &indexes {
            self.store().restore_index(index)?;
        }
        self.sum_up_tallies()?;
        self.store().end_filling()?;
        progress(YearProgress::Summarising);
        while self.summarise_matters()? > 0 {}
        Ok(summary)
    }
}

impl<'a> Year<'a> {
    fn new(gateway: &'a Gateway, clock: &'a YearClock, plan: YearPlan) -> Self {
        let mut dice = StdRng::seed_from_u64(plan.seed);
        let sent_to: Vec<String> = gateway.federation().platforms().filter(|p| p.takes_messages()).map(|p| p.platform.id.clone()).collect();
        let down = (!sent_to.is_empty()).then(|| sent_to[dice.random_range(0..sent_to.len())].clone());
        Self {
            gateway,
            clock,
            until: plan.until,
            dice,
            linker: Linker::new(gateway.0.model.clone()),
            lives: BTreeMap::new(),
            names: Vec::new(),
            due: BinaryHeap::new(),
            matters: BTreeMap::new(),
            down,
            rows: Rows::default(),
            summary: YearSummary::default(),
        }
    }

    pub fn store(&self) -> &'a Store {
        self.gateway.store()
    }

    fn run(&mut self, filings: impl Iterator<Item = YearFiling>, progress: &dyn Fn(YearProgress)) -> Result<(), YearError> {
        let mut filings = filings.peekable();
        let mut last = DateTime::<Utc>::MIN_UTC;
        while let Some(first) = filings.peek() {
            let end = first.submission.submitted_at.to_utc() + ROUND;
            if end < last || end - ROUND > self.until {
                return Err(YearError::Order);
            }
            last = end.min(self.until);
            let mut batch = Vec::new();
            while let Some(filing) = filings.next_if(|filing| filing.submission.submitted_at.to_utc() < end) {
                batch.push(filing);
            }
            self.happen_until(last);
            self.link(batch, last)?;
            progress(YearProgress::Linked(self.names.len() as u64));
            if self.rows.are_enough() {
                self.rows.flush(self.store(), &mut self.summary)?;
            }
        }
        self.happen_until(self.until);
        Ok(self.rows.flush(self.store(), &mut self.summary)?)
    }

    /// Registers and links what was filed in an hour, as at its end.
    fn link(&mut self, batch: Vec<YearFiling>, end: DateTime<Utc>) -> Result<(), YearError> {
        let mut decided = Vec::with_capacity(batch.len());
        for filing in batch {
            self.clock.set(filing.submission.submitted_at.to_utc().min(self.until));
            let new = self.gateway.prepare(&filing.platform, filing.submission, None)?;
            self.rows.audit.push(intake::leaf(&new));
            decided.push(self.decide(new)?);
        }
        self.clock.set(end);
        let cases = self.pointed_at(&decided);
        let others = decided.iter().flat_map(|d| d.outcome.matches.iter().map(|m| signed(m.seq)));
        let names = others.filter_map(|seq| Some((seq, self.names.get(usize::try_from(seq - 1).ok()?)?.clone()))).collect();
        let replies: HashMap<String, Reply> = cases
            .keys()
            .filter_map(|founding| self.lives.get(founding))
            .filter_map(|life| Some((life.case.id.clone(), life.reply.clone()?)))
            .collect();
        let mut standing = |id: &str| -> Result<Option<Reply>, StoreError> { Ok(replies.get(id).cloned()) };
        let plan = link::plan(self.gateway, &decided, cases, names, &mut standing)?;
        self.take(plan, decided);
        Ok(())
    }

    fn decide(&mut self, new: NewSubmission) -> Result<Decided, YearError> {
        let seq = self.names.len() as i64 + 1;
        let fingerprint = decode(seq, &new.fingerprint)?;
        let outcome = self.linker.decide(&fingerprint);
        self.linker.insert(unsigned(seq), &fingerprint, outcome.case.unwrap_or(unsigned(seq)), outcome.matter);
        let entry = Registered {
            seq,
            id: new.id.clone(),
            platform: new.platform.clone(),
            province: new.province.clone(),
            received_at: new.received_at,
            fingerprint: Vec::new(),
            submission: new.submission.clone(),
            blind: new.blind,
            erased: false,
        };
        self.names.push(entry.reference());
        self.rows.submissions.push(new);
        Ok(Decided { entry, outcome })
    }

    /// The cases that decisions point at.
    fn pointed_at(&self, batch: &[Decided]) -> BTreeMap<i64, Touched> {
        let pointed =
            batch.iter().flat_map(|d| d.outcome.case.into_iter().chain(d.outcome.matter).chain(d.outcome.matches.iter().map(|m| m.case)));
        let known = pointed.map(signed).filter_map(|founding| Some((founding, &self.lives.get(&founding)?.case)));
        known.map(|(founding, case)| (founding, Touched { stored_version: Some(case.version), case: case.clone() })).collect()
    }

    /// Takes over what a round of the linker came to.
    fn take(&mut self, plan: Plan<'_>, decided: Vec<Decided>) {
        let now = self.gateway.now();
        let founding: HashMap<String, i64> = plan.cases.iter().map(|(founding, touched)| (touched.case.id.clone(), *founding)).collect();
        for (founding, touched) in plan.cases {
            match self.lives.get_mut(&founding) {
                Some(life) => life.case = touched.case,
                None => self.begin(founding, touched.case),
            }
        }
        for (decided, link) in decided.into_iter().zip(&plan.links) {
            if let Some(life) = self.lives.get_mut(&link.decided_case) {
                life.sources.push(without_words(decided.entry));
            }
        }
        for event in &plan.events {
            let life = founding.get(&event.case_id).and_then(|founding| self.lives.get_mut(founding));
            if let (Some(life), Some(status)) = (life, event.status) {
                life.history.push(Moment { at: event.at, status, hearing: None });
            }
        }
        for (founding, count) in plan.joined {
            let (cases, last) = self.matters.entry(founding).or_insert((0, now));
            *cases += count;
            *last = now;
        }
        self.rows.links.extend(plan.links);
        self.rows.matches.extend(plan.matches);
        for (body, cases) in detours(self.gateway.federation().directory(), &plan.gaps) {
            *self.rows.detours.entry(body).or_default() += cases;
        }
        self.rows.gaps.extend(plan.gaps);
        self.rows.events.extend(plan.events);
        self.rows.audit.extend(plan.audit);
        for owed in plan.deliveries {
            let case = founding.get(&owed.message.case.id).copied();
            self.send(case, owed);
        }
    }

    fn begin(&mut self, founding: i64, case: Case) {
        let fate = if case.platform.is_some() { fate::draw(&mut self.dice, case.kind) } else { Fate::new() };
        let life = Life { case, sources: Vec::new(), history: Vec::new(), fate, reply: None, rating: None, reports: 0 };
        self.await_next(founding, &life.fate, self.gateway.now());
        self.lives.insert(founding, life);
    }

    fn await_next(&mut self, founding: i64, fate: &Fate, now: DateTime<Utc>) {
        if let Some((after, _)) = fate.front() {
            let at = now + *after;
            if at <= self.until {
                self.due.push(Reverse((at, founding)));
            }
        }
    }

    fn happen_until(&mut self, end: DateTime<Utc>) {
        while self.due.peek().is_some_and(|Reverse((at, _))| *at <= end) {
            let Some(Reverse((at, founding))) = self.due.pop() else { return };
            let Some(mut life) = self.lives.remove(&founding) else { continue };
            self.clock.set(at);
            match life.fate.pop_front() {
                Some((_, Step::Report(status))) => self.report(&mut life, status),
                Some((_, Step::Rate(satisfaction))) => self.rate(&mut life, satisfaction),
                None => {}
            }
            self.await_next(founding, &life.fate, self.gateway.now());
            self.lives.insert(founding, life);
        }
    }

    /// The responsible body reports, as [`Gateway::report`] takes it.
    fn report(&mut self, life: &mut Life, status: CaseStatus) {
        let now = self.gateway.now();
        let Some(platform) = life.case.platform.clone().filter(|_| leads(life.case.status, status, Party::Handler)) else { return };
        life.reports += 1;
        let update = CaseUpdate {
            update_id: format!("{}-{}", life.case.id, life.reports),
            reference: CaseReference::Case(life.case.id.clone()),
            status,
            occurred_at: now.with_timezone(&ZONE).fixed_offset(),
            reply: (status == CaseStatus::Answered).then(|| answer(now)),
            hearing: None,
            approved_by: (status == CaseStatus::Extended).then(|| "单位负责人".to_owned()),
            reason: reason(status).map(str::to_owned),
        };
        let moved = life.case.status != status;
        life.case.status = status;
        life.case.version += 1;
        life.case.updated_at = now;
        let history = self.gateway.history(&life.case, &platform, &update, moved);
        life.history.extend(history.iter().filter_map(|event| Some(Moment { at: event.at, status: event.status?, hearing: None })));
        let owed = self.gateway.told(&life.case, &life.sources, &history);
        self.rows.audit.push(follow_up::leaf(&life.case, &platform, &update, now));
        self.rows.events.extend(history);
        self.rows.reported.push(Reported {
            platform,
            update_id: update.update_id.clone(),
            body_digest: update.digest(),
            case_id: life.case.id.clone(),
            received_at: now,
        });
        life.reply = update.reply.or(life.reply.take());
        for owed in owed {
            self.send(None, owed);
        }
    }

    fn rate(&mut self, life: &mut Life, satisfaction: Satisfaction) {
        let now = self.gateway.now();
        let Some(source) = life.sources.first() else { return };
        life.reports += 1;
        life.rating = Some(satisfaction);
        let rating = Rating {
            rating_id: format!("{}-{}", life.case.id, life.reports),
            satisfaction,
            comment: None,
            rated_at: now.with_timezone(&ZONE).fixed_offset(),
        };
        self.rows.events.push(rate::event(&source.platform, &life.case.id, &rating, now));
        self.rows.audit.push(rate::leaf(&source.platform, &life.case.id, &rating, now));
        self.rows.ratings.push((source.platform.clone(), life.case.id.clone(), rating, now));
    }

    /// A message that was owed, and how it went; `forwarded` is the case whose receipt is awaited.
    fn send(&mut self, forwarded: Option<i64>, delivery: NewDelivery) {
        let at = (delivery.message.created_at + TimeDelta::milliseconds(self.dice.random_range(200..20_000))).min(self.until);
        let unreachable = self.down.as_ref() == Some(&delivery.platform) && delivery.message.created_at > self.until - OUTAGE;
        let (finish, outcome, http_status) = if unreachable {
            let error = "connect: the platform cannot be reached".to_owned();
            (Finish::Retry { at: self.until + TimeDelta::minutes(1), error }, "retry", None)
        } else if self.dice.random_range(0..REFUSED) == 0 {
            (Finish::Dead { error: "rejected 400: the platform refuses the message".to_owned() }, "refused", Some(400))
        } else {
            let receipt = (delivery.message.kind == MessageKind::CaseForwarded).then(|| format!("R{}", self.rows_so_far()));
            (Finish::Delivered { receipt }, "delivered", Some(200))
        };
        let proof = sha256(delivery.idempotency_key.as_bytes()).to_vec();
        let attempt = Attempt {
            number: 1,
            started_at: delivery.message.created_at,
            duration_ms: self.dice.random_range(20..900),
            outcome: outcome.to_owned(),
            http_status,
            error: match &finish {
                Finish::Retry { error, .. } | Finish::Dead { error } => Some(error.clone()),
                Finish::Delivered { .. } | Finish::Skipped => None,
            },
            response_digest: http_status.map(|_| proof.clone()),
            request_digest: Some(proof),
        };
        if let (Finish::Delivered { receipt: Some(receipt) }, Some(life)) =
            (&finish, forwarded.and_then(|founding| self.lives.get_mut(&founding)))
        {
            life.case.receipt = Some(receipt.clone());
            life.case.version += 1;
        }
        self.rows.audit.push(forward::leaf(&delivery.message.id, &delivery.platform, &attempt, at));
        self.rows.deliveries.push(Settled { delivery, attempt, finish, at });
    }

    fn rows_so_far(&self) -> u64 {
        self.summary.deliveries + self.rows.deliveries.len() as u64
    }
}

/// What is still needed of a filing to tell its platform of its case.
fn without_words(mut filing: Registered) -> Registered {
    filing.submission.subject = String::new();
    filing.submission.content = String::new();
    filing.submission.place = None;
    filing.submission.petitioners.retain_mut(|petitioner| {
        petitioner.name = None;
        petitioner.id_document = None;
        petitioner.phone = None;
        petitioner.address = None;
        petitioner.account.is_some()
    });
    filing
}

fn answer(now: DateTime<Utc>) -> Reply {
    Reply {
        content: "经调查核实，您反映的问题已责成有关单位处理，处理情况已告知您本人。如对本答复不服，可在三十日内申请复查。".to_owned(),
        organization: None,
        replied_at: now.with_timezone(&ZONE).fixed_offset(),
    }
}

/// Why, where a report must say so.
const fn reason(status: CaseStatus) -> Option<&'static str> {
    match status {
        CaseStatus::Refused => Some("该事项已经或依法应当通过诉讼、仲裁、行政复议等途径解决。"),
        CaseStatus::Objected => Some("该事项不属于本单位职责范围。"),
        CaseStatus::Extended => Some("情况复杂，经批准延长办理期限。"),
        _ => None,
    }
}
